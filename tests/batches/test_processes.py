"""Worker processes: what is pickled, how much is open, what a fork and a kill do."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import cspark.wasm as Hybrid
from support.many import URI, Squares, until
from support.packages import CYLINDER

pa: Any = importlib.import_module('pyarrow')

METHODS = ['fork', 'spawn', 'forkserver']


def sides(count: int, start: int = 0) -> Any:
    return pa.table({'side': list(range(start, start + count))})


def made(squarer: Squares, **options: Any) -> Hybrid.Batches:
    settings: dict[str, Any] = {'chunk_size': 10, 'outputs': {'area': 'integer'}, 'token': 'open', **options}
    return Hybrid.Batches(URI, base_url=squarer.url, tenant='my-tenant', **settings)


def a_token() -> str:
    return 'sk-from-a-function'


def children() -> int:
    """How many processes this one has started."""
    return len(Path(f'/proc/self/task/{os.getpid()}/children').read_text().split())


def open_in(batches: Hybrid.Batches, batch: Any) -> tuple[int, list[int], int, int]:
    """In a worker: its process, the results, its open workers, and its child processes."""
    from cspark.wasm.batches.worker import _workers

    areas = batches(batch).column('area').to_pylist()
    return os.getpid(), areas, len(_workers._open), children()


@pytest.mark.thorough
@pytest.mark.filterwarnings('ignore:This process:DeprecationWarning')
@pytest.mark.parametrize('method', METHODS)
def test_each_process_opens_one_client_and_computes_the_same(squarer: Squares, method: str) -> None:
    context = multiprocessing.get_context(method)
    with made(squarer) as batches:
        batches(sides(3, 1000))  # so that a fork inherits an open client
        squarer.executed.clear()
        with ProcessPoolExecutor(2, context) as pool:
            pending = [pool.submit(open_in, batches, sides(25, 25 * part)) for part in range(8)]
            done = [one.result(60) for one in pending]
        assert batches(sides(2)).column('area').to_pylist() == [0, 1]
    assert [area for one in done for area in one[1]] == [side**2 for side in range(200)]
    assert {one[2] for one in done} == {1}
    assert squarer.executed == Counter(range(200)) + Counter([0, 1])
    assert until(lambda: squarer.connections == 0)


def volumes_in(batches: Hybrid.Batches, batch: Any) -> tuple[list[float], int, int]:
    from cspark.wasm.batches.worker import _workers

    volumes = batches(batch).column('volume').to_pylist()
    return volumes, len(_workers._open), children()


@pytest.mark.thorough
@pytest.mark.filterwarnings('ignore:This process:DeprecationWarning')
@pytest.mark.parametrize('method', METHODS)
def test_a_package_is_executed_in_the_workers_and_ends_with_them(method: str) -> None:
    table = pa.table({'height': [1.5, 2.5], 'radius': [1.0, 1.0], 'density': [1.0, 1.0]})
    before = children()
    with Hybrid.LocalRunner(CYLINDER, uploads=False):
        of_one_runner = children() - before
    batches = Hybrid.Batches('shapes/cylinder', package=CYLINDER, outputs={'volume': 'double'})
    expected = batches(table).column('volume').to_pylist()
    with batches, ProcessPoolExecutor(2, multiprocessing.get_context(method)) as pool:
        done = [one.result(60) for one in [pool.submit(volumes_in, batches, table) for _ in range(6)]]
    assert [one[0] for one in done] == [expected] * 6
    assert {one[1] for one in done} == {1}
    assert {one[2] for one in done} == {of_one_runner}


def kill_once(batches: Hybrid.Batches, batch: Any, marker: str) -> list[int]:
    """Compute a batch; the first process that comes here is killed while its calls are under way."""
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        pass
    else:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGKILL)).start()
    areas: list[int] = batches(batch).column('area').to_pylist()
    return areas


@pytest.mark.thorough
def test_a_batch_of_a_killed_worker_is_computed_again_with_the_same_result(squarer: Squares, tmp_path: Any) -> None:
    squarer.gate.clear()
    context, marker = multiprocessing.get_context('spawn'), str(tmp_path / 'killed')
    batches = made(squarer)
    with ProcessPoolExecutor(1, context) as pool, pytest.raises(BrokenProcessPool):
        pool.submit(kill_once, batches, sides(50), marker).result(60)
    squarer.gate.set()
    assert until(lambda: squarer.under_way == 0)
    squarer.executed.clear()
    with ProcessPoolExecutor(1, context) as pool:
        assert pool.submit(kill_once, batches, sides(50), marker).result(60) == [side**2 for side in range(50)]
    assert squarer.executed == Counter(range(50))


def test_a_pickle_has_the_options_alone_and_is_small(squarer: Squares) -> None:
    batches = made(squarer)
    before = len(pickle.dumps(batches))
    with batches:
        batches(sides(100))
        assert len(pickle.dumps(batches)) == before
    assert before < 10_000


def test_a_copy_that_was_pickled_shares_the_client_of_its_process(squarer: Squares) -> None:
    from cspark.wasm.batches.worker import _workers

    with made(squarer) as batches:
        copy = pickle.loads(pickle.dumps(batches))
        batches(sides(3))
        copy(sides(3))
        assert len(_workers._open) == 1
    assert not _workers._open


def test_threads_share_one_object(squarer: Squares) -> None:
    with made(squarer) as batches, ThreadPoolExecutor(8) as pool:
        tables: list[Any] = list(pool.map(batches, [sides(20, 20 * part) for part in range(20)]))
    assert [area for table in tables for area in table.column('area').to_pylist()] == [n**2 for n in range(400)]
    assert squarer.executed == Counter(range(400))


@pytest.mark.thorough
def test_the_first_batches_of_many_threads_open_one_local_runner() -> None:
    from cspark.wasm.batches.worker import _workers

    table = pa.table({'height': [1.5], 'radius': [1.0], 'density': [1.0]})
    with Hybrid.Batches('shapes/cylinder', package=CYLINDER, outputs={'volume': 'double'}) as batches:
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(batches, [table] * 12))
        assert len(_workers._open) == 1
    assert until(lambda: not [one for one in threading.enumerate() if 'execute-many' in one.name])


@pytest.mark.thorough
def test_a_function_as_token_travels(squarer: Squares) -> None:
    batches = made(squarer, token=a_token)
    assert b'sk-from-a-function' not in pickle.dumps(batches)
    with ProcessPoolExecutor(1, multiprocessing.get_context('spawn')) as pool:
        assert pool.submit(open_in, batches, sides(3)).result(60)[1] == [0, 1, 4]


@pytest.mark.thorough
def test_the_correlation_id_derives_from_the_content(squarer: Squares) -> None:
    from support.wire import recording

    def names(**options: Any) -> list[str]:
        with recording() as recorder:
            batches = Hybrid.Batches('a/b', base_url=recorder.url, tenant='my-tenant', token='open', **options)
            with batches:
                for count in (1, 1, 2):
                    with suppress(Hybrid.SparkError):
                        batches(sides(count))
            return [one.headers.get('x-correlation-id') or str(one.json) for one in recorder.received]

    first, second = names(outputs={'volume': 'double'}), names(outputs={'volume': 'double'})
    assert first
    assert first == second
    assert first[0] == first[1]
    assert any(name != first[0] for name in first)


@pytest.mark.thorough
@pytest.mark.filterwarnings('ignore:This process:DeprecationWarning')
def test_a_fork_while_threads_compute_does_not_hang_the_child(squarer: Squares) -> None:
    squarer.delay = 0.05
    with made(squarer) as batches, ThreadPoolExecutor(3) as threads:
        pending = [threads.submit(batches, sides(60, 60 * part)) for part in range(3)]
        time.sleep(0.05)
        with ProcessPoolExecutor(1, multiprocessing.get_context('fork')) as pool:
            assert pool.submit(open_in, batches, sides(3)).result(60)[1] == [0, 1, 4]
        tables = [one.result(60) for one in pending]
    assert [area for table in tables for area in table.column('area').to_pylist()] == [n**2 for n in range(180)]
