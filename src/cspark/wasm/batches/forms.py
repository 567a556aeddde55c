"""The forms of batches, and of the descriptions that engines want of them: pandas, Arrow, Dask and Spark."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# The libraries are imported when their objects come in; these have no types here.
from __future__ import annotations

import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any, Final

from .._codec.plain import library_of
from .._suggestion import suggest
from .._tables import import_library
from ..errors import SparkSdkError
from .outputs import Columns, Kind, Output, arrow_type

__all__ = ['check_kept', 'is_batch', 'is_invented', 'refuse', 'schema_for', 'with_columns']

MOST_FRAMES: Final = 40
"""How far up the stack Dask is looked for."""

FINDING_OUT: Final = frozenset({'emulate', '_meta', '_meta_chunk', '_meta_apply_transform'})
"""The functions of Dask that find out what a result looks like; none of them runs while something is computed."""

BESIDE: Final = ('warnings', 'errors')
JSON: Final[Kind] = 'json'


def is_batch(batch: Any) -> bool:
    """Whether it is a pandas frame, an Arrow table or a record batch."""
    library, kind = library_of(batch), type(batch).__name__
    return (library, kind) in (('pandas', 'DataFrame'), ('pyarrow', 'Table'), ('pyarrow', 'RecordBatch'))


def refuse(batch: Any) -> SparkSdkError:
    """The error about what is no batch."""
    accepted = 'a batch must be a pandas frame, a pyarrow.Table, a pyarrow.RecordBatch, or an iterator of these'
    hints = {
        'dict': "; Ray gives them with batch_format='pyarrow' or 'pandas'",
        'list': '; give iter(...) for an iterator, and services.execute_many takes records',
        'polars': '; frame.to_arrow() is one',
        'dask': '; give frame.map_partitions(...) this object',
        'pyspark': '; give frame.mapInArrow(...) this object',
    }
    hint = hints.get(type(batch).__name__) or hints.get(library_of(batch), '')
    return SparkSdkError(f'{accepted}, not {type(batch).__module__}.{type(batch).__qualname__}{hint}')


def is_invented() -> bool:
    """Whether Dask is calling with a frame that it invented, to find out what the columns of the result are."""
    if 'dask' not in sys.modules:
        return False
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - Dask has no other sign
    for _ in range(MOST_FRAMES):
        if frame is None:
            return False
        name = frame.f_globals.get('__name__', '')
        if frame.f_code.co_name in FINDING_OUT and name.startswith('dask.dataframe.'):
            return True
        frame = frame.f_back
    return False


def names_in(batch: Any) -> list[Any]:
    """The names of the columns of a batch or of a schema."""
    if hasattr(batch, 'iloc'):
        return list(batch.columns)  # the columns of a frame are its attributes too, whatever they are called
    return list(getattr(batch, 'schema', batch).names)


def check_names(keep: Sequence[str]) -> None:
    """Refuse a name to keep that is given twice.

    Raises:
        SparkSdkError: There is one.
    """
    for name in keep:
        if keep.count(name) > 1:
            raise SparkSdkError(f'keep has {name!r} twice')


def check_kept(batch: Any, keep: Sequence[str]) -> None:
    """Refuse names to keep that a batch, or its schema, does not have.

    Raises:
        SparkSdkError: There is such a name; the message has a similar one.
    """
    names = [str(name) for name in names_in(batch)]
    if not names:
        raise SparkSdkError('the batch has no columns; records have names')
    for name in keep:
        if name not in names:
            hint = suggest(name, names, 'they have')
            raise SparkSdkError(f'keep names {name!r}, which the records do not have; {hint}')


def with_columns(batch: Any, keep: Sequence[str], columns: Columns) -> Any:
    """A batch of the same kind with the columns that are kept, and others beside them."""
    arrow = import_library('pyarrow')
    if not hasattr(batch, 'iloc'):
        schema = arrow.schema(
            [*(batch.schema.field(name) for name in keep), *(arrow.field(*one) for one in _types(columns))]
        )
        kept = [batch.column(name) for name in keep]
        return type(batch).from_arrays([*kept, *columns.values()], schema=schema)
    pandas = import_library('pandas')
    made = arrow.table(columns).to_pandas(types_mapper=_types_of_pandas(arrow, pandas).get, date_as_object=False)
    made = made.astype({name: 'datetime64[us]' for name in made if str(made[name].dtype).startswith('datetime64')})
    made.index = batch.index
    by_name = {str(name): place for place, name in enumerate(batch.columns)}
    kept = batch.iloc[:, [by_name[name] for name in keep]]
    return pandas.concat([kept, made], axis=1)


def _types(columns: Columns) -> list[tuple[str, Any]]:
    return [(name, values.type) for name, values in columns.items()]


def _types_of_pandas(arrow: Any, pandas: Any) -> dict[Any, Any]:
    """The types of pandas that hold missing values beside whole numbers and booleans."""
    return {
        arrow.bool_(): pandas.BooleanDtype(),
        arrow.int64(): pandas.Int64Dtype(),
        arrow.string(): pandas.StringDtype(),
    }


def schema_for(frame: Any, keep: Sequence[str], outputs: Sequence[Output]) -> Any:
    """The schema of the results, in the form of the library of the records."""
    ours: list[tuple[str, Kind]] = [*((one.column, one.kind) for one in outputs), *((name, JSON) for name in BESIDE)]
    library = library_of(frame)
    if library not in ('pyarrow', 'pyspark'):
        raise SparkSdkError(
            f'a schema is made from a Spark frame or an Arrow table, or from their schema, not from '
            f'{type(frame).__module__}.{type(frame).__qualname__}; meta(...) is for Dask'
        )
    given = getattr(frame, 'schema', frame)
    check_kept(given, keep)
    if library == 'pyarrow':
        arrow = import_library('pyarrow')
        return arrow.schema(
            [*(given.field(name) for name in keep), *(arrow.field(name, arrow_type(kind)) for name, kind in ours)]
        )
    types = import_library('pyspark.sql.types')
    made = [types.StructField(name, _spark_type(types, kind)) for name, kind in ours]
    return types.StructType([*(given[name] for name in keep), *made])


def _spark_type(types: Any, kind: Kind) -> Any:
    return {
        'boolean': types.BooleanType,
        'integer': types.LongType,
        'double': types.DoubleType,
        'date': types.DateType,
        'timestamp': types.TimestampNTZType,
    }.get(kind, types.StringType)()
