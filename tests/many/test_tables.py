"""Results as a whole: files that are there when they are whole, and the tables of three libraries."""

from __future__ import annotations

import csv
import importlib
import json
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import cspark.wasm as Hybrid
from cspark.wasm._many.planner import Planner
from cspark.wasm._many.run import Run
from cspark.wasm._many.writers import BATCH, open_writer
from cspark.wasm.records import RecordResult
from support.many import Squares, calling, execute_many, squares, squaring
from support.worlds import World

pq: Any = importlib.import_module('pyarrow.parquet')
KINDS = ['parquet', 'csv', 'jsonl']
COUNT = BATCH + 300
COLUMNS = ['index', 'area', 'side', 'warnings', 'errors']


@pytest.fixture(scope='module')
def runner() -> Iterator[Squares]:
    with squaring() as started:
        started.poison = lambda record: record['side'] == 'x'
        yield started


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file."""
    if path.suffix == '.parquet':
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return rows
    with path.open(newline='', encoding='utf-8') as file:
        if path.suffix == '.csv':
            return [
                {name: float(value) if value else None for name, value in row.items()} for row in csv.DictReader(file)
            ]
        return [json.loads(line) for line in file]


@pytest.mark.thorough
@pytest.mark.parametrize('kind', KINDS)
def test_all_results_are_written_in_order(world: World, runner: Squares, kind: str, tmp_path: Path) -> None:
    with calling(world, runner) as client:
        path = tmp_path / f'out.{kind}'
        assert execute_many(client, 'shapes/square', squares(COUNT)).write(path) == COUNT
    rows = read(path)
    if kind == 'jsonl':
        assert rows[5] == {'index': 5, 'outputs': {'area': 25, 'side': 5}, 'warnings': None, 'errors': None}
        rows = [{'index': row['index'], **row['outputs'], 'warnings': None, 'errors': None} for row in rows]
    assert rows == [{'index': n, 'area': n * n, 'side': n, 'warnings': None, 'errors': None} for n in range(COUNT)]
    assert list(rows[0]) == COLUMNS
    assert [path.name for path in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize('kind', KINDS)
def test_a_record_that_failed_is_a_row_with_its_errors(
    world: World, runner: Squares, kind: str, tmp_path: Path
) -> None:
    with calling(world, runner) as client:
        inputs = [{'side': 'x'}, *squares(3)]
        path = tmp_path / f'out.{kind}'
        assert execute_many(client, 'shapes/square', inputs, on_error='collect').write(path) == 4
    text = path.read_bytes() if kind != 'parquet' else str(read(path)).encode()
    assert text.count(b'error.500') == 1 and text.count(b'refused with 500') >= 1
    if kind == 'parquet':
        assert list(read(path)[0]) == COLUMNS
        assert [row['area'] for row in read(path)] == [None, 0, 1, 4]


@pytest.mark.parametrize('kind', KINDS)
def test_no_record_makes_a_file_without_rows(world: World, runner: Squares, kind: str, tmp_path: Path) -> None:
    with calling(world, runner) as client:
        assert execute_many(client, 'shapes/square', []).write(tmp_path / f'out.{kind}') == 0
    assert read(tmp_path / f'out.{kind}') == []


@pytest.mark.thorough
@pytest.mark.parametrize('kind', KINDS)
def test_a_write_that_fails_leaves_no_file_and_harms_no_older_one(
    world: World, runner: Squares, kind: str, tmp_path: Path
) -> None:
    older = tmp_path / f'older.{kind}'
    older.write_text('older')
    with calling(world, runner) as client:
        for path in (tmp_path / f'new.{kind}', older):
            results = execute_many(client, 'shapes/square', [*squares(COUNT), {'side': 'x'}])
            with pytest.raises(Hybrid.InternalServerError, match=f'record {COUNT}: '):
                results.write(path)
    assert [path.name for path in tmp_path.iterdir()] == [older.name]
    assert older.read_text() == 'older'


@pytest.mark.parametrize(
    'path', ['out.xlsx', 'out', 'missing/out.csv', 'missing/out.jsonl', 'missing/out.parquet', 'folder.csv']
)
def test_a_file_that_cannot_be_written_is_refused(path: str, tmp_path: Path) -> None:
    (tmp_path / 'folder.csv').mkdir()
    words = 'must end with one of' if path in ('out.xlsx', 'out') else 'cannot be written'
    with pytest.raises(Hybrid.SparkSdkError, match=words):
        open_writer(tmp_path / path)


def results(outputs: Callable[[int], Any], count: int = BATCH + 1) -> list[RecordResult]:
    return [RecordResult(index, outputs(index)) for index in range(count)]


def written(path: Path, rows: list[RecordResult]) -> list[dict[str, Any]]:
    writer = open_writer(path)
    try:
        for row in rows:
            if writer.add(row):
                writer.flush()
        writer.finish()
    except BaseException:
        writer.drop()
        raise
    return read(path)


@pytest.mark.parametrize('kind', ['parquet', 'csv'])
def test_outputs_that_only_later_records_have_are_refused_and_not_left_out(kind: str, tmp_path: Path) -> None:
    rows = results(lambda index: {'area': 1.0} if index < BATCH else {'area': 1.0, 'late': 2.0})
    with pytest.raises(Hybrid.SparkSdkError, match=r'later records have other outputs.*late'):
        written(tmp_path / f'out.{kind}', rows)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('kind', ['parquet', 'csv'])
def test_outputs_that_later_records_lack_are_empty(kind: str, tmp_path: Path) -> None:
    rows = written(tmp_path / f'out.{kind}', results(lambda index: {'a': 1.0, **({'b': 2.0} if index < BATCH else {})}))
    assert (rows[0]['b'], rows[-1]['b']) == (2.0, None)


def test_a_column_that_starts_whole_or_empty_takes_fractions_later(tmp_path: Path) -> None:
    rows = results(lambda index: {'whole': 1 if index < BATCH else 1.5, 'empty': None if index < BATCH else 2.5})
    rows = [*rows, RecordResult(BATCH + 1, {'whole': None, 'empty': None})]
    assert written(tmp_path / 'out.parquet', rows)[-2:] == [
        {'index': BATCH, 'whole': 1.5, 'empty': 2.5, 'warnings': None, 'errors': None},
        {'index': BATCH + 1, 'whole': None, 'empty': None, 'warnings': None, 'errors': None},
    ]


def test_text_among_numbers_is_refused_by_parquet_with_a_way_out(tmp_path: Path) -> None:
    rows = results(lambda index: {'area': 1.5 if index < BATCH else 'declined'})
    with pytest.raises(Hybrid.SparkSdkError, match=r'not of one type; write \.jsonl'):
        written(tmp_path / 'out.parquet', rows)
    assert list(tmp_path.iterdir()) == []


def test_tables_within_a_record_are_tables_in_parquet_and_json_text_in_csv(tmp_path: Path) -> None:
    table = [{'year': 1, 'premium': 2.5}, {'year': 2, 'premium': None}]
    rows = [RecordResult(0, {'plan': table})]
    assert written(tmp_path / 'out.parquet', rows)[0]['plan'] == table
    writer = open_writer(tmp_path / 'out.csv')
    writer.add(rows[0])
    writer.finish()
    with (tmp_path / 'out.csv').open(newline='') as file:
        assert json.loads(next(csv.DictReader(file))['plan']) == table


@pytest.mark.parametrize('library', ['pandas', 'polars', 'arrow'])
@pytest.mark.parametrize('first', [[], [{'side': 'x'}]], ids=['good', 'failed'])
def test_tables_have_an_index_a_column_an_output_and_errors(
    world: World, runner: Squares, library: str, first: list[Any]
) -> None:
    with calling(world, runner) as client:
        done = execute_many(client, 'shapes/square', [*first, *squares(300)], on_error='collect')
        table: Any = getattr(done, f'to_{library}')()
    if library == 'pandas':
        table = pl.DataFrame({name: table[name].tolist() for name in table.columns}, strict=False)
    elif library == 'arrow':
        table = pl.DataFrame(table.to_pydict(), strict=False)
    assert table.columns == COLUMNS
    assert table['index'].to_list() == list(range(300 + len(first)))
    assert table['area'].to_list()[len(first) :] == [side * side for side in range(300)]
    assert ['refused' in str(one) for one in table['errors'].to_list()][:2] == [bool(first), False]


@pytest.mark.parametrize('library', ['pandas', 'polars', 'arrow'])
def test_no_record_makes_an_empty_table(world: World, runner: Squares, library: str) -> None:
    with calling(world, runner) as client:
        table: Any = getattr(execute_many(client, 'shapes/square', []), f'to_{library}')()
    assert len(table) == 0


@pytest.mark.thorough
@pytest.mark.parametrize('kind', ['parquet', 'csv'])
def test_the_columns_are_there_even_if_the_first_records_failed(kind: str, tmp_path: Path) -> None:
    rows = results(lambda index: {'area': 1.0} if index > BATCH + 5 else None, BATCH + 10)
    assert [row['area'] for row in written(tmp_path / f'out.{kind}', rows)][-5:] == [None, 1.0, 1.0, 1.0, 1.0]


def test_outputs_that_are_named_like_another_column_stay_outputs(tmp_path: Path) -> None:
    rows = [RecordResult(3, {'index': 7.0, 'errors': 1.0, 'warnings': 2.0, 'area': 4.0})]
    expected = {'index': 3, 'outputs.index': 7.0, 'outputs.errors': 1.0, 'outputs.warnings': 2.0, 'area': 4.0}
    for kind in ('parquet', 'csv'):
        row = written(tmp_path / f'out.{kind}', rows)[0]
        assert row == {**expected, 'warnings': None, 'errors': None}
    assert written(tmp_path / 'out.jsonl', rows)[0]['outputs'] == rows[0].outputs


def test_a_name_that_an_output_was_given_for_its_column_may_be_an_output_s_too() -> None:
    row = RecordResult(0, {'index': 7, 'outputs.index': 8, 'outputs.outputs.index': 9}).row
    assert sorted(value for value in row.values() if value) == [7, 8, 9]
    assert row['index'] == 0 and row['outputs.index'] == 7


MIXED: dict[str, list[Any]] = {
    'text among numbers': [1, 'x'],
    'tables among numbers': [5, [1]],
    'text among tables': [[1, 2], 'x'],
    'objects among numbers': [{'b': 1}, 5],
    'huge numbers': [2**63, 2**70],
    'whole and not': [1, 1.5],
    'truth among numbers': [True, 2],
    'nothing': [{}, None],
}


def unused_run() -> Run:
    """A run for results that come from elsewhere."""
    return Run(Planner(None, None), None, None, None)


@pytest.mark.parametrize('library', ['pandas', 'polars', 'arrow'])
@pytest.mark.parametrize('kind', MIXED)
def test_outputs_of_mixed_kinds_lose_nothing_in_a_table(library: str, kind: str) -> None:
    given: Any = (RecordResult(index, {'a': one}) for index, one in enumerate(MIXED[kind]))
    table: Any = getattr(Hybrid.ManyResults(given, unused_run()), f'to_{library}')()
    column = table['a'].to_pylist() if library == 'arrow' else table['a'].to_list()
    for found, value in zip(column, MIXED[kind], strict=True):
        assert (
            found == value
            or found == json.dumps(value, separators=(',', ':'))
            or (value in ({}, None) and found in ({}, '{}', None))
        )


@pytest.mark.parametrize('library', ['pandas', 'polars', 'arrow'])
def test_a_whole_number_that_no_double_holds_is_not_rounded(library: str) -> None:
    given: Any = (RecordResult(index, {'a': one}) for index, one in enumerate([2**53 + 1, 1.5]))
    table: Any = getattr(Hybrid.ManyResults(given, unused_run()), f'to_{library}')()
    assert str(2**53 + 1) in str(table['a'].to_pylist() if library == 'arrow' else table['a'].to_list())


@pytest.mark.parametrize('kind', ['huge numbers', 'nothing', 'tables among numbers'])
def test_what_parquet_cannot_hold_is_refused_with_a_way_out(kind: str, tmp_path: Path) -> None:
    with pytest.raises(Hybrid.SparkSdkError, match=r'write \.jsonl'):
        written(tmp_path / 'out.parquet', [RecordResult(i, {'a': one}) for i, one in enumerate(MIXED[kind])])


@pytest.mark.parametrize('kind', KINDS)
def test_warnings_are_written(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f'out.{kind}'
    writer = open_writer(path)
    writer.add(RecordResult(0, {'area': 1.0}, [{'message': 'old table'}]))
    writer.finish()
    assert 'old table' in (str(read(path)) if kind == 'parquet' else path.read_text())


@contextmanager
def full_disk() -> Generator[None]:
    """The system lets no file of this process grow beyond some bytes."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(sys.platform == 'win32', reason='there is no such limit')
