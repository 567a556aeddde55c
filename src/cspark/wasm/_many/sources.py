"""Where many records come from: anything that can be iterated, data frames, Arrow, and files, read bit by bit."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# What comes in here may have any type at all.
from __future__ import annotations

import csv
import hashlib
import importlib
import itertools
import os
import re
from codecs import BOM_UTF8
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .._codec.json import decode_json, encode_json
from ..errors import SparkSdkError
from ..inputs import library_of, plain, read_inputs

__all__ = ['Rows', 'Source', 'identity_of', 'open_source']

BATCH: Final = 8192
"""Records that are read at a time from a frame or a file."""

SUFFIXES: Final = ('.parquet', '.csv', '.jsonl', '.ndjson')
_NOTHING: Final = object()
_NUMBER: Final = re.compile(r'-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?')


@dataclass(slots=True)
class Rows:
    """Records in a row: rows of values where `names` are given, else records as they are."""

    rows: Sequence[Any]
    names: tuple[str, ...] | None = None


class Source:
    """Records that are read when they are needed.

    Args:
        blocks: The records, some at a time.
        total: How many there are; None where nobody can know.
    """

    def __init__(self, blocks: Iterator[Rows], total: int | None = None) -> None:
        self.total = total
        self.blocks = blocks
        self._rest: Rows | None = None

    def take(self, count: int, *, exactly: bool = False) -> Rows | None:
        """The next records, at most so many, or exactly so many if there are; None at the end."""
        taken = self._some(count)
        while exactly and taken and len(taken.rows) < count and (more := self._some(count - len(taken.rows))):
            taken = Rows([*taken.rows, *more.rows], taken.names)
        return taken

    def _some(self, count: int) -> Rows | None:
        while self._rest is None or not self._rest.rows:
            self._rest = next(self.blocks, None)
            if self._rest is None:
                return None
        taken = Rows(self._rest.rows[:count], self._rest.names)
        self._rest = Rows(self._rest.rows[count:], self._rest.names)
        return taken

    def close(self) -> None:
        """Close the file that they come from, if they do."""
        close: Callable[[], None] | None = getattr(self.blocks, 'close', None)
        if close is not None:
            close()


def open_source(inputs: Any) -> Source:
    """Records in any form: an iterable, a data frame, a table, a reader of record batches, the path of a file.

    Raises:
        SparkSdkError: They are none; the text says what is accepted.

    >>> open_source([{'height': 1}, {'height': 2}]).take(5)
    Rows(rows=[{'height': 1}, {'height': 2}], names=None)
    """
    if isinstance(inputs, AsyncIterable):
        raise SparkSdkError('an async iterable of inputs is for AsyncClient alone')
    if _is_path(inputs):
        return _file(Path(inputs))
    if (arrow := _arrow(inputs)) is not None:
        return arrow
    if library_of(inputs) == 'polars' and hasattr(inputs, 'collect'):
        lazy: Any = inputs
        inputs = lazy.collect()
    if _is_frame(inputs):
        frame: Any = inputs
        return Source(_frame(frame), len(frame))
    if isinstance(inputs, (str, bytes, bytearray, memoryview)):
        inputs = read_inputs(inputs)
    if isinstance(inputs, Mapping) or not isinstance(inputs, Iterable) or isinstance(inputs, type):
        accepted = 'an iterable of records, a data frame, an Arrow table or the path of a .parquet, .csv or .jsonl file'
        raise SparkSdkError(f'inputs must be {accepted}, not {type(inputs).__name__}; execute takes one record')
    return _iterable(inputs)


def identity_of(inputs: Any) -> str | None:
    """What tells inputs from others, of a file or of records that can be read twice; None for what cannot."""
    digest = hashlib.blake2b(digest_size=16)
    if _is_path(inputs):
        with Path(inputs).open('rb') as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
        return f'file {digest.hexdigest()}'
    if not isinstance(inputs, Sized) or isinstance(inputs, (str, bytes, bytearray, memoryview)):
        return None
    source = open_source(inputs)
    try:
        while (read := source.take(BATCH)) is not None:
            digest.update(encode_json([read.names, read.rows], _readable_twice))
    except TypeError:
        return None
    return f'records {digest.hexdigest()}'


def _readable_twice(value: Any) -> Any:
    if isinstance(value, Iterator):
        raise TypeError('an iterator is read only once')
    return plain(value)


def _is_path(inputs: Any) -> bool:
    return isinstance(inputs, os.PathLike) or (isinstance(inputs, str) and inputs.lower().endswith(SUFFIXES))


def _iterable(inputs: Iterable[Any]) -> Source:
    total = len(inputs) if isinstance(inputs, Sized) else None
    records = iter(inputs)
    first = next(records, _NOTHING)
    if first is _NOTHING:
        return Source(iter(()), 0)
    if _is_frame(first) or library_of(first) == 'pyarrow':
        return Source(_parts(itertools.chain([first], records)))
    if isinstance(first, (list, tuple)) and not hasattr(first, '_asdict'):
        if not all(isinstance(name, str) for name in first):
            raise SparkSdkError('inputs[0]: the first row of columnar inputs must hold the names, as text')
        if len(set(first)) != len(first):
            raise SparkSdkError('inputs[0]: the row of names has one of them twice')
        return Source(_batches(records, tuple(first)), None if total is None else total - 1)
    read_inputs([first])
    return Source(_batches(itertools.chain([first], records)), total)


def _batches(records: Iterator[Any], names: tuple[str, ...] | None = None) -> Iterator[Rows]:
    # A few at first: whoever makes records one by one should not have to make thousands before the first is sent.
    size = 64
    while some := list(itertools.islice(records, size)):
        yield Rows(some, names)
        size = min(size * 2, BATCH)


def _is_frame(value: Any) -> bool:
    """Whether it is a data frame, or a numpy array with names."""
    if library_of(value) in ('pandas', 'polars'):
        return hasattr(value, 'columns') and hasattr(value, '__len__')
    return bool(getattr(getattr(value, 'dtype', None), 'names', None)) and getattr(value, 'ndim', 0) == 1


def _parts(parts: Iterable[Any]) -> Iterator[Rows]:
    """Data frames or tables one after the other, as a reader of a large file gives them."""
    for part in parts:
        yield from open_source(part).blocks


def _frame(frame: Any) -> Iterator[Rows]:
    for start in range(0, len(frame), BATCH):
        some = (frame.iloc if hasattr(frame, 'iloc') else frame)[start : start + BATCH]  # by place, not by label
        names, *rows = read_inputs(some)
        yield Rows(rows, tuple(names))


def _arrow(inputs: Any) -> Source | None:
    """A source for what pyarrow has: tables, record batches, readers of these."""
    if library_of(inputs) != 'pyarrow':
        return None
    if hasattr(inputs, 'to_batches'):
        if not hasattr(inputs, 'num_rows'):  # a dataset
            return Source(_arrow_rows(inputs.to_batches()))
        return Source(_arrow_rows(inputs.to_batches(max_chunksize=BATCH)), inputs.num_rows)
    if hasattr(inputs, 'read_next_batch'):
        return Source(_arrow_rows(inputs))
    return Source(_arrow_rows([inputs]), inputs.num_rows) if hasattr(inputs, 'num_rows') else None


def _arrow_rows(batches: Iterable[Any]) -> Iterator[Rows]:
    for batch in batches:
        for start in range(0, batch.num_rows, BATCH):
            names, *rows = read_inputs(batch.slice(start, BATCH))
            yield Rows(rows, tuple(names))


def _file(path: Path) -> Source:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise SparkSdkError(f'{str(path)!r} must end with one of {", ".join(SUFFIXES)}')
    if not path.is_file():
        raise SparkSdkError(f'{str(path)!r} is no file that can be read')
    if suffix == '.csv':
        return Source(_csv(path))
    return _parquet(path) if suffix == '.parquet' else Source(_json_lines(path))


def _parquet(path: Path) -> Source:
    try:
        parquet = importlib.import_module('pyarrow.parquet')
    except ModuleNotFoundError as error:
        raise SparkSdkError(f'{str(path)!r} needs pyarrow, which is not installed: pip install pyarrow') from error
    try:
        file = parquet.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise SparkSdkError(f'{str(path)!r} cannot be read: {error}') from error

    def rows() -> Iterator[Rows]:
        with file:
            yield from _arrow_rows(file.iter_batches(batch_size=BATCH))

    return Source(rows(), file.metadata.num_rows)


def _csv(path: Path) -> Iterator[Rows]:
    """A CSV file with a header. What is written as a number is one (`007` is not); an empty field is null."""
    with path.open(newline='', encoding='utf-8-sig') as file:
        reader = csv.reader(file, strict=True)
        try:
            names = tuple(next(reader, ()))
            if len(set(names)) != len(names):
                raise SparkSdkError(f'{str(path)!r} names a column twice')
            yield from _batches(_csv_rows(path, reader, len(names)), names)
        except (csv.Error, ValueError) as error:
            raise SparkSdkError(f'{str(path)!r}, line {reader.line_num}: {error}') from error


def _csv_rows(path: Path, reader: Any, width: int) -> Iterator[list[Any]]:
    for row in reader:
        if row and len(row) != width:
            raise SparkSdkError(
                f'{str(path)!r}, line {reader.line_num}: {len(row)} fields, and {width} names in line 1'
            )
        if row:
            yield [_csv_value(field) for field in row]


def _csv_value(field: str) -> Any:
    return (decode_json(field.encode()) if _NUMBER.fullmatch(field) else field) if field else None


def _json_lines(path: Path) -> Iterator[Rows]:
    with path.open('rb') as file:
        if file.read(len(BOM_UTF8)) != BOM_UTF8:
            file.seek(0)
        numbered = ((number, line) for number, line in enumerate(file, 1) if line.strip())
        yield from _batches(_json_line(path, number, line) for number, line in numbered)


def _json_line(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = decode_json(line)
    except ValueError as error:
        raise SparkSdkError(f'{str(path)!r}, line {number}: not JSON: {error}') from error
    if not isinstance(record, dict):
        raise SparkSdkError(f'{str(path)!r}, line {number}: a record must be a JSON object')
    return record
