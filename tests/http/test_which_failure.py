"""Which failure it is: the system's own timeout, an exception of a signal's handler, and limits that mean seconds."""

from __future__ import annotations

import errno
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx
import psutil
import pytest

import cspark.wasm as Hybrid
from support.faulty import Behaviour, answers, says_nothing
from support.sockets import counted, listening
from support.ways import NAME, WAYS, client_by, execute, resolving
from support.wire import Recorder
from support.worlds import World, client_in

LONG = 20_000
"""A limit that no call here reaches, in milliseconds."""

BIG = 'x' * 25_000_000


def is_lost(error: Hybrid.SparkConnectionError | Hybrid.SparkTimeoutError, *, sent: bool) -> None:
    """It is a lost connection, and does not say that a limit of the caller's was reached."""
    assert type(error) is Hybrid.SparkConnectionError
    assert not isinstance(error, TimeoutError)
    assert 'did not answer within' not in str(error)
    assert (error.sent, error.attempts) == (sent, 1)


@contextmanager
def failing(methods: tuple[str, ...], port: int, error: int) -> Generator[None]:
    """Let these methods of a socket fail that leads, or is to lead, to the port."""

    def leads_there(sock: socket.socket, *arguments: Any) -> bool:
        if methods[0] == 'connect':
            address: Any = arguments[0]
            return not isinstance(address, str) and bool(address[1] == port)
        try:
            peer: Any = sock.getpeername()
            return bool(peer[1] == port)
        except (OSError, IndexError):
            return False

    def replaced(original: Any, name: str) -> Any:
        def method(sock: socket.socket, *arguments: Any, **options: Any) -> Any:
            if not leads_there(sock, *arguments):
                return original(sock, *arguments, **options)
            if name == 'connect_ex':
                return error
            raise OSError(error, os.strerror(error))

        return method

    with pytest.MonkeyPatch.context() as patch:
        for name in methods:
            patch.setattr(socket.socket, name, replaced(getattr(socket.socket, name), name), raising=False)
        yield


@pytest.mark.parametrize('code', ['ETIMEDOUT', 'EHOSTUNREACH'])
@pytest.mark.parametrize('kept', [False, True], ids=['new', 'kept'])
@pytest.mark.parametrize('way', WAYS)
def test_a_timeout_of_the_system_while_an_answer_is_read_is_a_lost_connection(way: str, kept: bool, code: str) -> None:
    with counted() as (faulty, listener), client_by(way, base_url=faulty.url, timeout=LONG) as hybrid:
        if kept:
            assert execute(hybrid) == 1.5
        with (
            failing(('recv', 'recv_into'), listener.port, getattr(errno, code)),
            pytest.raises(Hybrid.SparkSdkError) as caught,
        ):
            execute(hybrid)
        error: Any = caught.value
        is_lost(error, sent=True)
        assert execute(hybrid) == 1.5


@pytest.mark.parametrize('way', WAYS)
def test_a_timeout_of_the_system_while_connecting_is_a_runner_out_of_reach(way: str) -> None:
    with counted() as (faulty, listener), client_by(way, base_url=faulty.url, timeout=LONG) as hybrid:
        with (
            failing(('connect', 'connect_ex'), listener.port, errno.ETIMEDOUT),
            pytest.raises(Hybrid.SparkSdkError) as caught,
        ):
            execute(hybrid)
        error: Any = caught.value
        is_lost(error, sent=False)
        assert execute(hybrid) == 1.5


def other_end(peer: tuple[str, int]) -> socket.socket:
    """The socket of this process that has this address."""
    found = next(one for one in psutil.Process().net_connections('tcp') if tuple(one.laddr) == peer)
    return socket.socket(fileno=os.dup(found.fd))


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform != 'linux', reason='TCP_USER_TIMEOUT is of Linux')
@pytest.mark.parametrize('kind', ['a call', 'an upload'])
@pytest.mark.parametrize('way', WAYS)
def test_a_timeout_of_the_system_while_a_body_is_sent_is_a_lost_connection(way: str, kind: str) -> None:
    over = threading.Event()

    def takes_nothing(connection: socket.socket) -> None:
        with other_end(connection.getpeername()) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 50)
        over.wait(LONG / 1000)

    with listening(takes_nothing) as listener:
        url = f'http://127.0.0.1:{listener.port}'
        try:
            with client_by(way, base_url=url, timeout=LONG) as hybrid:
                call = partial(hybrid.services.execute, 'f/s', inputs={'text': BIG})
                send: Any = call if kind == 'a call' else partial(hybrid.services.upload, BIG.encode())
                with pytest.raises(Hybrid.SparkSdkError) as caught:
                    send()
        finally:
            over.set()
    error: Any = caught.value
    is_lost(error, sent=True)


class MineError(Exception):
    """An exception of the caller's own."""


@contextmanager
def alarm(problem: BaseException, seconds: float = 0.15) -> Generator[list[int]]:
    """Let a signal's handler raise this once; the list says how often it has run."""
    rung: list[int] = []

    def ring(number: int, _: object) -> None:
        rung.append(number)
        raise problem

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield rung
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


