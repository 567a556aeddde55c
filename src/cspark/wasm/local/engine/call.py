"""A call in progress, and the pieces that it is split into."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from typing import TypeAlias

from ..errors import ServiceError
from .execution import ModelOutput, Requests

__all__ = ['Call', 'Piece', 'Result', 'Timing']

Result: TypeAlias = ModelOutput | ServiceError
"""The result of one request: the model's answer or an error."""


class Timing(Future[list['Result']]):
    """The results of a call, and when it was asked for and began, by `time.monotonic()`."""

    def __init__(self, asked: float) -> None:
        super().__init__()
        self.asked = asked
        self.began: float | None = None


class Call:
    """A call in progress. Its pieces finish in any order; its results are in the order of its requests."""

    def __init__(self, pieces: int, on_end: Callable[[], None]) -> None:
        self.asked = time.monotonic()
        self.future = Timing(self.asked)
        self.lost = itertools.count(1)
        self._lock = threading.Lock()
        self._results: list[list[Result]] = [[] for _ in range(pieces)]
        self._left = pieces
        self._on_end = on_end

    def begin(self) -> None:
        """Note that an instance takes a piece; the first one counts."""
        self.future.began = self.future.began or time.monotonic()

    def finish(self, number: int, results: list[Result]) -> None:
        """Store the results of a piece, and complete the call with the last one."""
        with self._lock:
            self._results[number] = results
            self._left -= 1
            last = not self._left
        if last:
            self._on_end()
            # The future of a call that was cancelled or has failed is done already.
            with contextlib.suppress(InvalidStateError):
                self.future.set_result([result for piece in self._results for result in piece])

    def fail(self, number: int, error: ServiceError) -> None:
        """Fail the call with an error; this piece counts as finished without results."""
        with contextlib.suppress(InvalidStateError):
            self.future.set_exception(error)
        self.finish(number, [])


class Piece:
    """The requests of one call that one instance computes in a row."""

    def __init__(self, call: Call, number: int, requests: Requests) -> None:
        self.call, self.number, self.requests = call, number, requests

    @property
    def depth(self) -> int:
        """How many services called each other before this call."""
        return self.requests.depth
