"""A run may go on with the same records in another place: in a file, and then in memory, or the other way round."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import cspark.wasm as Hybrid
from support.many import URI, Squares, areas, calling, execute_many, squares
from support.worlds import World

COUNT = 40
SIZES: dict[str, Any] = {'chunk_size': 10, 'concurrency': 1}
EXPECTED = [side**2 for side in range(COUNT)]


def interrupted(client: Hybrid.Client, squarer: Squares, inputs: Any, path: Path) -> int:
    """Execute records up to one that fails, and say how many calls there were."""
    squarer.poison = lambda record: record['side'] == 25
    with pytest.raises(Hybrid.InternalServerError):
        list(execute_many(client, URI, inputs, checkpoint=path, **SIZES))
    squarer.poison = lambda _: False
    return len(squarer.sizes)


@pytest.mark.parametrize('begins', ['in a file', 'in memory', 'as an iterator'])
@pytest.mark.parametrize('goes_on', ['in a file', 'in memory', 'as an iterator'])
def test_a_run_goes_on_wherever_its_records_are_now(
    world: World, squarer: Squares, tmp_path: Path, begins: str, goes_on: str
) -> None:
    file = tmp_path / 'records.jsonl'
    file.write_text('\n'.join(map(json.dumps, squares(COUNT))))
    forms: dict[str, Any] = {'in a file': file, 'in memory': squares(COUNT), 'as an iterator': iter(squares(COUNT))}
    again = iter(squares(COUNT)) if goes_on == 'as an iterator' else forms[goes_on]
    with calling(world, squarer) as client:
        interrupted(client, squarer, forms[begins], tmp_path / 'run')
        assert areas(execute_many(client, URI, again, checkpoint=tmp_path / 'run', **SIZES)) == EXPECTED
    assert set(squarer.executed.values()) == {1}


def test_a_run_of_a_file_that_changed_does_not_go_on(world: World, squarer: Squares, tmp_path: Path) -> None:
    file = tmp_path / 'records.jsonl'
    file.write_text('\n'.join(map(json.dumps, squares(COUNT))))
    with calling(world, squarer) as client:
        calls = interrupted(client, squarer, file, tmp_path / 'run')
        file.write_text('\n'.join(map(json.dumps, [*squares(COUNT - 1), {'side': -1}])))
        with pytest.raises(Hybrid.SparkSdkError, match='begun with other inputs'):
            list(execute_many(client, URI, file, checkpoint=tmp_path / 'run', **SIZES))
    assert len(squarer.sizes) == calls


@pytest.mark.parametrize('form', [list, iter])
def test_a_run_without_records_may_be_begun_again(world: World, squarer: Squares, tmp_path: Path, form: Any) -> None:
    with calling(world, squarer) as client:
        for _ in range(2):
            assert list(execute_many(client, URI, form([]), checkpoint=tmp_path / 'run')) == []
        with pytest.raises(Hybrid.SparkSdkError, match='fewer inputs'):
            list(execute_many(client, URI, form(squares(1)), checkpoint=tmp_path / 'run'))
    assert squarer.sizes == []
