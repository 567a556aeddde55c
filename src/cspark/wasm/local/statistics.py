"""How a model has been doing: counts and times, as the status operation reports them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime

__all__ = ['Statistics', 'timestamp']


def timestamp(moment: datetime | None = None) -> str:
    """A moment as the API writes it; now if none is given.

    >>> timestamp(datetime(1970, 1, 23, 0, 58, 20, 752000, tzinfo=UTC))
    '1970-01-23T00:58:20.752Z'
    """
    return (moment or datetime.now(UTC)).astimezone(UTC).isoformat(timespec='milliseconds').replace('+00:00', 'Z')


class Statistics:
    """Counts and times of calls. A call of many records counts once; percentiles are over the last 10,000 calls."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recent: deque[float] = deque(maxlen=10_000)
        self._sum = 0.0
        self.min_time_ms: float | None = None
        self.max_time_ms: float | None = None
        self.completed_count = 0
        self.running_count = 0
        self.crash_count = 0
        self.timeout_count = 0
        self.last_use: datetime | None = None

    @contextmanager
    def call(self) -> Generator[None]:
        """Around a call: it counts as running, and then as completed unless it raises."""
        with self._lock:
            self.running_count += 1
            self.last_use = datetime.now(UTC)
        started = time.perf_counter()
        completed = False
        try:
            yield
            completed = True
        finally:
            taken = (time.perf_counter() - started) * 1000
            with self._lock:
                self.running_count -= 1
                if completed:
                    self._complete(taken)

    def _complete(self, taken: float) -> None:
        self.completed_count += 1
        self._sum += taken
        self._recent.append(taken)
        self.min_time_ms = taken if self.min_time_ms is None else min(self.min_time_ms, taken)
        self.max_time_ms = taken if self.max_time_ms is None else max(self.max_time_ms, taken)

    def failed(self, *, timed_out: bool) -> None:
        """Count an instance that was lost."""
        with self._lock:
            if timed_out:
                self.timeout_count += 1
            else:
                self.crash_count += 1

    @property
    def mean_time_ms(self) -> float | None:
        """The mean of all completed calls."""
        return self._sum / self.completed_count if self.completed_count else None

    def percentile(self, share: float) -> float | None:
        """The time that this share of the recent calls did not exceed.

        >>> statistics = Statistics()
        >>> statistics.percentile(0.95) is None
        True
        """
        with self._lock:
            times = sorted(self._recent)
        return times[min(len(times) - 1, int(share * len(times)))] if times else None
