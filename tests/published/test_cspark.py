"""The published client reaches `python -m cspark.wasm serve`, uploads to it, and executes by every URI and every input.

The calls are those of the Hybrid Deployments document. The options of `execute` are in test_cspark_options.py,
validation and metadata in test_cspark_validation.py.
"""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any, Final

import pytest
from dateutil.parser import isoparse

from published.expected import (
    CYLINDER_URI,
    LIFE_URI,
    OTHER,
    POLICY,
    RECORD,
    RECORD_LISTS,
    Call,
    Json,
    cylinder,
    cylinder_in,
    policy,
)
from support.packages import CYLINDER, CYLINDER_140, CYLINDER_150, CYLINDER_ID, TERM_LIFE_030, only, rename, unzip

MODEL_STATUS: Final = {
    *('thread_stats', 'memory_usage_mb', 'uptime_ms', 'min_time_ms', 'mean_time_ms', 'p95_time_ms', 'p99_time_ms'),
    *('max_time_ms', 'busy', 'size', 'id', 'last_use', 'completed_count', 'running_count', 'crash_count'),
    'timeout_count',
}
THREAD_STATUS: Final = {
    *('init_time_ms', 'init_memory_mb', 'uptime_ms', 'peak_memory_mb', 'last_execute_consume_memory_mb'),
    'current_memory_mb',
}


# ---- The runner itself ----


@pytest.mark.parametrize('form', ['at an address', 'at the default address', 'of a client'])
def test_the_runner_tells_its_health_its_version_and_its_status(call: Call, runner_url: str, form: str) -> None:
    names = ('health.check', 'version.get', 'status.get')
    if form != 'of a client':
        names = ('health_check', 'get_version', 'get_status')
    health, version, status = (call(name, *([runner_url] if form == 'at an address' else [])) for name in names)
    assert (health.status, version.status, status.status) == (200, 200, 200)
    assert health.data == {'msg': 'ok'}

    assert set(version.data) == {'lastPullDate', 'filehash', 'version'}
    assert isoparse(version.data['lastPullDate']).tzinfo is not None
    assert re.fullmatch(r'[0-9a-f]{64}', version.data['filehash'])
    # The first version of the vendor's runner that has a status, which this one has.
    assert tuple(map(int, version.data['version'].split('.'))) >= (1, 46, 0)

    assert set(status.data) == {'models', 'memory_usage_mb', 'memory_limit_mb'}
    assert 0 < status.data['memory_usage_mb'] < status.data['memory_limit_mb']
    (tenant,) = status.data['models']
    assert (tenant['tenant'], tenant['total_model']) == ('my-tenant', len(tenant['model_stats']))
    assert {CYLINDER_140, CYLINDER_150, TERM_LIFE_030} <= {model['id'] for model in tenant['model_stats']}
    assert tenant['total_instances'] == sum(model['size'] for model in tenant['model_stats'])
    for model in tenant['model_stats']:
        # The local runner adds the name of the service, for people.
        assert set(model) == MODEL_STATUS | {'service'}
        assert all(set(thread) == THREAD_STATUS for thread in model['thread_stats'].values())


def test_the_status_counts_what_was_executed(call: Call) -> None:
    def count() -> int:
        (tenant,) = call('status.get').data['models']
        counts: dict[str, int] = {model['id']: model['completed_count'] for model in tenant['model_stats']}
        return counts[CYLINDER_140]

    before = count()
    call('services.execute', f'version/{CYLINDER_140}', inputs=RECORD)
    call('services.execute', f'version/{CYLINDER_140}', inputs=[RECORD, OTHER])
    assert count() == before + 3


@pytest.mark.parametrize('credentials', [{'token': 'open'}, {'token': 'a.bearer.token'}, {'api_key': 'a-key'}], ids=str)
def test_a_client_executes_whatever_its_credentials_and_wherever_its_address_stands(
    call: Call, runner_url: str, credentials: Json
) -> None:
    for address in ({'tenant': 'my-tenant'}, {'base_url': f'{runner_url}/my-tenant'}):
        answer = call('services.execute', CYLINDER_URI, inputs=RECORD, client={**address, **credentials})
        assert answer.data['outputs'] == [cylinder(**RECORD)]


# ---- Upload ----


