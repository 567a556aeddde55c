"""What a stub answers to each way of calling it with one record or a list."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import polars as pl
import pytest

import cspark.wasm as Hybrid
from cspark.wasm.testing import Stub, StubRunner

pa: Any = importlib.import_module('pyarrow')

URI = 'shapes/square'
Stubs = Callable[..., Stub]


def square(inputs: dict[str, Any]) -> dict[str, Any]:
    """The area of a square."""
    return {'area': inputs['side'] ** 2}


@pytest.fixture
def stub(cspark_stub: Stubs) -> Stub:
    """A service that computes areas."""
    return cspark_stub(URI, square)


def test_one_record_has_the_lists_of_many(stub: Stub, stubbed: Hybrid.Client) -> None:
    answer = stubbed.services.execute(URI, inputs={'side': 3})
    assert answer.status == 200
    assert answer.data['outputs'] == [{'area': 9}]
    assert answer.data['warnings'] == answer.data['errors'] == [None]
    assert (answer.data['service_id'], answer.data['version_id']) == (stub.service_id, stub.version_id)
    assert answer.data['version'] == stub.version
    assert answer.call_id
    assert answer.raise_for_errors().output == {'area': 9}


def test_the_original_answer_is_the_envelope_of_version_3(stub: Stub, stubbed: Hybrid.Client) -> None:
    answer = stubbed.services.execute(URI, inputs={'side': 3}, response_format='original')
    assert answer.data['status'] == 'Success'
    assert answer.data['response_data']['outputs'] == {'area': 9}
    assert answer.data['response_meta']['version_id'] == stub.version_id
    assert answer.output == {'area': 9}


@pytest.mark.parametrize('encoding', [None, 'gzip', 'deflate'])
@pytest.mark.parametrize('layout', ['rows', 'columnar'])
def test_a_list_is_answered_record_by_record(stub: Stub, stubbed: Hybrid.Client, encoding: Any, layout: Any) -> None:
    records = [{'side': number, 'name': 'é'} for number in (1, 2, 3)]
    answer = stubbed.services.execute(URI, inputs=records, encoding=encoding, layout=layout)
    assert answer.outputs == [{'area': 1}, {'area': 4}, {'area': 9}]
    assert answer.data['errors'] == answer.data['warnings'] == [None, None, None]
    assert answer.data['version_id'] == stub.version_id
    assert stub.records == records
    assert len(stub.calls) == 1


@pytest.mark.parametrize('encoding', ['gzip', 'deflate'])
def test_one_record_may_be_compressed(stub: Stub, stubbed: Hybrid.Client, encoding: Any) -> None:
    assert stubbed.services.execute(URI, inputs={'side': 5}, encoding=encoding).output == {'area': 25}
    assert stub.calls[0].headers['content-encoding'] == encoding


@pytest.mark.parametrize('table', [pd.DataFrame, pl.DataFrame, pa.table])
def test_tables_are_answered_row_by_row(stub: Stub, stubbed: Hybrid.Client, table: Any) -> None:
    answer = stubbed.services.execute(URI, inputs=table({'side': [2, 4]}))
    assert answer.outputs == [{'area': 4}, {'area': 16}]
    assert answer.to_pandas()['area'].tolist() == [4, 16]
    assert stub.records == [{'side': 2}, {'side': 4}]


def test_a_list_of_one_record_is_a_list(stub: Stub, stubbed: Hybrid.Client) -> None:
    assert stubbed.services.execute(URI, inputs=[{'side': 2}]).outputs == [{'area': 4}]


def test_no_inputs_are_an_empty_record(cspark_stub: Stubs, stubbed: Hybrid.Client) -> None:
    def unit(inputs: dict[str, Any]) -> dict[str, Any]:
        return {'area': inputs.get('side', 1)}

    stub = cspark_stub('shapes/unit', unit)
    assert stubbed.services.execute('shapes/unit').output == {'area': 1}
    assert stub.records == [{}]


@pytest.mark.parametrize('transport', [None, 'httpx'])
def test_probes_tell_that_the_runner_is_there(stub: Stub, cspark_stub_runner: StubRunner, transport: Any) -> None:
    with Hybrid.Client(base_url=cspark_stub_runner.url, tenant='t', token='open', transport=transport) as client:
        assert client.health.check().data == {'msg': 'ok'}
        assert client.version.get().status == 200
        assert stub.version_id in str(client.status.get().data['models'])
        assert client.services.execute(URI, inputs={'side': 2}).output == {'area': 4}


def test_probes_work_with_each_client(stub: Stub, stubbed: Hybrid.Client) -> None:
    assert stubbed.health.check().data == {'msg': 'ok'}
    assert 'version' in stubbed.version.get().data
    assert stub.version_id in str(stubbed.status.get().data['models'])
    assert stub.calls == []


@pytest.mark.parametrize('verb', ['validate', 'get_metadata'])
@pytest.mark.parametrize('by', ['version_id', 'service_id'])
def test_validation_and_metadata_find_the_stub(stub: Stub, stubbed: Hybrid.Client, verb: str, by: str) -> None:
    called: Any = getattr(stubbed.services, verb)
    kind = by.removesuffix('_id')
    for answer in (called(f'{kind}/{getattr(stub, by)}', inputs={'side': 1}), called(**{by: getattr(stub, by)})):
        assert answer.status == 200
        assert answer.data['status'] == 'Success'
        assert answer.data['response_data']['outputs'] is not None
    assert len(stub.calls) == 2
    assert stub.calls[0].records == ({'side': 1},)


def failing(inputs: dict[str, Any]) -> dict[str, Any]:
    """A function that fails for some."""
    if inputs['side'] < 0:
        raise ValueError(f'no square has a side of {inputs["side"]}')
    return square(inputs)


def test_an_exception_is_an_error_of_its_record_alone(cspark_stub: Stubs, stubbed: Hybrid.Client) -> None:
    stub = cspark_stub(URI, failing)
    answer = stubbed.services.execute(URI, inputs=[{'side': 1}, {'side': -2}, {}, {'side': 3}])
    assert answer.outputs == [{'area': 1}, None, None, {'area': 9}]
    assert [bool(errors) for errors in answer.errors] == [False, True, True, False]
    assert 'no square has a side of -2' in answer.errors[1][0]['message']
    assert 'KeyError' in answer.errors[2][0]['message']
    with pytest.raises(Hybrid.SparkExecutionError) as caught:
        answer.raise_for_errors()
    assert sorted(caught.value.records) == [1, 2]
    assert len(stub.calls) == 1


@pytest.mark.parametrize('response_format', [None, 'original'])
def test_an_exception_for_one_record_is_among_its_errors(
    cspark_stub: Stubs, stubbed: Hybrid.Client, response_format: Any
) -> None:
    cspark_stub(URI, failing)
    answer = stubbed.services.execute(URI, inputs={'side': -1}, response_format=response_format)
    assert answer.outputs == [None]
    assert 'no square has a side of -1' in answer.errors[0][0]['message']


NO_MAPPINGS: dict[str, Any] = {
    'nothing': None,
    'a number': 3,
    'truth': True,
    'text': 'text',
    'a list': [1, 2],
    'a list of pairs': ['ab', 'cd'],
    'an object': object(),
}


@pytest.mark.parametrize('returned', NO_MAPPINGS.values(), ids=NO_MAPPINGS)
def test_what_is_no_mapping_is_an_error_of_its_record_alone(
    cspark_stub: Stubs, stubbed: Hybrid.Client, returned: Any
) -> None:
    def compute(inputs: dict[str, Any]) -> Any:
        return returned if inputs['side'] == 2 else square(inputs)

    stub = cspark_stub(URI, compute)
    answer = stubbed.services.execute(URI, inputs=[{'side': 1}, {'side': 2}, {'side': 3}])
    assert answer.outputs == [{'area': 1}, None, {'area': 9}]
    assert [bool(errors) for errors in answer.errors] == [False, True, False]
    assert stubbed.services.execute(URI, inputs={'side': 2}).errors[0]
    assert len(stub.calls) == 2


class Outputs(Mapping[str, Any]):
    """A mapping that is no dictionary."""

    def __getitem__(self, name: str) -> Any:
        return {'area': 4}[name]

    def __iter__(self) -> Any:
        return iter(['area'])

    def __len__(self) -> int:
        return 1


def test_any_mapping_will_do(cspark_stub: Stubs, stubbed: Hybrid.Client) -> None:
    def compute(_: dict[str, Any]) -> Outputs:
        return Outputs()

    cspark_stub(URI, compute)
    assert stubbed.services.execute(URI, inputs={}).output == {'area': 4}


def test_calls_are_kept_in_order_with_their_headers_and_metadata(stub: Stub, stubbed: Hybrid.Client) -> None:
    for side in range(5):
        stubbed.services.execute(URI, inputs={'side': side}, call_purpose=f'number {side}')
    stubbed.services.execute(URI, inputs=[{'side': 5}, {'side': 6}], headers={'X-Mine': '1'}, correlation_id='mine')
    assert [list(call.records) for call in stub.calls[:5]] == [[{'side': side}] for side in range(5)]
    assert stub.records == [{'side': side} for side in range(7)]
    assert [call.meta['call_purpose'] for call in stub.calls[:5]] == [f'number {side}' for side in range(5)]
    assert stub.calls[5].meta['correlation_id'] == 'mine'
    assert stub.calls[5].headers['x-mine'] == '1'
    assert {call.headers['x-tenant-name'] for call in stub.calls} == {'my-tenant'}
    assert len({call.headers['x-request-id'] for call in stub.calls}) == 6
    assert all(name == name.lower() for call in stub.calls for name in call.headers)
    assert '/my-tenant/api/v3/' in stub.calls[0].path
    assert '/my-tenant/api/v4/' in stub.calls[5].path


@pytest.mark.parametrize('inputs', [{'side': 3}, [{'side': 3}]], ids=['v3', 'v4'])
def test_what_was_received_stays_as_it_came(cspark_stub: Stubs, stubbed: Hybrid.Client, inputs: Any) -> None:
    def compute(inputs: dict[str, Any]) -> dict[str, Any]:
        return {'area': inputs.pop('side') ** 2}

    stub = cspark_stub(URI, compute)
    assert stubbed.services.execute(URI, inputs=inputs).output == {'area': 9}
    assert stub.records == [{'side': 3}]
