"""Whether to try again, and after how long: every decision, without a wait."""

from __future__ import annotations

import random
import statistics
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import cspark.wasm as Hybrid
from cspark.wasm import RetryPolicy
from cspark.wasm._calls.retry import Retry, after_answer, after_failure, backoff, retry_after
from cspark.wasm._calls.steps import Undelivered

ALWAYS = frozenset({408, 429})
WHEN_SAFE = frozenset({502, 503, 504})
WISH = {'retry-after': '1'}
POLICY = RetryPolicy(max_retries=3, interval=2, longest_pause=5, longest_retry_after=10)


def test_every_status_is_decided_on() -> None:
    for status in range(100, 1000):
        for safe in (True, False):
            retry = after_answer(POLICY, 1, status, {}, safe=safe)
            assert (retry is not None) == (status in ALWAYS or (safe and status in WHEN_SAFE)), (status, safe)
            assert retry is None or retry.reason == f'status {status}'


def test_the_statuses_are_the_callers_to_choose() -> None:
    chosen: Any = [500]
    policy = RetryPolicy(statuses=chosen, statuses_when_safe=frozenset({418}))
    decided = {
        (status, safe)
        for status in (408, 418, 429, 500, 503)
        for safe in (True, False)
        if after_answer(policy, 1, status, {}, safe=safe)
    }
    assert decided == {(500, True), (500, False), (418, True)}
    both = RetryPolicy(statuses=frozenset({429}), statuses_when_safe=frozenset({429}))
    assert after_answer(both, 1, 429, {}, safe=True)
    none = RetryPolicy(statuses=frozenset(), statuses_when_safe=frozenset())
    assert after_answer(none, 1, 429, {}, safe=True) is None


FAILURES: list[tuple[type[Hybrid.SparkSdkError], bool, bool, bool]] = [
    (Hybrid.SparkConnectionError, False, True, True),
    (Hybrid.SparkConnectionError, False, False, True),
    (Hybrid.SparkConnectionError, True, True, True),
    (Hybrid.SparkConnectionError, True, False, False),
    (Hybrid.SparkTimeoutError, False, True, True),
    (Hybrid.SparkTimeoutError, False, False, True),
    (Hybrid.SparkTimeoutError, True, True, True),
    (Hybrid.SparkTimeoutError, True, False, False),
    (Hybrid.SparkDecodeError, True, True, True),
    (Hybrid.SparkDecodeError, True, False, False),
    (Hybrid.SparkSdkError, False, True, False),
    (Hybrid.SparkConfigError, False, True, False),
]


@pytest.mark.parametrize(('kind', 'sent', 'safe', 'again'), FAILURES)
def test_a_failure_is_tried_again_if_it_may_pass_and_repeating_does_no_harm(
    kind: type[Hybrid.SparkSdkError], sent: bool, safe: bool, again: bool
) -> None:
    retry = after_failure(POLICY, 1, Undelivered(kind('it broke'), sent=sent), safe=safe)
    assert (retry is not None) is again
    assert retry is None or retry.reason == 'it broke'


@pytest.mark.parametrize('retries', [0, 1, 2, 5])
def test_a_call_is_tried_again_as_often_as_its_budget_says(retries: int) -> None:
    policy = RetryPolicy(max_retries=retries)
    failure = Undelivered(Hybrid.SparkConnectionError('it broke'), sent=False)
    budget = list(range(1, retries + 1))
    assert [tried for tried in range(1, 9) if after_answer(policy, tried, 429, {}, safe=True)] == budget
    assert [tried for tried in range(1, 9) if after_answer(policy, tried, 503, WISH, safe=True)] == budget
    assert [tried for tried in range(1, 9) if after_failure(policy, tried, failure, safe=True)] == budget


LONGEST: list[tuple[int, float]] = [(1, 2), (2, 4), (3, 5), (4, 5), (100, 5), (10_000, 5)]


@pytest.mark.parametrize(('tried', 'longest'), LONGEST)
def test_a_pause_doubles_up_to_a_limit_with_full_jitter_above_a_floor(tried: int, longest: float) -> None:
    random.seed(42)
    failure = Undelivered(Hybrid.SparkConnectionError('it broke'), sent=False)
    policy = RetryPolicy(max_retries=10_000, interval=2, longest_pause=5)
    assert policy.longest_pause_before(tried) == longest
    pauses = [backoff(policy, tried) for _ in range(2000)]
    answered = after_answer(policy, tried, 503, {}, safe=True)
    failed = after_failure(policy, tried, failure, safe=True)
    assert answered
    assert failed
    floor = longest / 10
    assert all(floor <= pause <= longest for pause in (*pauses, answered.pause, failed.pause))
    assert min(pauses) < floor + longest * 0.01
    assert max(pauses) > longest * 0.99
    assert statistics.mean(pauses) == pytest.approx((floor + longest) / 2, rel=0.05)
    assert statistics.stdev(pauses) == pytest.approx((longest - floor) / 12**0.5, rel=0.05)


@pytest.mark.thorough
@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(1, 100_000))
@example(1.0, 1e6, 100_000)
@example(0.0, 30.0, 1)
def test_no_pause_is_ever_negative_infinite_or_longer_than_its_limit(interval: float, limit: float, tried: int) -> None:
    policy = RetryPolicy(interval=interval, longest_pause=limit)
    pause = backoff(policy, tried)
    assert 0 <= pause <= limit
    assert pause >= min(interval, limit) * 0.0999


