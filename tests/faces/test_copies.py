"""`with_options`: a client with other options on the same connections, which keeps every other setting."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest

import cspark.wasm as Hybrid
from support.callers import sending_through
from support.faulty import answers, misbehaving
from support.wire import Recorder, Reply
from support.worlds import Awaited, World, client_in

ALL: dict[str, Any] = {
    'tenant': 'first',
    'token': 'token-1',
    'timeout': 4321,
    'max_retries': Hybrid.RetryPolicy(max_retries=7, interval=0.5, longest_pause=9, uploads=True),
    'extra_headers': {'x-mine': '1'},
    'logger': logging.getLogger('mine'),
}
POLICY = {'max_retries': 2, 'retry_interval': 1, 'retry.longest_pause': 30, 'retry.uploads': False}
OTHERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({'tenant': 'second'}, {'base_url.tenant': 'second'}),
    ({'token': 'token-2'}, {'auth.token': 'token-2'}),
    ({'token': 'open'}, {'auth.is_open': True, 'auth.token': 'open'}),
    ({'api_key': 'key-for-second'}, {'auth.api_key': '********cond', 'auth.token': None}),
    ({'auth': httpx.BasicAuth('u', 'p')}, {'auth.token': None}),
    ({'timeout': 1234}, {'timeout': 1234}),
    ({'timeout': httpx.Timeout(5)}, {'timeout': 60_000}),
    ({'max_retries': 0}, {'max_retries': 0}),
    ({'retry_interval': 2}, {'retry_interval': 2}),
    (
        {'max_retries': Hybrid.RetryPolicy()},
        {'max_retries': 2, 'retry_interval': 1, 'retry.longest_pause': 30, 'retry.uploads': False},
    ),
    ({'extra_headers': {'x-yours': '2'}}, {'extra_headers': {'x-yours': '2'}}),
    ({'extra_headers': {}}, {'extra_headers': {}, 'has_headers': False}),
    ({'logger': logging.getLogger('other')}, {'logger.name': 'other'}),
    ({'base_url': 'http://elsewhere:1/prefix'}, {'base_url.value': 'http://elsewhere:1/prefix'}),
    ({}, {}),
]
SETTINGS = [
    *('base_url.value', 'base_url.tenant', 'auth.token', 'auth.api_key', 'auth.is_open', 'timeout', 'max_retries'),
    *('retry_interval', 'retry.longest_pause', 'retry.uploads', 'extra_headers', 'has_headers', 'logger.name'),
]


def settings(hybrid: Any) -> dict[str, Any]:
    """All that a client was built from."""
    found: dict[str, Any] = {}
    for path in SETTINGS:
        value = hybrid.config
        for name in path.split('.'):
            value = getattr(value, name)
        found[path] = value
    return found


@pytest.mark.parametrize(('options', 'changed'), OTHERS, ids=[','.join(options) or 'nothing' for options, _ in OTHERS])
def test_a_copy_keeps_every_other_setting(world: World, options: dict[str, Any], changed: dict[str, Any]) -> None:
    with client_in(world, base_url='http://localhost:3000', **ALL) as hybrid:
        before = settings(hybrid)
        assert settings(hybrid.with_options(**options)) == {**before, **changed}
        assert settings(hybrid) == before


def test_a_copy_sends_what_is_different_on_the_same_connections(world: World) -> None:
    peers: list[Any] = []

    def behave(connection: Any) -> bool:
        peers.append(connection.getpeername())
        return answers()(connection)

    with misbehaving() as faulty, client_in(world, base_url=faulty.url, **ALL) as hybrid:
        faulty.behave([behave])
        for one in (hybrid, copied(hybrid, tenant='second', token='token-2'), hybrid):
            one.services.execute('f/s', inputs={})
    assert len(set(peers)) == 1
    assert [request.split(b' ')[1].split(b'/')[1] for request in faulty.requests] == [b'first', b'second', b'first']
    tokens = [request.lower().partition(b'authorization: bearer ')[2][:7] for request in faulty.requests]
    assert tokens == [b'token-1', b'token-2', b'token-1']


def copied(hybrid: Any, **options: Any) -> Any:
    """A copy, with the blocking face of the test's client."""
    copy = hybrid.with_options(**options)
    return Awaited(copy, hybrid._loop) if isinstance(hybrid, Awaited) else copy


def test_closing_a_copy_leaves_the_original_open(recorder: Recorder, world: World) -> None:
    with client_in(world, base_url=recorder.url) as hybrid:
        copy = copied(hybrid, tenant='second')
        further = copied(copy, tenant='third')
        copy.health.check()
        copy.close()
        copy.close()
        further.close()
        assert hybrid.health.check().status == 200
        assert copied(hybrid).health.check().status == 200


def test_a_copy_of_a_client_with_a_callers_http_client_goes_through_it(recorder: Recorder, world: World) -> None:
    through = sending_through(world, {'headers': {'x-mine': '1'}}, base_url=recorder.url)
    with through as (hybrid, beneath):
        copy = copied(hybrid, tenant='second')
        copy.health.check()
        copy.close()
        assert not beneath.is_closed
    assert recorder.last.headers['x-mine'] == '1'


def test_a_token_that_was_fetched_is_shared_by_copies_with_the_same_source(recorder: Recorder, world: World) -> None:
    tokens = iter(['token-1', 'token-2'])
    with client_in(world, base_url=recorder.url, token=lambda: next(tokens)) as hybrid:
        for one in (hybrid, copied(hybrid, tenant='second'), copied(hybrid, timeout=5000)):
            one.health.check()
        copied(hybrid, token=lambda: 'another').health.check()
        hybrid.health.check()
    sent = [received.headers['authorization'][7:] for received in recorder.received]
    assert sent == ['token-1', 'token-1', 'token-1', 'another', 'token-1']


def test_cookies_of_one_tenant_do_not_reach_another(recorder: Recorder, world: World) -> None:
    recorder.reply(Reply(headers={'Content-Type': 'application/json', 'Set-Cookie': 'session=of-first; Path=/'}))
    with client_in(world, base_url=recorder.url, **ALL) as hybrid:
        hybrid.health.check()
        copied(hybrid, tenant='second', token='token-2').health.check()
    assert 'cookie' not in recorder.last.headers


def test_a_wrong_option_of_a_copy_is_named(world: World) -> None:
    with client_in(world, base_url='http://localhost:3000') as hybrid:
        changed: Any = hybrid.with_options
        with pytest.raises(Hybrid.SparkSdkError, match="no argument 'tennant'; did you mean 'tenant'"):
            changed(tennant='second')
        with pytest.raises(Hybrid.SparkConfigError, match='timeout'):
            changed(timeout=0)
        with pytest.raises(Hybrid.SparkSdkError, match='http_client'):
            changed(http_client=None)
