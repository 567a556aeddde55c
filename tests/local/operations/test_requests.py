"""What reaches a compiled model, whatever the caller sent, and what the model says that comes back."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, Final

import pytest

from support.calls import Api, Json, message, serving
from support.models import SCRIPTED_ID, record, scripted
from support.packages import CYLINDER, CYLINDER_150, CYLINDER_ID, TERM_LIFE, change_models, insert

SEEN: Final = 'outputs({ seen: request.request_meta, data: request.request_data })'
LIFE: Final = 'insurance/term-life'


@pytest.fixture(scope='module')
def api() -> Iterator[Api]:
    """A runner with a model that answers what it was asked, and with two that compute."""
    with serving(scripted(), CYLINDER, TERM_LIFE) as started:
        yield started


@pytest.mark.parametrize(
    ('sent', 'seen'),
    [
        ({'service_category': ['Size', 'Weight']}, {'service_category': 'Size,Weight'}),
        ({'service_category': 'Size, Weight'}, {'service_category': 'Size, Weight'}),
        ({'service_category': []}, {}),
        ({'service_category': None}, {'service_category': None}),
        ({'array_outputs': None}, {'array_outputs': None}),
        ({'allow_range_address': []}, {'allow_range_address': []}),
        ({'allow_range_address': 0}, {}),
        ({'array_outputs': ['a', 'b']}, {'array_outputs': 'a,b'}),
        ({'array_outputs': 'a,b'}, {'array_outputs': 'a,b'}),
        ({'array_outputs': []}, {}),
        ({'requested_output': 'a, b ,'}, {'requested_output': ['a', 'b']}),
        ({'requested_output': ['a', 'b']}, {'requested_output': ['a', 'b']}),
        ({'requested_output': ''}, {'requested_output': []}),
        ({'requested_output_regex': None}, {}),
        ({'allow_range_address': True}, {'allow_range_address': True}),
        ({'_ctx': {'authorization': 'Bearer secret'}}, {}),
        ({'call_purpose': 'Test', 'transaction_date': None}, {'call_purpose': 'Test', 'transaction_date': None}),
    ],
    ids=str,
)
def test_a_model_gets_each_field_in_the_form_that_it_takes(api: Api, sent: Json, seen: Json) -> None:
    outputs = api.outputs(record(SEEN), 'shapes/scripted', **sent)
    assert outputs['seen'] == {'allow_range_address': False, **seen}


@pytest.mark.parametrize(
    ('number', 'text'),
    [
        ('1.0', '1'),
        ('2024.50', '2024.5'),
        ('1e16', '10000000000000000'),
        ('1E-6', '0.000001'),
        ('1e-7', '1e-7'),
        ('-0.0', '0'),
        ('-0', '0'),
        ('1e21', '1e+21'),
        ('123456789012345678901234567890', '123456789012345678901234567890'),
        ('0.1', '0.1'),
        ('1.7976931348623157e308', '1.7976931348623157e+308'),
    ],
)
def test_a_number_where_a_text_belongs_is_spelled_as_javascript_does(api: Api, number: str, text: str) -> None:
    riders = f'[{{"rider": {number}, "sum_assured": 1}}, {{"rider": "1.0 and 1e16", "sum_assured": 1}}]'
    body = f'{{"request_data": {{"inputs": {{"riders": {riders}}}}}, "request_meta": {{"service_uri": "{LIFE}"}}}}'
    answer = api.post('v3/execute', content=body.encode(), headers={'content-type': 'application/json'}).json()
    found = [row['rider'] for row in answer['response_data']['outputs']['rider_premiums']]
    assert found == [text, '1.0 and 1e16']


@pytest.mark.parametrize(
    ('sent', 'seen'),
    [
        ({'output': 'a, b'}, {'requested_output': ['a', 'b']}),
        ({'subservice': ['Size', 'Weight']}, {'service_category': 'Size,Weight'}),
        ({'subservice': 'Size'}, {'service_category': 'Size'}),
        ({'correlation_id': 7}, {'correlation_id': 7}),
    ],
    ids=str,
)
def test_many_records_get_each_field_in_the_form_that_a_model_takes(api: Api, sent: Json, seen: Json) -> None:
    (outputs,) = api.many([record(SEEN)], 'shapes/scripted', **sent)['outputs']
    assert outputs['seen'] == {'allow_range_address': False, **seen}


@pytest.mark.parametrize('correlation_id', ['my-id', '', 7, 1.5, None])
def test_the_callers_id_comes_back_as_it_was(api: Api, correlation_id: Any) -> None:
    assert api.execute({}, correlation_id=correlation_id)['response_meta']['correlation_id'] == correlation_id
    assert api.many([{}], correlation_id=correlation_id)['correlation_id'] == correlation_id


def test_the_answer_repeats_what_the_request_said_of_itself(api: Api) -> None:
    sent: Json = {
        'response_data_inputs': False,
        'service_category': 'Size',
        'array_outputs': 'x',
        'validation_type': 'dynamic',
    }
    meta = api.execute({}, **sent)['response_meta']
    assert {name: meta[name] for name in [*sent, 'allow_range_address']} == {**sent, 'allow_range_address': False}


@pytest.mark.thorough
@pytest.mark.parametrize(
    ('inputs', 'strict', 'height'),
    [
        ([{'height': 10}], False, 10),
        ([{'height': 10}], True, 4),
        ([{'height': 10}, {'height': 11}], False, 4),
        ([], False, 4),
        ('height', False, 4),
        ([[{'height': 10}]], False, 4),
    ],
    ids=str,
)
def test_odd_inputs_are_computed_as_a_model_does_but_a_list_of_one_record_is_that_record(
    inputs: Any, strict: bool, height: int
) -> None:
    with serving(CYLINDER, strict_vendor=strict) as api:
        body = {'request_data': {'inputs': inputs}, 'request_meta': {'version_id': CYLINDER_150}}
        answer = api.post('v3/execute', body).raise_for_status().json()
    assert answer['response_data']['outputs']['volume'] == pytest.approx(math.pi * 49 * height)


@pytest.mark.parametrize(
    'answer',
    [
        {'status': 'Error', 'error': {'message': 'no such table'}, 'response_data': None},
        {'status': 'Error', 'error': {'message': 'no such table'}, 'response_data': {'outputs': None}},
        {'error': {'message': 'no such table'}},
    ],
    ids=str,
)
def test_a_failure_that_a_model_tells_is_passed_on(api: Api, answer: Json) -> None:
    script = json.dumps(json.dumps(answer))
    one = api.execute(record(script), 'shapes/scripted')
    assert (one['status'], one['error']) == ('Error', {'message': 'no such table'})
    many = api.many([record(), record(script)], 'shapes/scripted')
    assert many['errors'][0] is None
    assert [error['message'] for error in many['errors'][1]] == ['no such table']
    assert many['outputs'][1] is None


def test_an_api_that_a_model_does_not_have_is_its_error(api: Api) -> None:
    answer = api.execute({}, __api_meta={'api': 'divination'})
    assert answer['status'] == 'Error'
    assert 'no such api' in answer['error']['message']


def test_what_a_model_says_beyond_what_is_documented_stays(api: Api) -> None:
    said: Json = {'response_data': {'outputs': {}, 'more': 1}, 'response_meta': {'spark_total_time': 3, 'more': [2]}}
    answer = api.execute(record(json.dumps(json.dumps(said))), 'shapes/scripted')
    assert answer['response_data']['more'] == 1
    assert (answer['response_meta']['spark_total_time'], answer['response_meta']['more']) == (3, [2])


def test_missing_inputs_are_told_by_the_model(api: Api) -> None:
    answer = api.post(f'v3/version/{CYLINDER_150}', {}).raise_for_status().json()
    (error,) = answer['response_data']['errors']
    assert error['message'].startswith('Request is missing')
    assert answer['response_data']['outputs']['volume'] == pytest.approx(math.pi * 49 * 4)


def test_only_the_operation_validates_and_the_word_alone_is_repeated(api: Api) -> None:
    computed = api.execute({}, LIFE, validation_type='dynamic')['response_data']['outputs']
    assert computed['age'] == 35
    body: Json = {'request_data': {'inputs': {}}, 'request_meta': {'service_uri': LIFE, 'validation_type': 'dynamic'}}
    validated = api.post('v3/validation', body).json()['response_data']['outputs']
    assert set(validated.values()) == {None}


@pytest.mark.parametrize(
    'named',
    [
        {'service_uri': 'folders/shapes/services/cylinder', 'version': '1.4.0'},
        {'service_uri': 'shapes/cylinder', 'version': '1.4'},
        {'service_uri': 'shapes/cylinder[1.4.0]', 'version': '1.5.0'},
        {'service_uuid': CYLINDER_ID, 'version': '1.4.0'},
        {'service_id': CYLINDER_ID, 'service_uri': 'folders/insurance/services/term-life', 'version': '1.4.0'},
        {'version_uuid': '5c9a3f0d-2f9b-4b6e-8a55-6d1f0f1b1400', 'service_uri': '', 'service_uuid': '', 'version': ''},
    ],
    ids=str,
)
@pytest.mark.parametrize('path', ['v3/execute', 'v3', 'v3/public/execute'])
def test_a_body_names_the_service_as_operators_do(api: Api, path: str, named: Json) -> None:
    answer = api.post(path, {'request_data': {'inputs': {}}, 'request_meta': named}).raise_for_status().json()
    assert answer['response_meta']['version'] == '1.4.0'


def test_many_records_name_the_service_by_the_same_fields(api: Api) -> None:
    for named in ({'service_uri': 'folders/shapes/services/cylinder'}, {'service_uuid': CYLINDER_ID}):
        answer = api.post('v4/execute', {'inputs': [{}], 'version': '1.4.0', **named}).raise_for_status().json()
        assert answer['version'] == '1.4.0'


@pytest.mark.thorough
def test_metadata_and_form_are_answered_as_the_vendors_engine_does() -> None:
    static = {
        'Outputs': {'Metadata.Font': 'Arial', 'volume': 'ready'},
        'ImageOutputs': [{'ImageName': 'Logo', 'Base64Content': 'iVBOR'}, {'ImageName': 'None', 'Base64Content': None}],
    }
    package = change_models(CYLINDER.read_bytes(), insert('cylinder_static.json', json.dumps(static).encode()))
    package = change_models(package, insert('cylinder_jsonformspec.json', b'[{"field": "height"}]'))
    ready = {'Metadata.Font': 'Arial', 'volume': 'ready', 'Logo': 'iVBOR', 'None': None}
    with serving(package) as api:
        assert api.outputs({}, service_category='METADATA') == ready
        assert api.outputs({}, service_category=['Weight', 'metadata']) == {
            'mass': pytest.approx(615.75, abs=0.01),
            **ready,
        }
        assert api.outputs({}, service_category='FormSpec') == [{'field': 'height'}]
        many = api.many([{}, {}], subservice='metadata')
        assert many['outputs'] == [ready, ready]
        body = {'request_meta': {'service_id': CYLINDER_ID}}
        fields = api.post('v3/metadata', body).json()['response_data']['outputs']
        assert (fields['Logo'], fields['None']) == ('data:image/png;base64,iVBOR', None)


def test_an_abort_is_told_in_words(api: Api) -> None:
    answer = api.send({}, requested_output_regex='(')
    assert answer.status_code == 400
    assert message(answer).startswith(
        "requested_output_regex '(' is not a valid regular expression; the model aborted: it threw"
    )
    said = 'options.printErr("table q_x is missing"); throw 5659112'
    assert 'table q_x is missing' in message(api.send(record(said), 'shapes/scripted'))
    assert api.models()[SCRIPTED_ID]['crash_count'] == 1
