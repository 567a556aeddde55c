"""No credential shows anywhere, whatever goes wrong: planted ones are searched for in all that a program can show."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import pytest

import cspark.wasm as Hybrid
from support.callers import sending_through
from support.certificates import authority, server_context
from support.faulty import BODY, Behaviour, answers, closes_later, misbehaving, packed, says_nothing, sends
from support.secrets import (
    EXTRA,
    FETCHED,
    KEY,
    PASSWORD,
    SECRETS,
    TOKEN,
    USER,
    leaks,
    searched,
    searched_error,
    searched_pickle,
    searched_records,
)
from support.wire import Received, Recorder, Reply
from support.worlds import World, client_in

CREDENTIALS: dict[str, Callable[[], dict[str, Any]]] = {
    'an API key': lambda: {'api_key': KEY, 'token': None},
    'a token': lambda: {'token': f'Bearer {TOKEN}'},
    "a function's token": lambda: {'token': lambda: FETCHED},
    'an httpx.Auth': lambda: {'auth': httpx.BasicAuth(USER, PASSWORD), 'token': None},
    'a header': lambda: {'extra_headers': {'x-subscription-key': EXTRA}},
}
ANSWERS: dict[str, Behaviour] = {
    'reset': sends(b'', reset=True),
    'half an answer': sends(b'HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n{'),
    'not HTTP': sends(b'SSH-2.0-OpenSSH_9.2\r\n'),
    'a closed connection': closes_later,
    '401': answers(status='401 Unauthorized'),
    '403': answers(status='403 Forbidden'),
    '500': answers(b'<html>', '500 Internal Server Error', kind='text/html'),
    '503': answers(status='503 Service Unavailable'),
    'a redirect': answers(b'', '307 Temporary Redirect', 'Location: http://127.0.0.2:9/elsewhere'),
    'no answer': says_nothing,
    'HTML': answers(b'<html>', kind='text/html'),
    'broken JSON': answers(BODY[:-5]),
    'broken gzip': packed(cut=12),
    'an error under status 200': answers(b'{"status": "Error", "error": {"message": "no"}}'),
}
EXECUTIONS: dict[str, dict[str, Any]] = {
    'a wrong argument': {'debugsolve': True},
    'a wrong value': {'encoding': 'zip'},
    'inputs that cannot be sent': {'inputs': {'x': object()}},
    'inputs that are no text': {'inputs': {'x': '\ud800'}},
    'a wrong limit': {'timeout': -1},
    'a wrong header': {'headers': {'authorization': 'no'}},
    'a header that cannot be sent': {'headers': {'x': 'ä'}},
}


@pytest.fixture(params=CREDENTIALS)
def credentials(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each kind of credentials."""
    return CREDENTIALS[request.param]()


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """All that anybody logs; at the end no secret is in it."""
    with caplog.at_level(logging.DEBUG):
        yield caplog
    assert searched_records(caplog.records) == []
    assert leaks(caplog.text) == []


@contextmanager
def failing(*kinds: type[BaseException]) -> Generator[Any]:
    """What happens within fails, and the error shows no secret, nor does its pickle."""
    with pytest.raises(kinds or (Hybrid.SparkError,)) as caught:
        yield caught
    assert searched_error(caught.value) == []
    if isinstance(caught.value, Hybrid.SparkError):
        assert searched_pickle(caught.value) == []


@pytest.mark.usefixtures('logged')
def test_nothing_shows_where_a_call_succeeds(recorder: Recorder, world: World, credentials: dict[str, Any]) -> None:
    with client_in(world, base_url=recorder.url, **credentials) as hybrid:
        answer = hybrid.services.execute('f/s', inputs={'x': 1})
        for thing in (hybrid, hybrid.config, hybrid.config.auth, hybrid.http_client, hybrid.services, answer):
            assert searched(thing) == []
        assert leaks(f'{answer.raw_request.headers!r} {answer.raw_response.request.headers!r}') == []
        assert searched_pickle(answer) == []
        assert searched(hybrid.with_options(tenant='another')) == []
        empty = hybrid.services.execute('f/s', inputs=[])
        assert searched(empty) + searched_pickle(empty) == []
    assert any(leaks(f'{received.headers}') for received in recorder.received)
    assert not any(leaks(received.path + str(received.body)) for received in recorder.received)


@pytest.mark.parametrize('fault', ANSWERS)
@pytest.mark.usefixtures('logged')
def test_nothing_shows_where_an_answer_is_bad(world: World, credentials: dict[str, Any], fault: str) -> None:
    with misbehaving() as faulty:
        faulty.behave([ANSWERS[fault]])
        options = {'base_url': faulty.url, 'timeout': 200 if fault == 'no answer' else 5_000, 'retry_interval': 0.001}
        with client_in(world, **options, **credentials) as hybrid:
            if fault == 'a closed connection':
                hybrid.health.check()
                faulty.behave([ANSWERS['reset']])
            for call in (lambda: hybrid.services.execute('f/s', inputs={}), lambda: hybrid.services.upload(b'zip')):
                with failing():
                    call()
            assert searched(hybrid) == []
        assert not any(leaks(request.partition(b'\r\n')[0]) for request in faulty.requests)
        assert any(leaks(request) for request in faulty.requests)