@pytest.mark.parametrize('tried', [1, 2, 3])
@pytest.mark.parametrize('status', [408, 429, 502, 503, 504])
@pytest.mark.parametrize('seconds', ['0', '1', '10', ' 7 '])
def test_what_the_runner_asks_for_is_waited_for_exactly(tried: int, status: int, seconds: str) -> None:
    retry = after_answer(POLICY, tried, status, httpx.Headers({'Retry-After': seconds}), safe=True)
    assert retry == Retry(float(seconds), f'status {status} with Retry-After')


@pytest.mark.parametrize(('seconds', 'again'), [('9', True), ('10', True), ('11', False), ('86400', False)])
def test_a_wait_beyond_the_limit_is_not_waited_for(seconds: str, again: bool) -> None:
    headers = {'retry-after': seconds}
    assert (after_answer(POLICY, 1, 503, headers, safe=True) is not None) is again
    assert after_answer(POLICY, 1, 500, headers, safe=True) is None
    assert after_answer(POLICY, 1, 503, headers, safe=False) is None
    assert after_answer(RetryPolicy(longest_retry_after=0), 1, 503, {'retry-after': '1'}, safe=True) is None


def moment(seconds: float, zone: timezone = UTC) -> str:
    """A date as a header has it."""
    return format_datetime((datetime.now(UTC) + timedelta(seconds=seconds)).astimezone(zone), usegmt=zone is UTC)


@pytest.mark.parametrize('zone', [UTC, timezone(timedelta(hours=9)), timezone(timedelta(hours=-5))])
def test_a_date_is_waited_for_and_one_that_is_over_not(zone: timezone) -> None:
    for text in (moment(90, zone), moment(90, zone).removesuffix(' GMT')):
        found = retry_after({'retry-after': text})
        assert found is not None
        assert 60 < found <= 90
    assert retry_after({'retry-after': moment(-90, zone)}) == 0.0
    assert retry_after({'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT'}) == 0.0
    retry = after_answer(RetryPolicy(), 1, 429, {'retry-after': moment(90, zone)}, safe=False)
    assert retry
    assert retry.reason == 'status 429 with Retry-After'
    assert after_answer(RetryPolicy(), 1, 429, {'retry-after': moment(190, zone)}, safe=False) is None


ODD = ['', ' ', 'soon', '-1', '1.5', '1e3', '+1', '0x1', '٣', '1 2', '²', '2026-01-31T00:00:00Z']
ODD_DATES = [
    'Mon, 32 Jan 2026 00:00:00 GMT',
    'Mon, 01 Jan 2026 00:00:00 +999999999999999999',
    f'Mon, {"9" * 20} Jan 2026',
]


@pytest.mark.parametrize('text', ODD + ODD_DATES)
def test_a_wish_that_is_none_is_passed_over(text: str) -> None:
    assert retry_after({'retry-after': text}) is None
    retry = after_answer(POLICY, 1, 429, {'retry-after': text}, safe=False)
    assert retry
    assert retry.reason == 'status 429'
    assert 0.2 <= retry.pause <= 2


def test_no_wish_is_none() -> None:
    assert retry_after({}) is None
    assert retry_after({'retry-after-ms': '5'}) is None
    assert retry_after({'retry-after': '9' * 400}) == float('inf')


@pytest.mark.thorough
@given(st.text())
@example('Mon, 01 Jan 0001 00:00:00 +9999')
@example('Mon, 31 Dec 9999 23:59:59 -2359')
def test_no_wish_is_too_odd(text: str) -> None:
    found = retry_after({'retry-after': text})
    assert found is None or found >= 0


def test_the_policy_of_a_client_is_that_of_today() -> None:
    policy = RetryPolicy()
    assert (policy.max_retries, policy.interval, policy.longest_pause, policy.longest_retry_after) == (2, 1, 30, 120)
    assert (policy.statuses, policy.statuses_when_safe, policy.uploads) == (ALWAYS, WHEN_SAFE, False)
    assert Hybrid.Config(base_url='http://h/t', token='open').retry == policy
    assert hash(policy) == hash(RetryPolicy())
    assert len({Retry(1, 'why'), Retry(1, 'why')}) == 1


BAD: list[tuple[str, Any, str]] = [
    *[('max_retries', value, 'max_retries must be a whole number') for value in (-1, 1.0, '1', None, True)],
    *[
        (name, value, f'{"retry_interval" if name == "interval" else name} must be a number of seconds from 0 on')
        for name in ('interval', 'longest_pause', 'longest_retry_after')
        for value in (-1, -0.1, '1', None, True, float('nan'), float('inf'))
    ],
    *[
        (name, value, f'{name} must be a set of statuses')
        for name in ('statuses', 'statuses_when_safe')
        for value in ('429', ['429'], [True], [4.0], 429, None)
    ],
]


@pytest.mark.parametrize(('name', 'value', 'words'), BAD)
def test_a_policy_that_is_none_is_refused_when_it_is_built(name: str, value: Any, words: str) -> None:
    with pytest.raises(Hybrid.SparkConfigError, match=f'^{words}.*, not '):
        RetryPolicy(**{name: value})


def test_a_policy_may_be_as_low_as_nothing() -> None:
    nothing = RetryPolicy(0, 0, 0, 0)
    assert nothing.longest_pause_before(1) == 0
    assert after_answer(nothing, 1, 429, {}, safe=True) is None
    once = RetryPolicy(1, 0, 0, 0)
    assert after_answer(once, 1, 429, {}, safe=True) == Retry(0.0, 'status 429')
    assert after_answer(once, 1, 429, {'retry-after': '0'}, safe=True) == Retry(0.0, 'status 429 with Retry-After')
