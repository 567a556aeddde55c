"""Perform a run of `execute_many` on tasks of an event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, Final, TypeAlias

import anyio
import anyio.to_thread

from .._calls.steps import Flow
from .._perform.awaiting import aside
from ..errors import SparkSdkError
from ..inputs import read_record
from ..records import ChunkResults, RecordResult
from ..results import ServiceExecuted
from .chunk import Chunk
from .reading import Reading, Rows
from .run import Run
from .sources import Source

__all__ = ['run_awaiting']

Timed: TypeAlias = tuple[ServiceExecuted[Any], float]
Read: TypeAlias = tuple[Rows | None, ChunkResults | None]

MOMENT: Final = 0.002
"""How long to wait for more records of an async iterable before sending those that have arrived, in seconds."""

TURN: Final = 1000
"""How many results are yielded before other tasks get a turn."""

LONGEST_LEAVE: Final = 1.0
"""How long the end of a run waits for a blocking iterable that is still being read, in seconds."""


async def run_awaiting(  # noqa: C901 - one loop, whose order is what matters
    run: Run,
    source: Source | AsyncIterator[Any],
    call: Callable[[Chunk], Awaitable[ServiceExecuted[Any]]],
    reading_rules: Reading,
    perform: Callable[[Flow[None]], Awaitable[None]],
) -> AsyncGenerator[RecordResult]:
    """Yield the results as they become ready. Calls in flight are cancelled if the caller stops reading."""
    flying: dict[asyncio.Task[Timed], Chunk] = {}
    reading: asyncio.Task[Read] | None = None
    reader = source if isinstance(source, Source) else _Reader(source, reading_rules)

    async def send(chunk: Chunk) -> Timed:
        started = time.monotonic()
        return await call(chunk), time.monotonic() - started

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        with suppress(RuntimeError):  # the event loop is closed
            loop.call_soon_threadsafe(stopping.set)

    run.on_stop.append(stop)
    stopped = asyncio.create_task(stopping.wait())
    try:
        await aside(run.begin)
        if run.before is not None:
            await perform(run.before)
        while not (run.planner.is_finished or run.is_stopped):
            while (chunk := run.planner.next()) is not None:
                flying[asyncio.create_task(send(chunk))] = chunk
            if reading is None and (wanted := run.wanted()) is not None:
                reading = asyncio.create_task(_read(run, reader, *wanted))
            waiting: set[asyncio.Task[Any]] = {*flying, stopped, *([reading] if reading else [])}
            for task in await _wait_for_any(run, waiting):
                if task is stopped:
                    break
                if task is reading:
                    reading = None
                    run.give(*task.result())
                else:
                    await _settle(run, flying.pop(task), task.result)
            for number, result in enumerate(run.planner.pop_ready(), 1):
                yield result
                if number % TURN == 0:
                    await asyncio.sleep(0)
    finally:
        stopped.cancel()
        for task in flying:
            task.cancel()
        with anyio.CancelScope(shield=True):
            await _end(run, reader, reading, flying)


async def _wait_for_any(run: Run, tasks: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """Wait until a task ends, the run is stopped, or the planner's pause is over."""
    longest = run.planner.pause or (None if len(tasks) > 1 else 0)
    done, _ = await asyncio.wait(tasks, timeout=longest, return_when=asyncio.FIRST_COMPLETED)
    return done


async def _read(run: Run, reader: Source | _Reader, count: int, exactly: bool) -> Read:
    """Read the next records, and look up their results in the checkpoint."""
    if isinstance(reader, _Reader):
        read = await reader.take(count, exactly=exactly)
        return read, None if run.checkpoint is None else await aside(run.known, read)

    def take(source: Source) -> Read:
        read = source.take(count, exactly=exactly)
        return read, run.known(read)

    # A blocking iterable may block for ever; `_end` waits for it only for a moment.
    return await anyio.to_thread.run_sync(take, reader)


async def _settle(run: Run, chunk: Chunk, call: Callable[[], Timed]) -> None:
    outcome = run.outcome(chunk, call)
    if outcome is not None:
        if run.checkpoint is None:
            await asyncio.sleep(0)  # give other tasks a turn between two chunks
        else:
            await aside(run.save, chunk, outcome)
        run.finish(chunk, outcome)


async def _end(
    run: Run, reader: Source | _Reader, reading: asyncio.Task[Read] | None, flying: Iterable[asyncio.Task[Timed]]
) -> None:
    try:
        if isinstance(reader, _Reader):
            await reader.stop(reading)
        elif reading is None:
            reader.close()
        else:  # a thread is reading, and threads cannot be cancelled: close the source when it has returned

            def close(task: asyncio.Task[Read]) -> None:
                if not task.cancelled():
                    task.exception()  # marks it as retrieved, so that asyncio does not log it
                    reader.close()

            reading.add_done_callback(close)
            await asyncio.wait({reading}, timeout=LONGEST_LEAVE)
        await asyncio.gather(*flying, return_exceptions=True)
    finally:
        run.close()


class _Reader:
    """Reads an async iterable in a task of its own, so that records can be sent before the next ones arrive."""

    def __init__(self, records: AsyncIterator[Any], rules: Reading) -> None:
        self._rules = rules
        self._position = self._read_count = 0
        self._records = records
        self._come = list[Any]()
        self._count = 0
        self._task: asyncio.Task[None] | None = None
        self._room, self._some, self._enough = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def take(self, count: int, *, exactly: bool) -> Rows | None:
        """Return up to `count` records, or exactly `count` unless the iterable ends before; None at its end."""
        self._count = count
        if len(self._come) >= count:
            self._enough.set()
        elif self._task is None or not self._task.done():
            self._enough.clear()
        self._task = self._task or asyncio.create_task(self._read())
        self._room.set()
        await self._some.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(None if exactly else MOMENT):
                await self._enough.wait()
        rows, self._come = self._come[:count], self._come[count:]
        if self._task.done():
            self._task.result()
        else:
            self._room.clear()
            self._enough.clear()
            if not self._come:
                self._some.clear()
        if not rows:
            return None
        first, self._position = self._position, self._position + len(rows)
        return self._rules.prepare(Rows(rows), first)

    async def _read(self) -> None:
        try:
            async for record in self._records:
                if type(record) in (list, tuple):
                    raise SparkSdkError('an async iterable must give records with names, not rows of values')
                self._come.append(read_record(record, self._read_count))
                self._read_count += 1
                self._some.set()
                if len(self._come) >= self._count:
                    self._room.clear()
                    self._enough.set()
                await self._room.wait()
        finally:
            self._some.set()
            self._enough.set()

    async def stop(self, reading: asyncio.Task[Read] | None) -> None:
        """Stop reading, and cancel `reading`, the task that waits in `take`."""
        tasks: list[asyncio.Task[Any]] = [task for task in (self._task, reading) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
