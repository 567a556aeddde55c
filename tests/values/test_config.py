"""A configuration: arguments, then the environment, then the defaults; checked when it is built, and never changed."""

from __future__ import annotations

import copy
import logging
import pickle
from collections.abc import Callable
from typing import Any

import httpx
import pytest

import cspark.wasm as Hybrid
from cspark.wasm import Config, RetryPolicy, RunnerUrl

BASE: dict[str, Any] = {'base_url': 'http://localhost:3000', 'tenant': 'my-tenant', 'token': 'open'}


def config(**options: Any) -> Config:
    """A configuration with these options."""
    return Config(**{**BASE, **options})


def test_the_defaults_are_those_of_today() -> None:
    made = config()
    assert (made.timeout, made.timeout_in_sec, made.max_retries, made.retry_interval) == (60_000, 60.0, 2, 1)
    assert (made.has_headers, made.extra_headers, made.logger.name, made.phases) == (False, {}, 'cspark.wasm', None)
    assert (Hybrid.DEFAULT_TIMEOUT_IN_MS, Hybrid.DEFAULT_MAX_RETRIES, Hybrid.DEFAULT_RETRY_INTERVAL) == (60_000, 2, 1)


@pytest.mark.parametrize(
    ('environment', 'arguments', 'key', 'token'),
    [
        ({'CSPARK_API_KEY': 'env-key-1234'}, {}, '********1234', None),
        ({'CSPARK_BEARER_TOKEN': 'env-token'}, {}, None, 'env-token'),
        ({'CSPARK_API_KEY': 'env-key-1234', 'CSPARK_BEARER_TOKEN': 'env-token'}, {}, '********1234', 'env-token'),
        ({'CSPARK_API_KEY': 'env-key-1234'}, {'token': 'mine'}, None, 'mine'),
        ({'CSPARK_BEARER_TOKEN': 'env-token'}, {'api_key': 'mine-1234'}, '*****1234', None),
        ({'CSPARK_API_KEY': 'env-key-1234'}, {'auth': httpx.BasicAuth('a', 'b')}, None, None),
        ({'CSPARK_API_KEY': 'open'}, {}, 'open', None),
    ],
)
def test_credentials_of_the_environment_are_taken_where_none_are_given(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], arguments: Any, key: str | None, token: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    auth = config(**{'token': None, **arguments}).auth
    assert (auth.api_key, auth.token) == (key, token)


def test_no_credentials_at_all_are_an_error_that_says_what_to_give() -> None:
    with pytest.raises(Hybrid.SparkConfigError, match=r'token=.*api_key=.*token="open".*CSPARK_BEARER_TOKEN'):
        config(token=None)


def test_empty_credentials_are_not_made_up_for_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('CSPARK_API_KEY', 'env-key-1234')
    with pytest.raises(Hybrid.SparkConfigError, match='credentials are missing'):
        config(token='')


@pytest.mark.parametrize('milliseconds', [10, 500.0, 10.5, 86_400_000])
def test_a_timeout_is_in_milliseconds_and_kept(milliseconds: float) -> None:
    made = config(timeout=milliseconds)
    assert (made.timeout, made.timeout_in_sec) == (milliseconds, milliseconds / 1000)


def test_an_httpx_timeout_limits_the_phases_and_a_call_gets_their_sum_and_the_default_at_least() -> None:
    short = config(timeout=httpx.Timeout(2, connect=1))
    assert (short.timeout, short.phases) == (60_000, {'connect': 1, 'read': 2, 'write': 2, 'pool': 2})
    assert config(timeout=httpx.Timeout(30, read=60)).timeout == 150_000


