"""Every option of `execute` in the document's table works when the published client sends it, in the table's order.

What a list cannot have (tables as arrays, a filter, an echo, the log of solve functions) this client does not send with
one.
"""

from __future__ import annotations

from typing import Any

import pytest

from published.expected import (
    ALIKE,
    CYLINDER_URI,
    LIFE_URI,
    META,
    OTHER,
    POLICY,
    RECORD,
    RECORD_LISTS,
    Call,
    Json,
    as_array,
    cylinder,
    cylinder_in,
    policy,
)
from support.packages import CYLINDER_150, CYLINDER_ID

one_and_many = pytest.mark.parametrize('many', [False, True], ids=['one', 'many'])


def test_the_original_format_of_one_record_is_the_envelope_of_v3(call: Call) -> None:
    answer = call('services.execute', CYLINDER_URI, inputs=RECORD, response_format='original').data
    assert (answer['status'], answer['error']) == ('Success', None)
    assert answer['response_data'] == {'outputs': cylinder(**RECORD)} | dict.fromkeys(RECORD_LISTS[2:])
    assert set(answer['response_meta']) >= META
    assert answer['response_meta']['version_id'] == CYLINDER_150
    assert isinstance(answer['response_meta']['process_time'], int)


@pytest.mark.parametrize('options', [{}, {'response_format': 'alike'}], ids=['by default', 'alike'])
def test_the_format_alike_of_one_record_is_that_of_many(call: Call, options: Json) -> None:
    one = call('services.execute', CYLINDER_URI, inputs=RECORD, **options).data
    many = call('services.execute', CYLINDER_URI, inputs=[RECORD], **options).data
    original = call('services.execute', CYLINDER_URI, inputs=[RECORD], response_format='original').data
    assert list(one) == list(many) == list(original) == ALIKE
    for name in set(ALIKE) - {'call_id', 'process_time', 'request_timestamp'}:
        assert one[name] == many[name] == original[name]
    assert one['outputs'] == [cylinder(**RECORD)]


@pytest.mark.parametrize('encoding', ['gzip', 'deflate'])
@pytest.mark.parametrize('count', [None, 1, 200])
def test_a_compressed_request_is_read_and_a_large_answer_is_compressed_alike(
    call: Call, encoding: str, count: int | None
) -> None:
    records = [RECORD] if count is None else [{**RECORD, 'height': height} for height in range(1, count + 1)]
    answer = call('services.execute', CYLINDER_URI, inputs=RECORD if count is None else records, encoding=encoding)
    assert answer.data['outputs'] == [cylinder(**record) for record in records]
    assert answer.sent['content-encoding'] == answer.sent['accept-encoding'] == encoding
    assert answer.received.get('content-encoding') == (encoding if len(records) > 100 else None)


@pytest.mark.parametrize(
    ('moment', 'version'),
    [
        ('2024-06-01', '1.4.0'),
        ('2024-12-31T23:59:59Z', '1.4.0'),
        ('2025-01-01T00:00:00.000Z', '1.5.0'),
        ('2025-01-01T01:00:00+02:00', '1.4.0'),
        ('2030-01-01', '1.5.0'),
        (None, '1.5.0'),
    ],
)
@one_and_many
def test_active_since_chooses_the_version_that_was_in_effect(
    call: Call, moment: str | None, version: str, many: bool
) -> None:
    for uri in (CYLINDER_URI, f'service/{CYLINDER_ID}'):
        answer = call('services.execute', uri, inputs=[RECORD] if many else RECORD, active_since=moment)
        assert (answer.data['version'], answer.data['outputs']) == (version, [cylinder_in(version, **RECORD)])


@pytest.mark.parametrize(
    'options', [{'source_system': 'my-system'}, {'call_purpose': 'My Purpose'}, {'compiler_type': 'neuron'}], ids=str
)
@one_and_many
def test_what_the_runner_has_no_use_for_changes_no_answer(call: Call, options: Json, many: bool) -> None:
    answer = call('services.execute', CYLINDER_URI, inputs=[RECORD, OTHER] if many else RECORD, **options)
    assert answer.data['outputs'] == [cylinder(**record) for record in ([RECORD, OTHER] if many else [RECORD])]


@pytest.mark.parametrize('response_format', ['original', 'alike'])
@one_and_many
def test_the_correlation_id_comes_back(call: Call, response_format: str, many: bool) -> None:
    options = {'inputs': [RECORD] if many else RECORD, 'response_format': response_format}
    for correlation_id in ('my-id', None):
        answer = call('services.execute', CYLINDER_URI, correlation_id=correlation_id, **options).data
        assert answer.get('response_meta', answer)['correlation_id'] == correlation_id


@pytest.mark.parametrize(
    ('tables', 'expected'),
    [
        ('rider_premiums', ('rider_premiums',)),
        ('rider_premiums,schedule', ('rider_premiums', 'schedule')),
        (['schedule'], ('schedule',)),
        (['rider_premiums', 'schedule'], ('rider_premiums', 'schedule')),
        ('nothing', ()),
        (None, ()),
    ],
    ids=str,
)
def test_tables_as_array_are_a_row_of_names_and_rows_of_values(
    call: Call, tables: Any, expected: tuple[str, ...]
) -> None:
    answer = call('services.execute', LIFE_URI, inputs=POLICY, tables_as_array=tables)
    outputs = policy()
    for name in expected:
        outputs[name] = as_array(outputs[name])
    assert answer.data['outputs'] == [outputs]


