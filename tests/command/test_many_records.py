"""`execute` with many records: files of each kind in and out, checkpoints, and records that fail."""

from __future__ import annotations

import csv
import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command.running import Done, Run

from support.many import URI, Squares

openpyxl: Any = importlib.import_module('openpyxl')
pa: Any = importlib.import_module('pyarrow')
pyarrow_csv: Any = importlib.import_module('pyarrow.csv')
parquet: Any = importlib.import_module('pyarrow.parquet')

Rows = list[dict[str, Any]]
BOOK: Rows = [{'policy': f'P{side}', 'side': side} for side in (3, 1, 2)]
AREAS = [('P3', 9), ('P1', 1), ('P2', 4)]


def write_jsonl(path: Path, rows: Rows) -> None:
    path.write_text(''.join(f'{json.dumps(row)}\n' for row in rows))


def write_csv(path: Path, rows: Rows) -> None:
    pyarrow_csv.write_csv(pa.Table.from_pylist(rows), path)


def write_parquet(path: Path, rows: Rows) -> None:
    parquet.write_table(pa.Table.from_pylist(rows), path)


def write_xlsx(path: Path, rows: Rows) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    book.save(path)


WRITERS: dict[str, Callable[[Path, Rows], None]] = {
    'book.csv': write_csv,
    'book.jsonl': write_jsonl,
    'book.parquet': write_parquet,
    'book.xlsx': write_xlsx,
}


def read_results(path: Path) -> Rows:
    """The rows of a file of results."""
    match path.suffix:
        case '.csv':
            with path.open(newline='') as file:
                return [{**row, 'area': int(float(row['area']))} for row in csv.DictReader(file)]
        case '.jsonl':
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            return [{**line, **(line.get('outputs') or {}), **(line.get('kept') or {})} for line in lines]
        case _:
            found: Rows = parquet.read_table(path).to_pylist()
            return found


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A file of records."""
    path = tmp_path / 'book.csv'
    write_csv(path, BOOK)
    return path


@pytest.fixture
def execute(run: Run, squarer: Squares) -> Run:
    """The command, which executes the service of squares."""

    def execute_square(*arguments: object) -> Done:
        return run('execute', URI, *arguments, '--url', squarer.url, '--tenant', 't', '--retries', '0')

    return execute_square


@pytest.mark.parametrize('name', WRITERS)
@pytest.mark.parametrize('way', ['as an argument', 'as inputs'])
def test_records_of_a_file_are_printed_an_object_a_line(execute: Run, tmp_path: Path, name: str, way: str) -> None:
    path = tmp_path / name
    WRITERS[name](path, BOOK)
    given = (path,) if way == 'as an argument' else ('-i', f'@{path}')
    done = execute(*given, '--keep', 'policy')
    assert done.code == 0, done.err
    assert [(row['policy'], row['area']) for row in done.lines] == AREAS


@pytest.mark.parametrize('name', ['results.parquet', 'results.csv', 'results.jsonl'])
def test_results_are_written_to_a_file(execute: Run, book: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    done = execute(book, '--keep', 'policy', '-o', target)
    assert (done.code, done.out) == (0, '')
    assert [(row['policy'], row['area']) for row in read_results(target)] == AREAS
    done = execute(book, '--quiet', '-o', target)
    assert (done.code, done.out, done.err) == (0, '', '')


@pytest.mark.parametrize('name', ['results.parquet', 'results.csv', 'results.jsonl'])
def test_one_record_is_written_to_a_file(execute: Run, tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    done = execute('-i', '{"side": 5}', '-o', target)
    assert (done.code, done.out) == (0, '')
    assert [row['area'] for row in read_results(target)] == [25]


def test_records_of_a_text_are_many(execute: Run) -> None:
    done = execute('-i', '[{"side": 2}, {"side": 4}]')
    assert done.code == 0, done.err
    assert [row['area'] for row in done.lines] == [4, 16]


@pytest.mark.parametrize('choice', [(), ('--on-error', 'collect')])
def test_records_that_fail_are_collected_and_end_with_3(
    execute: Run, squarer: Squares, book: Path, choice: tuple[str, ...]
) -> None:
    squarer.poison = lambda record: record['side'] == 1
    done = execute(book, '--keep', 'policy', *choice)
    assert done.code == 3
    assert [(row['policy'], row.get('area')) for row in done.lines] == [('P3', 9), ('P1', None), ('P2', 4)]
    assert [bool(row['errors']) for row in done.lines] == [False, True, False]
    assert execute(book, '--quiet', *choice).err == ''


def test_records_that_fail_end_with_3_where_results_are_written(
    execute: Run, squarer: Squares, book: Path, tmp_path: Path
) -> None:
    squarer.poison = lambda record: record['side'] == 1
    assert execute(book, '-o', tmp_path / 'results.jsonl').code == 3
    assert [row.get('area') for row in read_results(tmp_path / 'results.jsonl')] == [9, None, 4]


def test_a_record_that_fails_ends_the_run_where_errors_are_raised(execute: Run, squarer: Squares, book: Path) -> None:
    squarer.poison = lambda record: record['side'] == 1
    done = execute(book, '--on-error', 'raise', '--chunk-size', '1')
    assert done.code == 1
    assert 'record' in done.said


def test_a_record_with_errors_of_the_service_ends_with_3(run: Run, url: str, tmp_path: Path) -> None:
    path = tmp_path / 'book.jsonl'
    write_jsonl(path, [{'term_years': 1}, {'term_years': 'abc'}])
    done = run('execute', 'insurance/term-life', path, '--url', f'{url}/my-tenant')
    assert done.code == 3
    assert [bool(row['errors']) for row in done.lines] == [False, True]


def test_a_checkpoint_resumes_a_run(execute: Run, squarer: Squares, book: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / 'run.checkpoint'
    squarer.poison = lambda record: record['side'] == 2
    options = ('--checkpoint', checkpoint, '--chunk-size', '1', '--concurrency', '1')
    assert execute(book, *options, '--on-error', 'raise').code == 1
    assert checkpoint.exists()
    squarer.poison = lambda _: False
    squarer.executed.clear()
    done = execute(book, *options, '--on-error', 'raise')
    assert done.code == 0, done.err
    assert [row['area'] for row in done.lines] == [9, 1, 4]
    assert squarer.executed[3] == 0 and squarer.executed[2] == 1


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (('missing.csv',), 'missing.csv'),
        (('-i', '@missing.csv'), 'missing.csv'),
        (('-i', '{}', '-o', 'results.txt'), 'results.txt'),
        (('-i', '{}', '-o', '/nowhere/results.csv'), '/nowhere/results.csv'),
        (('-i', '[{"side": 1}]', '--keep', 'nothing'), 'nothing'),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error_of_one_line(
    execute: Run, arguments: tuple[str, ...], words: str
) -> None:
    done = execute(*arguments)
    assert (done.code, done.out) == (1, '')
    assert words in done.said


def test_a_folder_is_no_file_of_records(execute: Run, tmp_path: Path) -> None:
    (tmp_path / 'book.csv').mkdir()
    for arguments in ((tmp_path / 'book.csv',), ('-i', f'@{tmp_path}.json'), ('-i', '{}', '-o', tmp_path / 'book.csv')):
        assert execute(*arguments).code == 1
        assert execute(*arguments).said
