"""Many records to calls and back: how many a call, how many calls at a time, what to do when one fails.

Nothing here sends or waits. A performer asks for the next chunk, sends it, and reports what became of it.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ..errors import (
    RateLimitError,
    ServiceUnavailableError,
    SparkApiError,
    SparkConfigError,
    SparkConnectionError,
    SparkDecodeError,
    SparkError,
    SparkInputError,
    SparkSdkError,
    SparkTimeoutError,
)
from ..records import ChunkResults, RecordResult
from .chunk import Chunk, describe_failure, path_in_record

__all__ = ['EndOfRunError', 'Planner', 'check_settings']

FIRST_SIZE: Final = 256
LARGEST_SIZE: Final = 8192
QUICK: Final = 1.0
"""Calls that take less than this many seconds let the chunks grow."""

SLOW: Final = 20.0
"""Calls that take longer than this many seconds make the chunks shrink, well before the platform's 55."""

FIRST_CONCURRENCY: Final = 8
HIGHEST_CONCURRENCY: Final = 32
WINDOW: Final = 4
"""Results that wait for an earlier one take no more room than so many chunks for each call under way."""

MOST_HELD: Final = 100_000
"""So many records are under way or wait for an earlier one, at most: what bounds the memory of a run."""

PATIENCE: Final = 120.0
"""How long a run goes on trying when a runner that has answered before does not any more, in seconds from the first
failure on."""

FIRST_PATIENCE: Final = 20.0
"""The same where it takes connections and has never answered."""

AGAIN: Final = 64
"""After so many calls of the largest size that went well, a larger one is tried again."""

LONGEST_PAUSE: Final = 10.0
BAD_GATEWAY: Final = 502
TOO_MUCH: Final = frozenset({408, 413, 504})
"""Statuses that say that a chunk was too large, and not that there is anything wrong with a record."""

NEVER_BY_A_RECORD: Final = frozenset({401, 403, 404, 405, 415})
"""Statuses that no smaller chunk could change; redirects are others."""

MOST_TRIES: Final = 5
"""A chunk that was under way so often when the connection broke is split: one of its records may end the runner."""


class EndOfRunError(Exception):
    """An error that no record has to do with."""

    def __init__(self, error: SparkError) -> None:
        super().__init__(error)
        self.error = error


