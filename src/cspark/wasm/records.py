"""What `services.execute_many` yields: one result a record, and how far it got."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from ._codec.json import is_array, is_object

__all__ = ['ChunkResults', 'Progress', 'ProgressLike', 'RecordResult', 'columns_of']

BESIDE: Final = ('index', 'warnings', 'errors')
"""The columns of a table of results that are no outputs."""

EXCEL_ERRORS: Final = {
    *('#NULL!', '#DIV/0!', '#VALUE!', '#REF!', '#NAME?', '#NUM!', '#N/A'),
    *('#GETTING_DATA', '#SPILL!', '#CALC!', '#FIELD!', '#BLOCKED!', '#CONNECT!'),
}


@dataclass(slots=True)
class RecordResult:
    """What became of one record.

    Attributes:
        index: The record's place in the inputs, from 0 on.
        outputs: Its outputs; None where it failed.
        warnings: A list of dictionaries, or None.
        errors: A list of dictionaries, or None. With `on_error='collect'`, a record that could not be executed has one
            here, whose `message` says why.
        call_id: The runner's id of the call that it was executed in.
    """

    index: int
    outputs: Any
    warnings: list[dict[str, Any]] | None = None
    errors: list[dict[str, Any]] | None = None
    call_id: str | None = field(default=None, compare=False)

    @property
    def row(self) -> dict[str, Any]:
        """The record as a row of a table: its `index`, its outputs, its `warnings` and `errors`.

        An output that is an Excel error is None, so that its column stays one of numbers, and `warnings` tells of it.
        One that is named like one of the other columns is in the column `outputs.NAME`.

        >>> RecordResult(0, {'area': 4, 'index': 7}).row
        {'index': 0, 'area': 4, 'outputs.index': 7, 'warnings': None, 'errors': None}
        >>> RecordResult(0, {'area': '#VALUE!'}).row['warnings']
        [{'source_path': 'area', 'error_category': 'Excel', 'message': '#VALUE!'}]
        """
        outputs: dict[str, Any] = self.outputs if is_object(self.outputs) else {}
        warnings = self.warnings
        broken = {name: value for name, value in outputs.items() if type(value) is str and value in EXCEL_ERRORS}
        if broken:
            outputs = outputs | dict.fromkeys(broken)
            told = [{'source_path': name, 'error_category': 'Excel', 'message': broken[name]} for name in broken]
            warnings = [*(warnings if is_array(warnings) else []), *told]
        if not outputs.keys().isdisjoint(BESIDE):
            outputs = {_renamed(name, outputs): value for name, value in outputs.items()}
        return {'index': self.index, **outputs, 'warnings': warnings, 'errors': self.errors}


def _renamed(name: str, outputs: Mapping[str, Any]) -> str:
    """A name for an output's column that no other column has."""
    if name in BESIDE:
        name = f'outputs.{name}'
        while name in outputs:
            name = f'outputs.{name}'
    return name


@dataclass(slots=True)
class ChunkResults:
    """The results of records in a row, a list a column, as they came: a `RecordResult` is made when its turn has come.

    Attributes:
        start: The index of the first.
        version: The version that computed them; None where the runner does not tell.
    """

    start: int
    outputs: Sequence[Any]
    warnings: Sequence[Any]
    errors: Sequence[Any]
    call_id: str | None = None
    version: str | None = None

    def __len__(self) -> int:
        return len(self.outputs)

    def __iter__(self) -> Iterator[RecordResult]:
        columns = zip(itertools.count(self.start), self.outputs, self.warnings, self.errors, strict=False)
        return (RecordResult(*values, self.call_id) for values in columns)

    @property
    def failed(self) -> int:
        """How many have errors."""
        return sum(1 for one in self.errors if one)


def columns_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The columns of a table with such rows, in their order."""
    names = dict.fromkeys(name for row in rows for name in row)
    return ['index', *(name for name in names if name not in BESIDE), 'warnings', 'errors']


@dataclass(frozen=True, slots=True)
class Progress:
    """How far `execute_many` got.

    Attributes:
        done: Records that are through, those of an earlier run with the same checkpoint included.
        total: All records; None where nobody can know.
        failed: Records with errors.
        seconds: Since the start of this run.
        chunk_size: Records in the next call.
        concurrency: Calls that may be under way at a time.
    """

    done: int
    total: int | None
    failed: int
    seconds: float
    chunk_size: int
    concurrency: int


ProgressLike: TypeAlias = bool | Callable[[Progress], object]
"""False for none, True for a bar on the terminal (it needs `tqdm`), or a function that is told after each call."""
