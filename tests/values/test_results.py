"""Answers: what a caller reads of them, in every format and however odd they are."""

from __future__ import annotations

import copy
import json
import pickle
import sys
from contextlib import suppress
from typing import Any

import polars as pl
import pytest

import cspark.wasm as Hybrid
from support.inputs import pa
from support.wire import SUCCESS, Recorder, Reply

ERRORS = [{'error_type': 'E', 'message': 'radius is below 0', 'error_category': 'VALIDATION'}]
WARNINGS = [{'message': 'height has its default'}]
V3 = {
    'status': 'Success',
    'error': None,
    'response_data': {'outputs': {'volume': 1.5}, 'warnings': WARNINGS, 'errors': None, 'service_chain': None},
    'response_meta': {'call_id': 'call-1', 'version': '1.2.3', 'process_time': 1, 'new': 1},
    'new': True,
}
V4 = {
    'outputs': [{'volume': 1.5}, None],
    'process_time': [1, 2],
    'warnings': [WARNINGS, None],
    'errors': [None, ERRORS],
    'service_chain': [None, None],
    'call_id': 'call-1',
    'version': '1.2.3',
    'new': True,
}
FORMATS: dict[str, tuple[Any, dict[str, Any]]] = {
    'v3 alike': (V3, {'inputs': {}}),
    'v3 original': (V3, {'inputs': {}, 'response_format': 'original'}),
    'v4': (V4, {'inputs': [{}, {}]}),
    'v4 original': (V4, {'inputs': [{}, {}], 'response_format': 'original'}),
}


def answered(recorder: Recorder, hybrid: Hybrid.Client, body: Any, **options: Any) -> Hybrid.ServiceExecuted[Any]:
    """The answer of `execute` to what the server says."""
    recorder.reply(Reply(body=body))
    execute: Any = hybrid.services.execute
    answer: Hybrid.ServiceExecuted[Any] = execute('f/s', **options)
    assert isinstance(answer, Hybrid.ServiceExecuted)
    return answer


@pytest.mark.parametrize('form', FORMATS)
def test_an_answer_reads_alike_in_every_format(recorded: Hybrid.Client, recorder: Recorder, form: str) -> None:
    body, options = FORMATS[form]
    many = form.startswith('v4')
    answer = answered(recorder, recorded, body, **options)
    assert answer.status == 200
    assert answer.outputs == [{'volume': 1.5}, None][: 1 + many]
    assert answer.warnings == [WARNINGS, None][: 1 + many]
    assert answer.errors == [None, ERRORS][: 1 + many]
    assert answer.call_id == 'call-1'
    assert answer.headers['content-type'] == 'application/json'
    assert answer.data.get('version', '1.2.3') == '1.2.3'
    if many:
        with pytest.raises(Hybrid.SparkSdkError, match='2 records'):
            _ = answer.output
        with pytest.raises(Hybrid.SparkExecutionError, match=r'1 of 2 .* record 1: radius is below 0') as caught:
            answer.raise_for_errors()
        assert caught.value.records == {1: ERRORS}
        assert 'call-1' in str(caught.value)
    else:
        assert answer.output == {'volume': 1.5}
        assert answer.raise_for_errors() is answer


@pytest.mark.parametrize('form', FORMATS)
def test_an_answer_survives_pickling_and_copying(recorded: Hybrid.Client, recorder: Recorder, form: str) -> None:
    body, options = FORMATS[form]
    answer = answered(recorder, recorded, body, **options)
    other: Any
    for other in (pickle.loads(pickle.dumps(answer)), copy.copy(answer), copy.deepcopy(answer)):
        assert (other.status, other.data, other.buffer) == (answer.status, answer.data, answer.buffer)
        assert other.headers == answer.headers
        assert other.outputs == answer.outputs
        assert other.raw_request.url == answer.raw_request.url
        assert other.raw_response.json() == body
        assert other.raw_response.request.headers['x-request-id'] == recorder.last.headers['x-request-id']


def test_a_copy_has_other_values_where_they_are_given(recorded: Hybrid.Client, recorder: Recorder) -> None:
    answer = answered(recorder, recorded, V3, inputs={})
    other: Any = answer.copy_with(status=201, data={'outputs': []}, request=None, response=None)
    assert type(other) is Hybrid.ServiceExecuted
    assert (other.status, other.outputs) == (201, [])
    assert [other.raw_request, other.raw_response] == [None, None]
    assert (answer.status, answer.output) == (200, {'volume': 1.5})
    assert other.buffer == answer.buffer
    with pytest.raises(TypeError, match='body'):
        answer.copy_with(body=b'')


@pytest.mark.parametrize('verb', ['health', 'version', 'status', 'upload', 'validate', 'get_metadata'])
def test_the_answers_of_the_other_verbs_pickle_too(recorded: Hybrid.Client, recorder: Recorder, verb: str) -> None:
    recorder.reply(Reply(body={'msg': 'ok', 'response_data': []}))
    calls: dict[str, Any] = {
        'health': lambda: recorded.health.check(),
        'version': lambda: recorded.version.get(),
        'status': lambda: recorded.status.get(),
        'upload': lambda: recorded.services.upload(b'zip'),
        'validate': lambda: recorded.services.validate(version_id='00000000-0000-0000-0000-000000000001'),
        'get_metadata': lambda: recorded.services.get_metadata(version_id='00000000-0000-0000-0000-000000000001'),
    }
    answer = calls[verb]()
    assert answer.data == pickle.loads(pickle.dumps(answer)).data == {'msg': 'ok', 'response_data': []}
    assert repr(answer).startswith(f'<HttpResponse 200, {len(answer.buffer)} bytes>\n')


