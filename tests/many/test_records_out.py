"""Answers as tables: what each form holds of them is what the runner answered, or the form refuses them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import cspark.wasm as Hybrid
from support.answering import Answers, answering, asking
from support.many import URI, execute_many
from support.tables import (
    FILES,
    LIBRARIES,
    Held,
    Table,
    are_text,
    are_values,
    attempt,
    check_column,
    check_sent,
    is_missing,
    read_back,
    read_cells,
    read_lines,
    read_parquet,
    read_table,
)
from support.worlds import WORLDS, World

VALUES, TEXT, REFUSED = Held.VALUES, Held.TEXT, Held.REFUSED
ANY: Final = VALUES | TEXT | REFUSED
BIG: Final = 2**53 + 1
"""A whole number that no double holds."""
BESIDE: Final = ('index', 'warnings', 'errors')
Outputs: TypeAlias = 'dict[str, Any] | None'


@dataclass(frozen=True)
class Case:
    """What is answered, a record an entry, and what the tables hold of it.

    Attributes:
        outputs: The outputs of each record.
        columns: The columns of the outputs and what they hold.
        arrow: How a frame of polars and a table of Arrow hold it; pandas always holds the values.
        parquet: How a Parquet file holds it.
        csv: Whether a CSV file may refuse it.
        text: The columns that a reader of the CSV file has to call text: they hold what looks like something else.
        reads_back: Whether the CSV file can be read here: an input has a name without spaces at its ends.
        warned: The records that have a warning which the table adds.
    """

    outputs: list[Outputs]
    columns: dict[str, list[Any]]
    arrow: Held = VALUES
    parquet: Held = VALUES
    csv: Held = VALUES
    text: Sequence[str] = ()
    reads_back: bool = True
    warned: dict[int, str] = field(default_factory=lambda: dict[int, str]())


def column(*values: Any, **held: Any) -> Case:
    """One output, a value a record."""
    return Case([{'a': value} for value in values], {'a': list(values)}, **held)


def mixed(*values: Any, **held: Any) -> Case:
    """Values of several types: text is the last resort of what has one type a column."""
    return column(*values, **{'arrow': TEXT, 'parquet': TEXT | REFUSED, **held})


def exact(*values: Any) -> Case:
    """Whole numbers that doubles do not hold: they may become text, and are never rounded."""
    return column(*values, arrow=VALUES | TEXT, parquet=ANY)


def hollow(*values: Any) -> Case:
    """Objects without members, which not every form has a type for."""
    return column(*values, arrow=VALUES | TEXT, parquet=ANY)


CASES: Final[dict[str, Case]] = {
    # whole numbers and fractions
    'whole numbers': column(1, 2, -3),
    'whole, then a fraction': column(42, 42.5),
    'a fraction, then whole': column(42.5, 42),
    'a whole number beside nothing': column(1, None, 3),
    'fractions beside nothing': column(0.1, None, 0.30000000000000004),
    'nothing, then a fraction': column(None, 2.5),
    'the ends of doubles': column(1.7976931348623157e308, 5e-324, -2.2250738585072014e-308),
    'exponents': column(1e16, 1e-7, 1.5e300),
    'the last whole number of doubles': column(2**53, -(2**53), 0.5),
    'one beyond it beside nothing': exact(BIG, None),
    'one beyond it beside a fraction': exact(BIG, 1.5),
    'one beyond it below zero': exact(-BIG, None, 1),
    '64 bits': exact(2**63 - 1, -(2**63)),
    '64 bits without a sign': exact(2**64 - 1, None),
    'beyond 64 bits': exact(2**70, None, 1),
    'beyond 64 bits on both sides': exact(-(2**63), 2**63),
    'a premium of thirty digits': exact(123456789012345678901234567890, 1.5),
    # text
    'text': column('standard', 'declined'),
    'text beside nothing': column('standard', None),
    'empty text': column('', 'x', csv=VALUES | REFUSED, text=('a',)),
    'empty text beside nothing': column('', None, 'x', csv=VALUES | REFUSED, text=('a',)),
    'unicode': column('Zoë', '保険料', '🜁', 'e\u0301', '\u202eabc', 'a\x01b'),
    'line breaks and quotes': column('a\nb', 'a"b', 'a\r\nb', 'a\rb'),
    'separators': column('1,5', 'a;b;c', 'a\tb', 'a|b', 'sep=;'),
    'spaces at the ends': column(' x', 'x ', '\u00a0x'),
    'words for nothing': column('null', 'None', 'NaN', 'NA', 'nan', '<NA>', 'NaT'),
    'codes with zeros': column('007', '010'),
    'text of digits': column('12', '13.50', text=('a',)),
    'text of digits beside nothing': column('12', None, text=('a',)),
    'text of exponents': column('12E12', '7E590', text=('a',)),
    'text of truth': column('True', 'false', text=('a',)),
    'text of JSON': column('[1, 2]', '{"b": 1}', '"x"', text=('a',)),
    'formulas': column('=1+2', '@SUM(A1)', '+1', "-'x'"),
    'dates as text': column('2026-01-31', '2026-02-01', None),
    'moments as text': column('2026-01-31T10:00:00Z', '9999-12-31T23:59:59+14:00'),
    'odd dates as text': column('0001-01-01', '31/01/2026', '20260131', text=('a',)),
    # truth and nothing
    'truth': column(True, False),
    'truth beside nothing': column(True, None, False),
    'nothing only': column(None, None),
    'nothing of one record': column(None),
    # several types
    'text among numbers': mixed(1, 'x'),
    'numbers after text': mixed('x', 1.5, None),
    'a number and its text': mixed(1, '1', csv=VALUES | REFUSED),
    'truth among numbers': mixed(True, 2, None),
    'truth and 1': mixed(True, 1),
    'truth and its text': mixed(True, 'True', csv=VALUES | REFUSED),
    'a list among numbers': mixed(5, [1]),
    'text among lists': mixed([1, 2], 'x'),
    'an object among numbers': mixed({'b': 1}, 5),
    'an object and a list': mixed({'b': 1}, [1]),
    'all of them': mixed(1, 'x', True, None, [1], {'b': None}, 2.5),
    'nothing among several types': mixed(None, 1, None, 'null'),
    # lists
    'lists': column([1, 2], [3]),
    'lists of other lengths': column([], [1], [1, 2, 3], None),
    'a list of whole numbers, then of fractions': column([42], [42.5]),
    'a list of nothing, then of numbers': column([None], [1.5, None]),
    'lists of text': column(['a', None, ''], ['"']),
    'lists of truth': column([True], [None, False]),
    'lists of big numbers': exact([BIG], [1.5]),
    'lists of lists': column([[1], []], [[2.5], [3, 4]]),
    'lists of several types': mixed([1, 'x'], [True]),
    'a list of numbers, then of text': mixed([1], ['x']),
    'lists of truth and numbers': mixed([True], [2]),
    'empty lists': column([], []),
    'an empty list beside nothing': column([], None),
    'empty lists in a list': column([[]], [[1]]),
    # objects and tables
    'objects': column({'b': 1, 'c': 'x'}, {'b': 2, 'c': 'y'}),
    'an object, whole, then a fraction': column({'b': 42}, {'b': 42.5}),
    'a member that comes later': column({'b': 1}, {'b': 2, 'c': 3}),
    'other members': column({'b': 1}, {'c': 'x'}, None),
    'members in another order': column({'b': 1, 'c': 2}, {'c': 3, 'b': 4}),
    'a member of several types': mixed({'b': 1}, {'b': 'x'}),
    'a member of nothing, then of text': column({'b': None}, {'b': 'x'}),
    'a big member': exact({'b': BIG}, {'b': 1.5}),
    'a member that is an object': column({'b': {'c': 1}}, {'b': {'c': 1.5, 'd': True}}),
    'a member that is a list': column({'b': []}, {'b': [1]}, {'b': None}),
    'members with odd names': column({'': 1, 'ä.b': 2, 'a b': 3}, {'"': 4.5}),
    'a table': column([{'year': 1, 'premium': 2.5}, {'year': 2, 'premium': None}]),
    'a table, whole, then fractions': column([{'premium': 42}], [{'premium': 42.5}]),
    'a table with a column that comes later': column([{'year': 1}], [{'year': 2, 'note': 'x'}, {'note': None}]),
    'tables of other lengths': column([], [{'year': 1}], [{'year': 1}, {'year': 2}]),
    'a table with a column of several types': mixed([{'v': 1}, {'v': 'x'}]),
    'tables as arrays': mixed([['year', 'premium'], [1, 2.5]]),
    'empty objects': hollow({}, {}),
    'an empty object beside nothing': hollow({}, None),
    'an empty object, then a full one': hollow({}, {'b': 1}),
    'a table of empty objects': hollow([{}], []),
    # Excel's errors
    'an Excel error among numbers': Case([{'a': 1.5}, {'a': '#VALUE!'}], {'a': [1.5, None]}, warned={1: '#VALUE!'}),
    'Excel errors only': Case([{'a': '#N/A'}, {'a': '#DIV/0!'}], {'a': [None, None]}, warned={0: '#N/A', 1: '#DIV/0!'}),
    'what is like an Excel error': column('#VALUE', '#value!', 'x #N/A'),
    'an Excel error within a list': mixed([1.5], ['#N/A']),
    # names and records
    'an output that only the first has': Case([{'a': 1, 'b': 2}, {'a': 3}], {'a': [1, 3], 'b': [2, None]}),
    'an output that comes later': Case([{'a': 1}, {'a': 2, 'b': 'x'}], {'a': [1, 2], 'b': [None, 'x']}),
    'outputs in another order': Case([{'a': 1, 'b': 2}, {'b': 3, 'a': 4}], {'a': [1, 4], 'b': [2, 3]}),
    'a record without outputs': Case([None, {'a': 1}], {'a': [None, 1]}),
    'a record with no output': Case([{}, {'a': 1}], {'a': [None, 1]}),
    'no outputs at all': Case([{}, None], {}),
    'names of other columns': Case(
        [{'index': 7, 'errors': 'x', 'warnings': True, 'a': 4}],
        {'outputs.index': [7], 'outputs.errors': ['x'], 'outputs.warnings': [True], 'a': [4]},
    ),
    'names with signs': Case(
        [{'a,b': 1, 'a;b': 2, 'a"b': 3, 'a\nb': 4, '保': 5, "'": 6, 'a.b': 7}],
        {'a,b': [1], 'a;b': [2], 'a"b': [3], 'a\nb': [4], '保': [5], "'": [6], 'a.b': [7]},
    ),
    'names with spaces at their ends': Case([{' a': 1, 'b ': 2}], {' a': [1], 'b ': [2]}, reads_back=False),
    'names that differ in case': Case([{'a': 1, 'A': 2}], {'a': [1], 'A': [2]}),
    'names like methods': Case([{'count': 1, 'values': 2, 'T': 3}], {'count': [1], 'values': [2], 'T': [3]}),
    'a name like a number': Case([{'0': 1, 'b': 2}], {'0': [1], 'b': [2]}),
    'an empty name': Case([{'': 1, 'b': 2}], {'': [1], 'b': [2]}, reads_back=False),
}


@pytest.fixture(scope='module')
def answers() -> Iterator[Answers]:
    with answering() as started:
        yield started


@pytest.fixture(scope='module')
def clients(answers: Answers) -> Iterator[dict[World, Hybrid.Client]]:
    """A client of either kind that all examples share."""
    with asking('sync', answers) as blocking, asking('async', answers) as awaited:
        yield {'sync': blocking, 'async': awaited}


def check_outputs(table: Table, case: Case, held: Held = VALUES, *, typed: bool = False) -> None:
    """Assert that a table has all columns in their order, and each the values that were answered."""
    assert list(table) == ['index', *case.columns, 'warnings', 'errors']
    assert table['index'] == list(range(len(case.outputs)))
    for name, values in case.columns.items():
        check_column(table[name], values, held, typed=typed)
    for place, warnings in enumerate(table['warnings']):
        assert case.warned[place] in str(warnings) if place in case.warned else is_missing(warnings)
    assert all(map(is_missing, table['errors']))


def check_cells(cells: Table, case: Case) -> None:
    """Assert that each cell of a CSV file is empty for nothing, and JSON for a list or an object."""
    assert list(cells) == ['index', *case.columns, 'warnings', 'errors']
    for name, values in case.columns.items():
        for cell, value in zip(cells[name], values, strict=True):
            if value is None or isinstance(value, str):
                assert cell == (value or '')
            elif not isinstance(value, bool):
                assert are_values([json.loads(cell)], [value])


@pytest.mark.parametrize('library', LIBRARIES)
@pytest.mark.parametrize('name', CASES)
def test_a_table_holds_what_was_answered(world: World, answers: Answers, name: str, library: str) -> None:
    case = CASES[name]
    with asking(world, answers) as client:
        table: Any = getattr(execute_many(client, URI, answers.begin(case.outputs)), f'to_{library}')()
    in_pandas = library == 'pandas'
    check_outputs(read_table(table), case, VALUES if in_pandas else case.arrow, typed=not in_pandas)


@pytest.mark.parametrize('library', LIBRARIES)
@pytest.mark.parametrize('name', CASES)
def test_one_call_makes_the_same_table_as_many(world: World, answers: Answers, name: str, library: str) -> None:
    case = CASES[name]
    with asking(world, answers) as client:
        executed = client.services.execute(URI, inputs=answers.begin(case.outputs))
    in_pandas = library == 'pandas'
    table = read_table(getattr(executed, f'to_{library}')())
    check_outputs(table, case, VALUES if in_pandas else case.arrow, typed=not in_pandas)


@pytest.mark.parametrize('name', CASES)
def test_json_lines_hold_what_was_answered(world: World, answers: Answers, name: str, tmp_path: Path) -> None:
    case = CASES[name]
    path = tmp_path / 'out.jsonl'
    with asking(world, answers) as client:
        assert execute_many(client, URI, answers.begin(case.outputs)).write(path) == len(case.outputs)
    lines = read_lines(path)
    assert [line['index'] for line in lines] == list(range(len(case.outputs)))
    assert are_values([line['outputs'] for line in lines], case.outputs)


@pytest.mark.parametrize('name', CASES)
def test_a_parquet_file_holds_what_was_answered_or_is_refused(
    world: World, answers: Answers, name: str, tmp_path: Path
) -> None:
    case = CASES[name]
    path = tmp_path / 'out.parquet'
    with asking(world, answers) as client:
        results = execute_many(client, URI, answers.begin(case.outputs))
        if REFUSED in case.parquet:
            _, refusal = attempt(lambda: results.write(path))
            if refusal:
                assert '.jsonl' in refusal and not path.exists()
                return
        else:
            assert results.write(path) == len(case.outputs)
    check_outputs(read_parquet(path), case, case.parquet, typed=True)


@pytest.mark.parametrize('name', CASES)
def test_a_csv_file_holds_what_was_answered_and_reads_back_as_the_same_values(
    world: World, answers: Answers, name: str, tmp_path: Path
) -> None:
    case = CASES[name]
    path = tmp_path / 'out.csv'
    with asking(world, answers) as client:
        results = execute_many(client, URI, answers.begin(case.outputs))
        if REFUSED in case.csv:
            _, refusal = attempt(lambda: results.write(path))
            if refusal:
                assert '.jsonl' in refusal and not path.exists()
                return
        else:
            assert results.write(path) == len(case.outputs)
        check_cells(read_cells(path), case)
        if not case.reads_back:
            return
        back = read_back(client, path, answers.sent, case.text)
    assert back['index'] == list(range(len(case.outputs)))
    for one, values in case.columns.items():
        check_sent(back[one], values)


WARNINGS: Final[dict[str, dict[int, Any]]] = {
    'one': {0: [{'message': 'old table'}]},
    'a field that comes later': {0: [{'message': 'a'}], 2: [{'message': 'b', 'source_path': 'x', 'row': 3}]},
    'whole, then a fraction': {0: [{'value': 42}], 1: [{'value': 42.5}]},
    'other lengths': {0: [], 1: [{'message': 'a'}], 2: [{'message': 'a'}, {'message': 'b'}]},
    'several types': {0: [{'value': 1}], 1: [{'value': 'x'}]},
    'big numbers': {0: [{'value': BIG}], 1: [{'value': 1.5}]},
    'nested': {1: [{'where': {'sheet': 'A', 'cells': [1, 2]}}]},
}


@pytest.mark.parametrize('library', LIBRARIES)
@pytest.mark.parametrize('side', ['warnings', 'errors'])
@pytest.mark.parametrize('name', WARNINGS)
def test_warnings_and_errors_lose_no_field_in_a_table(
    world: World, answers: Answers, name: str, side: str, library: str
) -> None:
    given = WARNINGS[name]
    records = answers.begin([{'a': 1}, {'a': 2}, {'a': 3}], **{side: given})
    with asking(world, answers) as client:
        many: Any = getattr(execute_many(client, URI, records), f'to_{library}')()
        one: Any = getattr(client.services.execute(URI, inputs=records), f'to_{library}')()
    expected = [given.get(place) for place in range(3)]
    in_pandas = library == 'pandas'
    for table in (many, one):
        check_column(read_table(table)[side], expected, VALUES if in_pandas else VALUES | TEXT, typed=not in_pandas)


@pytest.mark.parametrize('kind', FILES)
@pytest.mark.parametrize('side', ['warnings', 'errors'])
@pytest.mark.parametrize('name', WARNINGS)
def test_warnings_and_errors_lose_no_field_in_a_file(
    world: World, answers: Answers, name: str, side: str, kind: str, tmp_path: Path
) -> None:
    given = WARNINGS[name]
    path = tmp_path / f'out.{kind}'
    with asking(world, answers) as client:
        execute_many(client, URI, answers.begin([{'a': 1}, {'a': 2}, {'a': 3}], **{side: given})).write(path)
    expected = [given.get(place) for place in range(3)]
    if kind == 'jsonl':
        assert are_values([line[side] for line in read_lines(path)], expected)
    else:
        found = read_parquet(path)[side] if kind == 'parquet' else [one or None for one in read_cells(path)[side]]
        check_column(found, expected, TEXT)


@pytest.mark.parametrize('library', LIBRARIES)
def test_an_output_has_one_column_whatever_the_other_outputs_of_its_record(
    world: World, answers: Answers, library: str
) -> None:
    outputs = [{'index': 7, 'a': 1}, {'index': 8, 'outputs.index': 9, 'a': 2}]
    with asking(world, answers) as client:
        table: Any = getattr(execute_many(client, URI, answers.begin(outputs)), f'to_{library}')()
    columns = [values for name, values in read_table(table).items() if name not in BESIDE]
    assert any(are_values(values, [7, 8]) for values in columns)
    assert any(are_values(values, [None, 9]) for values in columns)


@pytest.mark.thorough
@pytest.mark.parametrize('library', LIBRARIES)
def test_a_type_is_that_of_all_values_and_not_of_the_first_thousands(
    world: World, answers: Answers, library: str
) -> None:
    count = 9_000
    plan: list[Any] = [[{'premium': 42}] for _ in range(count)]
    plan[-1] = [{'premium': 42.5, 'note': 'x'}]
    outputs = [{'plan': one, 'late': None if place < count - 1 else 'x'} for place, one in enumerate(plan)]
    with asking(world, answers) as client:
        table: Any = getattr(execute_many(client, URI, answers.begin(outputs)), f'to_{library}')()
    columns = read_table(table)
    check_column(columns['plan'], plan, typed=library != 'pandas')
    check_column(columns['late'], [one['late'] for one in outputs])


@pytest.mark.thorough
@pytest.mark.parametrize('kind', ['csv', 'parquet'])
def test_a_file_holds_a_type_that_only_a_late_record_shows_or_is_refused(
    world: World, answers: Answers, kind: str, tmp_path: Path
) -> None:
    count = 9_000
    plan: list[Any] = [{'premium': 42} for _ in range(count)]
    plan[-1] = {'premium': 42.5, 'note': 'x'}
    path = tmp_path / f'out.{kind}'
    with asking(world, answers) as client:
        results = execute_many(client, URI, answers.begin([{'plan': one} for one in plan]))
        _, refusal = attempt(lambda: results.write(path))
    if refusal:
        assert '.jsonl' in refusal and not path.exists()
        return
    table = read_parquet(path) if kind == 'parquet' else read_cells(path)
    check_column(table['plan'], plan, VALUES if kind == 'parquet' else TEXT, typed=True)


def test_a_whole_number_beside_a_missing_one_is_no_double_in_pandas(world: World, answers: Answers) -> None:
    outputs = [{'policy': BIG}, {'policy': None}, {'policy': 2**60 + 1}]
    with asking(world, answers) as client:
        frame = execute_many(client, URI, answers.begin(outputs)).to_pandas()
        one = client.services.execute(URI, inputs=answers.begin(outputs)).to_pandas()
    for column in (frame['policy'], one['policy']):
        assert not pd.api.types.is_float_dtype(column.dtype)
        assert [int(column[place]) for place in (0, 2)] == [BIG, 2**60 + 1]


@pytest.mark.parametrize('library', LIBRARIES)
def test_a_column_of_several_types_keeps_a_number_and_its_text_apart(
    world: World, answers: Answers, library: str
) -> None:
    values = [1, '1', True, 'true', None, 'null']
    with asking(world, answers) as client:
        results = execute_many(client, URI, answers.begin([{'a': value} for value in values]))
        table = read_table(getattr(results, f'to_{library}')())
    assert len({repr(one) for one in table['a']}) == len(values)


@pytest.mark.parametrize('library', LIBRARIES)
def test_one_record_and_its_original_answer_make_the_same_table(world: World, answers: Answers, library: str) -> None:
    answers.begin([{'a': 1, 'plan': [{'b': 2.5}]}], {0: [{'message': 'old'}]})
    with asking(world, answers) as client:
        formats: list[Any] = ['alike', 'original']
        for response_format in formats:
            executed: Any = client.services.execute(URI, inputs={'n': 0}, response_format=response_format)
            table = read_table(getattr(executed, f'to_{library}')())
            assert list(table) == ['index', 'a', 'plan', 'warnings', 'errors']
            assert (table['index'], table['a']) == ([0], [1])
            check_column(table['plan'], [[{'b': 2.5}]])
            check_column(table['warnings'], [[{'message': 'old'}]])


@pytest.mark.parametrize('ordered', [True, False])
@pytest.mark.parametrize('library', LIBRARIES)
def test_both_ways_to_execute_make_equal_tables(world: World, answers: Answers, library: str, ordered: bool) -> None:
    outputs = [{'a': place, 'b': None if place % 3 else place / 2, 'c': [{'d': place}]} for place in range(50)]
    records = answers.begin(outputs, {7: [{'message': 'old'}]}, {9: [{'message': 'new'}]})
    with asking(world, answers) as client:
        one: Any = getattr(client.services.execute(URI, inputs=records), f'to_{library}')()
        results = execute_many(client, URI, records, chunk_size=7, concurrency=3, ordered=ordered)
        many: Any = getattr(results, f'to_{library}')()
    if library == 'pandas':
        pd.testing.assert_frame_equal(one, many)
    else:
        assert one.equals(many) and one.schema == many.schema


@pytest.mark.parametrize('library', LIBRARIES)
def test_no_record_makes_a_table_with_the_columns_beside_outputs(world: World, answers: Answers, library: str) -> None:
    with asking(world, answers) as client:
        for made in (execute_many(client, URI, answers.begin([])), client.services.execute(URI, inputs=[])):
            assert list(read_table(getattr(made, f'to_{library}')())) == ['index', 'warnings', 'errors']


def test_a_csv_file_of_all_kinds_reads_back_as_the_same_values(world: World, answers: Answers, tmp_path: Path) -> None:
    outputs: list[dict[str, Any]] = [
        {'premium': 4278.74, 'smoker': True, 'grade': 'A', 'policy': BIG, 'code': '007', 'start': '2026-01-31'},
        {'premium': 1e-7, 'smoker': False, 'grade': 'true', 'policy': None, 'code': 'y', 'start': None},
        {'premium': None, 'smoker': None, 'grade': '12', 'policy': 2**70, 'code': 'x', 'start': '9999-12-31'},
    ]
    path = tmp_path / 'out.csv'
    with asking(world, answers) as client:
        execute_many(client, URI, answers.begin(outputs)).write(path)
        back = read_back(client, path, answers.sent, ('grade', 'code'))
    for name in outputs[0]:
        check_sent(back[name], [one[name] for one in outputs])


def test_truth_in_a_csv_file_reads_back_as_truth(world: World, answers: Answers, tmp_path: Path) -> None:
    path = tmp_path / 'out.csv'
    with asking(world, answers) as client:
        execute_many(client, URI, answers.begin([{'smoker': True}, {'smoker': False}, {'smoker': None}])).write(path)
        assert read_back(client, path, answers.sent)['smoker'] == [True, False, None]


WHOLE = st.integers(-(2**70), 2**70) | st.sampled_from([0, 1, 42, BIG, -BIG, 2**63, 2**64])
SCALARS = st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False, allow_infinity=False)
CHARACTERS = st.characters(codec='utf-8', exclude_characters='#\x00')
JSON = st.recursive(
    SCALARS | st.text(CHARACTERS, max_size=6) | st.sampled_from(['1', 'true', 'null', '[1]', '2026-01-31', '']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from('bcd'), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(['a', 'premium', 'index', 'errors', 'warnings', 'Prämie', 'a b', 'b.c', "it's"])
ANSWERS: st.SearchStrategy[list[Outputs]] = st.lists(
    st.none() | st.dictionaries(NAMES, JSON, max_size=3), min_size=1, max_size=4
)
FORMS: Final = (
    *(f'to_{library}' for library in LIBRARIES),
    *(f'execute().to_{library}' for library in LIBRARIES),
    *FILES,
    *(f'join_to {library}' for library in LIBRARIES),
    *(f'keep, to_{library}' for library in LIBRARIES),
    'keep, parquet',
)


def columns_of(outputs: list[Outputs]) -> Table:
    """The columns of a table with these outputs."""
    names = dict.fromkeys(name for one in outputs for name in one or {})
    return {f'outputs.{name}' if name in BESIDE else name: [(one or {}).get(name) for one in outputs] for name in names}


def check_any(table: Table, expected: Table, *, exactly: bool) -> None:
    """Assert that each column holds its values, or (unless `exactly`) is text of JSON."""
    for name, values in expected.items():
        found = table[name]
        held = are_values(found, values, typed=not exactly) or (not exactly and are_text(found, values))
        assert held, (name, found, values)


def frame_of(library: str, records: list[Any]) -> Any:
    """Records as a caller's frame."""
    frame = pl.DataFrame(records)
    made: dict[str, Any] = {'pandas': pd.DataFrame(records), 'polars': frame, 'arrow': frame.to_arrow()}
    return made[library]


