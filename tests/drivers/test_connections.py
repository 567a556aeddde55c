"""Connections of both clients: kept, replaced, limited in each phase, left usable by what interrupts, and closed."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

import cspark.wasm as Hybrid
from support.callers import sending_through
from support.faulty import BODY, Behaviour, answers, closes_later, head, says_nothing, sends
from support.sockets import counted
from support.wire import SUCCESS
from support.worlds import World, client_in


def execute(hybrid: Any, **options: Any) -> Any:
    """The volume that the server answers."""
    return hybrid.services.execute('f/s', inputs={'height': 1}, **options).output['volume']


def chunked(connection: socket.socket) -> bool:
    """Answer in chunks of some bytes, with an extension and a trailer."""
    connection.sendall(head(None, '200 OK', 'Transfer-Encoding: chunked'))
    for start in range(0, len(BODY), 50):
        part = BODY[start : start + 50]
        connection.sendall(f'{len(part):x};note=1\r\n'.encode() + part + b'\r\n')
    connection.sendall(b'0\r\nX-Trailer: 1\r\n\r\n')
    return True


def continued(connection: socket.socket) -> bool:
    """Say that the request may go on, and answer."""
    connection.sendall(b'HTTP/1.1 100 Continue\r\n\r\n')
    return answers()(connection)


def old(connection: socket.socket) -> bool:
    """Answer as HTTP/1.0 does."""
    connection.sendall((head(len(BODY)) + BODY).replace(b'HTTP/1.1', b'HTTP/1.0', 1))
    return True


ANSWERS: dict[str, tuple[Behaviour, bool]] = {
    'with a length': (answers(), True),
    'in chunks': (chunked, True),
    'after 100 Continue': (continued, True),
    'without a length': (sends(head(None) + BODY), False),
    'with `Connection: close`': (answers(BODY, '200 OK', 'Connection: close'), False),
    'with `Connection: Keep-Alive, Close`': (answers(BODY, '200 OK', 'Connection: Keep-Alive, Close'), False),
    'of HTTP/1.0': (old, False),
}


@pytest.mark.parametrize('answer', ANSWERS)
@pytest.mark.parametrize('through', ['its own connections', 'httpx'])
def test_many_calls_use_one_connection_unless_the_answer_ends_it(world: World, answer: str, through: str) -> None:
    behaviour, keeps = ANSWERS[answer]
    with counted(behaviour) as (faulty, listener), client_in(world, base_url=faulty.url, max_retries=0) as hybrid:
        if through == 'httpx':
            assert hybrid.http_client is not None
        assert [execute(hybrid) for _ in range(5)] == [1.5] * 5
        assert listener.accepted == (1 if keeps else 5)
        for _ in range(0 if keeps else 5):
            assert listener.ended.acquire(timeout=10), 'the client has not closed its end'
    assert len(faulty.requests) == 5


@pytest.mark.parametrize('size', [100_000, 300_000, 3_000_000])
def test_a_body_of_any_size_is_sent_whole_and_with_its_length(world: World, size: int) -> None:
    with counted() as (faulty, listener), client_in(world, base_url=faulty.url, max_retries=0) as hybrid:
        for _ in range(2):
            hybrid.services.execute('f/s', inputs={'text': 'x' * size})
    assert listener.accepted == 1
    for request in faulty.requests:
        start, _, body = request.partition(b'\r\n\r\n')
        assert json.loads(body)['request_data']['inputs'] == {'text': 'x' * size}
        assert start.lower().count(b'content-length:') == 1
        assert b'transfer-encoding' not in start.lower()


@pytest.mark.parametrize('status', ['204 No Content', '304 Not Modified', '500 Internal Server Error'])
def test_an_answer_that_is_an_error_leaves_its_connection_usable(world: World, status: str) -> None:
    bad = sends(head(None, status)) if status < '400' else answers(b'no', status)
    with (
        counted(lambda connection: bad(connection) or True, answers()) as (faulty, listener),
        client_in(world, base_url=faulty.url, max_retries=0) as hybrid,
    ):
        with pytest.raises(Hybrid.SparkError):
            execute(hybrid)
        assert execute(hybrid) == 1.5
    assert listener.accepted == 1


@pytest.mark.parametrize('through', ['its own connections', 'httpx'])
def test_an_idle_connection_that_the_server_closed_is_replaced_without_a_retry(world: World, through: str) -> None:
    with (
        counted(closes_later) as (faulty, listener),
        client_in(world, base_url=faulty.url, max_retries=0) as hybrid,
    ):
        if through == 'httpx':
            assert hybrid.http_client is not None
        for calls in range(1, 4):
            assert execute(hybrid) == 1.5
            assert listener.ended.acquire(timeout=10)
            assert listener.accepted == calls


@pytest.mark.parametrize('reset', [False, True])
def test_a_kept_connection_that_is_closed_just_when_it_is_used_is_replaced_without_a_retry(
    world: World, reset: bool
) -> None:
    closes = sends(b'', reset=reset)
    with (
        counted(answers(), closes, answers(), closes) as (faulty, listener),
        client_in(world, base_url=faulty.url, max_retries=0) as hybrid,
    ):
        assert [execute(hybrid), execute(hybrid)] == [1.5, 1.5]
        assert (listener.accepted, len(faulty.requests)) == (2, 3)
        with pytest.raises(Hybrid.SparkConnectionError) as caught:
            execute(hybrid)
        assert caught.value.attempts == 1
        assert (listener.accepted, len(faulty.requests)) == (3, 5)


@pytest.mark.parametrize('begun', [b'HTTP/1.1 200 O', head(1000), head(1000) + BODY])
def test_a_kept_connection_that_broke_within_an_answer_is_not_replaced_without_a_retry(
    world: World, begun: bytes
) -> None:
    with (
        counted(answers(), sends(begun), answers()) as (faulty, _),
        client_in(world, base_url=faulty.url, max_retries=0) as hybrid,
    ):
        assert execute(hybrid) == 1.5
        with pytest.raises(Hybrid.SparkConnectionError):
            execute(hybrid)
        assert len(faulty.requests) == 2
        assert execute(hybrid) == 1.5


def test_a_runner_is_called_by_its_ipv6_address(world: World) -> None:
    with (
        counted(host='::1') as (faulty, listener),
        client_in(world, base_url=faulty.url, max_retries=0) as hybrid,
    ):
        assert [execute(hybrid), hybrid.services.upload(b'zip').status, execute(hybrid)] == [1.5, 200, 1.5]
    hosts = [
        next(line for line in request.split(b'\r\n') if line.lower().startswith(b'host:'))
        for request in faulty.requests
    ]
    assert [host[6:].decode() for host in hosts] == [f'[::1]:{listener.port}'] * 3


@pytest.mark.parametrize('through', ['its own connections', 'httpx'])
def test_the_phase_of_connecting_has_a_limit_of_its_own(world: World, through: str) -> None:
    with socket.create_server(('127.0.0.1', 0), backlog=0) as full, socket.create_connection(full.getsockname()):
        url = f'http://127.0.0.1:{full.getsockname()[1]}'
        with client_in(world, base_url=url, max_retries=0, timeout=httpx.Timeout(20, connect=0.1)) as hybrid:
            if through == 'httpx':
                assert hybrid.http_client is not None
            with pytest.raises(Hybrid.SparkTimeoutError) as caught:
                execute(hybrid)
    assert caught.value.elapsed is not None
    assert caught.value.elapsed < 15


@pytest.mark.parametrize('through', ['its own connections', 'httpx'])
@pytest.mark.parametrize('kept', [False, True], ids=['new', 'kept'])
def test_the_phase_of_reading_has_a_limit_of_its_own(world: World, through: str, kept: bool) -> None:
    with (
        counted(*[answers()] * kept, says_nothing, answers()) as (faulty, _),
        client_in(world, base_url=faulty.url, max_retries=0, timeout=httpx.Timeout(20, read=0.1)) as hybrid,
    ):
        if through == 'httpx':
            assert hybrid.http_client is not None
        for _ in range(kept):
            execute(hybrid)
        with pytest.raises(Hybrid.SparkTimeoutError):
            execute(hybrid)
        assert execute(hybrid) == 1.5
    assert len(faulty.requests) == kept + 2


def test_the_phase_of_waiting_for_a_connection_does_not_limit_how_long_one_takes_to_be_made(world: World) -> None:
    with (
        counted() as (faulty, _),
        client_in(world, base_url=faulty.url, max_retries=0, timeout=httpx.Timeout(20, pool=1e-9)) as hybrid,
    ):
        assert execute(hybrid) == 1.5


def late(value: int, told: Callable[[], None]) -> Behaviour:
    """Tell that the request is there, and answer a moment later."""
    body = json.dumps({**SUCCESS, 'response_data': {'outputs': {'volume': value}}}).encode()

    def behave(connection: socket.socket) -> bool:
        told()
        connection.settimeout(0.3)
        try:
            connection.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            connection.settimeout(10)
        return answers(body)(connection)

    return behave


def test_an_interrupt_from_the_keyboard_leaves_the_client_usable(world: World) -> None:
    main = threading.main_thread().ident
    assert main is not None
    interrupt = late(666, lambda: signal.pthread_kill(main, signal.SIGINT))
    with (
        counted(answers(), interrupt, answers()) as (faulty, listener),
        client_in(world, base_url=faulty.url, max_retries=5) as hybrid,
    ):
        execute(hybrid)
        with pytest.raises(KeyboardInterrupt):
            execute(hybrid)
        assert [execute(hybrid) for _ in range(3)] == [1.5] * 3
        assert (listener.accepted, len(faulty.requests)) == (2, 5)


def test_a_task_that_is_cancelled_leaves_the_client_usable() -> None:
    async def main(url: str, arrived: threading.Event) -> list[float]:
        async with Hybrid.AsyncClient(base_url=url, tenant='t', token='open', max_retries=5) as hybrid:
            task = asyncio.create_task(hybrid.services.execute('f/s', inputs={}))
            await asyncio.to_thread(arrived.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return [(await hybrid.services.execute('f/s', inputs={})).output['volume'] for _ in range(3)]

    arrived = threading.Event()
    with counted(late(666, arrived.set), answers()) as (faulty, listener):
        assert asyncio.run(main(faulty.url, arrived)) == [1.5] * 3
    assert listener.accepted == 2


def test_closing_closes_every_connection_and_a_closed_client_says_so(world: World) -> None:
    with counted() as (faulty, listener), client_in(world, base_url=faulty.url) as hybrid:
        execute(hybrid)
        hybrid.services.upload(b'zip')
        assert listener.accepted == 2
        hybrid.close()
        hybrid.close()
        assert [listener.ended.acquire(timeout=10) for _ in range(2)] == [True, True]
        calls: list[Callable[[], object]] = [
            lambda: execute(hybrid),
            lambda: hybrid.services.upload(b'zip'),
            hybrid.health.check,
        ]
        for call in calls:
            with pytest.raises(Hybrid.SparkConfigError, match='client is closed'):
                call()
    assert (listener.accepted, len(faulty.requests)) == (2, 2)


def test_a_connection_that_is_in_use_while_the_client_is_closed_ends_with_its_call() -> None:
    arrived = threading.Event()
    with counted(late(7, arrived.set)) as (faulty, listener), ThreadPoolExecutor(1) as pool:
        hybrid = Hybrid.Client(base_url=faulty.url, tenant='t', token='open', max_retries=0)
        call = pool.submit(execute, hybrid)
        assert arrived.wait(10)
        hybrid.close()
        assert call.result(10) == 7
        assert listener.ended.acquire(timeout=10)


def test_connections_that_are_too_many_to_be_kept_are_closed() -> None:
    together = threading.Barrier(80)

    def behave(connection: socket.socket) -> bool:
        together.wait(20)
        return answers()(connection)

    with (
        counted(behave) as (faulty, listener),
        client_in('sync', base_url=faulty.url, max_retries=0) as hybrid,
        ThreadPoolExecutor(80) as pool,
    ):
        assert list(pool.map(execute, [hybrid] * 80)) == [1.5] * 80
        for _ in range(80 - 64):
            assert listener.ended.acquire(timeout=10)
        assert not listener.ended.acquire(blocking=False)


def test_everything_goes_through_the_http_client_once_it_was_read(world: World) -> None:
    seen: list[str] = []

    def plain(request: httpx.Request) -> None:
        seen.append(request.headers['x-mine'] + request.url.path[-7:])

    async def awaited(request: httpx.Request) -> None:
        plain(request)

    with counted() as (faulty, _), client_in(world, base_url=faulty.url, max_retries=0) as hybrid:
        execute(hybrid)
        http: Any = hybrid.http_client
        assert hybrid.http_client is http
        http.headers['x-mine'] = 'yes'
        http.event_hooks = {'request': [plain if world == 'sync' else awaited]}
        execute(hybrid)
        hybrid.services.upload(b'zip')
        hybrid.health.check()
    assert seen == ['yes' + path for path in ('execute', '/upload', 'thcheck')]
    assert len(faulty.requests) == 4
    assert http.is_closed


def test_a_callers_http_client_that_is_closed_is_said_to_be(world: World) -> None:
    with counted() as (faulty, _), sending_through(world, {}, base_url=faulty.url) as (hybrid, beneath):
        execute(hybrid)
        if world == 'sync':
            beneath.close()
        else:
            awaited: Any = hybrid
            awaited._loop.run(beneath.aclose())
        with pytest.raises(Hybrid.SparkConfigError, match='closed'):
            execute(hybrid)
