"""Models that call services in circles, deep, often, at once or for ever: nothing waits for ever or is mixed up."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import httpx
import pytest

from support.calling_models import calling, id_of, script
from support.calls import Api, Json, message, serving
from support.models import HANG, scripted

A, B, C = 'calls/a', 'calls/b', 'calls/c'
CLIENT: Final = 60
"""How long a client waits, in seconds: longer than any limit here, so that only what hangs fails."""

DEEPEST: Final = 16
DOWN: Final = """
    if (inputs.left === 0) return { end: request.request_meta.correlation_id ?? null }
    const next = inputs.at + 1
    const found = await call('deep', {}, { service_uri: null, request_body: {
      request_data: { inputs: { left: inputs.left - 1, at: next } }, request_meta: { version: `${next}.0` } } })
    return found.response_data ? found.response_data.outputs : { end: found.error.message }
"""
"""Calls the next version of the same service, as many as there are left."""

TO_AND_FRO: Final = """
    if (!inputs.hops) return { end: inputs.mark }
    return outputs(inputs.path[0], { mark: inputs.mark, hops: inputs.hops - 1, path: inputs.path.slice(1) })
"""


@pytest.fixture(scope='module')
def api() -> Iterator[Api]:
    """A runner with one instance of each model, and patience."""
    with serving(*(calling(name) for name in 'abc'), timeout=60) as started:
        yield started


@pytest.fixture(scope='module')
def hasty() -> Iterator[Api]:
    """A runner with one instance of each model, and little patience."""
    with serving(*(calling(name) for name in 'abc'), scripted(), timeout=3) as started:
        yield started


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """What comes of calls from as many clients."""
    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result(CLIENT) for future in [threads.submit(each) for each in calls]]


def error_of(answer: Json) -> str:
    """The words of a failed call, as the model was told them."""
    assert answer['response_data'] is None
    words: str = answer['xcall_meta']['error_details']
    return words


def wait_until(true: Callable[[], bool]) -> bool:
    """Whether it comes true within a long time."""
    until = time.monotonic() + 30
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def length_of(chain: Any) -> int:
    """How many services called each other."""
    return 1 + length_of(chain[0]['service_chain']) if chain else 0


def busy(api: Api, service: str) -> int:
    """How many instances of a service the status calls busy."""
    count: int = api.models()[id_of(service)]['busy']
    return count


CIRCLE: Final = script(
    'return call("b", inputs.of_b)',
    of_b=script('return outputs("c", inputs.of_c)', of_c=script('return call("a", {})')),
)


@pytest.mark.thorough
@pytest.mark.parametrize('clients', [1, 12])
def test_a_circle_is_an_error_with_the_chain(api: Api, clients: int) -> None:
    """All of them wait for the only instance of the first service, which waits itself."""
    for answer in at_once([lambda: api.outputs(CIRCLE, A)] * clients):
        told = answer['response_data']['outputs']
        assert told['xcall_meta']['http_status_code'] == 508
        assert 'calls/a[1.0] > calls/b[1.0] > calls/c[1.0] > calls/a[1.0]' in error_of(told)


@pytest.mark.thorough
def test_a_service_that_calls_itself_is_an_error_with_the_chain(api: Api) -> None:
    answers = at_once([lambda: api.outputs(script('return call("a", {})'), A)] * 6)
    assert all('calls/a[1.0] > calls/a[1.0]' in error_of(answer) for answer in answers)


def test_a_circle_in_a_chunk_is_an_error_of_each_record(api: Api) -> None:
    many = api.many([CIRCLE, script('return { n: 1 }'), CIRCLE], A)
    assert [output.get('n') for output in many['outputs']] == [None, 1, None]
    assert 'calls/c[1.0] > calls/a[1.0]' in str(many['outputs'][2])


@pytest.mark.thorough
def test_services_that_call_each_other_for_some_inputs_answer_all() -> None:
    """One instance each; at every moment each waits for the other."""
    with serving(*(calling(name, TO_AND_FRO) for name in 'ab'), timeout=60) as own:
        marks = list(range(40))

        def ask(mark: int) -> Any:
            first, second = ('a', 'b') if mark % 2 else ('b', 'a')
            return own.outputs({'mark': mark, 'hops': 1, 'path': [second]}, f'calls/{first}')['end']

        assert at_once([partial(ask, mark) for mark in marks]) == marks


@pytest.mark.thorough
def test_chunks_of_services_that_call_each_other_are_all_answered() -> None:
    with serving(*(calling(name, TO_AND_FRO) for name in 'abc'), instances=2, timeout=60) as own:

        def ask(first: str, *path: str) -> Any:
            records = [{'mark': f'{first}{n}', 'hops': n % 3, 'path': path} for n in range(60)]
            return [output['end'] for output in own.many(records, f'calls/{first}')['outputs']]

        chunks = [('a', 'b', 'c'), ('b', 'c', 'a'), ('c', 'a', 'b'), ('a', 'c', 'b')]
        found = at_once([partial(ask, *chunk) for chunk in chunks])
        assert found == [[f'{first}{n}' for n in range(60)] for first, *_ in chunks]


@pytest.mark.thorough
@pytest.mark.parametrize(
    'code',
    [
        'return { all: (await Promise.all(NUMBERS.map((n) => outputs("b", { n })))).map((one) => one.n) }',
        'const all = []; for (const n of NUMBERS) all.push((await outputs("b", { n })).n); return { all }',
    ],
    ids=['at once', 'in a loop'],
)
def test_a_hundred_calls_of_a_record_are_all_answered(api: Api, code: str) -> None:
    numbers = list(range(100))
    envelope = api.execute(script(code.replace('NUMBERS', json.dumps(numbers))), A)
    assert envelope['response_data']['outputs']['all'] == numbers
    assert len(envelope['response_data']['service_chain']) == 100


@pytest.mark.thorough
@pytest.mark.parametrize('size', [5_000, 20_000, 600_000])
def test_calls_at_once_may_be_long_together(api: Api, size: int) -> None:
    count = 100 if size < 100_000 else 3
    text = f"""
        const long = 'x'.repeat({size}), numbers = Array.from({{ length: {count} }}, (_, n) => n)
        const all = await Promise.all(numbers.map((n) => outputs('b', {{ n, long }})))
        return {{ all: all.map((one) => one.n), right: all.every((one) => one.long === long) }}
    """
    assert api.outputs(script(text), A) == {'all': list(range(count)), 'right': True}


@pytest.mark.thorough
def test_a_fan_out_of_records_and_of_the_services_that_they_call(api: Api) -> None:
    inner = """
        const all = await Promise.all([0, 1, 2].map((m) => outputs('c', { id: `${inputs.id}.${m}` })))
        return { all: all.map((one) => one.id) }
    """
    outer = """
        const ask = (m) => outputs('b', { script: inputs.inner, id: `${inputs.id}.${m}` })
        return { all: await Promise.all([0, 1, 2, 3].map(ask)) }
    """
    many = api.many([script(outer, inner=inner, id=n) for n in range(10)], A)
    for n, output in enumerate(many['outputs']):
        assert [one['all'] for one in output['all']] == [[f'{n}.{i}.{j}' for j in range(3)] for i in range(4)]


@pytest.mark.thorough
def test_services_may_call_each_other_sixteen_deep_and_no_deeper() -> None:
    versions = [calling('deep', DOWN, f'{number}.0', service_id='deep') for number in range(DEEPEST + 2)]
    with serving(*versions, timeout=60) as own:

        def ask(left: int) -> Json:
            inputs = {'left': left, 'at': 0}
            data: Json = own.execute(inputs, 'calls/deep', version='0.0', correlation_id='mine')['response_data']
            return data

        for clients in (1, 4):
            asked = [partial(ask, DEEPEST), partial(ask, DEEPEST + 1)] * clients
            for number, data in enumerate(at_once(asked)):
                end, length = data['outputs']['end'], length_of(data['service_chain'])
                assert length == DEEPEST + number % 2
                if number % 2 == 0:
                    assert end == 'mine'
                else:
                    assert '16 deep' in end
                    assert 'calls/deep[16.0] > calls/deep[17.0]' in end


@pytest.mark.thorough
def test_an_endless_loop_of_calls_ends_with_the_time(hasty: Api) -> None:
    answer = hasty.send(script('for (;;) await call("b", {})'), A)
    assert answer.status_code == 504
    assert 'take longer than 3 s' in message(answer)
    assert 'calls/a[1.0]' in message(answer)
    assert hasty.outputs({'x': 1}, A)['x'] == 1


@pytest.mark.thorough
def test_an_endless_loop_below_ends_with_the_time_of_the_whole_chain(hasty: Api) -> None:
    of_b = script('for (;;) await call("c", {})')
    answer = hasty.outputs(script('return call("b", inputs.of_b)', of_b=of_b), A)
    assert answer['xcall_meta']['http_status_code'] == 504
    assert hasty.outputs({'x': 1}, B)['x'] == 1


@pytest.mark.thorough
def test_an_endless_fan_out_of_calls_ends_with_the_time(hasty: Api) -> None:
    text = 'for (;;) await Promise.all([1, 2, 3].map((n) => call("b", { n })))'
    assert hasty.send(script(text), A).status_code == 504


@pytest.mark.thorough
def test_calls_that_fail_for_ever_end_too(hasty: Api) -> None:
    assert hasty.send(script('for (;;) await call("nobody", {})'), A).status_code == 504


SLOW: Final = {
    'waits': ('b', 'calls', 'return new Promise(() => {})'),
    'computes': ('b', 'calls', 'for (;;) {}'),
    'is compiled and computes': ('scripted', 'shapes', HANG),
}


@pytest.mark.thorough
@pytest.mark.parametrize(('service', 'folder', 'code'), SLOW.values(), ids=list(SLOW))
def test_a_slow_service_takes_the_time_of_the_chain_and_the_caller_can_still_answer(
    hasty: Api, service: str, folder: str, code: str
) -> None:
    text = """
        const told = await call(inputs.service, { script: inputs.code }, { folder_name: inputs.folder })
        return { told: told.xcall_meta }
    """
    answer = hasty.outputs(script(text, service=service, folder=folder, code=code), A)
    assert answer['told']['http_status_code'] == 504
    assert hasty.outputs(script('return outputs("b", { x: 1 })'), A)['x'] == 1


@pytest.mark.thorough
def test_a_call_after_the_time_is_over_is_not_answered_for_ever(hasty: Api) -> None:
    text = 'await call("b", { script: "return new Promise(() => {})" }); await call("b", {}); return call("b", {})'
    answer = hasty.send(script(text), A)
    assert answer.status_code == 504
    assert 'take longer than 3 s' in message(answer)


@pytest.mark.thorough
def test_a_slow_record_of_many_costs_itself_alone(hasty: Api) -> None:
    text = 'return outputs("b", { n: inputs.n, script: inputs.n === 2 ? "return new Promise(() => {})" : undefined })'
    many = hasty.many([script(text, n=n) for n in range(5)], A)
    assert [output is not None for output in many['outputs']] == [True, True, False, True, True]


@pytest.mark.thorough
def test_a_chunk_with_three_calls_a_record_mixes_nothing_up() -> None:
    text = """
        const id = inputs.id
        const [one, two] = await Promise.all([outputs('b', { id: `${id}-1` }), outputs('c', { id: `${id}-2` })])
        const three = await outputs('b', { id: `${inputs.id}-3`, long: 'x'.repeat(inputs.id % 7 * 999) })
        return { id: inputs.id, found: [one.id, two.id, three.id], long: three.long.length }
    """
    with serving(calling('a', text), calling('b'), calling('c'), instances=2, timeout=60) as own:
        many = own.many([{'id': n} for n in range(400)], A)
        for n, (output, chain) in enumerate(zip(many['outputs'], many['service_chain'], strict=True)):
            assert output == {'id': n, 'found': [f'{n}-1', f'{n}-2', f'{n}-3'], 'long': n % 7 * 999}
            assert [entry['service_uri'] for entry in chain] == [B, C, B]


@pytest.mark.thorough
def test_a_called_service_that_fails_now_and_then_fails_its_own_calls_alone() -> None:
    of_b = 'if (inputs.id % 5 === 0) throw new Error(`not ${inputs.id}.`); return { id: inputs.id }'
    text = """
        const told = await call('b', { id: inputs.id })
        return told.response_data ? told.response_data.outputs : { error: told.error.message }
    """
    with serving(calling('a', text), calling('b', of_b), instances=2, timeout=60) as own:
        many = own.many([{'id': n} for n in range(60)], A)
        for n, output in enumerate(many['outputs']):
            assert output.get('id') == n if n % 5 else f'not {n}.' in output['error']


@pytest.mark.thorough
def test_answers_larger_than_the_outbox_between_calls(api: Api) -> None:
    text = 'const one = await outputs("b", { n: inputs.n }); return { n: one.n, long: "x".repeat(inputs.size) }'
    sizes = [10, 900_000, 300_000, 2_500_000, 10, 700_000, 700_000, 5]
    many = api.many([script(text, n=n, size=size) for n, size in enumerate(sizes)], A)
    assert [(output['n'], len(output['long'])) for output in many['outputs']] == list(enumerate(sizes))
    assert [len(chain) for chain in many['service_chain']] == [1] * len(sizes)


@pytest.mark.thorough
def test_instances_that_wait_for_calls_are_busy(api: Api) -> None:
    slow = script('return outputs("b", { script: "await sleep(2000); return {}" })')
    with ThreadPoolExecutor(1) as threads:
        calls = threads.submit(lambda: api.outputs(slow, A))
        assert wait_until(lambda: busy(api, 'b') == 1 or calls.done())
        assert (busy(api, 'a'), busy(api, 'b')) == (1, 1)
        calls.result(CLIENT)
    assert wait_until(lambda: (busy(api, 'a'), busy(api, 'b')) == (0, 0))


@pytest.mark.thorough
def test_closing_the_runner_ends_a_record_that_waits_for_a_call() -> None:
    with serving(calling('a'), calling('b'), timeout=60) as own, ThreadPoolExecutor(1) as threads:
        wait = script('return call("b", { script: "return new Promise(() => {})" })')
        waiting = threads.submit(lambda: own.send(wait, A))
        assert wait_until(lambda: busy(own, 'b') == 1)
        own.runner.close()
        assert waiting.result(30).status_code in (200, 500, 503)
        left = [
            thread
            for thread in threading.enumerate()
            if thread.name.startswith('runner-calls') or thread.name.startswith('runner-model')
        ]
        assert wait_until(lambda: not any(thread.is_alive() for thread in left))


@pytest.mark.thorough
def test_a_called_service_can_be_replaced_meanwhile() -> None:
    text = 'const all = []; for (let i = 0; i < 40; i++) all.push((await outputs("b", {})).which); return { all }'
    with serving(calling('a', text), calling('b', 'await sleep(5); return { which: 0 }'), timeout=60) as own:
        with ThreadPoolExecutor(3) as threads:
            asked = [threads.submit(lambda: own.outputs({}, A)['all']) for _ in range(3)]
            for which in (1, 2, 3):
                own.upload(calling('b', f'await sleep(5); return {{ which: {which} }}')).raise_for_status()
            found = [one.result(CLIENT) for one in asked]
        assert all(one == sorted(one) for one in found)
        assert own.outputs({}, A)['all'] == [3] * 40


@pytest.mark.thorough
def test_the_caller_can_be_replaced_while_it_waits() -> None:
    text = 'await outputs("b", { script: "await sleep(1000); return {}" }); return { which: 0 }'
    with serving(calling('a', text), calling('b'), timeout=60) as own, ThreadPoolExecutor(1) as threads:
        asked = threads.submit(lambda: own.outputs({}, A))
        assert wait_until(lambda: busy(own, 'b') == 1)
        own.upload(calling('a', 'return { which: 1 }')).raise_for_status()
        assert own.outputs({}, A)['which'] == 1
        assert asked.result(CLIENT)['which'] == 0


@pytest.mark.thorough
def test_clients_that_leave_leave_nothing_behind() -> None:
    with serving(calling('a'), calling('b'), timeout=2) as own:
        body = {'request_data': {'inputs': script('return call("b", { script: "return new Promise(() => {})" })')}}
        url = f'{own.url}/my-tenant/api/v3/folders/calls/services/a/execute'

        def leave() -> None:
            with pytest.raises(httpx.TimeoutException):
                httpx.post(url, json=body, timeout=0.5, trust_env=False)

        at_once([leave] * 5)
        assert wait_until(lambda: (busy(own, 'a'), busy(own, 'b')) == (0, 0))
        assert own.outputs(script('return outputs("b", { x: 1 })'), A)['x'] == 1


LATE: Final = {
    'that it does not wait for': 'call("b", { x: "of the first" }); await sleep(20); return { x: inputs.x }',
    'whose answer comes after that of the record': (
        'call("b", { script: "await sleep(300); return { x: 1 }" }); await sleep(50); return { x: inputs.x }'
    ),
}


@pytest.mark.parametrize('first', LATE.values(), ids=list(LATE))
def test_the_answer_to_a_call_that_nobody_waits_for_reaches_no_other_record(api: Api, first: str) -> None:
    second = script('return outputs("b", { x: inputs.x })', x='of the second')
    many = api.many([script(first, x='no call'), second, second], A)
    assert [output and output['x'] for output in many['outputs']] == ['no call', 'of the second', 'of the second']


def test_a_call_during_a_call_gets_its_own_answer(api: Api) -> None:
    text = """
        const first = outputs('b', { script: 'await sleep(300); return { x: "first" }' })
        await sleep(50)
        const second = outputs('b', { x: 'second' })
        return { found: [(await first).x, (await second).x] }
    """
    assert api.outputs(script(text), A)['found'] == ['first', 'second']


@pytest.mark.thorough
def test_a_bad_call_is_not_forgotten_because_of_a_good_one(hasty: Api) -> None:
    answer = hasty.send(script('return Promise.all([instance.dispatch(0, 4e9, 10), outputs("b", {})])'), A)
    assert answer.status_code == 500
    assert 'the model aborted' in message(answer)


@pytest.mark.thorough
def test_calls_that_are_long_together_cost_no_record_beside_them_its_answer(api: Api) -> None:
    text = """
        const ask = (n) => outputs('b', { n, long: 'x'.repeat(20000) })
        return { n: (await Promise.all(Array.from({ length: 100 }, (_, n) => ask(n)))).length }
    """
    many = api.many([{'n': 0}, {'n': 1}, script(text), {'n': 3}], A)
    assert [output and output['n'] for output in many['outputs']] == [0, 1, 100, 3]
