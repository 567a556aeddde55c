"""The outputs that batches return: their declared types, and their values as columns of these types."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Final, Literal, TypeAlias

import attrs

from .._codec.json import encode_json, is_object
from .._many.planner import name_record
from .._suggestion import suggest
from .._tables import EXACT_IN_DOUBLE, LARGEST_INTEGER, import_library
from ..errors import SparkSdkError
from ..records import BESIDE, EXCEL_ERRORS, RecordResult, rename_outputs

__all__ = ['KINDS', 'Output', 'columns_of', 'declare', 'infer']

Kind: TypeAlias = Literal['boolean', 'integer', 'double', 'string', 'date', 'timestamp', 'json']
Columns: TypeAlias = dict[str, Any]
"""Arrow arrays by the names of their columns."""

Misfits: TypeAlias = dict[int, list[dict[str, Any]]]
"""Entries for `errors`, by the place of the record."""

KINDS: Final = ('boolean', 'integer', 'double', 'string', 'date', 'timestamp', 'json')
DATE: Final = re.compile(r'\d{4}-\d\d-\d\d')
MOMENT: Final = re.compile(r'\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?')


@attrs.frozen
class Output:
    """An output and its column.

    Attributes:
        name: The name of the output.
        kind: The type of its values.
        column: The name of its column, which differs where another column has the name of the output.
    """

    name: str
    kind: Kind
    column: str


def declare(outputs: object, keep: Sequence[str]) -> tuple[Output, ...]:
    """Read the outputs that a user declares.

    Raises:
        SparkSdkError: A type is unknown; the message says which ones there are.

    >>> declare({'premium': 'double'}, ['policy'])
    (Output(name='premium', kind='double', column='premium'),)
    """
    if not isinstance(outputs, Mapping) or not outputs:
        raise SparkSdkError("outputs must be a mapping of names to types, such as {'premium': 'double'}")
    given: Mapping[Any, Any] = outputs  # pyright: ignore[reportUnknownVariableType]
    for name, kind in given.items():
        if not isinstance(name, str) or not name:
            raise SparkSdkError(f'outputs must have names as text, not {name!r}')
        if kind not in KINDS:
            raise SparkSdkError(f'outputs[{name!r}] must be one of {", ".join(map(repr, KINDS))}, not {kind!r}')
    return _named(dict(given), keep)


def infer(outputs: Mapping[str, Any], keep: Sequence[str]) -> tuple[Output, ...]:
    """The types of outputs by one example, wide enough for others: the next number may have a fraction.

    >>> [(one.name, one.kind) for one in infer({'premium': 12, 'riders': []}, [])]
    [('premium', 'double'), ('riders', 'json')]
    """
    return _named({name: _widest(value) for name, value in outputs.items()}, keep)


def _widest(value: object) -> Kind:
    if isinstance(value, bool):
        return 'boolean'
    if isinstance(value, (int, float)):
        return 'double'
    if isinstance(value, str) and value not in EXCEL_ERRORS:
        return 'string'
    return 'json'


def _named(kinds: Mapping[str, Any], keep: Sequence[str]) -> tuple[Output, ...]:
    columns = rename_outputs(dict(kinds), {*BESIDE, *keep})
    return tuple(Output(name, kind, column) for (name, kind), column in zip(kinds.items(), columns, strict=True))


def columns_of(
    results: Sequence[RecordResult],
    outputs: Sequence[Output],
    keep: Sequence[str],
    on_error: str,
    *,
    is_declared: bool = False,
) -> Columns:
    """Convert results to columns: one per output, and `warnings` and `errors` as JSON text.

    Args:
        results: The results, in order.
        outputs: The outputs to return.
        keep: The names of the columns beside them.
        on_error: Whether a value of another type ends the job (`raise`) or becomes an entry in `errors` (`collect`).
        is_declared: Whether other outputs may be left out, because the user declared which ones to return.

    Raises:
        SparkSdkError: A record has an output of another type, or lacks one, with `raise`; the message names both.
    """
    rows = [one.row_beside({*BESIDE, *keep}) for one in results]
    misfits: Misfits = {}
    if not is_declared:
        _find_others(rows, outputs, misfits)
    columns = {one.column: _column(one, results, rows, misfits) for one in outputs}
    if misfits and on_error == 'raise':
        index = min(misfits)
        record = name_record(index, [results[index].kept or {}])
        raise SparkSdkError(f'{record}: {misfits[index][0]["message"]}')
    for index, entries in misfits.items():
        rows[index]['errors'] = [*(rows[index]['errors'] or []), *entries]
    for name in ('warnings', 'errors'):
        columns[name] = _array('json', [_as_text(row[name]) for row in rows])
    return columns


def _find_others(rows: list[dict[str, Any]], outputs: Sequence[Output], misfits: Misfits) -> None:
    known = {'warnings', 'errors', *(one.column for one in outputs)}
    for index, row in enumerate(rows):
        for name in row.keys() - known:
            problem = f'there is an output {name!r} that the defaults do not give; declare it by outputs=...'
            misfits.setdefault(index, []).append(_entry(name, problem))


def _column(
    output: Output,
    results: Sequence[RecordResult],
    rows: list[dict[str, Any]],
    misfits: Misfits,
) -> Any:
    read, values = READERS[output.kind], list[Any]()
    for index, row in enumerate(rows):
        value = row.get(output.column)
        if value is not None:
            try:
                value = read(value)
            except ValueError:
                problem = f'the output {output.name!r} is {value!r:.100}, which is no {output.kind}'
                misfits.setdefault(index, []).append(_entry(output.name, f'{problem}; declare it as {_fitting(value)}'))
                value = None
        elif output.column not in row and is_object(results[index].outputs) and not results[index].errors:
            misfits.setdefault(index, []).append(_entry(output.name, _missing(output, row)))
        values.append(value)
    return _array(output.kind, values)


def _missing(output: Output, row: dict[str, Any]) -> str:
    others = [name for name in row if name not in ('warnings', 'errors')]
    hint = suggest(output.name, others, 'it has') if others else 'it has none of those asked for'
    return f'the service has no output {output.name!r}; {hint}'


def _entry(name: str, message: str) -> dict[str, Any]:
    return {
        'source_path': name,
        'error_category': 'Type',
        'error_type': 'SparkSdkError',
        'message': message,
        'additional_details': None,
    }


def _fitting(value: object) -> str:
    """The types that hold a value, for an error."""
    for kind in KINDS:
        try:
            READERS[kind](value)
        except ValueError:
            continue
        return repr(kind) if kind == 'json' else f"{kind!r} or 'json'"
    return "'json'"


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise ValueError
    whole = int(value)
    if not -LARGEST_INTEGER <= whole < LARGEST_INTEGER:
        raise ValueError
    return whole


def _double(value: object) -> float:
    if isinstance(value, float):
        return value
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > EXACT_IN_DOUBLE:
        raise ValueError
    return float(value)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _date(value: object) -> date:
    text = _string(value)
    if DATE.fullmatch(text):
        return date.fromisoformat(text)
    moment = _timestamp(text)
    if moment.time() != time():
        raise ValueError
    return moment.date()


def _timestamp(value: object) -> datetime:
    text = _string(value)
    if not DATE.fullmatch(text) and not MOMENT.fullmatch(text):
        raise ValueError  # other spellings, such as one with a time zone, would not come back as they were
    return datetime.fromisoformat(text)


def _json(value: object) -> str:
    return encode_json(value).decode()


READERS: Final[dict[Kind, Callable[[object], Any]]] = {
    'boolean': _boolean,
    'integer': _integer,
    'double': _double,
    'string': _string,
    'date': _date,
    'timestamp': _timestamp,
    'json': _json,
}
"""What reads a value of each type. Each raises `ValueError` for a value that the type does not hold exactly."""


def _as_text(value: object) -> str | None:
    return None if value is None else _json(value)


def arrow_type(kind: Kind) -> Any:
    """The Arrow type of a column."""
    arrow = import_library('pyarrow')
    types: dict[Kind, Callable[[], Any]] = {
        'boolean': arrow.bool_,
        'integer': arrow.int64,
        'double': arrow.float64,
        'date': arrow.date32,
        'timestamp': lambda: arrow.timestamp('us'),
    }
    make: Callable[[], Any] = types.get(kind) or arrow.string
    return make()


def _array(kind: Kind, values: list[Any]) -> Any:
    return import_library('pyarrow').array(values, arrow_type(kind))
