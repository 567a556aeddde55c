"""The instances of one model: they run in parallel, and one that fails is built anew."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from .engine import Answer, Engine, Run
from .errors import PackageError, ServiceError
from .package import CompiledModel
from .statistics import Statistics

__all__ = ['Pool', 'Slot']

WAIT: Final = 55.0
"""How long a call waits for a free instance, in seconds: as long as the platform lets a call run."""

LOST_INSTANCES: Final = 3
"""After so many records of one call that cost an instance, the rest of the call is given up."""

SMALLEST_PIECE: Final = 64
"""A call with fewer records than this for each instance is not worth splitting further."""


class Slot:
    """A place for an instance, with what the status operation tells of it. It is empty until it is used."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.engine: Engine | None = None
        self.busy = False
        self.peak_memory = 0
        self.last_growth = 0

    def ready(self, model: CompiledModel, timeout: float) -> Engine:
        """The instance, built if there is none."""
        if self.engine is None:
            self.engine = Engine(model, timeout)
            self.peak_memory = max(self.peak_memory, self.engine.memory_bytes)
        return self.engine

    def run(self, model: CompiledModel, timeout: float, requests: Sequence[bytes]) -> Run:
        """Run requests on the instance, which is given up if it fails."""
        run = Run(failure='the instance could not be used')
        try:
            engine = self.ready(model, timeout)
            before = engine.memory_bytes
            run = engine.run(requests)
            self.last_growth = engine.memory_bytes - before
            self.peak_memory = max(self.peak_memory, engine.memory_bytes)
        except PackageError as error:
            run.failure = error.message
        finally:
            if run.failure:
                self.empty()
        return run

    def empty(self) -> None:
        """End the instance."""
        engine, self.engine = self.engine, None
        if engine is not None:
            engine.close()


class Pool:
    """Runs requests on the instances of a model.

    Args:
        model: The compiled model; one instance of it is built at once, which shows whether it loads.
        instances: How many records are computed at the same time.
        timeout: The limit for each record, in seconds.

    Raises:
        PackageError: The model does not load.
    """

    def __init__(self, model: CompiledModel, instances: int, timeout: float) -> None:
        self.model = model
        self.timeout = timeout
        self.statistics = Statistics()
        self.started = time.monotonic()
        self.slots = [Slot(number) for number in range(1, instances + 1)]
        self._free: queue.LifoQueue[Slot] = queue.LifoQueue()
        self._closed = False
        self._closing = threading.Lock()
        # V8 runs on threads of ours alone: built where an event loop runs, an instance would tie itself to that loop.
        self._threads = ThreadPoolExecutor(instances, thread_name_prefix=f'runner-{model.name}')
        for slot in reversed(self.slots):
            self._free.put(slot)
        try:
            self._threads.submit(self.slots[0].ready, model, timeout).result()
        except BaseException:
            self.close()
            raise

    def compute(self, requests: Sequence[bytes]) -> list[Answer | ServiceError]:
        """Compute requests, in parallel where there are many, and answer in their order.

        Args:
            requests: v3 requests as JSON objects in UTF-8.

        Returns:
            An answer or an error for each request: one that fails does not fail the others.

        Raises:
            ServiceError: 503, where no instance became free in time or the pool is closed.
        """
        parts = 4 * len(self.slots) if len(self.slots) > 1 else 1
        size = max(SMALLEST_PIECE, -(-len(requests) // parts))
        pieces = [requests[start : start + size] for start in range(0, len(requests), size)]
        lost = itertools.count(1)
        with self.statistics.call():
            try:
                # Only the first piece tells how long the call waited: the others also wait for their own call.
                started = [time.monotonic(), *[None] * (len(pieces) - 1)]
                futures = [
                    self._threads.submit(self._compute_piece, *one, lost) for one in zip(pieces, started, strict=True)
                ]
            except RuntimeError as error:
                raise ServiceError(503, 'the service is being replaced, or the runner stops') from error
            return [result for future in futures for result in future.result()]

    def _compute_piece(
        self, requests: Sequence[bytes], asked: float | None, lost: itertools.count[int]
    ) -> list[Answer | ServiceError]:
        if asked is not None and time.monotonic() - asked > WAIT:
            raise ServiceError(503, f'all {len(self.slots)} instances of the service were busy for {WAIT:g} s')
        results: list[Answer | ServiceError] = []
        with self._slot() as slot:
            while len(results) < len(requests):
                run = slot.run(self.model, self.timeout, requests[len(results) :])
                results += run.answers
                if not run.failure:
                    break
                self.statistics.failed(timed_out=run.timed_out)
                results.append(ServiceError(504 if run.timed_out else 500, run.failure))
                if next(lost) >= LOST_INSTANCES:
                    reason = f'not computed: {LOST_INSTANCES} records of this call cost an instance each; {run.failure}'
                    results += [ServiceError(503, reason)] * (len(requests) - len(results))
        return results

    @contextmanager
    def _slot(self) -> Generator[Slot]:
        slot = self._free.get_nowait()  # there are as many slots as threads
        slot.busy = True
        try:
            yield slot
        finally:
            slot.busy = False
            with self._closing:
                if self._closed:
                    slot.empty()
                self._free.put(slot)

    def close(self) -> None:
        """End all instances; those at work are ended when their work is done."""
        self._threads.shutdown(wait=False)
        with self._closing:
            self._closed = True
            while not self._free.empty():
                self._free.get_nowait().empty()