@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('count', [5, COUNT])
def test_a_full_disk_is_an_error_with_the_file_in_it(
    world: World, runner: Squares, kind: str, count: int, tmp_path: Path
) -> None:
    path = tmp_path / f'out.{kind}'
    with calling(world, runner) as client:
        problem = rf'out\.{kind}. cannot be written: .*[Ff]ile too large'
        with full_disk(), pytest.raises(Hybrid.SparkSdkError, match=problem):
            execute_many(client, 'shapes/square', squares(count)).write(path)
        assert list(tmp_path.iterdir()) == []
        assert execute_many(client, 'shapes/square', squares(5)).write(path) == 5


@pytest.mark.parametrize('kind', ['parquet', 'csv'])
def test_an_excel_error_is_an_empty_cell_that_a_warning_explains(kind: str, tmp_path: Path) -> None:
    rows = results(lambda index: {'area': '#VALUE!' if index in (0, BATCH) else 1.5})
    rows[0].warnings = [{'message': 'Excel errors in: area'}]
    path = tmp_path / f'out.{kind}'
    writer = open_writer(path)
    for row in rows:
        if writer.add(row):
            writer.flush()
    writer.finish()
    text = str(read(path)) if kind == 'parquet' else path.read_text()
    assert text.count('#VALUE!') == 2 and text.count('Excel errors in: area') == 1
    found: Any = pl.read_parquet(path) if kind == 'parquet' else pl.read_csv(path)
    assert found['area'].dtype == pl.Float64 and found['area'].null_count() == 2


