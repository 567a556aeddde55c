"""The runner answers what the TypeScript client sends: the same paths, headers and bodies, sent by httpx.

Its package `@cspark/wasm` cannot be installed, so these requests follow its source (Coherent-Partners/spark-ts-sdk). It
sends a list of one record as v3, leaves out whatever nobody gave, and knows upload, execute, health and version.
"""

from __future__ import annotations

import gzip
import json
import uuid
import zlib
from typing import Any, Final

import httpx
import pytest
from dateutil.parser import isoparse

from published.expected import (
    ALIKE,
    META,
    OTHER,
    POLICY,
    RECORD,
    RECORD_LISTS,
    Json,
    as_array,
    cylinder,
    cylinder_in,
    policy,
)
from support.packages import CYLINDER, CYLINDER_140, CYLINDER_150, CYLINDER_ID, TERM_LIFE_030, only, rename

AGENT: Final = {
    'User-Agent': 'Coherent Spark SDK v0.3.1 (Node/20.11.0)',
    'x-spark-ua': 'agent=spark-ts-sdk/0.3.1; env=Node/20.11.0',
}
NODE_FETCH: Final = {'Accept': '*/*', 'Accept-Encoding': 'gzip,deflate', 'Connection': 'close'}
JSON: Final = {'Content-Type': 'application/json'}
ABOUT_ONE: Final = {
    'call_purpose': 'Single Execution',
    'source_system': 'Spark JS SDK',
    'compiler_type': 'Neuron',
}
ABOUT_MANY: Final = {'call_purpose': 'Sync Batch Execution', 'source_system': 'Spark JS SDK'}

# NaN and Infinity become null in JavaScript's JSON.
INPUTS: Final[list[tuple[Any, Json]]] = [
    ({}, {}),
    ([{}], {}),
    ({'height': 10}, {'height': 10}),
    ([{'height': 10}], {'height': 10}),
    ([{'height': None, 'radius': 2}], {'height': 0, 'radius': 2}),
]

FOLDERS: Final = 'folders/shapes/services/cylinder/execute'
LIFE: Final = 'folders/insurance/services/term-life/execute'


class TypeScript:
    """Sends as the TypeScript client does: a new connection for each call, and its headers."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, method: str, path: str, tenant: str = 'my-tenant', **options: Any) -> httpx.Response:
        """The answer to a request with the client's headers, which must come back with the request's id."""
        request_id = str(uuid.uuid4())
        headers = {**NODE_FETCH, **options.pop('headers', JSON), **AGENT}
        headers |= {'x-request-id': request_id, 'x-tenant-name': tenant}
        answer = httpx.request(method, f'{self._url}/{path}', headers=headers, timeout=60, trust_env=False, **options)
        assert answer.headers['x-request-id'] == request_id
        return answer

    def post(self, path: str, body: Json, encoding: str | None = None) -> Json:
        """The answer to JSON, which is written and packed as the client does it."""
        content = json.dumps(body, separators=(',', ':'), ensure_ascii=False).encode()
        headers = JSON
        if encoding:
            content = gzip.compress(content) if encoding == 'gzip' else zlib.compress(content)
            headers = {**JSON, 'Content-Encoding': encoding, 'Accept-Encoding': encoding}
        answer = self.send('POST', f'my-tenant/api/{path}', content=content, headers=headers)
        assert answer.status_code == 200, answer.text
        # The client parses nothing that does not say that it is JSON.
        assert 'application/json' in answer.headers['content-type']
        found: Json = answer.json()
        return found

    def execute(self, path: str, inputs: Any, encoding: str | None = None, **meta: Any) -> Json:
        """The envelope of one record."""
        body = {'request_data': {'inputs': inputs}, 'request_meta': {**ABOUT_ONE, **meta}}
        answer = self.post(f'v3/{path}', body, encoding)
        assert (answer['status'], answer['error']) == ('Success', None)
        assert set(answer['response_meta']) >= META
        assert set(answer['response_data']) >= {'outputs', *RECORD_LISTS[2:]}
        return answer

    def execute_many(self, inputs: Any, path: str = 'execute', encoding: str | None = None, **members: Any) -> Json:
        """The answer to many records."""
        answer = self.post(f'v4/{path}', {'inputs': inputs, **ABOUT_MANY, **members}, encoding)
        assert list(answer) == ALIKE
        return answer


@pytest.fixture(scope='module')
def typescript(runner_url: str) -> TypeScript:
    """The client's requests to the runner that serve started."""
    return TypeScript(runner_url)


@pytest.mark.parametrize('tenant', ['my-tenant', ''], ids=['of a client', 'static'])
def test_health_and_version_are_asked_for_as_if_there_were_json(typescript: TypeScript, tenant: str) -> None:
    assert typescript.send('GET', 'healthcheck', tenant).json() == {'msg': 'ok'}
    version = typescript.send('GET', 'version', tenant).json()
    assert set(version) == {'lastPullDate', 'filehash', 'version'}
    assert isoparse(version['lastPullDate']).tzinfo is not None
    assert typescript.send('GET', 'version', tenant).json() == version


