"""What both kinds of results know without I/O: how far they were read, and what was kept of them."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# Values may have any type at all.
from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any, Final, Literal, TypeVar

from .._display import Table, count_records, table_of_results
from .._tables import Columns, join_columns, names_of_frame, rows_to_columns
from ..errors import SparkSdkError
from ..records import BESIDE, RecordResult, columns_of
from .planner import DECODED
from .run import Run

__all__ = ['Kept', 'columns_of_results']

Frame = TypeVar('Frame')
State = Literal['new', 'reading', 'read', 'closed', 'interrupted', 'failed']

WORDS: Final[dict[State, str]] = {
    'new': ' to compute; read them in a loop, or by to_pandas(), to_polars(), to_arrow() or write()',
    'reading': ' read so far',
    'read': '',
    'closed': ' read before it was closed',
    'interrupted': ' done when it was interrupted',
    'failed': ' read before it failed',
}


class Kept:
    """How far results were read, and the results themselves where they were read as a whole."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._state: State = 'new'
        self._count = 0
        self._kept: list[RecordResult] | None = None
        self.was_too_large = False

    @property
    def failed(self) -> int:
        """The number of records with errors, among those that were computed so far."""
        return self.run.failed

    def _take(self, result: RecordResult) -> RecordResult:
        self._state = 'reading'
        self._count += 1
        return result

    def _end(self, error: BaseException) -> None:
        """Note why there are no more results; a person who interrupted a cell reads how to go on."""
        if isinstance(error, (StopIteration, StopAsyncIteration)):
            self._state = 'closed' if self.run.is_stopped else 'read'
        elif isinstance(error, KeyboardInterrupt):
            self._state = 'interrupted'
            error.args = (self.run.describe(),)
        else:
            self._state = 'failed'

    def _closing(self) -> None:
        if self._state in ('new', 'reading'):
            self._state = 'closed'
        self.run.stop()

    def _check_readable(self) -> None:
        """Refuse to read again what was not kept.

        Raises:
            SparkSdkError: The results were read in a loop, closed, or too large to keep.
        """
        if self._kept is not None or self._state in ('new', 'reading'):
            return
        if self.was_too_large:
            raise SparkSdkError(
                f'these results were read, and are too large to keep (max_bytes={self.run.planner.max_bytes:,}): keep '
                'the first table, use write(), or call execute_many again with a checkpoint'
            )
        raise SparkSdkError('these results were already read or closed; call execute_many again')

    def _check_whole(self) -> None:
        """Refuse to make a table of what was closed before its end.

        Raises:
            SparkSdkError: Another thread or task closed the results.
        """
        if self._state != 'read':
            raise SparkSdkError('the results were closed while they were read; call execute_many again')

    def keep_results(self, results: list[RecordResult], factor: int = 1) -> list[RecordResult]:
        """Keep results for another time, if their answers are small enough."""
        if self.run.answer_bytes * factor <= self.run.planner.max_bytes:
            self._kept = results
        else:
            self.was_too_large = True
        return results

    def _keeping(self, results: Iterator[RecordResult]) -> Keeper:
        return Keeper(self, results)

    def _names_to_join(self, frame: Any) -> list[str]:
        """The names of a frame's columns, checked before anything is computed.

        Raises:
            SparkSdkError: It is no frame, or a name of its columns is needed.
        """
        self._check_readable()
        names = names_of_frame(frame)
        for name in ('warnings', 'errors'):
            if name in names:
                raise SparkSdkError(f'the frame has a column {name!r} already; rename it before results are joined')
        total = self.run.total
        if total is not None and len(frame) != total - (self._count if self._kept is None else 0):
            raise SparkSdkError(f'the frame has {len(frame):,} rows, and there are {total:,} records; join the inputs')
        return names

    def _join(self, frame: Frame, names: list[str], results: list[RecordResult]) -> Frame:
        joined: Frame = join_columns(frame, columns_of_results(results, names, joins=True))
        return joined

    def __repr__(self) -> str:
        return f'<{type(self).__name__}>\n{self._table().text()}'

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        if self._kept is not None:
            found = self._kept
            return table_of_results(found, len(found), self.run.version, found[0].call_id if found else None)
        total = self.run.total
        words = WORDS[self._state]
        if self._state == 'new':
            known = 'records' if total is None else count_records(total)
            return Table(f'{known}{words}', [], [])
        count = self.run.done if self._state == 'interrupted' else self._count
        known = count_records(count)
        if total is not None and count != total:
            known = f'{count:,} of {total:,} records'
        return Table(f'{known}{words}', [], [])

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError(
            f'{type(self).__name__} computes results while they are read, and cannot be pickled; hand over what '
            'to_pandas(), to_polars() or to_arrow() gives'
        )


class Keeper:
    """Results on their way into a file, kept as long as they are few."""

    def __init__(self, owner: Kept, results: Iterator[RecordResult]) -> None:
        self._owner = owner
        self._results = results
        self._found: list[RecordResult] | None = []

    def __iter__(self) -> Iterator[RecordResult]:
        for one in self._results:
            self.add(one)
            yield one
        self.end()

    def add(self, result: RecordResult) -> None:
        """One more result."""
        run = self._owner.run
        if self._found is not None and run.answer_bytes * DECODED > run.planner.max_bytes:
            self._found, self._owner.was_too_large = None, True
        if self._found is not None:
            self._found.append(result)

    def end(self) -> None:
        """All results are in the file."""
        if self._found is not None:
            self._owner.keep_results(self._found, DECODED)


def columns_of_results(results: Iterable[RecordResult], taken: Iterable[str] = (), *, joins: bool = False) -> Columns:
    """The columns of a table of results, in the order of the records.

    Args:
        results: The results, in any order.
        taken: Names that outputs must not have.
        joins: Whether the columns stand beside those of the inputs: then `index` and what was kept are left out.
    """
    ordered = sorted(results, key=attrgetter('index'))
    if joins:
        beside = {*BESIDE, *taken}
        rows = [one.row_beside(beside) for one in ordered]
        names = [name for name in columns_of(rows) if name != 'index']
    else:
        rows = [one.row for one in ordered]
        names = columns_of(rows)
    return rows_to_columns([{name: _own(value) for name, value in row.items()} for row in rows], names)


def _own(value: Any) -> Any:
    """Copy a list or an object, so that changing it in a table does not change the results that are kept."""
    return copy.deepcopy(value) if type(value) in (list, dict) else value
