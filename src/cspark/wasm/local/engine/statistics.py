"""Count and time the records of a model, for the status operation."""

from __future__ import annotations

import threading
from collections import deque
from datetime import UTC, datetime
from typing import Final

__all__ = ['Statistics', 'timestamp']

LATEST: Final = 10_000
"""How many of the latest records the percentiles cover."""


def timestamp(moment: datetime | None = None) -> str:
    """Format a moment, by default now, as the API writes it.

    >>> timestamp(datetime(1970, 1, 23, 0, 58, 20, 752000, tzinfo=UTC))
    '1970-01-23T00:58:20.752Z'
    """
    return (moment or datetime.now(UTC)).astimezone(UTC).isoformat(timespec='milliseconds').replace('+00:00', 'Z')


class Statistics:
    """Counts and times of records, however many records a call has.

    The time of a record is the time that its instance took for it; records that an instance computes in a row count
    with equal shares. Percentiles cover the last 10,000 records.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recent: deque[float] = deque(maxlen=LATEST)
        self._sum = 0.0
        self.min_time_ms: float | None = None
        self.max_time_ms: float | None = None
        self.completed_count = 0
        self.running_count = 0
        self.crash_count = 0
        self.timeout_count = 0
        self.last_use: datetime | None = None

    def begin(self, records: int) -> None:
        """Count records as running."""
        with self._lock:
            self.running_count += records
            self.last_use = datetime.now(UTC)

    def end(self, records: int) -> None:
        """Count records as no longer running."""
        with self._lock:
            self.running_count -= records

    def completed(self, records: int, seconds: float) -> None:
        """Count records that an instance computed in a row."""
        if not records:
            return
        each = seconds * 1000 / records
        with self._lock:
            self.completed_count += records
            self._sum += seconds * 1000
            self._recent.extend([each] * min(records, LATEST))
            self.min_time_ms = each if self.min_time_ms is None else min(self.min_time_ms, each)
            self.max_time_ms = each if self.max_time_ms is None else max(self.max_time_ms, each)

    def failed(self, *, timed_out: bool) -> None:
        """Count an instance that was lost."""
        with self._lock:
            if timed_out:
                self.timeout_count += 1
            else:
                self.crash_count += 1

    @property
    def has_failed(self) -> bool:
        """Whether an instance was ever lost."""
        return bool(self.crash_count or self.timeout_count)

    @property
    def mean_time_ms(self) -> float | None:
        """The mean time of all completed records."""
        if self.completed_count:
            return self._sum / self.completed_count
        return None

    def percentile(self, share: float) -> float | None:
        """Return the time that this share of the recent records did not exceed.

        >>> statistics = Statistics()
        >>> statistics.percentile(0.95) is None
        True
        """
        with self._lock:
            times = sorted(self._recent)
        if times:
            return times[min(len(times) - 1, int(share * len(times)))]
        return None
