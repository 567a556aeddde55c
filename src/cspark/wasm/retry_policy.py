"""The retry policy of a client."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any, Final

import attrs

from .errors import SparkConfigError

__all__ = ['DEFAULT_MAX_RETRIES', 'DEFAULT_RETRY_INTERVAL', 'RetryPolicy']

DEFAULT_MAX_RETRIES: Final = 2
"""How often a failed call is tried again."""

DEFAULT_RETRY_INTERVAL: Final = 1.0
"""The longest first pause before a retry, in seconds."""

ALWAYS: Final = frozenset({408, 429})
"""The runner did not execute the request: it was too slow to arrive, or there were too many."""

WHEN_SAFE: Final = frozenset({502, 503, 504})
"""A gateway failed, or the runner was not available; the request may have been executed."""


def _statuses(given: Collection[int]) -> frozenset[int]:
    return _checked_statuses('statuses', given)


def _statuses_when_safe(given: Collection[int]) -> frozenset[int]:
    return _checked_statuses('statuses_when_safe', given)


def _checked_statuses(name: str, given: Any) -> frozenset[int]:
    members: Collection[Any] = given if hasattr(given, '__len__') else ('',)
    if not all(type(one) is int for one in members):
        raise SparkConfigError(f'{name} must be a set of statuses such as {{429}}, not {given!r}')
    return frozenset(members)


@attrs.frozen
class RetryPolicy:
    """Decides which failures are retried, and after how long. It is accepted wherever `max_retries` is.

    If the connection could not be made, the call is always retried. If it broke, only a call that is safe to repeat is
    retried. All calls except `upload` are safe to repeat: they compute, and change nothing.

    Args:
        max_retries: The number of retries after the first attempt; 0 for none.
        interval: The longest pause before the first retry, in seconds; it doubles with each retry. Pauses are random,
            so that many clients spread out, and last at least a tenth of the longest.
        longest_pause: The upper limit of the pauses, in seconds.
        longest_retry_after: The longest `Retry-After` to wait for, in seconds; the call fails if it is longer.
        statuses: The statuses that are always retried, because the runner did not execute the call.
        statuses_when_safe: The statuses that are retried if the call is safe to repeat.
        uploads: Whether uploads count as safe to repeat.

    Raises:
        SparkConfigError: A number or a status is not valid.

    >>> RetryPolicy(max_retries=5, interval=0.5).longest_pause_before(3)
    2.0
    """

    max_retries: int = DEFAULT_MAX_RETRIES
    interval: float = DEFAULT_RETRY_INTERVAL
    longest_pause: float = 30.0
    longest_retry_after: float = 120.0
    statuses: frozenset[int] = attrs.field(default=ALWAYS, converter=_statuses)
    statuses_when_safe: frozenset[int] = attrs.field(default=WHEN_SAFE, converter=_statuses_when_safe)
    uploads: bool = False

    def __attrs_post_init__(self) -> None:
        if type(self.max_retries) is not int or self.max_retries < 0:
            raise SparkConfigError(f'max_retries must be a whole number from 0 on, not {self.max_retries!r}')
        for name in ('interval', 'longest_pause', 'longest_retry_after'):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
                shown = 'retry_interval' if name == 'interval' else name
                raise SparkConfigError(f'{shown} must be a number of seconds from 0 on, not {value!r}')

    def longest_pause_before(self, retry: int) -> float:
        """Return the longest pause before a retry, in seconds. The first retry has number 1."""
        # The exponent is limited because a float overflows at 2 ** 1024.
        return min(self.longest_pause, self.interval * 2.0 ** min(retry - 1, 64))
