"""Values of other libraries as what JSON can hold. A value that has no exact form is refused."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownLambdaType=false, reportAttributeAccessIssue=false
# Values may have any type at all.
from __future__ import annotations

import dataclasses
import struct
import sys
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

import attrs

from .json import Fragment

__all__ = ['UnfitValueError', 'as_record', 'is_missing', 'library_of', 'plain', 'plain_array', 'shortest_float32']

DURATION: Final = 'a duration has no form in JSON; send a number in the unit that the model expects'
FRAME_LIBRARIES: Final = frozenset(
    {'cudf', 'dask', 'duckdb', 'fireducks', 'ibis', 'modin', 'pandas', 'polars', 'pyarrow', 'pyspark', 'sqlframe'}
)


class UnfitValueError(TypeError):
    """A value that JSON cannot hold; the text says what is wrong with it.

    Args:
        problem: What is wrong.
        path: Where the value is within the one that was asked about.
    """

    def __init__(self, problem: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(problem)
        self.path = path


def plain(value: Any) -> Any:  # noqa: C901 - a table of kinds, one after the other
    """Convert a value that `orjson` does not know; it may hold such values in turn.

    Raises:
        UnfitValueError: JSON has no form for it.

    >>> plain(date(2026, 1, 31))
    '2026-01-31'
    """
    if isinstance(value, Decimal):
        return Fragment(str(value)) if value.is_finite() else None
    if is_missing(value):
        return None
    if isinstance(value, timedelta):
        raise UnfitValueError(DURATION)
    if isinstance(value, (datetime, date, time)):
        return _four_digits(value.isoformat())
    library = library_of(value)
    if library == 'numpy':
        return _plain_numpy(value)
    if library:
        from .frames import plain_frame

        try:
            return plain_frame(value)
        except UnfitValueError:
            raise
        except Exception as error:
            raise UnfitValueError(f'the value cannot be read: {error}') from error
    if getattr(type(value), '__pydantic_root_model__', False):
        return value.root
    if (record := as_record(value)) is not None:
        return record
    if hasattr(value, '__array__') and 'numpy' in sys.modules:
        return plain_array(sys.modules['numpy'].asarray(value))
    if not _is_bytes(value):
        if hasattr(value, 'tolist'):
            return value.tolist()
        if isinstance(value, Iterable) and not isinstance(value, (str, type)):
            return list(value)
    raise UnfitValueError(f'a value of type {type(value).__name__} cannot be written as JSON')


def _is_bytes(value: Any) -> bool:
    """Whether a value is bytes, which would become a list of numbers if they were read like other sequences."""
    return isinstance(value, (bytes, bytearray)) or (isinstance(value, memoryview) and value.format in ('B', 'c'))


def as_record(value: Any) -> dict[str, Any] | None:  # noqa: C901 - a table of kinds, one after the other
    """An object with named values as a dictionary; None for anything else.

    Mappings, dataclasses, attrs and pydantic classes, msgspec structs, named tuples, and rows of databases have names.
    """
    if isinstance(value, dict):
        return value
    if isinstance(value, Mapping):
        return dict(value)
    kind = type(value)
    if isinstance(value, type) or kind.__module__ == 'builtins':
        return None
    if dataclasses.is_dataclass(kind):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if attrs.has(kind):
        return {field.name: getattr(value, field.name) for field in attrs.fields(kind)}
    if getattr(kind, '__pydantic_root_model__', False):
        return as_record(value.root)
    if isinstance(fields := getattr(kind, 'model_fields', None), Mapping):
        return _pydantic_record(value, kind, fields)
    if callable(getattr(value, 'model_dump', None)):  # what is made like a model of pydantic
        return dict(value.model_dump())
    if hasattr(kind, '__fields__') and callable(getattr(value, 'dict', None)):  # pydantic 1
        return dict(value.dict())
    if hasattr(kind, '__struct_fields__'):  # msgspec
        names = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
        return {encoded: getattr(value, name) for name, encoded in names}
    if kind.__module__ == 'numpy' and getattr(getattr(value, 'dtype', None), 'names', None) and value.ndim == 0:
        return {name: value[name] for name in value.dtype.names}
    if isinstance(mapping := getattr(value, '_mapping', None), Mapping):  # a row of SQLAlchemy
        return dict(mapping)
    if isinstance(value, tuple) and callable(getattr(value, '_asdict', None)):
        return dict(value._asdict())  # type: ignore[attr-defined]
    if callable(getattr(value, 'keys', None)) and hasattr(value, '__getitem__') and not library_of(value):
        return {name: value[name] for name in value.keys()}  # noqa: SIM118 - iterating a row of sqlite3 gives its values
    return None


def _pydantic_record(value: Any, kind: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a model as they are: `model_dump` would convert values on the way."""
    record = {name: getattr(value, name) for name, field in fields.items() if not field.exclude}
    record |= getattr(value, 'model_extra', None) or {}
    return record | {name: getattr(value, name) for name in getattr(kind, 'model_computed_fields', ())}


