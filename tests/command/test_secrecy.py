"""No credential appears in what the command prints, whatever fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from command.running import Run, on_terminal, opened, run_process

from support.wire import Recorder, Reply

SECRET = 'hush-hush-2718281828'
WAYS = {
    'a token': ('--token', SECRET),
    'an API key': ('--api-key', SECRET),
    'a header': ('-H', f'X-Subscription: {SECRET}'),
}


def is_silent(*texts: str) -> bool:
    """Whether the secret is in none of these, and no large part of it either."""
    return not any(SECRET[:10] in text or SECRET[-10:] in text for text in texts)


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('status', [200, 400, 401, 403, 404, 500])
def test_an_answer_prints_no_credential(run: Run, recorder: Recorder, way: str, status: int) -> None:
    body = {'error': {'message': f'Bearer {SECRET} was refused'}, 'message': f'the key {SECRET} was refused'}
    recorder.reply(Reply(status, body if status != 200 else Reply().body))
    done = run('execute', 'a/b', *WAYS[way], '--url', recorder.url, '--tenant', 't', '--retries', '0')
    assert done.code == (0 if status == 200 else 1)
    assert SECRET in str(recorder.last.headers)
    if way != 'a header':  # nobody knows that it is a credential where the runner repeats it
        assert is_silent(done.out, done.err), done.err


@pytest.mark.parametrize('way', WAYS)
def test_a_runner_that_is_not_there_prints_no_credential(run: Run, way: str) -> None:
    done = run('health', *WAYS[way], '--url', 'http://127.0.0.1:1', '--retries', '0')
    assert done.code == 1 and done.said
    assert is_silent(done.out, done.err)


@pytest.mark.parametrize(
    'arguments',
    [
        ('--token', f'{SECRET}\n{SECRET}'),
        ('--token', f'{SECRET}é'),
        ('--api-key', f'{SECRET}\n{SECRET}'),
        ('-H', SECRET),
        ('-H', f': {SECRET}'),
        ('-H', f'X-Key: {SECRET}\r\nX-Other: {SECRET}'),
        ('-H', f'X Key: {SECRET}'),
        ('-H', f'Bearer {SECRET}:'),
        ('-H', f'Authorization: Bearer {SECRET}'),
        ('--token', SECRET, '--api-key', SECRET),
        ('--token', SECRET, '--timeout', 'soon'),
        ('--token', SECRET, '--unknown'),
        (f'--tokne={SECRET}',),
        (f'--apikey={SECRET}',),
        ('--url', f'http://user:{SECRET}@127.0.0.1:1'),
        ('--url', f'http://{SECRET}@127.0.0.1:1/?token={SECRET}'),
    ],
)
def test_options_that_are_wrong_print_no_credential(run: Run, recorder: Recorder, arguments: tuple[str, ...]) -> None:
    done = run('health', '--url', recorder.url, '--retries', '0', *arguments)
    assert done.code in (0, 1, 2)
    assert is_silent(done.out, done.err), done.err


@pytest.mark.parametrize(
    ('variable', 'value'),
    [
        ('CSPARK_BEARER_TOKEN', f'{SECRET}é'),
        ('CSPARK_API_KEY', f'{SECRET}\n{SECRET}'),
        ('CSPARK_HEADERS', f'X-Key: {SECRET}\n{SECRET}'),
        ('CSPARK_HEADERS', f'X-Key: {SECRET}é'),
        ('CSPARK_RUNNER_URL', f'http://user:{SECRET}@127.0.0.1:1'),
    ],
)
def test_variables_that_are_wrong_print_no_credential(
    run: Run, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    done = run('health', '--retries', '0')
    assert done.code == 1 and done.said
    assert is_silent(done.out, done.err), done.err


@pytest.mark.parametrize(
    'text',
    [
        f'[uat]\ntoken = "{SECRET}',
        f'[uat]\ntoken = {SECRET}\n',
        f'[uat]\ntoken "{SECRET}"\n',
        f'[uat]\ntoken = "{SECRET}"\ntoken = "{SECRET}"\n',
        f'[uat]\ntoken = "{SECRET}\\q"\n',
        f'[uat]\ntoken = ["{SECRET}"]\n',
        f'[uat]\napi_key = {{key = "{SECRET}"}}\n',
        f'[uat]\ntokn = "{SECRET}"\n',
        f'[uat]\ntoken = "{SECRET}"\napi_key = "{SECRET}"\n',
        f'[uat]\nheaders = ["{SECRET}"]\n',
        f'[uat]\nheaders = "X-Key: {SECRET}"\n',
        f'[uat]\nheaders = {{X-Key = ["{SECRET}"]}}\n',
        f'[uat]\nheaders = {{X-Key = "{SECRET}\\n"}}\n',
        f'[uat]\nurl = "http://user:{SECRET}@127.0.0.1:1"\n',
        f'[uat]\nurl = ["{SECRET}"]\n',
        f'uat = "{SECRET}"\n',
        f'"{SECRET}"\n',
    ],
)
def test_profiles_that_are_wrong_print_no_credential(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    path = tmp_path / 'profiles.toml'
    path.write_text(text)
    monkeypatch.setenv('CSPARK_CONFIG', str(path))
    done = run('--profile', 'uat', 'health', '--retries', '0')
    assert done.code == 1 and done.said
    assert is_silent(done.out, done.err), done.err


@pytest.mark.thorough
@pytest.mark.parametrize('variables', [{}, {'CSPARK_BEARER_TOKEN': SECRET}, {'CSPARK_HEADERS': f'X-Key: {SECRET}'}])
def test_a_process_prints_no_credential(recorder: Recorder, variables: dict[str, str]) -> None:
    recorder.reply(Reply(401, {'error': {'message': f'{SECRET} is refused'}}))
    arguments = () if variables else ('--token', SECRET)
    done = run_process('status', *arguments, '--url', recorder.url, '--retries', '0', variables=variables)
    assert done.code == 1 and done.said
    assert SECRET in str(recorder.last.headers)
    if 'CSPARK_HEADERS' not in variables:
        assert is_silent(done.out, done.err), done.err


def test_help_prints_no_credential_of_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ('CSPARK_BEARER_TOKEN', 'CSPARK_API_KEY', 'CSPARK_HEADERS'):
        monkeypatch.setenv(name, SECRET)
    for command in ((), ('execute',), ('health', 'check')):
        done = run(*command, '--help')
        assert done.code == 0
        assert is_silent(done.out, done.err)


@pytest.mark.thorough
def test_a_terminal_shows_no_credential(recorder: Recorder) -> None:
    recorder.reply(Reply(401, {'error': {'message': 'refused'}}))
    code, text = on_terminal('status', '--token', SECRET, '--url', recorder.url, '--retries', '0')
    assert code == 1
    assert is_silent(text)


@pytest.mark.thorough
def test_a_watch_shows_no_credential(recorder: Recorder) -> None:
    recorder.reply(Reply(200, {'models': [{'tenant': 't', 'model_stats': [{'id': 'the-model', 'size': 1}]}]}))
    watch = ('status', '--watch', '0.05', '--token', SECRET, '--url', recorder.url)
    with opened(*watch) as (_, read):
        assert is_silent(read('the-model'))
