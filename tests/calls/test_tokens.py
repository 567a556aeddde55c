"""Functions that fetch tokens: once for calls that need one at the same time, beside the event loop, and in time."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import cspark.wasm as Hybrid
from support.wire import Received, Recorder, Reply
from support.worlds import World, client_in

MANY = 20


def together(world: World, url: str, token: Any, calls: int = MANY) -> list[int]:
    """Make calls at the same time; their statuses."""
    options: Any = {'base_url': url, 'tenant': 'my-tenant', 'token': token, 'max_retries': 0}
    if world == 'sync':
        with Hybrid.Client(**options) as client, ThreadPoolExecutor(calls) as pool:
            made = [pool.submit(client.services.execute, 'f/s', inputs={}) for _ in range(calls)]
            return [one.result().status for one in made]

    async def main() -> list[int]:
        async with Hybrid.AsyncClient(**options) as client:
            made = [client.services.execute('f/s', inputs={}) for _ in range(calls)]
            return [one.status for one in await asyncio.gather(*made)]

    return asyncio.run(main())


class Fetching:
    """A function that fetches tokens, slowly, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> str:
        time.sleep(0.05)
        self.count += 1
        return f'token-{self.count}'


def test_calls_that_need_a_token_at_the_same_time_fetch_one(world: World, recorder: Recorder) -> None:
    fetch = Fetching()
    assert together(world, recorder.url, fetch) == [200] * MANY
    assert fetch.count == 1
    assert {one.headers['authorization'] for one in recorder.received} == {'Bearer token-1'}


def test_calls_whose_token_is_refused_at_the_same_time_fetch_one(world: World, recorder: Recorder) -> None:
    fetch = Fetching()
    both = threading.Barrier(2)

    def reply(request: Received) -> Reply:
        if request.headers['authorization'] == 'Bearer token-1':
            both.wait(5)
            return Reply(401)
        return Reply()

    set_answer: Any = recorder
    set_answer.answer = reply
    assert together(world, recorder.url, fetch, 2) == [200, 200]
    assert fetch.count == 2


def test_a_plain_function_does_not_stop_the_event_loop(recorder: Recorder) -> None:
    def fetch() -> str:
        time.sleep(0.3)
        return 'a-token'

    async def main() -> int:
        async with Hybrid.AsyncClient(base_url=recorder.url, tenant='t', token=fetch) as client:
            call = asyncio.create_task(client.services.execute('f/s', inputs={}))
            turns = 0
            while not call.done():
                await asyncio.sleep(0.01)
                turns += 1
            assert (await call).status == 200
            return turns

    assert asyncio.run(main()) > 10


@pytest.mark.parametrize('kind', ['async', 'plain'])
def test_a_function_that_hangs_ends_with_the_time_of_the_call(recorder: Recorder, kind: str) -> None:
    go_on = threading.Event()

    async def hang() -> str:
        await asyncio.sleep(30)
        return 'late'

    def block() -> str:
        go_on.wait(30)
        return 'late'

    token: Any = hang if kind == 'async' else block
    with client_in('async', base_url=recorder.url, token=token, timeout=200) as client:
        started = time.monotonic()
        with pytest.raises(Hybrid.SparkTimeoutError, match='200 ms'):
            client.services.execute('f/s', inputs={})
        go_on.set()
        assert time.monotonic() - started < 5
    assert recorder.received == []


def test_a_function_that_fails_is_heard_at_once_by_a_run(recorder: Recorder) -> None:
    asked: list[int] = []

    def fail() -> str:
        asked.append(1)
        time.sleep(0.2)
        raise LookupError('no token')

    with client_in('sync', base_url=recorder.url, token=fail, max_retries=0) as client, pytest.raises(LookupError):
        list(client.services.execute_many('f/s', [{}] * 20, chunk_size=1, concurrency=8))
    assert len(asked) <= 3


def test_a_function_that_uses_its_own_client_is_told_so(world: World, recorder: Recorder) -> None:
    made: list[Any] = []

    def fetch() -> str:
        made[0].services.execute('f/s', inputs={})
        return 'never'

    async def fetch_async() -> str:
        await made[0]._target.services.execute('f/s', inputs={})
        return 'never'

    token: Any = fetch if world == 'sync' else fetch_async
    with client_in(world, base_url=recorder.url, token=token, timeout=5_000) as client:
        made.append(client)
        with pytest.raises(Hybrid.SparkConfigError, match='a client of its own'):
            client.services.execute('f/s', inputs={})
