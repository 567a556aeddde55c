"""respx and pytest-httpx, with which others test what calls a runner, answer the calls of both clients."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import respx

import cspark.wasm as Hybrid
from support.faulty import BODY, Faulty, answers
from support.many import areas, execute_many
from support.sockets import Listener, counted
from support.worlds import World, client_in

MOCKED = json.loads(BODY.replace(b'1.5', b'42'))
Server = tuple[Faulty, Listener]
SWITCHES: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    'nothing': ({}, {}),
    'an argument': ({}, {'transport': 'httpx'}),
    'the environment': ({'CSPARK_TRANSPORT': 'httpx'}, {}),
}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine says must not reach a test."""
    for name in ('NO_PROXY', 'no_proxy', 'CSPARK_TRANSPORT'):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Generator[Server]:
    """The real network: a server that should be left alone while there is a mock."""
    with counted(answers()) as started:
        yield started


@pytest.fixture(params=SWITCHES)
def switched(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Each way to say that httpx carries the calls; the options of the client."""
    variables, options = SWITCHES[request.param]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return options


@pytest.fixture(params=['httpcore', 'httpx'])
def mock(request: pytest.FixtureRequest) -> respx.MockRouter:
    """Both places where respx catches calls, which are different functions of httpx."""
    router: respx.MockRouter = respx.mock(using=request.param)
    return router


def volume(hybrid: Hybrid.Client) -> Any:
    return hybrid.services.execute('f/s', inputs={'height': 1}).output['volume']


def names(request: bytes) -> list[bytes]:
    """The names of a request's headers as they were sent, in their order: each transport has its own."""
    return re.findall(rb'\r\n([\w-]+):', request.partition(b'\r\n\r\n')[0])


def test_respx_answers_and_nothing_goes_to_the_network(
    world: World, server: Server, mock: respx.MockRouter, switched: dict[str, Any]
) -> None:
    faulty, listener = server
    with mock:
        route = mock.post(url__startswith=faulty.url).respond(json=MOCKED)
        with client_in(world, base_url=faulty.url, max_retries=0, **switched) as hybrid:
            assert [volume(hybrid), volume(hybrid)] == [42, 42]
            assert hybrid.services.upload(b'zip').status == 200
        sent: Any = cast('Any', route.calls[0]).request
        assert sent.url.path == '/my-tenant/api/v3/folders/f/services/s/execute'
        assert sent.headers['x-tenant-name'] == 'my-tenant'
        assert b'height' in sent.content
        assert route.call_count == 3
    assert listener.accepted == 0


def test_a_client_that_was_there_before_sees_the_mock_come_and_go(
    world: World, server: Server, mock: respx.MockRouter
) -> None:
    faulty, _ = server
    with client_in(world, base_url=faulty.url, max_retries=0) as hybrid:
        assert volume(hybrid) == 1.5
        for _ in range(2):
            with mock:
                mock.post(url__startswith=faulty.url).respond(json=MOCKED)
                assert [volume(hybrid), volume(hybrid)] == [42, 42]
            assert volume(hybrid) == 1.5
    assert len(faulty.requests) == 3
    assert len({b','.join(names(request)) for request in faulty.requests}) == 1


def test_after_the_mock_calls_do_not_go_through_httpx(
    world: World, server: Server, mock: respx.MockRouter, caplog: pytest.LogCaptureFixture
) -> None:
    faulty, _ = server
    caplog.set_level('DEBUG')
    with client_in(world, base_url=faulty.url, max_retries=0) as hybrid:
        with mock:
            mock.post(url__startswith=faulty.url).respond(json=MOCKED)
            assert volume(hybrid) == 42
        caplog.clear()
        assert volume(hybrid) == 1.5
    assert [record.getMessage() for record in caplog.records if record.name.startswith('http')] == []


@pytest.mark.parametrize('switch', ['an argument', 'the environment'])
def test_the_switch_takes_every_call_through_httpx(
    world: World, server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, switch: str
) -> None:
    variables, options = SWITCHES[switch]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    caplog.set_level('DEBUG')
    with client_in(world, base_url=server[0].url, max_retries=0, **options) as hybrid:
        assert volume(hybrid) == 1.5
        hybrid.health.check()
        hybrid.services.upload(b'zip')
    assert len([record for record in caplog.records if record.name == 'httpx']) == 3


@pytest.mark.parametrize('wrong', ['curl', '', 1, True])
def test_another_transport_is_refused(world: World, wrong: Any) -> None:
    kind: Any = Hybrid.Client if world == 'sync' else Hybrid.AsyncClient
    with pytest.raises(Hybrid.SparkConfigError, match=r'transport.*httpx'):
        kind(base_url='http://127.0.0.1:1', tenant='t', token='open', transport=wrong)


@pytest.mark.parametrize('using', ['httpcore', 'httpx'])
def test_what_respx_does_not_know_fails_and_goes_nowhere(world: World, server: Server, using: str) -> None:
    faulty, listener = server
    with (
        client_in(world, base_url=faulty.url, max_retries=0) as hybrid,
        respx.mock(using=using, assert_all_called=False) as mock,
    ):
        mock.get('http://elsewhere.example/').respond(json=MOCKED)
        with pytest.raises(AssertionError, match='not mocked'):
            volume(hybrid)
    assert listener.accepted == 0


@pytest.mark.parametrize(
    ('effect', 'error', 'sent'),
    [
        (httpx.ConnectError, Hybrid.SparkConnectionError, False),
        (httpx.ReadError, Hybrid.SparkConnectionError, True),
        (httpx.ReadTimeout, Hybrid.SparkTimeoutError, True),
        (httpx.ConnectTimeout, Hybrid.SparkTimeoutError, False),
    ],
)
def test_a_failure_that_is_acted_is_one_of_ours(
    world: World, server: Server, effect: Any, error: type[Hybrid.SparkError], sent: bool
) -> None:
    faulty, listener = server
    with client_in(world, base_url=faulty.url, max_retries=0) as hybrid, respx.mock as mock:
        mock.post(url__startswith=faulty.url).mock(side_effect=effect('acted'))
        with pytest.raises(error) as caught:
            volume(hybrid)
    found: Any = caught.value
    assert found.sent is sent
    assert listener.accepted == 0


def test_answers_in_turn_are_tried_again_as_real_ones_are(world: World, server: Server) -> None:
    faulty, listener = server
    busy = httpx.Response(503, headers={'Retry-After': '0'})
    with client_in(world, base_url=faulty.url, max_retries=2) as hybrid, respx.mock as mock:
        route = mock.post(url__startswith=faulty.url).mock(side_effect=[busy, httpx.Response(200, json=MOCKED)])
        assert volume(hybrid) == 42
        assert route.call_count == 2
    assert listener.accepted == 0


def test_what_is_let_through_goes_to_the_network(world: World, server: Server, mock: respx.MockRouter) -> None:
    faulty, listener = server
    with client_in(world, base_url=faulty.url, max_retries=0) as hybrid, mock:
        mock.route(url__startswith=faulty.url).pass_through()
        assert volume(hybrid) == 1.5
    assert listener.accepted == 1


def test_many_records_are_answered_by_the_mock(world: World, server: Server, mock: respx.MockRouter) -> None:
    def square(request: httpx.Request) -> httpx.Response:
        inputs = json.loads(request.content)['inputs']
        sides = [row['side'] for row in inputs] if isinstance(inputs[0], dict) else [row[0] for row in inputs[1:]]
        found = [{'area': side**2} for side in sides]
        nothing = [None] * len(found)
        return httpx.Response(200, json={'outputs': found, 'warnings': nothing, 'errors': nothing, 'call_id': 'c'})

    faulty, listener = server
    with client_in(world, base_url=faulty.url, max_retries=0) as hybrid, mock:
        mock.post(url__startswith=faulty.url).mock(side_effect=square)
        results = execute_many(hybrid, 'f/s', [{'side': side} for side in range(30)], chunk_size=7)
        assert areas(results) == [side**2 for side in range(30)]
    assert listener.accepted == 0


INNER = """
import asyncio, os
import cspark.wasm as Hybrid
import pytest

OPTIONS = dict(base_url=os.environ['RUNNER'], tenant='t', token='open', max_retries=0, **OPTIONAL)


def blocking():
    with Hybrid.Client(**OPTIONS) as hybrid:
        return hybrid.services.execute('f/s', inputs={}).output['volume']


def awaited():
    async def main():
        async with Hybrid.AsyncClient(**OPTIONS) as hybrid:
            return (await hybrid.services.execute('f/s', inputs={})).output['volume']

    return asyncio.run(main())


@pytest.mark.parametrize('call', [blocking, awaited])
def test_answered(httpx_mock, call):
    httpx_mock.add_response(json=MOCKED)
    assert call() == 42
    assert httpx_mock.get_request().headers['x-tenant-name'] == 't'


@pytest.mark.parametrize('call', [blocking, awaited])
@pytest.mark.httpx_mock(assert_all_requests_were_expected=False)
def test_not_expected(httpx_mock, call):
    with pytest.raises(Hybrid.SparkTimeoutError):
        call()


@pytest.mark.parametrize('call', [blocking, awaited])
def test_without_the_mock(call):
    assert call() == 1.5
"""


@pytest.mark.thorough
@pytest.mark.parametrize('switch', SWITCHES)
def test_pytest_httpx_answers_and_nothing_goes_to_the_network(server: Server, tmp_path: Path, switch: str) -> None:
    faulty, listener = server
    variables, options = SWITCHES[switch]
    path = tmp_path / 'test_inner.py'
    path.write_text(f'MOCKED = {MOCKED!r}\nOPTIONAL = {options!r}\n{INNER}')
    command = [sys.executable, '-m', 'pytest', '-q', '-p', 'pytest_httpx', '-p', 'no:cacheprovider', str(path)]
    environment = {**os.environ, 'RUNNER': faulty.url, 'PYTEST_DISABLE_PLUGIN_AUTOLOAD': '1', **variables}
    environment.pop('PYTEST_ADDOPTS', None)
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert '6 passed' in done.stdout, done.stdout[-3000:] + done.stderr[-1000:]
    assert (len(faulty.requests), listener.accepted) == (2, 2)
