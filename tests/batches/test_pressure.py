"""`concurrency` is that of one worker, however many threads it has, and refusals slow all of it down."""

from __future__ import annotations

import importlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import cspark.wasm as Hybrid
from support.many import URI, Squares

pa: Any = importlib.import_module('pyarrow')


def sides(count: int, start: int = 0) -> Any:
    return pa.table({'side': list(range(start, start + count))})


def made(squarer: Squares, **options: Any) -> Hybrid.Batches:
    settings: dict[str, Any] = {'chunk_size': 5, 'max_retries': 0, 'outputs': {'area': 'integer'}, **options}
    return Hybrid.Batches(URI, base_url=squarer.url, tenant='my-tenant', token='open', **settings)


@pytest.mark.thorough
@pytest.mark.parametrize('concurrency', [1, 2])
def test_threads_of_a_process_have_the_calls_of_one_worker_in_flight(squarer: Squares, concurrency: int) -> None:
    squarer.delay = 0.05
    with made(squarer, concurrency=concurrency) as batches, ThreadPoolExecutor(6) as pool:
        tables = list(pool.map(batches, [sides(20, 20 * part) for part in range(12)]))
    assert pa.concat_tables(tables).column('area').to_pylist() == [side**2 for side in range(240)]
    assert squarer.executed == Counter(range(240))
    assert squarer.peak <= concurrency


def test_one_thread_has_its_calls_in_flight(squarer: Squares) -> None:
    squarer.delay = 0.02
    with made(squarer, concurrency=2) as batches:
        batches(sides(100))
    assert squarer.peak <= 2


@pytest.mark.thorough
@pytest.mark.parametrize('status', [429, 503])
def test_refusals_fail_no_record(squarer: Squares, status: int) -> None:
    squarer.busy = iter([status] * 4)
    with made(squarer) as batches, ThreadPoolExecutor(3) as pool:
        tables = list(pool.map(batches, [sides(20, 20 * part) for part in range(6)]))
    assert pa.concat_tables(tables).column('area').to_pylist() == [side**2 for side in range(120)]
    assert squarer.executed == Counter(range(120))


def test_a_worker_remembers_how_much_a_runner_takes(squarer: Squares) -> None:
    squarer.most = 40
    with made(squarer, chunk_size='auto', concurrency=1) as batches:
        for part in range(4):
            batches(sides(200, 200 * part))
        refused = sum(size > 40 for size in squarer.sizes)
        squarer.sizes.clear()
        batches(sides(200, 800))
    assert sum(size > 40 for size in squarer.sizes) <= max(1, refused // 2)


def test_closing_while_another_thread_computes_does_not_fail_its_batch(squarer: Squares) -> None:
    squarer.gate.clear()
    batches = made(squarer, concurrency=1)
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(batches, sides(30))
        while not squarer.under_way:
            pass
        batches.close()
        squarer.gate.set()
        try:
            table = pending.result(60)
        finally:
            batches.close()
    assert table.column('area').to_pylist() == [side**2 for side in range(30)]


def test_a_worker_that_was_just_taken_is_not_closed_for_being_idle(
    squarer: Squares, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cspark.wasm.batches import worker

    one, other = made(squarer), made(squarer)
    one(sides(3))
    monkeypatch.setattr(worker, 'IDLE', -1.0)
    take = worker._workers.take

    def take_and_be_overtaken(task: Any) -> Any:
        taken = take(task)
        if task is one._task:  # here another thread comes, with its first batch for another service
            take(other._task)
        return taken

    monkeypatch.setattr(worker._workers, 'take', take_and_be_overtaken)
    try:
        assert one(sides(3)).column('area').to_pylist() == [0, 1, 4]
    finally:
        monkeypatch.undo()
        one.close()
        other.close()
