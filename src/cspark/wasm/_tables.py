"""Results as tables of pandas, polars and Arrow: the type of a column is that of all its values, and none is changed.

A column that no one type can hold becomes JSON text, value by value, so that 1 and "1" stay apart.
"""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# The libraries are imported when a table is asked for; their objects have no types here.
from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from ._codec.json import encode_json
from .errors import SparkSdkError

__all__ = [
    'Columns',
    'arrow_table',
    'import_library',
    'join_columns',
    'kind_of',
    'leaves_of',
    'names_of_frame',
    'pandas_frame',
    'polars_frame',
    'rows_to_columns',
]

Columns: TypeAlias = dict[str, list[Any]]

EXACT_IN_DOUBLE: Final = 1 << 53
LARGEST_INTEGER: Final = 1 << 63


@dataclass(slots=True)
class Kind:
    """What the values of a column have in common.

    Attributes:
        name: `null` where there are none, `text` where they have nothing in common but their JSON.
        item: The kind of the items of a list.
        members: The kinds of the members of a struct.
    """

    name: Literal['null', 'bool', 'int', 'float', 'str', 'list', 'struct', 'text'] = 'null'
    item: Kind | None = None
    members: dict[str, Kind] = field(default_factory=dict)
    largest: int = 0


def kind_of(values: Iterable[Any]) -> Kind:
    """The kind of all values together."""
    found = Kind()
    for value in values:
        if value is not None:
            _widen(found, value)
            if found.name == 'text':
                return found
    return Kind('text') if _needs_text(found) else found


def _widen(kind: Kind, value: Any) -> None:
    name = _name_of(value)
    if kind.name in ('null', name):
        kind.name = name
    elif {kind.name, name} == {'int', 'float'}:
        kind.name = 'float'
    else:
        kind.name = 'text'
        return
    if name == 'int':
        kind.largest = max(kind.largest, abs(value))
    elif name == 'list':
        kind.item = kind.item or Kind()
        for item in value:
            if item is not None and kind.item.name != 'text':
                _widen(kind.item, item)
    elif name == 'struct':
        for member, item in value.items():
            inner = kind.members.setdefault(member, Kind())
            if item is not None and inner.name != 'text':
                _widen(inner, item)


def _name_of(value: Any) -> Literal['bool', 'int', 'float', 'str', 'list', 'struct', 'text']:
    if isinstance(value, bool):
        return 'bool'
    if isinstance(value, int):
        return 'int'
    if isinstance(value, float):
        return 'float'
    if isinstance(value, str):
        return 'str'
    if isinstance(value, (list, tuple)):
        return 'list'
    return 'struct' if isinstance(value, dict) else 'text'


def _needs_text(kind: Kind) -> bool:
    """Whether no type holds the values exactly: large whole numbers among others, objects without members."""
    if kind.name == 'text' or (kind.name == 'float' and kind.largest > EXACT_IN_DOUBLE):
        return True
    if (kind.name == 'int' and kind.largest >= LARGEST_INTEGER) or (kind.name == 'struct' and not kind.members):
        return True
    return any(map(_needs_text, [*([kind.item] if kind.item is not None else []), *kind.members.values()]))


def leaves_of(kind: Kind, place: str) -> Iterator[tuple[str, str]]:
    """The kinds of all that is within a column, with their places; numbers are of one kind."""
    if kind.name == 'list' and kind.item is not None:
        yield from leaves_of(kind.item, f'{place}[]')
    elif kind.name == 'struct':
        for name, inner in kind.members.items():
            yield from leaves_of(inner, f'{place}.{name}')
    elif kind.name != 'null':
        yield place, 'number' if kind.name in ('int', 'float') else kind.name


def convert_to(kind: Kind, value: Any) -> Any:
    """A value as its column holds it."""
    if value is None:
        return None
    if kind.name == 'text':
        return encode_json(value).decode()
    if kind.name == 'float':
        return float(value)
    if kind.name == 'list' and kind.item is not None:
        return [convert_to(kind.item, item) for item in value]
    if kind.name == 'struct':
        return {name: convert_to(inner, value.get(name)) for name, inner in kind.members.items()}
    return value


