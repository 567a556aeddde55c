"""The inputs of a call, in all the forms that people have them, as what the API takes: one record or a list of them."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# What comes in here may have any type at all.
from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

import attrs

from ._codec.json import Fragment, decode_json, encode_json
from .errors import SparkSdkError

__all__ = [
    'Inputs',
    'Known',
    'columnar',
    'encode_inputs',
    'library_of',
    'plain',
    'read_inputs',
]

Inputs: TypeAlias = Any
"""One record: a mapping, a dataclass or attrs instance, JSON text of an object, or None for the workbook's defaults.

Many records: any iterable of these, columnar lists (a row of names and then a row of values a record), JSON text of an
array, a pandas or polars data frame, a pyarrow table or record batch.

Values: text, numbers, booleans, None, dates and times (sent as ISO 8601), `Decimal`, `UUID`, `Enum` (its value), numpy
values, and lists and mappings of these."""

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
        inputs = _parsed(inputs)
    if inputs is None:
        return {}
    if isinstance(inputs, dict):
        return inputs
    if (frame := _columnar(inputs)) is not None:
        return frame
    if (record := _record(inputs)) is not None or (record := _row(inputs)) is not None:
        return record
    if isinstance(inputs, Iterable) and not isinstance(inputs, type):
        return _records(inputs if isinstance(inputs, list) else list(inputs))
    raise SparkSdkError(f'inputs must be {ACCEPTED}, not {type(inputs).__name__}')


def _records(inputs: list[Any]) -> list[Any]:
    """Records as the API takes them: None is an empty one, a row of a data frame is one with names.

    Raises:
        SparkSdkError: The first is neither a record nor a row.
    """
    kinds = set(map(type, inputs)) - {dict, list, tuple}
    if not kinds:
        return inputs
    first = inputs[0]
    named = isinstance(first, Mapping) or first is None or _record(first) is not None or _row(first) is not None
    rows = isinstance(first, (list, tuple)) or type(first).__module__.partition('.')[0] == 'numpy'
    if not (named or rows) or _columnar(first) is not None:
        raise SparkSdkError(f'inputs[0]: a record must be a mapping or a row of values, not {type(first).__name__}')
    if not named:
        return inputs
    return [{} if one is None else _row(one) or one for one in inputs]


def _row(value: Any) -> dict[str, Any] | None:
    """A row of a pandas frame as a record; None for anything else."""
    if library_of(value) != 'pandas' or not hasattr(value, 'to_dict') or hasattr(value, 'columns'):
        return None
    return {str(name): item for name, item in value.items()}


def library_of(value: Any) -> str:
    """Which of the libraries of data frames a value comes from, or its class does; empty for none."""
    for kind in type(value).__mro__:
        library = kind.__module__.partition('.')[0]
        if library in ('pandas', 'polars', 'pyarrow', 'numpy'):
            return library
    return ''


def columnar(records: list[Any]) -> list[Any]:
    """Records as a row of names and rows of values.

    Raises:
        SparkSdkError: They have not all the same names: one that is left out means its default, and null does not.

    >>> columnar([{'height': 1, 'radius': 2}, {'radius': 4, 'height': 3}])
    [['height', 'radius'], [1, 2], [3, 4]]
    """
    if not records or isinstance(records[0], (list, tuple)):
        return records
    plain_records = [_record(one) or {} for one in records]
    names = list(plain_records[0])
    for index, record in enumerate(plain_records):
        if record.keys() != plain_records[0].keys():
            raise SparkSdkError(f"inputs[{index}] has other names than inputs[0]; give layout='rows' for such records")
    return [names, *([record[name] for name in names] for record in plain_records)]


def encode_inputs(
    body: object,
    inputs: object,
    nan: Literal['null', 'error'] = 'null',
    first: int = 0,
    known: Known | None = None,
) -> bytes:
    """A body with inputs in it as JSON.

    Args:
        body: What to write.
        inputs: The inputs within it, for errors: these name the place of a value from here.
        nan: What becomes of NaN and infinities.
        first: The place of the first one among all inputs, for errors.
        known: What iterators among the values held, where these are encoded several times.

    Raises:
        SparkSdkError: A value is none that JSON can hold; the text names its place and says what is accepted.
    """
    known = known or Known()
    if nan == 'error' and (place := _find(inputs, 'inputs', _is_nan, known, first)):
        raise SparkSdkError(
            f'{place[0]}: {place[1]!r} is not a number that JSON can hold; give nan="null" to send null'
        )
    try:
        return encode_json(body, known.plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise SparkSdkError(_problem(inputs, error, known, first), error) from error


class Known:
    """What iterators among the values held: they can be read only once."""

    def __init__(self) -> None:
        self._read: dict[int, tuple[Any, list[Any]]] = {}

    def items(self, iterator: Iterator[Any]) -> list[Any]:
        """The items of an iterator."""
        if id(iterator) not in self._read:
            self._read[id(iterator)] = (iterator, list(iterator))
        return self._read[id(iterator)][1]

    def plain(self, value: Any) -> Any:
        """As `plain`, any number of times."""
        return self.items(value) if isinstance(value, Iterator) else plain(value)


def plain(value: Any) -> Any:
    """What JSON can hold in the place of a value that it does not know; for `orjson`, which asks only then.

    Raises:
        TypeError: There is nothing.

    >>> plain(date(2026, 1, 31))
    '2026-01-31'
    """
    if isinstance(value, Decimal):
        return Fragment(str(value)) if value.is_finite() else None
    if type(value).__name__ in ('NAType', 'NaTType') or (type(value).__name__ == 'datetime64' and str(value) == 'NaT'):
        return None
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if (record := _record(value)) is not None:
        return record
    if hasattr(value, 'tolist'):
        return value.tolist()
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray, memoryview)):
        return list(value)
    raise TypeError(f'Type is not JSON serializable: {type(value).__name__}')


def _parsed(text: str | bytes | bytearray | memoryview) -> Any:
    content = text.encode('utf-8', 'surrogatepass') if isinstance(text, str) else bytes(text)
    if not content.strip():
        return None
    try:
        value = decode_json(content)
    except ValueError as error:
        raise SparkSdkError(f'inputs are text that is not JSON: {error}', error) from error
    if value is None or isinstance(value, (dict, list)):
        return value
    raise SparkSdkError(f'inputs are JSON text of a {type(value).__name__}; give an object or an array')


def _record(value: Any) -> dict[str, Any] | None:
    """An object with named values as a dictionary; None for anything else."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, type):
        return None
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if attrs.has(type(value)):
        return {field.name: getattr(value, field.name) for field in attrs.fields(type(value))}
    if isinstance(value, tuple) and (as_dict := getattr(value, '_asdict', None)):
        named: dict[str, Any] = as_dict()
        return named
    return None


