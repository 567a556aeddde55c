"""What a missing value means, and names that a service does not have, in a call of `execute`."""

from __future__ import annotations

import math
from typing import Any

import pytest

import cspark.wasm as Hybrid
from support.wire import Recorder


@pytest.mark.parametrize(
    ('missing', 'sent'),
    [
        (None, {'age': None, 'rate': None, 'name': ''}),
        ('null', {'age': None, 'rate': None, 'name': ''}),
        ('default', {'name': ''}),
        ({'age': 'default'}, {'rate': None, 'name': ''}),
    ],
)
def test_a_missing_value_of_one_record_is_what_the_caller_says(
    recorded: Hybrid.Client, recorder: Recorder, missing: Any, sent: dict[str, Any]
) -> None:
    recorded.services.execute('f/s', inputs={'age': None, 'rate': math.nan, 'name': ''}, missing=missing)
    assert recorder.last.json['request_data']['inputs'] == sent


@pytest.mark.parametrize('inputs', [[{'age': None, 'rate': 1}, {'age': 2}], [['age', 'rate'], [None, 1], [2, None]]])
def test_missing_values_of_many_records_are_left_out(
    recorded: Hybrid.Client, recorder: Recorder, inputs: list[Any]
) -> None:
    recorded.services.execute('f/s', inputs=inputs, missing='default')
    assert recorder.last.json['inputs'] == [{'rate': 1}, {'age': 2}]


def test_a_missing_value_is_refused_with_its_place(recorded: Hybrid.Client, recorder: Recorder) -> None:
    with pytest.raises(Hybrid.SparkInputError, match=r'^inputs\.age: the value is missing$'):
        recorded.services.execute('f/s', inputs={'age': None}, missing='error')
    with pytest.raises(Hybrid.SparkInputError, match=r'^inputs\[1\]\.age: the value is missing$'):
        recorded.services.execute('f/s', inputs=[{'age': 1}, {'age': None}], missing={'age': 'error'})
    assert recorder.received == []


@pytest.mark.parametrize('inputs', [{'hieght': 1}, [{'height': 1}, {'hieght': 1}], [['hieght'], [1]]])
def test_a_name_that_the_service_does_not_have_is_refused(hybrid: Hybrid.Client, inputs: Any) -> None:
    with pytest.raises(Hybrid.SparkInputError, match="has no input 'hieght'; did you mean 'height'"):
        hybrid.services.execute('shapes/cylinder', inputs=inputs, strict_inputs=True)
    assert hybrid.services.execute('shapes/cylinder', inputs={'height': 1}, strict_inputs=True).output['volume']
