"""The chain of services that computed a record is in the answer, in both formats, for one record and for many."""

from __future__ import annotations

from typing import Any

import pytest

import cspark.wasm as Hybrid
from support.wire import SUCCESS, Recorder, Reply

CHAIN: list[dict[str, Any]] = [
    {'service_name': 'first', 'run_if': 'Success', 'requested_report': None},
    {'service_name': 'second', 'run_if': 'Always', 'requested_report': None},
]
DATA: dict[str, Any] = {'outputs': {'volume': 1.5}, 'warnings': None, 'errors': None}
ONE: dict[str, Any] = {**SUCCESS, 'response_data': {**DATA, 'service_chain': CHAIN}}
MANY: dict[str, Any] = {
    'outputs': [{'volume': 1.5}, {'volume': 2.5}],
    'process_time': [1, 2],
    'warnings': [None, None],
    'errors': [None, None],
    'service_chain': [CHAIN, None],
}


@pytest.mark.parametrize('chain', [CHAIN, CHAIN[:1], None])
def test_one_record_has_its_chain_as_the_one_entry_of_a_list(
    recorded: Hybrid.Client, recorder: Recorder, chain: Any
) -> None:
    recorder.reply(Reply(body={**SUCCESS, 'response_data': {**DATA, 'service_chain': chain}}))
    answer = recorded.services.execute('f/s', inputs={'height': 1})
    assert answer.data['service_chain'] == [chain]


def test_a_runner_that_says_nothing_of_a_chain_has_none(recorded: Hybrid.Client, recorder: Recorder) -> None:
    recorder.reply(Reply(body={**SUCCESS, 'response_data': DATA}))
    assert recorded.services.execute('f/s', inputs={}).data['service_chain'] == [None]


def test_many_records_have_an_entry_each(recorded: Hybrid.Client, recorder: Recorder) -> None:
    recorder.reply(Reply(body=MANY))
    assert recorded.services.execute('f/s', inputs=[{}, {}]).data['service_chain'] == [CHAIN, None]


def test_no_records_have_none(recorded: Hybrid.Client, recorder: Recorder) -> None:
    assert recorded.services.execute('f/s', inputs=[]).data['service_chain'] == []
    assert recorder.received == []


def test_the_original_format_has_it_where_the_runner_put_it(recorded: Hybrid.Client, recorder: Recorder) -> None:
    recorder.reply(Reply(body=ONE))
    answer = recorded.services.execute('f/s', inputs={}, response_format='original')
    assert answer.data['response_data']['service_chain'] == CHAIN


def test_an_answer_of_one_record_has_the_names_of_an_answer_of_many(hybrid: Hybrid.Client) -> None:
    one = hybrid.services.execute('shapes/cylinder', inputs={'height': 1})
    many = hybrid.services.execute('shapes/cylinder', inputs=[{'height': 1}])
    lists = {name for name, value in many.data.items() if isinstance(value, list)}
    assert lists == {'outputs', 'process_time', 'warnings', 'errors', 'service_chain'}
    assert lists == {name for name, value in one.data.items() if isinstance(value, list)}
