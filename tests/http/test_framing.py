"""One table: what a server's bytes are, and what the caller gets by each of the four ways, plain and over TLS.

Every row makes two calls on one client. Whatever became of the first, the second gets its own answer, and the server is
asked exactly twice: what was delivered is never sent again as if it had not been.
"""

from __future__ import annotations

import functools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import pytest

import cspark.wasm as Hybrid
from support.callers import sending_through
from support.certificates import authority, server_context
from support.faulty import Behaviour, Faulty, answers, head
from support.framing import (
    BROKEN,
    CUT,
    FOLLOWED,
    GARBLED,
    HINTS,
    LATE,
    NEXT,
    OVER_TLS,
    READ,
    READS,
    REFUSED,
    STRAY,
    Row,
    endless,
    raw,
)
from support.sockets import Listener, counted, listening, secured
from support.worlds import client_in

Way = Literal['sync', 'async', 'httpx', 'httpx async']
Wire = Literal['plain', 'TLS']
OWN: tuple[Way, ...] = ('sync', 'async')
THROUGH: tuple[Way, ...] = ('httpx', 'httpx async')
WAYS = (*OWN, *THROUGH)
WIRES: tuple[Wire, ...] = ('plain', 'TLS')
LIMIT = 20_000
"""The limit of a call, in milliseconds; nothing here may take half of it."""

ROWS: dict[str, Row] = {**REFUSED, **READ, **CUT, **FOLLOWED}
ONCE = ('a length', 'chunks', 'a trailer', 'hints', '100 with a length', 'no reason')
KEPT = {**dict.fromkeys(ONCE, 1), 'HTTP/1.0 that stays': 2, 'no length': 2}
"""How many connections two calls need."""

EACH = [(name, way, wire) for name in ROWS for way in WAYS for wire in WIRES]
TABLE = [
    row for row in EACH if row[1] in OWN or (row[0] not in FOLLOWED and (row[0] not in REFUSED or row[2] == 'plain'))
]
"""What is run: everything, but what is malformed goes over TLS by our own ways alone; and what follows an answer is
kept by httpcore with the connection, where nobody can see it. There the ids of requests alone tell whose it is."""

BADLY = ('a length of -5', 'a chunk of -5', 'a trailer without a colon', 'ICY 200 OK', 'a switch of protocols')
GONE_BY = head(0, '408 Request Timeout', 'Connection: close')
IDLE = {'an answer': STRAY, 'half an answer': STRAY[:-9], 'garbage': b'garbage', 'hints': HINTS, 'a refusal': GONE_BY}
"""What may come while a connection is idle."""


@dataclass(frozen=True)
class Trust:
    """Who the server of a test is, and what trusts it: the file for our own ways, the rest for httpx."""

    server: ssl.SSLContext
    pem: str
    client: ssl.SSLContext


@dataclass(frozen=True)
class Observed:
    """What a caller got of two calls, one after the other, and how often the server was asked and reached."""

    first: str
    second: str
    requests: int
    connections: int
    seconds: float


Observe = Callable[[str, Way, Wire], Observed]

DIGITS = 'h11 takes a number of up to 20 digits as it is, and waits for so many bytes'
BOTH = 'h11 reads chunks where a length is given too, as RFC 9112 allows'
VERSION = 'h11 takes any two digits for a version of HTTP/1.1'
NO_HEAD = 'h11 looks at a status line only when the whole head is there, and waits for it'
DIFFERENCES: dict[str, tuple[tuple[str, ...], str]] = {
    'a length of 20 nines': ((LATE,), DIGITS),
    'a length that overflows to the right one': ((LATE,), DIGITS),
    'a chunk of 17 f': ((LATE,), DIGITS),
    'a chunk that overflows to the right size': ((LATE,), DIGITS),
    'a length and then chunks': ((READS,), BOTH),
    'chunks and then a length': ((READS,), BOTH),
    'the text HTTP/2.0': ((READS,), VERSION),
    'the text HTTP/3.7': ((READS,), VERSION),
    'the text HTTP/0.9': ((READS,), VERSION),
    'another protocol': ((LATE,), NO_HEAD),
    'a body without a head': ((LATE,), NO_HEAD),
    '5,000 headers': ((READS,), 'h11 limits the bytes of a head to some 100 KB, and does not count headers'),
    'lone LFs in chunks': ((LATE,), 'h11 waits for the CR LF after the size of a chunk'),
    'half a body without a length, broken off': ((GARBLED,), 'httpcore takes every end of TLS for one in order'),
    'half a body without a length, reset': ((GARBLED, BROKEN), 'Python takes a reset of TLS for its end at times'),
}
"""What the httpx ways give instead, and why."""


