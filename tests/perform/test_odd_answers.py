"""Answers that are allowed and seldom seen, on a socket; both clients alike."""

from __future__ import annotations

import asyncio
import socket
import time
import zlib
from collections.abc import Generator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

import cspark.wasm as Hybrid
from support.faulty import BODY, Behaviour, Faulty, answers, closes_later, head, misbehaving, sends
from support.worlds import World, client_in

HINTS = b'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n'
PROCESSING = b'HTTP/1.1 102 Processing\r\n\r\n'


@pytest.fixture
def faulty() -> Generator[Faulty]:
    with misbehaving() as server:
        yield server


def numbered(number: int) -> bytes:
    """The answer to one of several calls."""
    return BODY.replace(b'1.5', str(number).encode())


def outputs(hybrid: Hybrid.Client) -> Any:
    return hybrid.services.execute('f/s', inputs={}).output['volume']


@pytest.mark.parametrize('pause', [0, 0.02])
@pytest.mark.parametrize('before', [HINTS, HINTS + PROCESSING, b'HTTP/1.1 100 Continue\r\n\r\n'])
def test_what_comes_before_an_answer_is_not_taken_for_it(
    world: World, faulty: Faulty, before: bytes, pause: float
) -> None:
    def hinting(number: int) -> Behaviour:
        def behave(connection: socket.socket) -> bool:
            connection.sendall(before)
            time.sleep(pause)
            connection.sendall(head(len(numbered(number))) + numbered(number))
            return True

        return behave

    faulty.behave([hinting(number) for number in range(1, 4)])
    with client_in(world, base_url=faulty.url, max_retries=0) as hybrid:
        assert [outputs(hybrid) for _ in range(3)] == [1, 2, 3]


def test_what_follows_an_answer_answers_no_other_call(world: World, faulty: Faulty) -> None:
    chunked = head(None, '200 OK', 'Transfer-Encoding: chunked') + b'%x\r\n' % len(BODY) + BODY + b'\r\n0\r\n\r\n'
    faulty.behave([sends(chunked + head(len(numbered(7))) + numbered(7)), answers(numbered(2))])
    with client_in(world, base_url=faulty.url) as hybrid:
        assert [outputs(hybrid), outputs(hybrid)] == [1.5, 2]


def test_a_refusal_that_comes_before_the_body_was_read_is_seen(faulty: Faulty) -> None:
    """An event loop may drop it together with the connection, so only the blocking client always sees it."""

    def refuses(connection: socket.socket) -> None:
        with connection:
            connection.recv(1000)
            connection.sendall(head(len(BODY), '413 Payload Too Large') + BODY)

    faulty.serve = refuses  # type: ignore[method-assign]
    inputs = [{'height': number, 'name': 'x' * 100} for number in range(20_000)]
    with client_in('sync', base_url=faulty.url, max_retries=0) as hybrid:
        for _ in range(5):
            with pytest.raises(Hybrid.UnknownApiError) as caught:
                hybrid.services.execute('f/s', inputs=inputs)
            assert caught.value.status == 413


def test_a_header_may_be_long(world: World, faulty: Faulty) -> None:
    faulty.behave([answers(BODY, '200 OK', f'Content-Security-Policy: {"x" * 20_000}')])
    with client_in(world, base_url=faulty.url, max_retries=0) as hybrid:
        assert outputs(hybrid) == 1.5


@pytest.mark.parametrize('window', [15, -15], ids=['zlib', 'raw'])
def test_both_kinds_of_deflate_are_read(world: World, faulty: Faulty, window: int) -> None:
    packer = zlib.compressobj(wbits=window)
    faulty.behave([answers(packer.compress(BODY) + packer.flush(), '200 OK', 'Content-Encoding: deflate')])
    with client_in(world, base_url=faulty.url, max_retries=0) as hybrid:
        assert outputs(hybrid) == 1.5


def test_a_call_that_breaks_every_connection_is_sent_twice_at_most(faulty: Faulty) -> None:
    async def main() -> None:
        async with Hybrid.AsyncClient(base_url=faulty.url, tenant='t', token='open', max_retries=0) as hybrid:
            faulty.behave([slow])
            await asyncio.gather(*[hybrid.services.execute('f/s', inputs={}) for _ in range(10)])
            faulty.requests.clear()
            faulty.behave([sends(b'')])
            with pytest.raises(Hybrid.SparkConnectionError):
                await hybrid.services.execute('f/s', inputs={})

    def slow(connection: socket.socket) -> bool:
        time.sleep(0.05)
        return answers()(connection)

    asyncio.run(main())
    assert len(faulty.requests) == 2


@pytest.mark.thorough
def test_addresses_that_do_not_answer_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        full = [stack.enter_context(socket.create_server(('127.0.0.1', 0), backlog=0)) for _ in range(3)]
        addresses = [one.getsockname() for one in full]
        for address in addresses * 3:
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, '', address) for address in addresses]

        def look_up(*_: object, **__: object) -> list[Any]:
            return found

        monkeypatch.setattr(socket, 'getaddrinfo', look_up)
        started = time.monotonic()
        with client_in('sync', base_url='http://runner:3000', max_retries=0, timeout=600) as hybrid:
            with pytest.raises(Hybrid.SparkTimeoutError):
                hybrid.services.execute('f/s', inputs={})
            assert time.monotonic() - started < 1.2


def test_the_wrong_kind_of_http_client_is_refused(world: World) -> None:
    other: Any = httpx.AsyncClient() if world == 'sync' else httpx.Client()
    with pytest.raises(Hybrid.SparkConfigError, match='http_client must be'), client_in(world, http_client=other):
        pass


def test_certificates_that_cannot_be_read_are_said_to_be_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('SSL_CERT_FILE', '/no/such/file.pem')
    with (
        client_in(world, base_url='https://127.0.0.1:1') as hybrid,
        pytest.raises(Hybrid.SparkConfigError, match='SSL_CERT_FILE'),
    ):
        hybrid.services.execute('f/s', inputs={})


def test_a_closed_client_executes_nothing(world: World, faulty: Faulty) -> None:
    faulty.behave([closes_later])
    with client_in(world, base_url=faulty.url) as hybrid:
        hybrid.close()
        results: Any = hybrid.services.execute_many('f/s', [{}], on_error='collect')
        if world == 'sync':
            with pytest.raises(Hybrid.SparkConfigError, match='closed'):
                list(results)
    assert faulty.requests == []
