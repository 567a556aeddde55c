"""Run requests on several instances of one model in parallel, and replace instances that fail."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Final

from ..errors import PackageError, ServiceError
from ..logger import logger
from ..packages.compiled_model import CompiledModel
from .call import Call, Piece, Result, Timing
from .execution import Execution, Requests
from .instance import Instance
from .statistics import Statistics

__all__ = ['Pool', 'Slot']

WAIT: Final = 55.0
"""How long a call waits for a free instance, in seconds. The platform limits a call to the same time."""

LOST_INSTANCES: Final = 3
"""How many records of one call may each cost an instance before the rest of the call is given up."""

SMALLEST_PIECE: Final = 20.0
"""The target time of the smallest piece, in milliseconds. Less work is not worth moving to another instance."""

MOST_AT_FIRST: Final = 64
"""The largest minimum size of a piece, in records: used until the time of a record is known, and for very fast
records."""

LONGEST_ROW: Final = 5.0
"""How long an instance may compute requests of several calls in a row, in milliseconds."""

STOPPED: Final = 'the service is being replaced, or the runner is stopping'


class Slot:
    """A place for an instance, and the thread that talks to it. It stays empty until it is first used.

    Args:
        pool: The pool that it belongs to.
        number: Its number in the pool.
        depth: The only depth of calls that it computes; None for any.
    """

    def __init__(self, pool: Pool, number: int, depth: int | None = None) -> None:
        self.number = number
        self.depth = depth
        self.instance: Instance | None = None
        self.busy = False
        self.last_growth = 0
        self._pool = pool
        self._given: queue.SimpleQueue[Piece | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def give(self, piece: Piece | None) -> None:
        """Queue a piece for the slot's thread, which is started with the first one; None ends the thread."""
        if self._thread is None and piece is not None:
            name = f'runner-{self._pool.model.name}-{self.number}'
            self._thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._thread.start()
        self._given.put(piece)

    def ready(self) -> Instance:
        """Return the instance, and start one if there is none.

        Raises:
            PackageError: The model does not load.
        """
        if self.instance is not None and (ended := self.instance.ended_between_calls()):
            # The next call did not cause this, so it gets a new instance and no error.
            self._pool.statistics.failed(timed_out=False)
            logger.warning('an instance of %s was lost between calls: %s', self._pool.name, ended)
            self.empty()
        if self.instance is None:
            self.instance = Instance(self._pool.model, self._pool.timeout, self._pool.memory)
        return self.instance

    def empty(self) -> None:
        """End the instance."""
        instance, self.instance = self.instance, None
        if instance is not None:
            instance.close()

    def _work(self) -> None:
        given = self._given.get()
        while given is not None:
            self.busy = True
            pieces = [given, *self._pool.more_like(given)]
            try:
                self._compute_pieces(pieces)
            except Exception as error:  # noqa: BLE001 - the calls must end, and the thread must live
                failure = ServiceError(500, f'the runner failed: {type(error).__name__}: {error}')
                for piece in pieces:
                    piece.call.fail(piece.number, failure)
            self.busy = False
            given = self._pool.next_for(self) or self._given.get()
        self.empty()

    def _compute_pieces(self, pieces: list[Piece]) -> None:
        """Compute pieces of one or more calls in a row, and give each call its own results."""
        wanted = [piece for piece in pieces if not piece.call.future.done()]
        for piece in wanted:
            piece.call.begin()
        first = wanted[0].requests if wanted else pieces[0].requests
        parts = [part for piece in wanted for part in piece.requests.parts]
        requests = Requests(parts, first.prefix, first.suffix, first.calls, first.depth)
        # Pieces of different calls do not count lost instances, so one call cannot make the others be given up.
        lost = wanted[0].call.lost if len(wanted) == 1 else itertools.repeat(0)
        results = self._compute(requests, lost)
        start = 0
        for piece in pieces:
            end = start + (len(piece.requests) if piece in wanted else 0)
            piece.call.finish(piece.number, results[start:end])
            start = end

    def _compute(self, requests: Requests, lost: Iterator[int]) -> list[Result]:
        results: list[Result] = []
        singly = False
        while len(results) < len(requests):
            if self._pool.stopping.is_set():
                results += [ServiceError(503, STOPPED)] * (len(requests) - len(results))
                break
            run = self._run(requests[len(results) :], singly=singly)
            results += run.answers
            if not run.failure:
                break
            if self._pool.stopping.is_set():
                continue
            self._pool.statistics.failed(timed_out=run.timed_out)
            logger.warning('an instance of %s was lost: %s', self._pool.name, run.failure)
            if len(results) == len(requests):
                break  # the instance was lost after its last answer
            if run.died and not singly and len(results) + 1 < len(requests):
                singly = True  # one of the remaining requests ended the process; run them one by one to find out which
                continue
            singly = False
            results.append(run.error())
            if next(lost) >= LOST_INSTANCES:
                reason = f'not computed: {LOST_INSTANCES} records of this call each ended an instance; {run.failure}'
                results += [ServiceError(503, reason)] * (len(requests) - len(results))
        if len(results) != len(requests):
            raise RuntimeError(f'{len(results)} results of {len(requests)} requests')
        return results

    def _run(self, requests: Requests, *, singly: bool) -> Execution:
        """Run requests on the instance, and discard the instance if it fails."""
        run = Execution(requests, self._pool.timeout, 'the instance could not be used')
        try:
            instance = self.ready()
            before, started = instance.memory_bytes, time.perf_counter()
            run = instance.run(requests, singly=singly)
            self.last_growth = instance.memory_bytes - before
            self._pool.statistics.completed(len(run.answers), time.perf_counter() - started)
        except PackageError as error:
            run.failure = error.message
        finally:
            if run.failure:
                self.empty()
        return run


