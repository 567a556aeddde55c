"""Outputs beside the inputs they come from: `keep` and `join_to`, by position."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import cspark.wasm as Hybrid
from support.answering import Answers, answering, asking
from support.many import URI, execute_many
from support.tables import (
    FILES,
    LIBRARIES,
    attempt,
    check_column,
    is_missing,
    read_cells,
    read_lines,
    read_parquet,
    read_table,
)
from support.worlds import World

pa: Any = importlib.import_module('pyarrow')
BIG: Final = 2**53 + 1
POLICIES: Final = ['P-1', 'P-2', 'P-1', 'Ü-4']
OUTPUTS: Final[list[dict[str, Any]]] = [{'premium': 10}, {'premium': 12.5}, {'premium': None}, {'premium': 7}]
PREMIUMS: Final = [one['premium'] for one in OUTPUTS]


@pytest.fixture(scope='module')
def answers() -> Iterator[Answers]:
    with answering() as started:
        yield started


def frames(**columns: Any) -> dict[str, Any]:
    """A caller's frame in each library: the number of each record, and further columns."""
    data = {'n': list(range(len(next(iter(columns.values()), POLICIES)))), **columns}
    return {'pandas': pd.DataFrame(data), 'polars': pl.DataFrame(data), 'arrow': pa.table(data)}


def joined(results: Any, frame: Any) -> Any:
    return results.join_to(frame)


# join_to


@pytest.mark.parametrize('library', LIBRARIES)
def test_outputs_are_joined_to_the_frame_that_they_come_from(world: World, answers: Answers, library: str) -> None:
    answers.begin(OUTPUTS, {1: [{'message': 'old table'}]}, {2: [{'message': 'declined'}]})
    frame = frames(policy=POLICIES)[library]
    with asking(world, answers) as client:
        made = joined(execute_many(client, URI, frame), frame)
    assert type(made) is type(frame)
    table = read_table(made)
    assert list(table) == ['n', 'policy', 'premium', 'warnings', 'errors']
    assert (table['n'], table['policy']) == ([0, 1, 2, 3], POLICIES)
    check_column(table['premium'], PREMIUMS)
    check_column(table['warnings'], [None, [{'message': 'old table'}], None, None])
    check_column(table['errors'], [None, None, [{'message': 'declined'}], None])


INDEXES: Final[dict[str, pd.Index[Any]]] = {
    'labels': pd.Index(['A-17', 'B-4', 'C-9', 'D-1'], name='policy'),
    'labels that repeat': pd.Index(['x', 'x', 'y', 'x']),
    'numbers out of order': pd.Index([3, 1, 2, 0]),
    'fractions': pd.Index([0.5, 1.5, 1.5, 2.5]),
    'moments': pd.DatetimeIndex(['2026-01-31', '2026-01-31', None, '2026-02-01']),
    'pairs': pd.MultiIndex.from_tuples([('x', 1), ('x', 1), ('y', 2), ('x', 3)], names=['book', 'line']),
    'missing labels': pd.Index([None, 'x', None, 'y'], dtype=object),
}


@pytest.mark.parametrize('kind', INDEXES)
def test_a_frame_of_pandas_keeps_its_index_and_no_row_is_mispaired(world: World, answers: Answers, kind: str) -> None:
    answers.begin(OUTPUTS)
    frame = pd.DataFrame({'n': range(4), 'policy': POLICIES})
    frame.index = INDEXES[kind]
    before = frame.copy(deep=True)
    with asking(world, answers) as client:
        made = joined(execute_many(client, URI, frame), frame)
    pd.testing.assert_index_equal(made.index, INDEXES[kind])
    pd.testing.assert_frame_equal(made[['n', 'policy']], before)
    pd.testing.assert_frame_equal(frame, before)
    check_column(made['premium'].tolist(), PREMIUMS)


@pytest.mark.parametrize('ordered', [True, False])
@pytest.mark.parametrize('library', LIBRARIES)
def test_rows_are_paired_by_position_whatever_order_calls_end_in(
    world: World, answers: Answers, library: str, ordered: bool
) -> None:
    count = 120
    answers.begin([{'double': 2 * place} for place in range(count)])
    frame = frames(policy=['same'] * count)[library]
    if library == 'pandas':
        frame.index = ['same'] * count
    with asking(world, answers) as client:
        made = joined(execute_many(client, URI, frame, chunk_size=7, concurrency=5, ordered=ordered), frame)
    table = read_table(made)
    assert table['double'] == [2 * place for place in table['n']] == list(range(0, 2 * count, 2))


