"""The records of a run, in any form: iterables, data frames, Arrow, and files, read bit by bit."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# Inputs may have any type at all.
from __future__ import annotations

import hashlib
import itertools
import os
import re
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping, Sized
from pathlib import Path
from typing import Any, Final

from .._codec.frames import is_frame
from .._codec.json import encode_json
from .._codec.plain import library_of, plain
from ..errors import SparkSdkError
from ..inputs import check_header, check_row, check_rows_come_from, frame_batches, read_inputs, read_record
from .reading import BATCH, SUFFIXES, Reading, Rows, rows_within

__all__ = ['Source', 'identity_of', 'open_source']

ADDRESS: Final = re.compile(r'[a-z][a-z0-9+.-]*://', re.IGNORECASE)
ACCEPTED: Final = (
    'an iterable of records, a data frame, an Arrow table or the path of a .parquet, .csv, .tsv, .jsonl or .xlsx file'
)
_NOTHING: Final = object()


class Source:
    """Records that are read when they are needed.

    Args:
        blocks: The records, some at a time.
        total: How many there are; None where nobody can know.
        reading: What missing values and columns mean.
    """

    def __init__(self, blocks: Iterator[Rows], total: int | None = None, reading: Reading | None = None) -> None:
        self.total = total
        self.blocks = blocks
        self._reading = reading or Reading()
        self._rest: Rows | None = None
        self._position = 0

    def take(self, count: int, *, exactly: bool = False) -> Rows | None:
        """The next records, at most so many, or exactly so many if there are; None at the end."""
        taken = self._take_some(count)
        while exactly and taken and len(taken.rows) < count:
            more = self._take_some(count - len(taken.rows))
            if more is None:
                break
            taken = join_rows(taken, more)
        return taken

    def _take_some(self, count: int) -> Rows | None:
        while self._rest is None or not self._rest.rows:
            block = next(self.blocks, None)
            if block is None:
                return None
            self._rest = self._reading.prepare(block, self._position)
            self._position += len(block.rows)
        taken = Rows(self._rest.rows[:count], self._rest.names)
        self._rest = Rows(self._rest.rows[count:], self._rest.names)
        return taken

    def close(self) -> None:
        """Close the file that they come from, if they do."""
        close: Callable[[], None] | None = getattr(self.blocks, 'close', None)
        if close is not None:
            close()


def join_rows(first: Rows, second: Rows) -> Rows:
    """Records one after the other: rows of values if both have the same names, else records."""
    if first.names == second.names:
        return Rows([*first.rows, *second.rows], first.names)
    return Rows([*first.records(), *second.records()])


def open_source(inputs: Any, reading: Reading | None = None) -> Source:
    """Records in any form: an iterable, a data frame, a table, a reader of record batches, the path of a file.

    Raises:
        SparkSdkError: They are none; the text says what is accepted.

    >>> open_source([{'height': 1}, {'height': 2}]).take(5)
    Rows(rows=[{'height': 1}, {'height': 2}], names=None)
    """
    reading = reading or Reading()
    if isinstance(inputs, AsyncIterable):
        raise SparkSdkError('an async iterable of inputs is for AsyncClient alone')
    if is_path(inputs):
        from .files import open_file

        blocks, total = open_file(_path_of(inputs), reading)
        return Source(blocks, total, reading)
    reading.refuse_for_records()
    if library_of(inputs) == 'pyarrow' and (arrow := _arrow_batches(inputs)) is not None:
        return Source(_parts(arrow), None, reading)
    if (frame := frame_batches(inputs, BATCH)) is not None:
        return Source((Rows(rows, names) for names, rows in frame[1]), frame[0], reading)
    if isinstance(inputs, (str, bytes, bytearray, memoryview)):
        inputs = read_inputs(inputs)
    is_series = library_of(inputs) not in ('', 'numpy') and not isinstance(inputs, Iterator)
    if is_series or (library_of(inputs) == 'numpy' and getattr(inputs, 'ndim', 1) != 1):
        inputs = read_inputs(inputs)
    if isinstance(inputs, Mapping) or not isinstance(inputs, Iterable) or isinstance(inputs, type):
        raise SparkSdkError(f'inputs must be {ACCEPTED}, not {type(inputs).__name__}; execute takes one record')
    return _iterable(inputs, reading)


def identity_of(inputs: Any, reading: Reading | None = None) -> str | None:
    """What tells inputs from others, of a file or of records that can be read twice; None for what cannot."""
    digest = hashlib.blake2b(digest_size=16)
    if is_path(inputs):
        from .files import files_of

        for path in files_of(_path_of(inputs)):
            with path.open('rb') as file:
                while piece := file.read(1 << 20):
                    digest.update(piece)
        return f'file {digest.hexdigest()}{(reading or Reading()).identity}'
    if not isinstance(inputs, Sized) or isinstance(inputs, (str, bytes, bytearray, memoryview)):
        return None
    source = open_source(inputs, reading)
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


def is_path(inputs: Any) -> bool:
    """Whether inputs are the path of a file: any text but that of a JSON object or array."""
    if isinstance(inputs, os.PathLike):
        return True
    if not isinstance(inputs, str) or not inputs.strip():
        return False
    return inputs.lower().endswith(SUFFIXES) or inputs.lstrip('\ufeff \t\r\n')[:1] not in ('[', '{')


def _path_of(inputs: Any) -> Path:
    text = os.fspath(inputs)
    if isinstance(text, str) and ADDRESS.match(text):
        raise SparkSdkError(
            f'{text.partition("?")[0]!r} is an address, and files are read from this machine alone; download it, or '
            'open it with pandas.read_parquet, polars.scan_parquet or pyarrow.dataset and give what they return'
        )
    return Path(os.fsdecode(text)).expanduser()


def _iterable(inputs: Iterable[Any], reading: Reading) -> Source:
    total = len(inputs) if isinstance(inputs, Sized) else None
    records = iter(inputs)
    first = next(records, _NOTHING)
    if first is _NOTHING:
        return Source(iter(()), 0, reading)
    if is_frame(first):
        return Source(_parts(itertools.chain([first], records)), None, reading)
    if isinstance(first, (list, tuple)) and not hasattr(first, '_asdict') and not hasattr(first, '_mapping'):
        check_rows_come_from(inputs)
        names = check_header(first)
        rows = (check_row(row, len(names), index) for index, row in enumerate(records))
        return Source(rows_within(rows, names), None if total is None else total - 1, reading)
    read_record(first)
    everything = itertools.chain([first], records)
    return Source(rows_within(read_record(one, index) for index, one in enumerate(everything)), total, reading)


def _parts(parts: Iterable[Any]) -> Iterator[Rows]:
    """Data frames or tables one after the other, as a reader of a large file gives them."""
    for part in parts:
        batches = frame_batches(part, BATCH)
        if batches is None:
            raise SparkSdkError(f'inputs must go on with frames or tables, not {type(part).__name__}')
        for names, rows in batches[1]:
            yield Rows(rows, names)


def _arrow_batches(inputs: Any) -> Iterable[Any] | None:
    """The record batches of what pyarrow reads bit by bit: datasets, scanners, readers of a stream."""
    if hasattr(inputs, 'to_batches') and not hasattr(inputs, 'num_rows'):
        batches: Iterable[Any] = inputs.to_batches()
        return batches
    return inputs if hasattr(inputs, 'read_next_batch') else None
