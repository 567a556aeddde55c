"""What a server says again of the credentials that it got is masked; pickles and files keep none for others to read."""

from __future__ import annotations

import copy
import json
import os
import pickle
import re
import stat
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

import cspark.wasm as Hybrid
from support.faulty import Behaviour, Faulty, answers, head, sends
from support.many import URI, Squares, execute_many, squares
from support.secrets import EXTRA, KEY, PASSWORD, SECRETS, TOKEN, USER, chain, leaks
from support.ways import client_by

CREDENTIALS: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {  # and what of them a server may say again
    'an API key': (lambda: {'api_key': KEY, 'token': None}, KEY),
    'a token': (lambda: {'token': f'Bearer {TOKEN}'}, TOKEN),
    "a function's token": (lambda: {'token': lambda: TOKEN}, TOKEN),
    'a header': (lambda: {'extra_headers': {'x-subscription-key': EXTRA}}, EXTRA),
    'an httpx.Auth': (lambda: {'auth': httpx.BasicAuth(USER, PASSWORD), 'token': None}, SECRETS[1]),
}
OK = b'HTTP/1.1 200 OK\r\n'


def message(said: str) -> bytes:
    return json.dumps({'status': 'Error', 'error': {'message': f'no {said} here'}}).encode()


ECHOES: dict[str, Callable[[str], Behaviour]] = {
    'the message of an error': lambda said: answers(message(said), '401 Unauthorized'),
    'the message under status 200': lambda said: answers(message(said)),
    'a text': lambda said: answers(f'no {said} here'.encode(), '403 Forbidden', kind='text/plain'),
    'HTML under status 200': lambda said: answers(f'<p>{said}</p>'.encode(), kind='text/html'),
    'JSON that is cut off': lambda said: answers(f'{{"key": "{said}"'.encode()),
    'JSON that is a text': lambda said: answers(json.dumps(said).encode()),
    'a header': lambda said: answers(b'{}', '403 Forbidden', f'X-Said: {said}', f'WWW-Authenticate: Key {said}'),
    'a redirect': lambda said: answers(b'', '307 Temporary Redirect', f'Location: http://127.0.0.1/{said}'),
    'the reason': lambda said: answers(b'', f'403 {said}'),
    'the reason of a long one': lambda said: answers(b'', f'500 {"no " * 30}{said}'),
    'the kind of content': lambda said: answers(b'nothing', kind=f'text/{said}'),
    'an encoding': lambda said: answers(b'nothing', '200 OK', f'Content-Encoding: {said}'),
    'Retry-After': lambda said: answers(b'', '503 Service Unavailable', f'Retry-After: {said}'),
    'a line that is no HTTP': lambda said: sends(f'{said} is what I got\r\n\r\n'.encode()),
    'another protocol': lambda said: sends(f'SSH-2.0 {said}\r\n'.encode()),
    'a status that is none': lambda said: sends(f'HTTP/1.1 {said} OK\r\n\r\n'.encode()),
    'a version that is none': lambda said: sends(f'HTTP/{said} 200 OK\r\n\r\n'.encode()),
    'a line without a colon': lambda said: sends(OK + f'{said}\r\n\r\n'.encode()),
    'the name of a header': lambda said: sends(OK + f'{said} : x\r\n\r\n'.encode()),
    'a length': lambda said: sends(OK + f'Content-Length: {said}\r\n\r\n'.encode()),
    'a transfer': lambda said: sends(OK + f'Transfer-Encoding: {said}\r\n\r\n'.encode()),
    'the size of a piece': lambda said: sends(
        head(None, '200 OK', 'Transfer-Encoding: chunked') + f'{said}\r\n\r\n'.encode()
    ),
}


def shown(error: Hybrid.SparkError) -> str:
    """All that an error shows of itself and of what is behind it."""
    texts = [f'{one}\n{one!r}\n{one.args!r}\n{getattr(one, "cause", "")!r}' for one in chain(error)]
    return '\n'.join([*texts, error.details, json.dumps(error.to_dict()), f'{pickle.dumps(error, 0)!r}'])