@pytest.mark.parametrize('first', ['close', 'loop'])
@pytest.mark.parametrize('second', ['to_pandas', 'to_polars', 'to_arrow', 'write'])
def test_results_that_were_read_are_refused_and_no_file_is_emptied(
    world: World, runner: Squares, first: str, second: str, tmp_path: Path
) -> None:
    path = tmp_path / 'out.csv'
    path.write_text('mine')
    with calling(world, runner) as client:
        read = execute_many(client, 'shapes/square', squares(5))
        done = list(read) if first == 'loop' else getattr(read, first)()
        assert first == 'close' or len(done) == 5
        with pytest.raises(Hybrid.SparkSdkError, match='were already read or closed'):
            getattr(read, second)(*([path] if second == 'write' else []))
    assert path.read_text() == 'mine'


@pytest.mark.parametrize(('library', 'module'), [('pandas', 'pandas'), ('polars', 'polars'), ('arrow', 'pyarrow')])
def test_a_library_that_is_missing_is_told_before_anything_is_sent(
    world: World, library: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with squaring() as quiet, calling(world, quiet) as client:
        with pytest.raises(Hybrid.SparkSdkError, match=f'{module} is not installed'):
            getattr(execute_many(client, 'shapes/square', [{'side': 1}]), f'to_{library}')()
        assert quiet.sizes == []


def test_two_writers_of_one_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / 'out.csv'
    writer = open_writer(path)
    with pytest.raises(Hybrid.SparkSdkError, match='is being written already'):
        open_writer(path)
    writer.add(RecordResult(0, {'area': 1.0}))
    assert writer.finish() == 1
    open_writer(path).drop()
    assert path.exists() and open_writer(path).finish() == 0


@pytest.mark.thorough
def test_members_that_only_later_tables_have_are_refused_and_not_left_out(tmp_path: Path) -> None:
    late = {'year': 1, 'late': 2.5}
    rows = results(lambda index: {'plan': [{'year': 1} if index < BATCH else late]})
    with pytest.raises(Hybrid.SparkSdkError, match=r'later records have other outputs \(plan.late\)'):
        written(tmp_path / 'out.parquet', rows)
    rows = results(lambda index: {'plan': [{'year': 1}] if index < BATCH else []})
    assert written(tmp_path / 'out.parquet', rows)[-1]['plan'] == []
