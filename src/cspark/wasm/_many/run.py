"""A run of `execute_many`: everything but the I/O, which the blocking and the awaiting performer add."""

from __future__ import annotations

import inspect
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from .._calls import services
from .._calls.steps import Flow
from .._progress import Bar
from ..config import Config
from ..errors import SparkError, SparkSdkError
from ..inputs import columnar
from ..options import LAYOUTS, ManyOptions, check_options, joined, one_of
from ..records import ChunkResults, Progress
from ..results import ServiceExecuted
from ..uri import Uri, UriLike
from .chunk import Chunk, results_of
from .planner import EndOfRunError, Planner, check_settings
from .sources import Rows, identity_of

if TYPE_CHECKING:
    from .checkpoint import Checkpoint

__all__ = ['RecordBar', 'Run', 'prepare']

Outcome: TypeAlias = tuple[ChunkResults, float]
"""The results of a chunk, and the duration of the call in seconds."""


@dataclass(slots=True)
class Run:
    """The state of a run: its plan, its checkpoint and its progress.

    Attributes:
        planner: Decides what to send next.
        total: The number of records, if it is known.
        report: A function that is called with a `Progress` after each call, or None.
        open_checkpoint: A function that opens the checkpoint, or None for a run without one.
        checkpoint: The checkpoint, once it is open.
        started: When the run began, by `time.monotonic()`.
    """

    planner: Planner
    total: int | None
    report: Any
    open_checkpoint: Callable[[], Checkpoint] | None
    checkpoint: Checkpoint | None = None
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
            return self.checkpoint.results(self._position, read.rows, read.names) if self._is_known else None

    def give(self, read: Rows | None, known: ChunkResults | None) -> None:
        """Add records that were read, with their results if the checkpoint has them; None after the last record."""
        if read is None:
            self.planner.exhausted = True
            return
        start, self._position = self._position, self._position + len(read.rows)
        if known is not None:
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
            return results_of(chunk, answer), seconds
        except EndOfRunError as end:
            raise end.error from None
        except SparkError as error:
            if given_up := self.planner.failed(chunk, error):
                self._count(given_up)
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

    def _count(self, results: ChunkResults) -> None:
        self._done += len(results)
        self._failed += results.failed
        if self.report is not None:
            seconds = time.monotonic() - self.started
            self.report(Progress(self._done, self.total, self._failed, seconds, self.planner.size, self.planner.limit))

    def close(self) -> None:
        """Close the checkpoint and the progress bar."""
        with self._using:  # an abandoned thread may still be using the checkpoint
            if self.checkpoint is not None:
                self.checkpoint.close()
        if isinstance(self.report, RecordBar):
            self.report.close()


class RecordBar(Bar):
    """A progress bar that counts records."""

    def __call__(self, progress: Progress) -> None:
        self.show(progress.done, progress.total)


def prepare(
    config: Config, uri: UriLike, inputs: Any, total: int | None, options: ManyOptions
) -> tuple[Run, Callable[[Chunk], Flow[ServiceExecuted[Any]]]]:
    """Check the arguments of `execute_many`; return the run and a function that executes a chunk. Nothing is sent.

    Raises:
        SparkSdkError: An argument is not valid, or the checkpoint cannot be used.
    """
    check_options('services.execute_many', options, ManyOptions)
    given: dict[str, Any] = {**options}
    settings = {name: given.pop(name, default) for name, default in DEFAULTS.items()}
    size, concurrency = check_settings(settings['chunk_size'], settings['concurrency'], settings['on_error'])

    is_columnar = one_of('layout', given.get('layout'), LAYOUTS) == 'columnar'

    def call(chunk: Chunk) -> Flow[ServiceExecuted[Any]]:
        try:
            inputs = columnar(chunk.inputs) if is_columnar else chunk.inputs
        except SparkSdkError as error:
            raise EndOfRunError(error) from None
        arguments: Any = {**given, 'inputs': inputs}
        return (yield from services.execute(config, uri, 'alike', arguments, chunk.known))

    execute_options: Any = given
    services.check_many_options(config, uri, execute_options)
    path, progress = settings['checkpoint'], settings['progress']
    if not (isinstance(progress, bool) or progress is None or callable(progress)):
        raise SparkSdkError(f'progress must be True, False or a function, not {type(progress).__name__}')
    if inspect.iscoroutinefunction(progress):
        raise SparkSdkError('progress must be a plain function, not an async one')
    report: Any = RecordBar(' records', total) if progress is True else progress or None
    try:
        open_checkpoint = None if path is None else _opener(path, _what(config, uri, given), total, inputs)
    except BaseException:
        if isinstance(report, Bar):
            report.close()
        raise
    planner = Planner(size, concurrency, bool(settings['ordered']), settings['on_error'])
    return Run(planner, total, report, open_checkpoint), call


DEFAULTS: Final[dict[str, Any]] = {
    'chunk_size': 'auto',
    'concurrency': 'auto',
    'ordered': True,
    'on_error': 'raise',
    'progress': False,
    'checkpoint': None,
}


def _opener(path: Any, what: str, total: int | None, inputs: Any) -> Callable[[], Checkpoint]:
    """Return a function that opens the checkpoint.

    The file is opened once here, so that errors are raised at once, and closed again: results that are never read must
    not lock it.
    """
    if not (isinstance(path, str) or hasattr(path, '__fspath__')) or not os.fspath(path):
        raise SparkSdkError(f'checkpoint must be the path of a file, not {path!r}')
    from .checkpoint import Checkpoint  # here: it imports SQLite, which few programs need

    place: str = os.fspath(path)
    Checkpoint(place, what, total).close()
    return lambda: Checkpoint(place, what, total, identity_of(inputs))


def _what(config: Config, uri: UriLike, options: Mapping[str, Any]) -> str:
    """Describe what a run computes; a checkpoint is refused for another one. The runner's address is no part of it."""
    parts = {name: joined(name, options.get(name)) for name in ('selected_outputs', 'subservices')}
    parts = {'active_since': options.get('active_since'), **parts}
    asked = ''.join(f', {name}={value!r}' for name, value in parts.items() if value)
    return f'{Uri.to_params(uri).service_uri} of {config.base_url.tenant}{asked}'
