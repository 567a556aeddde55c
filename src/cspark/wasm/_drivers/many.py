"""A run of `execute_many`, as both drivers see it: what to read, what to send, what came of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from .._flows import services
from .._flows.bulk import Bulk, Chunk, check_settings, results_of
from .._flows.flow import Flow
from ..config import Config
from ..errors import SparkError, SparkSdkError
from ..options import ManyOptions, check_options
from ..progress import Bar
from ..records import Progress, RecordResult
from ..results import ServiceExecuted
from ..sources import Rows
from ..uri import Uri, UriLike

if TYPE_CHECKING:
    from ..checkpoint import Checkpoint

__all__ = ['RecordBar', 'Run', 'prepare']


@dataclass(slots=True)
class Run:
    """The state of a run, its checkpoint and whoever wants to hear of it."""

    bulk: Bulk
    total: int | None
    checkpoint: Checkpoint | None
    report: Any
    started: float = field(default_factory=time.monotonic)
    _position: int = 0
    _done: int = 0
    _failed: int = 0
    _is_known: bool = False

    def wanted(self) -> tuple[int, bool] | None:
        """How many records to read now, and whether exactly so many; None for none."""
        if not self.bulk.wants_rows:
            return None
        count, self._is_known = self.bulk.size, False
        if self.checkpoint is not None:
            count, self._is_known = self.checkpoint.span(self._position, count)
        return count, self._is_known

    def give(self, read: Rows | None) -> None:
        """Records that were read; None at the end of them."""
        if read is None:
            self.bulk.exhausted = True
            if self.checkpoint is not None:
                self.checkpoint.check_end(self._position)
            return
        start, self._position = self._position, self._position + len(read.rows)
        if self.checkpoint is not None:
            self.checkpoint.check_place(self._position)
        if self.checkpoint is not None and self._is_known:
            results = self.checkpoint.results(start, read.rows, read.names)
            self.bulk.known(start, results)
            self._count(results)
        else:
            self.bulk.offer(Chunk(start, read.rows, read.names))

    def settle(self, chunk: Chunk, outcome: Callable[[], tuple[ServiceExecuted[Any], float]]) -> None:
        """A call is over; `outcome` returns its answer and the seconds that it took, or raises.

        Raises:
            SparkError: This is the end of the run.
        """
        try:
            answer, seconds = outcome()
            results = results_of(chunk, answer)
        except SparkError as error:
            if given_up := self.bulk.failed(chunk, error):
                self._count(given_up)
            return
        if self.checkpoint is not None:
            self.checkpoint.save(chunk.start, chunk.rows, chunk.names, results)
        self.bulk.succeeded(chunk, results, seconds)
        self._count(results)

    def _count(self, results: list[RecordResult]) -> None:
        self._done += len(results)
        self._failed += sum(1 for one in results if one.errors)
        if self.report is not None:
            seconds = time.monotonic() - self.started
            self.report(Progress(self._done, self.total, self._failed, seconds, self.bulk.size, self.bulk.limit))

    def close(self) -> None:
        """Close the checkpoint and the bar."""
        if self.checkpoint is not None:
            self.checkpoint.close()
        if isinstance(self.report, RecordBar):
            self.report.close()


class RecordBar(Bar):
    """A bar that counts records."""

    def __call__(self, progress: Progress) -> None:
        self.show(progress.done, progress.total)


def prepare(
    config: Config, uri: UriLike, total: int | None, options: ManyOptions
) -> tuple[Run, Callable[[Chunk], Flow[ServiceExecuted[Any]]]]:
    """A run that has done nothing yet, and how it executes a chunk. Nothing was sent.

    Raises:
        SparkSdkError: An argument is wrong, or the checkpoint cannot be used.
    """
    check_options('services.execute_many', options, ManyOptions)
    given: dict[str, Any] = {**options}
    settings = {name: given.pop(name, default) for name, default in DEFAULTS.items()}
    size, concurrency = check_settings(settings['chunk_size'], settings['concurrency'], settings['on_error'])

    def call(chunk: Chunk) -> Flow[ServiceExecuted[Any]]:
        execute_options: Any = {**given, 'inputs': chunk.inputs}
        return services.execute(config, uri, 'alike', execute_options)

    with suppress(StopIteration):
        next(call(Chunk(0, [])))  # an empty call sends nothing, and checks everything
    path, progress = settings['checkpoint'], settings['progress']
    if not (isinstance(progress, bool) or progress is None or callable(progress)):
        raise SparkSdkError(f'progress must be True, False or a function, not {type(progress).__name__}')
    report: Any = RecordBar(' records', total) if progress is True else progress or None
    try:
        checkpoint = None if path is None else _opened(path, _what(config, uri, given), total)
    except BaseException:
        if isinstance(report, Bar):
            report.close()
        raise
    bulk = Bulk(size, concurrency, bool(settings['ordered']), settings['on_error'])
    return Run(bulk, total, checkpoint, report), call


DEFAULTS: Final[dict[str, Any]] = {
    'chunk_size': 'auto',
    'concurrency': 'auto',
    'ordered': True,
    'on_error': 'raise',
    'progress': False,
    'checkpoint': None,
}


def _opened(path: str | os.PathLike[str], what: str, total: int | None) -> Checkpoint:
    from ..checkpoint import Checkpoint  # with SQLite, which few need

    return Checkpoint(path, what, total)


def _what(config: Config, uri: UriLike, options: Mapping[str, Any]) -> str:
    """What tells a run from others, for its checkpoint: where the runner is does not matter, what it computes does."""
    parts = {name: options[name] for name in ('active_since', 'selected_outputs', 'subservices') if options.get(name)}
    asked = ''.join(f', {name}={value!r}' for name, value in parts.items())
    return f'{Uri.to_params(uri).service_uri} of {config.base_url.tenant}{asked}'
