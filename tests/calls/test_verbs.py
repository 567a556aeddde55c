"""Every verb of both clients against a runner that really computes, in process and over a socket."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import cspark.wasm as Hybrid
from support.packages import CYLINDER, CYLINDER_140, CYLINDER_150, CYLINDER_ID, TERM_LIFE_030

RECORD = {'height': 10, 'radius': 2, 'density': 2}
VOLUME = math.pi * 4 * 10


@pytest.mark.thorough
def test_health_says_ok(hybrid: Hybrid.Client) -> None:
    assert hybrid.health.check().data == {'msg': 'ok'}


def test_version_has_the_three_fields_of_the_document(hybrid: Hybrid.Client) -> None:
    data = hybrid.version.get().data
    assert set(data) == {'lastPullDate', 'filehash', 'version'}
    assert data['version'] == '1.46.0'


def test_status_counts_the_calls_that_were_made(hybrid: Hybrid.Client) -> None:
    def completed() -> int:
        (tenant,) = hybrid.status.get().data['models']
        counts: list[int] = [model['completed_count'] for model in tenant['model_stats'] if model['id'] == CYLINDER_150]
        return counts[0]

    before = completed()
    hybrid.services.execute('shapes/cylinder', inputs=RECORD)
    assert completed() == before + 1


@pytest.mark.parametrize(
    'uri',
    [
        'shapes/cylinder',
        'folders/shapes/services/cylinder',
        'shapes/cylinder[1.5.0]',
        'shapes/cylinder[1]',
        f'service/{CYLINDER_ID}',
        f'version/{CYLINDER_150}',
        Hybrid.UriParams('shapes', 'cylinder', public=True),
        Hybrid.UriParams(service_id=CYLINDER_ID, version='1.5'),
        Hybrid.UriParams(version_id=CYLINDER_150, public=True),
    ],
    ids=str,
)
def test_execute_finds_the_service_by_every_kind_of_name(hybrid: Hybrid.Client, uri: Any) -> None:
    answer = hybrid.services.execute(uri, inputs=RECORD)
    assert answer.status == 200
    assert answer.data['outputs'][0]['mass'] == pytest.approx(2 * VOLUME)
    assert answer.data['version_id'] == CYLINDER_150


def test_execute_runs_the_version_that_is_asked_for(hybrid: Hybrid.Client) -> None:
    for uri in ('shapes/cylinder[1.4]', f'version/{CYLINDER_140}'):
        assert 'mass' not in hybrid.services.execute(uri, inputs=RECORD).data['outputs'][0]
    dated = hybrid.services.execute('shapes/cylinder', inputs=RECORD, active_since='2024-06-01')
    assert dated.data['version'] == '1.4.0'


def test_execute_goes_through_a_proxy_endpoint_with_a_slash(hybrid: Hybrid.Client) -> None:
    assert hybrid.services.execute('proxy/quotes/life', inputs={}).data['version_id'] == TERM_LIFE_030


@pytest.mark.parametrize('encoding', [None, 'gzip', 'deflate'])
def test_execute_computes_many_records_in_order(hybrid: Hybrid.Client, encoding: Any) -> None:
    records = [{'height': height, 'radius': 1, 'density': 1} for height in range(300)]
    answer = hybrid.services.execute('shapes/cylinder', inputs=records, encoding=encoding)
    assert [round(one['volume'] / math.pi) for one in answer.data['outputs']] == list(range(300))
    assert answer.data['errors'] == [None] * 300
    assert len(answer.data['process_time']) == 300


def test_columnar_inputs_give_what_rows_give(hybrid: Hybrid.Client) -> None:
    columnar = hybrid.services.execute('shapes/cylinder', inputs=[['height', 'radius'], [1, 2], [3, 4]])
    rows = hybrid.services.execute('shapes/cylinder', inputs=[{'height': 1, 'radius': 2}, {'height': 3, 'radius': 4}])
    assert columnar.data['outputs'] == rows.data['outputs']


def test_what_is_no_record_is_refused_with_its_place(hybrid: Hybrid.Client) -> None:
    with pytest.raises(Hybrid.SparkInputError, match=r'^inputs\[1\]: a record must be a mapping') as caught:
        hybrid.services.execute('shapes/cylinder', inputs=[RECORD, 7, RECORD])
    assert caught.value.path == (1,)


def test_json_text_is_read_as_inputs(hybrid: Hybrid.Client) -> None:
    answer = hybrid.services.execute('shapes/cylinder', inputs='{"height": 10, "radius": 2}')
    assert answer.data['outputs'][0]['volume'] == pytest.approx(VOLUME)


@pytest.mark.parametrize('inputs', [None, {}, '', '{}', 'null'])
def test_no_inputs_mean_the_defaults(hybrid: Hybrid.Client, inputs: Any) -> None:
    answer = hybrid.services.execute('shapes/cylinder', inputs=inputs)
    assert answer.data['outputs'][0]['volume'] == pytest.approx(math.pi * 49 * 4)


def test_original_is_the_v3_envelope(hybrid: Hybrid.Client) -> None:
    answer = hybrid.services.execute('shapes/cylinder', inputs=RECORD, response_format='original', echo_inputs=True)
    assert answer.data['status'] == 'Success'
    assert answer.data['response_data']['inputs'] == RECORD
    assert answer.data['response_meta']['version'] == '1.5.0'


def test_outputs_are_selected_by_name_pattern_and_subservice(hybrid: Hybrid.Client) -> None:
    def outputs(**options: Any) -> set[str]:
        return set(hybrid.services.execute('shapes/cylinder', inputs=RECORD, **options).data['outputs'][0])

    assert outputs(selected_outputs='volume, mass') == {'volume', 'mass'}
    assert outputs(selected_outputs=['surface']) == {'surface'}
    assert outputs(outputs_filter='(vol|MAS).*') == {'volume', 'mass'}
    assert outputs(subservices=['Weight']) == {'mass'}


def test_many_records_take_selected_outputs_and_subservices_too(hybrid: Hybrid.Client) -> None:
    selected = hybrid.services.execute('shapes/cylinder', inputs=[RECORD], selected_outputs=['volume'])
    assert [set(one) for one in selected.data['outputs']] == [{'volume'}]
    of_subservice = hybrid.services.execute('shapes/cylinder', inputs=[RECORD], subservices='Weight')
    assert [set(one) for one in of_subservice.data['outputs']] == [{'mass'}]


def test_a_table_comes_as_an_array_where_asked(hybrid: Hybrid.Client) -> None:
    answer = hybrid.services.execute('insurance/term-life', inputs={'term_years': 2}, tables_as_array=['schedule'])
    schedule = answer.data['outputs'][0]['schedule']
    assert schedule[0] == ['year', 'date', 'age', 'in_force', 'reserve']
    assert [row[0] for row in schedule[1:]] == [0, 1, 2]


def test_errors_of_a_model_are_data(hybrid: Hybrid.Client) -> None:
    answer = hybrid.services.execute('insurance/term-life', inputs={'birth_date': '2020-01-01'})
    assert answer.data['errors'][0][0]['source_path'] == 'age'
    assert answer.data['outputs'][0]['age'] == 6


def test_static_validation_comes_from_the_package(hybrid: Hybrid.Client) -> None:
    answer = hybrid.services.validate(version_id=TERM_LIFE_030, validation_type='static')
    assert answer.data['response_data']['outputs']['term_years']['max'] == 40


def test_dynamic_validation_depends_on_the_inputs(hybrid: Hybrid.Client) -> None:
    answer = hybrid.services.validate(
        version_id=TERM_LIFE_030,
        validation_type='dynamic',
        inputs={'birth_date': '1960-06-15', 'start_date': '2026-01-01'},
    )
    assert answer.data['response_data']['outputs']['term_years']['max'] == 15


@pytest.mark.parametrize('named', [(f'version/{TERM_LIFE_030}',), (Hybrid.UriParams(version_id=TERM_LIFE_030),)])
def test_validate_takes_a_uri_too(hybrid: Hybrid.Client, named: tuple[Any]) -> None:
    answer = hybrid.services.validate(*named)
    assert 'age' not in answer.data['response_data']['outputs']
    assert 'smoker' in answer.data['response_data']['outputs']


def test_metadata_has_what_is_computed_and_what_is_static(hybrid: Hybrid.Client) -> None:
    answer = hybrid.services.get_metadata(version_id=TERM_LIFE_030, inputs={'smoker': 'yes'})
    outputs = answer.data['response_data']['outputs']
    assert outputs['Metadata.PrimaryColor'] == '#C0392B'
    assert outputs['Metadata.Font'] == 'Arial'
    assert outputs['Metadata.Logo'].startswith('data:image/png;base64,iVBOR')


@pytest.mark.thorough
def test_upload_serves_the_package_and_says_what_it_holds(hybrid: Hybrid.Client) -> None:
    with CYLINDER.open('rb') as file:
        answer = hybrid.services.upload(file)
        assert not file.closed
    (tenant,) = answer.data['response_data']
    assert tenant['tenant'] == 'my-tenant'
    assert [service['VersionId'] for service in tenant['services']] == [CYLINDER_140, CYLINDER_150]
    assert hybrid.services.upload(CYLINDER.read_bytes(), 'again.zip').status == 200


def test_a_refused_upload_says_why(hybrid: Hybrid.Client, tmp_path: Path) -> None:
    path = tmp_path / 'broken.zip'
    path.write_bytes(b'no zip at all')
    with path.open('rb') as file, pytest.raises(Hybrid.UnprocessableEntityError, match='not a zip file') as caught:
        hybrid.services.upload(file, 'broken.zip')
    assert caught.value.status == 422


def test_an_unknown_service_is_not_found_and_the_runner_says_what_there_is(hybrid: Hybrid.Client) -> None:
    with pytest.raises(Hybrid.NotFoundError, match=r"no service 'shapes/cube'.*shapes/cylinder\[1\.5\.0\]") as caught:
        hybrid.services.execute('shapes/cube', inputs={})
    assert caught.value.status == 404
    assert caught.value.request_id


def test_an_answer_is_compressed_on_the_way_and_read_on_arrival(hybrid: Hybrid.Client) -> None:
    answer = hybrid.services.execute('insurance/term-life', inputs={})
    assert answer.headers['content-encoding'] == 'gzip'
    assert len(answer.data['outputs'][0]['schedule']) == 21
