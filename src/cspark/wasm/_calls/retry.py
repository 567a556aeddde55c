"""Whether to try again: what happened in, a decision out. Nothing here waits."""

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
"""No pause is shorter than this share of its longest."""


@dataclass(frozen=True)
class Retry:
    """Try again after so many seconds, and why."""

    pause: float
    reason: str


def after_answer(
    policy: RetryPolicy, tried: int, status: int, headers: Mapping[str, str], *, safe: bool
) -> Retry | None:
    """What to do about an answer.

    Args:
        policy: What the caller wants.
        tried: How many attempts there were.
        status: The answer's status.
        headers: The answer's headers; `Retry-After` is honoured.
        safe: Whether repeating the call can do no harm.
    """
    wanted = policy.statuses | (policy.statuses_when_safe if safe else frozenset[int]())
    if tried > policy.max_retries or status not in wanted:
        return None
    wish = retry_after(headers)
    if wish is None:
        return Retry(backoff(policy, tried), f'status {status}')
    return Retry(wish, f'status {status} with Retry-After') if wish <= policy.longest_retry_after else None


def after_failure(policy: RetryPolicy, tried: int, failure: Undelivered, *, safe: bool) -> Retry | None:
    """What to do when there was no answer. Whether there is time left is for the caller to see.

    A request that httpx refuses to send would be refused again.
    """
    passing = isinstance(failure.error, (SparkConnectionError, SparkTimeoutError, SparkDecodeError))
    if tried > policy.max_retries or not passing or (failure.sent and not safe):
        return None
    return Retry(backoff(policy, tried), failure.error.message)


def backoff(policy: RetryPolicy, tried: int) -> float:
    """A pause in seconds: random, its longest doubling from attempt to attempt."""
    longest = policy.longest_pause_before(tried)
    return random.uniform(longest * SHORTEST_SHARE, longest)  # noqa: S311 - no secret


def retry_after(headers: Mapping[str, str]) -> float | None:
    """How long the runner asks to wait, in seconds; None where it does not say.

    >>> retry_after({'retry-after': '3'})
    3.0
    """
    text = headers.get('retry-after', '').strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    moment = _moment(text)
    if moment is None:
        return None
    # By the server's own clock, where it says what that is.
    return max(0.0, (moment - (_moment(headers.get('date', '')) or datetime.now(UTC))).total_seconds())


def _moment(text: str) -> datetime | None:
    """A moment as HTTP writes it; None where it is none."""
    try:
        moment = parsedate_to_datetime(text.strip())
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
