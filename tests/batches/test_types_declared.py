"""A value arrives as it was in a column of the type that was declared, or it is refused."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest

import cspark.wasm as Hybrid
from cspark.wasm.testing import StubRunner

pa: Any = importlib.import_module('pyarrow')

KINDS = ['boolean', 'integer', 'double', 'string', 'date', 'timestamp', 'json']
HELD: list[tuple[str, Any, Any]] = [
    ('boolean', True, True),
    ('boolean', False, False),
    ('integer', 2**53 + 1, 2**53 + 1),
    ('integer', -(2**63), -(2**63)),
    ('integer', 7.0, 7),
    ('double', 1e300, 1e300),
    ('double', 2**53, float(2**53)),
    ('double', 5, 5.0),
    ('string', '', ''),
    ('string', '2024-02-30', '2024-02-30'),
    ('date', '2024-02-29', date(2024, 2, 29)),
    ('date', '2024-02-29T00:00:00', date(2024, 2, 29)),
    ('timestamp', '2024-02-29T10:11:12.123456', datetime(2024, 2, 29, 10, 11, 12, 123456)),
    ('timestamp', '2024-02-29', datetime(2024, 2, 29)),
]
REFUSED: list[tuple[str, Any]] = [
    *[('boolean', value) for value in (1, 0, 'true', '', 1.0, [True])],
    *[('integer', value) for value in (True, 1.5, 2**63, 1e300, '1', '', [1], {'a': 1})],
    *[('double', value) for value in (True, 2**53 + 1, 2**70, '1.5', '', [1.5])],
    *[('string', value) for value in (1, 1.5, True, ['a'], {'a': 'b'})],
    *[('date', value) for value in ('', '2024-02-30', '2024-2-3', '2024-02-29T10:00:00', '20240229', 45000, True)],
    *[('date', value) for value in ('2024-02-29T00:00:00Z', '2024-02-29T00:00:00+02:00', ['2024-02-29'], '0000-01-01')],
    *[('timestamp', value) for value in ('', '2024-02-30T00:00:00', '2024-02-29T10:11:12Z', '10:11', 45000.5, True)],
    *[('timestamp', value) for value in ('2024-02-29T10:11:12+01:00', '2024-02-29T10:11:12.1234567', ['x'])],
]
AS_JSON: list[Any] = [True, 2**53 + 1, 2**70, 1e300, '', '2024-02-30', [1, [2, [None]]], {'a': {'b': []}}, 0.1]


@pytest.fixture(scope='module')
def stub() -> Iterator[StubRunner]:
    with StubRunner() as runner:
        yield runner


def through(stub: StubRunner, kind: str, value: Any, **options: Any) -> Any:
    """What becomes of an output in a column of a type."""
    stub.add('types/one', lambda _: {'x': value})
    settings: dict[str, Any] = {'base_url': stub.url, 'tenant': 'my-tenant', 'token': 'open', **options}
    with Hybrid.Batches('types/one', keep=['policy'], outputs={'x': kind}, **settings) as batches:
        return batches(pa.table({'policy': ['P7']}))


@pytest.mark.parametrize(('kind', 'value', 'expected'), HELD)
def test_a_value_of_the_declared_type_arrives_as_it_was(stub: StubRunner, kind: str, value: Any, expected: Any) -> None:
    column = through(stub, kind, value).column('x')
    assert column.to_pylist() == [expected]
    assert type(column.to_pylist()[0]) is type(expected)


@pytest.mark.parametrize(('kind', 'value'), REFUSED)
def test_a_value_of_another_type_is_an_error_with_record_and_output(stub: StubRunner, kind: str, value: Any) -> None:
    with pytest.raises(Hybrid.SparkError) as caught:
        through(stub, kind, value)
    for part in ('record 0', "policy='P7'", "'x'", kind):
        assert part in str(caught.value)


@pytest.mark.parametrize(('kind', 'value'), REFUSED)
def test_an_error_about_a_type_recommends_a_type_that_holds_the_value(stub: StubRunner, kind: str, value: Any) -> None:
    with pytest.raises(Hybrid.SparkError) as caught:
        through(stub, kind, value)
    advice = str(caught.value).rpartition('declare it as')[2]
    advised = [one for one in KINDS if f"'{one}'" in advice]
    assert advised, 'the message ends without a type'
    for one in advised:
        assert through(stub, one, value).column('x').null_count == 0


@pytest.mark.parametrize(('kind', 'value'), REFUSED)
def test_a_value_of_another_type_is_collected_as_an_error(stub: StubRunner, kind: str, value: Any) -> None:
    table = through(stub, kind, value, on_error='collect')
    assert table.column('x').to_pylist() == [None]
    assert json.loads(table.column('errors').to_pylist()[0])[0]['source_path'] == 'x'


@pytest.mark.parametrize('value', AS_JSON)
def test_json_holds_every_value(stub: StubRunner, value: Any) -> None:
    text = through(stub, 'json', value).column('x').to_pylist()[0]
    assert json.loads(text) == value
    assert type(json.loads(text)) is type(value)


@pytest.mark.parametrize('kind', KINDS)
def test_nothing_is_an_empty_cell_of_every_type(stub: StubRunner, kind: str) -> None:
    table = through(stub, kind, None)
    assert table.column('x').to_pylist() == [None]
    assert table.column('errors').to_pylist() == [None]


@pytest.mark.parametrize('kind', KINDS)
def test_an_excel_error_is_an_empty_cell_and_a_warning(stub: StubRunner, kind: str) -> None:
    table = through(stub, kind, '#VALUE!')
    assert table.column('x').to_pylist() == [None]
    assert json.loads(table.column('warnings').to_pylist()[0])[0]['message'] == '#VALUE!'


def test_outputs_that_are_not_declared_are_found_by_the_defaults_and_widened(stub: StubRunner) -> None:
    stub.add('types/probed', lambda given: {'a': given.get('v', 1), 'b': 'text', 'c': True, 'd': [1], 'e': None})
    options: Any = {'base_url': stub.url, 'tenant': 'my-tenant', 'token': 'open'}
    with Hybrid.Batches('types/probed', **options) as batches:
        assert batches(pa.table({'v': [1.5]})).column('a').to_pylist() == [1.5]
        assert batches.outputs == {'a': 'double', 'b': 'string', 'c': 'boolean', 'd': 'json', 'e': 'json'}


def test_an_excel_error_among_the_defaults_does_not_make_a_number_text(stub: StubRunner) -> None:
    stub.add('types/broken', lambda given: {'x': given.get('v', '#VALUE!')})
    options: Any = {'base_url': stub.url, 'tenant': 'my-tenant', 'token': 'open'}
    with Hybrid.Batches('types/broken', **options) as batches:
        assert [float(one) for one in batches(pa.table({'v': [1.5]})).column('x').to_pylist()] == [1.5]


def test_the_defaults_are_executed_once(stub: StubRunner) -> None:
    service = stub.add('types/counted', lambda given: {'x': given.get('v')})
    options: Any = {'base_url': stub.url, 'tenant': 'my-tenant', 'token': 'open'}
    with Hybrid.Batches('types/counted', **options) as batches:
        for number in range(5):
            batches(pa.table({'v': [number]}))
    assert service.records.count({}) == 1


@pytest.mark.parametrize('values', [[0], [0, 1]])
def test_a_record_without_an_output_is_treated_alike_whoever_shares_its_batch(
    stub: StubRunner, values: list[int]
) -> None:
    stub.add('types/partly', lambda given: {'x': 1, 'y': 1} if given['v'] else {'y': 1})
    options: Any = {'base_url': stub.url, 'tenant': 'my-tenant', 'token': 'open', 'on_error': 'collect'}
    with Hybrid.Batches('types/partly', outputs={'x': 'double'}, **options) as batches:
        assert batches(pa.table({'v': values})).column('x').to_pylist()[0] is None
