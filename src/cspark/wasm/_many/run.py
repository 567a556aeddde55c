"""A run of `execute_many`: everything but the I/O, which the blocking and the awaiting performer add."""

from __future__ import annotations

import codecs
import difflib
import inspect
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from .._calls import services
from .._calls.input_names import check_input_names, input_names
from .._calls.observing import RunWatch, observer_of
from .._calls.steps import Flow
from .._codec.compression import ENCODINGS
from .._progress import Bar
from ..config import Config
from ..errors import SparkError, SparkSdkError
from ..inputs import columnar
from ..options import LAYOUTS, ManyOptions, check_options, joined, one_of, split_names
from ..records import BESIDE, ChunkResults, Progress
from ..results import ServiceExecuted
from ..uri import Uri, UriLike
from .chunk import Chunk, estimate_bytes, kept_of, results_of
from .planner import MAX_BYTES, EndOfRunError, Planner, check_settings
from .reading import Reading, Rows
from .sources import identity_of

if TYPE_CHECKING:
    from .checkpoint import Checkpoint

__all__ = ['CallChunk', 'RecordBar', 'Run', 'prepare', 'reading_of']

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
            return self.checkpoint.results(self._position, read.rows, read.names) if self._is_known else None

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
                close = difflib.get_close_matches(name, names, 1)
                hint = f'did you mean {close[0]!r}?' if close else f'they have {", ".join(names)}'
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


def reading_of(options: ManyOptions) -> Reading:
    """How the options say that records are read.

    Raises:
        SparkSdkError: One of them is unknown or not valid.
    """
    check_options('services.execute_many', options, ManyOptions)
    encoding, given = options.get('file_encoding'), options.get('encoding')
    if encoding is None and isinstance(given, str) and given.lower() not in ENCODINGS and _is_text_encoding(given):
        encoding = given
    return Reading.of(
        options.get('delimiter'), encoding, options.get('columns'), options.get('missing'), options.get('sheet')
    )


def _is_text_encoding(name: str) -> bool:
    try:
        found = codecs.lookup(name)
    except LookupError:
        return False
    return bool(getattr(found, '_is_text_encoding', True))  # and not one of bytes to bytes, such as zip


def prepare(  # noqa: C901 - a list of checks
    config: Config, uri: UriLike, inputs: Any, total: int | None, options: ManyOptions, reading: Reading
) -> tuple[Run, CallChunk]:
    """Check the arguments of `execute_many`; return the run and a function that executes a chunk. Nothing is sent.

    Raises:
        SparkSdkError: An argument is not valid, or the checkpoint cannot be used.
    """
    given: dict[str, Any] = {**options}
    for name in ('delimiter', 'file_encoding', 'columns', 'missing', 'sheet'):
        given.pop(name, None)
    if reading.encoding is not None and given.get('encoding') == reading.encoding:
        del given['encoding']
    settings = {name: given.pop(name, default) for name, default in DEFAULTS.items()}
    size, concurrency = check_settings(settings['chunk_size'], settings['concurrency'], settings['on_error'])

    keep = split_names('keep', settings['keep'])
    for name in keep:
        if name in BESIDE:
            raise SparkSdkError(f'keep names {name!r}, which is a column of the results; rename it in the inputs')
    is_columnar = one_of('layout', given.get('layout'), LAYOUTS) == 'columnar'

    accepted: list[frozenset[str]] = []

    def ask_for_names() -> Flow[None]:
        accepted.append((yield from input_names(config, uri)))

    def call(
        chunk: Chunk, where: Config | None = None, correlation_id: str | None = None
    ) -> Flow[ServiceExecuted[Any]]:
        for names in accepted:
            check_input_names(chunk.inputs, names)
        try:
            inputs = columnar(chunk.inputs) if is_columnar else chunk.inputs
        except SparkSdkError as error:
            raise EndOfRunError(error) from None
        arguments: Any = {**given, 'inputs': inputs}
        if correlation_id is not None:
            arguments['correlation_id'] = correlation_id
        flow = services.execute(where or config, uri, 'alike', arguments, chunk.known)
        if run.watch is None:
            return (yield from flow)
        with run.watch.chunk(len(chunk.rows)):
            return (yield from flow)

    execute_options: Any = given
    services.check_many_options(config, uri, execute_options)
    path, progress = settings['checkpoint'], settings['progress']
    if not (isinstance(progress, bool) or progress is None or callable(progress)):
        raise SparkSdkError(f'progress must be True, False or a function, not {type(progress).__name__}')
    if inspect.iscoroutinefunction(progress):
        raise SparkSdkError('progress must be a plain function, not an async one')
    report: Any = RecordBar(' records', total) if progress is True else progress or None
    try:
        description = _describe_run(config, uri, given)
        open_checkpoint = None if path is None else _checkpoint_opener(path, description, total, inputs, reading)
    except BaseException:
        if isinstance(report, Bar):
            report.close()
        raise
    planner = Planner(
        size,
        concurrency,
        bool(settings['ordered']),
        settings['on_error'],
        max_bytes=_check_bytes(settings['max_bytes']),
        keep=keep,
    )
    before = ask_for_names() if settings['strict_inputs'] else None
    run = Run(planner, total, report, open_checkpoint, keep=keep, before=before)
    if observer := observer_of(config):
        run.watch = observer.run(config)
    return run, call


def _check_bytes(size: Any) -> int:
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise SparkSdkError(f'max_bytes must be a whole number of bytes from 1 on, not {size!r}')
    return size


DEFAULTS: Final[dict[str, Any]] = {
    'chunk_size': 'auto',
    'concurrency': 'auto',
    'ordered': True,
    'on_error': 'raise',
    'progress': False,
    'checkpoint': None,
    'keep': None,
    'max_bytes': MAX_BYTES,
    'strict_inputs': False,
}


def _checkpoint_opener(
    path: Any, what: str, total: int | None, inputs: Any, reading: Reading
) -> Callable[[], Checkpoint]:
    """Return a function that opens the checkpoint.

    The file is opened once here, so that errors are raised at once, and closed again: results that are never read must
    not lock it.
    """
    if not (isinstance(path, str) or hasattr(path, '__fspath__')) or not os.fspath(path):
        raise SparkSdkError(f'checkpoint must be the path of a file, not {path!r}')
    from .checkpoint import Checkpoint  # here: it imports SQLite, which few programs need

    place: str = os.fspath(path)
    Checkpoint(place, what, total).close()
    return lambda: Checkpoint(place, what, total, identity_of(inputs, reading))


def _describe_run(config: Config, uri: UriLike, options: Mapping[str, Any]) -> str:
    """Describe what a run computes; a checkpoint is refused for another one. The runner's address is no part of it."""
    parts = {name: joined(name, options.get(name)) for name in ('selected_outputs', 'subservices')}
    parts = {'active_since': options.get('active_since'), **parts}
    asked = ''.join(f', {name}={value!r}' for name, value in parts.items() if value)
    return f'{Uri.to_params(uri).service_uri} of {config.base_url.tenant}{asked}'