class Pool:
    """The instances of a model, and the queue of pieces that wait for one.

    Args:
        model: The compiled model; one instance is started at once to check that the model loads.
        instances: The number of instances, each of which computes one record at a time.
        timeout: The time limit for loading the model and for each record, in seconds.
        memory: The memory limit of each instance, in bytes.
        name: The name of the model in logs.
        warm: Whether to keep that first instance; otherwise the first call starts another one.

    Raises:
        PackageError: The model does not load.
    """

    def __init__(
        self,
        model: CompiledModel,
        instances: int,
        timeout: float,
        memory: int = 1 << 30,
        name: str = '',
        *,
        warm: bool = True,
    ) -> None:
        self.model = model
        self.name = name or model.name
        self.timeout = timeout
        self.memory = memory
        self.statistics = Statistics()
        self.started = time.monotonic()
        self.slots = [Slot(self, number) for number in range(1, instances + 1)]
        self._lock = threading.Lock()
        self._idle = self.slots[::-1]  # a stack: the slot that became idle last has an instance and is used next
        self._waiting: dict[int, deque[Piece]] = {}
        self._reserved: dict[int, Slot] = {}
        self._closed = False
        self.stopping = threading.Event()
        self.calls_services = self.slots[0].ready().calls_services
        if not warm:
            self.slots[0].empty()

    def submit(self, requests: Requests) -> Timing:
        """Compute requests, in parallel if there are many.

        Returns:
            A future of one answer or error per request, in the order of the requests. A request that fails does not
            affect the others. The future raises `ServiceError` with 503 if no instance becomes free in time.

        Raises:
            ServiceError: 503, if the pool is closed.
        """
        # Several pieces per instance, so that one that gets slow records does not keep the others idle at the end.
        parts = 4 * len(self.slots) if len(self.slots) > 1 else 1
        size = max(self._smallest_piece(), -(-len(requests) // parts))
        starts = range(0, len(requests), size)
        call = Call(len(starts), lambda: self.statistics.end(len(requests)))
        with self._lock:
            if self._closed:
                raise ServiceError(503, STOPPED)
            self.statistics.begin(len(requests))
            for number, start in enumerate(starts):
                piece = Piece(call, number, requests[start : start + size])
                if slot := self._take_idle(piece.depth):
                    slot.give(piece)
                else:
                    self._waiting.setdefault(piece.depth, deque()).append(piece)
        return call.future

    def _take_idle(self, depth: int) -> Slot | None:
        """Take a slot for a piece of this depth, or return None if all are busy.

        An instance whose model waits for the services that it calls stays busy. So that services that call each other
        never wait for each other in a circle, each depth below the first has a slot of its own: a call waits only for
        deeper calls, and the deepest ones call nothing.
        """
        for slot in reversed(self._idle):
            if slot.depth in (None, depth):
                self._idle.remove(slot)
                return slot
        if depth == 0 or depth in self._reserved:
            return None
        self._reserved[depth] = Slot(self, len(self.slots) + depth, depth)
        return self._reserved[depth]

    @property
    def all_slots(self) -> list[Slot]:
        """The slots, and those that deeper calls have needed besides."""
        with self._lock:
            return [*self.slots, *self._reserved.values()]

    def _smallest_piece(self) -> int:
        """Return how many records a piece must have at least, based on the mean time of a record."""
        each = self.statistics.mean_time_ms
        if each is None:
            return MOST_AT_FIRST
        return max(1, min(MOST_AT_FIRST, round(SMALLEST_PIECE / max(each, 0.01))))

    def compute(self, requests: Requests) -> list[Result]:
        """Compute requests and wait for the results."""
        return self.submit(requests).result()

    def more_like(self, first: Piece) -> list[Piece]:
        """Take waiting single requests to compute in a row with this one: they take less time than a crossing into V8.

        The number is limited to a fair share of the waiting requests and to a few milliseconds of work. If the model
        has ever failed, each request is computed alone, because one that hangs would delay the requests next to it.
        """
        if not _is_single(first) or self.statistics.has_failed:
            return []
        each = max(self.statistics.mean_time_ms or LONGEST_ROW, 0.01)
        with self._lock:
            waiting = self._waiting.get(first.depth, deque())
            most = min(round(LONGEST_ROW / each), len(waiting) // len(self.slots))
            found: list[Piece] = []
            while len(found) < most and _is_single(waiting[0]):
                found.append(waiting.popleft())
            return found

    def next_for(self, slot: Slot) -> Piece | None:
        """Return the next piece for a slot that has become free; if there is none, mark the slot as idle.

        The deepest calls come first, because instances of other models wait for them.
        """
        while True:
            with self._lock:
                depths = [depth for depth, waiting in self._waiting.items() if waiting and slot.depth in (None, depth)]
                if not depths:
                    if self._closed:
                        slot.give(None)
                    else:
                        self._idle.append(slot)
                    return None
                piece = self._waiting[max(depths)].popleft()
            # Only the first piece shows how long the call waited: the others wait for the earlier ones of their call.
            if piece.number > 0 or time.monotonic() - piece.call.asked < WAIT:
                return piece
            reason = f'all {len(self.slots)} instances of the service were busy for {WAIT:g} s'
            piece.call.fail(piece.number, ServiceError(503, reason))

    def close(self) -> None:
        """Take no more calls; each instance ends when the earlier calls are finished."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for slot in idle:
            slot.give(None)
            slot.empty()

    def drop_waiting(self) -> None:
        """Take no more calls, and answer waiting ones with 503."""
        with self._lock:
            self._closed = True
            waiting, self._waiting = self._waiting, {}
        for piece in itertools.chain.from_iterable(waiting.values()):
            piece.call.fail(piece.number, ServiceError(503, STOPPED))

    def stop(self) -> None:
        """Take no more calls, drop waiting ones, and kill all instances, even busy ones."""
        self.stopping.set()
        self.drop_waiting()
        with self._lock:
            idle, self._idle = self._idle, []
        for slot in idle:
            slot.give(None)
            slot.empty()
        for slot in self.all_slots:
            if instance := slot.instance:
                instance.kill()


def _is_single(piece: Piece) -> bool:
    requests = piece.requests
    return len(requests) == 1 and not requests.prefix and not requests.suffix and requests.calls is None