def failure(hybrid: Hybrid.Client) -> Hybrid.SparkError:
    """The error of a call."""
    with pytest.raises(Hybrid.SparkError) as caught:
        hybrid.services.execute('f/s', inputs={})
    return caught.value


@pytest.mark.parametrize('kind', CREDENTIALS)
def test_what_a_server_says_again_is_not_shown(way: str, faulty: Faulty, kind: str) -> None:
    options, said = CREDENTIALS[kind]
    found: dict[str, str] = {}
    with client_by(way, base_url=faulty.url, **options()) as hybrid:
        for echo, behaviour in ECHOES.items():
            faulty.behave([behaviour(said)])
            text = shown(failure(hybrid))
            found |= {echo: text[:300]} if leaks(text) else {}
    assert found == {}
    assert all(leaks(request) for request in faulty.requests)


@pytest.mark.thorough
@pytest.mark.parametrize('kind', ['an API key', 'a token', 'a header'])
@pytest.mark.parametrize('echo', ['a line that is no HTTP', 'HTML under status 200', 'a text'])
def test_no_part_of_it_is_shown_where_a_text_is_cut_short(way: str, faulty: Faulty, kind: str, echo: str) -> None:
    options, said = CREDENTIALS[kind]
    found: list[str] = []
    with client_by(way, base_url=faulty.url, **options()) as hybrid:
        for before in range(40, 560, 8):
            faulty.behave([ECHOES[echo]('x' * before + ' ' + said)])
            text = shown(failure(hybrid))
            found += [text[:700]] if leaks(text) else []
    assert found == []


SHORT: dict[str, dict[str, Any]] = {
    'an API key': {'api_key': 'abc', 'token': None},
    'a token': {'token': 'abc'},
    'a header': {'extra_headers': {'x-subscription-key': 'abc'}},
}
WORDS = ('{}', 'key={}', '"{}"', "'{}'", '({})', '{}.', '{}, and', 'Bearer {}', 'x:{};', '<b>{}</b>')


@pytest.mark.parametrize('kind', SHORT)
def test_a_short_one_is_masked_where_it_stands_as_a_word(way: str, faulty: Faulty, kind: str) -> None:
    with client_by(way, base_url=faulty.url, **SHORT[kind]) as hybrid:
        for word in WORDS:
            said = f'the {word.format("abc")} is none, abcdef is, and fabc'
            for behaviour in (
                answers(json.dumps({'error': {'message': said}}).encode(), '401 Unauthorized'),
                answers(said.encode(), '403 Forbidden', kind='text/plain'),
                answers(said.encode(), kind='text/plain'),
                answers(b'{}', '403 Forbidden', f'X-Said: {said}'),
            ):
                faulty.behave([behaviour])
                text = shown(failure(hybrid))
                assert not re.search(r'\babc\b', text), text[:500]
                assert 'abcdef is, and fabc' in text


@pytest.mark.parametrize('kind', SHORT)
def test_a_short_one_is_masked_in_what_is_no_answer(way: str, faulty: Faulty, kind: str) -> None:
    with client_by(way, base_url=faulty.url, **SHORT[kind]) as hybrid:
        for echo, behaviour in ECHOES.items():
            faulty.behave([behaviour('abc')])
            text = shown(failure(hybrid))
            assert not re.search(r'\babc\b', text), f'{echo}: {text[:500]}'


@pytest.mark.parametrize('escaped', ['\\"', '\\\\', '\\/', '\\u0053'])
def test_one_that_json_spells_otherwise_is_masked_too(way: str, faulty: Faulty, escaped: str) -> None:
    key = f'key-{_read(escaped)}-S3CRET-4f1a6b0c'
    content = b'{"error": {"message": "no key-' + escaped.encode() + b'-S3CRET-4f1a6b0c"}}'
    with client_by(way, base_url=faulty.url, api_key=key, token=None) as hybrid:
        for status in ('401 Unauthorized', '500 Internal Server Error'):
            faulty.behave([answers(content, status)])
            assert leaks(shown(failure(hybrid))) == []