def _columnar(value: Any) -> list[Any] | None:
    """A data frame or a table as a row of names and rows of values; None for anything else.

    None of the libraries is imported here: whoever has a data frame has imported its library.
    """
    library = library_of(value)
    names: Any
    columns: list[Any]
    if library == 'pandas' and hasattr(value, 'columns'):
        names = value.columns
        columns = [_pandas_values(value.iloc[:, index]) for index in range(len(names))]
    elif library == 'polars' and (hasattr(value, 'collect') or hasattr(value, 'iter_rows')):
        frame = value.collect() if hasattr(value, 'collect') else value
        names = frame.columns
        columns = [frame[name].to_list() for name in names]
    elif library == 'pyarrow' and hasattr(value, 'column_names'):
        names = value.column_names
        columns = [column.to_pylist() for column in value.columns]
    elif library == 'pyarrow' and hasattr(value, 'schema') and hasattr(value, 'columns'):
        names = value.schema.names
        columns = [column.to_pylist() for column in value.columns]
    elif library == 'numpy' and getattr(getattr(value, 'dtype', None), 'names', None) and hasattr(value, '__len__'):
        names = value.dtype.names
        columns = [value[name].tolist() for name in names]
    else:
        return None
    header = [str(name) for name in names]
    if len(set(header)) != len(header):
        raise SparkSdkError(f'inputs have two columns with one name: {max(header, key=header.count)!r}')
    return [header, *zip(*columns, strict=True)]


def _pandas_values(column: Any) -> list[Any]:
    """The values of a column; NaN stays where it is a number's, so that `nan` can be heard."""
    if getattr(column.dtype, 'kind', '') == 'f':
        values: list[Any] = column.tolist()
        return values
    return column.astype(object).where(column.notna(), None).tolist()  # type: ignore[no-any-return]


def _problem(inputs: object, error: Exception, known: Known, first: int) -> str:
    try:
        place = _find(inputs, 'inputs', _cannot_be_written, known, first)
    except RecursionError:
        return 'inputs hold themselves, or are nested too deeply for JSON'
    where, what = place or ('inputs', error)
    if isinstance(what, _Key) and isinstance(what.key, str):
        return f'{where}: a key has half a surrogate pair, which JSON cannot hold'
    if isinstance(what, _Key):
        return f'{where}: the key {what.key!r} is not text'
    if isinstance(what, str):
        return f'{where}: the text has half a surrogate pair, which JSON cannot hold'
    return f'{where}: a value of type {type(what).__name__} cannot be written as JSON'


@dataclasses.dataclass(frozen=True)
class _Key:
    key: object


def _find(value: Any, path: str, wrong: Callable[[Any], bool], known: Known, first: int = 0) -> tuple[str, Any] | None:
    """The place of the first value that is wrong, and the value."""
    if isinstance(value, dict) and wrong is _cannot_be_written:
        for key in value:
            if not isinstance(key, str) or _cannot_be_written(key):
                return path, _Key(key)
    children = _children(value, path, known, first)
    if children is None:
        return (path, value) if wrong(value) else None
    return next((found for child, item in children if (found := _find(item, child, wrong, known))), None)


def _children(value: Any, path: str, known: Known, first: int) -> list[tuple[str, Any]] | None:
    """What a value holds, each with its place; None where it holds nothing."""
    if isinstance(value, enum.Enum):
        return [(path, value.value)]
    if (record := _record(value)) is not None:
        return [(_member(path, key), item) for key, item in record.items()]
    if isinstance(value, Iterator):
        value = known.items(value)
    elif hasattr(value, 'tolist'):
        items = value.tolist()
        if not isinstance(items, list):
            return [(path, items)] if isinstance(items, float) else None
        value = items
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes, bytearray, memoryview, type)):
        return [(f'{path}[{index}]', item) for index, item in enumerate(value, first)]
    return None


def _member(path: str, key: object) -> str:
    return f'{path}.{key}' if isinstance(key, str) and key.isidentifier() else f'{path}[{key!r}]'


def _is_nan(value: Any) -> bool:
    if isinstance(value, Decimal):
        return not value.is_finite()
    return isinstance(value, (float, int)) and not isinstance(value, bool) and value - value != 0


def _cannot_be_written(value: Any) -> bool:
    try:
        encode_json(value, plain)
    except (TypeError, ValueError):
        return True
    return False