WRONG: list[Any] = [0, -1, '60', True, float('nan'), float('inf'), [1]]
BAD: list[tuple[dict[str, Any], str]] = [
    *[({'timeout': value}, 'timeout must be') for value in WRONG],
    ({'timeout': httpx.Timeout(None)}, 'no limit for connect, pool, read, write'),
    ({'timeout': httpx.Timeout(5, read=None)}, 'no limit for read'),
    *[({'max_retries': value}, 'max_retries must be') for value in (-1, 1.0, '2', True, b'')],
    *[({'retry_interval': value}, 'retry_interval must be') for value in (-0.1, '1', True, float('nan'), float('inf'))],
    ({'max_retries': RetryPolicy(), 'retry_interval': 1}, 'retry_interval is part of the RetryPolicy'),
    ({'extra_headers': ['x-mine']}, 'headers must be a mapping'),
    ({'extra_headers': 'x-mine: 1'}, 'headers must be a mapping'),
    ({'extra_headers': {'x-mine': 1}}, "headers must be text, not int: 'x-mine'"),
    ({'extra_headers': {1: 'x'}}, 'headers must be text'),
    ({'extra_headers': {'x-mine': 'a\r\nevil: 1'}}, "'x-mine' contains a character that cannot be sent"),
    ({'extra_headers': {'x-mine': 'ä'}}, "'x-mine' contains a character that cannot be sent"),
    *[({'extra_headers': {name: 'x'}}, 'is not a valid header name') for name in ('', 'a b', 'a:', 'a\n', 'ä', '(a)')],
    *[
        ({'extra_headers': {name: 'secret-1'}}, f"'{name}' is set by the client")
        for name in ('Authorization', 'X-Synthetic-Key', 'content-length', 'Content-Encoding', 'Content-Type', 'HOST')
    ],
    ({'logger': 7}, 'logger must be'),
    ({'logger': {'levl': 10}}, "unknown options.*'levl'.*'level'"),
    ({'auth': ('user', 'secret-1')}, 'auth must be an httpx.Auth, not tuple'),
    ({'auth': 'secret-1'}, 'auth must be an httpx.Auth, not str'),
]


@pytest.mark.parametrize(('options', 'words'), BAD, ids=str)
def test_a_bad_value_raises_and_never_becomes_a_default(options: dict[str, Any], words: str) -> None:
    for make in (config, config().copy_with):
        with pytest.raises(Hybrid.SparkConfigError, match=words) as caught:
            make(**options)
        assert isinstance(caught.value, ValueError)
        assert 'secret-1' not in str(caught.value)


COPIES: list[tuple[dict[str, Any], Callable[[Config], Any], Any]] = [
    ({'base_url': 'http://other:1'}, lambda made: made.base_url, RunnerUrl('http://other:1', 'my-tenant')),
    ({'base_url': 'http://other/p/my-tenant'}, lambda made: made.base_url, RunnerUrl('http://other/p', 'my-tenant')),
    ({'base_url': 'http://other/new', 'tenant': 'new'}, lambda made: made.base_url, RunnerUrl('http://other', 'new')),
    ({'base_url': RunnerUrl('http://other/p')}, lambda made: made.base_url, RunnerUrl('http://other/p', 'my-tenant')),
    ({'base_url': RunnerUrl('http://h', 'new')}, lambda made: made.base_url, RunnerUrl('http://h', 'new')),
    ({'tenant': 'new'}, lambda made: made.base_url, RunnerUrl('http://localhost:3000', 'new')),
    ({'token': 'new'}, lambda made: made.auth.as_header, {'Authorization': 'Bearer new'}),
    ({'api_key': 'new'}, lambda made: made.auth.as_header, {'x-synthetic-key': 'new'}),
    ({'auth': httpx.BasicAuth('a', 'b')}, lambda made: made.auth.as_header, {}),
    ({'timeout': 50}, lambda made: (made.timeout, made.phases), (50, None)),
    ({'max_retries': 0}, lambda made: made.retry, RetryPolicy(0, 3, uploads=True)),
    ({'max_retries': RetryPolicy(9)}, lambda made: made.retry, RetryPolicy(9)),
    ({'retry_interval': 0}, lambda made: made.retry, RetryPolicy(7, 0, uploads=True)),
    ({'extra_headers': {}}, lambda made: made.extra_headers, {}),
    ({'logger': False}, lambda made: made.logger.disabled, True),
]