@contextmanager
def serving(wire: Wire, trust: Trust, *behaviours: Behaviour) -> Generator[tuple[Faulty, Listener]]:
    """A server that behaves like this, plain or with TLS."""
    if wire == 'plain':
        with counted(*behaviours) as plain:
            yield plain
        return
    with secured(trust.server) as (faulty, listener):
        faulty.behave(behaviours)
        yield faulty, listener


@contextmanager
def leaving_by(way: Way, trust: Trust, **options: Any) -> Generator[Hybrid.Client]:
    """A client whose calls leave by this way; it has the face of a blocking one and tries nothing twice."""
    world: Literal['sync', 'async'] = 'async' if way.endswith('async') else 'sync'
    options = {'max_retries': 0, 'timeout': LIMIT, **options}
    if way in OWN:
        with client_in(world, verify=trust.pem, **options) as hybrid:
            yield hybrid
        return
    with sending_through(world, {'verify': trust.client, 'trust_env': False}, **options) as (hybrid, _):
        yield hybrid


def got(hybrid: Hybrid.Client, limit: int = LIMIT) -> str:
    """What a caller gets: the value that was read, or which error, and whether it says that something was sent."""
    try:
        answer = hybrid.services.execute('f/s', inputs={'height': 1}, timeout=limit)
        return f'reads {answer.output["volume"]}'
    except (Hybrid.SparkConnectionError, Hybrid.SparkTimeoutError) as error:
        return f'{type(error).__name__}, {"sent" if error.sent else "unsent"}'
    except Hybrid.SparkApiError as error:
        return f'{type(error).__name__} {error.status}'
    except Hybrid.SparkError as error:
        return type(error).__name__


def observed(way: Way, wire: Wire, trust: Trust, behaviour: Behaviour, limit: int = LIMIT) -> Observed:
    """Call twice on one client: the first call meets this behaviour, the next one a runner that answers well."""
    with (
        serving(wire, trust, behaviour, raw(NEXT)) as (faulty, listener),
        leaving_by(way, trust, base_url=faulty.url) as hybrid,
    ):
        started = time.monotonic()
        first = got(hybrid, limit)
        seconds = time.monotonic() - started
        return Observed(first, got(hybrid), len(faulty.requests), listener.accepted, seconds)


@pytest.fixture(scope='module')
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    """A certificate for 127.0.0.1."""
    ca = authority()
    path = tmp_path_factory.mktemp('ca') / 'ca.pem'
    ca.cert_pem.write_to_path(path)
    return Trust(server_context(ca), str(path), ssl.create_default_context(cafile=str(path)))


@pytest.fixture(scope='module')
def observe(trust: Trust) -> Observe:
    """What is observed of a row by a way; each is run once."""

    @functools.cache
    def run(name: str, way: Way, wire: Wire) -> Observed:
        content, after, _ = ROWS[name]
        return observed(way, wire, trust, raw(content, after), 500 if LATE in expected(name, way, wire) else LIMIT)

    return run


def expected(name: str, way: Way, wire: Wire) -> tuple[str, ...]:
    """What the caller of a row may get."""
    if way in THROUGH and name in DIFFERENCES:
        return DIFFERENCES[name][0]
    return OVER_TLS.get(name, ROWS[name][2]) if wire == 'TLS' else ROWS[name][2]


def check(name: str, seen: Observed, may_get: tuple[str, ...]) -> None:
    """Hold what was observed against the table."""
    assert seen.first in may_get
    assert seen.second == 'reads 2.5'
    assert seen.requests == 2
    assert seen.seconds < LIMIT / 2000
    if seen.first == BROKEN or name in FOLLOWED:
        assert seen.connections == 2


@pytest.mark.parametrize(('name', 'way', 'wire'), TABLE)
def test_a_caller_gets_what_the_table_says(name: str, way: Way, wire: Wire, observe: Observe) -> None:
    check(name, observe(name, way, wire), expected(name, way, wire))


@pytest.mark.parametrize('wire', WIRES)
@pytest.mark.parametrize('name', ROWS)
def test_our_own_two_ways_never_differ(name: str, wire: Wire, observe: Observe) -> None:
    assert len({observe(name, way, wire).first for way in OWN}) == 1