def test_a_package_is_uploaded_as_a_form_of_node_is_written(typescript: TypeScript) -> None:
    ids = {'service_id': 'typescript-id', 'version_id': 'typescript-version-id'}
    package = rename(only(CYLINDER.read_bytes(), '1.5.0'), folder='tried', service='typescript', **ids)
    boundary = '--------------------------519530917414852706371259'
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="package.zip"\r\n'
        'Content-Type: application/zip\r\n\r\n'
    )
    content = head.encode() + package + f'\r\n--{boundary}--\r\n'.encode()
    headers = {'Content-Type': f'multipart/form-data; boundary={boundary}'}
    answer = typescript.send('POST', 'api/v3/upload', content=content, headers=headers)
    assert answer.status_code == 200
    (tenant,) = answer.json()['response_data']
    (service,) = tenant['services']
    assert (tenant['tenant'], service['VersionId']) == ('my-tenant', 'typescript-version-id')
    assert [one['Output Name'] for one in service['XOutputTable']] == ['volume', 'surface', 'mass']
    answered = typescript.execute('version/typescript-version-id', RECORD, version_id='typescript-version-id')
    assert answered['response_data']['outputs'] == cylinder(**RECORD)


@pytest.mark.parametrize(
    ('path', 'located', 'version'),
    [
        (FOLDERS, {}, '1.5.0'),
        (FOLDERS, {'version': '1.4.0'}, '1.4.0'),
        (f'service/{CYLINDER_ID}', {'service_id': CYLINDER_ID}, '1.5.0'),
        (f'version/{CYLINDER_140}', {'version_id': CYLINDER_140}, '1.4.0'),
        (f'version/{CYLINDER_150}', {'version_id': CYLINDER_150}, '1.5.0'),
        ('proxy/tins', {}, '1.4.0'),
        (f'public/{FOLDERS}', {'version': '1.4.0'}, '1.4.0'),
        (f'public/version/{CYLINDER_140}', {'version_id': CYLINDER_140}, '1.4.0'),
    ],
    ids=str,
)
@pytest.mark.parametrize('inputs', [RECORD, [RECORD]], ids=['an object', 'a list of one'])
def test_one_record_goes_as_v3_even_in_a_list(
    typescript: TypeScript, path: str, located: Json, version: str, inputs: Any
) -> None:
    answer = typescript.execute(path, inputs, **located)
    assert (answer['response_meta']['service_id'], answer['response_meta']['version']) == (CYLINDER_ID, version)
    assert answer['response_data']['outputs'] == cylinder_in(version, **RECORD)
    assert answer['response_data']['errors'] is None


@pytest.mark.parametrize(('inputs', 'record'), INPUTS, ids=str)
def test_inputs_that_are_missing_are_the_defaults(typescript: TypeScript, inputs: Any, record: Json) -> None:
    data = typescript.execute(FOLDERS, inputs)['response_data']
    assert data['outputs'] == cylinder(**record)
    missing = [name for name in RECORD if name not in record]
    assert [name_in(warning['message']) for warning in data['warnings']] == missing


def name_in(message: str) -> str:
    """The input that a warning is about."""
    return message.split("'")[1]


@pytest.mark.parametrize('inputs', [POLICY, [POLICY]], ids=['an object', 'a list of one'])
def test_a_date_of_javascript_is_a_date(typescript: TypeScript, inputs: Any) -> None:
    dates = {'birth_date': '1980-03-02T00:00:00.000Z', 'start_date': '2026-02-01T00:00:00.000Z'}
    sent = [{**POLICY, **dates}] if isinstance(inputs, list) else {**POLICY, **dates}
    assert typescript.execute(LIFE, sent)['response_data']['outputs'] == policy()


@pytest.mark.parametrize(
    ('meta', 'names'),
    [
        ({'requested_output': 'volume,mass'}, ['volume', 'mass']),
        ({'requested_output_regex': 'vol.*'}, ['volume']),
        ({'service_category': 'Weight'}, ['mass']),
        ({'service_category': 'Size,Weight'}, ['volume', 'surface', 'mass']),
        ({'transaction_date': '2024-06-01T00:00:00.000Z'}, ['volume', 'surface']),
        ({'transaction_date': '2026-06-01T00:00:00.000Z'}, ['volume', 'surface', 'mass']),
        (
            {'call_purpose': 'My Purpose', 'source_system': 'mine', 'compiler_type': 'Type3'},
            ['volume', 'surface', 'mass'],
        ),
        ({'excel_file': False, 'debug_solve': False, 'response_data_inputs': False}, ['volume', 'surface', 'mass']),
    ],
    ids=str,
)
@pytest.mark.parametrize('inputs', [RECORD, [RECORD]], ids=['an object', 'a list of one'])
def test_the_metadata_of_one_record_count(typescript: TypeScript, inputs: Any, meta: Json, names: list[str]) -> None:
    outputs = cylinder(**RECORD)
    data = typescript.execute(FOLDERS, inputs, **meta)['response_data']
    assert data['outputs'] == {name: outputs[name] for name in names}


