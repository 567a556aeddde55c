"""How records are read: what a missing value means, what a column of a file holds, how the file is written."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# Values may have any type at all.
from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Self

import attrs

from .._codec.plain import as_record
from .._missing_values import Missing, apply_missing, check_missing
from .._suggestion import suggest
from ..errors import SparkSdkError

__all__ = ['BATCH', 'CELLS', 'SUFFIXES', 'Reading', 'Rows', 'import_for', 'rows_within']

BATCH: Final = 8192
"""The most records that are read at a time from a frame or a file."""

SUFFIXES: Final = (
    *('.parquet', '.xlsx', '.csv', '.tsv', '.csv.gz', '.tsv.gz'),
    *('.jsonl', '.ndjson', '.jsonl.gz', '.ndjson.gz'),
)
"""What the names of files of records end with."""

CELLS: Final = 1 << 17
"""The most values that are read at a time: records with thousands of columns come in smaller batches."""

KINDS: Final = (str, int, float, bool, date, datetime)


@dataclass(slots=True)
class Rows:
    """Records in a row: rows of values where `names` are given, else records as they are."""

    rows: Sequence[Any]
    names: tuple[str, ...] | None = None

    def records(self) -> Iterator[dict[str, Any]]:
        """The records, each with its names."""
        for row in self.rows:
            yield (as_record(row) or {}) if self.names is None else dict(zip(self.names, row, strict=True))


@attrs.frozen
class Reading:
    """How records are read.

    Args:
        delimiter: What separates the fields of a CSV file; None detects it by the header.
        encoding: The encoding of a text file; None is UTF-8.
        columns: What a column of a file holds: `str`, `int`, `float`, `bool`, `date` or `datetime`.
        missing: What a missing value means, by column.
        sheet: The sheet of an Excel file; None takes the only visible one that holds values.
    """

    delimiter: str | None = None
    encoding: str | None = None
    columns: Mapping[str, type] = attrs.field(factory=dict)
    missing: Mapping[str | None, Missing] | None = None
    sheet: str | None = None

    @classmethod
    def of(cls, delimiter: Any, encoding: Any, columns: Any, missing: Any, sheet: Any = None) -> Self:
        """How to read, from the arguments of `execute_many`.

        Raises:
            SparkSdkError: An argument is wrong; the text says what is accepted.
        """
        if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '\r\n"'):
            raise SparkSdkError(f'delimiter must be one character, such as ";", not {delimiter!r}')
        if sheet is not None and not isinstance(sheet, str):
            raise SparkSdkError(f'sheet must be the name of a sheet, not {sheet!r}')
        if columns is not None and not isinstance(columns, Mapping):
            raise SparkSdkError(f'columns must be a mapping of names to types, not {type(columns).__name__}')
        for name, kind in (columns or {}).items():
            if kind not in KINDS:
                accepted = ', '.join(one.__name__ for one in KINDS)
                raise SparkSdkError(f'columns[{name!r}] must be one of {accepted}, not {kind!r}')
        return cls(delimiter, encoding, dict(columns or {}), check_missing(missing), sheet)

    @property
    def identity(self) -> str:
        """What tells this way to read a file from others; empty for the usual one."""
        kinds = sorted((name, kind.__name__) for name, kind in self.columns.items())
        asked = [self.delimiter, self.encoding, kinds, sorted((self.missing or {}).items(), key=str)]
        asked += [self.sheet] if self.sheet else []  # checkpoints without a sheet keep their identity
        return f' {asked}' if any(asked) else ''

    def refuse_for_records(self) -> None:
        """Refuse what only files can be read by.

        Raises:
            SparkSdkError: An argument is given that has no meaning for records or frames.
        """
        for name in ('delimiter', 'encoding', 'columns', 'sheet'):
            if getattr(self, name):
                raise SparkSdkError(f'{name}= says how to read a file, and the inputs are none')

    def prepare(self, rows: Rows, first: int) -> Rows:
        """The records as they are sent: without missing values that mean a default."""
        if not self.missing:
            return rows
        return Rows(*apply_missing(list(rows.rows), rows.names, dict(self.missing), first))

    def check_names(self, names: Sequence[str], place: str) -> None:
        """Refuse columns that a file does not have.

        Raises:
            SparkSdkError: It names the column, and the one that may be meant.
        """
        asked = [*self.columns, *(name for name in self.missing or () if name is not None)]
        for name in asked:
            if name not in names:
                raise SparkSdkError(f'{place} has no column {name!r}; {suggest(name, names, "it has")}')

    def convert(self, name: str, text: str) -> Any:
        """A field of a text file as what its column holds.

        Raises:
            ValueError: It is nothing of the kind.
        """
        kind = self.columns[name]
        if kind is bool:
            if text.lower() not in ('true', 'false'):
                raise ValueError(f'{text!r} is neither true nor false')
            return text.lower() == 'true'
        if kind is int and text != str(int(text)):
            raise ValueError(f'{text!r} is not written as a whole number is')
        if kind is float and ('_' in text or not float('-inf') < float(text) < float('inf')):
            raise ValueError(f'{text!r} is not a number that JSON can hold')
        if kind in (date, datetime):
            try:
                return kind.fromisoformat(text).isoformat()
            except ValueError as error:
                raise ValueError(f'{text!r} is not an ISO 8601 {kind.__name__}: {error}') from error
        return kind(text)


def rows_within(records: Iterable[Any], names: tuple[str, ...] | None = None) -> Iterator[Rows]:
    """Records, some at a time: few at first, for somebody may wait for the first, and fewer of wide ones."""
    size, records = 64, iter(records)
    while some := list(itertools.islice(records, size)):
        yield Rows(some, names)
        width = len(names) if names is not None else _width(some[0])
        size = max(1, min(size * 2, BATCH, CELLS // max(1, width)))


def _width(record: Any) -> int:
    """How many values a record has, with those of the lists within it."""
    if not isinstance(record, Mapping):
        return 1
    return sum(len(value) if isinstance(value, (list, tuple, dict)) else 1 for value in record.values())


def import_for(path: Path, module: str, package: str, extra: str) -> Any:
    """Import what reads a kind of file.

    Raises:
        SparkSdkError: It is not installed; the text says which extra has it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise SparkSdkError(
            f'{str(path)!r} needs {package}, which is not installed: pip install "cspark-wasm[{extra}]"'
        ) from error
