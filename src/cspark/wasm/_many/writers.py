"""Results of many records as files: Parquet, CSV, JSON Lines; written bit by bit, and there when they are whole."""

from __future__ import annotations

import csv
import importlib
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from .._codec.json import encode_json, is_array, is_object
from .._codec.plain import plain
from .._tables import kind_of, leaves_of
from ..errors import SparkSdkError
from ..records import RecordResult, columns_of
from .csv_file import read_field

__all__ = ['TableWriter', 'open_writer']

BATCH: Final = 8192
_under_way: Final[set[str]] = set()
"""The files that this process writes: a second writer would spoil what the first one has."""


class TableWriter(ABC):
    """Writes results to a file beside the one that is meant, which takes its place when it is whole.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._unfinished = path.with_name(f'{path.name}.part')
        self.place = os.fspath(path.absolute())
        if self.place in _under_way:
            raise SparkSdkError(f'{str(path)!r} is being written already')
        self._pending: list[RecordResult] = []
        self._has_outputs = False
        self._mode = self._make()

    def _make(self) -> int:
        """Make the unfinished file, for its owner alone; the result is what others may do with it when it is whole."""
        try:
            self._unfinished.unlink(missing_ok=True)
            self._unfinished.touch(exist_ok=False)
            mode = stat.S_IMODE(self._unfinished.stat().st_mode)
            self._unfinished.chmod(0o600)
        except OSError as error:
            raise self._failed(error) from error
        return mode

    def add(self, result: RecordResult) -> bool:
        """One more result; whether it is time to `flush`."""
        self.count += 1
        self._pending.append(result)
        self._has_outputs = self._has_outputs or result.outputs is not None
        return len(self._pending) >= BATCH and self._has_outputs  # the first outputs say which columns there are

    def flush(self) -> None:
        """Write what was added.

        Raises:
            SparkSdkError: It does not fit into such a file, or the disk is full.
        """
        pending, self._pending = self._pending, []
        try:
            self._write(pending)
        except OSError as error:
            raise self._failed(error) from error

    def finish(self) -> int:
        """Make the file whole; the number of records in it."""
        self.flush()
        try:
            self._end()
            self._unfinished.chmod(self._mode)
            self._unfinished.replace(self.path)
        except OSError as error:
            raise self._failed(error) from error
        _under_way.discard(self.place)
        return self.count

    def drop(self) -> None:
        """Leave no file behind."""
        with suppress(OSError, ValueError):  # what it says was said before, and is why this is dropped
            self._end()
        self._unfinished.unlink(missing_ok=True)
        _under_way.discard(self.place)

    def _failed(self, error: OSError) -> SparkSdkError:
        return SparkSdkError(f'{str(self.path)!r} cannot be written: {error.strerror or error}')

    @abstractmethod
    def _write(self, results: Sequence[RecordResult]) -> None:
        """Write some results."""

    @abstractmethod
    def _end(self) -> None:
        """Write what ends such a file, and close it."""


class _JsonLines(TableWriter):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._file = self._unfinished.open('wb')

    def _write(self, results: Sequence[RecordResult]) -> None:
        for one in results:
            record = {'index': one.index, **(one.kept or {}), 'outputs': one.outputs}
            record |= {'warnings': one.warnings, 'errors': one.errors}
            self._file.write(encode_json(record, plain) + b'\n')

    def _end(self) -> None:
        self._file.close()


class _Csv(TableWriter):
    """Tables within a record become JSON text. The columns are those of the first records that have outputs."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._file = self._unfinished.open('w', newline='', encoding='utf-8')
        self._writer: csv.DictWriter[str] | None = None
        self._kinds: dict[str, set[str]] = {}

    def _write(self, results: Sequence[RecordResult]) -> None:
        rows = [one.row for one in results]
        if self._writer is None:
            names = columns_of(rows)
            self._writer = csv.DictWriter(self._file, names)
            self._writer.writeheader()
        for row in rows:
            for name, value in row.items():
                self._check(row['index'], name, value)
        try:
            self._writer.writerows({name: _field(value) for name, value in row.items()} for row in rows)
        except ValueError as error:
            raise SparkSdkError(
                f'{self.path.name}: later records have other outputs; write .jsonl ({error})'
            ) from error

    def _check(self, index: int, name: str, value: Any) -> None:
        """Refuse a value that nobody could tell from another one of its column: CSV holds text alone.

        Raises:
            SparkSdkError: Text stands beside numbers that are written like it, or it is empty, as a missing value is.
        """
        if value is None:
            return
        if isinstance(value, str):
            if not value:
                self._kinds[name] = {'missing', 'empty text'}  # which an empty field is read as
            elif _looks_like_another(value):
                self._kinds.setdefault(name, set()).add('text like a value')
            else:
                return
        elif not isinstance(value, (list, dict)):
            self._kinds.setdefault(name, set()).add('value')
        else:
            return
        kinds = self._kinds[name]
        if kinds >= {'missing', 'empty text'} or kinds >= {'value', 'text like a value'}:
            raise SparkSdkError(
                f'{self.path.name}: in CSV, {name} of record {index} ({value!r:.40}) cannot be told from another value '
                'of its column; write .jsonl'
            )

    def _end(self) -> None:
        self._file.close()


