"""Decide whether to retry a call. Decisions are values; nothing here waits."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from ..errors import SparkConnectionError, SparkDecodeError, SparkTimeoutError
from ..retry_policy import RetryPolicy
from .steps import Undelivered

__all__ = ['Retry', 'after_answer', 'after_failure', 'backoff', 'retry_after']

SHORTEST_SHARE: Final = 0.1
"""The shortest pause, as a share of the longest: full jitter alone would sometimes retry at once."""


@dataclass(frozen=True)
class Retry:
    """A decision to retry.

    Attributes:
        pause: How long to wait before the next attempt, in seconds.
        reason: Why the call is retried, for the log.
    """

    pause: float
    reason: str


def after_answer(
    policy: RetryPolicy, tried: int, status: int, headers: Mapping[str, str], *, safe: bool
) -> Retry | None:
    """Decide whether to retry after an answer; None means no.

    Args:
        policy: The retry policy.
        tried: The number of attempts so far.
        status: The answer's status.
        headers: The answer's headers; `Retry-After` is honoured.
        safe: Whether the call can be repeated without harm.
    """
    wanted = policy.statuses | (policy.statuses_when_safe if safe else frozenset[int]())
    if tried > policy.max_retries or status not in wanted:
        return None
    wish = retry_after(headers)
    if wish is None:
        return Retry(backoff(policy, tried), f'status {status}')
    if wish <= policy.longest_retry_after:
        return Retry(wish, f'status {status} with Retry-After')
    return None


def after_failure(policy: RetryPolicy, tried: int, failure: Undelivered, *, safe: bool) -> Retry | None:
    """Decide whether to retry after a failure; None means no. The caller checks that there is time left.

    A request that could not be sent at all is not retried: it would fail again.
    """
    passing = isinstance(failure.error, (SparkConnectionError, SparkTimeoutError, SparkDecodeError))
    if tried > policy.max_retries or not passing or (failure.sent and not safe):
        return None
    return Retry(backoff(policy, tried), failure.error.message)


def backoff(policy: RetryPolicy, tried: int) -> float:
    """Choose a random pause, in seconds. Its upper limit doubles with each attempt."""
    longest = policy.longest_pause_before(tried)
    return random.uniform(longest * SHORTEST_SHARE, longest)  # noqa: S311 - no secret


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read the `Retry-After` header, in seconds; None if there is none or it cannot be read.

    >>> retry_after({'retry-after': '3'})
    3.0
    """
    text = headers.get('retry-after', '').strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    moment = _moment(text)
    if moment is None:
        return None
    # Relative to the server's clock, if it sends the time: this machine's clock may differ.
    return max(0.0, (moment - (_moment(headers.get('date', '')) or datetime.now(UTC))).total_seconds())


def _moment(text: str) -> datetime | None:
    """Parse an HTTP date; None if it is not one."""
    try:
        moment = parsedate_to_datetime(text.strip())
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC)
