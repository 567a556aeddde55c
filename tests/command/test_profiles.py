"""Profiles: where they are read from, what they come before, and what is refused in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from command.running import Run

from support.wire import Recorder

TOKEN = 'token-of-a-profile-4711'
KEY = 'key-of-a-profile-0815'


def store(path: Path, **profiles: str) -> None:
    """Write a file of profiles."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(''.join(f'[{name}]\n{text}\n' for name, text in profiles.items()))


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of profiles that the environment names."""
    path = tmp_path / 'profiles.toml'
    monkeypatch.setenv('CSPARK_CONFIG', str(path))
    return path


@pytest.mark.parametrize('place', ['CSPARK_CONFIG', 'XDG_CONFIG_HOME', 'HOME'])
def test_profiles_are_found(
    run: Run, recorder: Recorder, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    match place:
        case 'CSPARK_CONFIG':
            path = tmp_path / 'named.toml'
            monkeypatch.setenv(place, str(path))
        case 'XDG_CONFIG_HOME':
            path = tmp_path / 'cspark-wasm' / 'config.toml'
            monkeypatch.setenv(place, str(tmp_path))
        case _:
            path = home / '.config' / 'cspark-wasm' / 'config.toml'
    store(path, uat=f'url = "{recorder.url}"\ntenant = "mine"')
    for arguments in (('--profile', 'uat', 'execute', 'a/b'), ('execute', 'a/b', '--profile', 'uat')):
        done = run(*arguments)
        assert done.code == 0, done.err
        assert recorder.last.path.startswith('/mine/')
    assert len(recorder.received) == 2


def test_a_profile_holds_every_option(run: Run, recorder: Recorder, config: Path, pem: str) -> None:
    store(
        config,
        uat=f'url = "{recorder.url}"\ntenant = "mine"\ntoken = "{TOKEN}"\nca = "{pem}"\ntimeout = 5000\nretries = 0\n'
        'headers = {"X-Team" = "pricing", "X-Trace" = "a:b"}',
    )
    done = run('--profile', 'uat', 'execute', 'a/b')
    assert done.code == 0, done.err
    headers = recorder.last.headers
    assert (headers['x-team'], headers['x-trace']) == ('pricing', 'a:b')
    assert headers['authorization'] == f'Bearer {TOKEN}'


LAYERS = ['argument', 'profile of --profile', 'environment', 'profile of CSPARK_PROFILE', 'profile default']


@pytest.mark.parametrize(
    ('more', 'less'),
    [(LAYERS[a], LAYERS[b]) for a, b in ((0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4), (2, 3), (2, 4))],
)
@pytest.mark.parametrize('what', ['tenant', 'token over key', 'key over token'])
def test_a_more_specific_layer_comes_first(
    run: Run,
    recorder: Recorder,
    config: Path,
    monkeypatch: pytest.MonkeyPatch,
    more: str,
    less: str,
    what: str,
) -> None:
    keys = {'tenant': ('tenant', 'tenant'), 'token over key': ('token', 'api_key')}.get(what, ('api_key', 'token'))
    variables = {'tenant': 'CSPARK_TENANT', 'token': 'CSPARK_BEARER_TOKEN', 'api_key': 'CSPARK_API_KEY'}
    arguments = ['--url', recorder.url, '--retries', '0']
    profiles: dict[str, str] = {}
    for layer, key, value in ((more, keys[0], 'the-specific-one'), (less, keys[1], 'the-general-one')):
        stored = f'{key} = "{value}"'
        match layer:
            case 'argument':
                arguments += [f'--{key.replace("_", "-")}', value]
            case 'profile of --profile':
                arguments += ['--profile', 'uat']
                profiles['uat'] = stored
            case 'environment':
                monkeypatch.setenv(variables[key], value)
            case 'profile of CSPARK_PROFILE':
                monkeypatch.setenv('CSPARK_PROFILE', 'general')
                profiles['general'] = stored
            case _:
                profiles['default'] = stored
    if what != 'tenant':
        arguments += ['--tenant', 'mine']
    store(config, **profiles)
    done = run('execute', 'a/b', *arguments)
    assert done.code == 0, done.err
    headers = recorder.last.headers
    match what:
        case 'tenant':
            assert recorder.last.path.startswith('/the-specific-one/')
        case 'token over key':
            assert headers['authorization'] == 'Bearer the-specific-one'
        case _:
            assert headers['x-synthetic-key'] == 'the-specific-one'
    assert 'the-general-one' not in str(headers)


def test_the_profile_of_the_environment_comes_before_default(
    run: Run, recorder: Recorder, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f'url = "{recorder.url}"'
    store(config, default=f'{url}\ntenant = "first"', uat=f'{url}\ntenant = "second"', live=f'{url}\ntenant = "third"')
    run('execute', 'a/b')
    monkeypatch.setenv('CSPARK_PROFILE', 'uat')
    run('execute', 'a/b')
    run('execute', 'a/b', '--profile', 'live')
    assert [one.path.split('/')[1] for one in recorder.received] == ['first', 'second', 'third']


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('tennant = "mine"', ('tennant', 'tenant')),
        ('api-key = "mine"', ('api-key', 'api_key')),
        ('colour = "red"', ('colour', 'url', 'retries')),
    ],
)
def test_an_unknown_key_is_refused_with_a_hint(
    run: Run, recorder: Recorder, config: Path, text: str, words: tuple[str, ...]
) -> None:
    store(config, uat=text)
    done = run('--profile', 'uat', 'health', '--url', recorder.url)
    assert (done.code, done.out) == (1, '')
    assert all(word in done.said for word in words), done.said
    assert recorder.received == []


@pytest.mark.parametrize('way', ['--profile', 'CSPARK_PROFILE'])
def test_an_unknown_profile_is_refused_with_a_hint(
    run: Run, recorder: Recorder, config: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    store(config, uat='tenant = "mine"', live='tenant = "mine"')
    given = ('--profile', 'utt') if way == '--profile' else ()
    if not given:
        monkeypatch.setenv(way, 'utt')
    done = run('health', '--url', recorder.url, *given)
    assert (done.code, done.out) == (1, '')
    assert 'utt' in done.said and 'uat' in done.said
    assert recorder.received == []


def test_a_profile_of_a_file_that_is_not_there_is_refused(run: Run, recorder: Recorder, config: Path) -> None:
    done = run('--profile', 'uat', 'health', '--url', recorder.url)
    assert (done.code, done.out) == (1, '')
    assert 'uat' in done.said and str(config) in done.said


@pytest.mark.parametrize(
    'text',
    [
        'url = 3',
        'tenant = ["a"]',
        'token = 3',
        'api_key = {a = 1}',
        'ca = 3',
        'timeout = "soon"',
        'timeout = true',
        'retries = "2x"',
        'retries = 1.5',
        'headers = "X-Team: pricing"',
        'headers = ["X-Team: pricing"]',
        'headers = {"X-Team" = 3}',
        'headers = 3',
    ],
)
def test_a_value_of_another_type_is_an_error_of_one_line(run: Run, recorder: Recorder, config: Path, text: str) -> None:
    store(config, uat=text)
    key = text.split(' ', maxsplit=1)[0]
    given = () if key == 'url' else ('--url', recorder.url)
    done = run('--profile', 'uat', 'execute', 'a/b', *given, *(() if key == 'tenant' else ('--tenant', 't')))
    assert (done.code, done.out) == (1, '')
    assert done.said
    assert recorder.received == []


@pytest.mark.parametrize('content', [b'[uat\n', b'uat = 3\n', b'\xff\xfe', b'[uat]\n[uat]\n'])
def test_a_file_that_is_not_of_profiles_is_an_error_of_one_line(run: Run, config: Path, content: bytes) -> None:
    config.write_bytes(content)
    done = run('--profile', 'uat', 'health')
    assert (done.code, done.out) == (1, '')
    assert str(config) in done.said


def test_a_folder_is_no_file_of_profiles(run: Run, config: Path) -> None:
    config.mkdir()
    done = run('health')
    assert (done.code, done.out) == (1, '')
    assert str(config) in done.said