PROBLEMS: dict[str, Callable[[], Exception]] = {
    'TimeoutError': lambda: TimeoutError('mine'),
    'OSError': lambda: OSError('mine'),
    'ETIMEDOUT': lambda: OSError(errno.ETIMEDOUT, 'mine'),
    'ConnectionResetError': lambda: ConnectionResetError('mine'),
    'an own one': lambda: MineError('mine'),
}


@pytest.mark.parametrize('problem', PROBLEMS)
@pytest.mark.parametrize('kept', [False, True], ids=['new', 'kept'])
@pytest.mark.parametrize('way', ['sync', 'httpx'])
def test_what_the_handler_of_a_signal_raises_comes_out_as_it_is(way: str, kept: bool, problem: str) -> None:
    mine = PROBLEMS[problem]()
    behaviours: list[Behaviour] = [*[answers()] * kept, says_nothing, answers()]
    options: Any = {'max_retries': 3, 'retry_interval': 0.001, 'timeout': LONG}
    with counted(*behaviours) as (faulty, _), client_by(way, base_url=faulty.url, **options) as hybrid:
        if kept:
            execute(hybrid)
        with alarm(mine) as rung, pytest.raises(type(mine)) as caught:
            execute(hybrid)
        assert caught.value is mine
        assert len(rung) == 1
        assert len(faulty.requests) == 1 + kept
        assert execute(hybrid) == 1.5


@pytest.mark.parametrize('phase', ['resolving', 'connecting', 'sending', 'a token', 'a pause'])
@pytest.mark.parametrize('way', ['sync', 'httpx'])
def test_what_the_handler_of_a_signal_raises_comes_out_of_each_phase(
    way: str, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def hangs(*_: object) -> Any:
        over.wait(LONG / 1000)
        raise socket.gaierror(socket.EAI_AGAIN, 'Temporary failure in name resolution')

    busy = answers(b'', '503 Service Unavailable', 'Retry-After: 10')
    mine = TimeoutError('mine')
    options: Any = {'max_retries': 3, 'timeout': LONG, **({'token': hangs} if phase == 'a token' else {})}
    with (
        socket.create_server(('127.0.0.1', 0), backlog=0) as full,
        socket.create_connection(full.getsockname()),
        listening(hangs) as deaf,
        counted(busy) as (faulty, listener),
    ):
        resolving(monkeypatch, hangs)
        port = {'connecting': full.getsockname()[1], 'sending': deaf.port}.get(phase, listener.port)
        host = NAME if phase == 'resolving' else '127.0.0.1'
        with client_by(way, base_url=f'http://{host}:{port}', **options) as hybrid:
            try:
                with alarm(mine, 0.3) as rung, pytest.raises(TimeoutError) as caught:
                    hybrid.services.execute('f/s', inputs={'text': BIG if phase == 'sending' else ''})
            finally:
                over.set()
        assert caught.value is mine
        assert len(rung) == 1
        assert deaf.accepted == (phase == 'sending')
        assert len(faulty.requests) == (phase == 'a pause')


PHASES = [httpx.Timeout(5, connect=0.0005), httpx.Timeout(5, read=0.0009), httpx.Timeout(0.0001)]
SECONDS: list[Any] = [5, 0.5, 9.99, 1, *PHASES]


@pytest.mark.parametrize('timeout', SECONDS, ids=str)
def test_a_limit_that_must_mean_seconds_is_refused(recorder: Recorder, world: World, timeout: Any) -> None:
    kind: Any = Hybrid.Client if world == 'sync' else Hybrid.AsyncClient
    options: dict[str, Any] = {'base_url': recorder.url, 'tenant': 't', 'token': 'open'}
    with client_in(world, **options) as hybrid:
        refusing: dict[str, Callable[[], object]] = {
            'client': lambda: kind(**options, timeout=timeout),
            'configuration': lambda: Hybrid.Config(**options, timeout=timeout),
            'copy of a configuration': lambda: hybrid.config.copy_with(timeout=timeout),
            'copy': lambda: hybrid.with_options(timeout=timeout),
            'call': lambda: execute(hybrid, timeout=timeout),
            'health': lambda: hybrid.health.check(timeout=timeout),
            'upload': lambda: hybrid.services.upload(b'zip', timeout=timeout),
        }
        for name, refuse in refusing.items():
            with pytest.raises(Hybrid.SparkConfigError) as caught:
                refuse()
            words = str(caught.value)
            assert 'millisecond' in words, name
            assert re.search(r'(?<!milli)\bseconds', words), name
    assert recorder.received == []


@pytest.mark.parametrize('timeout', [10, 10.5, 60_000, httpx.Timeout(5, connect=0.001), httpx.Timeout(1)], ids=str)
def test_the_shortest_limit_is_accepted(recorder: Recorder, timeout: Any) -> None:
    with client_in('sync', base_url=recorder.url, timeout=timeout) as hybrid:
        assert hybrid.with_options(timeout=timeout).config.timeout >= 10
