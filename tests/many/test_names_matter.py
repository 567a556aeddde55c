"""The names of columns are part of the inputs: a checkpoint does not give results that belong to other names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import cspark.wasm as Hybrid
from support.inputs import pa
from support.many import URI, Squares, areas, calling, execute_many
from support.worlds import World

COUNT = 200
SIZES: dict[str, Any] = {'chunk_size': 50, 'concurrency': 1}
EXPECTED = [side**2 for side in range(COUNT)]
OTHER_AREAS = [(COUNT - side) ** 2 for side in range(COUNT)]
NAMES, SWAPPED = ('side', 'depth'), ('depth', 'side')
"""The first column holds the sides, and the second one as many other numbers."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / 'run.checkpoint'


def columns(names: tuple[str, str]) -> dict[str, list[int]]:
    """The same numbers under these names."""
    return {names[0]: list(range(COUNT)), names[1]: [COUNT - number for number in range(COUNT)]}


def rows(names: tuple[str, str]) -> list[Any]:
    """The same rows of values below these names."""
    return [list(names), *([number, COUNT - number] for number in range(COUNT))]


FORMS: dict[str, Callable[[tuple[str, str]], Any]] = {
    'rows': rows,
    'rows that are read once': lambda names: iter(rows(names)),
    'records': lambda names: pd.DataFrame(columns(names)).to_dict(orient='records'),
    'a data frame': lambda names: pd.DataFrame(columns(names)),
    'a table': lambda names: pa.table(columns(names)),
    'record batches that are read once': lambda names: iter(pa.table(columns(names)).to_batches(max_chunksize=70)),
}


@pytest.mark.parametrize('form', FORMS)
def test_the_same_values_under_other_names_are_other_inputs(
    world: World, squarer: Squares, path: Path, form: str
) -> None:
    inputs = FORMS[form]
    with calling(world, squarer) as client:
        assert areas(execute_many(client, URI, inputs(NAMES), checkpoint=path, **SIZES)) == EXPECTED
        calls = len(squarer.sizes)
        for renamed in (SWAPPED, ('side', 'width'), ('Side', 'depth')):
            with pytest.raises(Hybrid.SparkSdkError, match='begun with other inputs'):
                list(execute_many(client, URI, inputs(renamed), checkpoint=path, **SIZES))
        assert len(squarer.sizes) == calls
        assert areas(execute_many(client, URI, inputs(NAMES), checkpoint=path, **SIZES)) == EXPECTED
        assert len(squarer.sizes) == calls
        other = path.with_name('other.checkpoint')
        assert areas(execute_many(client, URI, inputs(SWAPPED), checkpoint=other, **SIZES)) == OTHER_AREAS


@pytest.mark.parametrize('kind', ['data frames', 'tables'])
def test_names_that_change_where_the_run_had_not_come_yet_are_refused_at_once(
    world: World, squarer: Squares, path: Path, kind: str
) -> None:
    def parts(names: tuple[str, str]) -> list[Any]:
        halves = [{'side': [0, 1], 'depth': [2, 3]}, {names[0]: [2, 3], names[1]: [4, 5]}]
        return [pd.DataFrame(half) if kind == 'data frames' else pa.table(half) for half in halves]

    options: dict[str, Any] = {'checkpoint': path, 'chunk_size': 2, 'concurrency': 1}
    squarer.poison = lambda record: record['side'] == 2
    with calling(world, squarer) as client:
        with pytest.raises(Hybrid.InternalServerError):
            list(execute_many(client, URI, parts(NAMES), **options))
        squarer.poison = lambda _: False
        calls = len(squarer.sizes)
        with pytest.raises(Hybrid.SparkSdkError, match='begun with other inputs'):
            list(execute_many(client, URI, parts(('side', 'width')), **options))
        assert len(squarer.sizes) == calls
        assert areas(execute_many(client, URI, parts(NAMES), **options)) == [0, 1, 4, 9]
    assert set(squarer.executed.values()) == {1}
