"""The engines, each with the same face: compute a table in batches on its workers, and return the result as a table."""

from __future__ import annotations

import datetime as dt
import importlib
from collections.abc import Callable
from typing import Any

import cspark.wasm as Hybrid

pa: Any = importlib.import_module('pyarrow')

Function = Any
"""A `Batches`, or something of a test that wraps one."""

BATCH = 10_000


def imported(name: str) -> Any:
    """A library that has no types, or is installed where these tests run alone."""
    return importlib.import_module(name)


class Dask:
    """Dask on a `LocalCluster`, a thread a process."""

    def __init__(self, workers: int = 2) -> None:
        distributed = imported('dask.distributed')
        self._cluster = distributed.LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=':0')
        self._client = distributed.Client(self._cluster)

    def compute(self, table: Any, function: Function, service: Hybrid.Batches) -> Any:
        """Compute a table."""
        frame = imported('dask.dataframe').from_pandas(table.to_pandas(), npartitions=max(1, table.num_rows // BATCH))
        computed = frame.map_partitions(function, meta=service.meta(frame)).compute()
        return pa.Table.from_pandas(computed, preserve_index=False)

    def close(self) -> None:
        """Stop the workers."""
        self._client.close()
        self._cluster.close()


class Ray:
    """Ray Data with a pool of actors."""

    def __init__(self, workers: int = 2) -> None:
        self._workers = workers
        self._ray = imported('ray')
        self._ray.init(num_cpus=workers + 2, include_dashboard=False, log_to_driver=False, logging_level='error')

    def compute(self, table: Any, function: Function, service: Hybrid.Batches) -> Any:
        """Compute a table."""
        data = self._ray.data
        actor = function.actor if isinstance(function, Hybrid.Batches) else actor_of(function)
        blocks = [pa.table(batch) for batch in table.to_batches(BATCH)]
        pool = data.ActorPoolStrategy(size=self._workers)
        given = data.from_arrow(blocks).map_batches(actor, batch_format='pyarrow', batch_size=None, compute=pool)
        found = self._ray.get(given.to_arrow_refs())
        return pa.concat_tables(one for one in found if one.num_rows).sort_by('policy_id')

    def close(self) -> None:
        """Stop the cluster."""
        self._ray.shutdown()


def actor_of(function: Function) -> type:
    """A class for Ray that calls a function."""

    class Actor:
        def __call__(self, batch: Any) -> Any:
            computed: Any = function(batch)
            return computed

    return Actor


class Spark:
    """Spark on this machine, a Python process a thread."""

    def __init__(self, workers: int = 2) -> None:
        builder = imported('pyspark.sql').SparkSession.builder
        builder = builder.master(f'local[{workers},4]').config('spark.ui.enabled', 'false')
        builder = builder.config('spark.sql.execution.arrow.maxRecordsPerBatch', BATCH)
        self._spark = builder.config('spark.driver.bindAddress', '127.0.0.1').getOrCreate()
        self._spark.sparkContext.setLogLevel('OFF')

    def compute(self, table: Any, function: Function, service: Hybrid.Batches) -> Any:
        """Compute a table."""
        frame = self._spark.createDataFrame(table).repartition(4)
        computed: Any = frame.mapInArrow(as_function(function), service.schema(frame)).toArrow()
        return computed.sort_by('policy_id')

    def close(self) -> None:
        """Stop the Java process."""
        self._spark.stop()


def as_function(function: Function) -> Callable[[Any], Any]:
    """What Spark calls with an iterator of batches."""
    return function if isinstance(function, Hybrid.Batches) else lambda batches: map(function, batches)


ENGINES: dict[str, Callable[..., Any]] = {'dask': Dask, 'ray': Ray, 'spark': Spark}


def plain(table: Any) -> list[dict[str, Any]]:
    """The rows of a result as Python values, so that results of several engines can be compared."""
    return [
        {name: value.date() if isinstance(value, dt.datetime) else value for name, value in row.items()}
        for row in table.to_pylist()
    ]
