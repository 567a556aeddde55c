"""Leaving a run before its end, in any way: what is under way is dropped, and nothing keeps running."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import anyio
import pytest

import cspark.wasm as Hybrid
from cspark.wasm._many import results as many
from cspark.wasm._many.writers import TableWriter, open_writer
from support.many import URI, Squares, areas, busy_threads, calling, execute_many, squares, tasks_of, until
from support.worlds import World

SIZES: dict[str, Any] = {'chunk_size': 10, 'concurrency': 5}


@pytest.mark.parametrize('way', ['close', 'exception', 'progress'])
def test_leaving_ends_what_is_under_way_and_the_client_goes_on(world: World, squarer: Squares, way: str) -> None:
    def fail(_: object) -> None:
        raise LookupError('mine')

    with calling(world, squarer) as client:
        client.services.execute(URI, inputs=squares(1))
        squarer.delay = 0.05
        options: Any = {'progress': fail} if way == 'progress' else {}
        results = execute_many(client, URI, squares(1000), **SIZES, **options)
        if way == 'close':
            with results:
                next(results)
                squarer.gate.clear()
        else:
            with pytest.raises(LookupError), results:  # noqa: PT012 - what fails is the caller's own
                next(results)
                raise LookupError
        assert busy_threads() == [] and tasks_of(client) == 0
        squarer.gate.set()
        idle = 1 if world == 'sync' else SIZES['concurrency']
        assert until(lambda: squarer.under_way == 0 and squarer.connections <= idle)
        assert areas(execute_many(client, URI, squares(100))) == [side * side for side in range(100)]


def test_a_bare_break_is_enough(squarer: Squares, tmp_path: Path) -> None:
    with calling('sync', squarer) as client:
        for result in client.services.execute_many(URI, endless(), **SIZES, checkpoint=tmp_path / 'run'):
            squarer.gate.clear()
            if result.index == 3:
                break
        assert busy_threads() == []
        squarer.gate.set()
        assert until(lambda: squarer.under_way == 0 and squarer.connections == 0)
        for result in client.services.execute_many(URI, endless(), checkpoint=tmp_path / 'run'):
            assert result.outputs['area'] == result.index**2
            if result.index == 100:
                break


@pytest.mark.anyio
async def test_a_bare_break_is_enough_on_an_event_loop_too(squarer: Squares, tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    async with Hybrid.AsyncClient(base_url=squarer.url, tenant='my-tenant', token='open') as client:
        async for result in client.services.execute_many(URI, endless(), **SIZES, checkpoint=tmp_path / 'run'):
            squarer.gate.clear()
            if result.index == 3:
                break
        await asyncio.sleep(0.01)  # the event loop hears of it in its next round
        await moment(lambda: asyncio.all_tasks() == before)
        squarer.gate.set()
        await moment(lambda: squarer.under_way == 0 and squarer.connections <= SIZES['concurrency'])  # idle ones stay
        async for result in client.services.execute_many(URI, endless(), checkpoint=tmp_path / 'run'):
            assert result.outputs['area'] == result.index**2
            if result.index == 100:
                break


@pytest.mark.anyio
@pytest.mark.parametrize('when', ['calls are under way', 'an iterable stalls', 'a file is written'])
@pytest.mark.parametrize('by', ['task', 'scope'])
async def test_a_cancelled_task_leaves_nothing_behind(squarer: Squares, tmp_path: Path, when: str, by: str) -> None:
    before, asked = asyncio.all_tasks(), asyncio.Event()

    async def stalling() -> AsyncIterator[dict[str, int]]:
        for side in range(25):
            yield {'side': side}
        asked.set()
        await asyncio.sleep(3600)

    async with Hybrid.AsyncClient(base_url=squarer.url, tenant='my-tenant', token='open') as client:
        if when == 'calls are under way':
            squarer.gate.clear()
        records = stalling() if when == 'an iterable stalls' else endless()
        results = client.services.execute_many(URI, records, **SIZES, checkpoint=tmp_path / 'run')
        scope = anyio.CancelScope()

        async def write() -> None:
            with scope:
                await results.write(tmp_path / 'out.jsonl')

        task = asyncio.create_task(write())
        await moment(lambda: len(squarer.sizes) >= 3)
        if when == 'an iterable stalls':
            await asked.wait()
        if by == 'task':
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            scope.cancel()
            await task
        assert asyncio.all_tasks() == before
        assert os.listdir(tmp_path) == ['run']  # noqa: PTH208 - a Path here would block, says the linter
        squarer.gate.set()
        await moment(lambda: squarer.under_way == 0 and squarer.connections <= SIZES['concurrency'])  # idle ones stay


@pytest.mark.thorough
@pytest.mark.anyio
async def test_a_run_that_is_cancelled_while_it_saves_waits_for_that(squarer: Squares, tmp_path: Path) -> None:
    async with Hybrid.AsyncClient(base_url=squarer.url, tenant='my-tenant', token='open') as client:
        for calls in range(1, 40):
            results = client.services.execute_many(URI, endless(), **SIZES, checkpoint=tmp_path / 'run')
            task = asyncio.create_task(results.write(tmp_path / 'out.jsonl'))
            await moment(lambda calls=calls: len(squarer.sizes) >= 3 * calls)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        with sqlite3.connect(tmp_path / 'run') as database:
            assert database.execute('PRAGMA integrity_check').fetchall() == [('ok',)]
            assert database.execute('SELECT count(*) > 0 FROM chunk').fetchone() == (1,)
        database.close()


CANCELLED_WRITES = """
import asyncio, os, sys, tempfile
import pyarrow.parquet
from cspark.wasm import AsyncManyResults, RecordResult
from cspark.wasm._many.planner import Planner
from cspark.wasm._many.run import Run
out = {f'c{i}': os.urandom(20).hex() for i in range(60)}
async def results():
    for i in range(8192):
        yield RecordResult(i, out | {'n': i})
