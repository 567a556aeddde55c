"""`outputs=` is for type checkers: at run time nothing but a name, and generic classes are as they were."""

from __future__ import annotations

import copy
import pickle
from typing import Any, TypedDict

import pytest

import cspark.wasm as Hybrid
from support.many import execute_many
from support.wire import Recorder, Reply
from support.worlds import WORLDS, World, client_in


class Volumes(TypedDict):
    """What a cylinder answers."""

    volume: float


V4 = {
    'outputs': [{'volume': 1.5}, {'volume': 2.5}],
    'process_time': [1, 1],
    'warnings': [None, None],
    'errors': [None, None],
    'service_chain': [None, None],
    'version': '1.2.3',
}
CASES: dict[str, tuple[dict[str, Any], Reply]] = {
    'one': ({'inputs': {'height': 1}}, Reply()),
    'defaults': ({'inputs': {}}, Reply()),
    'original': ({'inputs': {'height': 1}, 'response_format': 'original'}, Reply()),
    'many': ({'inputs': [{'height': 1}, {'height': 2}]}, Reply(body=V4)),
    'selected': ({'inputs': {'height': 1}, 'selected_outputs': 'volume'}, Reply()),
}
VARYING = {'x-request-id', 'host'}


def sent(recorder: Recorder) -> list[Any]:
    """What was sent, without what differs from call to call."""
    return [
        (
            received.method,
            received.path,
            received.body,
            {name: value for name, value in received.headers.items() if name not in VARYING},
        )
        for received in recorder.received
    ]


@pytest.mark.parametrize('case', CASES)
@pytest.mark.parametrize('outputs', [Volumes, dict[str, Any], None], ids=['TypedDict', 'dict', 'None'])
def test_the_wire_and_the_answer_are_the_same_with_outputs(
    recorded: Hybrid.Client, recorder: Recorder, case: str, outputs: Any
) -> None:
    options, reply = CASES[case]
    recorder.reply(reply)
    plain = recorded.services.execute('shapes/cylinder', **options)
    typed = recorded.services.execute('shapes/cylinder', **options, outputs=outputs)
    first, second = sent(recorder)
    assert first == second
    assert (plain.data, plain.outputs) == (typed.data, typed.outputs)
    assert type(plain) is type(typed) is Hybrid.ServiceExecuted


@pytest.mark.parametrize('world', WORLDS)
def test_many_records_are_sent_the_same_with_outputs(world: World, recorder: Recorder) -> None:
    recorder.reply(Reply(body=V4))
    with client_in(world, base_url=recorder.url) as client:
        records = [{'height': 1}, {'height': 2}]
        found = [
            [result.outputs for result in execute_many(client, 'shapes/cylinder', records, **typed)]
            for typed in ({}, {'outputs': Volumes})
        ]
    first, second = sent(recorder)
    assert first == second
    assert found == [V4['outputs']] * 2


def test_nothing_is_checked_against_the_type(recorded: Hybrid.Client, recorder: Recorder) -> None:
    recorder.reply(Reply(body={**V4, 'outputs': [{'other': 'x'}, None]}))
    typed: Any = recorded.services.execute('shapes/cylinder', inputs=[{}, {}], outputs=Volumes)
    assert typed.outputs == [{'other': 'x'}, None]


GENERIC: dict[str, Any] = {
    'ServiceExecuted[Any]': lambda: Hybrid.ServiceExecuted[Any],
    'ServiceExecuted[data, outputs]': lambda: Hybrid.ServiceExecuted[Hybrid.ExecutedData, Volumes],
    'HttpResponse[Any]': lambda: Hybrid.HttpResponse[Any],
    'RecordResult[outputs]': lambda: Hybrid.RecordResult[Volumes],
    'ManyResults[outputs]': lambda: Hybrid.ManyResults[Volumes],
    'AsyncManyResults[outputs]': lambda: Hybrid.AsyncManyResults[Volumes],
}


@pytest.mark.parametrize('name', GENERIC)
def test_classes_are_subscripted_at_run_time(name: str) -> None:
    subscripted = GENERIC[name]()
    assert subscripted.__origin__.__name__ == name.partition('[')[0]
    assert subscripted == GENERIC[name]()
    assert name.partition('[')[0] in repr(subscripted)


@pytest.mark.parametrize('outputs', [None, Volumes], ids=['plain', 'typed'])
def test_a_typed_answer_is_pickled_copied_and_an_instance(
    recorded: Hybrid.Client, recorder: Recorder, outputs: Any
) -> None:
    recorder.reply(Reply())
    answer: Any = recorded.services.execute('shapes/cylinder', inputs={}, outputs=outputs)
    others: list[Any] = [pickle.loads(pickle.dumps(answer)), copy.copy(answer), copy.deepcopy(answer)]
    for other in others:
        assert (type(other), other.data) == (Hybrid.ServiceExecuted, answer.data)
        assert isinstance(other, Hybrid.HttpResponse)


def test_a_result_is_pickled_and_as_small_as_before() -> None:
    result: Hybrid.RecordResult[Volumes] = Hybrid.RecordResult(3, {'volume': 1.5})
    assert pickle.loads(pickle.dumps(result)) == result == copy.copy(result)
    assert Hybrid.RecordResult[Volumes](3, {'volume': 1.5}) == result


class Priced(Hybrid.ServiceExecuted[Any, Volumes]):
    """A subclass of a typed answer."""


def test_an_answer_may_be_subclassed_with_types() -> None:
    assert issubclass(Priced, Hybrid.ServiceExecuted)
    assert issubclass(Priced, Hybrid.HttpResponse)
