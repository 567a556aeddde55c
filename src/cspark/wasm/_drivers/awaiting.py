"""Performs flows and awaits meanwhile."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import anyio
import anyio.to_thread
import httpx

from .._flows.flow import Compute, Flow, Pause, Send, Step
from ..answer import Answer
from ..errors import SparkConfigError, SparkSdkError
from . import through_httpx
from .proxies import Proxies
from .wire import OWN_CLIENT, OutOfTimeError, Verify, check_http_client, late, own_http_client, trusted

if TYPE_CHECKING:
    from .session import Session

__all__ = ['AsyncConnections', 'aside', 'perform']

Result = TypeVar('Result')
Arguments = ParamSpec('Arguments')

LARGE_BODY = 1 << 16
"""A body of fewer bytes fits into what the system holds for a connection, so that nobody waits while it is written."""


class AsyncConnections:
    """What an awaited client sends through, for one event loop.

    Args:
        http_client: A caller's own client, through which everything then goes; it is never closed here.
        verify: What to trust of a `https://` runner: see `tls_context`.
    """

    def __init__(self, http_client: httpx.AsyncClient | None = None, verify: Verify = True) -> None:
        check_http_client(http_client, httpx.AsyncClient)
        self._verify = trusted(verify)
        self._given = http_client
        self._own: httpx.AsyncClient | None = None
        self._only_httpx = http_client is not None
        self._starting = threading.Lock()
        self._session: Session | None = None
        self._loop: object = None
        self._proxies = Proxies()
        self.alone = anyio.Lock()
        self.is_closed = False

    @property
    def http_client(self) -> httpx.AsyncClient:
        """The client of httpx. Once it was asked for, everything goes through it: it may have got hooks or headers."""
        self._only_httpx = True
        return self.general()

    def general(self) -> httpx.AsyncClient:
        """The client of httpx, for what takes no faster way."""
        with self._starting:
            if self._given is not None:
                return self._given
            if self._own is None:
                if self.is_closed:
                    raise SparkConfigError('the client is closed; make another one')
                self._own = own_http_client(httpx.AsyncClient, self._verify)
            return self._own

    async def send(self, step: Send) -> Answer:
        """Send a step and read its answer to the end.

        Raises:
            Undelivered: There is no answer.
        """
        if self.is_closed and self._given is None:
            raise SparkConfigError('the client is closed; make another one')
        loop = _running_loop()
        self._loop = self._loop or loop
        if loop is not self._loop:
            raise SparkSdkError('the client was used on another event loop before; make one for each event loop')
        by_httpx = self._only_httpx or step.files or step.auth is not None or self._proxies.lead_to(step.url)
        by_httpx = by_httpx or (
            bool(step.phases) and len(step.content or b'') > LARGE_BODY
        )  # only httpx limits a write
        if by_httpx or loop is None:
            return await through_httpx.exchange_async(step, self.general())
        if self._session is None:
            from .session import Session

            self._session = Session(self._verify)
        return await self._session.exchange(step)

    async def close(self) -> None:
        """Close all connections but those of a caller's own client; any number of times."""
        self.is_closed = True
        if self._session is not None:
            await self._session.close()
        if self._own is not None:
            await self._own.aclose()


async def perform(flow: Flow[Result], connections: AsyncConnections) -> Result:
    """Run a flow to its end: do each step, hand in the result or throw in the error."""
    with closing(flow):
        try:
            step = next(flow)
            while True:
                done: list[Any] = []
                failed: list[Exception] = []
                try:
                    # In a list that is emptied: it may be a token, and reports show the variables of frames.
                    done.append(await _do(step, connections))
                except Exception as error:  # noqa: BLE001 - it is the flow's to handle
                    failed.append(error)
                # Not in the `except` above: what failed would be behind all that the flow raises.
                step = flow.throw(failed.pop()) if failed else flow.send(done.pop())
        except StopIteration as end:
            final: Result = end.value
            return final


async def _do(step: Step, connections: AsyncConnections) -> Any:
    match step:
        case Send():
            return await connections.send(step)
        case Pause():
            await anyio.sleep(step.seconds)
        case Compute():
            if step.keep is None:
                return await _computed(step)
            with anyio.move_on_after(step.deadline - time.monotonic()):
                if (owner := connections.alone.statistics().owner) and owner == anyio.get_current_task():
                    raise SparkConfigError(OWN_CLIENT)
                async with connections.alone:
                    step.keep(await _computed(step))
                    return None
            raise late(OutOfTimeError(), sent=False)
    return None


async def _computed(step: Compute) -> Any:
    leave = step.keep is not None  # a thread cannot be ended, but needs nobody who waits for it
    run = anyio.to_thread.run_sync
    result = await run(step.function, abandon_on_cancel=leave) if step.heavy else step.function()
    return await result if inspect.isawaitable(result) else result


async def aside(
    function: Callable[Arguments, Result], *arguments: Arguments.args, **options: Arguments.kwargs
) -> Result:
    """Do on a thread what would block an event loop of asyncio; if this is cancelled, after it is done.

    A thread cannot be ended, and what it works on must not be closed under it.
    """
    task = asyncio.ensure_future(anyio.to_thread.run_sync(lambda: function(*arguments, **options)))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with anyio.CancelScope(shield=True):
            while not task.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait({task})
        if not task.cancelled():
            task.exception()
        raise


def _running_loop() -> object:
    """The event loop of asyncio; None on another one, such as trio's."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
