"""A worker that is killed or stopped costs nobody a record, and nobody gets an answer that is not theirs."""

from __future__ import annotations

import gzip
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

import pytest
from hostile.target import PI

from support.calls import Api, Json, serving
from support.models import SCRIPTED_ID, record, says, scripted
from support.packages import CYLINDER

SCRIPTED: Final = 'shapes/scripted'
WAITS: Final = 'const until = Date.now() + 50; while (Date.now() < until);'
ANSWER: Final = '{"response_data": {"outputs": {"n": %d}}}'

pytestmark = pytest.mark.skipif(sys.platform == 'win32', reason='Windows has no such signals')


@pytest.fixture(scope='module')
def api() -> Iterator[Api]:
    """A runner with a model that does what it is told, and one that cannot be told."""
    with serving(scripted(), CYLINDER, timeout=2, memory=384 << 20) as started:
        yield started


def worker(api: Api) -> int:
    """The process of the scripted model's instance."""
    (served,) = [one for one in api.runner.app.catalog.tenants['my-tenant'] if one.version.version_id == SCRIPTED_ID]
    instance = served.pool.slots[0].instance
    assert instance is not None
    return instance.process_id


def is_whole(api: Api) -> None:
    """Both services answer right."""
    assert api.outputs(record(), SCRIPTED)['volume'] == pytest.approx(PI)
    assert api.outputs({'height': 2, 'radius': 1, 'density': 1})['volume'] == pytest.approx(2 * PI)


def signalled(api: Api, number: int) -> Json:
    """The answer to a chunk in whose middle the worker is sent a signal."""
    is_whole(api)
    records: list[Json] = [record(f'{WAITS} {says({"n": index})}') for index in range(20)]
    with ThreadPoolExecutor(1) as threads:
        call: Future[Json] = threads.submit(api.many, records, SCRIPTED)
        while not api.models()[SCRIPTED_ID]['busy']:
            time.sleep(0.01)
        time.sleep(0.5)
        os.kill(worker(api), number)
        return call.result()


@pytest.mark.parametrize('number', ['SIGKILL', 'SIGSTOP', 'SIGSEGV', 'SIGTERM'])
def test_a_worker_that_is_sent_a_signal_costs_no_record(api: Api, number: str) -> None:
    lost = sum(api.models()[SCRIPTED_ID][name] for name in ('crash_count', 'timeout_count'))
    answer = signalled(api, getattr(signal, number))
    assert answer['errors'] == [None] * 20
    assert answer['outputs'] == [{'n': index} for index in range(20)]
    is_whole(api)
    assert sum(api.models()[SCRIPTED_ID][name] for name in ('crash_count', 'timeout_count')) == lost + 1


@pytest.mark.parametrize('number', ['SIGKILL', 'SIGSTOP'])
def test_a_worker_that_ends_while_it_is_idle_costs_one_call_at_most(api: Api, number: str) -> None:
    is_whole(api)
    os.kill(worker(api), getattr(signal, number))
    assert api.send(record(), SCRIPTED).status_code in (200, 500, 503, 504)
    is_whole(api)


def test_a_record_that_ends_the_process_does_not_take_those_before_it_along(api: Api) -> None:
    fatal = '"x".repeat(2 ** 29 - 25).split("")'
    answer = api.many([record(says({'n': 0})), record(says({'n': 1})), record(fatal), record(says({'n': 3}))], SCRIPTED)
    assert [outputs and outputs['n'] for outputs in answer['outputs']] == [0, 1, None, 3]


def test_broken_answers_do_not_make_whole_ones_together(api: Api) -> None:
    three = ','.join(ANSWER % number for number in (10, 11, 12))
    texts = [three, '{"response_data": {"outputs": {"n": 0}}, "x": [', ANSWER % 2, ']}']
    answer = api.many([record(json.dumps(text)) for text in texts], SCRIPTED)
    assert answer['outputs'] == [None, None, {'n': 2}, None]


def test_a_body_that_multiplies_is_answered_or_refused(api: Api) -> None:
    body: Json = {'inputs': [{}] * 20_000, 'service': 'shapes/cylinder', 'output': 'x' * 20_000}
    headers = {'content-encoding': 'gzip', 'content-type': 'application/json'}
    answer = api.post('v4/execute', content=gzip.compress(json.dumps(body).encode()), headers=headers)
    assert answer.status_code in (200, 413, 500, 503)
    is_whole(api)


def test_a_caller_after_one_whose_record_failed_gets_its_own_answer(api: Api) -> None:
    secret = 'marker-of-another-caller'
    failing = ['throw new Error("x")', 'for (;;) {}', 'instance.HEAPU8.set([91, 93], input); length = 2']
    for script in failing:
        first: list[Any] = [
            record(says({'secret': secret})),
            record(script, secret=secret),
            record(says({'n': secret})),
        ]
        api.many(first, SCRIPTED)
        for _ in range(2):
            assert secret not in api.send(record(), SCRIPTED).text
            assert secret not in json.dumps(api.many([record(), record()], SCRIPTED))
