"""What v3 and v4 answer: defaults, warnings, selected outputs, tables, echoes, validation, metadata."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator
from typing import Any, Final

import pytest
from dateutil.parser import isoparse

from support.calls import Api, Json, message, serving
from support.packages import (
    CYLINDER,
    CYLINDER_150,
    CYLINDER_ID,
    TERM_LIFE,
)

LIFE: Final = 'insurance/term-life'
RECORD: Final = {'height': 10, 'radius': 2, 'density': 2}
VOLUME: Final = math.pi * 40

WRONG: Final[list[tuple[str, Json, str]]] = [
    (f'v3/version/{CYLINDER_150}', {'request_data': []}, 'request_data must be an object, not list'),
    ('v3/execute', {'request_meta': 'x'}, 'request_meta must be an object, not str'),
    (
        f'v3/version/{CYLINDER_150}',
        {'request_meta': {'service_category': {}}},
        'service_category must be comma-',
    ),
    (f'v3/version/{CYLINDER_150}', {'request_meta': {'array_outputs': [1]}}, 'array_outputs must be comma-separated'),
    (f'v3/version/{CYLINDER_150}', {'request_meta': {'requested_output': 7}}, 'requested_output must be comma-'),
    ('v4/execute', {'version_id': CYLINDER_150}, 'inputs must be an array'),
    ('v4/execute', {'version_id': CYLINDER_150, 'inputs': {}}, 'inputs must be an array'),
    ('v4/execute', {'version_id': CYLINDER_150, 'inputs': [['a', 1], [1, 2]]}, 'must hold the names, as text'),
    ('v4/execute', {'inputs': [{}]}, 'no service is named'),
    ('v4/execute', {'inputs': [{}], 'service': 7}, 'service must be a string'),
]
RECORDS: Final[list[tuple[list[Any], list[bool]]]] = [
    ([RECORD, 7, RECORD], [True, False, True]),
    ([RECORD, None, [], 'text', {}], [True, False, False, False, True]),
    ([['height'], [1], [1, 2], 7, [], [2]], [True, False, False, False, True]),
    ([['height'], {'height': 1}], [False]),
    ([['height']], []),
    ([], []),
]


@pytest.fixture(scope='module')
def api() -> Iterator[Api]:
    """A runner with both samples."""
    with serving(CYLINDER, TERM_LIFE) as started:
        yield started


@pytest.mark.thorough
def test_the_envelope_of_one_record_has_every_field_of_the_document(api: Api) -> None:
    answer = api.execute(RECORD, correlation_id='my-id', call_purpose='Test', source_system='tests')
    meta = answer.pop('response_meta')
    assert answer['response_data'].pop('outputs').keys() == {'volume', 'surface', 'mass'}
    empty = {'warnings': None, 'errors': None, 'service_chain': None}
    assert answer == {'status': 'Success', 'error': None, 'response_data': empty}
    assert uuid.UUID(meta.pop('call_id')).version == 4
    assert isoparse(meta.pop('request_timestamp')).tzinfo is not None
    assert len(meta.pop('engine_id')) == 64
    assert isinstance(meta.pop('process_time'), int)
    assert meta == {
        'service_id': CYLINDER_ID,
        'version_id': CYLINDER_150,
        'version': '1.5.0',
        'compiler_type': 'Type3',
        'compiler_version': '1.46.0',
        'source_hash': None,
        'correlation_id': 'my-id',
        'system': 'SPARK',
        'allow_range_address': False,
    }


def test_the_answer_to_many_records_has_every_field_of_the_document_in_its_order(api: Api) -> None:
    answer = api.many([RECORD, {}], correlation_id='my-id')
    lists = ['outputs', 'process_time', 'warnings', 'errors', 'service_chain']
    about = [
        'service_id',
        'version_id',
        'version',
        'call_id',
        'compiler_version',
        'correlation_id',
        'request_timestamp',
    ]
    assert list(answer) == [*lists, *about]
    assert [len(answer[name]) for name in lists] == [2] * 5
    assert (answer['version_id'], answer['compiler_version'], answer['correlation_id']) == (
        CYLINDER_150,
        '1.46.0',
        'my-id',
    )


@pytest.mark.parametrize(
    ('inputs', 'volume'),
    [
        ({'height': '10', 'radius': 2}, VOLUME),
        ({'height': None, 'radius': 2}, 0),
        ({'height': True, 'radius': 1}, math.pi),
        ({'height': 10, 'radius': 2, 'unknown': [1, {'a': None}]}, VOLUME),
        ({'height': 1e308, 'radius': 1e308}, None),
        ({'height': 'tall', 'radius': 2}, '#VALUE!'),
        ({'height': -1, 'radius': 1}, -math.pi),
        ({'h\u00f6he "\n': 1, 'height': 1, 'radius': 1}, math.pi),
    ],
)
@pytest.mark.parametrize('many', [False, True], ids=['one', 'many'])
def test_a_model_takes_inputs_as_a_workbook_does(api: Api, inputs: Json, volume: Any, many: bool) -> None:
    outputs = api.many([inputs])['outputs'][0] if many else api.outputs(inputs)
    assert outputs['volume'] == (pytest.approx(volume) if isinstance(volume, float) else volume)


@pytest.mark.parametrize('many', [False, True], ids=['one', 'many'])
def test_a_record_has_the_warnings_of_its_own(api: Api, many: bool) -> None:
    def warnings(inputs: Json) -> Any:
        data = api.execute(inputs)['response_data']
        return api.many([RECORD, inputs, RECORD])['warnings'][1] if many else data['warnings']

    assert warnings(RECORD) is None
    missing, *rest = warnings({'height': 1, 'density': 1})
    assert (missing['source_path'], rest) == ('Default Values', [])
    assert missing['message'].startswith("Input parameter missing for 'radius'.")
    assert 'volume, surface, mass' in warnings({'height': 'tall', 'radius': 1, 'density': 1})[0]['message']


@pytest.mark.parametrize(
    ('meta', 'names'),
    [
        ({}, {'volume', 'surface', 'mass'}),
        ({'requested_output': 'volume'}, {'volume'}),
        ({'requested_output': ' volume , mass ,'}, {'volume', 'mass'}),
        ({'requested_output': ['volume', 'mass']}, {'volume', 'mass'}),
        ({'requested_output': ['volume', 'nothing']}, {'volume'}),
        ({'requested_output': 'nothing'}, None),
        ({'requested_output': ''}, {'volume', 'surface', 'mass'}),
        ({'requested_output': []}, {'volume', 'surface', 'mass'}),
        ({'requested_output': None}, {'volume', 'surface', 'mass'}),
        ({'requested_output': 'VOLUME'}, {'volume'}),
        ({'requested_output_regex': 'vol.*|SURFACE'}, {'volume', 'surface'}),
        ({'requested_output_regex': '^vol'}, None),
        ({'requested_output_regex': 'vol'}, None),
        ({'service_category': 'Weight'}, {'mass'}),
        ({'service_category': 'Size,Weight'}, {'volume', 'surface', 'mass'}),
        ({'service_category': ['Size']}, {'volume', 'surface'}),
        ({'service_category': ['Size'], 'requested_output': ['mass']}, {'mass'}),
    ],
    ids=lambda value: 'names' if isinstance(value, set) else str(value),
)
def test_outputs_are_selected_by_text_and_by_list(api: Api, meta: Json, names: set[str] | None) -> None:
    outputs = api.outputs(RECORD, **meta)
    assert (outputs and set(outputs)) == names
    of_many = {'requested_output': 'output', 'service_category': 'subservice'}
    if meta.keys() <= of_many.keys():
        (outputs,) = api.many([RECORD], **{of_many[name]: value for name, value in meta.items()})['outputs']
        assert (outputs and set(outputs)) == names


@pytest.mark.parametrize('asked', ['schedule', ['schedule'], 'rider_premiums, schedule', ['schedule', 'nothing']])
def test_tables_come_as_arrays_where_they_are_named_and_as_objects_elsewhere(api: Api, asked: Any) -> None:
    inputs = {'term_years': 1, 'riders': [{'rider': 'hospital', 'sum_assured': 1000}]}
    as_objects = api.outputs(inputs, LIFE)
    as_arrays = api.outputs(inputs, LIFE, array_outputs=asked)
    names, *rows = as_arrays['schedule']
    assert [dict(zip(names, row, strict=True)) for row in rows] == as_objects['schedule']
    assert as_objects['rider_premiums'] == [{'rider': 'hospital', 'sum_assured': 1000, 'premium': 5.75}]
    changed = [['rider', 'sum_assured', 'premium'], ['hospital', 1000, 5.75]]
    assert as_arrays['rider_premiums'] == (changed if 'rider_premiums' in asked else as_objects['rider_premiums'])


def test_the_inputs_come_back_where_that_is_asked_for(api: Api) -> None:
    inputs = {'height': 1, 'note': 'ünï "€" \U0001f600', 'number': 123456789012345678901234567890}
    assert api.execute(inputs, response_data_inputs=True)['response_data']['inputs'] == inputs
    assert 'inputs' not in api.execute(inputs, response_data_inputs=False)['response_data']
    assert 'inputs' not in api.execute(inputs)['response_data']


@pytest.mark.parametrize('body', [{}, {'request_data': {}}, {'request_data': {'inputs': None}}, {'request_data': None}])
def test_no_inputs_mean_the_defaults_of_the_workbook(api: Api, body: Json) -> None:
    answer = api.post(f'v3/version/{CYLINDER_150}', body).json()['response_data']
    assert answer['outputs']['volume'] == pytest.approx(math.pi * 49 * 4)
    assert answer['errors'][0]['message'].startswith('Request is missing')


@pytest.mark.parametrize(('path', 'body', 'words'), WRONG)
def test_a_request_of_the_wrong_shape_is_refused(api: Api, path: str, body: Json, words: str) -> None:
    answer = api.post(path, body)
    assert answer.status_code == 400
    assert words in message(answer)


def test_columns_give_what_rows_give_record_by_record(api: Api) -> None:
    rows = api.many([{'height': 1, 'radius': 'x'}, {'height': 2, 'radius': None}, {'height': 3, 'radius': 4}])
    columns = api.many([['height', 'radius'], [1, 'x'], [2, None], [3, 4]])
    for name in ('outputs', 'warnings', 'errors'):
        assert columns[name] == rows[name]


@pytest.mark.parametrize(('inputs', 'good'), RECORDS)
def test_a_bad_record_has_an_error_and_the_others_their_results(api: Api, inputs: list[Any], good: list[bool]) -> None:
    answer = api.many(inputs)
    assert [output is not None for output in answer['outputs']] == good
    assert [error is None for error in answer['errors']] == good
    for errors in filter(None, answer['errors']):
        assert set(errors[0]) == {'source_path', 'error_category', 'error_type', 'message', 'additional_details'}
        assert errors[0]['message'].startswith('the record must be an ')


def test_errors_that_a_model_reports_stay_with_their_record(api: Api) -> None:
    answer = api.many([{'term_years': 5}, {'term_years': 61}, {'birth_date': '2020-01-01'}], LIFE)
    lists: list[list[Json] | None] = answer['errors']
    paths = [[error['source_path'] for error in errors or ()] for errors in lists]
    assert paths == [[], ['term_years'], ['age']]


@pytest.mark.thorough
def test_many_records_come_back_in_their_order(api: Api) -> None:
    answer = api.many([{'height': number, 'radius': 1} for number in range(5000)], output='volume')
    assert [round(output['volume'] / math.pi) for output in answer['outputs']] == list(range(5000))


@pytest.mark.parametrize('path', ['v4/execute', 'v4/public/execute'])
@pytest.mark.parametrize(
    'named', [{'service': 'shapes/cylinder[1.5]'}, {'service': CYLINDER_ID}, {'version_id': CYLINDER_150}], ids=str
)
def test_many_records_name_their_service_in_every_way(api: Api, path: str, named: Json) -> None:
    assert api.post(path, {'inputs': [{}], **named}).json()['version_id'] == CYLINDER_150
