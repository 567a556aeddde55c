"""A model that aborts, throws, never ends or grows costs the call that it fails, and nobody else anything."""

from __future__ import annotations

import re
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

import cspark.wasm as Hybrid
from cspark.wasm.local.engine import watcher
from cspark.wasm.local.engine.call import Call, Piece
from cspark.wasm.local.engine.execution import Execution, Requests
from cspark.wasm.local.engine.instance import Instance
from support.calls import Api, Json, message, serving
from support.models import ABORT, HANG, SCRIPTED_ID, THROW, record, says, scripted
from support.packages import CYLINDER, CYLINDER_150
from support.worlds import World, in_world

SCRIPTED: Final = 'shapes/scripted'
OUT_OF_MEMORY: Final = {
    'of lists': 'const all = []; for (;;) all.push(new Array(1e7).fill(1.5))',
    'of buffers': 'const all = []; for (;;) all.push(new Uint8Array(1 << 26).fill(1))',
    'of WASM': """
        const memory = new WebAssembly.Memory({ initial: 1 })
        for (;;) { const at = memory.grow(1024); new Uint8Array(memory.buffer, 65536 * at).fill(1) }
    """,
}
VOLUME: Final = pytest.approx(3.141592653589793)

FAILURES: Final[dict[str, tuple[str, int, str]]] = {
    'throws': (THROW, 500, 'the model aborted: .*no such mortality table'),
    'aborts': (ABORT, 500, 'the model aborted: it threw an exception without a text'),
    'recurses': ('const f = () => f() + 1; f()', 500, 'the model aborted: .*Maximum call stack'),
    'never ends': (HANG, 504, 'the model takes longer than 2 s'),
    'answers half of JSON': ('"{"', 500, 'answered with something that is not JSON'),
    'answers no number': ('\'{"response_data": {"outputs": {"a": NaN}}}\'', 500, 'something that is not JSON'),
    'answers no text': ('"\\u00ff"', 500, 'answered with something that is not JSON'),
    'answers nothing': ('""', 500, 'answered with something that is not JSON'),
    'answers a list': ('"[]"', 500, 'answered without response_data'),
    'answers without data': ('"{}"', 500, 'answered without response_data'),
}
LOST: Final = {'throws': 'crash_count', 'aborts': 'crash_count', 'never ends': 'timeout_count'}


@pytest.fixture(scope='module')
def api() -> Iterator[Api]:
    """A runner with two instances of a model that can be made to fail, and of one that cannot."""
    with serving(scripted(), CYLINDER, instances=2, timeout=2) as started:
        yield started


def calling(count: int, call: Callable[[], Any]) -> tuple[ThreadPoolExecutor, list[Future[Any]]]:
    """Calls under way, each on a thread of its own."""
    threads = ThreadPoolExecutor(count)
    return threads, [threads.submit(call) for _ in range(count)]


def wait_until(true: Callable[[], bool], calls: list[Future[Any]]) -> bool:
    """Whether it comes true while the calls go on."""
    while not true():
        if all(call.done() for call in calls):
            return False
        time.sleep(0.01)
    return True


@pytest.mark.thorough
@pytest.mark.parametrize(('script', 'status', 'words'), FAILURES.values(), ids=list(FAILURES))
def test_a_model_that_fails_gets_a_clear_error_and_goes_on_with_the_next_call(
    api: Api, script: str, status: int, words: str
) -> None:
    answer = api.send(record(script), SCRIPTED)
    assert answer.status_code == status
    assert re.search(words, message(answer))
    assert api.outputs(record(), SCRIPTED)['volume'] == VOLUME


@pytest.mark.thorough
@pytest.mark.parametrize('script', OUT_OF_MEMORY.values(), ids=list(OUT_OF_MEMORY))
def test_a_model_that_needs_too_much_memory_is_stopped(script: str) -> None:
    with serving(scripted(), timeout=60, memory=300 << 20) as api:
        answer = api.send(record(script), SCRIPTED)
        assert answer.status_code == 500
        assert re.search('memory|allocation failed', message(answer), re.IGNORECASE)
        assert api.outputs(record(), SCRIPTED)['volume'] == VOLUME
        assert api.models()[SCRIPTED_ID]['crash_count'] == 1


@pytest.mark.thorough
@pytest.mark.parametrize(('failure', 'count'), LOST.items())
def test_a_model_that_fails_is_built_anew_and_the_status_counts_it(failure: str, count: str) -> None:
    with serving(scripted(), timeout=1) as api:
        calls = [api.outputs(record('outputs({ calls })'), SCRIPTED)['calls'] for _ in range(2)]
        api.send(record(FAILURES[failure][0]), SCRIPTED)
        calls.append(api.outputs(record('outputs({ calls })'), SCRIPTED)['calls'])
        status = api.models()[SCRIPTED_ID]
    assert calls == [1, 2, 1]
    counts = {name: status[name] for name in ('crash_count', 'timeout_count')}
    assert counts == {'crash_count': 0, 'timeout_count': 0} | {count: 1}