@pytest.mark.parametrize('library', LIBRARIES)
def test_the_caller_s_columns_keep_their_types_and_values(world: World, answers: Answers, library: str) -> None:
    answers.begin(OUTPUTS)
    data = pl.DataFrame(
        {
            'n': [0, 1, 2, 3],
            'policy': [BIG, None, BIG + 2, 1],
            'start': pl.Series(['2026-01-31', None, '1999-12-31', '2026-02-01']).str.to_date(),
            'grade': pl.Series(['A', 'B', None, 'A'], dtype=pl.Categorical),
            'riders': [[1], [], None, [2, 3]],
        }
    )
    in_pandas: Any = data.to_pandas(use_pyarrow_extension_array=True)
    forms: dict[str, Any] = {'pandas': in_pandas, 'arrow': data.to_arrow(), 'polars': data}
    frame = forms[library]
    with asking(world, answers) as client:
        made = joined(execute_many(client, URI, frame), frame)
    if library == 'pandas':
        pd.testing.assert_frame_equal(made[list(frame.columns)], frame)
    elif library == 'polars':
        assert_frame_equal(made.select(data.columns), data)
    else:
        assert made.select(frame.column_names).equals(frame)
    check_column(read_table(made)['premium'], PREMIUMS)


@pytest.mark.parametrize('library', LIBRARIES)
def test_a_frame_may_be_joined_that_was_not_sent(world: World, answers: Answers, library: str) -> None:
    records = answers.begin(OUTPUTS)
    frame = frames(policy=POLICIES)[library]
    with asking(world, answers) as client:
        table = read_table(joined(execute_many(client, URI, iter(records)), frame))
    assert table['policy'] == POLICIES
    check_column(table['premium'], PREMIUMS)


@pytest.mark.parametrize('rows', [0, 3, 5])
@pytest.mark.parametrize('library', LIBRARIES)
def test_a_frame_of_another_length_is_refused(world: World, answers: Answers, library: str, rows: int) -> None:
    records = answers.begin(OUTPUTS)
    frame = frames(policy=['x'] * rows)[library]
    with (
        asking(world, answers) as client,
        pytest.raises(Hybrid.SparkSdkError, match=rf'(?s)\b{rows}\b.*4|4.*\b{rows}\b'),
    ):
        joined(execute_many(client, URI, records), frame)


@pytest.mark.parametrize('library', LIBRARIES)
def test_an_output_that_is_named_like_a_column_of_the_frame_stays_an_output(
    world: World, answers: Answers, library: str
) -> None:
    answers.begin([{'n': 10, 'premium': 1.5}, {'n': 11, 'premium': 2.5}])
    frame = frames(premium=[100, 200])[library]
    with asking(world, answers) as client:
        table = read_table(joined(execute_many(client, URI, frame), frame))
    assert list(table) == ['n', 'premium', 'outputs.n', 'outputs.premium', 'warnings', 'errors']
    assert (table['n'], table['premium']) == ([0, 1], [100, 200])
    assert (table['outputs.n'], table['outputs.premium']) == ([10, 11], [1.5, 2.5])


@pytest.mark.parametrize('name', ['index', 'warnings', 'errors'])
@pytest.mark.parametrize('library', LIBRARIES)
def test_a_column_of_the_frame_that_is_named_like_one_of_ours_is_kept_or_refused(
    world: World, answers: Answers, library: str, name: str
) -> None:
    answers.begin([{'premium': 1}, {'premium': 2}], {0: [{'message': 'old table'}]}, {1: [{'message': 'declined'}]})
    frame = frames(**{name: ['mine', 'too']})[library]
    with asking(world, answers) as client:
        results = execute_many(client, URI, frame)
        table, refusal = attempt(lambda: read_table(joined(results, frame)))
    if refusal:
        assert repr(name) in refusal
        return
    assert table.pop(name) == ['mine', 'too']
    check_column(table['premium'], [1, 2])
    assert 'old table' in str(table) and 'declined' in str(table)


