"""Idle connections: closed when they are old, watched by the system, replaced at an age, ended by half an answer."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

import psutil
import pytest

import cspark.wasm as Hybrid
from support.certificates import authority, server_context
from support.faulty import BODY, Behaviour, answers, head
from support.sockets import Listener, counted, secured
from support.ways import NAME, OWN, WAYS, client_by, execute, resolving, within
from support.worlds import World, client_in

MANY = 50
"""So many calls at once."""

LONGEST_IDLE = 5.0
"""Older ones are closed, in seconds."""


def ends_to(port: int) -> list[Any]:
    """The ends of connections that this process has open towards a port."""
    connections = psutil.Process().net_connections('tcp')
    return [one for one in connections if getattr(one.raddr, 'port', None) == port]  # there may be none


def together(hybrid: Any, way: str) -> list[float]:
    """Many calls at once."""
    if 'async' in way:

        async def gathered() -> list[float]:
            calls = [hybrid._target.services.execute('f/s', inputs={'height': 1}) for _ in range(MANY)]
            return [done.output['volume'] for done in await asyncio.gather(*calls)]

        volumes: list[float] = hybrid._loop.run(gathered())
        return volumes
    got: list[float] = []
    threads = [threading.Thread(target=lambda: got.append(execute(hybrid))) for _ in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return got


def meets(barrier: threading.Barrier, closing: threading.Event, *, closes: bool) -> Behaviour:
    """Answer once all are there; then perhaps close when it is said, or go on."""

    def behave(connection: socket.socket) -> bool:
        barrier.wait(60)
        answers()(connection)
        if closes:
            closing.wait(60)
        connection.settimeout(120)
        return not closes

    return behave


@pytest.mark.thorough
def test_connections_that_were_idle_for_long_are_closed_at_the_next_call() -> None:
    opened: list[tuple[str, Any, Listener, Any]] = []
    with ExitStack() as stack:
        closing = threading.Event()
        stack.callback(closing.set)
        for way in WAYS:
            barrier = threading.Barrier(MANY)
            behaviours = [meets(barrier, closing, closes=number % 5 > 0) for number in range(MANY)]
            faulty, listener = stack.enter_context(counted(*behaviours, answers()))
            hybrid = stack.enter_context(client_by(way, base_url=faulty.url, timeout=60_000))
            assert together(hybrid, way) == [1.5] * MANY
            assert listener.accepted == MANY
            opened.append((way, hybrid, listener, faulty))
        closing.set()
        time.sleep(LONGEST_IDLE + 0.3)
        for way, hybrid, listener, _ in opened:
            assert execute(hybrid) == 1.5
            left = [one.status for one in ends_to(listener.port)]
            assert left == ['ESTABLISHED'], f'{way}: {len(left)} connections are left'
            assert listener.accepted == MANY + 1


def test_connections_that_are_idle_for_a_moment_are_kept(world: World) -> None:
    with counted() as (faulty, listener), client_in(world, base_url=faulty.url, max_retries=0) as hybrid:
        for _ in range(4):
            assert execute(hybrid) == 1.5
        assert listener.accepted == 1


WATCHED = {'SO_KEEPALIVE': 1, 'TCP_KEEPIDLE': 60, 'TCP_KEEPINTVL': 10, 'TCP_KEEPCNT': 6}


def watched(port: int) -> dict[str, int]:
    """How the system watches the one connection of this process to a port."""
    (end,) = ends_to(port)
    with socket.socket(fileno=os.dup(end.fd)) as sock:
        levels = {name: socket.SOL_SOCKET if name.startswith('SO_') else socket.IPPROTO_TCP for name in WATCHED}
        found = {name: sock.getsockopt(level, getattr(socket, name)) for name, level in levels.items()}
    return {**found, 'SO_KEEPALIVE': int(found['SO_KEEPALIVE'] != 0)}


@pytest.mark.skipif(sys.platform != 'linux', reason='the names of these options differ')
def test_the_system_watches_a_connection(world: World) -> None:
    with counted() as (faulty, listener), client_in(world, base_url=faulty.url, max_retries=0) as hybrid:
        assert execute(hybrid) == 1.5
        assert watched(listener.port) == WATCHED


@pytest.mark.skipif(sys.platform != 'linux', reason='the names of these options differ')
def test_the_system_watches_a_connection_of_tls(world: World) -> None:
    trusted = authority()
    context = ssl.create_default_context()
    trusted.configure_trust(context)  # pyright: ignore[reportUnknownMemberType]
    with (
        secured(server_context(trusted)) as (faulty, listener),
        client_in(world, base_url=faulty.url, max_retries=0, verify=context) as hybrid,
    ):
        assert execute(hybrid) == 1.5
        assert watched(listener.port) == WATCHED


def test_a_connection_is_replaced_at_its_greatest_age(world: World) -> None:
    options: Any = {'max_retries': 0, 'max_connection_age': 0.2}
    with counted() as (faulty, listener), client_in(world, base_url=faulty.url, **options) as hybrid:
        started = time.monotonic()
        while time.monotonic() - started < 0.3:
            assert execute(hybrid) == 1.5
        assert execute(hybrid) == 1.5
        assert listener.accepted >= 2
        assert listener.ended.acquire(timeout=20), 'the old one is still open'
        assert len(ends_to(listener.port)) == 1


def test_a_connection_is_not_replaced_before(world: World) -> None:
    options: Any = {'max_retries': 0, 'max_connection_age': 3_600}
    with (
        counted() as (faulty, listener),
        client_in(world, base_url=faulty.url, **options) as hybrid,
        client_in(world, base_url=faulty.url, max_retries=0) as plain,
    ):
        started = time.monotonic()
        while time.monotonic() - started < 0.3:
            assert [execute(hybrid), execute(plain)] == [1.5, 1.5]
        assert listener.accepted == 2


@pytest.mark.thorough
def test_a_call_may_take_longer_than_a_connection_gets_old(world: World) -> None:
    def slow(connection: socket.socket) -> bool:
        time.sleep(0.3)
        return answers()(connection)

    options: Any = {'max_retries': 0, 'max_connection_age': 0.1}
    with counted(slow) as (faulty, listener), client_in(world, base_url=faulty.url, **options) as hybrid:
        assert [execute(hybrid), execute(hybrid)] == [1.5, 1.5]
        assert (listener.accepted, len(faulty.requests)) == (2, 2)


def test_a_name_that_leads_elsewhere_is_noticed_at_the_greatest_age(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = answers(BODY.replace(b'1.5', b'2.5'))
    with counted() as (_, first), counted(other) as (_, second):
        leads = [first.port]
        resolving(monkeypatch, lambda: [('127.0.0.1', leads[0])])
        options: Any = {'base_url': f'http://{NAME}:{first.port}', 'max_retries': 0, 'max_connection_age': 0.2}
        with client_in(world, **options) as hybrid:
            assert execute(hybrid) == 1.5
            leads[0] = second.port
            started = time.monotonic()
            while execute(hybrid) != 2.5:
                assert time.monotonic() - started < 20
            assert second.accepted == 1


@pytest.mark.parametrize('age', [-1, float('nan'), '5', True])
def test_an_age_that_is_none_is_refused(age: Any) -> None:
    for kind in (Hybrid.Client, Hybrid.AsyncClient):
        with pytest.raises(Hybrid.SparkConfigError, match='max_connection_age must be'):
            kind(base_url='http://localhost:3000', tenant='t', token='open', max_connection_age=age)


CHUNKED = head(None, '200 OK', 'Transfer-Encoding: chunked')
HALVES = {
    'a part of a head': b'HTTP/1.1 200 OK\r\nContent-Le',
    'a head': head(len(BODY)),
    'a part of a body': head(len(BODY)) + BODY[:10],
    'a part of a chunk': CHUNKED + b'10\r\n{',
    'an informational answer': b'HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n',
}


def then(content: bytes, idle: threading.Event, sent: threading.Event) -> Callable[[socket.socket], bool]:
    """Answer, and send something once the connection is idle."""

    def behave(connection: socket.socket) -> bool:
        answers()(connection)
        assert idle.wait(60)
        connection.sendall(content)
        sent.set()
        return True

    return behave


@pytest.mark.parametrize('half', HALVES)
@pytest.mark.parametrize(('way', 'meanwhile'), [('sync', 0), ('async', 0), ('async', 0.05), ('httpx async', 0.05)])
def test_half_an_answer_on_an_idle_connection_makes_no_call_wait(way: str, meanwhile: float, half: str) -> None:
    idle, sent = threading.Event(), threading.Event()
    limit = 30_000 if way in OWN else 300
    with (
        counted(then(HALVES[half], idle, sent), answers()) as (faulty, listener),
        client_by(way, base_url=faulty.url, timeout=limit) as hybrid,
    ):
        assert execute(hybrid, timeout=30_000) == 1.5
        idle.set()
        assert sent.wait(60)
        if meanwhile:
            awaited: Any = hybrid
            awaited._loop.run(asyncio.sleep(meanwhile))
        with within(15):
            if way in OWN:
                assert execute(hybrid) == 1.5
                assert listener.accepted == 2
            else:
                with suppress(Hybrid.SparkError):
                    assert execute(hybrid) == 1.5