async def main(folder):
    for i in range(12):
        unused = Run(Planner(None, None), None, None, None)
        task = asyncio.create_task(AsyncManyResults(results(), unused).write(f'{folder}/{i}.parquet'))
        await asyncio.sleep(0.02 + i * 0.04)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    print(sorted(name for name in os.listdir(folder) if name.endswith('.part')))
with tempfile.TemporaryDirectory() as folder:
    asyncio.run(main(folder))
"""


@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_a_write_that_is_cancelled_leaves_the_file_to_the_thread_that_has_it() -> None:
    done = subprocess.run(
        [sys.executable, '-c', CANCELLED_WRITES], capture_output=True, text=True, timeout=590, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, '[]'), done.stderr


@pytest.mark.thorough
@pytest.mark.anyio
async def test_a_write_that_is_cancelled_while_it_opens_its_file_leaves_none(
    squarer: Squares, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(path: Any) -> TableWriter:
        time.sleep(0.2)
        return open_writer(path)

    monkeypatch.setattr(many, 'open_writer', slowly)
    async with Hybrid.AsyncClient(base_url=squarer.url, tenant='my-tenant', token='open') as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.services.execute_many(URI, squares(10)).write(tmp_path / 'out.csv')
        assert os.listdir(tmp_path) == []  # noqa: PTH208 - a Path here would block, says the linter
        assert await client.services.execute_many(URI, squares(10)).write(tmp_path / 'out.csv') == 10


@pytest.mark.anyio
async def test_a_slow_async_source_is_read_as_it_was_saved(squarer: Squares, tmp_path: Path) -> None:
    async def records(pause: float) -> AsyncIterator[dict[str, int]]:
        for record in squares(10):
            await asyncio.sleep(pause)
            yield record

    def poison(record: dict[str, Any]) -> bool:
        return bool(record['side'] < 2)

    squarer.poison, squarer.status = poison, 400
    options: dict[str, Any] = {'chunk_size': 2, 'on_error': 'collect', 'checkpoint': tmp_path / 'run'}
    async with Hybrid.AsyncClient(base_url=squarer.url, tenant='my-tenant', token='open', max_retries=0) as client:
        assert len([one async for one in client.services.execute_many(URI, records(0), **options)]) == 10
        squarer.status, squarer.delay = 200, 0.05
        results = client.services.execute_many(URI, records(0.01), concurrency=1, **options)
        assert [one.outputs['side'] async for one in results] == list(range(10))


@pytest.mark.anyio
async def test_a_source_that_stalls_holds_no_result_back(squarer: Squares) -> None:
    go_on = asyncio.Event()

    async def stalling() -> AsyncIterator[dict[str, int]]:
        for side in range(25):
            yield {'side': side}
        await go_on.wait()
        yield {'side': 25}

    async with (
        Hybrid.AsyncClient(base_url=squarer.url, tenant='my-tenant', token='open') as client,
        client.services.execute_many(URI, stalling(), **SIZES) as results,
    ):
        first = [await anext(results) for _ in range(25)]
        go_on.set()
        assert [one.outputs['side'] for one in [*first, *[one async for one in results]]] == list(range(26))


def test_results_come_before_the_next_records_are_asked_for(world: World, squarer: Squares) -> None:
    given = 0

    def records() -> Iterator[dict[str, int]]:
        nonlocal given
        for given in range(2000):
            time.sleep(0.0005)
            yield {'side': given}

    with calling(world, squarer) as client, execute_many(client, URI, records(), chunk_size=10) as results:
        next(results)
        assert given < 400


def test_leaving_does_not_wait_for_calls_that_are_still_connecting() -> None:
    def failing() -> Iterator[dict[str, int]]:
        yield from squares(64)
        until(lambda: len(busy_threads()) > 1)
        time.sleep(0.1)
        raise LookupError

    with ExitStack() as stack:
        full = stack.enter_context(socket.create_server(('127.0.0.1', 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        url = f'http://127.0.0.1:{full.getsockname()[1]}'
        client = stack.enter_context(Hybrid.Client(base_url=url, tenant='my-tenant', token='open', timeout=60_000))
        started = time.monotonic()
        with pytest.raises(LookupError):
            list(client.services.execute_many(URI, failing(), chunk_size=10))
        assert time.monotonic() - started < 20
    assert busy_threads() == []


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == 'win32', reason='no limit on files')
def test_a_checkpoint_that_cannot_grow_ends_the_run_and_costs_nothing(
    world: World, squarer: Squares, tmp_path: Path
) -> None:
    program = """