@pytest.mark.thorough
@pytest.mark.parametrize('failure', [*FAILURES, 'answers too deeply'])
def test_a_record_that_fails_does_not_fail_the_others(api: Api, failure: str) -> None:
    too_deep = 'outputs(JSON.parse("[".repeat(300) + "]".repeat(300)))'
    script = FAILURES[failure][0] if failure in FAILURES else too_deep
    answer = api.many([record(says({'a': 1})), record(script), record()], SCRIPTED)
    assert answer['outputs'][0] == {'a': 1}
    assert answer['outputs'][2]['volume'] == VOLUME
    assert [errors is None for errors in answer['errors']] == [True, False, True]


@pytest.mark.thorough
def test_records_that_all_fail_end_the_call_and_the_service_goes_on(api: Api) -> None:
    answer = api.many([record(THROW)] * 200, SCRIPTED)
    assert answer['outputs'] == [None] * 200
    assert all(errors for errors in answer['errors'])
    assert api.outputs(record(), SCRIPTED)['volume'] == VOLUME


@pytest.mark.thorough
def test_two_calls_run_on_two_instances_at_the_same_time(api: Api) -> None:
    threads, calls = calling(2, lambda: api.send(record(HANG), SCRIPTED))
    with threads:
        assert wait_until(lambda: api.models()[SCRIPTED_ID]['busy'] == 2, calls)
    assert [call.result().status_code for call in calls] == [504, 504]
    assert api.models()[SCRIPTED_ID]['busy'] == 0


@pytest.mark.thorough
def test_models_compute_at_the_same_moment(api: Api) -> None:
    api.many([record('const e = Date.now() + 5; while (Date.now() < e);')] * 400, SCRIPTED)  # starts both instances
    until = (time.time() + 1.5) * 1000
    script = f'const began = Date.now(); while (Date.now() < {until}); outputs({{ began }})'
    threads, calls = calling(2, lambda: api.outputs(record(script), SCRIPTED)['began'])
    with threads:
        began = [call.result() for call in calls]
    assert max(began) < until


@pytest.mark.thorough
def test_the_records_of_one_call_run_on_several_instances(api: Api) -> None:
    threads, calls = calling(
        1, lambda: api.many([record('const e = Date.now() + 5; while (Date.now() < e);')] * 400, SCRIPTED)
    )
    with threads:
        assert wait_until(lambda: api.models()[SCRIPTED_ID]['busy'] == 2, calls)
    assert len(calls[0].result()['outputs']) == 400


@pytest.mark.thorough
@pytest.mark.parametrize(('instances', 'count'), [(2, 2), (3, 5)])
def test_other_services_answer_while_every_instance_of_one_hangs(instances: int, count: int) -> None:
    with serving(scripted(), CYLINDER, instances=instances, timeout=3) as api:
        threads, calls = calling(count, lambda: api.send(record(HANG), SCRIPTED))
        with threads:
            assert wait_until(lambda: api.models()[SCRIPTED_ID]['running_count'] >= min(count, 40), calls)
            assert api.get('healthcheck') == {'msg': 'ok'}
            assert api.outputs({'height': 1, 'radius': 1, 'density': 1})['mass'] == VOLUME
            assert not any(call.done() for call in calls)
        assert {call.result().status_code for call in calls} == {504}


@pytest.mark.thorough
def test_waiting_requests_are_computed_in_a_row_unless_the_model_has_failed() -> None:
    with serving(scripted(), timeout=1) as api:
        api.outputs(record(), SCRIPTED)
        (served,) = api.runner.app.catalog.tenants['my-tenant']
        served.pool.statistics.completed(1000, 0.001)  # a fast model, however fast this machine is
        sizes = (1, 1, 2)
        first, second, many = (Piece(Call(1, lambda: None), 0, Requests([b'{}'] * size)) for size in sizes)
        for waiting, expected in (([second], [second]), ([many], []), ([second, many], [second])):
            served.pool._waiting[0] = deque(waiting)
            assert served.pool.more_like(first) == expected
            assert served.pool.more_like(many) == []
            served.pool._waiting.clear()
        assert api.send(record(HANG), SCRIPTED).status_code == 504
        served.pool._waiting[0] = deque([second])
        assert served.pool.more_like(first) == []
        served.pool._waiting.clear()


@pytest.mark.thorough
def test_many_callers_at_once_each_get_their_own_answer(api: Api) -> None:
    with ThreadPoolExecutor(40) as threads:
        calls = [threads.submit(api.outputs, record(says({'n': number})), SCRIPTED) for number in range(400)]
    assert [call.result()['n'] for call in calls] == list(range(400))