def test_what_is_to_come_back_comes_back(typescript: TypeScript) -> None:
    meta: Json = {'correlation_id': 'my-id', 'response_data_inputs': True, 'debug_solve': True}
    answer = typescript.execute(LIFE, POLICY, array_outputs='rider_premiums,schedule', **meta)
    assert answer['response_meta']['correlation_id'] == 'my-id'
    assert answer['response_data']['inputs'] == POLICY
    expected = policy()
    for name in ('rider_premiums', 'schedule'):
        expected[name] = as_array(expected[name])
    expected['additional_outputs'] = {'solve_log': []}
    assert answer['response_data']['outputs'] == expected


@pytest.mark.parametrize('encoding', ['gzip', 'deflate'])
def test_packed_requests_are_read(typescript: TypeScript, encoding: str) -> None:
    for inputs in (RECORD, [RECORD]):
        answer = typescript.execute(FOLDERS, inputs, encoding=encoding)
        assert answer['response_data']['outputs'] == cylinder(**RECORD)
    records = [{**RECORD, 'height': height} for height in range(100)]
    answer = typescript.execute_many(records, encoding=encoding, service='shapes/cylinder')
    assert answer['outputs'] == [cylinder(**record) for record in records]


@pytest.mark.parametrize(
    ('located', 'path', 'version'),
    [
        ({'service': 'shapes/cylinder'}, 'execute', '1.5.0'),
        ({'service': 'shapes/cylinder[1.4.0]'}, 'execute', '1.4.0'),
        ({'service': CYLINDER_ID}, 'execute', '1.5.0'),
        ({'version_id': CYLINDER_140}, 'execute', '1.4.0'),
        ({'service': 'shapes/cylinder[1.4.0]'}, 'public/execute', '1.4.0'),
        ({'service': 'shapes/cylinder', 'version_by_timestamp': '2024-06-01T00:00:00.000Z'}, 'execute', '1.4.0'),
    ],
    ids=str,
)
def test_several_records_go_as_v4(typescript: TypeScript, located: Json, path: str, version: str) -> None:
    records = [RECORD, OTHER, {'height': 1, 'radius': 1}]
    answer = typescript.execute_many(records, path, correlation_id='my-id', **located)
    assert (answer['service_id'], answer['version'], answer['correlation_id']) == (CYLINDER_ID, version, 'my-id')
    assert answer['outputs'] == [cylinder_in(version, **record) for record in records]
    assert [len(answer[name]) for name in RECORD_LISTS] == [3] * 5


def test_columns_go_as_v4(typescript: TypeScript) -> None:
    answer = typescript.execute_many([['height', 'radius'], [10, 2], [1, 0.5]], service='shapes/cylinder')
    assert answer['outputs'] == [cylinder(height=10, radius=2), cylinder(height=1, radius=0.5)]


@pytest.mark.parametrize(
    ('members', 'names'),
    [({'output': 'volume,mass'}, ['volume', 'mass']), ({'subservice': 'Weight'}, ['mass'])],
    ids=str,
)
def test_the_metadata_of_several_records_count(typescript: TypeScript, members: Json, names: list[str]) -> None:
    answer = typescript.execute_many([RECORD, OTHER], service='shapes/cylinder', **members)
    expected = [cylinder(**record) for record in (RECORD, OTHER)]
    assert answer['outputs'] == [{name: outputs[name] for name in names} for outputs in expected]


def test_policies_go_in_one_by_one_and_together(typescript: TypeScript) -> None:
    answer = typescript.execute('proxy/quotes/life', [POLICY])
    assert (answer['response_meta']['version_id'], answer['response_data']['outputs']) == (TERM_LIFE_030, policy())
    answer = typescript.execute_many([POLICY, POLICY], version_id=TERM_LIFE_030)
    assert answer['outputs'] == [policy(), policy()]


def test_a_service_that_is_not_there_is_an_error_that_the_client_can_read(typescript: TypeScript) -> None:
    body: Json = {'request_data': {'inputs': {}}, 'request_meta': ABOUT_ONE}
    path = 'my-tenant/api/v3/folders/shapes/services/sphere/execute'
    answer = typescript.send('POST', path, content=json.dumps(body).encode())
    assert (answer.status_code, answer.json()['status']) == (404, 'Error')
    assert "no service 'shapes/sphere'" in answer.json()['error']['message']
