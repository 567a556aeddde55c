"""Every example of the API's document fits its schema, and everything in the document has what a reader needs."""

from __future__ import annotations

from collections import Counter
from typing import Any

import jsonschema
import pytest
from contract.document import (
    DOCUMENT,
    OPERATIONS,
    SCHEMAS,
    Json,
    Operation,
    complaints,
    component,
    holders,
    resolve,
    schemas,
)

JSON = 'application/json'
CALLER_HEADERS = {'x-request-id', 'x-tenant-name', 'x-spark-ua'}

every_operation = pytest.mark.parametrize('operation', OPERATIONS, ids=str)
every_schema = pytest.mark.parametrize('name', SCHEMAS)


def examples() -> list[Any]:
    """Every example, with the JSON pointer of the schema that it is an example of."""
    found = [
        pytest.param(pointer, example, id=f'{pointer}-{number}')
        for pointer, schema in schemas()
        for number, example in enumerate(schema.get('examples', ()))
    ]
    for pointer, holder in holders():
        named = {'example': {'value': holder['example']}} if 'example' in holder else {}
        for name, example in (named | holder.get('examples', {})).items():
            found.append(pytest.param(f'{pointer}/schema', resolve(example)['value'], id=f'{pointer}-{name}'))
    return found


def has_example(media_type: Json) -> bool:
    """Whether a media type or its schema has one."""
    return bool({'example', 'examples'} & media_type.keys()) or bool(resolve(media_type['schema']).get('examples'))


@pytest.mark.parametrize(('pointer', 'example'), examples())
def test_an_example_fits_its_own_schema(pointer: str, example: object) -> None:
    assert complaints(pointer, example) == []


def test_examples_of_parameters_bodies_and_components_are_all_looked_at() -> None:
    pointers = [str(found.values[0]) for found in examples()]
    parts = Counter(
        pointer.split('/')[1:3][-1] if pointer.startswith('/components') else 'paths' for pointer in pointers
    )
    assert parts['schemas'] >= len(SCHEMAS)
    assert parts['parameters'] >= 9
    assert parts['paths'] >= 2


@every_schema
def test_a_schema_is_valid_json_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])


@every_schema
def test_a_schema_has_an_example(name: str) -> None:
    assert SCHEMAS[name].get('examples')


@every_schema
def test_a_schema_is_described(name: str) -> None:
    assert SCHEMAS[name].get('description')


def test_every_property_of_a_schema_has_a_description_or_refers_to_a_schema_that_has_one() -> None:
    bare: list[str] = []
    for pointer, schema in schemas():
        for name, found in schema.get('properties', {}).items():
            options = [option for option in found.get('oneOf', ()) if option != {'type': 'null'}]
            refers = '$ref' in found or (bool(options) and all('$ref' in option for option in options))
            if not (found.get('description') or refers):
                bare.append(f'{pointer}/{name}')
    assert bare == []


@every_operation
def test_a_request_has_an_example_for_each_of_its_media_types(operation: Operation) -> None:
    assert [name for name, media_type in operation.request.items() if not has_example(media_type)] == []
    assert bool(operation.request) == (operation.method == 'post')


@every_operation
def test_an_answer_has_content_and_an_example_of_it(operation: Operation) -> None:
    assert all(operation.answers.values())
    content = [(status, *item) for status, types in operation.answers.items() for item in types.items()]
    assert [(status, name) for status, name, media_type in content if not has_example(media_type)] == []


@every_operation
def test_an_operation_has_an_id_a_summary_and_declared_tags(operation: Operation) -> None:
    assert operation.content['operationId'].isidentifier()
    assert operation.content['summary'].endswith('.')
    assert operation.content['tags']
    assert set(operation.content['tags']) <= {tag['name'] for tag in DOCUMENT['tags']}


@pytest.mark.parametrize('field', ['operationId', 'summary'])
def test_no_two_operations_are_described_alike(field: str) -> None:
    counts = Counter(operation.content[field] for operation in OPERATIONS)
    assert [value for value, count in counts.items() if count > 1] == []


@every_operation
def test_an_operation_describes_its_error_answers(operation: Operation) -> None:
    expected = {'401', '429', '500', '503'}
    if operation.request:
        expected |= {'400', '413', '415', '422'}
    if '{tenant}' in operation.path:
        expected |= {'403', '404'}
    assert expected <= operation.answers.keys()
    schema = {'$ref': f'#{component("ErrorAnswer")}'}
    errors = {status: types for status, types in operation.answers.items() if not status.startswith('2')}
    assert {status: types[JSON]['schema'] for status, types in errors.items()} == dict.fromkeys(errors, schema)


@every_operation
def test_an_operation_describes_the_headers_of_a_caller(operation: Operation) -> None:
    headers = [it['name'] for it in operation.parameters if it['in'] == 'header']
    packed = {'Content-Encoding'} if JSON in operation.request else set[str]()
    assert sorted(headers) == sorted(CALLER_HEADERS | packed)


@every_operation
def test_an_operation_describes_every_parameter_of_its_path(operation: Operation) -> None:
    in_path = {it['name']: it.get('required') for it in operation.parameters if it['in'] == 'path'}
    templates = [part[1:-1] for part in operation.path.split('/') if part.startswith('{')]
    assert in_path == dict.fromkeys(templates, True)


@pytest.mark.parametrize('name', DOCUMENT['components']['parameters'])
def test_a_parameter_has_a_description_and_an_example(name: str) -> None:
    parameter = DOCUMENT['components']['parameters'][name]
    assert parameter['description']
    assert has_example(parameter)


def test_the_server_is_on_port_3000_unless_told_otherwise_and_may_have_a_prefix() -> None:
    (server,) = DOCUMENT['servers']
    defaults = {name: variable['default'] for name, variable in server['variables'].items()}
    assert defaults == {'port': '3000', 'prefix': ''}
    assert all(variable['description'] for variable in server['variables'].values())
    assert server['url'].format(**defaults) == 'http://localhost:3000'
    assert server['url'].format(port='8080', prefix='/my/path') == 'http://localhost:8080/my/path'


def test_a_caller_authenticates_with_a_token_with_a_key_or_not_at_all() -> None:
    schemes = DOCUMENT['components']['securitySchemes']
    assert (schemes['bearer']['type'], schemes['bearer']['scheme']) == ('http', 'bearer')
    key = schemes['apiKey']
    assert (key['type'], key['in'], key['name']) == ('apiKey', 'header', 'x-synthetic-key')
    assert schemes.keys() == {'bearer', 'apiKey'}
    assert [list(way) for way in DOCUMENT['security']] == [[], ['bearer'], ['apiKey']]


@every_operation
def test_no_operation_asks_for_other_credentials_than_the_rest(operation: Operation) -> None:
    assert 'security' not in operation.content