def _looks_like_another(text: str) -> bool:
    """Whether a text that is written to CSV is read as something else."""
    try:
        return read_field(text) != text or not isinstance(read_field(text), str)
    except ValueError:
        return True


class _Parquet(TableWriter):
    """Numbers are double precision, `warnings` and `errors` JSON text. The columns are those of the first records."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._arrow = importlib.import_module('pyarrow')
        self._parquet = importlib.import_module('pyarrow.parquet')
        self._file = self._unfinished.open('wb')
        self._writer: Any = None
        self._leaves: dict[str, str] = {}

    def _write(self, results: Sequence[RecordResult]) -> None:
        rows = [one.row for one in results]
        for row in rows:
            row['warnings'], row['errors'] = _field(row['warnings']) or None, _field(row['errors']) or None
        pa = self._arrow
        try:
            if self._writer is None:
                columns = dict.fromkeys(columns_of(rows))
                found = pa.Table.from_pylist([columns | row for row in rows]).schema
                kinds = {'index': pa.int64(), 'warnings': pa.string(), 'errors': pa.string()}
                fields = [pa.field(one.name, kinds.get(one.name) or self._kind(one.type)) for one in found]
                self._writer = self._parquet.ParquetWriter(self._file, pa.schema(fields or kinds.items()))
            if unknown := {name for row in rows for name in row} - set(self._writer.schema.names):
                raise SparkSdkError(
                    f'{self.path.name}: later records have other outputs ({min(unknown)}); write .jsonl'
                )
            self._check_kinds(rows)
            table = pa.Table.from_pylist(rows, schema=self._writer.schema)
            self._check_nested(rows, table.schema)
            self._writer.write_table(table)
        except (pa.ArrowException, OverflowError) as error:
            raise SparkSdkError(f'{self.path.name}: the outputs are not of one type; write .jsonl ({error})') from error

    def _check_kinds(self, rows: list[dict[str, Any]]) -> None:
        """Refuse values of several types within a column: Arrow makes False a number beside one, without a word."""
        for name in self._writer.schema.names:
            for place, kind in leaves_of(kind_of([row.get(name) for row in rows]), name):
                if kind == 'text' or self._leaves.setdefault(place, kind) != kind:
                    raise SparkSdkError(f'{self.path.name}: the outputs are not of one type; write .jsonl ({place})')

    def _check_nested(self, rows: list[dict[str, Any]], schema: Any) -> None:
        """Arrow leaves out without a word what an object within a record has beyond its type."""
        for one in schema:
            if self._arrow.types.is_nested(one.type):
                found = self._arrow.array([row.get(one.name) for row in rows]).type
                written = _members(self._arrow, one.type, one.name)
                if unknown := sorted(_members(self._arrow, found, one.name) - written):
                    raise SparkSdkError(
                        f'{self.path.name}: later records have other outputs ({unknown[0]}); write .jsonl'
                    )

    def _kind(self, kind: Any) -> Any:
        """The type of a column: what is whole in the first records may not be in later ones."""
        pa = self._arrow
        if pa.types.is_integer(kind) or pa.types.is_null(kind):
            return pa.float64()
        if pa.types.is_list(kind):
            return pa.list_(self._kind(kind.value_type))
        if pa.types.is_struct(kind):
            return pa.struct([pa.field(one.name, self._kind(one.type)) for one in kind])
        return kind

    def _end(self) -> None:
        with self._file:
            if self._writer is not None:
                self._writer.close()


def _members(arrow: Any, kind: Any, name: str) -> set[str]:
    """The names of all that is within a column."""
    if arrow.types.is_list(kind):
        return _members(arrow, kind.value_type, name)
    if arrow.types.is_struct(kind):
        return {member for one in kind for member in _members(arrow, one.type, f'{name}.{one.name}')}
    return {name} if not arrow.types.is_null(kind) else set()


_WRITERS: Final[dict[str, type[TableWriter]]] = {
    '.jsonl': _JsonLines,
    '.ndjson': _JsonLines,
    '.csv': _Csv,
    '.parquet': _Parquet,
}


def open_writer(path: str | os.PathLike[str]) -> TableWriter:
    """A writer for the kind of file that the name ends with.

    Raises:
        SparkSdkError: It is none of them, it cannot be written, or pyarrow is missing.
    """
    target = Path(path)
    kind = _WRITERS.get(target.suffix.lower())
    if kind is None:
        raise SparkSdkError(f'{str(target)!r} must end with one of {", ".join(_WRITERS)}')
    if target.is_dir():
        raise SparkSdkError(f'{str(target)!r} cannot be written: it is a folder')
    try:
        writer = kind(target)
        _under_way.add(writer.place)
        return writer
    except OSError as error:
        raise SparkSdkError(f'{str(target)!r} cannot be written: {error.strerror}') from error
    except ModuleNotFoundError as error:
        raise SparkSdkError(
            f'{str(target)!r} needs {error.name}, which is not installed: pip install pyarrow'
        ) from error


def _field(value: Any) -> Any:
    if is_object(value) or is_array(value):
        return encode_json(value).decode()
    return value