@pytest.mark.parametrize('library', LIBRARIES)
def test_a_record_that_failed_has_a_row_with_its_errors(world: World, answers: Answers, library: str) -> None:
    answers.begin([{'premium': 1}, None, {'premium': 3}], errors={1: [{'message': 'declined'}]})
    frame = frames(policy=['a', 'b', 'c'])[library]
    with asking(world, answers) as client:
        table = read_table(joined(execute_many(client, URI, frame, on_error='collect'), frame))
    check_column(table['premium'], [1, None, 3])
    assert ['declined' in str(one) for one in table['errors']] == [False, True, False]


@pytest.mark.parametrize('library', LIBRARIES)
def test_joining_needs_no_other_library_and_may_be_done_again(world: World, answers: Answers, library: str) -> None:
    answers.begin(OUTPUTS)
    frame = frames(policy=POLICIES)[library]
    with asking(world, answers) as client:
        results = execute_many(client, URI, frame)
        one, two = (read_table(joined(results, frame)) for _ in range(2))
        assert list(read_table(results.to_polars())) == ['index', 'premium', 'warnings', 'errors']
    for name in ('policy', 'premium'):
        check_column(two[name], [None if value != value else value for value in one[name]])
    assert set(answers.executed.values()) == {1}


@pytest.mark.parametrize('other', [{'policy': POLICIES}, POLICIES, 'policies.csv', None, 5], ids=str)
def test_what_is_no_frame_is_refused_before_anything_is_sent(world: World, answers: Answers, other: Any) -> None:
    records = answers.begin(OUTPUTS)
    with asking(world, answers) as client, pytest.raises(Hybrid.SparkSdkError, match='pandas'):
        joined(execute_many(client, URI, records), other)
    assert answers.calls == 0


@pytest.mark.parametrize('library', LIBRARIES)
def test_nothing_is_joined_to_an_empty_frame(world: World, answers: Answers, library: str) -> None:
    answers.begin([])
    frame = frames(policy=[])[library]
    with asking(world, answers) as client:
        table = read_table(joined(execute_many(client, URI, frame), frame))
    assert list(table) == ['n', 'policy', 'warnings', 'errors'] and table['policy'] == []


# keep


def sources(folder: Path) -> dict[str, Any]:
    """The same records in every form."""
    made = frames(policy=POLICIES)
    frame: pl.DataFrame = made['polars']
    frame.write_csv(folder / 'in.csv')
    frame.write_ndjson(folder / 'in.jsonl')
    frame.write_parquet(folder / 'in.parquet')
    return {
        **made,
        'records': frame.to_dicts(),
        'generator': (record for record in frame.to_dicts()),
        'columnar lists': [['n', 'policy'], *map(list, frame.rows())],
        'lazy polars': frame.lazy(),
        'Arrow reader': made['arrow'].to_reader(max_chunksize=3),
        'CSV': folder / 'in.csv',
        'JSON Lines': folder / 'in.jsonl',
        'Parquet': folder / 'in.parquet',
    }


FORMS: Final = (
    *LIBRARIES,
    *('records', 'generator', 'columnar lists', 'lazy polars', 'Arrow reader', 'CSV', 'JSON Lines', 'Parquet'),
)


@pytest.mark.parametrize('form', FORMS)
def test_what_is_kept_of_any_source_stands_behind_the_index(
    world: World, answers: Answers, form: str, tmp_path: Path
) -> None:
    answers.begin(OUTPUTS)
    with asking(world, answers) as client:
        table = read_table(execute_many(client, URI, sources(tmp_path)[form], keep=['policy']).to_pandas())
    assert list(table) == ['index', 'policy', 'premium', 'warnings', 'errors']
    assert (table['index'], table['policy']) == ([0, 1, 2, 3], POLICIES)
    check_column(table['premium'], PREMIUMS)
    sent = sorted(answers.sent, key=lambda record: int(record['n']))  # two calls may arrive in either order
    assert [record['policy'] for record in sent] == POLICIES


@pytest.mark.parametrize('ordered', [True, False])
@pytest.mark.parametrize('library', LIBRARIES)
def test_what_is_kept_stands_in_every_table(world: World, answers: Answers, library: str, ordered: bool) -> None:
    count = 120
    answers.begin([{'double': 2 * place} for place in range(count)])
    records = [{'n': place, 'policy': f'P-{place}', 'book': place % 3} for place in range(count)]
    options: dict[str, Any] = {'chunk_size': 7, 'concurrency': 5, 'ordered': ordered}
    with asking(world, answers) as client:
        results: Any = execute_many(client, URI, records, keep=['policy', 'book'], **options)
        table = read_table(getattr(results, f'to_{library}')())
    assert list(table) == ['index', 'policy', 'book', 'double', 'warnings', 'errors']
    assert table['policy'] == [f'P-{place}' for place in range(count)]
    assert table['book'] == [place % 3 for place in range(count)]
    assert table['double'] == list(range(0, 2 * count, 2))


