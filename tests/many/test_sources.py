"""Where many records come from: every form is read bit by bit, and what cannot be read is told with its place."""

from __future__ import annotations

import csv
import importlib
import json
from collections import UserDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import cspark.wasm as Hybrid
from cspark.wasm._many.reading import BATCH
from cspark.wasm._many.sources import Source, open_source

pa: Any = importlib.import_module('pyarrow')
pq: Any = importlib.import_module('pyarrow.parquet')
dataset: Any = importlib.import_module('pyarrow.dataset')
COUNT = 2 * BATCH + 5
RECORDS: list[dict[str, Any]] = [{'age': index, 'rate': index / 4, 'name': f'é{index}'} for index in range(COUNT)]
TABLE: Any = pa.Table.from_pylist(RECORDS)


@dataclass
class Person:
    age: int
    rate: float
    name: str


def csv_file(path: Path) -> Path:
    with path.open('w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, RECORDS[0])
        writer.writeheader()
        writer.writerows(RECORDS)
    return path


def json_lines(path: Path) -> Path:
    path.write_text(''.join(f'{json.dumps(record)}\n\n' for record in RECORDS), encoding='utf-8')
    return path


def parquet(path: Path) -> Path:
    pq.write_table(TABLE, path, row_group_size=1000)
    return path


def columnar() -> list[Any]:
    return [list(RECORDS[0]), *(list(record.values()) for record in RECORDS)]


FORMS: dict[str, tuple[Callable[[Path], Any], int | None]] = {
    'list': (lambda _: RECORDS, COUNT),
    'tuple': (lambda _: tuple(RECORDS), COUNT),
    'generator': (lambda _: (record for record in RECORDS), None),
    'frames': (lambda _: (pd.DataFrame(RECORDS[start : start + 1000]) for start in range(0, COUNT, 1000)), None),
    'batches': (lambda _: TABLE.to_batches(max_chunksize=1000), None),
    'a CSV reader of pandas': (lambda folder: pd.read_csv(csv_file(folder / 'in.csv'), chunksize=1000), None),
    'a dataset': (lambda folder: dataset.dataset(parquet(folder / 'in.parquet')), None),
    'numpy': (lambda _: pd.DataFrame(RECORDS).to_records(index=False), COUNT),
    'mappings': (lambda _: [UserDict(record) for record in RECORDS], COUNT),
    'dataclasses': (lambda _: [Person(**record) for record in RECORDS], COUNT),
    'columnar': (lambda _: columnar(), COUNT),
    'columnar iterator': (lambda _: iter(columnar()), None),
    'JSON text': (lambda _: json.dumps(RECORDS), COUNT),
    'pandas': (lambda _: pd.DataFrame(RECORDS), COUNT),
    'polars': (lambda _: pl.DataFrame(RECORDS), COUNT),
    'polars, lazy': (lambda _: pl.LazyFrame(RECORDS), COUNT),
    'arrow table': (lambda _: TABLE, COUNT),
    'arrow record batch': (lambda _: TABLE.combine_chunks().to_batches()[0], COUNT),
    'arrow reader': (lambda _: TABLE.to_reader(max_chunksize=1000), None),
    'parquet': (lambda folder: parquet(folder / 'in.parquet'), COUNT),
    'csv': (lambda folder: csv_file(folder / 'in.csv'), None),
    'jsonl': (lambda folder: json_lines(folder / 'in.jsonl'), None),
    'path as text': (lambda folder: str(json_lines(folder / 'IN.NDJSON')), None),
}


def read(source: Source, count: int = 1000) -> list[dict[str, Any]]:
    """All of a source, as dictionaries."""
    records = list[dict[str, Any]]()
    while taken := source.take(count):
        assert 0 < len(taken.rows) <= count
        names = taken.names
        records += [dict(zip(names, row, strict=True)) if names else plain(row) for row in taken.rows]
    source.close()
    return records


def plain(record: Any) -> dict[str, Any]:
    return vars(record) if isinstance(record, Person) else dict(record)


@pytest.mark.parametrize('form', FORMS)
def test_every_form_gives_the_same_records_and_their_number_where_it_can_be_known(form: str, tmp_path: Path) -> None:
    make, total = FORMS[form]
    source = open_source(make(tmp_path))
    assert source.total == total
    assert read(source) == RECORDS


@pytest.mark.parametrize('form', FORMS)
def test_as_many_records_are_given_as_are_asked_for_across_the_blocks_that_they_are_read_in(
    form: str, tmp_path: Path
) -> None:
    source = open_source(FORMS[form][0](tmp_path))
    taken = [source.take(size, exactly=True) for size in (1, BATCH, BATCH, BATCH)]
    assert [len(one.rows) for one in taken if one] == [1, BATCH, BATCH, 4]
    assert source.take(1, exactly=True) is None
    source.close()


@pytest.mark.parametrize('kind', ['generator', 'csv', 'jsonl', 'arrow reader'])
def test_what_is_not_needed_yet_is_not_read(kind: str, tmp_path: Path) -> None:
    given = list[int]()

    def records() -> Iterator[dict[str, Any]]:
        for index in range(1_000_000):
            given.append(index)
            yield {'age': index}

    def batches() -> Iterator[Any]:
        for _ in range(1000):
            given.extend(range(10))
            yield pa.RecordBatch.from_pylist([{'age': 1}] * 10)

    broken_later = tmp_path / f'in.{kind}'
    broken_later.write_text('age\n' + '1\n' * 2000 + '"' if kind == 'csv' else '{"age": 1}\n' * 2000 + '{')
    inputs: Any = {'generator': records(), 'arrow reader': broken_later}.get(kind, broken_later)
    if kind == 'arrow reader':
        inputs = pa.RecordBatchReader.from_batches(pa.schema({'age': pa.int64()}), batches())
    source = open_source(inputs)
    assert len(given) <= 1
    first = source.take(5)
    assert first is not None and len(first.rows) == 5
    assert len(given) <= 64
    source.close()


@pytest.mark.parametrize(
    'inputs',
    [
        [],
        (),
        iter([]),
        '[]',
        [['age']],
        pd.DataFrame(),
        pd.DataFrame({'age': []}),
        pl.DataFrame(),
        pl.LazyFrame(),
        TABLE.slice(0, 0),
        pa.RecordBatchReader.from_batches(TABLE.schema, []),
    ],
    ids=lambda inputs: f'{type(inputs).__module__}.{type(inputs).__name__}',
)
def test_inputs_without_a_record_are_at_their_end_at_once(inputs: Any) -> None:
    assert open_source(inputs).take(5) is None


@pytest.mark.parametrize('content', ['', 'age,name\n', 'age,name\n\n\n', '\n\n'])
@pytest.mark.parametrize('suffix', ['csv', 'jsonl', 'ndjson'])
def test_files_without_a_record_are_at_their_end_at_once(suffix: str, content: str, tmp_path: Path) -> None:
    path = tmp_path / f'in.{suffix}'
    path.write_text(content if suffix == 'csv' else content.replace('age,name', ''))
    assert open_source(path).take(5) is None


def test_a_parquet_file_without_a_record_is_at_its_end_at_once(tmp_path: Path) -> None:
    pq.write_table(TABLE.slice(0, 0), tmp_path / 'in.parquet')
    source = open_source(tmp_path / 'in.parquet')
    assert source.total == 0 and source.take(5) is None


@pytest.mark.parametrize('kind', [list, iter])
def test_none_is_a_record_of_defaults_and_not_the_end(kind: Callable[[list[Any]], Any]) -> None:
    taken = open_source(kind([None, {'age': 1}])).take(5)
    assert taken is not None and taken.rows == [{}, {'age': 1}]


def test_what_is_written_as_a_number_in_csv_is_one_and_an_empty_field_is_null(tmp_path: Path) -> None:
    fields = ['1', '-2', '0', '1.50', '2e3', '007', '+1', '.5', '1.', ' 1', 'NaN', 'TRUE', '', '1_0', '"a\nb"']
    values = [1, -2, 0, 1.5, 2000.0, '007', '+1', '.5', '1.', ' 1', 'NaN', 'TRUE', None, '1_0', 'a\nb']
    path = tmp_path / 'in.csv'
    path.write_text('\ufeffa,b\r\n' + ''.join(f'x,{field}\r\n' for field in fields), encoding='utf-8')
    assert read(open_source(path)) == [{'a': 'x', 'b': value} for value in values]


@pytest.mark.parametrize(
    ('name', 'content', 'words'),
    [
        ('in.jsonl', b'{"age": 1}\n\n{"age": }\n', r"in\.jsonl', line 3: not JSON"),
        ('in.jsonl', b'{"age": 1}\n[1]\n', r'line 2: a record must be a JSON object'),
        ('in.ndjson', b'{"age": 1}\n{"age": "\xff"}\n', r'line 2: not JSON'),
        ('in.csv', b'age,name\n1,a\n"2\n3",b\n4\n', r"in\.csv', line 5: 1 fields, and 2 names in line 1"),
        ('in.csv', b'age\n' + b'1\n' * 500 + b'2,3\n' + b'1\n' * 500, r'line 502: 2 fields, and 1 names'),
        ('in.csv', b'age\n1\n"2\n', r'line 3: unexpected end of data'),
        ('in.csv', b'age\n1e999\n', r"line 2, column 'age': .* give columns="),
        ('in.csv', b'age,age\n1,2\n', r"line 1: the column 'age' is named twice"),
        ('in.csv', b'\xff\xfea\x00g\x00e\x00', r"line 1: the file seems to be UTF-16; give encoding='utf-16'"),
        ('in.csv', b'age\n\xff\n', r'line 2: the line is not UTF-8; it seems to be cp1252'),
        ('in.parquet', b'PAR1 no', r"in\.parquet' cannot be read"),
    ],
    ids=range(11),
)
def test_a_bad_file_is_told_with_its_line(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Hybrid.SparkSdkError, match=words):
        read(open_source(tmp_path / name))


@pytest.mark.parametrize(
    ('inputs', 'words'),
    [
        ({'age': 1}, 'not dict; execute takes one record'),
        (None, 'not NoneType'),
        (5, 'not int'),
        (dict, 'not type'),
        ('{"age": 1}', 'not dict'),
        ('in.docx', r"'in\.docx' must end with one of \.parquet"),
        (Path('in.xls'), r"'in\.xls' must end with one of \.parquet, .*; save it as \.xlsx"),
        (Path('none.csv'), r"'none\.csv' is not a file"),
        ('none.parquet', r"'none\.parquet' is not a file"),
        ([1, 2], r'inputs\[0\]: a record must be a mapping'),
        (iter('ab'), r'inputs\[0\]: a record that is text must be JSON'),
        ([[1, 2], [3, 4]], 'the first row of columnar inputs must hold the names'),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_holds_no_records_is_refused_with_what_is_accepted(
    inputs: Any, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Hybrid.SparkSdkError, match=words):
        open_source(inputs)
