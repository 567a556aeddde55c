"""Performs a run of `execute_many` on tasks of an event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import anyio.to_thread

from .._flows.bulk import Chunk
from ..errors import SparkSdkError
from ..records import RecordResult
from ..results import ServiceExecuted
from ..sources import Rows, Source
from .many import Run

__all__ = ['run_awaiting']

Timed = tuple[ServiceExecuted[Any], float]
MOMENT = 0.002
"""How long an async iterable may take for a record before those that are there are sent, in seconds."""


async def run_awaiting(
    run: Run, source: Source | AsyncIterator[Any], call: Callable[[Chunk], Awaitable[ServiceExecuted[Any]]]
) -> AsyncGenerator[RecordResult]:
    """Yield the results as they come. What is under way is ended when the caller stops listening."""
    flying: dict[asyncio.Task[Timed], Chunk] = {}

    async def send(chunk: Chunk) -> Timed:
        started = time.monotonic()
        return await call(chunk), time.monotonic() - started

    def start_waiting() -> None:
        while (chunk := run.bulk.next()) is not None:
            flying[asyncio.create_task(send(chunk))] = chunk

    try:
        while not run.bulk.is_finished:
            start_waiting()
            while (wanted := run.wanted()) is not None:
                run.give(await _take(source, *wanted))
                start_waiting()
            for result in run.bulk.pop_ready():
                yield result
            await _settle(run, flying)
    finally:
        for task in flying:
            task.cancel()
        if isinstance(source, Source):
            source.close()
        run.close()
        await asyncio.gather(*flying, return_exceptions=True)


async def _take(source: Source | AsyncIterator[Any], count: int, exactly: bool) -> Rows | None:
    if isinstance(source, Source):
        return await anyio.to_thread.run_sync(lambda: source.take(count, exactly=exactly))
    rows: list[Any] = []
    started = time.monotonic()
    async for record in source:
        if type(record) in (list, tuple):
            raise SparkSdkError('an async iterable must give records with names, not rows of values')
        rows.append(record)
        if len(rows) == count or (not exactly and time.monotonic() - started > MOMENT):
            break
    return Rows(rows) if rows else None


async def _settle(run: Run, flying: dict[asyncio.Task[Timed], Chunk]) -> None:
    """Wait for a call to end, or for the time to start another one."""
    if not flying:
        await anyio.sleep(run.bulk.pause)
        return
    done, _ = await asyncio.wait(flying, timeout=run.bulk.pause or None, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        run.settle(flying.pop(task), task.result)
