"""The published client validates inputs and gets metadata, statically and dynamically, by every id that it takes."""

from __future__ import annotations

import base64
import json
from typing import Any, Final

import pytest

from published.expected import META, POLICY, Call, Json
from support.packages import ROOT, TERM_LIFE_030, TERM_LIFE_ID

SAMPLE: Final = ROOT / 'samples' / 'term_life'

LOCATED: Final[list[tuple[Any, Json]]] = [
    (None, {'version_id': TERM_LIFE_030}),
    (None, {'service_id': TERM_LIFE_ID}),
    ('', {'version_id': TERM_LIFE_030}),
    (f'version/{TERM_LIFE_030}', {}),
    (f'service/{TERM_LIFE_ID}', {}),
    ({'UriParams': {'version_id': TERM_LIFE_030}}, {}),
    ({'UriParams': {'service_id': TERM_LIFE_ID}}, {}),
]
"""`validate(version_id=...)`, as the document has it, is a `TypeError` of this client, which wants a first argument."""


def outputs_of(answer: Any) -> Any:
    """The outputs of an envelope that has every documented field."""
    assert answer.status == 200
    assert (answer.data['status'], answer.data['error']) == ('Success', None)
    assert set(answer.data['response_meta']) >= META
    assert answer.data['response_meta']['version_id'] == TERM_LIFE_030
    assert (answer.data['response_data']['errors'], answer.data['response_data']['service_chain']) == (None, None)
    return answer.data['response_data']['outputs']


@pytest.mark.parametrize(('uri', 'options'), LOCATED, ids=str)
def test_static_validation_is_what_the_package_was_built_with(call: Call, uri: Any, options: Json) -> None:
    (version,) = json.loads((SAMPLE / 'service.json').read_text())['versions']
    for more in ({'validation_type': 'static'}, {'validation_type': 'static', 'inputs': {'term_years': 99}}, {}):
        assert outputs_of(call('services.validate', uri, **options, **more)) == version['validations']


@pytest.mark.parametrize(('uri', 'options'), LOCATED, ids=str)
@pytest.mark.parametrize(
    ('birth', 'limits'),
    [
        # 49 on the day of the start, 50, and 76: the policy must end by 80, and from 50 on the sum is limited.
        ('1976-06-02', {'term_years': 31}),
        ('1976-06-01', {'sum_assured': 500_000, 'term_years': 30}),
        ('1950-01-01', {'sum_assured': 500_000, 'term_years': 4}),
        ('1996-01-01', {}),
    ],
)
def test_dynamic_validation_depends_on_the_inputs(
    call: Call, uri: Any, options: Json, birth: str, limits: Json
) -> None:
    inputs = {'birth_date': birth, 'start_date': '2026-06-01', 'term_years': 35}
    outputs = outputs_of(call('services.validate', uri, inputs=inputs, validation_type='dynamic', **options))
    assert {name: properties['max'] for name, properties in outputs.items() if properties is not None} == limits


def test_validation_and_metadata_take_extra_metadata(call: Call) -> None:
    for method, options in (
        ('services.validate', {'validation_type': 'dynamic', 'inputs': POLICY}),
        ('services.validate', {'validation_type': 'static'}),
        ('services.get_metadata', {}),
    ):
        extra = {'correlation_id': 'my-id', 'call_purpose': 'Looking', 'transaction_date': '2026-01-01'}
        answer = call(method, None, service_id=TERM_LIFE_ID, metadata=extra, **options)
        assert outputs_of(answer) is not None
        assert answer.data['response_meta']['correlation_id'] == 'my-id'


@pytest.mark.parametrize(('uri', 'options'), LOCATED, ids=str)
def test_metadata_are_the_fields_of_the_package_and_of_the_model(call: Call, uri: Any, options: Json) -> None:
    logo = base64.b64encode((SAMPLE / 'logo.png').read_bytes()).decode()
    for inputs, color in ((None, '#1F6F5C'), ({}, '#1F6F5C'), ({'smoker': 'yes'}, '#C0392B')):
        assert outputs_of(call('services.get_metadata', uri, inputs=inputs, **options)) == {
            'Metadata.PrimaryColor': color,
            'Metadata.Font': 'Arial',
            'Metadata.Logo': f'data:image/png;base64,{logo}',
        }
