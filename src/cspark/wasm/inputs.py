"""The inputs of a call, in every form that people have them, as the API takes them: one record or a list of records."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# Inputs may have any type at all.
from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Protocol, TypeAlias

from ._codec.frames import frame_slices, row_as_record
from ._codec.json import decode_json
from ._codec.plain import UnfitValueError, as_record, library_of, plain
from .errors import SparkInputError, SparkSdkError

__all__ = [
    'FrameLike',
    'Inputs',
    'TableLike',
    'check_header',
    'check_row',
    'check_rows_come_from',
    'columnar',
    'frame_batches',
    'is_row',
    'read_inputs',
    'read_record',
]


class FrameLike(Protocol):
    """A data frame or a table, of any library: it has columns."""

    @property
    def columns(self) -> Any:
        """The columns, or their names."""
        ...


TableLike: TypeAlias = 'FrameLike | os.PathLike[str] | str'
"""Many records that are no iterable of records: a data frame or table, or the path of a file."""

Inputs: TypeAlias = Any
"""One record: a mapping, an object with named fields (a dataclass, an attrs, pydantic or msgspec class, a named tuple,
a row of a database), JSON text of an object, or None for the workbook's defaults.

Many records: any iterable of these, columnar lists (a row of names and then a row of values a record), JSON text of an
array, a data frame or table of any library that narwhals knows, a record batch, a structured array of numpy.