@pytest.mark.parametrize('names', [{}, {'file_name': 'cylinder-of-mine.zip'}], ids=['package.zip', 'a name of its own'])
def test_an_uploaded_package_is_described_as_it_describes_itself_and_can_be_executed(
    call: Call, tmp_path: Path, names: Json
) -> None:
    ids = {'service_id': str(uuid.uuid4()), 'version_id': str(uuid.uuid4())}
    folder, service = 'My Folder', f'Zylinder für 100 % {ids["service_id"]}'
    package = rename(only(CYLINDER.read_bytes(), '1.5.0'), folder=folder, service=service, **ids)
    (tmp_path / 'cylinder.zip').write_bytes(package)
    answer = call('services.upload', {'file': str(tmp_path / 'cylinder.zip')}, **names)
    assert (answer.status, answer.path) == (200, '/api/v3/upload')

    (description,) = [json.loads(data) for name, data in unzip(package).items() if name.endswith('ModelMetaData.json')]
    assert answer.data == {'response_data': [{'tenant': 'my-tenant', 'services': [description]}]}
    engine = description['EngineInformation']
    assert (engine['ProductName'], engine['ServiceName'], engine['Revision']) == (folder, service, '1.5.0')
    assert [one['Input Name'] for one in description['XInputTable']] == ['height', 'radius', 'density']
    for uri in (f'{folder}/{service}[1.5.0]', f'version/{ids["version_id"]}', f'service/{ids["service_id"]}'):
        for inputs in (RECORD, [RECORD]):
            assert call('services.execute', uri, inputs=inputs).data['outputs'] == [cylinder(**RECORD)]


def test_a_package_of_several_versions_is_uploaded_from_its_file(call: Call) -> None:
    (tenant,) = call('services.upload', {'file': str(CYLINDER)}).data['response_data']
    assert {one['VersionId'] for one in tenant['services']} == {CYLINDER_140, CYLINDER_150}


def test_an_upload_that_is_no_package_fails_in_the_client_too(call: Call, tmp_path: Path) -> None:
    (tmp_path / 'no.zip').write_bytes(b'no zip')
    # Not with the runner's words: this client stumbles over the request, which it cannot read a second time.
    with pytest.raises(RuntimeError, match='RequestNotRead'):
        call('services.upload', {'file': str(tmp_path / 'no.zip')})
    assert call('health.check').data == {'msg': 'ok'}


# ---- Which service ----

URIS: Final[list[tuple[str | Json, str]]] = [
    ('shapes/cylinder', '1.5.0'),
    ('shapes/cylinder[1.4.0]', '1.4.0'),
    ('shapes/cylinder[1.5.0]', '1.5.0'),
    ('shapes/cylinder[1.4]', '1.4.0'),
    ('/shapes//cylinder/', '1.5.0'),
    ('folders/shapes/services/cylinder', '1.5.0'),
    ('folders/shapes/services/cylinder[1.4.0]', '1.4.0'),
    (f'service/{CYLINDER_ID}', '1.5.0'),
    (f'version/{CYLINDER_140}', '1.4.0'),
    (f'version/{CYLINDER_150}', '1.5.0'),
    ({'folder': 'shapes', 'service': 'cylinder'}, '1.5.0'),
    ({'folder': 'shapes', 'service': 'cylinder', 'version': '1.4.0'}, '1.4.0'),
    ({'service_id': CYLINDER_ID}, '1.5.0'),
    ({'version_id': CYLINDER_140}, '1.4.0'),
    ({'folder': 'shapes', 'service': 'cylinder', 'version': '1.4.0', 'public': True}, '1.4.0'),
    ({'version_id': CYLINDER_140, 'public': True}, '1.4.0'),
    ({'service_id': CYLINDER_ID, 'public': True}, '1.5.0'),
]
URIS_OF_ONE_RECORD: Final[list[tuple[str | Json, str]]] = [
    ('proxy/tins', '1.4.0'),
    ({'proxy': 'tins'}, '1.4.0'),
    ({'proxy': '/tins/', 'public': True}, '1.4.0'),
    ({'service_id': CYLINDER_ID, 'version': '1.4.0'}, '1.4.0'),
]
"""With a list, this client sends a proxy without its name, and a service's id without its version."""


def as_uri(uri: str | Json) -> str | Json:
    """A URI as the client's program takes it; a mapping stands for `UriParams`."""
    return uri if isinstance(uri, str) else {'UriParams': uri}


@pytest.mark.parametrize(('uri', 'version'), [*URIS, *URIS_OF_ONE_RECORD], ids=str)
def test_one_record_is_executed_by_every_form_of_uri(call: Call, uri: str | Json, version: str) -> None:
    answer = call('services.execute', as_uri(uri), inputs=RECORD)
    assert answer.status == 200
    assert (answer.data['service_id'], answer.data['version']) == (CYLINDER_ID, version)
    assert answer.data['version_id'] == {'1.4.0': CYLINDER_140, '1.5.0': CYLINDER_150}[version]
    assert answer.data['outputs'] == [cylinder_in(version, **RECORD)]
    assert ('/public/' in answer.path) == ('public' in uri)


@pytest.mark.parametrize(('uri', 'version'), URIS, ids=str)
def test_many_records_are_executed_by_every_form_of_uri(call: Call, uri: str | Json, version: str) -> None:
    answer = call('services.execute', as_uri(uri), inputs=[RECORD, OTHER])
    assert (answer.status, answer.path.rpartition('/')[2]) == (200, 'execute')
    assert (answer.data['service_id'], answer.data['version']) == (CYLINDER_ID, version)
    assert answer.data['outputs'] == [cylinder_in(version, **RECORD), cylinder_in(version, **OTHER)]


