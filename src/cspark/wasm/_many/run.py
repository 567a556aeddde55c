"""A run of `execute_many`: everything but the I/O, which the blocking and the awaiting performer add."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from .._calls.observing import RunWatch
from .._calls.steps import Flow
from .._progress import Bar
from .._suggestion import suggest
from ..config import Config
from ..errors import SparkError, SparkSdkError
from ..records import ChunkResults, Progress
from ..results import ServiceExecuted
from .chunk import Chunk, estimate_bytes, kept_of, results_of
from .planner import EndOfRunError, Planner
from .reading import Rows

if TYPE_CHECKING:
    from .checkpoint import Checkpoint

__all__ = ['CallChunk', 'RecordBar', 'Run']

Outcome: TypeAlias = tuple[ChunkResults, float]
"""The results of a chunk, and the duration of the call in seconds."""


class CallChunk(Protocol):
    """Executes a chunk."""

    def __call__(
        self, chunk: Chunk, where: Config | None = None, correlation_id: str | None = None
    ) -> Flow[ServiceExecuted[Any]]:
        """Execute a chunk; on another runner and with another correlation id, if they are given."""
        ...


@dataclass(slots=True)
class Run:
    """The state of a run: its plan, its checkpoint and its progress.

    Attributes:
        planner: Decides what to send next.
        total: The number of records, if it is known.
        report: A function that is called with a `Progress` after each call, or None.
        open_checkpoint: A function that opens the checkpoint, or None for a run without one.
        checkpoint: The checkpoint, once it is open.
        watch: What watches the run, if anybody does.
        started: When the run began, by `time.monotonic()`.
    """

    planner: Planner
    total: int | None
    report: Any
    open_checkpoint: Callable[[], Checkpoint] | None
    keep: tuple[str, ...] = ()
    before: Flow[None] | None = None
    checkpoint: Checkpoint | None = None
    answer_bytes: int = 0
    is_stopped: bool = False
    version: str | None = None
    watch: RunWatch | None = None
    on_stop: list[Callable[[], object]] = field(default_factory=lambda: list[Callable[[], object]]())
    started: float = field(default_factory=time.monotonic)
    _position: int = 0
    _done: int = 0
    _failed: int = 0
    _is_known: bool = False
    _using: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> None:
        """Open the checkpoint. This may block.

        Raises:
            SparkSdkError: The checkpoint cannot be used.
        """
        if self.watch is not None:
            self.watch.begin()
        with self._using:
            if self.open_checkpoint is not None:
                self.checkpoint = self.open_checkpoint()

    def wanted(self) -> tuple[int, bool] | None:
        """The number of records to read now, and whether it must be exactly that number; None if none are needed."""
        if not self.planner.wants_rows:
            return None
        count, self._is_known = self.planner.size, False
        if self.checkpoint is not None:
            count, self._is_known = self.checkpoint.span(self._position, count)
        return count, self._is_known

    def known(self, read: Rows | None) -> ChunkResults | None:
        """Look up the results of records that were read in the checkpoint; None if it has none. This may block.

        Args:
            read: The records; None after the last one.

        Raises:
            SparkSdkError: The checkpoint was started with other inputs.
        """
        if self.checkpoint is None:
            return None
        with self._using:
            if read is None:
                self.checkpoint.check_end(self._position)
                return None
            self.checkpoint.check_place(self._position + len(read.rows))
            if self._is_known:
                return self.checkpoint.results(self._position, read.rows, read.names)
            return None

    def give(self, read: Rows | None, known: ChunkResults | None) -> None:
        """Add records that were read, with their results if the checkpoint has them; None after the last record."""
        if read is None:
            self.planner.exhausted = True
            return
        start, self._position = self._position, self._position + len(read.rows)
        self.planner.weigh(estimate_bytes(read.rows[0]) if read.rows else 0)
        if start == 0 and self.keep:
            self._check_kept(read)
        if known is not None:
            known.kept = kept_of(read, self.keep)
            self.planner.known(known)
            self._count(known)
        else:
            self.planner.offer(Chunk(start, read.rows, read.names))

    def outcome(self, chunk: Chunk, call: Callable[[], tuple[ServiceExecuted[Any], float]]) -> Outcome | None:
        """Get the outcome of a finished call; None if the chunk failed and was returned to the planner.

        Args:
            chunk: The chunk that was sent.
            call: A function that returns the answer and the duration in seconds, or raises the call's error.

        Raises:
            SparkError: The failure ends the run.
        """
        try:
            answer, seconds = call()
            results = results_of(chunk, answer)
            results.kept = kept_of(Rows(chunk.rows, chunk.names), self.keep)
            self.answer_bytes += len(answer.buffer)
            self.version = results.version or self.version
            self.planner.weigh_answer(len(answer.buffer) / len(results) if len(results) else 0)
            return results, seconds
        except EndOfRunError as end:
            raise end.error from None
        except SparkError as error:
            splits = self.planner.splits
            if given_up := self.planner.failed(chunk, error):
                given_up.kept = kept_of(Rows(chunk.rows, chunk.names), self.keep)
                self._count(given_up)
            if self.watch is not None and self.planner.splits > splits:
                self.watch.split()
            return None

    def save(self, chunk: Chunk, outcome: Outcome) -> None:
        """Write the results of a call to the checkpoint. This may block."""
        if self.checkpoint is not None:
            with self._using:
                self.checkpoint.save(chunk.rows, chunk.names, outcome[0], chunk.known)

    def finish(self, chunk: Chunk, outcome: Outcome) -> None:
        """Hand the results of a call to the planner, and report the progress."""
        self.planner.succeeded(chunk, *outcome)
        self._count(outcome[0])

    def _check_kept(self, read: Rows) -> None:
        """Refuse a name to keep that no record has, before anything is sent.

        Raises:
            SparkSdkError: It names the name, and the one that may be meant.
        """
        names = dict.fromkeys(name for record in read.records() for name in record)
        for name in self.keep:
            if name not in names:
                hint = suggest(name, names, 'they have')
                raise SparkSdkError(f'keep names {name!r}, which the records do not have; {hint}')

    def stop(self) -> None:
        """End the run, from any thread: whatever waits for a call stops waiting."""
        self.is_stopped = True
        for wake in self.on_stop:
            wake()

    def describe(self) -> str:
        """How far the run got, and how to go on, in a line."""
        total = '' if self.total is None else f' of {self.total:,}'
        words = f'{self._done:,}{total} records are done'
        if self.checkpoint is not None:
            return f'{words}; the checkpoint {self.checkpoint.name!r} has them: run the same call again to go on'
        return f"{words}; give checkpoint='FILE' to go on after an interruption"

    @property
    def failed(self) -> int:
        """The number of records with errors so far."""
        return self._failed

    @property
    def done(self) -> int:
        """How many records are done."""
        return self._done

    def _count(self, results: ChunkResults) -> None:
        failed = results.failed
        self._done += len(results)
        self._failed += failed
        if self.watch is not None:
            self.watch.counted(len(results), failed)
        if self.report is not None:
            seconds = time.monotonic() - self.started
            self.report(Progress(self._done, self.total, self._failed, seconds, self.planner.size, self.planner.limit))

    def close(self) -> None:
        """Close the checkpoint and the progress bar."""
        if self.watch is not None:
            self.watch.end()
        with self._using:  # an abandoned thread may still be using the checkpoint
            if self.checkpoint is not None:
                self.checkpoint.close()
        if isinstance(self.report, RecordBar):
            self.report.close()


class RecordBar(Bar):
    """A progress bar that counts records."""

    def __call__(self, progress: Progress) -> None:
        self.show(progress.done, progress.total)
