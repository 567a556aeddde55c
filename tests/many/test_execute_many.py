"""`services.execute_many` of both clients: the same results as `execute`, whatever the runner does."""

from __future__ import annotations

import importlib
import itertools
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import cspark.wasm as Hybrid
from support.many import URI, Squares, areas, calling, execute_many, squares
from support.worlds import World

COUNT = 1000
pa: Any = importlib.import_module('pyarrow')
pd: Any = importlib.import_module('pandas')
EXPECTED = [side**2 for side in range(COUNT)]


@pytest.mark.thorough
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
    def open_when_all_are_there() -> None:
        while squarer.peak < 4:
            time.sleep(0.001)
        squarer.gate.set()

    squarer.gate.clear()
    with ThreadPoolExecutor(1) as pool, calling(world, squarer) as client:
        pool.submit(open_when_all_are_there)
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


@pytest.mark.thorough
@pytest.mark.parametrize(('most', 'status'), [(1, 413), (7, 413), (100, 413), (100, 408), (100, 504)])
def test_a_runner_that_takes_few_records_gets_few(world: World, squarer: Squares, most: int, status: int) -> None:
    squarer.most, squarer.too_many = most, status
    with calling(world, squarer) as client:
        assert areas(execute_many(client, URI, squares(COUNT))) == EXPECTED
    assert set(squarer.executed.values()) == {1}


@pytest.mark.thorough
@pytest.mark.parametrize('status', [429, 502, 503])
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


@pytest.mark.thorough
def test_a_record_that_breaks_the_connection_each_time_is_its_own_error(world: World, squarer: Squares) -> None:
    def poison(record: dict[str, Any]) -> bool:
        return bool(record['side'] == 17)

    squarer.poison, squarer.status = poison, 0
    with calling(world, squarer) as client:
        results = list(execute_many(client, URI, squares(20), chunk_size=2, on_error='collect'))
    assert areas(results) == [None if side == 17 else side**2 for side in range(20)]
    assert 'SparkConnectionError' in str(results[17].errors)


@pytest.mark.parametrize('busy', [[200, 503], [200, 413], [413]])
def test_iterators_among_the_values_are_sent_again_whole(
    world: World, squarer: Squares, busy: list[int], tmp_path: Any
) -> None:
    def records() -> list[dict[str, Any]]:
        return [{'side': side, 'table': iter([{'year': 1}, {'year': side}])} for side in range(40)]

    squarer.busy = iter(busy)
    with calling(world, squarer) as client:
        options: dict[str, Any] = {'chunk_size': 10, 'concurrency': 1, 'checkpoint': tmp_path / 'run'}
        assert areas(execute_many(client, URI, records(), **options)) == EXPECTED[:40]
        assert squarer.tables == {side: [{'year': 1}, {'year': side}] for side in range(40)}
        calls = len(squarer.sizes)
        assert areas(execute_many(client, URI, records(), **options)) == EXPECTED[:40]
        assert len(squarer.sizes) == calls


def test_columnar_records_of_different_names_are_refused(world: World, squarer: Squares) -> None:
    records: list[Any] = [{'side': side, **({'odd': 1} if side % 2 else {})} for side in range(100)]
    with calling(world, squarer) as client:
        with pytest.raises(Hybrid.SparkSdkError, match='has other names'):
            list(execute_many(client, URI, records, layout='columnar', on_error='collect'))
        assert squarer.sizes == []

        assert areas(execute_many(client, URI, squares(100), layout='columnar')) == EXPECTED[:100]


FORMS: dict[str, Callable[[Path], Any]] = {
    'columnar lists': lambda _: [['side'], *[[side] for side in range(COUNT)]],
    'pandas': lambda _: pd.DataFrame({'side': range(COUNT)}, index=[side / 2 for side in range(COUNT)]),
    'polars': lambda _: pl.DataFrame({'side': range(COUNT)}),
    'polars, lazy': lambda _: pl.LazyFrame({'side': range(COUNT)}),
    'Arrow table': lambda _: pa.table({'side': range(COUNT)}),
    'Arrow reader': lambda _: pa.table({'side': range(COUNT)}).to_reader(max_chunksize=77),
    'Parquet': lambda folder: written(folder / 'in.parquet', pl.DataFrame({'side': range(COUNT)}).write_parquet),
    'CSV': lambda folder: written(folder / 'in.csv', pl.DataFrame({'side': range(COUNT)}).write_csv),
    'JSON Lines': lambda folder: written(folder / 'in.jsonl', pl.DataFrame({'side': range(COUNT)}).write_ndjson),
}


def written(path: Path, write: Callable[[Path], object]) -> Path:
    write(path)
    return path


@pytest.mark.parametrize('form', FORMS)
def test_records_of_every_form_are_executed(world: World, squarer: Squares, form: str, tmp_path: Path) -> None:
    with calling(world, squarer) as client:
        results = list(execute_many(client, URI, FORMS[form](tmp_path), chunk_size=100))
    assert areas(results) == EXPECTED
    assert [one.index for one in results] == list(range(COUNT))


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
        ({'layout': 'columns', 'on_error': 'collect'}, 'layout must be'),
        ({'encoding': 'zip', 'on_error': 'collect'}, 'encoding must be'),
        ({'nan': 'x', 'on_error': 'collect'}, 'nan must be'),
        ({'selected_outputs': 5, 'on_error': 'collect'}, 'selected_outputs must be'),
    ],
    ids=str,
)
def test_a_wrong_argument_is_refused_at_once(world: World, squarer: Squares, options: Any, words: str) -> None:
    with calling(world, squarer) as client, pytest.raises((Hybrid.SparkSdkError, TypeError), match=words):
        execute_many(client, URI, squares(5), **options)
    assert squarer.sizes == []


def test_a_progress_that_nobody_awaits_and_a_name_for_one_record_only_are_refused(
    world: World, squarer: Squares
) -> None:
    async def progress(_: Hybrid.Progress) -> None:
        """Never called."""

    told: Any = progress
    with calling(world, squarer) as client:
        with pytest.raises(Hybrid.SparkSdkError, match='not an async one'):
            execute_many(client, URI, squares(5), progress=told)
        with pytest.raises(Hybrid.SparkSdkError, match='takes one record'):
            execute_many(client, 'proxy/an-endpoint', squares(5))
    assert squarer.sizes == []
