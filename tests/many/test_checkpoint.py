"""The checkpoint of a run: it goes on where it was, takes nothing that is not its own, and survives a torn write."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import cspark.wasm as Hybrid
from cspark.wasm._many.checkpoint import Checkpoint
from cspark.wasm.records import ChunkResults
from support.many import URI, Squares, areas, calling, execute_many, squares, squaring
from support.worlds import World

COUNT = 1000
SIZES: dict[str, Any] = {'chunk_size': 50, 'concurrency': 3}


@pytest.fixture
def runner() -> Iterator[Squares]:
    with squaring() as started:
        yield started


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / 'run.checkpoint'


def begin(client: Hybrid.Client, path: Path, inputs: Any, count: int = 400) -> None:
    """Read some results and leave."""
    with execute_many(client, URI, inputs, checkpoint=path, **SIZES) as results:
        assert areas(next(results) for _ in range(count)) == [side * side for side in range(count)]


def save(path: Path, *starts: int, what: str = 'a', size: int = 10) -> Checkpoint:
    """A checkpoint with chunks at these places; it is left open."""
    checkpoint = Checkpoint(path, what)
    for start in starts:
        rows = squares(size, start)
        nothing = [None] * size
        checkpoint.save(rows, None, ChunkResults(start, rows, nothing, nothing, 'c'))
    return checkpoint


@pytest.mark.thorough
@pytest.mark.parametrize('ordered', [True, False])
@pytest.mark.parametrize('again', [50, 7, 300, 'auto'])
def test_a_run_goes_on_where_it_was_whatever_the_chunks_are_now(
    world: World, runner: Squares, path: Path, again: Any, ordered: bool
) -> None:
    with calling(world, runner) as client:
        begin(client, path, squares(COUNT))
        saved = sum(runner.executed.values())
        assert 400 <= saved < COUNT
        results = list(execute_many(client, URI, squares(COUNT), checkpoint=path, chunk_size=again, ordered=ordered))
        assert sorted(areas(results)) == [side * side for side in range(COUNT)]
        assert ordered is False or [one.index for one in results] == list(range(COUNT))
        done = sum(runner.executed.values())
        assert done - COUNT <= SIZES['concurrency'] * SIZES['chunk_size']  # what was under way when it was left
        assert areas(execute_many(client, URI, squares(COUNT), checkpoint=path)) == areas(
            sorted(results, key=lambda one: one.index)
        )
        assert sum(runner.executed.values()) == done


def test_results_from_a_checkpoint_are_those_that_were_computed_with_their_call_ids(
    world: World, runner: Squares, path: Path
) -> None:
    with calling(world, runner) as client:
        first = list(execute_many(client, URI, squares(COUNT), checkpoint=path, **SIZES))
        again = list(execute_many(client, URI, squares(COUNT), checkpoint=path, **SIZES))
    assert first == again
    assert [one.call_id for one in first] == [one.call_id for one in again]


def test_records_that_failed_are_tried_again(world: World, runner: Squares, path: Path) -> None:
    runner.poison = lambda record: record['side'] == 77
    with calling(world, runner) as client:
        options: dict[str, Any] = {'checkpoint': path, 'on_error': 'collect', **SIZES}
        assert areas(execute_many(client, URI, squares(200), **options))[77] is None
        runner.poison = lambda _: False
        assert areas(execute_many(client, URI, squares(200), **options)) == [side * side for side in range(200)]
    assert set(runner.executed.values()) == {1}


Change = Callable[[list[Any]], list[Any]]
CHANGES: dict[str, tuple[Change, str]] = {
    'one changed': (lambda records: [*records[:120], {'side': -1}, *records[121:]], 'other inputs'),
    'another order': (lambda records: records[1:] + records[:1], 'other inputs'),
    'one fewer': (lambda records: records[:-1], '(more|other) inputs'),
    'the last one': (lambda records: [*records[:-1], {'side': -1}], 'other inputs'),
    'half': (lambda records: records[:500], '(more|other) inputs'),
    'none': (lambda records: [], 'more inputs'),
    'one more': (lambda records: [*records, {'side': 1}], 'fewer inputs'),
    'twice as many': (lambda records: [*records, *squares(COUNT, COUNT)], 'fewer inputs'),
}


LATER = ('the last one', 'one fewer', 'one more', 'twice as many')
"""Changes that an iterator keeps to itself until it is read so far."""


@pytest.mark.thorough
@pytest.mark.parametrize(
    ('change', 'form', 'whole'),
    [
        one
        for one in itertools.product(CHANGES, [list, iter], [True, False])
        if one[0] not in LATER or one[1:] != (iter, False)
    ],
)
def test_other_inputs_are_refused(
    world: World, runner: Squares, path: Path, change: str, form: Any, whole: bool
) -> None:
    edit, words = CHANGES[change]
    records = squares(COUNT)
    with calling(world, runner) as client:
        if whole:
            assert len(list(execute_many(client, URI, form(records), checkpoint=path, **SIZES))) == COUNT
        else:
            begin(client, path, form(records), 900)
        before = sum(runner.executed.values())
        with pytest.raises(Hybrid.SparkSdkError, match=words):
            list(execute_many(client, URI, form(edit(records)), checkpoint=path, **SIZES))
        assert whole is False or sum(runner.executed.values()) == before
        assert areas(execute_many(client, URI, form(records), checkpoint=path)) == [
            side * side for side in range(COUNT)
        ]


@pytest.mark.parametrize('kind', ['csv', 'jsonl', 'parquet', 'pandas'])
def test_a_file_or_a_frame_that_changed_anywhere_is_refused(
    world: World, runner: Squares, path: Path, kind: str, tmp_path: Path
) -> None:
    def inputs(last: int) -> Any:
        frame = pd.DataFrame({'side': [*range(COUNT - 1), last]})
        file = tmp_path / f'in.{kind}'
        if kind == 'csv':
            frame.to_csv(file, index=False)
        elif kind == 'jsonl':
            frame.to_json(file, orient='records', lines=True)
        elif kind == 'parquet':
            frame.to_parquet(file)
        return frame if kind == 'pandas' else file

    with calling(world, runner) as client:
        begin(client, path, inputs(COUNT - 1))
        calls = len(runner.sizes)
        with pytest.raises(Hybrid.SparkSdkError, match='begun with other inputs'):
            list(execute_many(client, URI, inputs(-1), checkpoint=path, **SIZES))
        assert len(runner.sizes) == calls
        results = areas(execute_many(client, URI, inputs(COUNT - 1), checkpoint=path, **SIZES))
        assert results == [side * side for side in range(COUNT)]


@pytest.mark.parametrize(
    ('uri', 'tenant', 'options'),
    [
        ('shapes/cube', 'my-tenant', {}),
        ('shapes/square[2.0]', 'my-tenant', {}),
        (URI, 'another', {}),
        (URI, 'my-tenant', {'selected_outputs': ['area']}),
        (URI, 'my-tenant', {'active_since': '2026-01-01'}),
        (URI, 'my-tenant', {'subservices': 'one'}),
    ],
    ids=str,
)
def test_another_service_or_question_is_refused_at_once(
    world: World, runner: Squares, path: Path, uri: str, tenant: str, options: Any
) -> None:
    with calling(world, runner) as client:
        begin(client, path, squares(COUNT))
    calls = len(runner.sizes)
    with calling(world, runner, tenant=tenant) as client:
        with pytest.raises(Hybrid.SparkSdkError, match=r'was begun for something else: .*square of my-tenant, and not'):
            execute_many(client, uri, squares(COUNT), checkpoint=path, **options)
        assert len(runner.sizes) == calls


def test_another_runner_may_go_on(world: World, runner: Squares, path: Path) -> None:
    with calling(world, runner) as client:
        begin(client, path, squares(COUNT))
    with squaring() as other, calling(world, other) as client:
        assert areas(execute_many(client, URI, squares(COUNT), checkpoint=path)) == [side**2 for side in range(COUNT)]
        assert 0 < sum(other.executed.values()) <= 600


def test_another_version_of_the_service_is_refused(world: World, runner: Squares, path: Path) -> None:
    runner.version = '1.0'
    with calling(world, runner) as client:
        begin(client, path, squares(COUNT))
        runner.version = '2.0'
        with pytest.raises(Hybrid.SparkSdkError, match=r'begun with version 1.0, and the runner executes version 2.0'):
            list(execute_many(client, URI, squares(COUNT), checkpoint=path))
        runner.version = '1.0'
        assert len(list(execute_many(client, URI, squares(COUNT), checkpoint=path))) == COUNT


def test_results_that_nobody_reads_do_not_keep_the_checkpoint(world: World, runner: Squares, path: Path) -> None:
    with calling(world, runner) as client:
        unread = execute_many(client, URI, squares(COUNT), checkpoint=path)
        assert len(list(execute_many(client, URI, squares(COUNT), checkpoint=path))) == COUNT
        with pytest.raises(Hybrid.SparkSdkError, match='must end with'):
            unread.write(path.with_suffix('.xlsx'))
        assert len(list(unread)) == COUNT


@pytest.mark.parametrize('wrong', [True, 5, ''])
def test_a_checkpoint_that_is_no_path_is_refused(world: World, runner: Squares, wrong: Any) -> None:
    with calling(world, runner) as client, pytest.raises(Hybrid.SparkSdkError, match='checkpoint must be the path'):
        execute_many(client, URI, squares(5), checkpoint=wrong)


@dataclass
class Given:
    side: Any


def test_values_of_all_kinds_are_told_from_others(world: World, runner: Squares, path: Path) -> None:
    def records(last: Any = 8) -> list[Any]:
        return [
            Given(1),
            {'side': 2, 'day': date(2026, 1, 1)},
            {'side': Decimal(3)},
            {'side': np.int64(4)},
            Given(last),
        ]

    with calling(world, runner) as client:
        assert areas(execute_many(client, URI, records(), checkpoint=path)) == [1, 4, 9, 16, 64]
        assert areas(execute_many(client, URI, records(), checkpoint=path)) == [1, 4, 9, 16, 64]
        with pytest.raises(Hybrid.SparkSdkError, match='other inputs'):
            list(execute_many(client, URI, records(9), checkpoint=path))


@pytest.mark.thorough
def test_two_runs_at_once_are_refused_in_this_process_and_from_another(
    world: World, runner: Squares, path: Path
) -> None:
    another = 'import sys; from cspark.wasm._many.checkpoint import Checkpoint; Checkpoint(sys.argv[1], "a")'
    with calling(world, runner) as client:
        results = execute_many(client, URI, squares(COUNT), checkpoint=path, **SIZES)
        next(results)
        with pytest.raises(Hybrid.SparkSdkError, match='another run has it'):
            execute_many(client, URI, squares(COUNT), checkpoint=path)
        done = subprocess.run([sys.executable, '-c', another, path], capture_output=True, text=True, check=False)
        assert done.returncode == 1 and 'another run has it' in done.stderr
        assert [*areas(results)] == [side**2 for side in range(1, COUNT)]
        assert len(list(execute_many(client, URI, squares(COUNT), checkpoint=path))) == COUNT


@pytest.mark.parametrize('content', [b'no database, but a text of some length' * 100, b'{"a": 1}'])
def test_a_file_that_is_no_checkpoint_is_refused_and_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(Hybrid.SparkSdkError, match='cannot be used: file is not a database'):
        Checkpoint(path, 'a')
    assert path.read_bytes() == content


def test_a_file_of_another_program_or_in_a_folder_that_is_not_there_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute('CREATE TABLE run (other TEXT)')
    database.close()
    for given, words in ((path, 'cannot be used'), (path.parent / 'no' / 'run', 'unable to open')):
        with pytest.raises(Hybrid.SparkSdkError, match=words):
            Checkpoint(given, 'a')


def killed(source: Path, folder: Path) -> Path:
    """The files as a killed process leaves them."""
    folder.mkdir()
    for name in (source.name, f'{source.name}-wal'):
        shutil.copyfile(source.with_name(name), folder / name)
    return folder / source.name


TEARS: dict[str, Callable[[bytes], bytes]] = {
    'nothing': lambda content: content,
    'the last byte': lambda content: content[:-1],
    'half a page': lambda content: content[:-2000],
    'half of all': lambda content: content[: len(content) // 2],
    'all': lambda content: b'',
    'garbage at the end': lambda content: content[:-1000] + b'\xff' * 1000,
    'zeros at the end': lambda content: content[:-5000] + bytes(5000),
    'garbage behind': lambda content: content + b'\xff' * 5000,
    'a bit in the middle': lambda content: content[: len(content) // 2] + b'\xff' + content[len(content) // 2 + 1 :],
}


@pytest.mark.parametrize('tear', TEARS)
def test_a_torn_write_costs_the_newest_chunks_and_nothing_else(path: Path, tmp_path: Path, tear: str) -> None:
    starts = list(range(0, 500, 10))
    checkpoint = save(path, *starts)
    copy = killed(path, tmp_path / 'copy')
    checkpoint.close()
    log = copy.with_name(f'{copy.name}-wal')
    log.write_bytes(TEARS[tear](log.read_bytes()))
    recovered = Checkpoint(copy, 'a')
    here = sorted(recovered._known)
    assert here == starts[: len(here)]  # whole chunks, without a hole
    assert len(here) == 50 or tear not in ('nothing', 'garbage behind')
    for start in here:
        results = recovered.results(start, squares(10, start), None)
        assert [one.outputs for one in results] == squares(10, start)
    recovered.close()


@pytest.mark.parametrize('kept', [0.0, 0.3, 0.6, 0.9, 0.99])
def test_a_run_with_a_torn_checkpoint_ends_like_any_other(
    world: World, runner: Squares, path: Path, tmp_path: Path, kept: float
) -> None:
    with calling(world, runner) as client:
        results = execute_many(client, URI, squares(COUNT), checkpoint=path, **SIZES)
        for _ in range(700):
            next(results)
        copy = killed(path, tmp_path / 'copy')
        results.close()
        log = copy.with_name(f'{copy.name}-wal')
        log.write_bytes(log.read_bytes()[: int(log.stat().st_size * kept)])
        assert areas(execute_many(client, URI, squares(COUNT), checkpoint=copy)) == [side**2 for side in range(COUNT)]


@pytest.mark.parametrize('back', [1, 100, 2000, 5000, 9000])
def test_a_damaged_file_gives_its_own_results_or_an_error_and_never_others(path: Path, back: int) -> None:
    starts = list(range(0, 500, 10))
    save(path, *starts).close()
    content = bytearray(path.read_bytes())
    content[-back] ^= 0xFF
    path.write_bytes(content)
    try:
        damaged = Checkpoint(path, 'a')
    except Hybrid.SparkSdkError:
        return
    for start in damaged._known:
        try:
            found = damaged.results(start, squares(damaged._known[start], start), None)
        except Hybrid.SparkSdkError:
            continue
        assert [one.outputs for one in found] == squares(10, start)
    damaged.close()


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ("UPDATE chunk SET results = x'1f8b08'", 'cannot be used: not gzip'),
        ("UPDATE chunk SET inputs = x'00'", 'other inputs'),
        ('UPDATE chunk SET count = 11', 'other inputs'),
    ],
)
def test_a_chunk_that_does_not_read_is_an_error(path: Path, change: str, words: str) -> None:
    save(path, 0).close()
    with sqlite3.connect(path) as database:
        database.execute(change)
    database.close()
    checkpoint = Checkpoint(path, 'a')
    with pytest.raises(Hybrid.SparkSdkError, match=words):
        checkpoint.results(0, squares(10), None)
    checkpoint.close()


def test_places_that_are_known_are_read_as_they_were_and_those_between_at_most_up_to_the_next(path: Path) -> None:
    save(path, 20, 50).close()
    checkpoint = Checkpoint(path, 'a')
    assert len(checkpoint) == 20
    spans = [checkpoint.span(start, 100) for start in (0, 20, 30, 50, 60)]
    assert spans == [(20, False), (10, True), (20, False), (10, True), (100, False)]
    checkpoint.close()


def test_a_checkpoint_is_of_format_1_and_one_of_another_format_is_refused(path: Path) -> None:
    """A release that changes the format has to change this number, and to say what becomes of older files."""
    save(path, 0).close()
    with sqlite3.connect(path) as database:
        assert database.execute('SELECT format FROM run').fetchall() == [(1,)]
        database.execute('UPDATE run SET format = 2')
    database.close()
    with pytest.raises(Hybrid.SparkSdkError, match='was begun for something else'):
        Checkpoint(path, 'a')
