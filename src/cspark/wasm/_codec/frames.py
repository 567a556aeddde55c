"""Data frames, tables and series of every library, as columns of values. narwhals knows the libraries apart."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# What comes in here may have any type at all.
from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from .plain import DURATION, UnfitValueError, library_of, plain_array, shortest_float32

__all__ = ['Columns', 'columns_of_frame', 'frame_slices', 'is_frame', 'is_structured', 'plain_frame', 'row_as_record']

Columns: TypeAlias = 'tuple[list[str], list[list[Any]]]'
Convert: TypeAlias = Callable[[Any], Any]

CELLS: Final = 1 << 18
"""How many values of a frame are converted at a time: what bounds the memory of wide frames."""


def _narwhals() -> Any:
    """narwhals, which is imported with the first frame: a client without frames does without it."""
    import narwhals

    return narwhals


def is_structured(value: Any) -> bool:
    """Whether it is a numpy array of one dimension with named fields."""
    return bool(getattr(getattr(value, 'dtype', None), 'names', None)) and getattr(value, 'ndim', 0) == 1


def _native(value: Any) -> Any:
    """The frame, collected if it is lazy; a record batch as a table; None for what is no frame."""
    library = library_of(value)
    if not library or library == 'numpy':
        return None
    if library == 'pyarrow':
        pyarrow = sys.modules['pyarrow']
        if isinstance(value, pyarrow.RecordBatch):
            return pyarrow.Table.from_batches([value])
        return value if isinstance(value, pyarrow.Table) else None
    try:
        frame = _narwhals().from_native(value, pass_through=True)
    except _narwhals().exceptions.DuplicateError as error:
        raise UnfitValueError(f'two columns have one name: {" ".join(str(error).split())}') from None
    if isinstance(frame, _narwhals().LazyFrame):
        return frame.collect().to_native()
    return value if isinstance(frame, _narwhals().DataFrame) else None


def is_frame(value: Any) -> bool:
    """Whether it is a frame or a table of any library, or a structured array of numpy."""
    return is_structured(value) or _native(value) is not None


def frame_slices(value: Any, rows: int) -> tuple[int, Iterator[Columns]] | None:
    """The number of rows of a frame, and its columns, some rows at a time; None for what is no frame.

    Raises:
        UnfitValueError: Its columns have no names, or a value has no form in JSON; the path has row and column.
    """
    if is_structured(value):
        width, native = len(value.dtype.names), value
    elif (native := _native(value)) is None:
        return None
    else:
        width = max(1, len(getattr(native, 'columns', ())))
    size, count = max(1, min(rows, CELLS // width)), len(native)

    def slices() -> Iterator[Columns]:
        for start in range(0, count, size):
            yield columns_of_frame(_slice(native, start, size), start)

    return count, slices()


def _slice(native: Any, start: int, size: int) -> Any:
    if hasattr(native, 'iloc'):
        return native.iloc[start : start + size]  # by position: labels may be of any kind
    return native[start : start + size]


def columns_of_frame(value: Any, first: int = 0) -> Columns:
    """The names and the values of the columns of a frame; `first` is the place of its first row, for errors."""
    if is_structured(value):
        return _names(value.dtype.names), [_field_values(value[name], name, first) for name in value.dtype.names]
    native = _native(value)
    names = _names(native.column_names if hasattr(native, 'column_names') else native.columns)
    return names, [_values(_column(native, index), name, first) for index, name in enumerate(names)]


def _field_values(array: Any, name: str, first: int) -> list[Any]:
    """The values of a field of a structured array."""
    try:
        values: list[Any] = plain_array(array)
    except UnfitValueError as error:
        for row in range(len(array)):
            try:
                plain_array(array[row : row + 1])
            except UnfitValueError:
                raise UnfitValueError(str(error), (first + row, name)) from None
        raise UnfitValueError(str(error), (first, name)) from None
    return values


def _column(native: Any, index: int) -> Any:
    if hasattr(native, 'iloc'):
        return native.iloc[:, index]
    if hasattr(native, 'column'):
        return native.column(index)
    return native[native.columns[index]]


def _names(given: Any) -> list[str]:
    names = list[str]()
    for name in given:
        if isinstance(name, tuple):
            raise UnfitValueError(f'the column {name!r} has a name of several levels; give it one name')
        names.append(str(name))
    if len(set(names)) != len(names):
        raise UnfitValueError(f'two columns have one name: {max(names, key=names.count)!r}')
    return names


def _values(native: Any, name: str, first: int = 0) -> list[Any]:
    """The values of a column, exact, with None for missing ones that are not NaN."""
    try:
        return _exact_values(native)
    except UnfitValueError as error:
        raise UnfitValueError(str(error), (first + _first_value(native), name, *error.path)) from None
    except Exception as error:
        row = _first_that_fails(native)
        raise UnfitValueError(f'the value cannot be read: {error}', (first + row, name)) from error


def _exact_values(native: Any) -> list[Any]:
    nw = _narwhals()
    series = nw.from_native(native, series_only=True)
    dtype = series.dtype
    convert = _converter(dtype)
    if library_of(native) == 'pyarrow' and str(native.type) == 'month_day_nano_interval':
        raise UnfitValueError(DURATION)
    if hasattr(native, 'combine_chunks') and 'map<' in str(native.type):
        values: list[Any] = native.to_pylist(maps_as_pydicts='strict')
    elif isinstance(dtype, nw.Datetime) and dtype.time_unit == 'ns' and library_of(native) == 'polars':
        return _nanoseconds(series)
    elif library_of(native) == 'polars' and _has_nanoseconds(dtype):
        return _nested_nanoseconds(native)
    elif dtype == nw.Time and (counts := _nanoseconds_of_day(native)) is not None:
        return [None if count is None else _time_of_day(count) for count in counts]
    else:
        values = series.to_list()
    is_float = dtype in (nw.Float64, nw.Float32)
    if not is_float and series.null_count():
        missing = series.is_null().to_list()
        values = [None if is_null else one for one, is_null in zip(values, missing, strict=True)]
    return values if convert is None else [convert(one) for one in values]


def _has_nanoseconds(dtype: Any) -> bool:
    """Whether a type holds moments of nanoseconds within lists or structs."""
    nw = _narwhals()
    if isinstance(dtype, nw.Datetime):
        return bool(dtype.time_unit == 'ns')
    if isinstance(dtype, (nw.List, nw.Array)):
        return _has_nanoseconds(dtype.inner)
    return isinstance(dtype, nw.Struct) and any(_has_nanoseconds(field.dtype) for field in dtype.fields)


def _nested_nanoseconds(native: Any) -> list[Any]:
    """Nested values of polars with moments of nanoseconds, which a `datetime` would lose."""
    polars = sys.modules['polars']
    whole = native.cast(_with_integers(polars, native.dtype)).to_list()
    return [_read_moments(polars, native.dtype, value) for value in whole]


def _with_integers(polars: Any, dtype: Any) -> Any:
    """A type with numbers of nanoseconds in the place of moments."""
    if isinstance(dtype, polars.Datetime):
        return polars.Int64
    if isinstance(dtype, polars.List):
        return polars.List(_with_integers(polars, dtype.inner))
    if isinstance(dtype, polars.Array):
        return polars.Array(_with_integers(polars, dtype.inner), dtype.shape[0])
    if isinstance(dtype, polars.Struct):
        return polars.Struct([polars.Field(one.name, _with_integers(polars, one.dtype)) for one in dtype.fields])
    return dtype


def _read_moments(polars: Any, dtype: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(dtype, polars.Datetime):
        return _nanoseconds(_narwhals().from_native(polars.Series([value]).cast(dtype), series_only=True))[0]
    if isinstance(dtype, (polars.List, polars.Array)):
        return [_read_moments(polars, dtype.inner, item) for item in value]
    if isinstance(dtype, polars.Struct):
        return {one.name: _read_moments(polars, one.dtype, value[one.name]) for one in dtype.fields}
    return value


def _nanoseconds_of_day(native: Any) -> list[int | None] | None:
    """Times of day as numbers of nanoseconds, which `datetime.time` cannot hold; None for what has none."""
    if library_of(native) == 'polars':
        counts: list[int | None] = native.cast(sys.modules['polars'].Int64).to_list()
        return counts
    if library_of(native) == 'pyarrow' and str(native.type) == 'time64[ns]':
        return list(native.cast(sys.modules['pyarrow'].int64()).to_pylist())
    return None


def _time_of_day(count: int) -> str:
    """A time of day as `time.isoformat` writes it, with nanoseconds where there are some."""
    seconds, nanoseconds = divmod(count, 10**9)
    text = f'{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}'
    if not nanoseconds:
        return text
    if nanoseconds % 1000:
        return f'{text}.{nanoseconds:09}'
    return f'{text}.{nanoseconds // 1000:06}'


def _nanoseconds(series: Any) -> list[Any]:
    """Moments of polars, whose nanoseconds a `datetime` would lose."""
    texts: list[str | None] = []
    for moment, nanosecond in zip(series.to_list(), series.dt.nanosecond().to_list(), strict=True):
        if moment is None:
            texts.append(None)
        elif nanosecond % 1000:
            whole, offset = moment.replace(microsecond=0, tzinfo=None).isoformat(), moment.isoformat()[26:]
            texts.append(f'{whole}.{nanosecond:09d}{offset}')
        else:
            texts.append(moment.isoformat())
    return texts


def _converter(dtype: Any) -> Convert | None:
    """What makes values of a type exact, at any depth; None where they are."""
    nw = _narwhals()
    if dtype == nw.Float32 or str(dtype).startswith('Float16'):
        return shortest_float32
    if isinstance(dtype, nw.Duration) or dtype == nw.Duration:
        return _refuse_duration
    if dtype == nw.Binary:
        return _refuse_bytes
    if isinstance(dtype, (nw.List, nw.Array)) and (each := _converter(dtype.inner)) is not None:
        return lambda items: None if items is None else [each(one) for one in items]
    if isinstance(dtype, nw.Struct):
        members = {field.name: _converter(field.dtype) for field in dtype.fields}
        if any(members.values()):
            return lambda record: None if record is None else _convert_members(record, members)
    return None


def _convert_members(record: dict[str, Any], members: dict[str, Convert | None]) -> dict[str, Any]:
    converted = dict(record)
    for name, convert in members.items():
        if convert is not None:
            converted[name] = convert(record[name])
    return converted


def _refuse_duration(value: Any) -> None:
    if value is not None and value == value and type(value).__name__ != 'NaTType':
        raise UnfitValueError(DURATION)


def _refuse_bytes(value: Any) -> None:
    if value is not None:
        raise UnfitValueError('a value of type bytes cannot be written as JSON')


def _first_value(native: Any) -> int:
    """The place of the first value of a column that is not missing."""
    missing = _narwhals().from_native(native, series_only=True).is_null().to_list()
    return missing.index(False) if False in missing else 0


def _first_that_fails(native: Any) -> int:
    """The place of the first value that its library cannot hand out."""
    for row in range(len(native)):
        try:
            one = native.iloc[row] if hasattr(native, 'iloc') else native[row]
            if hasattr(one, 'as_py'):
                one.as_py()
        except Exception:  # noqa: BLE001 - each library has its own
            return row
    return 0


def row_as_record(value: Any) -> dict[str, Any] | None:
    """A row of a pandas frame as a record; None for anything else."""
    if library_of(value) != 'pandas' or not hasattr(value, 'to_dict') or hasattr(value, 'columns'):
        return None
    if not all(isinstance(name, str) for name in value.index):
        return None  # a column, whose labels are no names
    return dict(value.items())


def plain_frame(value: Any) -> Any:
    """A frame as a list of records, a series as a list, a scalar of Arrow as its value.

    Raises:
        UnfitValueError: It is none of these.
    """
    if hasattr(value, 'as_py'):
        if str(value.type) in ('float', 'halffloat'):
            return shortest_float32(value.as_py())
        if 'map<' in str(value.type):
            return value.as_py(maps_as_pydicts='strict')
        return value.as_py()
    if _native(value) is not None:
        names, columns = columns_of_frame(value)
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    if library_of(value) == 'pyarrow' and hasattr(value, 'to_pylist'):
        chunked = value if hasattr(value, 'chunks') else sys.modules['pyarrow'].chunked_array([value])
        return _values_of_series(chunked)
    series = _narwhals().from_native(value, allow_series=True, pass_through=True)
    if isinstance(series, _narwhals().Series):
        return _values_of_series(value)
    if hasattr(value, 'tolist'):  # an index or an array of pandas
        return value.tolist()
    raise UnfitValueError(f'a value of type {type(value).__name__} cannot be written as JSON')


def _values_of_series(native: Any) -> list[Any]:
    try:
        return _exact_values(native)
    except UnfitValueError as error:
        raise UnfitValueError(str(error), (_first_value(native), *error.path)) from None
