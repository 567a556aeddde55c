"""Whether to try again: what happened in, a decision out. Nothing here waits."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from ..config import Config
from ..errors import SparkTimeoutError
from .flow import Undelivered

__all__ = ['Retry', 'after_answer', 'after_failure']

ALWAYS: Final = frozenset({408, 429})
WHEN_SAFE: Final = frozenset({502, 503, 504})
LONGEST_PAUSE: Final = 30.0
"""In seconds, for pauses of our own."""
LONGEST_WISH: Final = 120.0
"""The longest `Retry-After` that is waited for, in seconds; for a longer one the call fails at once."""
SHORTEST_SHARE: Final = 0.1
"""No pause is shorter than this share of its longest."""


@dataclass(frozen=True)
class Retry:
    """Try again after so many seconds, and why."""

    pause: float
    reason: str


def after_answer(config: Config, tried: int, status: int, headers: Mapping[str, str], *, safe: bool) -> Retry | None:
    """What to do about an answer.

    Args:
        config: `max_retries` and `retry_interval` count here.
        tried: How many attempts there were.
        status: The answer's status.
        headers: The answer's headers; `Retry-After` is honoured.
        safe: Whether repeating the call can do no harm.
    """
    if tried > config.max_retries or not (status in ALWAYS or (safe and status in WHEN_SAFE)):
        return None
    wish = retry_after(headers)
    if wish is None:
        return Retry(backoff(config, tried), f'status {status}')
    return Retry(wish, f'status {status} with Retry-After') if wish <= LONGEST_WISH else None


def after_failure(config: Config, tried: int, failure: Undelivered, *, safe: bool) -> Retry | None:
    """What to do when there was no answer. A call that used up its time is not tried again."""
    if tried > config.max_retries or isinstance(failure.error, SparkTimeoutError) or (failure.sent and not safe):
        return None
    return Retry(backoff(config, tried), failure.error.message)


def backoff(config: Config, tried: int) -> float:
    """A pause in seconds: random, so that callers spread out, its limit doubling from attempt to attempt."""
    longest = min(LONGEST_PAUSE, config.retry_interval * 2.0 ** (tried - 1))
    return random.uniform(longest * SHORTEST_SHARE, longest)  # noqa: S311 - no secret


def retry_after(headers: Mapping[str, str]) -> float | None:
    """How long the runner asks to wait, in seconds; None where it does not say.

    >>> retry_after({'retry-after': '3'})
    3.0
    """
    text = headers.get('retry-after', '').strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