def is_missing(value: Any) -> bool:
    """Whether a value is what its library writes for a missing one."""
    if value is None:
        return True
    if isinstance(value, (float, Decimal)):
        return value != value
    kind = type(value)
    if kind.__name__ in ('NAType', 'NaTType', 'MaskedConstant'):
        return True
    return kind.__module__ == 'numpy' and kind.__name__ in ('datetime64', 'timedelta64') and str(value) == 'NaT'


def library_of(value: Any) -> str:
    """The library of data frames or arrays that a value comes from, or that its class derives from; empty for none."""
    for kind in type(value).__mro__:
        library = kind.__module__.partition('.')[0]
        if library == 'numpy' or library in FRAME_LIBRARIES:
            return library
    return ''


def shortest_float32(value: Any) -> float | None:
    """The shortest decimal that reads back as this single-precision number, as people write it.

    >>> shortest_float32(0.10000000149011612)
    0.1
    """
    if is_missing(value):
        return None
    number = float(value)
    if number - number != 0:
        return number
    single = struct.pack('f', number)
    for digits in range(6, 10):
        short = float(f'{number:.{digits}g}')
        if struct.pack('f', short) == single:
            return short
    return number


def _plain_numpy(value: Any) -> Any:
    numpy = sys.modules['numpy']
    if isinstance(value, numpy.ndarray):
        return plain_array(value)
    if isinstance(value, numpy.void) and value.dtype.names:
        return {name: value[name] for name in value.dtype.names}
    return plain_array(numpy.asarray(value))


def plain_array(array: Any) -> Any:
    """A numpy array as lists; one of no dimensions as a value, one with names as a list of records.

    Raises:
        UnfitValueError: Its type has no form in JSON.
    """
    kind, names = array.dtype.kind, array.dtype.names
    if names:
        columns = [plain_array(array[name]) for name in names]
        if array.ndim == 0:
            return dict(zip(names, columns, strict=True))
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    if kind == 'M':
        return _each(array, sys.modules['numpy'].datetime_as_string(array), _iso_text)
    if kind == 'm':
        if array.size and not sys.modules['numpy'].isnat(array).all():
            raise UnfitValueError(DURATION)
        return _each(array, array, lambda _: None)
    if kind == 'f' and array.dtype.itemsize < 8:
        return _each(array, array, lambda one: None if one is None else shortest_of(array.dtype, one))
    if kind == 'f' and array.dtype.itemsize > 8:
        return _each(array, array, lambda one: _exact_double(array.dtype, one))
    if kind in 'cSV':
        raise UnfitValueError(f'a value of type numpy.{array.dtype.name} cannot be written as JSON')
    return array.tolist()


def shortest_of(dtype: Any, value: Any) -> float:
    """The shortest decimal that reads back as this number of fewer than 64 bits."""
    number = float(value)
    if number - number != 0:
        return number
    return float(str(dtype.type(number)))


def _exact_double(dtype: Any, value: Any) -> float:
    number = float(value)
    if value == value and dtype.type(number) != value:
        raise UnfitValueError(f'{value} has more digits than a double; round it, or send text')
    return number


def _iso_text(text: Any) -> str | None:
    """A moment as `datetime.isoformat` writes it; nanoseconds stay where there are some."""
    moment = str(text)
    if moment == 'NaT':
        return None
    seconds, point, fraction = _four_digits(moment).partition('.')
    if not point or not fraction.strip('0'):
        return seconds
    digits = fraction.rstrip('0')
    if len(digits) <= 6:
        return f'{seconds}.{digits:0<6}'
    return f'{seconds}.{digits:0<9}'


def _four_digits(moment: str) -> str:
    """The same text, whose year has four digits, as ISO 8601 has it."""
    if moment[:5].isdigit() or moment[:1] in '+-':
        raise UnfitValueError(f'{moment} is beyond the years of ISO 8601, 0001 to 9999')
    return moment


def _each(array: Any, values: Any, convert: Any) -> Any:
    """The converted values, in lists as deep as the array has dimensions; masked ones are missing."""
    mask = getattr(array, 'mask', None)
    if array.ndim == 0:
        if mask is not None and bool(mask):
            return None
        return convert(values if isinstance(values, str) else values[()])
    if array.ndim == 1:
        hidden = mask.tolist() if mask is not None and mask.ndim else [False] * len(array)
        return [None if hide else convert(values[index]) for index, hide in enumerate(hidden)]
    return [_each(array[index], values[index], convert) for index in range(len(array))]
