"""Limits of a call: its time, its retries, its own headers, and what is logged of it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import httpx
import pytest

import cspark.wasm as Hybrid
from support.callers import sending_through
from support.faulty import BODY, Behaviour, answers, drips, head, misbehaving, says_nothing
from support.wire import SUCCESS, Recorder, Reply
from support.worlds import World, client_in

opened: Callable[..., AbstractContextManager[Any]] = client_in
"""A client of either kind, without types: limits of wrong types are given to it."""

BUSY = Reply(503, {'message': 'busy'})


WAITED: list[str] = []


def drips_head(connection: Any) -> bool:
    """Send the head of an answer byte by byte, in some seconds; a test that waits for all of it fails."""
    for byte in head(len(BODY), '200 OK', f'X-Long: {"x" * 50}'):
        time.sleep(0.02)
        connection.sendall(bytes([byte]))
    time.sleep(0.1)
    connection.sendall(BODY)
    WAITED.append('for the head')
    return True


SLOW: dict[str, Behaviour] = {'says nothing': says_nothing, 'drips its body': drips, 'drips its head': drips_head}


@pytest.mark.parametrize('server', SLOW)
@pytest.mark.parametrize('where', ['of the client', 'of the call'])
def test_the_timeout_is_the_limit_of_a_whole_call(world: World, server: str, where: str) -> None:
    limit = {'timeout': 200}
    with (
        misbehaving() as faulty,
        opened(world, base_url=faulty.url, **(limit if 'client' in where else {})) as hybrid,
    ):
        WAITED.clear()
        faulty.behave([SLOW[server]])
        if where == 'of a copy':
            assert hybrid.with_options(timeout=200).config.timeout_in_sec == 0.2
        call: Any = {} if 'client' in where else limit
        with pytest.raises(Hybrid.SparkTimeoutError, match='did not answer within 200 ms') as caught:
            hybrid.services.execute('f/s', inputs={}, **call)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.attempts == 1
    assert WAITED == []


@pytest.mark.parametrize('verb', ['health', 'version', 'status', 'validate', 'get_metadata', 'upload'])
def test_every_verb_takes_limits_of_its_own(world: World, verb: str) -> None:
    version = '00000000-0000-0000-0000-000000000001'
    with misbehaving() as faulty, opened(world, base_url=faulty.url) as hybrid:
        faulty.behave([says_nothing])
        calls: dict[str, Callable[..., Any]] = {
            'health': hybrid.health.check,
            'version': hybrid.version.get,
            'status': hybrid.status.get,
            'upload': partial(hybrid.services.upload, b'zip'),
            'validate': partial(hybrid.services.validate, version_id=version),
            'get_metadata': partial(hybrid.services.get_metadata, version_id=version),
        }
        with pytest.raises(Hybrid.SparkTimeoutError, match='within 100 ms'):
            calls[verb](timeout=100, headers={'x-mine': 'yes'})
        faulty.behave([answers(status='429 Too Many Requests')])
        with pytest.raises(Hybrid.RateLimitError) as caught:
            calls[verb](max_retries=0, headers={'x-mine': 'yes'})
        assert caught.value.attempts == 1
        assert all(b'x-mine: yes' in request for request in faulty.requests) and faulty.requests


def test_retries_and_their_pauses_are_within_the_timeout(recorder: Recorder, world: World) -> None:
    recorder.reply(BUSY)
    limits = {'max_retries': 10_000, 'retry_interval': 0.01, 'timeout': 300}
    failures = (Hybrid.ServiceUnavailableError, Hybrid.SparkTimeoutError)
    with opened(world, base_url=recorder.url, **limits) as hybrid, pytest.raises(failures) as caught:
        hybrid.health.check()
    # The last attempt may run out of time before it is sent.
    assert 1 < len(recorder.received) <= caught.value.attempts <= len(recorder.received) + 1 < 1000


def test_a_pause_that_is_longer_than_the_time_left_is_not_begun(recorder: Recorder, world: World) -> None:
    recorder.reply(Reply(503, {'message': 'busy'}, {'Retry-After': '100'}))
    client = opened(world, base_url=recorder.url, timeout=5_000)
    with client as hybrid, pytest.raises(Hybrid.ServiceUnavailableError, match='busy') as caught:
        hybrid.health.check()
    assert caught.value.attempts == 1


@pytest.mark.parametrize('where', ['of the client', 'of the call'])
def test_an_httpx_timeout_limits_the_phases_of_each_attempt(world: World, where: str) -> None:
    phases = {'timeout': httpx.Timeout(5, read=0.1)}
    client, call = (phases, {}) if 'client' in where else ({}, phases)
    with misbehaving() as faulty, opened(world, base_url=faulty.url, **client) as hybrid:
        faulty.behave([says_nothing])
        with pytest.raises(Hybrid.SparkTimeoutError) as caught:
            hybrid.services.execute('f/s', inputs={}, max_retries=0, **call)
        assert '60000' not in str(caught.value)
        faulty.behave([answers()])
        assert hybrid.services.execute('f/s', inputs={}, **call).status == 200


@pytest.mark.thorough
def test_a_pool_without_a_free_connection_is_waited_for_within_its_phase() -> None:
    http = {'limits': httpx.Limits(max_connections=1)}
    with misbehaving() as faulty, sending_through('sync', http, base_url=faulty.url, max_retries=0) as (hybrid, _):
        faulty.behave([says_nothing])
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(lambda: hybrid.health.check(timeout=1_000))
            while not faulty.requests:
                time.sleep(0.001)
            with pytest.raises(Hybrid.SparkTimeoutError):
                hybrid.health.check(timeout=httpx.Timeout(5, pool=0.05))
            assert isinstance(first.exception(), Hybrid.SparkTimeoutError)
    assert len(faulty.requests) == 1


WRONG: list[tuple[dict[str, Any], str]] = [
    ({'timeout': 0}, 'timeout must be a number of milliseconds above 0'),
    ({'timeout': -1}, 'timeout must be'),
    ({'timeout': float('nan')}, 'timeout must be'),
    ({'timeout': float('inf')}, 'timeout must be'),
    ({'timeout': True}, 'timeout must be'),
    ({'timeout': '60'}, 'timeout must be'),
    ({'timeout': httpx.Timeout(None)}, 'timeout has no limit for connect, pool, read, write'),
    ({'timeout': httpx.Timeout(5, read=None)}, 'timeout has no limit for read'),
    ({'max_retries': -1}, 'max_retries must be a whole number'),
    ({'max_retries': 1.5}, 'max_retries must be'),
    ({'max_retries': True}, 'max_retries must be'),
    ({'max_retries': '2'}, 'max_retries must be'),
]


@pytest.mark.parametrize(('options', 'words'), WRONG, ids=[str(options) for options, _ in WRONG])
def test_a_wrong_limit_is_an_error_before_anything_is_sent(
    recorded: Hybrid.Client, recorder: Recorder, options: dict[str, Any], words: str
) -> None:
    build = partial(Hybrid.Client, base_url=recorder.url, tenant='t', token='open')
    calls: list[Callable[..., Any]] = [recorded.health.check, recorded.with_options, build]
    for call in calls:
        with pytest.raises(Hybrid.SparkConfigError, match=words):
            call(**options)
    assert recorder.received == []


@pytest.mark.parametrize('where', ['of the client', 'of the call'])
@pytest.mark.parametrize(
    ('retries', 'attempts'),
    [
        (0, 1),
        (1, 2),
        (5, 6),
        (None, 3),
        (Hybrid.RetryPolicy(max_retries=4, interval=0.001), 5),
        (Hybrid.RetryPolicy(max_retries=0), 1),
        (Hybrid.RetryPolicy(interval=0.001, statuses_when_safe=frozenset()), 1),
    ],
)
def test_a_call_is_tried_again_as_often_as_is_said(
    recorder: Recorder, world: World, retries: Any, attempts: int, where: str
) -> None:
    recorder.reply(BUSY)
    interval = {} if isinstance(retries, Hybrid.RetryPolicy) and 'client' in where else {'retry_interval': 0.001}
    client, call = ({'max_retries': retries}, {}) if 'client' in where else ({}, {'max_retries': retries})
    opening = opened(world, base_url=recorder.url, **interval, **client)
    with opening as hybrid, pytest.raises(Hybrid.ServiceUnavailableError) as caught:
        hybrid.health.check(**call)
    assert caught.value.attempts == len(recorder.received) == attempts


def test_a_policy_says_which_statuses_are_tried_again(recorder: Recorder, world: World) -> None:
    policy = Hybrid.RetryPolicy(interval=0.001, statuses=frozenset({500}))
    recorder.reply(Reply(500), Reply(500), Reply())
    with opened(world, base_url=recorder.url, max_retries=policy) as hybrid:
        assert hybrid.services.upload(b'zip').status == 200
        recorder.reply(Reply(429))
        with pytest.raises(Hybrid.RateLimitError) as caught:
            hybrid.health.check()
    assert caught.value.attempts == 1


def test_headers_of_a_call_go_before_those_of_the_client(recorder: Recorder, world: World) -> None:
    with opened(world, base_url=recorder.url, extra_headers={'X-Mine': 'client', 'x-other': 'client'}) as hybrid:
        hybrid.health.check(headers={'x-mine': 'call'})
        assert recorder.last.headers['x-mine'] == 'call'
        assert recorder.last.headers['x-other'] == 'client'
        hybrid.health.check()
        assert recorder.last.headers['x-mine'] == 'client'
    with misbehaving() as faulty, opened(world, base_url=faulty.url, extra_headers={'X-Mine': 'client'}) as hybrid:
        faulty.behave([answers()])
        hybrid.health.check(headers={'x-mine': 'call', 'X-Request-ID': 'my-own', 'user-agent': 'mine'})
    for name in (b'x-mine', b'x-request-id', b'user-agent'):
        assert faulty.requests[0].lower().count(b'\r\n' + name + b':') == 1


@pytest.mark.parametrize('logger', [True, 'mine', {'context': 'mine'}, Hybrid.LoggerOptions(context='mine')])
def test_each_retry_is_logged_at_info_with_its_reason(
    recorder: Recorder, world: World, caplog: pytest.LogCaptureFixture, logger: Any
) -> None:
    name = 'cspark.wasm' if logger is True else 'mine'
    options: dict[str, Any] = {
        'retry_interval': 0.001,
        'logger': logging.getLogger(name) if logger == 'mine' else logger,
    }
    recorder.reply(BUSY, Reply(429, SUCCESS, {'Retry-After': '0'}), Reply())
    with caplog.at_level(logging.INFO), opened(world, base_url=recorder.url, **options) as hybrid:
        hybrid.services.execute('f/s', inputs={})
    records = [record for record in caplog.records if record.name == name]
    assert [record.levelname for record in records] == ['INFO', 'INFO']
    seen: list[dict[str, Any]] = [record.__dict__['spark'] for record in records]
    assert [one['attempt'] for one in seen] == [1, 2]
    assert [one['reason'] for one in seen] == ['status 503', 'status 429 with Retry-After']
    assert 0 < seen[0]['pause'] <= 0.001
    assert seen[1]['pause'] == 0
    for record in records:
        assert record.getMessage().startswith(f'POST {recorder.url}/my-tenant/api/v3/folders/f/services/s/execute: ')
        assert 'trying again' in record.getMessage()


def test_an_answer_is_logged_at_debug_with_its_figures(
    recorder: Recorder, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, 'cspark.wasm'), opened(world, base_url=recorder.url) as hybrid:
        answer = hybrid.health.check()
    (record,) = [record for record in caplog.records if record.name == 'cspark.wasm']
    assert record.levelname == 'DEBUG'
    seen = record.__dict__['spark']
    assert (seen['status'], seen['bytes']) == (200, len(answer.buffer))
    assert seen['seconds'] > 0


@pytest.mark.parametrize('logger', [False, {'disabled': True}, Hybrid.LoggerOptions(disabled=True)])
def test_a_client_without_a_logger_logs_nothing(
    recorder: Recorder, world: World, caplog: pytest.LogCaptureFixture, logger: Any
) -> None:
    recorder.reply(BUSY, Reply())
    with (
        caplog.at_level(logging.DEBUG),
        opened(world, base_url=recorder.url, retry_interval=0, logger=logger) as hybrid,
    ):
        hybrid.health.check()
    assert [record for record in caplog.records if record.name.startswith('cspark')] == []
    assert not logging.getLogger('cspark.wasm').disabled


def test_no_logger_is_changed(recorder: Recorder, world: World) -> None:
    def state() -> dict[str, Any]:
        names = ('', 'cspark', 'cspark.wasm', 'httpx', 'httpcore', 'asyncio')
        loggers = [logging.getLogger(name) for name in names]
        return {
            one.name: (one.level, one.disabled, one.propagate, list(one.handlers), list(one.filters)) for one in loggers
        }

    before = state()
    for logger in (True, False, {'level': logging.DEBUG, 'colorful': True}):
        with opened(world, base_url=recorder.url, logger=logger) as hybrid:
            hybrid.health.check()
    assert state() == before


def takes_slowly(connection: Any) -> None:
    """Take a body bit by bit, for some seconds, and answer."""
    with connection:
        connection.settimeout(0.2)
        try:
            for _ in range(200):
                connection.recv(20_000)
                time.sleep(0.02)
        except OSError:
            return
        connection.sendall(head(len(BODY)) + BODY)


@pytest.mark.thorough
def test_an_upload_that_is_taken_slowly_ends_with_the_time_of_the_call(world: World) -> None:
    with misbehaving() as faulty:
        faulty.serve = takes_slowly  # type: ignore[method-assign]
        with client_in(world, base_url=faulty.url, timeout=500, max_retries=0) as hybrid:
            started = time.monotonic()
            with pytest.raises(Hybrid.SparkTimeoutError):
                hybrid.services.upload(b'x' * 30_000_000)
            assert time.monotonic() - started < 2


@pytest.mark.thorough
def test_a_body_that_nobody_takes_ends_with_the_limit_of_writing(world: World) -> None:
    over = threading.Event()

    def takes_nothing(connection: Any) -> None:
        with connection:
            over.wait(20)

    inputs = [{'name': 'x' * 100}] * 200_000
    with misbehaving() as faulty:
        faulty.serve = takes_nothing  # type: ignore[method-assign]
        with client_in(world, base_url=faulty.url, timeout=httpx.Timeout(20, write=0.3), max_retries=0) as hybrid:
            started = time.monotonic()
            with pytest.raises(Hybrid.SparkTimeoutError):
                hybrid.services.execute('f/s', inputs=inputs)
            assert time.monotonic() - started < 5
        over.set()


@pytest.mark.thorough
def test_a_body_that_is_taken_slowly_is_within_the_limit_of_writing(world: World) -> None:
    def steady(connection: Any) -> None:
        with connection:
            end = b''
            while b'"the last"' not in end:
                end = end[-20:] + connection.recv(200_000)
                time.sleep(0.01)  # so that the whole takes twice the limit of a wait
            connection.sendall(head(len(BODY)) + BODY)

    inputs = [{'name': 'a' * 100}] * 100_000 + [{'name': 'the last'}]
    with misbehaving() as faulty:
        faulty.serve = steady  # type: ignore[method-assign]
        timeout = httpx.Timeout(20, write=0.25)
        with client_in(world, base_url=faulty.url, timeout=timeout, max_retries=0) as hybrid:
            assert hybrid.services.execute('f/s', inputs=inputs).status == 200