ODD: list[Any] = [
    {},
    {'anything': 1},
    {'response_data': None, 'response_meta': None},
    {'response_data': {}, 'response_meta': {}},
    {'response_data': [], 'response_meta': []},
    {'response_data': 'text', 'response_meta': 'text'},
    {'response_data': {'outputs': None, 'errors': None}},
    {'response_data': {'outputs': [1], 'errors': {}, 'warnings': 'text'}, 'response_meta': {'call_id': None}},
    {'outputs': None, 'errors': None, 'warnings': None},
    {'outputs': [{'a': 1}]},
    {'outputs': [{'a': 1}, None, 'text'], 'errors': [], 'warnings': None},
    {'outputs': {'a': 1}, 'errors': 'text', 'call_id': 5},
    {'outputs': [{'a': 1}], 'errors': [{'message': 'm'}]},
    {'outputs': [{'a': 1}], 'errors': ['text']},
    {'outputs': [None], 'errors': [[None]]},
]


@pytest.mark.parametrize('body', ODD, ids=str)
def test_missing_and_unknown_fields_raise_nothing(recorded: Hybrid.Client, recorder: Recorder, body: Any) -> None:
    for _, options in FORMATS.values():
        answer = answered(recorder, recorded, body, **options)
        read = [answer.outputs, answer.errors, answer.warnings]
        assert all(isinstance(one, list) for one in read)
        assert len(answer.outputs) != 1 or isinstance(answer.output, dict)
        assert len(answer.to_pandas()) == len(answer.outputs)
        assert {type(answer.to_polars()), type(answer.to_arrow())} == {pl.DataFrame, pa.Table}
        with suppress(Hybrid.SparkExecutionError):
            assert answer.raise_for_errors() is answer


FRAMES: dict[str, tuple[Any, list[dict[str, Any]]]] = {
    'one record': (SUCCESS, [{'volume': 1.5}]),
    'many records': ({'outputs': [{'a': 1, 'b': 'x'}, {'a': 2, 'b': 'y'}]}, [{'a': 1, 'b': 'x'}, {'a': 2, 'b': 'y'}]),
    'a record that failed': ({'outputs': [{'a': 1}, None]}, [{'a': 1}, {'a': None}]),
    'outputs that differ': ({'outputs': [{'a': 1}, {'b': 2}]}, [{'a': 1, 'b': None}, {'a': None, 'b': 2}]),
    'a number that is whole at times': ({'outputs': [{'a': 1}, {'a': 1.5}]}, [{'a': 1}, {'a': 1.5}]),
    'tables': ({'outputs': [{'t': [{'x': 1}]}, {'t': [{'x': 2}]}]}, [{'t': [{'x': 1}]}, {'t': [{'x': 2}]}]),
    'columnar outputs': ({'outputs': [['a', 'b'], [1, 'x'], [2, 'y']]}, [{'a': 1, 'b': 'x'}, {'a': 2, 'b': 'y'}]),
}


@pytest.mark.parametrize('form', FRAMES)
def test_outputs_become_a_frame_with_a_row_a_record(recorded: Hybrid.Client, recorder: Recorder, form: str) -> None:
    body, rows = FRAMES[form]
    answer = answered(recorder, recorded, body, inputs={} if body is SUCCESS else [{}] * len(rows))
    beside: dict[str, Any] = {'warnings': None, 'errors': None}
    rows = [{'index': index, **row, **beside} for index, row in enumerate(rows)]
    assert answer.to_polars().to_dicts() == rows
    table = answer.to_arrow()
    assert isinstance(table, pa.Table)
    assert table.to_pylist() == rows
    frame = answer.to_pandas()
    assert frame.astype(object).where(frame.notna(), None).to_dict('records') == rows


def test_outputs_of_mixed_kinds_become_a_frame_too(recorded: Hybrid.Client, recorder: Recorder) -> None:
    answer = answered(recorder, recorded, {'outputs': [{'a': 1}, {'a': '#N/A'}, {'a': None}]}, inputs=[{}] * 3)
    assert answer.to_polars()['a'].to_list() == answer.to_arrow()['a'].to_pylist() == [1, None, None]
    assert '#N/A' in str(answer.to_pandas()['warnings'].tolist()[1])


@pytest.mark.parametrize(
    ('method', 'library'), [('to_pandas', 'pandas'), ('to_polars', 'polars'), ('to_arrow', 'pyarrow')]
)
def test_a_library_that_is_missing_is_named(
    recorded: Hybrid.Client, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, method: str, library: str
) -> None:
    answer = answered(recorder, recorded, V3, inputs={})
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(Hybrid.SparkSdkError, match=f'^{library} is not installed; pip install {library}'):
        getattr(answer, method)()


def test_answers_of_a_real_model_become_frames(hybrid: Hybrid.Client) -> None:
    one = hybrid.services.execute('shapes/cylinder', inputs={'height': 2})
    many = hybrid.services.execute('shapes/cylinder', inputs=[{'height': height} for height in range(1, 4)])
    assert one.to_pandas()['volume'].tolist() == [one.output['volume']]
    assert many.to_polars()['volume'].to_list() == [output['volume'] for output in many.outputs]
    assert many.to_arrow().num_rows == len(many.outputs) == 3
    assert one.call_id
    assert many.call_id


def test_any_answer_is_a_dictionary_that_json_holds(recorded: Hybrid.Client, recorder: Recorder) -> None:
    for answer in (recorded.services.execute('f/s', inputs={}), recorded.services.validate(version_id='v')):
        found: Any = answer.to_dict()
        assert found == answer.data
        assert found is not answer.data
        assert json.loads(json.dumps(found)) == found
    assert recorder.received