@pytest.mark.thorough
def test_a_model_that_grows_during_a_call_answers_all_the_same(api: Api) -> None:
    before = api.models()[CYLINDER_150]['memory_usage_mb']
    answer = api.execute({'height': 1, 'radius': 1, 'density': 1, 'note': 'x' * 20_000_000}, response_data_inputs=True)
    assert answer['response_data']['outputs']['volume'] == VOLUME
    assert len(answer['response_data']['inputs']['note']) == 20_000_000
    assert api.models()[CYLINDER_150]['memory_usage_mb'] > before + 20


@pytest.mark.thorough
def test_an_answer_of_any_size_arrives(api: Api) -> None:
    for size in (1, 1 << 20, 5 << 20):
        text = f'outputs({{ text: "x".repeat({size}) }})'
        answers: list[Json] = api.many([record(text)] * 3, SCRIPTED)['outputs']
        assert [len(answer['text']) for answer in answers] == [size] * 3


@pytest.mark.thorough
def test_a_client_waits_no_longer_than_its_timeout_for_a_model_in_this_process(api: Api, world: World) -> None:
    made = api.runner.client if world == 'sync' else api.runner.async_client
    with in_world(world, made(timeout=300, max_retries=0)) as hybrid:
        with pytest.raises(Hybrid.SparkTimeoutError):
            hybrid.services.execute(SCRIPTED, inputs=record(HANG))
        assert api.models()[SCRIPTED_ID]['running_count'] == 1
    while api.models()[SCRIPTED_ID]['running_count']:
        time.sleep(0.05)


@pytest.mark.thorough
def test_a_record_that_ends_the_process_is_found_and_no_other_is_blamed() -> None:
    with serving(scripted(), timeout=30, memory=300 << 20) as api:
        records = [record(says({'a': number})) for number in range(40)]
        records[17] = record(OUT_OF_MEMORY['of lists'])
        answer = api.many(records, SCRIPTED)
        assert [index for index, errors in enumerate(answer['errors']) if errors] == [17]
        assert [output and output['a'] for output in answer['outputs']] == [n if n != 17 else None for n in range(40)]
        assert api.models()[SCRIPTED_ID]['crash_count'] == 2  # one in the chunk, and one when they came one by one


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform != 'linux', reason='reads what Linux tells of a process')
def test_a_worker_has_none_of_the_programs_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('CSPARK_API_KEY', 'planted-secret')
    with serving(CYLINDER) as api:
        for worker in psutil.Process().children():
            assert 'planted-secret' not in Path(f'/proc/{worker.pid}/environ').read_text()
            assert 'planted-secret' not in ' '.join(worker.cmdline())
        assert api.outputs({'height': 1, 'radius': 1})['volume'] == VOLUME


@pytest.mark.thorough
def test_what_a_script_leaves_computing_behind_an_answer_is_ended_and_costs_nobody_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watcher, 'IDLE', 2.0)
    later = """
        const word = new Int32Array(new SharedArrayBuffer(4))
        Atomics.waitAsync(word, 0, 0, 100).value.then(() => { for (;;) {} })
    """
    with serving(scripted(), timeout=60) as api:
        assert api.outputs(record(later), SCRIPTED)['volume'] == VOLUME
        while not ended(api):
            time.sleep(0.1)
        assert api.outputs(record(), SCRIPTED)['volume'] == VOLUME
        assert api.models()[SCRIPTED_ID]['crash_count'] == 1


def ended(api: Api) -> bool:
    """Whether the one worker of a runner in this process has ended."""
    (pool,) = [served.pool for served in api.runner.app.catalog.tenants['my-tenant']]
    instance = pool.slots[0].instance
    return instance is not None and bool(instance.ended_between_calls())


@pytest.mark.thorough
def test_a_package_can_be_replaced_while_it_is_called() -> None:
    with serving(CYLINDER, instances=2) as api:
        threads, calls = calling(4, lambda: [api.send({'height': 1}).status_code for _ in range(30)])
        with threads:
            uploads = [api.upload(CYLINDER.read_bytes()).status_code for _ in range(3)]
    assert uploads == [200] * 3
    assert {status for call in calls for status in call.result()} <= {200, 503}


def test_an_instance_that_is_lost_behind_its_last_answer_costs_no_record(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Instance.run

    def run(self: Instance, requests: Requests, *, singly: bool = False) -> Execution:
        done = real(self, requests, singly=singly)
        done.failure, done.timed_out = 'the model takes longer than 2 s', True
        return done

    monkeypatch.setattr(Instance, 'run', run)
    assert api.outputs(record(), SCRIPTED)['volume'] == VOLUME