def import_library(name: str) -> Any:
    """Import a library that this package does not depend on.

    Raises:
        SparkSdkError: It is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise SparkSdkError(f'{name} is not installed; pip install {name}', error) from error


def rows_to_columns(rows: Sequence[Mapping[str, Any]], names: Iterable[str]) -> Columns:
    """Rows as columns of these names; a value that a row does not have is missing."""
    return {name: [row.get(name) for row in rows] for name in names}


def pandas_frame(columns: Columns) -> Any:
    """Columns as a pandas data frame. Whole numbers stay exact, beside missing ones too."""
    pandas = import_library('pandas')
    return pandas.DataFrame({name: _pandas_column(pandas, values) for name, values in columns.items()})


def _pandas_column(pandas: Any, values: list[Any]) -> Any:
    large = any(type(value) is int and abs(value) > EXACT_IN_DOUBLE for value in values)
    same = all(type(value) is int and abs(value) < LARGEST_INTEGER for value in values)
    has_containers = any(isinstance(value, (list, dict)) for value in values)
    needs_object = (large and not same) or has_containers or all(value is None for value in values)
    return pandas.Series(values, dtype=object if needs_object else None)


def polars_frame(columns: Columns) -> Any:
    """Columns as a polars data frame."""
    polars = import_library('polars')
    return polars.DataFrame({name: _polars_column(polars, name, values) for name, values in columns.items()})


def _polars_column(polars: Any, name: str, values: list[Any]) -> Any:
    kind = kind_of(values)
    return polars.Series(name, [convert_to(kind, value) for value in values], dtype=_polars_type(polars, kind))


def _polars_type(polars: Any, kind: Kind) -> Any:
    if kind.name == 'list' and kind.item is not None:
        return polars.List(_polars_type(polars, kind.item))
    if kind.name == 'struct':
        return polars.Struct([polars.Field(name, _polars_type(polars, one)) for name, one in kind.members.items()])
    return {
        'bool': polars.Boolean,
        'int': polars.Int64,
        'float': polars.Float64,
        'null': polars.Null,
    }.get(kind.name, polars.String)


def arrow_table(columns: Columns) -> Any:
    """Columns as a `pyarrow.Table`."""
    arrow = import_library('pyarrow')
    arrays = [_arrow_column(arrow, values) for values in columns.values()]
    return arrow.Table.from_arrays(arrays, names=list(columns))


def _arrow_column(arrow: Any, values: list[Any]) -> Any:
    kind = kind_of(values)
    return arrow.array([convert_to(kind, value) for value in values], type=_arrow_type(arrow, kind))


def _arrow_type(arrow: Any, kind: Kind) -> Any:
    if kind.name == 'list' and kind.item is not None:
        return arrow.list_(_arrow_type(arrow, kind.item))
    if kind.name == 'struct':
        return arrow.struct([arrow.field(name, _arrow_type(arrow, one)) for name, one in kind.members.items()])
    make: Callable[[], Any] = {
        'bool': arrow.bool_,
        'int': arrow.int64,
        'float': arrow.float64,
        'null': arrow.null,
    }.get(kind.name, arrow.string)
    return make()


def join_columns(frame: Any, columns: Columns) -> Any:
    """A frame of the caller's with further columns, by position; its index stays what it is.

    Raises:
        SparkSdkError: It is no frame, or it has another number of rows.
    """
    library = type(frame).__module__.partition('.')[0]
    count = len(next(iter(columns.values()), []))
    if len(frame) != count:
        raise SparkSdkError(f'the frame has {len(frame):,} rows, and there are {count:,} results; join the inputs')
    if library == 'pandas':
        made = pandas_frame(columns)
        made.index = frame.index
        return import_library('pandas').concat([frame, made], axis=1)
    if library == 'polars':
        return frame.hstack(polars_frame(columns))
    made = arrow_table(columns)
    for name in columns:
        frame = frame.append_column(made.schema.field(name), made.column(name))
    return frame


def names_of_frame(frame: Any) -> list[str]:
    """The names of a frame's columns.

    Raises:
        SparkSdkError: It is no frame that results can be joined to.
    """
    library = type(frame).__module__.partition('.')[0]
    if (
        library not in ('pandas', 'polars', 'pyarrow')
        or not hasattr(frame, 'columns')
        or (hasattr(frame, 'collect_schema') and not hasattr(frame, 'hstack'))
    ):
        raise SparkSdkError(
            f'results are joined to a frame of pandas or polars or to a table of pyarrow, not to {type(frame).__name__}'
        )
    return [str(name) for name in (frame.column_names if library == 'pyarrow' else frame.columns)]
