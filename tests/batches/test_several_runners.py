"""Calls are spread over runners, and one that is dead, busy or coming back loses and repeats nothing."""

from __future__ import annotations

import importlib
import itertools
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

import cspark.wasm as Hybrid
from cspark.wasm.batches import runners
from support.many import URI, Squares, of_side, squaring

pa: Any = importlib.import_module('pyarrow')

COUNT = 300


@pytest.fixture
def first() -> Iterator[Squares]:
    with squaring() as started:
        yield started


@pytest.fixture
def second() -> Iterator[Squares]:
    with squaring() as started:
        yield started


@pytest.fixture
def dead() -> Iterator[str]:
    """An address of this machine where nobody listens."""
    with socket.socket() as bound:
        bound.bind(('127.0.0.1', 0))
        yield f'http://127.0.0.1:{bound.getsockname()[1]}'


def sides(count: int, start: int = 0) -> Any:
    return pa.table({'side': list(range(start, start + count))})


def made(*urls: str, **options: Any) -> Hybrid.Batches:
    settings: dict[str, Any] = {'chunk_size': 10, 'max_retries': 0, 'outputs': {'area': 'integer'}, **options}
    return Hybrid.Batches(URI, base_url=list(urls), tenant='my-tenant', token='open', **settings)


def check(table: Any, count: int = COUNT) -> None:
    assert table.column('area').to_pylist() == [side**2 for side in range(count)]
    assert table.column('errors').null_count == count


def once_each(*all_runners: Squares) -> bool:
    return sum((one.executed for one in all_runners), Counter[Any]()) == Counter(range(COUNT))


def test_calls_are_spread(first: Squares, second: Squares) -> None:
    with made(first.url, second.url) as batches:
        check(batches(sides(COUNT)))
    assert once_each(first, second)
    assert first.executed
    assert second.executed


@pytest.mark.parametrize('place', [0, 1, 2])
def test_one_of_three_is_dead(first: Squares, second: Squares, dead: str, place: int) -> None:
    urls = [first.url, second.url]
    urls.insert(place, dead)
    with made(*urls) as batches:
        check(batches(sides(COUNT)))
    assert once_each(first, second)


@pytest.mark.parametrize('status', [429, 502, 503])
def test_one_of_two_is_always_busy(first: Squares, second: Squares, status: int) -> None:
    first.busy = itertools.repeat(status)
    with made(first.url, second.url) as batches:
        check(batches(sides(COUNT)))
    assert once_each(second)


@pytest.mark.thorough
def test_the_only_runner_of_a_list_that_is_not_dead_is_busy_for_a_moment(
    first: Squares, dead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_health(monkeypatch)
    first.busy = iter([503, 503])
    with made(first.url, dead) as batches:
        check(batches(sides(COUNT)))
    assert once_each(first)


@pytest.mark.parametrize('status', [404, 500, 501])
def test_a_health_check_that_fails_leaves_the_runner_out_and_is_not_the_error_of_records(
    first: Squares, second: Squares, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(runners, 'FIRST_REST', 0.0)
    with made(first.url, second.url, on_error='collect') as batches:
        answer_health(monkeypatch, status)
        first.busy = iter([503])
        for _ in range(2):
            check(batches(sides(COUNT)))


def answer_health(monkeypatch: pytest.MonkeyPatch, status: int = 200) -> None:
    """Let the fakes answer health checks with a status: they have no such operation, and answer 501."""
    content = b'{"status": "UP"}'
    head = f'HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n'

    def do_get(handler: Any) -> None:
        handler.wfile.write(head.encode() + content)

    monkeypatch.setattr(BaseHTTPRequestHandler, 'do_GET', do_get, raising=False)


def test_a_runner_that_comes_back_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runners, 'FIRST_REST', 0.0)
    with squaring() as first, squaring() as second:
        answer_health(monkeypatch)
        first.busy = iter([503, 503])
        with made(first.url, second.url) as batches:
            check(batches(sides(COUNT)))
            first.executed.clear()
            second.executed.clear()
            check(batches(sides(COUNT)))
        assert first.executed
        assert once_each(first, second)


@pytest.mark.thorough
def test_a_poison_record_that_breaks_connections_fails_alone_with_two_runners(
    first: Squares, second: Squares, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_health(monkeypatch)
    for one in (first, second):
        one.poison, one.status = of_side(5), 0
    with made(first.url, second.url, on_error='collect') as batches:
        table = batches(sides(30))
    assert table.column('area').to_pylist() == [None if side == 5 else side**2 for side in range(30)]
    assert [bool(one) for one in table.column('errors').to_pylist()] == [side == 5 for side in range(30)]
    assert max((first.executed + second.executed).values()) == 1


@pytest.mark.thorough
def test_a_runner_that_is_stopped_and_started_again_on_its_port_loses_nothing() -> None:
    done: list[Any] = []
    with squaring() as squares:
        port = int(squares.url.rpartition(':')[2])
        batches = made(squares.url, concurrency=1)
        done.append(batches(sides(20)))
    again: list[Squares] = []
    end = threading.Event()

    def restart() -> None:
        time.sleep(0.5)
        with squaring(port) as started:
            again.append(started)
            end.wait(60)

    thread = threading.Thread(target=restart)
    thread.start()
    try:
        with batches:
            check(batches(sides(20)), 20)
    finally:
        end.set()
        thread.join()
    assert again[0].executed == Counter(range(20))


@pytest.mark.thorough
def test_all_runners_dead_is_an_error_and_not_an_endless_wait(dead: str) -> None:
    with made(dead, dead) as batches, pytest.raises(Hybrid.SparkError, match=r'127\.0\.0\.1'):
        batches(sides(3))


@pytest.mark.parametrize('urls', [[None], ['http://127.0.0.1:9', None], ['http://127.0.0.1:9', ''], [[]], [5], []])
def test_a_list_with_something_else_than_addresses_is_refused(urls: list[Any]) -> None:
    with pytest.raises(Hybrid.SparkConfigError):
        made(*urls)
