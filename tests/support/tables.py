"""What a table holds, read and judged without the functions that made it.

A value is held as itself, or as the JSON text of it where a column has one type and its values have several. Missing
is None, NaN or `pandas.NA`. A column of objects has one type too: a member that an object lacks is null there.
"""

from __future__ import annotations

import csv
import enum
import importlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeGuard

import pandas as pd
import polars as pl

import cspark.wasm as Hybrid
from support.many import URI, execute_many

pa: Any = importlib.import_module('pyarrow')
pq: Any = importlib.import_module('pyarrow.parquet')

Table: TypeAlias = dict[str, list[Any]]
"""The values of each column, by its name, in order."""

LIBRARIES: Final = ('pandas', 'polars', 'arrow')
FILES: Final = ('jsonl', 'csv', 'parquet')


class Held(enum.Flag):
    """How a form may hold a column."""

    VALUES = enum.auto()
    TEXT = enum.auto()
    """Each value as JSON text."""
    REFUSED = enum.auto()
    """Not at all: an error says so, and what to write instead."""


def read_table(table: Any) -> Table:
    """The columns of a data frame or a table of any of the three libraries."""
    if isinstance(table, pd.DataFrame):
        names = [str(name) for name in table.columns]
        columns = [table.iloc[:, place].tolist() for place in range(len(names))]
    elif isinstance(table, pl.DataFrame):
        names, columns = table.columns, [column.to_list() for column in table.get_columns()]
    else:
        assert isinstance(table, pa.Table)
        arrow: Any = table
        names, columns = arrow.column_names, [column.to_pylist() for column in arrow.columns]
    assert len(set(names)) == len(names)
    return dict(zip(names, columns, strict=True))


def read_parquet(path: Path) -> Table:
    """The columns of a Parquet file."""
    return read_table(pq.read_table(path))


def read_cells(path: Path) -> Table:
    """The cells of a CSV file as text."""
    with path.open(newline='', encoding='utf-8') as file:
        names, *rows = csv.reader(file, strict=True)
    assert all(len(row) == len(names) for row in rows)
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def read_lines(path: Path) -> list[Any]:
    """The records of a file of JSON Lines."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def read_back(client: Hybrid.Client, path: Path, sent: list[Any], text: Sequence[str] = ()) -> Table:
    """What a runner is sent of a CSV file that was written here; `text` names the columns that are of text alone."""
    options: dict[str, Any] = {'columns': dict.fromkeys(text, str)} if text else {}
    before = len(sent)
    count = len(list(execute_many(client, URI, path, **options, concurrency=1)))
    records = sent[before:]
    assert len(records) == count
    return {name: [record[name] for record in records] for name in records[0]}


def attempt(call: Callable[[], Any]) -> tuple[Any, str]:
    """What a call returns; or None and the words in which it refuses."""
    try:
        return call(), ''
    except Hybrid.SparkSdkError as error:
        return None, str(error)


def is_missing(found: Any) -> bool:
    """Whether a cell says that there is nothing."""
    return found is None or found is pd.NA or (isinstance(found, float) and found != found)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def same(found: Any, value: Any, *, typed: bool = False) -> bool:
    """Whether a value is what was answered.

    A number is equal whatever its type, truth is no number, and `typed` lets objects have further members that are
    null.
    """
    if value is None:
        return is_missing(found)
    if _is_list(value):
        return _is_list(found) and are_values(found, value, typed=typed)
    if _is_object(value):
        if not _is_object(found) or not (typed or found.keys() == value.keys()):
            return False
        return all(same(found.get(name), value.get(name), typed=typed) for name in {*value, *found})
    if isinstance(value, bool) or isinstance(found, bool):
        return isinstance(value, bool) and isinstance(found, bool) and value == found
    return isinstance(found, str) == isinstance(value, str) and not is_missing(found) and bool(found == value)


def are_values(found: list[Any], values: Sequence[Any], *, typed: bool = False) -> bool:
    """Whether a column holds these values as they are."""
    return len(found) == len(values) and all(map(lambda one, value: same(one, value, typed=typed), found, values))


def are_text(found: list[Any], values: Sequence[Any]) -> bool:
    """Whether a column holds these values as JSON text."""
    return len(found) == len(values) and all(
        is_missing(one) if value is None else isinstance(one, str) and _reads_as(one, value)
        for one, value in zip(found, values, strict=True)
    )


def _reads_as(text: str, value: Any) -> bool:
    try:
        return same(json.loads(text), value)
    except ValueError:
        return False


def check_column(found: list[Any], values: Sequence[Any], held: Held = Held.VALUES, *, typed: bool = False) -> None:
    """Assert that a column holds these values, as values or as text."""
    is_held = Held.VALUES in held and are_values(found, values, typed=typed)
    assert is_held or (Held.TEXT in held and are_text(found, values)), (found, values, held)


def check_sent(found: list[Any], values: Sequence[Any]) -> None:
    """Assert that a column of a CSV file reads back as these values; an object or a list may be its JSON text."""
    for one, value in zip(found, values, strict=True):
        is_nested = isinstance(value, (list, dict))
        assert same(one, value) or (is_nested and isinstance(one, str) and _reads_as(one, value)), (found, values)
