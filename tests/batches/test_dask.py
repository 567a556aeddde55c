"""Dask: with threads, with processes and with a cluster on this machine."""

from __future__ import annotations

import importlib
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest

import cspark.wasm as Hybrid
from support.many import URI, Squares, of_side, until

dd: Any = pytest.importorskip('dask.dataframe')
distributed: Any = importlib.import_module('distributed')
COUNT = 200
pytestmark = [
    pytest.mark.filterwarnings('ignore::DeprecationWarning'),
    pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning'),
    pytest.mark.filterwarnings('ignore::ResourceWarning'),
]


@pytest.fixture
def policies() -> Any:
    frame = pd.DataFrame({'policy': [f'P{n}' for n in range(COUNT)], 'side': range(COUNT)})
    return dd.from_pandas(frame, npartitions=8)


@pytest.fixture(scope='module')
def cluster() -> Iterator[Any]:
    """Two worker processes."""
    with (
        distributed.LocalCluster(2, threads_per_worker=2, processes=True, dashboard_address='127.0.0.1:0') as started,
        distributed.Client(started) as client,
    ):
        yield client


def made(squarer: Squares, **options: Any) -> Hybrid.Batches:
    settings: dict[str, Any] = {'outputs': {'area': 'integer'}, 'keep': ['policy'], 'chunk_size': 10, **options}
    return Hybrid.Batches(URI, base_url=squarer.url, tenant='my-tenant', token='open', **settings)


def check(result: pd.DataFrame, squarer: Squares) -> None:
    assert result['area'].tolist() == [side**2 for side in range(COUNT)]
    assert result['policy'].tolist() == [f'P{n}' for n in range(COUNT)]
    assert squarer.executed == Counter(range(COUNT))


@pytest.mark.thorough
@pytest.mark.parametrize('scheduler', ['threads', 'synchronous', 'processes'])
def test_every_scheduler_gives_the_same(squarer: Squares, policies: Any, scheduler: str) -> None:
    with made(squarer) as batches:
        priced = policies.map_partitions(batches, meta=batches.meta(policies))
        assert squarer.sizes == []
        result = priced.compute(scheduler=scheduler)
    check(result, squarer)
    assert result.dtypes.to_dict() == priced._meta.dtypes.to_dict()


@pytest.mark.thorough
@pytest.mark.parametrize('declared', [True, False])
def test_a_frame_that_dask_invents_is_never_sent(squarer: Squares, policies: Any, declared: bool) -> None:
    options: dict[str, Any] = {} if declared else {'outputs': None}
    squarer.poison = lambda record: 'side' not in record and bool(record)
    with made(squarer, **options) as batches:
        if not declared:
            with pytest.raises(Exception, match=r'side|KeyError|500|connection|outputs'):
                policies.map_partitions(batches)
            assert sum(squarer.executed.values()) == squarer.executed[None]
            return
        priced = policies.map_partitions(batches)
        assert squarer.sizes == []
        check(priced.compute(scheduler='threads'), squarer)


@pytest.mark.thorough
def test_threads_of_one_process_share_the_calls_of_one_worker(squarer: Squares, policies: Any) -> None:
    squarer.delay = 0.03
    with made(squarer, concurrency=1) as batches:
        policies.map_partitions(batches, meta=batches.meta(policies)).compute(scheduler='threads', num_workers=4)
    assert squarer.peak == 1


def open_workers() -> tuple[int, int]:
    """In a worker: what is open."""
    from cspark.wasm.batches.worker import _workers

    return os.getpid(), len(_workers._open)


@pytest.mark.thorough
def test_a_cluster_gives_the_same_and_opens_one_client_a_process(cluster: Any, squarer: Squares, policies: Any) -> None:
    batches = made(squarer)
    result = policies.map_partitions(batches, meta=batches.meta(policies)).compute(scheduler=cluster)
    check(result, squarer)
    assert {count for _, count in cluster.run(open_workers).values()} <= {0, 1}


@pytest.mark.thorough
def test_the_error_of_a_record_arrives_with_its_text(cluster: Any, squarer: Squares, policies: Any) -> None:
    squarer.poison = of_side(77)
    batches = made(squarer)
    with pytest.raises(Hybrid.SparkApiError, match='P77'):
        policies.map_partitions(batches, meta=batches.meta(policies)).compute(scheduler=cluster)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@pytest.mark.thorough
def test_the_batches_of_a_killed_worker_are_computed_by_another(cluster: Any, squarer: Squares, policies: Any) -> None:
    squarer.gate.clear()
    batches = made(squarer)
    pending = cluster.compute(policies.map_partitions(batches, meta=batches.meta(policies)))
    assert until(lambda: squarer.under_way > 0)
    kill(next(iter(cluster.run(os.getpid).values())))
    squarer.gate.set()
    result: pd.DataFrame = pending.result(90)
    assert result['area'].tolist() == [side**2 for side in range(COUNT)]


def test_batches_with_the_same_options_have_tokens_of_their_own(squarer: Squares) -> None:
    base: Any = importlib.import_module('dask.base')
    one, other = made(squarer), made(squarer, on_error='collect')
    assert base.tokenize(one) == base.tokenize(one)
    assert base.tokenize(one) != base.tokenize(other)


def widened(batches: Hybrid.Batches) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """A function of a user's around the object."""
    return lambda frame: batches(frame).assign(more=1)


@pytest.mark.thorough
@pytest.mark.filterwarnings('ignore:.*meta.*:UserWarning')
@pytest.mark.parametrize('way', ['map_partitions', 'map_overlap', 'wrapped', 'groupby'])
def test_an_invented_frame_is_not_sent_whatever_calls_with_it(squarer: Squares, policies: Any, way: str) -> None:
    with made(squarer, keep=None) as batches:
        if way == 'map_partitions':
            policies.map_partitions(batches)
        elif way == 'map_overlap':
            policies.map_overlap(batches, 1, 1)
        elif way == 'wrapped':
            policies.map_partitions(widened(batches))
        else:
            _ = policies.groupby('policy').apply(batches)._meta
    assert squarer.sizes == []


@pytest.mark.thorough
def test_a_cluster_executes_a_package_and_leaves_nothing_open(cluster: Any) -> None:
    from support.packages import CYLINDER

    frame = pd.DataFrame({'height': [1.0, 2.0, 3.0, 4.0], 'radius': 1.0, 'density': 1.0})
    batches = Hybrid.Batches('shapes/cylinder', package=CYLINDER, outputs={'volume': 'double'})
    many = dd.from_pandas(frame, npartitions=4)
    result = many.map_partitions(batches, meta=batches.meta(many)).compute(scheduler=cluster)
    with batches:
        expected = batches(frame)
    assert result['volume'].tolist() == expected['volume'].tolist()
    cluster.run(batches.close)
