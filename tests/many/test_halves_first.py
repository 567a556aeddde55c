"""The halves of a chunk that was split are sent before what comes after them, in the order of their records."""

from __future__ import annotations

from typing import Any

import pytest

from support.many import URI, Squares, areas, calling, execute_many, squares
from support.worlds import World

COUNT = 40
ONE_AT_A_TIME: dict[str, Any] = {'chunk_size': 8, 'concurrency': 1}


@pytest.mark.parametrize('ordered', [True, False])
@pytest.mark.parametrize('refused', [[413, 413], [200, 504, 504, 504], [413, 413, 200, 413], [500, 500], [400] * 3])
def test_records_are_executed_in_their_order_whichever_chunks_are_split(
    world: World, squarer: Squares, refused: list[int], ordered: bool
) -> None:
    squarer.busy = iter(refused)
    with calling(world, squarer) as client:
        results = list(execute_many(client, URI, squares(COUNT), ordered=ordered, **ONE_AT_A_TIME))
    assert list(squarer.executed) == list(range(COUNT))
    assert [one.index for one in results] == list(range(COUNT))
    assert areas(results) == [side**2 for side in range(COUNT)]


@pytest.mark.parametrize('bad', [0, 3, 7, 12, COUNT - 1])
def test_a_bad_record_is_found_before_later_ones_are_executed(world: World, squarer: Squares, bad: int) -> None:
    squarer.poison = lambda record: record['side'] == bad
    with calling(world, squarer) as client:
        results = list(execute_many(client, URI, squares(COUNT), on_error='collect', **ONE_AT_A_TIME))
    assert list(squarer.executed) == [side for side in range(COUNT) if side != bad]
    assert [one.index for one in results if one.errors] == [bad]
