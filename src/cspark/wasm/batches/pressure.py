"""How much a process asks of the runners: all of its threads share the calls in flight, and pause together."""

from __future__ import annotations

import random
import threading
import time
from typing import Final, TypeVar

from .._calls.steps import Flow, Pause
from ..errors import RateLimitError, ServiceUnavailableError

__all__ = ['Pressure']

Result = TypeVar('Result')

LOOK_AGAIN: Final = 0.1
"""How often a thread that waits for its turn looks whether its run was stopped, in seconds."""

LONGEST_PAUSE: Final = 10.0
"""The longest pause after refusals, in seconds."""


class Pressure:
    """Limits the calls in flight of a process.

    Args:
        most: How many there may be.
    """

    def __init__(self, most: int) -> None:
        self._turns = threading.Semaphore(most)
        self._refusals = 0
        self._resumes_at = 0.0

    def hold(self, flow: Flow[Result]) -> Flow[Result]:
        """Make a call when it is its turn. After a refusal, no thread of the process makes one for some time."""
        while not self._turns.acquire(timeout=LOOK_AGAIN):
            yield Pause(0)
        try:
            while (seconds := self._resumes_at - time.monotonic()) > 0:
                yield Pause(seconds)
            result = yield from flow
        except (RateLimitError, ServiceUnavailableError):
            self._refused()
            raise
        finally:
            self._turns.release()
        self._refusals = 0
        return result

    def _refused(self) -> None:
        if time.monotonic() >= self._resumes_at:  # calls that are refused together count as one refusal
            self._refusals = min(self._refusals + 1, 10)
        longest = min(LONGEST_PAUSE, 0.1 * 2.0**self._refusals)
        self._resumes_at = time.monotonic() + random.uniform(longest / 2, longest)  # noqa: S311 - no secret