@pytest.mark.parametrize('kind', FILES)
def test_what_is_kept_stands_in_every_file(world: World, answers: Answers, kind: str, tmp_path: Path) -> None:
    answers.begin(OUTPUTS)
    path = tmp_path / f'out.{kind}'
    frame = frames(policy=POLICIES)['pandas']
    with asking(world, answers) as client:
        assert execute_many(client, URI, frame, keep=['policy']).write(path) == 4
    if kind == 'jsonl':
        lines = read_lines(path)
        assert [line['policy'] for line in lines] == POLICIES
        assert [line['outputs'] for line in lines] == OUTPUTS
        assert [*lines[0]][:2] == ['index', 'policy']
        return
    table = read_parquet(path) if kind == 'parquet' else read_cells(path)
    assert list(table) == ['index', 'policy', 'premium', 'warnings', 'errors']
    assert table['policy'] == POLICIES


KEPT: Final[dict[str, list[Any]]] = {
    'big numbers beside nothing': [BIG, None, BIG + 2],
    'whole numbers and fractions': [1, 2.5, None],
    'codes': ['007', '010', None],
    'unicode': ['Zoë', '保険', ''],
    'truth': [True, None, False],
    'nothing': [None, None, None],
    'lists': [[42], [42.5], []],
    'objects': [{'b': 1}, {'b': 1.5, 'c': 'x'}, None],
}


@pytest.mark.parametrize('library', LIBRARIES)
@pytest.mark.parametrize('kind', KEPT)
def test_what_is_kept_is_what_was_given(world: World, answers: Answers, kind: str, library: str) -> None:
    values = KEPT[kind]
    records = [{**one, 'k': value} for one, value in zip(answers.begin([{'a': 1}] * 3), values, strict=True)]
    with asking(world, answers) as client:
        table: Any = getattr(execute_many(client, URI, records, keep=['k']), f'to_{library}')()
    check_column(read_table(table)['k'], values, typed=library != 'pandas')


@pytest.mark.parametrize('library', LIBRARIES)
def test_an_output_that_is_named_like_what_is_kept_stays_an_output(
    world: World, answers: Answers, library: str
) -> None:
    answers.begin([{'n': 10, 'premium': 1.5}, {'n': 11, 'premium': 2.5}])
    with asking(world, answers) as client:
        results: Any = execute_many(client, URI, frames(policy=['a', 'b'])['pandas'], keep=['n', 'policy'])
        table = read_table(getattr(results, f'to_{library}')())
    assert list(table) == ['index', 'n', 'policy', 'outputs.n', 'premium', 'warnings', 'errors']
    assert (table['n'], table['outputs.n']) == ([0, 1], [10, 11])


@pytest.mark.parametrize('name', ['index', 'warnings', 'errors'])
def test_a_kept_column_that_is_named_like_one_of_ours_is_kept_or_refused(
    world: World, answers: Answers, name: str
) -> None:
    answers.begin([{'premium': 1}, {'premium': 2}], {0: [{'message': 'old table'}]})
    frame = frames(**{name: ['mine', 'too']})['pandas']
    with asking(world, answers) as client:
        table, refusal = attempt(lambda: read_table(execute_many(client, URI, frame, keep=[name]).to_pandas()))
    if refusal:
        assert repr(name) in refusal
        assert answers.calls == 0
        return
    assert ['mine', 'too'] in table.values() and table['index'] == [0, 1]
    assert 'old table' in str(table['warnings'])


def test_a_record_that_failed_keeps_what_it_was_given(world: World, answers: Answers) -> None:
    answers.begin([{'premium': 1}, None, {'premium': 3}], errors={1: [{'message': 'declined'}]})
    records = [{'n': place, 'policy': policy} for place, policy in enumerate('abc')]
    with asking(world, answers) as client:
        table = read_table(execute_many(client, URI, records, keep=['policy'], on_error='collect').to_pandas())
    assert table['policy'] == ['a', 'b', 'c']
    check_column(table['premium'], [1, None, 3])