def test_debugging_of_solve_functions_adds_their_log(call: Call) -> None:
    (debugged,) = call('services.execute', CYLINDER_URI, inputs=RECORD, debug_solve=True).data['outputs']
    # No function of the samples solves anything, so that there is nothing in the log.
    assert debugged == cylinder(**RECORD) | {'additional_outputs': {'solve_log': []}}
    for debug_solve in (False, None):
        answer = call('services.execute', CYLINDER_URI, inputs=RECORD, debug_solve=debug_solve)
        assert answer.data['outputs'] == [cylinder(**RECORD)]


@pytest.mark.parametrize(
    ('selected', 'expected'),
    [
        ('volume', ['volume']),
        ('volume,mass', ['volume', 'mass']),
        (' mass , volume ', ['volume', 'mass']),
        (['surface'], ['surface']),
        (['mass', 'volume'], ['volume', 'mass']),
        (['volume', 'nothing'], ['volume']),
        (None, ['volume', 'surface', 'mass']),
    ],
    ids=str,
)
@one_and_many
def test_selected_outputs_are_those_that_come(call: Call, selected: Any, expected: list[str], many: bool) -> None:
    answer = call('services.execute', CYLINDER_URI, inputs=[RECORD] if many else RECORD, selected_outputs=selected)
    outputs = cylinder(**RECORD)
    assert answer.data['outputs'] == [{name: outputs[name] for name in expected}]


@pytest.mark.parametrize(
    ('pattern', 'expected'),
    [
        ('volume', ['volume']),
        ('vol.*', ['volume']),
        ('(volume|mass)', ['volume', 'mass']),
        ('.*S.*', ['surface', 'mass']),
        ('nothing', None),
        (None, ['volume', 'surface', 'mass']),
    ],
)
def test_a_filter_selects_the_outputs_whose_whole_name_it_matches(
    call: Call, pattern: str | None, expected: list[str] | None
) -> None:
    answer = call('services.execute', CYLINDER_URI, inputs=RECORD, outputs_filter=pattern)
    outputs = cylinder(**RECORD)
    assert answer.data['outputs'] == [expected and {name: outputs[name] for name in expected}]


def test_a_filter_that_is_no_pattern_is_refused_and_the_next_call_computes(call: Call) -> None:
    with pytest.raises(RuntimeError, match=r'BadRequestError: 400 .*requested_output_regex'):
        call('services.execute', CYLINDER_URI, inputs=RECORD, outputs_filter='(')
    assert call('services.execute', CYLINDER_URI, inputs=RECORD).data['outputs'] == [cylinder(**RECORD)]


@pytest.mark.parametrize('inputs', [RECORD, {'height': 10}, {}], ids=str)
def test_the_inputs_are_echoed_beside_the_outputs(call: Call, inputs: Json) -> None:
    options = {'inputs': inputs, 'response_format': 'original'}
    data = call('services.execute', CYLINDER_URI, echo_inputs=True, **options).data['response_data']
    assert (data['inputs'], data['outputs']) == (inputs, cylinder(**inputs))
    for echo_inputs in (False, None):
        data = call('services.execute', CYLINDER_URI, echo_inputs=echo_inputs, **options).data['response_data']
        assert 'inputs' not in data


@pytest.mark.parametrize(
    ('subservices', 'expected'),
    [
        ('Weight', ['mass']),
        ('Size', ['volume', 'surface']),
        ('Size,Weight', ['volume', 'surface', 'mass']),
        (['Weight'], ['mass']),
        (['Size', 'Weight'], ['volume', 'surface', 'mass']),
        (None, ['volume', 'surface', 'mass']),
    ],
    ids=str,
)
@one_and_many
def test_subservices_have_outputs_of_their_own(call: Call, subservices: Any, expected: list[str], many: bool) -> None:
    answer = call('services.execute', CYLINDER_URI, inputs=[RECORD] if many else RECORD, subservices=subservices)
    outputs = cylinder(**RECORD)
    assert answer.data['outputs'] == [{name: outputs[name] for name in expected}]


def test_what_a_list_cannot_have_leaves_its_answer_as_it_is(call: Call) -> None:
    options = {'tables_as_array': 'schedule', 'debug_solve': True, 'outputs_filter': 'age', 'echo_inputs': True}
    answer = call('services.execute', LIFE_URI, inputs=[POLICY, POLICY], **options)
    assert (list(answer.data), answer.data['outputs']) == (ALIKE, [policy(), policy()])


def test_options_work_together(call: Call) -> None:
    options: Json = {'selected_outputs': ['rider_premiums', 'age'], 'tables_as_array': 'rider_premiums'}
    options |= {'encoding': 'gzip', 'active_since': '2026-01-01', 'correlation_id': 'my-id', 'echo_inputs': True}
    answer = call('services.execute', LIFE_URI, inputs=POLICY, response_format='original', **options).data
    expected = policy()
    assert answer['response_meta']['correlation_id'] == 'my-id'
    assert answer['response_data']['inputs'] == POLICY
    assert answer['response_data']['outputs'] == {'age': 45, 'rider_premiums': as_array(expected['rider_premiums'])}