@pytest.mark.parametrize('status', [200, 307, 401, 403, 500])
@pytest.mark.parametrize('kind', ['text/html', 'application/json'])
@pytest.mark.usefixtures('logged')
def test_nothing_shows_where_a_runner_says_what_it_was_sent(
    recorder: Recorder, world: World, credentials: dict[str, Any], status: int, kind: str
) -> None:
    def repeat(received: Received) -> Reply:
        said = str(dict(received.headers))
        body = said if kind == 'text/html' else json.dumps({'status': 'Error', 'error': {'message': said}})
        return Reply(status, body.encode(), {'Content-Type': kind, 'X-Said': said})

    set_answer: Any = recorder
    set_answer.answer = repeat
    with client_in(world, base_url=recorder.url, max_retries=0, **credentials) as hybrid, failing() as caught:
        hybrid.services.execute('f/s', inputs={})
    for shown in (str(caught.value), caught.value.details, f'{caught.value.cause!r}', f'{caught.value.to_dict()}'):
        assert leaks(shown) == []


@pytest.mark.usefixtures('logged')
def test_nothing_shows_of_the_headers_of_one_call(recorder: Recorder, world: World) -> None:
    recorder.reply(Reply(500))
    headers = {'x-subscription-key': EXTRA}
    with client_in(world, base_url=recorder.url, max_retries=0) as hybrid:
        with failing():
            hybrid.services.execute('f/s', inputs={}, headers=headers)
        with failing():
            hybrid.services.upload(b'zip', headers=headers)
        with failing():
            hybrid.services.execute('f/s', inputs={'x': object()}, headers=headers)
    assert recorder.received[0].headers['x-subscription-key'] == EXTRA
    assert headers == {'x-subscription-key': EXTRA} and type(headers) is dict


@pytest.mark.parametrize('wrong', EXECUTIONS)
@pytest.mark.usefixtures('logged')
def test_nothing_shows_where_an_argument_is_wrong(
    recorder: Recorder, world: World, credentials: dict[str, Any], wrong: str
) -> None:
    with client_in(world, base_url=recorder.url, **credentials) as hybrid, failing():
        execute: Any = hybrid.services.execute
        execute('f/s', **EXECUTIONS[wrong])


@pytest.mark.usefixtures('logged')
def test_nothing_shows_where_nobody_listens(world: World, credentials: dict[str, Any]) -> None:
    with socket.create_server(('127.0.0.1', 0)) as unused:
        url = f'http://127.0.0.1:{unused.getsockname()[1]}'
    with client_in(world, base_url=url, max_retries=1, retry_interval=0.001, **credentials) as hybrid, failing():
        hybrid.services.execute('f/s', inputs={})


@pytest.mark.usefixtures('logged')
def test_nothing_shows_where_a_certificate_is_wrong(world: World, credentials: dict[str, Any]) -> None:
    context = server_context(authority())
    with socket.create_server(('127.0.0.1', 0)) as plain, context.wrap_socket(plain, server_side=True) as listening:
        thread = threading.Thread(target=refused, args=(listening,), daemon=True)
        thread.start()
        url = f'https://127.0.0.1:{listening.getsockname()[1]}'
        with client_in(world, base_url=url, max_retries=0, **credentials) as hybrid, failing():
            hybrid.services.execute('f/s', inputs={})
        thread.join(5)


def refused(listening: ssl.SSLSocket) -> None:
    """Accept a connection whose handshake the client breaks off."""
    with suppress(OSError):
        listening.accept()[0].close()


@pytest.mark.parametrize('event', ['request', 'response'])
@pytest.mark.usefixtures('logged')
def test_nothing_shows_where_a_hook_of_the_caller_fails(
    recorder: Recorder, world: World, credentials: dict[str, Any], event: str
) -> None:
    async def awaited(_: object) -> None:
        raise LookupError('from the hook')

    def plain(_: object) -> None:
        raise LookupError('from the hook')

    hooks = {'event_hooks': {event: [plain if world == 'sync' else awaited]}}
    with sending_through(world, hooks, base_url=recorder.url, **credentials) as (hybrid, _), failing(LookupError):
        hybrid.services.execute('f/s', inputs={})


