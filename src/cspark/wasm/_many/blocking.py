"""Perform a run of `execute_many` on threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_COMPLETED, Future, InvalidStateError, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Any

from .._calls.steps import Flow
from .._perform.blocking import Connections, perform
from ..records import RecordResult
from ..results import ServiceExecuted
from .chunk import Chunk
from .planner import HIGHEST_CONCURRENCY
from .run import Run
from .sources import Source

__all__ = ['run_blocking']

Timed = tuple[ServiceExecuted[Any], float]


def run_blocking(
    run: Run, source: Source, call: Callable[[Chunk], Flow[ServiceExecuted[Any]]], shared: Connections
) -> Generator[RecordResult]:
    """Yield the results as they become ready. Calls in flight are aborted if the caller stops reading."""
    connections, stop = shared.apart(), threading.Event()
    flying: dict[Future[Timed], Chunk] = {}

    # The threads that are in a call. `flying` may lack one: an interrupt may come between its start and its entry.
    calling: set[int] = set()

    def send(chunk: Chunk) -> Timed:
        started = time.monotonic()
        calling.add(threading.get_ident())
        try:
            return perform(call(chunk), connections, stop), time.monotonic() - started
        finally:
            calling.discard(threading.get_ident())

    stopping: Future[None] = Future()

    def wake() -> None:
        with suppress(InvalidStateError):  # stopped before
            stopping.set_result(None)

    run.on_stop.append(wake)
    pool = ThreadPoolExecutor(run.planner.concurrency or HIGHEST_CONCURRENCY, thread_name_prefix='execute-many')
    try:
        run.begin()
        if run.before is not None:
            perform(run.before, connections, stop)
        while not (run.planner.is_finished or run.is_stopped):
            while (chunk := run.planner.next()) is not None:
                flying[pool.submit(send, chunk)] = chunk
            wanted = run.wanted()
            if wanted is not None:
                read = source.take(wanted[0], exactly=wanted[1])
                run.give(read, run.known(read))
            _settle(run, flying, stopping, wait_for_one=wanted is None)
            yield from run.planner.pop_ready()
    finally:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
        while connections is not shared and calling:
            connections.abort()  # repeatedly: a call may have taken its connection only after the last time
            time.sleep(0.005)
        pool.shutdown()
        if connections is not shared:
            connections.close()
        source.close()
        run.close()


def _settle(run: Run, flying: dict[Future[Timed], Chunk], stopping: Future[None], *, wait_for_one: bool) -> None:
    """Record the calls that have ended. With `wait_for_one`, wait until one ends or the planner's pause is over."""
    if wait_for_one and not flying:
        wait([stopping], run.planner.pause)
    longest = (run.planner.pause or None) if wait_for_one else 0
    waited: list[Future[Any]] = [*flying, stopping]
    for future in wait(waited, longest, FIRST_COMPLETED).done if flying else ():
        if future is stopping:
            continue
        chunk = flying.pop(future)
        if (outcome := run.outcome(chunk, future.result)) is not None:
            run.save(chunk, outcome)
            run.finish(chunk, outcome)
