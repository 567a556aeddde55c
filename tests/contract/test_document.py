"""What the vendor writes of the API's requests and answers fits the schemas of the API's document.

The files of `answers` are word for word what stands in the vendor's description.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from contract.document import SCHEMAS, complaints, component, undeclared

FILES = Path(__file__).parent / 'answers'

WRITTEN = {
    'health': 'HealthStatus',
    'version': 'RunnerVersion',
    'status': 'RunnerStatus',
    'upload': 'UploadAnswer',
    'metadata': 'ExecuteAnswer',
    'execute_request': 'ExecuteRequest',
    'execute': 'ExecuteAnswer',
    'execute_many_request': 'ExecuteManyRequest',
    'execute_many': 'ExecuteManyAnswer',
}
every_text = pytest.mark.parametrize(('name', 'schema'), WRITTEN.items(), ids=list(WRITTEN))

FAILED: dict[str, Any] = {
    'status': 'Error',
    'error': {'message': 'the model aborted'},
    'response_data': None,
    'response_meta': {'process_time': 0, 'system': 'SPARK'},
}

REQUESTS: dict[str, tuple[str, Any]] = {
    'defaults': ('ExecuteRequest', {'request_data': {'inputs': {}}}),
    'columnar': ('ExecuteManyRequest', {'inputs': [['height', 'radius'], [1, 2], [3, 4]], 'version_id': 'uuid'}),
    'service id': ('ExecuteManyRequest', {'inputs': [{'height': 1}], 'service': 'uuid'}),
    'validation': (
        'ValidationRequest',
        {
            'request_data': {'inputs': {'my_input': 13}},
            'request_meta': {'service_id': None, 'version_id': 'uuid', 'version': None, 'validation_type': 'dynamic'},
        },
    ),
    'metadata': (
        'MetadataRequest',
        {'request_data': {'inputs': None}, 'request_meta': {'service_id': None, 'version_id': 'uuid'}},
    ),
}

WRONG: dict[str, tuple[str, Any]] = {
    'health without text': ('HealthStatus', {'msg': 1}),
    'version without text': ('RunnerVersion', {'version': 1.31}),
    'models that are no list': ('RunnerStatus', {'models': {}}),
    'a count that is text': ('RunnerStatus', {'models': [{'tenant': 'my-tenant', 'total_model': 'one'}]}),
    'an instance that is a number': ('RunnerStatus', {'models': [{'model_stats': [{'thread_stats': {'1': 5}}]}]}),
    'services that are no list': ('UploadAnswer', {'response_data': [{'services': 'my-service'}]}),
    'a version id that is no text': ('UploadAnswer', {'response_data': [{'services': [{'VersionId': 7}]}]}),
    'an error that is text': ('ExecuteAnswer', FAILED | {'error': 'the model aborted'}),
    'outputs at the top of v3': ('ExecuteAnswer', {'response_data': []}),
    'many records without inputs': ('ExecuteManyRequest', {'service': 'my-folder/my-service'}),
    'many records in one object': ('ExecuteManyRequest', {'inputs': {'height': 1}}),
    'outputs of v4 that are no list': ('ExecuteManyAnswer', {'outputs': {'volume': 1}}),
}


def read(name: str) -> Any:
    """What the vendor wrote."""
    return json.loads((FILES / f'{name}.json').read_text(encoding='utf-8'))


@every_text
def test_what_the_vendor_writes_fits_the_schema(name: str, schema: str) -> None:
    assert complaints(component(schema), read(name)) == []


@every_text
def test_every_field_that_the_vendor_writes_is_described(name: str, schema: str) -> None:
    passed_on = '.EngineInformation.'
    assert [field for field in undeclared(SCHEMAS[schema], read(name)) if passed_on not in field] == []


def test_the_engine_information_that_a_client_needs_is_described() -> None:
    (tenant,) = read('upload')['response_data']
    engine = tenant['services'][0]['EngineInformation']
    needed = {'ProductName', 'ServiceName', 'Revision', 'ServiceGuid', 'ServiceVersionGuid', 'Tenant'}
    assert needed <= SCHEMAS['EngineInformation']['properties'].keys() <= engine.keys()


@pytest.mark.parametrize('missing', [(), *((field,) for field in FAILED), tuple(FAILED)], ids=str)
@pytest.mark.parametrize('schema', ['ExecuteAnswer', 'ErrorAnswer'])
def test_a_failed_call_fits_with_all_its_fields_and_without_some(schema: str, missing: tuple[str, ...]) -> None:
    failed = {name: value for name, value in FAILED.items() if name not in missing}
    assert complaints(component(schema), failed) == []


@pytest.mark.parametrize(('schema', 'request_body'), REQUESTS.values(), ids=list(REQUESTS))
def test_what_the_published_clients_send_fits_the_schema(schema: str, request_body: object) -> None:
    assert complaints(component(schema), request_body) == []
    assert list(undeclared(SCHEMAS[schema], request_body)) == []


@pytest.mark.parametrize(('schema', 'value'), WRONG.values(), ids=list(WRONG))
def test_a_value_of_another_form_is_refused(schema: str, value: object) -> None:
    assert complaints(component(schema), value) != []


def test_every_text_of_the_vendor_is_compared_with_a_schema() -> None:
    assert {file.stem for file in FILES.glob('*.json')} == set(WRITTEN)
