"""Clients that are shared: by threads, by processes, by tasks and event loops; and an httpx client of the caller's."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

import cspark.wasm as Hybrid
from support.callers import sending_through
from support.faulty import answers, misbehaving, says_nothing
from support.packages import CYLINDER
from support.wire import SUCCESS, Received, Recorder, Reply
from support.worlds import World, client_in


def echo(received: Received) -> Reply:
    """The inputs, as outputs."""
    data = {**SUCCESS['response_data'], 'outputs': received.json['request_data']['inputs']}  # type: ignore[dict-item]
    return Reply(body={**SUCCESS, 'response_data': data})


@pytest.mark.thorough
def test_threads_share_a_client_and_each_gets_its_own_answer(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, 'answer', echo)

    def call(number: int) -> int:
        one = hybrid if number % 3 else hybrid.with_options(tenant=f'tenant-{number}')
        output: int = one.services.execute('f/s', inputs={'number': number}).output['number']
        return output

    with client_in('sync', base_url=recorder.url) as hybrid, ThreadPoolExecutor(16) as pool:
        assert list(pool.map(call, range(400))) == list(range(400))


@pytest.mark.thorough
def test_tasks_share_a_client_and_each_gets_its_own_answer(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, 'answer', echo)

    async def main() -> list[int]:
        async with Hybrid.AsyncClient(base_url=recorder.url, tenant='t', token='open') as hybrid:

            async def call(number: int) -> int:
                answer = await hybrid.services.execute('f/s', inputs={'number': number})
                output: int = answer.output['number']
                return output

            return await asyncio.gather(*map(call, range(200)))

    assert asyncio.run(main()) == list(range(200))


def test_closing_a_client_in_one_thread_is_survived_by_the_others(recorder: Recorder) -> None:
    hybrid = Hybrid.Client(base_url=recorder.url, tenant='t', token='open', max_retries=0)
    ready = threading.Barrier(9)

    def call(_: int) -> str:
        ready.wait(10)
        try:
            return str(hybrid.health.check().status)
        except Hybrid.SparkSdkError as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        statuses = pool.map(call, range(8))
        ready.wait(10)
        hybrid.close()
        assert all(status == '200' or 'clos' in status or 'connection' in status for status in statuses)


def program(code: str, folder: Path, *arguments: str) -> Any:
    """Run a program of its own; what it prints, read as JSON."""
    path = folder / 'program.py'
    path.write_text(code)
    command = [sys.executable, '-W', 'error', str(path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


FORKS = """
import json, os, sys
import cspark.wasm as Hybrid

def fork(call):
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writing, json.dumps(call()).encode())
        os._exit(0)
    os.close(writing)
    assert os.waitpid(child, 0)[1] == 0
    with os.fdopen(reading) as result:
        return json.loads(result.read())

with Hybrid.Client(base_url=sys.argv[1], tenant='t', token='open') as hybrid:
    call = lambda: hybrid.services.execute('f/s', inputs={}).output
    print(json.dumps([call(), fork(call), call(), fork(lambda: [call(), fork(call)]), call()]))
"""


@pytest.mark.thorough
def test_a_forked_process_uses_the_client_on_connections_of_its_own(tmp_path: Path) -> None:
    peers: list[int] = []

    def behave(connection: Any) -> bool:
        peers.append(connection.getpeername()[1])
        return answers()(connection)

    with misbehaving() as faulty:
        faulty.behave([behave])
        outputs = program(FORKS, tmp_path, faulty.url)
    volume = {'volume': 1.5}
    assert outputs == [volume, volume, volume, [volume, volume], volume]
    parent, child, again, second, grandchild, last = peers
    assert parent == again == last
    assert len({parent, child, second, grandchild}) == 4


POOLS = """
import json, multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
import cspark.wasm as Hybrid

CLIENTS = []

def start(config):
    CLIENTS.append(Hybrid.Client.use(config))

def call(uri):
    return CLIENTS[0].services.execute(uri, inputs={'height': 1})

if __name__ == '__main__':
    config = Hybrid.Config(base_url=sys.argv[1], tenant='my-tenant', token='open', max_retries=0)
    context = multiprocessing.get_context(sys.argv[2])
    with ProcessPoolExecutor(2, mp_context=context, initializer=start, initargs=(config,)) as pool:
        good = [pool.submit(call, 'shapes/cylinder') for _ in range(8)]
        bad = pool.submit(call, 'shapes/cube')
        print(json.dumps([
            sorted({future.result().output['volume'] for future in good}),
            [type(bad.exception()).__name__, bad.exception().status, bool(bad.exception().request_id)],
        ]))
"""


@pytest.mark.thorough
@pytest.mark.parametrize('method', ['fork', 'spawn', 'forkserver'])
def test_answers_and_errors_cross_a_process_pool(url: str, tmp_path: Path, method: str) -> None:
    outputs, error = program(POOLS, tmp_path, url, method)
    assert len(outputs) == 1
    assert error == ['NotFoundError', 404, True]


LOCAL_FORK = """
import json, os, sys
import cspark.wasm as Hybrid

