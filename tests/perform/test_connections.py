"""Connections of both clients: kept, replaced, and limited in each phase."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx
import pytest

import cspark.wasm as Hybrid
from support.faulty import BODY, Behaviour, answers, closes_later, head, says_nothing, sends
from support.sockets import counted
from support.worlds import World, client_in


def execute(hybrid: Any) -> Any:
    """The volume that the server answers."""
    return hybrid.services.execute('f/s', inputs={'height': 1}).output['volume']


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
    assert 'did not answer within' not in str(caught.value)


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
        client_in(world, base_url=faulty.url, max_retries=0, timeout=httpx.Timeout(20, pool=0.001)) as hybrid,
    ):
        assert execute(hybrid) == 1.5
