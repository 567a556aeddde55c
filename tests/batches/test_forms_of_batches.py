"""The same kind comes back: frames and tables with odd columns, names and indexes."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

import cspark.wasm as Hybrid
from cspark.wasm.testing import StubRunner

pa: Any = importlib.import_module('pyarrow')


@pytest.fixture
def stub() -> Iterator[StubRunner]:
    with StubRunner() as runner:
        runner.add('a/b', lambda given: {'x': given.get('v'), 'index': 7, 'warnings': 'w', 'errors': 'e'})
        yield runner


def made(stub: StubRunner, **options: Any) -> Hybrid.Batches:
    settings: dict[str, Any] = {'outputs': {'x': 'integer'}, 'tenant': 'my-tenant', 'token': 'open', **options}
    return Hybrid.Batches('a/b', base_url=stub.url, **settings)


ODD: dict[str, Callable[[], Any]] = {
    'categorical': lambda: pd.Categorical(['a', None, 'b']),
    'zoned': lambda: pd.date_range('2024', periods=3, tz='Asia/Tokyo'),
    'decimal': lambda: [Decimal('1.10'), None, Decimal('2')],
    'nullable integer': lambda: pd.array([2**53 + 1, None, 3], dtype='Int64'),
    'nullable boolean': lambda: pd.array([True, None, False], dtype='boolean'),
    'objects': lambda: pd.Series([{'a': 1}, [1], None], dtype=object),
    'arrow': lambda: pd.array(['a', 'b', None], dtype='string[pyarrow]'),
    'float32': lambda: pd.array([0.1, 0.2, 0.3], dtype='float32'),
}


@pytest.mark.parametrize('kind', ODD)
def test_a_kept_column_of_pandas_keeps_its_type_and_values(stub: StubRunner, kind: str) -> None:
    frame = pd.DataFrame({'v': [1, 2, 3], 'k': ODD[kind]()})
    with made(stub, keep=['k']) as batches:
        result = batches(frame)
    pd.testing.assert_series_equal(result['k'], frame['k'])
    assert result['x'].tolist() == [1, 2, 3]


INDEXES: dict[str, Callable[[], Any]] = {
    'repeated': lambda: ['a', 'a', 'b'],
    'of levels': lambda: pd.MultiIndex.from_tuples([('a', 1), ('a', 1), ('b', 2)], names=['v', None]),
    'of times': lambda: pd.date_range('2024', periods=3, tz='UTC'),
    'named like an input': lambda: pd.Index([9, 8, 7], name='v'),
    'of missing values': lambda: [None, float('nan'), 1],
}


@pytest.mark.parametrize('kind', INDEXES)
def test_a_frame_keeps_its_index(stub: StubRunner, kind: str) -> None:
    frame = pd.DataFrame({'v': [1, 2, 3]}, index=INDEXES[kind]())
    with made(stub, keep=['v']) as batches:
        result = batches(frame)
    pd.testing.assert_index_equal(result.index, frame.index)
    assert result['x'].tolist() == result['v'].tolist() == [1, 2, 3]


def test_a_frame_without_columns_gives_as_many_rows_or_a_clear_error(stub: StubRunner) -> None:
    with made(stub) as batches:
        try:
            rows = len(batches(pd.DataFrame(index=[0, 1])))
        except Hybrid.SparkSdkError:
            return
    assert rows == 2


@pytest.mark.parametrize('type_of', [pa.Table, pa.RecordBatch])
def test_columns_of_arrow_keep_their_types(stub: StubRunner, type_of: Any) -> None:
    columns: dict[str, Any] = {
        'v': pa.array([1, 2]).dictionary_encode(),
        'large': pa.array(['a', None], pa.large_string()),
        'dictionary': pa.array(['a', 'b']).dictionary_encode(),
        'decimal': pa.array([Decimal('1.10'), None]),
        'moment': pa.array([1, 2], pa.timestamp('ns', 'Asia/Tokyo')),
        'list': pa.array([[1], [2, None]]),
        'struct': pa.array([{'a': 1}, {'a': None}]),
        'view': pa.array(['a', 'b'], pa.string_view()),
        'nothing': pa.nulls(2),
    }
    batch = type_of.from_arrays(list(columns.values()), names=list(columns))
    names = [name for name in columns if name != 'v']
    with made(stub, keep=names) as batches:
        result = batches(batch)
        assert result.schema.equals(batches.schema(batch))
    assert type(result) is type_of
    assert result.column('x').to_pylist() == [1, 2]
    for name in names:
        assert result.column(name).equals(batch.column(name))


def test_names_of_arrow_columns_that_repeat_are_refused_before_anything_is_sent(stub: StubRunner) -> None:
    service = stub.add('a/b', lambda given: {'x': given.get('v')})
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=['v', 'v'])
    with made(stub) as batches, pytest.raises(Hybrid.SparkSdkError, match='v'):
        batches(table)
    with made(stub) as batches, pytest.raises(Hybrid.SparkSdkError, match='v'):
        batches(pd.DataFrame([[1, 2]], columns=['v', 'v']))
    assert not service.calls


def test_names_of_pandas_columns_that_are_numbers_can_be_kept(stub: StubRunner) -> None:
    with made(stub, keep=['5']) as batches:
        assert batches(pd.DataFrame([[1, 'k']], columns=['v', 5])).iloc[0].tolist()[:2] == ['k', 1]


@pytest.mark.parametrize('name', ['warnings', 'errors', 'index'])
def test_names_of_our_own_columns_cannot_be_kept(stub: StubRunner, name: str) -> None:
    with pytest.raises(Hybrid.SparkSdkError, match=name):
        made(stub, keep=[name])


def test_outputs_with_names_of_other_columns_are_renamed(stub: StubRunner) -> None:
    outputs = {'x': 'integer', 'index': 'integer', 'warnings': 'string', 'errors': 'string'}
    with made(stub, keep=['x'], outputs=outputs) as batches:
        row = batches(pa.table({'v': [1], 'x': ['mine']})).to_pylist()[0]
    assert row == {
        'x': 'mine',
        'outputs.x': 1,
        'outputs.index': 7,
        'outputs.warnings': 'w',
        'outputs.errors': 'e',
        'warnings': None,
        'errors': None,
    }


@pytest.mark.parametrize('keep', [['k', 'k'], ['x', 'outputs.x']])
def test_no_two_columns_of_the_result_have_one_name(stub: StubRunner, keep: list[str]) -> None:
    table = pa.table({'v': [1], 'k': ['a'], 'x': ['b'], 'outputs.x': ['c']})
    try:
        with made(stub, keep=keep) as batches:
            names = batches(table).schema.names
    except Hybrid.SparkSdkError:
        return
    assert len(names) == len(set(names))


def test_empty_batches_keep_their_columns_and_types_and_send_nothing(stub: StubRunner) -> None:
    service = stub.add('a/b', lambda given: {'x': given.get('v')})
    table = pa.table({'v': pa.array([], pa.int64()), 'k': pa.array([], pa.large_string())})
    with made(stub, keep=['k']) as batches:
        assert batches(table).schema.equals(batches.schema(table))
        frame = table.to_pandas()
        assert batches(frame).dtypes.to_dict() == batches.meta(frame).dtypes.to_dict()
        assert list(batches(iter([]))) == []
        assert [len(one) for one in batches(iter([table, table]))] == [0, 0]
    assert not service.calls


def test_meta_has_the_types_of_the_result(stub: StubRunner) -> None:
    outputs = {'x': 'integer', 'index': 'double', 'warnings': 'string', 'errors': 'json'}
    frame = pd.DataFrame({'v': [1], 'k': pd.Categorical(['a'])})
    with made(stub, keep=['k'], outputs=outputs) as batches:
        assert batches(frame).dtypes.to_dict() == batches.meta(frame).dtypes.to_dict()


UNFIT: list[Any] = [b'bytes', 1j, object(), pd.Period('2024-01'), {1: 2}, '\ud800', [1, [b'x']], pd.Timedelta(1)]


@pytest.mark.parametrize('value', UNFIT, ids=lambda value: type(value).__name__)
def test_a_value_that_cannot_be_sent_is_an_error_with_its_record_and_column(stub: StubRunner, value: Any) -> None:
    frame = pd.DataFrame({'v': pd.Series([1, value], dtype=object)})
    with made(stub) as batches, pytest.raises(Hybrid.SparkSdkError, match=r'1.*v'):
        batches(frame)


@pytest.mark.parametrize('value', [1j, object(), {1: 2}], ids=lambda value: type(value).__name__)
def test_with_collect_a_value_that_cannot_be_sent_fails_as_in_execute_many(stub: StubRunner, value: Any) -> None:
    frame = pd.DataFrame({'v': pd.Series([1, value], dtype=object)})
    with Hybrid.Client(base_url=stub.url, tenant='my-tenant', token='open') as client:
        try:
            expected = [bool(one.errors) for one in client.services.execute_many('a/b', frame, on_error='collect')]
        except Hybrid.SparkSdkError:
            expected = []
    with made(stub, on_error='collect') as batches:
        try:
            found = batches(frame)['errors'].notna().tolist()
        except Hybrid.SparkSdkError:
            found = []
    assert found == expected


def test_a_value_that_can_be_read_once_is_sent_as_it_was_or_refused(stub: StubRunner) -> None:
    frame = pd.DataFrame({'v': pd.Series([iter([1, 2])], dtype=object)})
    with made(stub, outputs={'x': 'json'}) as batches:
        try:
            assert batches(frame)['x'].tolist() == ['[1,2]']
        except Hybrid.SparkSdkError:
            return


@pytest.mark.parametrize('name', ['schema', 'names', '_meta', 'columns', 'index'])
def test_a_frame_may_have_a_column_of_any_name(stub: StubRunner, name: str) -> None:
    frame = pd.DataFrame({'v': [1], name: ['a']})
    with made(stub, keep=['v'], outputs={'x': 'integer'}) as batches:
        assert batches(frame)['v'].tolist() == [1]
        assert next(iter(batches.meta(frame).columns)) == 'v'
