"""The inputs of a call, in all the forms that people have them, as what the API takes: one record or a list of them."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# What comes in here may have any type at all.
from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

import attrs
import orjson

from ._json import decode_json, encode_json
from .errors import SparkSdkError

__all__ = ['Inputs', 'encode_inputs', 'plain', 'read_inputs']

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
    if isinstance(inputs, list):
        return inputs
    if (frame := _columnar(inputs)) is not None:
        return frame
    if (record := _record(inputs)) is not None:
        return record
    if isinstance(inputs, Iterable):
        return list(inputs)
    raise SparkSdkError(f'inputs must be {ACCEPTED}, not {type(inputs).__name__}')


def encode_inputs(body: object, inputs: object, nan: Literal['null', 'error'] = 'null') -> bytes:
    """A body with inputs in it as JSON.

    Args:
        body: What to write.
        inputs: The inputs within it, for errors: these name the place of a value from here.
        nan: What becomes of NaN and infinities.

    Raises:
        SparkSdkError: A value is none that JSON can hold; the text names its place and says what is accepted.
    """
    if nan == 'error' and (place := _find(inputs, 'inputs', _is_nan)):
        raise SparkSdkError(
            f'{place[0]}: {place[1]!r} is not a number that JSON can hold; give nan="null" to send null'
        )
    try:
        return encode_json(body, plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise SparkSdkError(_problem(inputs, error), error) from error


def plain(value: Any) -> Any:
    """What JSON can hold in the place of a value that it does not know; for `orjson`, which asks only then.

    Raises:
        TypeError: There is nothing.

    >>> plain(date(2026, 1, 31))
    '2026-01-31'
    """
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value)) if value.is_finite() else None
    if type(value).__name__ in ('NAType', 'NaTType'):
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
    kind = type(value)
    library = kind.__module__.partition('.')[0]
    if library not in sys.modules:
        return None
    names: Any
    columns: list[Any]
    if library == 'pandas' and hasattr(value, 'columns'):
        names = value.columns
        objects = value.astype(object).where(value.notna(), None)
        columns = [objects.iloc[:, index].tolist() for index in range(len(names))]
    elif library == 'polars' and hasattr(value, 'columns'):
        frame = value.collect() if hasattr(value, 'collect') else value
        names = frame.columns
        columns = [frame[name].to_list() for name in names]
    elif library == 'pyarrow' and hasattr(value, 'column_names'):
        names = value.column_names
        columns = [column.to_pylist() for column in value.columns]
    elif library == 'pyarrow' and hasattr(value, 'schema') and hasattr(value, 'columns'):
        names = value.schema.names
        columns = [column.to_pylist() for column in value.columns]
    else:
        return None
    return [[str(name) for name in names], *zip(*columns, strict=True)]


def _problem(inputs: object, error: Exception) -> str:
    try:
        place = _find(inputs, 'inputs', _cannot_be_written)
    except RecursionError:
        return 'inputs hold themselves, or are nested too deeply for JSON'
    where, what = place or ('inputs', error)
    if isinstance(what, _Key):
        return f'{where}: the key {what.key!r} is not text'
    if isinstance(what, str):
        return f'{where}: the text has half a surrogate pair, which JSON cannot hold'
    return f'{where}: a value of type {type(what).__name__} cannot be written as JSON'


@dataclasses.dataclass(frozen=True)
class _Key:
    key: object


def _find(value: Any, path: str, wrong: Callable[[Any], bool]) -> tuple[str, Any] | None:
    """The place of the first value that is wrong, and the value."""
    children: Iterable[tuple[str, Any]]
    if isinstance(value, dict):
        children = [(_member(path, key), item) for key, item in value.items()]
        if unnamed := [key for key in value if not isinstance(key, str)]:
            return (path, _Key(unnamed[0])) if wrong is _cannot_be_written else None
    elif isinstance(value, (list, tuple)) and not hasattr(value, '_asdict'):
        children = [(f'{path}[{index}]', item) for index, item in enumerate(value)]
    elif (record := _record(value)) is not None:
        children = [(_member(path, key), item) for key, item in record.items()]
    else:
        return (path, value) if wrong(value) else None
    return next((found for child, item in children if (found := _find(item, child, wrong))), None)


def _member(path: str, key: object) -> str:
    return f'{path}.{key}' if isinstance(key, str) and key.isidentifier() else f'{path}[{key!r}]'


def _is_nan(value: Any) -> bool:
    if isinstance(value, Decimal):
        return not value.is_finite()
    return isinstance(value, (float, int)) and not isinstance(value, bool) and value - value != 0


def _cannot_be_written(value: Any) -> bool:
    try:
        encode_json(value, plain)
    except (TypeError, ValueError, RecursionError):
        return True
    return False
