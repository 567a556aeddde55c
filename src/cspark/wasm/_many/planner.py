"""The plan of a run of `execute_many`: the size of chunks, the number of concurrent calls, and what follows a failure.

Nothing here sends or waits. A performer asks for the next chunk, sends it, and reports the outcome.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Iterator, Sequence
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
from .chunk import Chunk, describe_failure, kept_of, path_in_record
from .reading import Rows

__all__ = ['EndOfRunError', 'Planner', 'check_settings', 'name_record']

FIRST_SIZE: Final = 256
LARGEST_SIZE: Final = 8192
QUICK: Final = 1.0
"""Chunks grow while calls take less than this, in seconds."""

SLOW: Final = 20.0
"""Chunks shrink when a call takes longer than this, in seconds; the platform ends a call after 55."""

FIRST_CONCURRENCY: Final = 8
HIGHEST_CONCURRENCY: Final = 32
WINDOW: Final = 4
"""How many chunks may be read ahead for each concurrent call, while ordered results wait for an earlier one."""

MAX_BYTES: Final = 64 * 1024 * 1024
"""How much memory records and results in flight may take, in bytes, unless `max_bytes` says otherwise."""

DECODED: Final = 6
"""How many times the size of its text a decoded answer takes, about: numbers and text are objects in Python."""

MOST_HELD: Final = 100_000
"""How many records may be in flight or wait for an earlier one; this bounds the memory of a run."""

PATIENCE: Final = 120.0
"""How long a run keeps trying when a runner that has answered before stops answering, in seconds from the first
failure."""

FIRST_PATIENCE: Final = 20.0
"""The same for a runner that accepts connections but has never answered."""

AGAIN: Final = 64
"""After how many successful calls of the largest size a larger one is tried again."""

LONGEST_PAUSE: Final = 10.0
"""The longest pause before the next call after failures, in seconds."""
BAD_GATEWAY: Final = 502
TOO_MUCH: Final = frozenset({408, 413, 504})
"""Statuses that mean that a chunk was too large, not that a record is wrong."""

NEVER_BY_A_RECORD: Final = frozenset({401, 403, 404, 405, 415})
"""Statuses that end the run, because a smaller chunk would get the same answer. Redirects end it too."""

MOST_TRIES: Final = 5
"""After how many broken connections a chunk is split: one of its records may crash the runner."""


class EndOfRunError(Exception):
    """An error that ends the run because it has nothing to do with a particular record."""

    def __init__(self, error: SparkError) -> None:
        super().__init__(error)
        self.error = error


@dataclass(slots=True)
class Planner:
    """Decides which records to send next, and what to do when a call fails.

    Args:
        chunk_size: The number of records a call; None adapts it to the runner.
        concurrency: The number of concurrent calls; None adapts it to the runner.
        ordered: Whether results are yielded in the order of the records.
        on_error: Whether a record that cannot be executed ends the run (`raise`) or becomes a result (`collect`).
        max_bytes: How much memory records and results in flight may take.
        keep: The inputs that name a record in the error that ends the run, beside its place.

    Attributes:
        waiting: The chunks that are ready to be sent, or to be sent again.
        size: The number of records to read for the next chunk.
        limit: The number of calls that may be in flight now.
        flying: The number of calls that are in flight.
        exhausted: Whether all records have been read.
        not_before: When the next call may start, by `time.monotonic()`.
        splits: How many chunks that failed were sent in halves.
    """

    chunk_size: int | None
    concurrency: int | None
    ordered: bool = True
    on_error: Literal['raise', 'collect'] = 'raise'
    max_bytes: int = MAX_BYTES
    keep: tuple[str, ...] = ()
    waiting: deque[Chunk] = field(default_factory=lambda: deque[Chunk]())
    size: int = 0
    limit: int = 0
    flying: int = 0
    exhausted: bool = False
    not_before: float = 0.0
    splits: int = 0
    _record_bytes: float = 0.0
    _answer_bytes: float = 0.0
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
    _is_expected: bool = False

    def __post_init__(self) -> None:
        self.size = self.chunk_size or FIRST_SIZE
        self.limit = self.concurrency or FIRST_CONCURRENCY

    @property
    def wants_rows(self) -> bool:
        """Whether more records should be read now."""
        # Room for two chunks at least: chunks of more than MOST_HELD records would otherwise be sent one at a time.
        room = max(2 * self.size, min(WINDOW * self.limit * self.size, self._most_held))
        return not self.exhausted and not self.waiting and self.flying < self.limit and self._read - self._left < room

    @property
    def _most_held(self) -> int:
        """How many records may be in flight or wait: so many, and so many bytes."""
        weight = self._record_bytes + self._answer_bytes
        if not weight:
            return MOST_HELD
        return max(1, min(MOST_HELD, int(self.max_bytes / weight)))

    def weigh(self, record_bytes: float) -> None:
        """Learn how much memory a record takes, so that wide ones are read in smaller chunks."""
        self._record_bytes = max(self._record_bytes, record_bytes)
        self._fit_size()

    def weigh_answer(self, json_bytes: float) -> None:
        """Learn how much of an answer a record gets. Decoded, it takes several times the memory of its text."""
        self._answer_bytes = max(self._answer_bytes, json_bytes * DECODED)
        self._fit_size()

    def _fit_size(self) -> None:
        """Keep chunks so small that some of them fit into the memory that a run may take."""
        if self.chunk_size is None:
            self.size = max(1, min(self.size, self._most_held // WINDOW))

    @property
    def is_finished(self) -> bool:
        """Whether all results have been yielded."""
        return self.exhausted and not (self.waiting or self.flying or self._ready or self._held)

    def offer(self, chunk: Chunk) -> None:
        """Add a chunk of records that were read."""
        self._read += len(chunk.rows)
        self.waiting.append(chunk)

    def known(self, results: ChunkResults) -> None:
        """Add the results of records that need no call, because a checkpoint holds them."""
        self._read += len(results)
        self._last_answer = time.monotonic()  # the runner answered in an earlier run, so it may only be restarting now
        self._keep(results)

    def next(self) -> Chunk | None:
        """Return the next chunk to send, or None if none may be sent now."""
        if not self.waiting or self.flying >= self.limit or self.pause > 0:
            return None
        if self._failing_since and self._last_answer is None and self.flying:
            return None  # the calls in flight will show whether there is a runner at all
        self.flying += 1
        return self.waiting.popleft()

    @property
    def pause(self) -> float:
        """How long to wait before the next call, in seconds."""
        return max(0.0, self.not_before - time.monotonic())

    def expect_runner(self, *, has_answered: bool) -> None:
        """Wait for the runner instead of giving up when it cannot be reached: others are using it.

        Args:
            has_answered: Whether it has answered in an earlier run. Then this run waits for two minutes, else 20 s.
        """
        self._is_expected = True
        if has_answered:
            self._last_answer = time.monotonic()

    def succeeded(self, chunk: Chunk, results: ChunkResults, seconds: float) -> None:
        """Record that a chunk was executed, in this many seconds, and adapt to it."""
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
        """Adapt the size of chunks to the duration of a successful call of the full size."""
        if seconds > SLOW and self.chunk_size is None:
            self._largest = self.size = max(1, self.size // 2)
            return
        self._went_well = self._went_well + 1 if self.size == self._largest else 0
        if self._went_well >= AGAIN:
            self._largest, self._went_well = min(2 * self._largest, LARGEST_SIZE), 0
        if seconds < QUICK or self.chunk_size is not None:
            self.size = min(self.size * 2, self._largest, self.chunk_size or LARGEST_SIZE)
        self._fit_size()

    def failed(self, chunk: Chunk, error: SparkError) -> ChunkResults | None:
        """Record that a call failed: retry the chunk later, split it, or give it up.

        Returns:
            The result of its only record if it is given up; None if it will be sent again, whole or in parts.

        Raises:
            SparkError: The failure ends the run.
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
            self.splits += 1
            self.waiting.extendleft(reversed(chunk.halves()))
        else:
            if is_too_much:  # this record alone is too slow or large: its chunks were not
                self._largest, self.size = LARGEST_SIZE, self.chunk_size or self.size
            return self._give_up(chunk, error)
        return None

    def pop_ready(self) -> Iterator[RecordResult]:
        """Yield the results that are ready, in order if the run is ordered."""
        while self._ready:
            for result in self._ready.popleft():
                self._left += 1
                yield result

    def _is_hopeless(self, error: SparkError, status: int) -> bool:
        """Whether the failure is permanent and unrelated to the records."""
        if isinstance(error, SparkConfigError) or status in NEVER_BY_A_RECORD or 300 <= status < 400:
            return True
        return isinstance(error, SparkDecodeError) and self._last_answer is None  # the server is not a runner

    def _is_to_blame(self, chunk: Chunk, error: SparkError) -> bool:
        """Whether this chunk may be what crashes the runner: it failed many times, or other chunks were answered."""
        chunk.tries += 1
        chunk.broke += isinstance(error, SparkConnectionError) and error.sent
        chunk.failing_since = chunk.failing_since or time.monotonic()
        if chunk.broke >= MOST_TRIES or (len(chunk.rows) > 1 and chunk.tries >= 2 * MOST_TRIES):
            return True  # splitting does no harm, and narrows the search to a part of the records
        answers_others = (self._last_answer or 0) > chunk.failing_since
        return chunk.tries >= MOST_TRIES and answers_others

    def _try_later(self, chunk: Chunk, error: SparkError, *, is_gone: bool) -> None:
        now = time.monotonic()
        was_never_there = self._last_answer is None and is_gone
        is_absent = was_never_there and not self._is_expected
        if is_absent and not self.flying and not (isinstance(error, SparkConnectionError) and error.sent):
            raise error
        self._failing_since = self._failing_since or now
        if now - self._failing_since > (FIRST_PATIENCE if was_never_there else PATIENCE):
            raise error
        if self.pause == 0:  # calls that fail together count as one failure
            self.limit = max(1, self.limit // 2)
            self._failures += 1
            longest = min(LONGEST_PAUSE, 0.1 * 2.0 ** min(self._failures, 10))
            self.not_before = now + random.uniform(longest / 2, longest)  # noqa: S311 - no secret
        if is_gone:  # send other chunks first: whether they are answered shows whether this one is to blame
            self.waiting.append(chunk)
        else:
            self.waiting.appendleft(chunk)

    def _give_up(self, chunk: Chunk, error: SparkError) -> ChunkResults:
        if self.on_error == 'raise':
            raise error_of_record(chunk, error, self.keep)
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
        # Release all results up to the first gap.
        while (found := self._held.pop(self._next, None)) is not None:
            self._next += len(found)
            self._ready.append(found)


def error_of_record(chunk: Chunk, error: SparkError, keep: tuple[str, ...] = ()) -> SparkError:
    """The error that ends a run because of the only record of a chunk; it names the record, and what is kept of it."""
    words = (
        f'{name_record(chunk.start, kept_of(Rows(chunk.rows, chunk.names), keep))}: {describe_failure(chunk, error)}'
    )
    if isinstance(error, SparkInputError):
        error = SparkInputError(error.problem, error.cause, (chunk.start, *path_in_record(chunk, error)))
    return error.with_message(words)


def name_record(index: int, kept: Sequence[dict[str, Any]] | None) -> str:
    """Name a record by its place and what is kept of it.

    >>> name_record(7, [{'policy': 'P-7'}])
    "record 7 (policy='P-7')"
    """
    told = ', '.join(f'{name}={value!r:.50}' for name, value in (kept[0] if kept else {}).items())
    return f'record {index} ({told})' if told else f'record {index}'


def check_settings(chunk_size: Any, concurrency: Any, on_error: Any) -> tuple[int | None, int | None]:
    """Check the settings of a run; return `chunk_size` and `concurrency` as numbers, with None for `auto`.

    Raises:
        SparkSdkError: A setting is not valid; the message says what is accepted.
    """
    numbers: list[int | None] = []
    for name, value in (('chunk_size', chunk_size), ('concurrency', concurrency)):
        whole: int | None = None
        if hasattr(value, '__index__') and not isinstance(value, bool):  # numpy's whole numbers have it too
            whole = value.__index__()
        if value != 'auto' and (whole is None or whole < 1):
            raise SparkSdkError(f'{name} must be a whole number from 1 on, or "auto", not {value!r}')
        numbers.append(whole)
    if on_error not in ('raise', 'collect'):
        raise SparkSdkError(f"on_error must be 'raise' or 'collect', not {on_error!r}")
    return numbers[0], numbers[1]
