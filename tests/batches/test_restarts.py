"""A runner that restarts: the workers wait and go on, within a batch and between two."""

from __future__ import annotations

import importlib
import threading
import time
from typing import Any

import pytest

import cspark.wasm as Hybrid
from cspark.wasm.testing import StubRunner
from support.many import until
from support.packages import CYLINDER

pa: Any = importlib.import_module('pyarrow')


def heights(count: int) -> Any:
    return pa.table({'height': [float(n) for n in range(1, count + 1)], 'radius': [1.0] * count})


def made(url: str, **options: Any) -> Hybrid.Batches:
    settings: dict[str, Any] = {'chunk_size': 1, 'concurrency': 1, 'outputs': {'volume': 'double'}, **options}
    return Hybrid.Batches('shapes/cylinder', base_url=url, tenant='my-tenant', token='open', **settings)


@pytest.mark.thorough
def test_a_runner_that_restarts_within_a_batch_loses_nothing(runner: Hybrid.LocalRunner) -> None:
    table, done = heights(1500), list[Any]()
    with runner.serve() as server:
        url, port = server.url, int(server.url.rpartition(':')[2])
        with made(url) as batches:
            expected = batches(heights(2)).column('volume').to_pylist()
        thread = threading.Thread(target=lambda: done.append(batches(table)))
        thread.start()
        time.sleep(0.2)
    with runner.serve(port=port):
        thread.join(90)
        batches.close()
    assert done[0].column('errors').null_count == len(table)
    assert done[0].column('volume').null_count == 0
    assert done[0].column('volume').to_pylist()[:2] == expected


@pytest.mark.thorough
def test_a_runner_that_is_away_when_a_batch_begins_is_waited_for(runner: Hybrid.LocalRunner) -> None:
    with runner.serve() as server:
        port = int(server.url.rpartition(':')[2])
        batches = made(server.url)
        expected = batches(heights(3)).column('volume').to_pylist()
    came, end = threading.Event(), threading.Event()

    def come_back() -> None:
        time.sleep(4)
        with runner.serve(port=port):
            came.set()
            end.wait(60)

    thread = threading.Thread(target=come_back)
    thread.start()
    try:
        assert batches(heights(3)).column('volume').to_pylist() == expected
    finally:
        came.wait(20)
        end.set()
        thread.join(20)
        batches.close()


@pytest.mark.thorough
def test_threads_that_begin_together_execute_the_defaults_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    def compute(given: dict[str, Any]) -> dict[str, Any]:
        time.sleep(0.1)
        return {'x': given.get('v', 1.0)}

    with StubRunner() as stub:
        service = stub.add('a/b', compute)
        with (
            Hybrid.Batches('a/b', base_url=stub.url, tenant='my-tenant', token='open') as batches,
            ThreadPoolExecutor(6) as pool,
        ):
            list(pool.map(batches, [pa.table({'v': [1.5]})] * 6))
        assert service.records.count({}) == 1


@pytest.mark.thorough
def test_a_local_runner_ends_when_it_is_closed_and_opens_again() -> None:
    before = set(threading.enumerate())
    batches = Hybrid.Batches('shapes/cylinder', package=CYLINDER, outputs={'volume': 'double'})
    first = batches(heights(3))
    batches.close()
    assert until(lambda: not set(threading.enumerate()) - before)
    with batches:
        assert batches(heights(3)).equals(first)
    assert until(lambda: not set(threading.enumerate()) - before)