@pytest.mark.parametrize(('changes', 'read', 'expected'), COPIES, ids=[str(list(row[0])) for row in COPIES])
def test_a_copy_has_what_is_given_and_keeps_every_other_setting(
    changes: dict[str, Any], read: Callable[[Config], Any], expected: Any
) -> None:
    log = logging.getLogger('a log of mine')
    made = config(
        token=None,
        api_key='the-key-1234',
        timeout=httpx.Timeout(50),
        max_retries=RetryPolicy(7, 3, uploads=True),
        extra_headers={'x-mine': '1'},
        logger=log,
    )
    copied = made.copy_with(**changes)
    assert read(copied) == expected
    assert made.copy_with() == made
    touched = {'tenant': 'base_url', 'token': 'auth', 'api_key': 'auth', 'max_retries': 'retry'}
    changed = {touched.get(name, name) for name in changes} | {'retry_interval' in changes and 'retry'}
    changed |= {'phases'} if 'timeout' in changes else set()
    for name in ('base_url', 'auth', 'timeout', 'phases', 'retry', 'extra_headers', 'logger'):
        assert (getattr(copied, name) == getattr(made, name)) is (name not in changed), name


def test_a_copy_sends_the_whole_key_and_not_the_masked_one() -> None:
    made = config(token=None, api_key='the-key-1234').copy_with(tenant='new')
    assert made.auth.as_header == {'x-synthetic-key': 'the-key-1234'}
    with pytest.raises(Hybrid.SparkConfigError, match='credentials are missing'):
        made.copy_with(token='')


def test_headers_belong_to_one_configuration() -> None:
    given = {'x-mine': '1'}
    made = config(extra_headers=given)
    given['x-mine'] = '2'
    assert made.extra_headers == {'x-mine': '1'}
    assert made.has_headers
    assert made.copy_with(tenant='new').extra_headers is not made.extra_headers


def test_a_configuration_does_not_change() -> None:
    made = config()
    with pytest.raises(AttributeError, match=r'copy_with\(timeout=\.\.\.\)'):
        made.timeout = 5  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(AttributeError):
        made.brand_new = 5  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError, match='unhashable'):
        hash(made)


def test_a_configuration_copies_and_pickles_as_an_equal_one() -> None:
    made = config(token='a-token', timeout=50, max_retries=3, extra_headers={'x': '1'})
    travelled = pickle.loads(pickle.dumps(made.with_credentials_in_pickles()))
    for other in (copy.copy(made), copy.deepcopy(made), travelled):
        assert other == made
        assert other.auth.as_header == {'Authorization': 'Bearer a-token'}
    assert made != config(token='another')
    another: object = 'a configuration'
    assert made != another


def test_a_configuration_without_credentials_pickles_as_an_equal_one() -> None:
    made = config(token='open', timeout=50, max_connection_age=3)
    assert pickle.loads(pickle.dumps(made)) == made


def test_credentials_are_left_behind_by_a_pickle_and_can_be_given_anew() -> None:
    made = pickle.loads(pickle.dumps(config(token='a-token', extra_headers={'x-subscription': 'one'})))
    with pytest.raises(Hybrid.SparkConfigError, match='were not pickled'):
        _ = made.auth.as_header
    assert made.extra_headers == {}
    assert made.copy_with(token='another').auth.as_header == {'Authorization': 'Bearer another'}


def test_a_configuration_shows_its_settings_and_no_secret() -> None:
    made = config(token='a-long-secret', timeout=500, retry_interval=0.5)
    text = "auth=Authorization(api_key=None, token='********cret'), timeout=500, max_retries=2, retry_interval=0.5)"
    assert repr(made) == str(made) == f"Config(base_url='http://localhost:3000/my-tenant', {text}"
    assert not hasattr(made, '__dict__')