def _read(escaped: str) -> str:
    found: str = json.loads(f'"{escaped}"')
    return found


@pytest.mark.parametrize('protocol', range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize('kind', ['an API key', 'a token', 'a header'])
def test_a_pickle_of_a_configuration_holds_no_credential(kind: str, protocol: int) -> None:
    options: dict[str, Any] = {'token': 'open', **CREDENTIALS[kind][0]()}
    config = Hybrid.Config(base_url='http://127.0.0.1:1', tenant='my-tenant', **options)
    try:
        content = pickle.dumps(config, protocol)
    except Hybrid.SparkError as error:
        content = pickle.dumps(error, protocol)
    assert leaks(content) == []
    again = pickle.loads(content)
    assert leaks(f'{again!r} {again}') == []
    assert isinstance(again, Hybrid.SparkError) or again.base_url == config.base_url


def test_a_worker_without_credentials_is_told_or_takes_new_ones(faulty: Faulty) -> None:
    config = Hybrid.Config(base_url=faulty.url, tenant='my-tenant', api_key=KEY, max_retries=0)
    faulty.behave([answers()])
    try:
        again = pickle.loads(pickle.dumps(config))
    except Hybrid.SparkError:
        return
    with pytest.raises(Hybrid.SparkError), Hybrid.Client.use(again) as hybrid:
        hybrid.services.execute('f/s', inputs={})
    assert faulty.requests == []
    with Hybrid.Client.use(again.copy_with(api_key=KEY)) as hybrid:
        assert hybrid.services.execute('f/s', inputs={}).status == 200
    assert KEY.encode() in faulty.requests[0]


@pytest.mark.parametrize('copied', [copy.copy, copy.deepcopy])
def test_a_copy_in_the_same_process_keeps_its_credentials(copied: Callable[[Any], Any]) -> None:
    config = Hybrid.Config(base_url='http://127.0.0.1:1', tenant='my-tenant', api_key=KEY)
    assert copied(config) == config
    assert copied(config).auth.as_header == {'x-synthetic-key': KEY}


@pytest.fixture
def open_umask() -> Generator[None]:
    """What a process makes, everybody may read and write, unless it says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """The permissions of the files in a folder."""
    found: dict[str, int] = {}
    for path in folder.iterdir():
        try:
            found[path.name] = stat.S_IMODE(path.stat().st_mode)
        except FileNotFoundError:
            continue
    return found


@pytest.mark.skipif(os.name != 'posix', reason='there are no such permissions')
@pytest.mark.usefixtures('open_umask')
@pytest.mark.parametrize('name', ['out.csv', 'out.jsonl', 'out.parquet'])
def test_what_a_run_keeps_is_for_its_owner_alone(
    way: str, squarer: Squares, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    seen: dict[str, set[int]] = {}
    real = squarer.answer

    def looking(inputs: list[Any]) -> tuple[int, Any]:
        for file, mode in modes(tmp_path).items():
            seen.setdefault(file, set()).add(mode)
        return real(inputs)

    monkeypatch.setattr(squarer, 'answer', looking)
    with client_by(way, base_url=squarer.url) as hybrid:
        results = execute_many(
            hybrid, URI, squares(60), checkpoint=tmp_path / 'run.checkpoint', chunk_size=5, concurrency=1
        )
        results.write(tmp_path / name)
    left = modes(tmp_path)
    assert {'run.checkpoint', f'{name}.part'} <= seen.keys()
    assert any(file.startswith('run.checkpoint-') for file in seen)
    assert {file: found for file, found in seen.items() if found != {0o600}} == {}
    assert left['run.checkpoint'] == 0o600