Values: text, numbers, booleans, None, dates and times (sent as ISO 8601), `Decimal`, `UUID`, `Enum` (its value), numpy
values, records, frames (sent as lists of records), and lists and mappings of these. Durations and bytes are refused."""

ACCEPTED: Final = 'a mapping, a list of records, a data frame, JSON text or None'


def read_inputs(inputs: Inputs) -> dict[str, Any] | list[Any]:
    """The inputs as a dictionary (one record) or a list (many).

    Raises:
        SparkSdkError: They are nothing that could be inputs; the text says what is.

    >>> read_inputs('[{"height": 1}]')
    [{'height': 1}]
    >>> read_inputs(None)
    {}
    """
    if isinstance(inputs, (str, bytes, bytearray, memoryview)):
        inputs = _parse_text(inputs)
    if inputs is None:
        return {}
    if isinstance(inputs, dict):
        return inputs
    if (frame := _read_frame(inputs)) is not None:
        return frame
    record = row_as_record(inputs)
    if record is None:
        record = as_record(inputs)
    if record is not None:
        return record
    if isinstance(inputs, Iterable) and not isinstance(inputs, type):
        records = inputs if isinstance(inputs, list) else list(inputs)
        if records and is_row(records[0]):
            check_rows_come_from(inputs)
        return _read_records(records)
    raise SparkSdkError(f'inputs must be {ACCEPTED}, not {type(inputs).__name__}')


def check_rows_come_from(inputs: Any) -> None:
    """Refuse rows of values from an object that may as well mean its names and values.

    Raises:
        SparkSdkError: Iterating it gives pairs, as of a mapping's items or of a model's fields.
    """
    if not isinstance(inputs, (Sequence, Iterator, deque)) and library_of(inputs) != 'numpy':
        raise SparkSdkError(
            f'inputs must be {ACCEPTED}; iterating {type(inputs).__name__} gives rows, which may be names with values: '
            'give a dictionary of them, or a list of rows'
        )


def _read_frame(inputs: Any) -> list[Any] | None:
    """A frame, or a series of records, as a list; None for what comes from none of their libraries."""
    if (batches := frame_batches(inputs, rows=1 << 60)) is not None:
        records = list[Any]()
        for names, rows in batches[1]:
            records = records or [list(names)]
            records += rows
        return records
    if library_of(inputs) == 'numpy' and getattr(inputs, 'ndim', 1) > 1:
        raise SparkSdkError(
            f'inputs must be {ACCEPTED}, not an array of {inputs.ndim} dimensions; give its columns names, as in '
            'pandas.DataFrame(array, columns=[...])'
        )
    if library_of(inputs) in ('', 'numpy') or isinstance(inputs, Iterator) or row_as_record(inputs) is not None:
        return None
    return _read_records(_read_plain(inputs))


def _read_plain(inputs: Any) -> list[Any]:
    try:
        values = plain(inputs)
    except UnfitValueError as error:
        raise SparkInputError(str(error), error, error.path) from error
    if isinstance(values, list):
        return values
    raise SparkSdkError(f'inputs must be {ACCEPTED}, not {type(inputs).__name__}')


def frame_batches(
    inputs: Any, rows: int = 8192
) -> tuple[int, Iterator[tuple[tuple[str, ...], list[tuple[Any, ...]]]]] | None:
    """The number of records of a frame, and its names and rows of values, some at a time; None for what is no frame.

    Raises:
        SparkInputError: A value has no form in JSON, or a name is none.
    """
    try:
        slices = frame_slices(inputs, rows)
    except UnfitValueError as error:
        raise SparkInputError(str(error), error, error.path) from error
    if slices is None:
        return None
    count, columns = slices

    def batches() -> Iterator[tuple[tuple[str, ...], list[tuple[Any, ...]]]]:
        try:
            for names, values in columns:
                yield tuple(names), list(zip(*values, strict=True))
        except UnfitValueError as error:
            raise SparkInputError(str(error), error, error.path) from error

    return count, batches()


def _read_records(inputs: list[Any]) -> list[Any]:
    """Records as the API takes them: dictionaries, or a row of names and rows of values.

    Raises:
        SparkInputError: One is neither a record nor a row.
    """
    kinds = set(map(type, inputs))
    if kinds <= {dict} or not inputs:
        return inputs
    first = inputs[0]
    if is_row(first):
        header = check_header(first)
        return [list(header), *(check_row(row, len(header), index) for index, row in enumerate(inputs[1:], 1))]
    return [read_record(one, index) for index, one in enumerate(inputs)]


def check_header(row: Any) -> tuple[str, ...]:
    """The first row of columnar inputs, which names the columns.

    Raises:
        SparkSdkError: It does not.
    """
    names = tuple(row)
    if not names or not all(isinstance(name, str) for name in names):
        raise SparkSdkError('inputs[0]: the first row of columnar inputs must hold the names, as text')
    if len(set(names)) != len(names):
        raise SparkSdkError(f'inputs[0]: the row of names has {max(names, key=names.count)!r} twice')
    return names


def check_row(row: Any, width: int, index: int) -> Any:
    """A row of values of columnar inputs.

    Raises:
        SparkInputError: It is none, or has not a value for each name.
    """
    values = row.tolist() if library_of(row) == 'numpy' else row
    if not is_row(row) or len(values) != width:
        given = f'{len(values)} values' if is_row(row) else type(row).__name__
        raise SparkInputError(f'a row of {width} values belongs here, not {given}', None, (index,))
    return values


def is_row(value: Any) -> bool:
    """Whether it is a row of values without names."""
    if isinstance(value, (list, tuple)):
        return not hasattr(value, '_asdict') and not hasattr(value, '_mapping')
    return library_of(value) == 'numpy' and getattr(value, 'ndim', 0) == 1 and not value.dtype.names


def read_record(value: Any, index: int = 0) -> dict[str, Any]:
    """One record of many as a dictionary; None is an empty one.

    Raises:
        SparkInputError: It is no record.
    """
    if isinstance(value, dict):
        return value
    if value is None:
        return {}
    if isinstance(value, (str, bytes, bytearray)):
        value = _parse_text(value, (index,))
    record = row_as_record(value)
    if record is None:
        record = as_record(value)
    if record is None and type(value).__module__ == 'numpy' and getattr(value, 'dtype', None) is not None:
        record = plain(value) if value.dtype.names and value.ndim == 0 else None
    if record is None:
        problem = f'a record must be a mapping or a row of values, not {type(value).__name__}'
        raise SparkInputError(problem, None, (index,))
    return record


def columnar(records: list[Any]) -> list[Any]:
    """Records as a row of names and rows of values.

    Raises:
        SparkSdkError: They do not all have the same names: one that is left out means its default, and null does not.

    >>> columnar([{'height': 1, 'radius': 2}, {'radius': 4, 'height': 3}])
    [['height', 'radius'], [1, 2], [3, 4]]
    """
    if not records or isinstance(records[0], (list, tuple)):
        return records
    plain_records = [read_record(one, index) for index, one in enumerate(records)]
    names = list(plain_records[0])
    for index, record in enumerate(plain_records):
        if record.keys() != plain_records[0].keys():
            raise SparkSdkError(f"inputs[{index}] has other names than inputs[0]; give layout='rows' for such records")
    return [names, *([record[name] for name in names] for record in plain_records)]


def _parse_text(text: str | bytes | bytearray | memoryview, path: tuple[str | int, ...] = ()) -> Any:
    content = text.encode('utf-8', 'surrogatepass') if isinstance(text, str) else bytes(text)
    if not content.strip():
        return None
    try:
        value = decode_json(content)
    except ValueError as error:
        if path:
            raise SparkInputError(f'a record that is text must be JSON: {error}', error, path) from error
        raise SparkSdkError(f'inputs are text that is not JSON: {error}', error) from error
    if value is None or isinstance(value, dict) or (isinstance(value, list) and not path):
        return value
    if path:
        raise SparkInputError(f'the text must hold a JSON object, not a {type(value).__name__}', None, path)
    raise SparkSdkError(f'inputs are JSON text of a {type(value).__name__}; give an object or an array')
