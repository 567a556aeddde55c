"""What engines send to their workers in these tests."""

from __future__ import annotations

import importlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

import cspark.wasm as Hybrid

pa: Any = importlib.import_module('pyarrow')


class DiesOnce:
    """Computes batches, and kills its own process after it has computed one of them, the first time."""

    def __init__(self, price: Hybrid.Batches, flag: Path) -> None:
        self._price = price
        self._flag = flag

    def __call__(self, batch: Any) -> Any:
        computed = self._price(batch)
        ids = batch['policy_id'] if hasattr(batch, 'iloc') else batch['policy_id'].to_pylist()
        if 'P-0022222' in set(ids) and not self._flag.exists():
            self._flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return computed


class Watched:
    """Computes batches, and adds the memory of its process and its children in MB to the result."""

    def __init__(self, service: Hybrid.Batches) -> None:
        self._service = service

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        for batch in self._service(batches):
            process = psutil.Process(os.getpid())
            taken = sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))
            told = pa.array([taken / 1e6] * batch.num_rows, pa.float64())
            yield pa.RecordBatch.from_arrays([*batch.columns, told], names=[*batch.schema.names, 'megabytes'])