import asyncio, resource, sys
import cspark.wasm as Hybrid
world, url, path, limit = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
settings = dict(chunk_size=20, checkpoint=path)
options = dict(base_url=url, tenant='my-tenant', token='open')
records = [{'side': side} for side in range(3000)]
async def collect():
    async with Hybrid.AsyncClient(**options) as client:
        return [one async for one in client.services.execute_many('shapes/square', records, **settings)]
try:
    if world == 'sync':
        with Hybrid.Client(**options) as client:
            list(client.services.execute_many('shapes/square', records, **settings))
    else:
        asyncio.run(collect())
except Hybrid.SparkSdkError as error:
    print(error)
"""
    arguments = [world, squarer.url, str(tmp_path / 'run'), str(100_000)]
    done = subprocess.run(
        [sys.executable, '-c', program, *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    assert 'run' in done.stdout and 'cannot be used' in done.stdout and done.stderr == ''
    saved = sum(squarer.executed.values())
    assert 0 < saved < 3000
    with calling(world, squarer) as client:
        results = list(execute_many(client, URI, squares(3000), checkpoint=tmp_path / 'run'))
    assert areas(results) == [side * side for side in range(3000)]
    assert sum(squarer.executed.values()) <= 3000 + 32 * 20  # what was under way when it ended


@pytest.mark.thorough
@pytest.mark.anyio
async def test_a_blocking_source_that_stalls_holds_neither_results_nor_the_end_of_a_run(squarer: Squares) -> None:
    go_on = threading.Event()

    def stalling() -> Iterator[dict[str, int]]:
        yield from squares(64)
        go_on.wait(20)
        yield {'side': 64}

    async with Hybrid.AsyncClient(base_url=squarer.url, tenant='my-tenant', token='open') as client:
        results = client.services.execute_many(URI, stalling(), chunk_size=10)
        async with asyncio.timeout(10):
            assert [(await anext(results)).index for _ in range(64)] == list(range(64))
            await results.close()
        go_on.set()


def endless() -> Iterator[dict[str, int]]:
    return ({'side': side} for side in itertools.count())


async def moment(condition: Any) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - it comes true on another thread
            await asyncio.sleep(0.01)


def test_a_run_that_is_interrupted_while_it_submits_a_call_ends_at_once(
    squarer: Squares, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call has begun by then, and nothing but its thread knows of it."""
    submit = ThreadPoolExecutor.submit

    def interrupted(pool: Any, function: Any, *arguments: Any) -> Any:
        submit(pool, function, *arguments)
        while not squarer.sizes:
            time.sleep(0.001)
        raise KeyboardInterrupt

    monkeypatch.setattr(ThreadPoolExecutor, 'submit', interrupted)
    squarer.gate.clear()
    try:
        with calling('sync', squarer) as client, pytest.raises(KeyboardInterrupt):
            list(client.services.execute_many(URI, squares(10)))
        assert not squarer.gate.is_set()  # the runner has not answered, and nobody waited for it
    finally:
        squarer.gate.set()