def comes_back(client: Hybrid.Client, answers: Answers, outputs: list[Outputs], form: str, folder: Path) -> None:
    """Assert that a form holds the outputs, or refuses them where it may."""
    records = answers.begin(outputs)
    expected = columns_of(outputs)
    way, _, last = form.rpartition(' ')
    library = last.rpartition('_')[2]
    exactly = library == 'pandas'
    if form.startswith('execute()'):
        executed = client.services.execute(URI, inputs=records)
        check_any(read_table(getattr(executed, f'to_{library}')()), expected, exactly=exactly)
        return
    keep = [f'P-{place}' for place in range(len(records))]
    if way == 'keep,':
        records = [{**record, 'policy': policy} for record, policy in zip(records, keep, strict=True)]
        results = execute_many(client, URI, records, keep=['policy'])
        expected = {'policy': keep, **expected}
    else:
        results = execute_many(client, URI, records)
    if way == 'join_to':
        table = read_table(results.join_to(frame_of(library, records)))  # type: ignore[attr-defined, unused-ignore] # pyright: ignore
        check_any(table, {'n': list(range(len(records))), **expected}, exactly=exactly)
    elif last in FILES:
        path = folder / f'out.{last}'
        _, refusal = attempt(lambda: results.write(path))
        if refusal:
            assert last != 'jsonl' and '.jsonl' in refusal
            return
        if last == 'jsonl':
            assert are_values([line['outputs'] for line in read_lines(path)], outputs)
        elif last == 'parquet':
            check_any(read_parquet(path), expected, exactly=False)
        else:
            check_csv(client, answers, path, expected)
    else:
        check_any(read_table(getattr(results, f'to_{library}')()), expected, exactly=exactly)


def check_csv(client: Hybrid.Client, answers: Answers, path: Path, expected: Table) -> None:
    """Assert that the file reads back as it was; its columns of text alone are called so."""
    text = [name for name, values in expected.items() if all(one is None or isinstance(one, str) for one in values)]
    back = read_back(client, path, answers.sent, text)
    for name, values in expected.items():
        check_sent(back[name], values)


@pytest.mark.thorough
@pytest.mark.parametrize('world', WORLDS)
@pytest.mark.parametrize('form', FORMS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(outputs=ANSWERS)
@example(outputs=[{'a': BIG}, {'a': None}])
@example(outputs=[{'a': [{'b': 42}]}, {'a': [{'b': 42.5, 'c': 1}]}])
def test_any_answer_comes_back_equal(
    answers: Answers,
    clients: dict[World, Hybrid.Client],
    tmp_path_factory: pytest.TempPathFactory,
    world: World,
    form: str,
    outputs: list[Outputs],
) -> None:
    comes_back(clients[world], answers, outputs, form, tmp_path_factory.mktemp('out'))