BUILDS: dict[str, dict[str, Any]] = {
    'an unknown argument': {'time_out': 1},
    'no address': {'base_url': 'localhost'},
    'a wrong tenant': {'tenant': '..'},
    'a wrong limit': {'timeout': 'soon'},
    'a wrong header': {'extra_headers': {'authorization': TOKEN}},
    'a header that cannot be sent': {'extra_headers': {'x-key': f'{EXTRA}\n'}},
    'a key that cannot be sent': {'api_key': f'{KEY}\n{KEY}'},
    'a token that cannot be sent': {'token': f'{TOKEN}ä'},
    'a key that is bytes': {'api_key': KEY.encode()},
    'user information': {'base_url': f'http://{USER}:{PASSWORD}@localhost:3000'},
    'user information with a slash': {'base_url': f'http://{USER}:{PASSWORD}/x@localhost:3000'},
    'user information with a question mark': {'base_url': f'http://{USER}:{PASSWORD}?x@localhost:3000'},
    'user information with a hash': {'base_url': f'http://{USER}:{PASSWORD}#x@localhost:3000'},
    'user information with an @': {'base_url': f'http://{USER}:{PASSWORD}@x@localhost:3000'},
    'user information before a wrong port': {'base_url': f'http://{USER}:{PASSWORD}@localhost:port'},
    'user information before no host': {'base_url': f'http://{USER}:{PASSWORD}@'},
    'user information without a scheme': {'base_url': f'{USER}:{PASSWORD}@localhost'},
    'user information before brackets': {'base_url': f'http://{USER}:{PASSWORD}@[::1'},
    'a secret in a query': {'base_url': f'http://localhost:3000?key={KEY}'},
}


@pytest.mark.parametrize('wrong', BUILDS)
@pytest.mark.usefixtures('logged')
def test_nothing_shows_where_a_client_cannot_be_built(
    world: World, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    options: dict[str, Any] = {'base_url': 'http://localhost:3000', 'tenant': 't', 'token': TOKEN, **BUILDS[wrong]}
    build: Any = Hybrid.Client if world == 'sync' else Hybrid.AsyncClient
    with failing():
        build(**options)
    if 'base_url' in BUILDS[wrong]:
        monkeypatch.setenv('CSPARK_RUNNER_URL', options.pop('base_url'))
        with failing():
            build(**options)


@pytest.mark.parametrize('wrong', [name for name in BUILDS if 'user information' not in name])
@pytest.mark.usefixtures('logged')
def test_nothing_shows_where_a_copy_cannot_be_made(world: World, wrong: str) -> None:
    with client_in(world, base_url='http://localhost:3000', token=TOKEN) as hybrid, failing():
        changed: Any = hybrid.with_options
        changed(**{'token': FETCHED, **BUILDS[wrong], 'max_retries': -1})


@pytest.mark.parametrize('method', ['health_check', 'get_version', 'get_status'])
@pytest.mark.usefixtures('logged')
def test_nothing_shows_where_a_static_method_fails(recorder: Recorder, method: str) -> None:
    recorder.reply(Reply(403))
    with failing():
        getattr(Hybrid.Client, method)(recorder.url, token=TOKEN)
    with failing():
        getattr(Hybrid.Client, method)(recorder.url, token=TOKEN, timeout=-1)


@pytest.mark.parametrize('returned', [f'{FETCHED}\nä', FETCHED.encode(), ('S3CRET',), '', None])
@pytest.mark.usefixtures('logged')
def test_nothing_shows_where_a_fetched_token_is_none(recorder: Recorder, world: World, returned: Any) -> None:
    fetch: Any = lambda: returned  # noqa: E731
    with client_in(world, base_url=recorder.url, token=fetch) as hybrid, failing(Hybrid.SparkConfigError):
        hybrid.services.execute('f/s', inputs={})
    assert recorder.received == []


@pytest.mark.parametrize('location', ['http://127.0.0.2', 'http://localhost', ''])
def test_credentials_follow_no_redirect(
    recorder: Recorder, world: World, credentials: dict[str, Any], location: str
) -> None:
    with misbehaving() as elsewhere:
        elsewhere.behave([answers()])
        target = location + elsewhere.url[elsewhere.url.rindex(':') :] if location else recorder.url
        recorder.reply(Reply(307, b'', {'Location': f'{target}/elsewhere'}))
        with client_in(world, base_url=recorder.url, **credentials) as hybrid, failing(Hybrid.UnknownApiError):
            hybrid.services.execute('f/s', inputs={})
        through = sending_through(world, {'follow_redirects': True}, base_url=recorder.url, **credentials)
        with through as (hybrid, _), failing(Hybrid.UnknownApiError):
            hybrid.services.execute('f/s', inputs={})
        assert elsewhere.requests == []
    assert {received.path for received in recorder.received} == {'/my-tenant/api/v3/folders/f/services/s/execute'}


def test_the_search_finds_what_is_shown() -> None:
    """The tests above mean something only if this one passes."""
    assert len(SECRETS) == 2
    wrong: Any = {'secret': TOKEN}
    with pytest.raises(TypeError) as caught:
        httpx.URL(wrong)
    assert searched_error(caught.value)
    assert searched({'a': [type('Thing', (), {})(), {'b': KEY}]})
    assert searched_pickle(ValueError(KEY))
    assert searched_records([logging.makeLogRecord({'msg': 'm', 'spark': {'token': TOKEN}})])