@dataclass(slots=True)
class Planner:
    """The state of a run.

    Args:
        chunk_size: Records a call; None lets it find out.
        concurrency: Calls at a time; None lets it find out.
        ordered: Whether results leave in the order of the records.
        on_error: Whether a record that cannot be executed ends the run or is a result.
    """

    chunk_size: int | None
    concurrency: int | None
    ordered: bool = True
    on_error: Literal['raise', 'collect'] = 'raise'
    waiting: deque[Chunk] = field(default_factory=lambda: deque[Chunk]())
    size: int = 0
    limit: int = 0
    flying: int = 0
    exhausted: bool = False
    not_before: float = 0.0
    _largest: int = LARGEST_SIZE
    _went_well: int = 0
    _ready: deque[ChunkResults] = field(default_factory=lambda: deque[ChunkResults]())
    _held: dict[int, ChunkResults] = field(default_factory=lambda: dict[int, ChunkResults]())
    _next: int = 0
    _read: int = 0
    _left: int = 0
    _failures: int = 0
    _failing_since: float | None = None
    _last_answer: float | None = None

    def __post_init__(self) -> None:
        self.size = self.chunk_size or FIRST_SIZE
        self.limit = self.concurrency or FIRST_CONCURRENCY

    @property
    def wants_rows(self) -> bool:
        """Whether more records should be read."""
        room = max(2 * self.size, min(WINDOW * self.limit * self.size, MOST_HELD))
        return not self.exhausted and not self.waiting and self.flying < self.limit and self._read - self._left < room

    @property
    def is_finished(self) -> bool:
        """Whether all results have left."""
        return self.exhausted and not (self.waiting or self.flying or self._ready or self._held)

    def offer(self, chunk: Chunk) -> None:
        """Records that were read."""
        self._read += len(chunk.rows)
        self.waiting.append(chunk)

    def known(self, results: ChunkResults) -> None:
        """Records that were read whose results are there already."""
        self._read += len(results)
        self._last_answer = time.monotonic()  # the runner answered then, so a pause may be a restart
        self._keep(results)

    def next(self) -> Chunk | None:
        """The next chunk to send now, if there is one."""
        if not self.waiting or self.flying >= self.limit or self.pause > 0:
            return None
        if self._failing_since and self._last_answer is None and self.flying:
            return None  # whether there is a runner at all, those that are under way will tell
        self.flying += 1
        return self.waiting.popleft()

    @property
    def pause(self) -> float:
        """How long to wait before the next call, in seconds."""
        return max(0.0, self.not_before - time.monotonic())

    def succeeded(self, chunk: Chunk, results: ChunkResults, seconds: float) -> None:
        """A chunk was executed."""
        self.flying -= 1
        self._failures = 0
        self._failing_since, self._last_answer = None, time.monotonic()
        self._keep(results)
        if len(chunk.rows) >= self.size:
            self._resize(seconds)
        if self.concurrency is None and self.flying + 1 >= self.limit:
            self.limit = min(self.limit + 1, HIGHEST_CONCURRENCY)
        elif self.concurrency is not None and self.limit < self.concurrency:
            self.limit += 1

    def _resize(self, seconds: float) -> None:
        """A call of the full size went well, in so many seconds."""
        if seconds > SLOW and self.chunk_size is None:
            self._largest = self.size = max(1, self.size // 2)
            return
        self._went_well = self._went_well + 1 if self.size == self._largest else 0
        if self._went_well >= AGAIN:
            self._largest, self._went_well = min(2 * self._largest, LARGEST_SIZE), 0
        if seconds < QUICK or self.chunk_size is not None:
            self.size = min(self.size * 2, self._largest, self.chunk_size or LARGEST_SIZE)

    def failed(self, chunk: Chunk, error: SparkError) -> ChunkResults | None:
        """A chunk was not executed: it waits for another try, is split, or is the end of the run.

        Returns:
            What is the result of its record, if this is the last word about it.

        Raises:
            SparkError: It is the end.
        """
        status = error.status if isinstance(error, SparkApiError) else 0
        is_too_much = isinstance(error, SparkTimeoutError) or status in TOO_MUCH
        is_gone = isinstance(error, (SparkConnectionError, SparkDecodeError)) or status == BAD_GATEWAY
        is_gone = is_gone or (isinstance(error, SparkTimeoutError) and not error.sent)
        self.flying -= 1
        if status and status != BAD_GATEWAY:
            self._last_answer = time.monotonic()
        if self._is_hopeless(error, status):
            raise error
        is_busy = isinstance(error, (RateLimitError, ServiceUnavailableError))
        if is_busy or (is_gone and not self._is_to_blame(chunk, error)):
            self._try_later(chunk, error, is_gone=is_gone)
        elif len(chunk.rows) > 1:
            if is_too_much:
                self._largest = min(self._largest, max(1, len(chunk.rows) // 2))
                self.size = min(self.size, self._largest)
            self._failures = 0
            self.waiting.extendleft(reversed(chunk.halves()))
        else:
            if is_too_much:  # the record's fault alone, and not that of the chunks it was in
                self._largest, self.size = LARGEST_SIZE, self.chunk_size or self.size
            return self._give_up(chunk, error)
        return None

    def pop_ready(self) -> Iterator[RecordResult]:
        """The results that may leave."""
        while self._ready:
            for result in self._ready.popleft():
                self._left += 1
                yield result

    def _is_hopeless(self, error: SparkError, status: int) -> bool:
        """Whether this is no record's fault, and will not pass."""
        if isinstance(error, SparkConfigError) or status in NEVER_BY_A_RECORD or 300 <= status < 400:
            return True
        return isinstance(error, SparkDecodeError) and self._last_answer is None  # what answers is no runner

    def _is_to_blame(self, chunk: Chunk, error: SparkError) -> bool:
        """Whether the runner may be gone because of this chunk: it took it again and again, or answered others."""
        chunk.tries += 1
        chunk.broke += isinstance(error, SparkConnectionError) and error.sent
        chunk.failing_since = chunk.failing_since or time.monotonic()
        if chunk.broke >= MOST_TRIES or (len(chunk.rows) > 1 and chunk.tries >= 2 * MOST_TRIES):
            return True  # to split it harms nobody, and its parts may tell more
        answers_others = (self._last_answer or 0) > chunk.failing_since
        return chunk.tries >= MOST_TRIES and answers_others

    def _try_later(self, chunk: Chunk, error: SparkError, *, is_gone: bool) -> None:
        now = time.monotonic()
        was_never_there = self._last_answer is None and is_gone
        if was_never_there and not self.flying and not (isinstance(error, SparkConnectionError) and error.sent):
            raise error
        self._failing_since = self._failing_since or now
        if now - self._failing_since > (FIRST_PATIENCE if was_never_there else PATIENCE):
            raise error
        if self.pause == 0:  # calls that fail together count as one
            self.limit = max(1, self.limit // 2)
            self._failures += 1
            longest = min(LONGEST_PAUSE, 0.1 * 2.0 ** min(self._failures, 10))
            self.not_before = now + random.uniform(longest / 2, longest)  # noqa: S311 - no secret
        if is_gone:  # others first: whether they are answered tells whether it is to blame
            self.waiting.append(chunk)
        else:
            self.waiting.appendleft(chunk)

    def _give_up(self, chunk: Chunk, error: SparkError) -> ChunkResults:
        if self.on_error == 'raise':
            raise error_of_record(chunk, error)
        status = error.status if isinstance(error, SparkApiError) else 0
        entry = {
            'source_path': 'service' if status else 'inputs',
            'error_category': 'Request',
            'error_type': f'error.{status}' if status else error.name,
            'message': describe_failure(chunk, error),
            'additional_details': None,
        }
        results = ChunkResults(chunk.start, [None], [None], [[entry]])
        self._keep(results)
        return results

    def _keep(self, results: ChunkResults) -> None:
        if not self.ordered:
            self._next += len(results)
            self._ready.append(results)
            return
        self._held[results.start] = results
        while (found := self._held.pop(self._next, None)) is not None:
            self._next += len(found)
            self._ready.append(found)


def error_of_record(chunk: Chunk, error: SparkError) -> SparkError:
    """The error that ends a run because of the only record of a chunk; it names the record."""
    words = f'record {chunk.start}: {describe_failure(chunk, error)}'
    if isinstance(error, SparkInputError):
        error = SparkInputError(error.problem, error.cause, (chunk.start, *path_in_record(chunk, error)))
    return error.with_message(words)


def check_settings(chunk_size: Any, concurrency: Any, on_error: Any) -> tuple[int | None, int | None]:
    """The settings as numbers; None where a run finds out by itself.

    Raises:
        SparkSdkError: One is not acceptable; the text says what is.
    """
    numbers: list[int | None] = []
    for name, value in (('chunk_size', chunk_size), ('concurrency', concurrency)):
        whole = None if isinstance(value, (str, bool)) or not hasattr(value, '__index__') else value.__index__()
        if value != 'auto' and (whole is None or whole < 1):
            raise SparkSdkError(f'{name} must be a whole number from 1 on, or "auto", not {value!r}')
        numbers.append(whole)
    if on_error not in ('raise', 'collect'):
        raise SparkSdkError(f"on_error must be 'raise' or 'collect', not {on_error!r}")
    return numbers[0], numbers[1]
