"""`services.execute_many` of both clients: the same results as `execute`, whatever the runner does."""

from __future__ import annotations

import itertools
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import cspark.wasm as Hybrid
from support.many import URI, Squares, areas, calling, execute_many, squares, squaring
from support.worlds import World

COUNT = 1000
EXPECTED = [side**2 for side in range(COUNT)]


@pytest.fixture
def squarer() -> Iterator[Squares]:
    with squaring() as started:
        yield started


def test_the_results_are_those_of_execute(hybrid: Hybrid.Client) -> None:
    records = [{'height': number, 'radius': 2, 'density': 3} for number in range(700)]
    one = hybrid.services.execute('shapes/cylinder', inputs=records)
    many = list(execute_many(hybrid, 'shapes/cylinder', records))
    assert [result.outputs for result in many] == one.outputs
    assert [result.index for result in many] == list(range(700))
    assert all(result.call_id and result.errors is None for result in many)


@pytest.mark.parametrize(
    ('chunk_size', 'concurrency', 'ordered'), [*itertools.product([1, 64, 'auto'], [1, 5, 'auto'], [True, False])]
)
def test_every_record_has_one_result_with_any_setting(
    world: World, squarer: Squares, chunk_size: Any, concurrency: Any, ordered: bool
) -> None:
    count = 100 if chunk_size == 1 else COUNT
    options: dict[str, Any] = {'chunk_size': chunk_size, 'concurrency': concurrency, 'ordered': ordered}
    with calling(world, squarer) as client:
        results = areas(execute_many(client, URI, squares(count), **options))
    assert (results if ordered else sorted(results)) == EXPECTED[:count]
    assert squarer.peak <= (concurrency if concurrency != 'auto' else 32)


def test_calls_are_under_way_together(world: World, squarer: Squares) -> None:
    squarer.delay = 0.02
    with calling(world, squarer) as client:
        assert areas(execute_many(client, URI, squares(COUNT), chunk_size=50, concurrency=4)) == EXPECTED
    assert squarer.peak == 4


def test_records_are_read_when_they_are_needed(world: World, squarer: Squares) -> None:
    read = list[int]()

    def endless() -> Iterator[dict[str, int]]:
        for side in itertools.count():
            read.append(side)
            yield {'side': side}

    with (
        calling(world, squarer) as client,
        execute_many(client, URI, endless(), chunk_size=10, concurrency=2) as results,
    ):
        assert areas(next(results) for _ in range(50)) == EXPECTED[:50]
        assert len(read) < 500


def test_an_async_iterable_is_for_the_async_client(world: World, squarer: Squares) -> None:
    async def records() -> AsyncIterator[dict[str, int]]:
        for side in range(COUNT):
            yield {'side': side}

    with calling(world, squarer) as client:
        if world == 'sync':
            with pytest.raises(Hybrid.SparkSdkError, match='for AsyncClient alone'):
                execute_many(client, URI, records())
        else:
            assert areas(execute_many(client, URI, records())) == EXPECTED


@pytest.mark.parametrize('most', [1, 7, 100])
def test_a_runner_that_takes_few_records_gets_few(world: World, squarer: Squares, most: int) -> None:
    squarer.most = most
    with calling(world, squarer) as client:
        assert areas(execute_many(client, URI, squares(COUNT))) == EXPECTED
    assert set(squarer.executed.values()) == {1}


@pytest.mark.parametrize('status', [429, 503])
def test_a_busy_runner_loses_no_record(world: World, squarer: Squares, status: int) -> None:
    squarer.busy = iter([200, status, status, 200, status, 200, status, status])
    with calling(world, squarer) as client:
        assert areas(execute_many(client, URI, squares(COUNT), chunk_size=50)) == EXPECTED
    assert set(squarer.executed.values()) == {1}


def test_one_poisonous_record_among_a_thousand_is_its_own_error(world: World, squarer: Squares) -> None:
    squarer.poison = lambda record: record['side'] == 617
    told = list[Hybrid.Progress]()
    with calling(world, squarer) as client:
        results = list(execute_many(client, URI, squares(COUNT), on_error='collect', progress=told.append))
        with pytest.raises(Hybrid.InternalServerError, match=r'^record 617: '):
            list(execute_many(client, URI, squares(COUNT)))
    assert areas(results) == [None if side == 617 else side**2 for side in range(COUNT)]
    assert [one.index for one in results if one.errors] == [617]
    assert (told[-1].done, told[-1].total, told[-1].failed) == (COUNT, COUNT, 1)


def test_progress_true_shows_a_bar(world: World, squarer: Squares, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip('tqdm')
    with calling(world, squarer) as client:
        list(execute_many(client, URI, squares(COUNT), progress=True))
    assert '100%' in capsys.readouterr().err


def test_progress_true_without_tqdm_is_refused(
    world: World, squarer: Squares, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setitem(sys.modules, 'tqdm', None)  # as if it were not installed
    with calling(world, squarer) as client:
        with pytest.raises(Hybrid.SparkSdkError, match='needs tqdm'):
            execute_many(client, URI, squares(5), progress=True, checkpoint=tmp_path / 'a')
        assert areas(execute_many(client, URI, squares(5), checkpoint=tmp_path / 'a')) == EXPECTED[:5]


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        ({'chunk_size': 0}, 'chunk_size must be'),
        ({'concurrency': True}, 'concurrency must be'),
        ({'on_error': 'ignore'}, 'on_error must be'),
        ({'progress': 'yes'}, 'progress must be'),
        ({'chunks': 5}, 'chunks'),
    ],
    ids=str,
)
def test_a_wrong_argument_is_refused_at_once(world: World, squarer: Squares, options: Any, words: str) -> None:
    with calling(world, squarer) as client, pytest.raises((Hybrid.SparkSdkError, TypeError), match=words):
        execute_many(client, URI, squares(5), **options)
    assert squarer.sizes == []
