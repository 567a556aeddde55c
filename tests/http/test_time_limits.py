"""The limit of a call holds for whatever may take long: names, addresses, heads, bodies, tokens; on every way."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

import cspark.wasm as Hybrid
from support.faulty import BODY, Behaviour, answers, head
from support.sockets import counted
from support.ways import NAME, OWN, WAYS, client_by, execute, resolving, within

SHORT = 200
"""A limit that is reached before anything is sent, in milliseconds."""

ANSWERED = 1_000
"""A limit that is reached while an answer comes, in milliseconds."""

LONG = 20_000
"""A limit that is not."""

SOON = 10
"""What ended within so many seconds has not waited for what takes twice as long."""

HANGS = 20
"""How long something takes that the limit must end, in seconds."""

Addresses = list[tuple[str, int]]


def hanging(over: threading.Event) -> Callable[[], Addresses]:
    """A resolver that gives up much later."""

    def found() -> Addresses:
        over.wait(HANGS)
        raise socket.gaierror(socket.EAI_AGAIN, 'Temporary failure in name resolution')

    return found


@pytest.mark.thorough
@pytest.mark.parametrize('way', WAYS)
def test_a_name_that_is_not_resolved_ends_with_the_limit(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    resolving(monkeypatch, hanging(over))
    with client_by(way, base_url=f'http://{NAME}:3000', timeout=SHORT) as hybrid:
        try:
            with within(SOON), pytest.raises(Hybrid.SparkTimeoutError, match=f'within {SHORT} ms') as caught:
                execute(hybrid)
            with within(SOON), pytest.raises(Hybrid.SparkTimeoutError):
                execute(hybrid)
        finally:
            over.set()
    assert not caught.value.sent


@pytest.fixture
def dead() -> Generator[Callable[..., tuple[str, int]]]:
    """Lets a port of 127.0.0.2 answer nobody who wants to connect."""
    if sys.platform != 'linux':
        pytest.skip('only Linux has a second address of loopback, and drops what a full backlog has no room for')
    held: list[socket.socket] = []

    def blocked(port: int = 0) -> tuple[str, int]:
        full = socket.create_server(('127.0.0.2', port), backlog=0)
        address: tuple[str, int] = full.getsockname()
        held.extend([full, socket.create_connection(address)])
        return address

    yield blocked
    for one in held:
        one.close()


@pytest.mark.thorough
@pytest.mark.parametrize('way', ['sync', 'async', 'httpx async'])
def test_a_dead_first_address_costs_a_moment_on_each_new_connection(
    way: str, dead: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = answers(BODY, '200 OK', 'Connection: close')
    with (
        counted(once) as (_, listener),
        client_by(way, base_url=f'http://{NAME}:{listener.port}', timeout=LONG) as hybrid,
    ):
        first = dead(listener.port)
        resolving(monkeypatch, lambda: [first, ('127.0.0.1', listener.port)])
        for calls in (1, 2, 3):
            with within(SOON):
                assert execute(hybrid) == 1.5
            assert listener.accepted == calls


@pytest.mark.parametrize('way', OWN)
def test_a_first_address_that_refuses_costs_nothing(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with counted() as (_, listener), client_by(way, base_url=f'http://{NAME}:{listener.port}', timeout=LONG) as hybrid:
        resolving(monkeypatch, lambda: [('127.0.0.2', listener.port), ('127.0.0.1', listener.port)])
        with within(SOON):
            assert execute(hybrid) == 1.5


@pytest.mark.parametrize('way', WAYS)
def test_many_dead_addresses_share_one_limit(way: str, dead: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    address = dead()
    resolving(monkeypatch, lambda: [address] * 100)
    with (
        client_by(way, base_url=f'http://{NAME}:{address[1]}', timeout=SHORT) as hybrid,
        within(SOON),
        pytest.raises(Hybrid.SparkTimeoutError, match=f'within {SHORT} ms') as caught,
    ):
        execute(hybrid)
    assert not caught.value.sent


@dataclass(frozen=True)
class Endless:
    """What a server answers without an end: a start, and then the same piece again and again."""

    start: bytes
    piece: bytes
    pause: float = 0.02

    def until(self, over: threading.Event) -> Behaviour:
        """Answer so until the client leaves or it is over."""

        def behave(connection: socket.socket) -> bool:
            connection.sendall(self.start)
            while not over.wait(self.pause):
                connection.sendall(self.piece)
            return False

        return behave


CHUNKED = head(None, '200 OK', 'Transfer-Encoding: chunked')
EARLY = b'HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n'
ENDLESS = {
    'a status line that drips': Endless(b'HTTP/1.1 200 ', b'O'),
    'a header that drips': Endless(b'HTTP/1.1 200 OK\r\nX-Long: ', b'x'),
    'headers without an end': Endless(b'HTTP/1.1 200 OK\r\n', b'X-One-More: yes\r\n'),
    'a body that drips': Endless(head(100_000), b' '),
    'a body without a length that drips': Endless(head(None), b' '),
    'chunks that drip': Endless(CHUNKED, b'1\r\n \r\n'),
    'a chunk that drips': Endless(CHUNKED + b'ffff\r\n', b' '),
    'trailers without an end': Endless(CHUNKED + b'0\r\n', b'X-One-More: yes\r\n'),
    'an error whose body drips': Endless(head(100_000, '503 Service Unavailable'), b' '),
    'informational answers': Endless(b'', EARLY),
    'informational answers as fast as they can': Endless(b'', EARLY * 100, pause=0.001),
    'a continue without an end': Endless(b'', b'HTTP/1.1 100 Continue\r\n\r\n'),
}
HAS_A_COUNT = ('informational', 'continue', 'without an end')
"""Of these, there may also be too many."""


def waited_for(way: str, server: str) -> str:
    """Call a server whose answer has no end; what is wrong with how the call ended, if anything."""
    expected = ['SparkTimeoutError']
    if any(word in server for word in HAS_A_COUNT):
        expected.append('SparkConnectionError')
    over = threading.Event()
    behaviour = ENDLESS[server].until(over)
    with counted(behaviour) as (faulty, listener), client_by(way, base_url=faulty.url) as hybrid:
        started = time.monotonic()
        try:
            return f'answered {execute(hybrid, timeout=ANSWERED)}'
        except Hybrid.SparkError as error:
            seconds, found = time.monotonic() - started, error
        # A blocking client of httpx can be left on a thread of its own, and not be ended.
        is_over = way == 'httpx' or listener.ended.acquire(timeout=SOON)
        over.set()
        told = [type(found).__name__ in expected, getattr(found, 'sent', None), found.attempts, len(faulty.requests)]
    if told != [True, True, 1, 1]:
        return f'{found!r}, {told}'
    if seconds >= SOON:
        return f'it took {seconds:.1f} s'
    return '' if is_over else 'the connection goes on after the call'


@pytest.mark.thorough
@pytest.mark.parametrize('way', WAYS)
def test_an_answer_without_an_end_ends_with_the_limit(way: str) -> None:
    with ThreadPoolExecutor(len(ENDLESS)) as pool:  # at once: each takes as long as the limit
        problems = dict(zip(ENDLESS, pool.map(partial(waited_for, way), ENDLESS), strict=True))
    assert {server: problem for server, problem in problems.items() if problem} == {}


@pytest.mark.thorough
@pytest.mark.parametrize('way', WAYS)
def test_an_upload_whose_answer_drips_ends_with_the_limit(way: str) -> None:
    over = threading.Event()
    dripping = ENDLESS['a header that drips'].until(over)
    with counted(dripping) as (faulty, _), client_by(way, base_url=faulty.url) as hybrid:
        with within(SOON), pytest.raises(Hybrid.SparkTimeoutError, match=f'within {ANSWERED} ms'):
            hybrid.services.upload(b'zip', timeout=ANSWERED)
        over.set()
    assert len(faulty.requests) == 1


@pytest.mark.thorough
@pytest.mark.parametrize(
    ('way', 'kind'), [(way, 'plain') for way in WAYS] + [('async', 'awaited'), ('httpx async', 'awaited')]
)
def test_a_token_that_takes_long_is_within_the_limit(way: str, kind: str) -> None:
    over = threading.Event()

    def plain() -> str:
        over.wait(HANGS)
        return 'token'

    async def awaited() -> str:
        await asyncio.sleep(HANGS)
        return 'token'

    token = plain if kind == 'plain' else awaited
    with counted() as (faulty, _), client_by(way, base_url=faulty.url, token=token, timeout=SHORT) as hybrid:
        try:
            for _ in range(2):
                with within(SOON), pytest.raises(Hybrid.SparkTimeoutError, match=f'within {SHORT} ms') as caught:
                    execute(hybrid)
                assert not caught.value.sent
        finally:
            over.set()
    assert faulty.requests == []