def test_a_proxy_endpoint_may_have_slashes(call: Call) -> None:
    answer = call('services.execute', 'proxy/quotes/life', inputs=POLICY)
    assert (answer.path, answer.data['version_id']) == ('/my-tenant/api/v3/proxy/quotes/life', TERM_LIFE_030)
    assert answer.data['outputs'] == [policy()]


@pytest.mark.parametrize(
    ('uri', 'options', 'words'),
    [
        ('shapes/sphere', {}, "NotFoundError: 404 .*no service 'shapes/sphere'"),
        ('shapes/cylinder[2]', {}, "NotFoundError: 404 .*no version '2' of 'shapes/cylinder'"),
        ('version/none', {}, "NotFoundError: 404 .*no service 'version/none'"),
        ('proxy/none', {}, "NotFoundError: 404 .*no endpoint 'none'"),
        ('shapes/cylinder', {'client': {'tenant': 'other', 'token': 'open'}}, "NotFoundError: 404 .*no tenant 'other'"),
        ('shapes/cylinder', {'active_since': '2020-01-01'}, 'NotFoundError: 404 .*no version in effect at 2020-01-01'),
        ('shapes/cylinder', {'active_since': 'soon'}, 'BadRequestError: 400 .*is not a moment'),
    ],
)
@pytest.mark.parametrize('inputs', [RECORD, [RECORD]], ids=['one', 'many'])
def test_what_is_not_there_is_an_error_of_the_client_with_the_words_of_the_runner(
    call: Call, uri: str, options: Json, words: str, inputs: Any
) -> None:
    if isinstance(inputs, list) and uri.startswith('proxy/'):
        words = 'BadRequestError: 400 .*no service is named'
    with pytest.raises(RuntimeError) as raised:
        call('services.execute', uri, inputs=inputs, **options)
    assert re.search(words, str(raised.value).replace("\\'", "'"), re.DOTALL)


# ---- Inputs ----

COLUMNAR: Final = [['height', 'radius'], [10, 2], [1, 0.5], [3, 3]]
ROWS: Final[list[Json]] = [{'height': 10, 'radius': 2}, {'height': 1, 'radius': 0.5}, {'height': 3, 'radius': 3}]
INPUTS: Final[list[tuple[Any, list[Json]]]] = [
    (RECORD, [RECORD]),
    (json.dumps(RECORD), [RECORD]),
    ({'height': '10', 'radius': True, 'density': None}, [{'height': 10, 'radius': 1, 'density': 0}]),
    ({'HEIGHT': 10}, [{'height': 10}]),
    ({'unknown': 1}, [{}]),
    ({}, [{}]),
    ('{}', [{}]),
    (None, [{}]),
    ([], [{}]),
    ([RECORD], [RECORD]),
    ([RECORD, {}, OTHER], [RECORD, {}, OTHER]),
    (json.dumps([RECORD, OTHER]), [RECORD, OTHER]),
    (COLUMNAR, ROWS),
    (json.dumps(COLUMNAR), ROWS),
    ([['density'], [5]], [{'density': 5}]),
    ('[]', []),
]
"""With the records that they mean. This client sends an empty list as one record of defaults."""


@pytest.mark.parametrize(('inputs', 'records'), INPUTS, ids=str)
def test_inputs_of_every_form_are_computed_record_by_record(call: Call, inputs: Any, records: list[Json]) -> None:
    answer = call('services.execute', CYLINDER_URI, inputs=inputs)
    assert answer.data['outputs'] == [cylinder(**record) for record in records]
    assert [len(answer.data[name]) for name in RECORD_LISTS] == [len(records)] * 5
    assert answer.data['errors'] == answer.data['service_chain'] == [None] * len(records)


@pytest.mark.parametrize('many', [False, True], ids=['one', 'many'])
def test_an_input_that_is_missing_has_its_default_and_a_warning(call: Call, many: bool) -> None:
    inputs = {'height': 10, 'density': 3}
    answer = call('services.execute', CYLINDER_URI, inputs=[RECORD, inputs] if many else inputs)
    assert answer.data['outputs'][-1] == cylinder(height=10, density=3)
    (warning,) = answer.data['warnings'][-1]
    assert warning['source_path'] == 'Default Values'
    assert warning['message'].startswith("Input parameter missing for 'radius'.")
    assert not many or answer.data['warnings'][0] is None


@pytest.mark.parametrize('many', [False, True], ids=['one', 'many'])
def test_dates_texts_and_tables_are_inputs_and_outputs(call: Call, many: bool) -> None:
    answer = call('services.execute', LIFE_URI, inputs=[POLICY, POLICY] if many else POLICY)
    assert answer.data['outputs'] == [policy()] * (2 if many else 1)
    assert set(map(str, [*answer.data['warnings'], *answer.data['errors']])) == {'None'}
