"""What ends early: an interrupted call, a cancelled task, a closed client; and the client of httpx beneath."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
import pytest

import cspark.wasm as Hybrid
from support.callers import sending_through
from support.faulty import Behaviour, answers
from support.sockets import counted
from support.wire import SUCCESS
from support.worlds import World, client_in


def execute(hybrid: Any) -> Any:
    """The volume that the server answers."""
    return hybrid.services.execute('f/s', inputs={'height': 1}).output['volume']


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


def test_a_closed_client_opens_no_http_client_that_nobody_would_close(world: World) -> None:
    with client_in(world) as hybrid:
        hybrid.close()
        with suppress(Hybrid.SparkConfigError):
            assert hybrid.http_client.is_closed


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