with Hybrid.LocalRunner(sys.argv[1], instances=1) as runner, runner.client(timeout=5000) as hybrid:
    hybrid.services.execute('shapes/cylinder', inputs={})
    if (child := os.fork()) == 0:
        try:
            hybrid.services.execute('shapes/cylinder', inputs={})
        except Hybrid.SparkSdkError as error:
            os._exit(7 if 'forked process' in str(error) else 8)
        os._exit(9)
    print(json.dumps(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])), flush=True)
"""


@pytest.mark.thorough
@pytest.mark.skipif(not hasattr(os, 'fork'), reason='no fork')
def test_a_local_runner_says_in_a_forked_process_that_it_stayed_behind(tmp_path: Path) -> None:
    assert program(LOCAL_FORK, tmp_path, str(CYLINDER)) == 7


def test_an_async_client_in_a_second_event_loop_says_so(recorder: Recorder) -> None:
    hybrid = Hybrid.AsyncClient(base_url=recorder.url, tenant='t', token='open')
    with asyncio.Runner() as first, asyncio.Runner() as second:
        first.run(hybrid.health.check())
        with pytest.raises(Hybrid.SparkSdkError, match='event loop'):
            second.run(hybrid.services.execute('f/s', inputs={}))
        assert first.run(hybrid.health.check()).status == 200
        first.run(hybrid.close())
    assert len(recorder.received) == 2


def test_a_client_that_is_built_outside_of_a_loop_is_used_within(recorder: Recorder) -> None:
    hybrid = Hybrid.AsyncClient(base_url=recorder.url, tenant='t', token='open')
    with asyncio.Runner() as loop:
        assert loop.run(hybrid.health.check()).status == 200
        loop.run(hybrid.close())


@pytest.mark.parametrize('limited', [False, True], ids=['its own connections', 'one connection of the caller'])
def test_cancelling_tasks_leaves_the_connections_usable(limited: bool) -> None:
    async def main(url: str, behave: Callable[..., None], arrived: Callable[[], int]) -> list[int]:
        beneath = httpx.AsyncClient(limits=httpx.Limits(max_connections=1)) if limited else None
        async with Hybrid.AsyncClient(base_url=url, tenant='t', token='open', http_client=beneath) as hybrid:
            for _ in range(3):
                behave([says_nothing])
                before = arrived()
                tasks = [asyncio.create_task(hybrid.services.execute('f/s', inputs={})) for _ in range(4)]
                while arrived() < before + (1 if limited else 4):  # noqa: ASYNC110 - the server is no task
                    await asyncio.sleep(0.001)
                for task in tasks:
                    task.cancel()
                ends = await asyncio.gather(*tasks, return_exceptions=True)
                assert all(isinstance(end, asyncio.CancelledError) for end in ends)
            behave([answers()])
            done = await asyncio.gather(*[hybrid.services.execute('f/s', inputs={}) for _ in range(4)])
        if beneath:
            await beneath.aclose()
        return [answer.status for answer in done]

    with misbehaving() as faulty:
        assert asyncio.run(main(faulty.url, faulty.behave, lambda: len(faulty.requests))) == [200] * 4


class MineError(Exception):
    """An exception of the caller's own."""


RESPONSE = httpx.Response(418, request=httpx.Request('GET', 'http://x'))
PROBLEMS: list[Exception] = [
    MineError('mine'),
    ValueError('mine'),
    TimeoutError('mine'),
    ConnectionError('mine'),
    OSError('mine'),
    KeyError('mine'),
    httpx.HTTPStatusError('mine', request=RESPONSE.request, response=RESPONSE),
    Hybrid.SparkSdkError('mine'),
]


@pytest.mark.parametrize('problem', PROBLEMS, ids=[type(problem).__name__ for problem in PROBLEMS])
@pytest.mark.parametrize('event', ['request', 'response'])
def test_an_exception_of_a_callers_hook_arrives_as_it_is(
    recorder: Recorder, world: World, event: str, problem: Exception
) -> None:
    def plain(_: object) -> None:
        raise problem

    async def awaited(_: object) -> None:
        raise problem

    hooks = {'event_hooks': {event: [plain if world == 'sync' else awaited]}}
    with sending_through(world, hooks, base_url=recorder.url) as (hybrid, beneath):
        with pytest.raises(type(problem)) as caught:
            hybrid.services.execute('f/s', inputs={})
        assert caught.value is problem
        assert not beneath.is_closed
    assert len(recorder.received) == (event == 'response')


def test_an_http_client_of_the_caller_is_never_closed(recorder: Recorder, world: World) -> None:
    seen: list[str] = []

    def plain(request: httpx.Request) -> None:
        seen.append(request.url.path)

    async def awaited(request: httpx.Request) -> None:
        plain(request)

    hooks = {'event_hooks': {'request': [plain if world == 'sync' else awaited]}}
    with sending_through(world, hooks, base_url=recorder.url) as (hybrid, beneath):
        hybrid.health.check()
        hybrid.close()
        assert not beneath.is_closed
        assert hybrid.health.check().status == 200
        recorder.reply(Reply(500))
        with pytest.raises(Hybrid.InternalServerError):
            hybrid.health.check()
        assert not beneath.is_closed
    assert seen == ['/healthcheck'] * 3
