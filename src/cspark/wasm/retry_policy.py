"""When a failed call is tried again."""

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
WHEN_SAFE: Final = frozenset({502, 503, 504})


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
    """When a failed call is tried again. It can stand wherever `max_retries` stands.

    A connection that could not be made is always tried again, one that broke off when the call is safe to repeat. All
    calls of this API but `upload` are: they compute, and change nothing.

    Args:
        max_retries: How often, after the first attempt; 0 means not at all.
        interval: The longest first pause, in seconds; it doubles from retry to retry. The pause is random, so that many
            callers spread out, but not shorter than a tenth of its longest.
        longest_pause: The limit of these pauses, in seconds.
        longest_retry_after: The longest `Retry-After` that is waited for, in seconds; for a longer one the call fails.
        statuses: Statuses after which a call is always tried again: the runner did not take it.
        statuses_when_safe: Statuses after which a call is tried again if it is safe to repeat.
        uploads: Whether an upload counts as safe to repeat.

    Raises:
        SparkConfigError: A number or a status is not acceptable.

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
        """The longest pause before a retry, in seconds; the first retry is number 1."""
        return min(self.longest_pause, self.interval * 2.0 ** min(retry - 1, 64))