@pytest.mark.parametrize('way', OWN)
@pytest.mark.parametrize('name', [name for name in ROWS if name not in FOLLOWED])
def test_it_is_all_the_same_how_an_answer_is_cut_into_pieces(
    name: str, way: Way, observe: Observe, trust: Trust
) -> None:
    content, after, _ = ROWS[name]
    seen = observed(way, 'plain', trust, raw(content, after, pieces=200))
    check(name, seen, (observe(name, way, 'plain').first,))


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('name', KEPT)
def test_a_connection_is_kept_where_the_answer_lets_it(name: str, way: Way, observe: Observe) -> None:
    assert observe(name, way, 'plain').connections == KEPT[name]


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('name', BADLY)
def test_an_upload_that_was_answered_badly_is_not_sent_again(name: str, way: Way, trust: Trust) -> None:
    with (
        serving('plain', trust, raw(ROWS[name][0]), answers()) as (faulty, _),
        leaving_by(way, trust, base_url=faulty.url, max_retries=2, retry_interval=0.01) as hybrid,
    ):
        with pytest.raises(Hybrid.SparkConnectionError) as caught:
            hybrid.services.upload(b'zip')
        assert (caught.value.sent, caught.value.attempts, len(faulty.requests)) == (True, 1, 1)


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('name', BADLY)
def test_a_kept_connection_that_answers_badly_is_not_replaced_in_silence(name: str, way: Way, trust: Trust) -> None:
    with (
        serving('plain', trust, answers(), raw(ROWS[name][0]), raw(NEXT)) as (faulty, listener),
        leaving_by(way, trust, base_url=faulty.url) as hybrid,
    ):
        assert [got(hybrid), got(hybrid), got(hybrid)] == [READS, BROKEN, 'reads 2.5']
        assert (len(faulty.requests), listener.accepted) == (3, 2)


@pytest.mark.parametrize('wire', WIRES)
@pytest.mark.parametrize('way', OWN)
def test_endless_hints_are_an_error_long_before_the_limit(way: Way, wire: Wire, trust: Trust) -> None:
    seen = observed(way, wire, trust, endless(HINTS * 100, 0.001, seconds=45), limit=60_000)
    assert (seen.first, seen.second) == (BROKEN, 'reads 2.5')
    assert seen.seconds < 30


@pytest.mark.thorough
@pytest.mark.parametrize('wire', WIRES)
@pytest.mark.parametrize('way', WAYS)
def test_hints_that_drip_end_with_a_small_limit(way: Way, wire: Wire, trust: Trust) -> None:
    seen = observed(way, wire, trust, endless(HINTS, 0.02, seconds=20), limit=500)
    assert seen.first in {BROKEN, LATE} and seen.second == 'reads 2.5'
    assert seen.seconds < 10


@pytest.mark.parametrize('wire', WIRES)
@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('content', IDLE)
def test_what_came_while_a_connection_was_idle_answers_nothing(
    content: str, way: Way, wire: Wire, trust: Trust
) -> None:
    returned, sent = threading.Event(), threading.Event()

    def behave(connection: socket.socket) -> bool:
        answers()(connection)
        returned.wait(20)
        raw(IDLE[content])(connection)
        sent.set()
        return content != 'a refusal'

    with (
        serving(wire, trust, behave, raw(NEXT)) as (faulty, listener),
        leaving_by(way, trust, base_url=faulty.url) as hybrid,
    ):
        first = got(hybrid)
        returned.set()
        assert sent.wait(20)
        assert [first, got(hybrid)] == [READS, 'reads 2.5']
        assert (len(faulty.requests), listener.accepted) == (2, 2)


def passes_over_one(connection: socket.socket) -> None:
    """Answer the second request of a connection; the client may send it before the first one was read."""
    content = b''
    while content.count(b' HTTP/1.1\r\n') < 2:
        if not (part := connection.recv(65536)):
            return
        content += part
    raw(NEXT)(connection)


@pytest.mark.parametrize('wire', WIRES)
@pytest.mark.parametrize('way', WAYS)
def test_an_answer_before_the_request_answers_no_second_call(way: Way, wire: Wire, trust: Trust) -> None:
    """Whether it came before the first request was sent, a client cannot always tell."""
    faulty = Faulty(behaviours=[raw(NEXT)])
    greeted = threading.Event()

    def serve(plain: socket.socket) -> None:
        plain.settimeout(10)
        with trust.server.wrap_socket(plain, server_side=True) if wire == 'TLS' else plain as connection:
            if not greeted.is_set():
                greeted.set()
                connection.sendall(STRAY)
                passes_over_one(connection)
            faulty.serve(connection)

    with listening(serve) as listener:
        url = f'{"https" if wire == "TLS" else "http"}://127.0.0.1:{listener.port}'
        with leaving_by(way, trust, base_url=url) as hybrid:
            first = got(hybrid)
            assert first in {'reads 9.5', 'reads 2.5', BROKEN, 'SparkConnectionError, unsent'}
            assert got(hybrid) == 'reads 2.5'
