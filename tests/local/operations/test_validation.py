"""Validation and metadata: what the package has ready, and what the model computes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.calls import Api, Json, message, serving
from support.packages import (
    CYLINDER,
    CYLINDER_150,
    CYLINDER_ID,
    TERM_LIFE,
    TERM_LIFE_030,
    change,
    change_models,
    insert,
    replace,
)


@pytest.fixture(scope='module')
def api() -> Iterator[Api]:
    """A runner with both samples."""
    with serving(CYLINDER, TERM_LIFE) as started:
        yield started


def asked(api: Api, path: str, inputs: Json | None = None, **meta: Any) -> Any:
    """The outputs of the operations validation and metadata."""
    body = {'request_data': {'inputs': inputs}, 'request_meta': {'version_id': TERM_LIFE_030, **meta}}
    answer = api.post(path, body).raise_for_status().json()
    assert (answer['status'], answer['response_meta']['version_id']) == ('Success', TERM_LIFE_030)
    return answer['response_data']['outputs']


@pytest.mark.thorough
def test_static_validation_is_the_default_and_depends_on_no_inputs(api: Api) -> None:
    static = asked(api, 'v3/validation')
    assert static == asked(api, 'v3/validation', {'birth_date': '1960-01-01'}, validation_type='default_values')
    assert static['sum_assured']['max'] == 2_000_000
    assert static['smoker'] == {'validation_type': 'list', 'default_value': 'no', 'options': ['yes', 'no']}


@pytest.mark.thorough
@pytest.mark.parametrize(('birth', 'sum_assured', 'term'), [('1990-01-01', 0, 0), ('1970-01-01', 500_000, 24)])
def test_dynamic_validation_says_what_differs_for_these_inputs(
    api: Api, birth: str, sum_assured: int, term: int
) -> None:
    inputs = {'birth_date': birth, 'start_date': '2026-06-01'}
    outputs: Json = asked(api, 'v3/validation', inputs, validation_type='dynamic') or {}
    limits = {name: properties['max'] for name, properties in outputs.items() if properties is not None}
    assert set(outputs) == set(asked(api, 'v3/validation')) | {'riders'}
    assert limits == ({'sum_assured': sum_assured, 'term_years': term} if term else {})


def test_validation_of_another_kind_is_refused(api: Api) -> None:
    answer = api.post('v3/validation', {'request_meta': {'version_id': TERM_LIFE_030, 'validation_type': 'static'}})
    assert (answer.status_code, 'give "dynamic" or "default_values"' in message(answer)) == (400, True)


@pytest.mark.thorough
def test_static_validation_is_read_from_the_model_where_the_package_has_none_beside_it() -> None:
    package = change(TERM_LIFE.read_bytes(), replace('0.3.0/DefaultValidations.json', None))
    with serving(package) as api:
        assert asked(api, 'v3/validation')['term_years']['max'] == 40


def test_metadata_is_what_the_model_computes_and_what_is_ready_in_the_package(api: Api) -> None:
    fields = asked(api, 'v3/metadata', {'smoker': 'yes'})
    assert {name: fields[name] for name in ('Metadata.Font', 'Metadata.PrimaryColor')} == {
        'Metadata.Font': 'Arial',
        'Metadata.PrimaryColor': '#C0392B',
    }
    assert fields['Metadata.Logo'].startswith('data:image/png;base64,iVBORw0KGgo')
    assert asked(api, 'v3/metadata')['Metadata.PrimaryColor'] == '#1F6F5C'


@pytest.mark.thorough
def test_images_say_what_they_are() -> None:
    images = {'Jpeg': '/9j/4AAQ', 'Gif': 'R0lGODlh', 'Svg': 'PHN2Zz4=', 'Other': 'AAAA', 'Ready': 'data:x;base64,AA=='}
    entries = ', '.join(f'{{"ImageName": "{name}", "Base64Content": "{text}"}}' for name, text in images.items())
    edit = insert('cylinder_static.json', f'{{"Outputs": null, "ImageOutputs": [{entries}]}}'.encode())
    with serving(change_models(CYLINDER.read_bytes(), edit)) as api:
        answer = api.post('v3/metadata', {'request_meta': {'service_id': CYLINDER_ID}}).json()
        fields: dict[str, str] = answer['response_data']['outputs']
    kinds = {name: text.partition(';')[0].removeprefix('data:') for name, text in fields.items()}
    assert kinds == {
        'Jpeg': 'image/jpeg',
        'Gif': 'image/gif',
        'Svg': 'image/svg+xml',
        'Other': 'image/png',
        'Ready': 'x',
    }


def test_a_service_without_metadata_has_none(api: Api) -> None:
    answer = api.post('v3/metadata', {'request_meta': {'version_id': CYLINDER_150}}).json()
    assert answer['response_data']['outputs'] == {}