def test_a_record_that_lacks_what_is_kept_has_nothing_there(world: World, answers: Answers) -> None:
    answers.begin([{'a': 1}, {'a': 2}])
    with asking(world, answers) as client:
        records = [{'n': 0, 'policy': 'x'}, {'n': 1}]
        table = read_table(execute_many(client, URI, records, keep=['policy']).to_pandas())
    assert table['policy'][0] == 'x' and is_missing(table['policy'][1])
    assert 'policy' not in answers.sent[1]


@pytest.mark.parametrize('form', ['pandas', 'polars', 'arrow', 'records', 'CSV', 'Parquet'])
def test_a_name_that_no_column_has_is_refused_before_anything_is_sent(
    world: World, answers: Answers, form: str, tmp_path: Path
) -> None:
    answers.begin(OUTPUTS)
    source = sources(tmp_path)[form]
    with asking(world, answers) as client, pytest.raises(Hybrid.SparkSdkError, match=r"(?s)'polcy'.*'policy'"):
        execute_many(client, URI, source, keep=['polcy']).to_pandas()
    assert answers.calls == 0


@pytest.mark.parametrize('keep', [5, [5], [None], True, {'policy': 1}], ids=str)
def test_what_is_no_list_of_names_is_refused_at_once(world: World, answers: Answers, keep: Any) -> None:
    records = answers.begin(OUTPUTS)
    with asking(world, answers) as client, pytest.raises(Hybrid.SparkSdkError, match='keep must be'):
        execute_many(client, URI, records, keep=keep)
    assert answers.calls == 0


def test_nothing_is_kept_where_nothing_is_asked_for(world: World, answers: Answers) -> None:
    records = answers.begin(OUTPUTS)
    with asking(world, answers) as client:
        none: list[dict[str, Any]] = [{'keep': []}, {'keep': None}, {}]
        for options in none:
            table = read_table(execute_many(client, URI, records, **options).to_pandas())
            assert list(table) == ['index', 'premium', 'warnings', 'errors']


def test_what_is_kept_is_there_again_where_a_run_goes_on(world: World, answers: Answers, tmp_path: Path) -> None:
    answers.begin([{'a': place} for place in range(40)])
    records = [{'n': place, 'policy': f'P-{place}'} for place in range(40)]
    options: dict[str, Any] = {'keep': ['policy'], 'checkpoint': tmp_path / 'run', 'chunk_size': 10}
    with asking(world, answers) as client:
        results = execute_many(client, URI, records, **options, concurrency=1)
        assert next(results).outputs == {'a': 0}
        results.close()
        table = read_table(execute_many(client, URI, records, **options).to_pandas())
        again = read_table(execute_many(client, URI, records, **options).to_pandas())
    assert table['policy'] == again['policy'] == [f'P-{place}' for place in range(40)]
    assert table['a'] == again['a'] == list(range(40))


def test_a_written_file_pairs_rows_where_labels_repeat(world: World, answers: Answers, tmp_path: Path) -> None:
    answers.begin(OUTPUTS)
    frame = frames(policy=POLICIES)['pandas']
    frame.index = ['x', 'x', 'y', 'x']
    with asking(world, answers) as client:
        execute_many(client, URI, frame, keep=['policy']).write(tmp_path / 'out.csv')
    with (tmp_path / 'out.csv').open(newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    assert [row['policy'] for row in rows] == POLICIES
    assert [float(row['premium'] or 'nan') for row in rows][:2] == [10, 12.5]


def test_what_is_kept_and_joined_stands_there_once(world: World, answers: Answers) -> None:
    answers.begin(OUTPUTS)
    frame = frames(policy=POLICIES)['pandas']
    with asking(world, answers) as client:
        table = read_table(joined(execute_many(client, URI, frame, keep=['policy']), frame))
    assert list(table) == ['n', 'policy', 'premium', 'warnings', 'errors']


def test_an_output_of_a_kept_name_is_renamed_once(world: World, answers: Answers) -> None:
    answers.begin(OUTPUTS)
    frame = frames(premium=POLICIES)['pandas']
    with asking(world, answers) as client:
        table = read_table(joined(execute_many(client, URI, frame, keep=['premium']), frame))
    assert list(table) == ['n', 'premium', 'outputs.premium', 'warnings', 'errors']
    assert table['premium'] == POLICIES
