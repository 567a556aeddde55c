"""What a process has open to compute batches: a client of the runners, or a local runner."""

from __future__ import annotations

import atexit
import hashlib
import sys
import threading
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

from .._calls import executions
from .._calls.steps import Flow
from .._codec.json import encode_json, is_object
from .._many.arguments import prepare
from .._many.blocking import run_blocking
from .._many.chunk import Chunk
from .._many.planner import FIRST_SIZE
from .._many.sources import open_source
from .._perform.blocking import Connections, perform
from .._perform.forks import after_fork
from ..errors import SparkSdkError
from ..options import RecordOptions
from ..records import RecordResult
from ..results import ServiceExecuted
from .pressure import Pressure
from .runners import Runners
from .task import Task

if TYPE_CHECKING:
    from ..local import LocalRunner

__all__ = ['Worker', 'close_worker', 'worker_for']

IDLE: Final = 300.0
"""After how many seconds without a batch a worker is closed, once the process works for another `Batches`."""


class Worker:
    """Computes the batches of a process. Threads may share it.

    Args:
        task: What to compute.

    Raises:
        SparkError: The package is broken, or its extra is not installed.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._reading = task.reading
        self._runner: LocalRunner | None = None
        self._size: int = FIRST_SIZE
        self._pressure = Pressure(task.many['concurrency'])
        self._defaults: dict[str, Any] | None = None
        self._asking = threading.Lock()
        self._has_answered = False
        self._adapts = task.many['chunk_size'] == 'auto'
        self.busy = 0
        self.is_leaving = False
        self.used = time.monotonic()
        if task.package is None:
            self._configs, self._connections = task.configs, Connections(task.configs[0])
        else:
            from ..local import LocalRunner  # here: it is an extra

            self._runner = LocalRunner(task.package, instances=task.instances, uploads=False)
            client = self._runner.client(**task.of_client)
            self._configs, self._connections = (client.config,), Connections(client.config, client.http_client)
        self._runners = Runners(self._configs)

    def compute(self, batch: Any) -> list[RecordResult]:
        """Compute a batch.

        Raises:
            SparkError: As for `services.execute_many`.
        """
        task = self._task
        source = open_source(batch, self._reading)
        options: Any = dict(task.many)
        run, call = prepare(self._configs[0], task.uri, batch, source.total, options, self._reading)
        run.planner.expect_runner(has_answered=self._has_answered)
        if self._adapts:
            run.planner.size = self._size

        def send(chunk: Chunk) -> Flow[ServiceExecuted[Any]]:
            name = self._name(chunk)
            flow = self._runners.perform(lambda config: call(chunk, config, name))
            return (yield from self._pressure.hold(flow))

        with closing(run_blocking(run, source, send, self._connections)) as computed:
            results = list(computed)
        self._size, self._has_answered = run.planner.size, True
        return results

    def _name(self, chunk: Chunk) -> str | None:
        """The correlation id of a chunk, the same whenever and wherever it is sent; None for what cannot be sent."""
        try:
            content = encode_json([chunk.names, chunk.rows], chunk.known.plain)
        except (TypeError, ValueError, RecursionError):
            return None  # sending it raises the error that names the record
        digest = hashlib.blake2b(content, digest_size=12).hexdigest()
        prefix = self._task.many.get('correlation_id')
        return f'{prefix}-{digest}' if prefix else digest

    def compute_defaults(self) -> dict[str, Any]:
        """Execute the service with its defaults, once, and return the outputs.

        Raises:
            SparkSdkError: The service cannot be executed with its defaults.
        """
        with self._asking:
            if self._defaults is None:
                self._defaults = self._execute_defaults()
            return self._defaults

    def _execute_defaults(self) -> dict[str, Any]:
        given = {name: value for name, value in self._task.many.items() if name in RecordOptions.__optional_keys__}
        options: Any = {**given, 'inputs': {}}

        def call(config: Any) -> Flow[ServiceExecuted[Any]]:
            return executions.execute(config, self._task.uri, 'alike', options)

        answer = perform(self._runners.perform(call), self._connections)
        outputs = answer.outputs[0]
        if not is_object(outputs) or answer.errors[0]:
            raise SparkSdkError(
                f'the service cannot be executed with its defaults ({answer.errors[0]!r:.200}), so that its outputs '
                "are not known; give outputs={'NAME': 'double', ...}"
            )
        return outputs

    def close(self) -> None:
        """Close the connections, and end the local runner."""
        self._connections.close()
        if self._runner is not None:
            self._runner.close()


class _Workers:
    """The workers of this process. A forked process starts with none: it must not use the connections of its parent."""

    def __init__(self) -> None:
        self._open: dict[str, Worker] = {}
        self._lock = threading.Lock()
        self._ends_with_process = False
        after_fork(self)

    def take(self, task: Task) -> Worker:
        """The worker for a task, which is opened if there is none."""
        with self._lock:
            if not self._ends_with_process:
                self._close_at_end()
            worker = self._open.get(task.id)
            if worker is None:
                self._close_idle()
                worker = self._open[task.id] = Worker(task)
            worker.busy += 1
            return worker

    def give_back(self, worker: Worker) -> None:
        """Say that a worker that was taken is not in use any more."""
        with self._lock:
            worker.busy -= 1
            worker.used = time.monotonic()
        if worker.is_leaving and not worker.busy:
            worker.close()

    def _close_idle(self) -> None:
        long_ago = time.monotonic() - IDLE
        for name, worker in list(self._open.items()):
            if not worker.busy and worker.used < long_ago:
                self._open.pop(name).close()

    def _close_at_end(self) -> None:
        self._ends_with_process = True
        atexit.register(self.close_all)
        if 'multiprocessing' in sys.modules:  # its processes end without what is registered with atexit
            from multiprocessing.util import Finalize

            Finalize(None, self.close_all, exitpriority=10)

    def close(self, task: Task) -> None:
        """Close the worker for a task, if there is one, when the batches that it computes are done."""
        with self._lock:
            worker = self._open.pop(task.id, None)
            is_busy = worker is not None and worker.busy > 0
            if worker is not None:
                worker.is_leaving = True
        if worker is not None and not is_busy:
            worker.close()

    def close_all(self) -> None:
        """Close all workers."""
        with self._lock:
            workers, self._open = list(self._open.values()), {}
        for worker in workers:
            worker.close()

    def start_anew(self) -> None:
        """Forget everything in a forked process."""
        self._lock = threading.Lock()
        self._open = {}
        self._ends_with_process = False


_workers = _Workers()


@contextmanager
def worker_for(task: Task) -> Generator[Worker]:
    """The worker of this process for a task, for the time of a `with` statement; it is opened if it must be."""
    worker = _workers.take(task)
    try:
        yield worker
    finally:
        _workers.give_back(worker)


def close_worker(task: Task) -> None:
    """Close the worker of this process for a task, if there is one."""
    _workers.close(task)
