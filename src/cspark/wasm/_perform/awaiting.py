"""The awaiting performer: run flows on an event loop."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import anyio
import anyio.to_thread
import httpx

from .._answer import Answer
from .._calls.steps import Compute, Flow, Pause, Send
from .._http import through_httpx
from .._http.echoes import Echoes
from .._http.failures import timeout_failure
from .._http.httpx_clients import check_http_client, has_core, is_mocked, make_http_client, wants_httpx
from .._http.limits import OutOfTimeError
from .._http.proxies import Proxies
from .._http.tls import trusted
from ..config import Config
from ..errors import SparkConfigError, SparkSdkError
from .blocking import OWN_CLIENT
from .forks import after_fork

if TYPE_CHECKING:
    from .._http.awaiting import AwaitedConnections

__all__ = ['AsyncConnections', 'aside', 'perform']

Result = TypeVar('Result')
Arguments = ParamSpec('Arguments')


class AsyncConnections:
    """The connections of an `AsyncClient`, for one event loop at a time.

    Args:
        config: The configuration; `verify`, `transport` and `max_connection_age` are used.
        http_client: A caller's own client, which then sends all requests; it is never closed here.
    """

    def __init__(self, config: Config, http_client: httpx.AsyncClient | None = None) -> None:
        check_http_client(http_client, httpx.AsyncClient)
        self._greatest_age = config.max_connection_age
        self._verify = trusted(config.verify)
        self._given = http_client
        self._own: httpx.AsyncClient | None = None
        self._only_httpx = http_client is not None or wants_httpx(config.transport) or not has_core('awaiting')
        self._starting = threading.Lock()
        self._echoes = Echoes()
        self._direct: AwaitedConnections | None = None
        self._guard: AsyncGenerator[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._proxies = Proxies()
        self.alone = anyio.Lock()
        self.is_closed = False
        after_fork(self)

    @property
    def http_client(self) -> httpx.AsyncClient:
        """The httpx client. Once it has been accessed, it sends all requests: the caller may have added hooks to it."""
        self._only_httpx = True
        return self.general()

    def general(self) -> httpx.AsyncClient:
        """Return the httpx client, for the requests that our own connections cannot send."""
        with self._starting:
            if self._given is not None:
                return self._given
            if self._own is None:
                if self.is_closed:
                    raise SparkConfigError('the client is closed; make another one')
                self._own = make_http_client(httpx.AsyncClient, self._verify, self._proxies)
            return self._own

    async def send(self, step: Send) -> Answer:
        """Send a step and read its answer to the end.

        Raises:
            Undelivered: There is no answer.
        """
        if self.is_closed and self._given is None:
            raise SparkConfigError('the client is closed; make another one')
        loop = _running_loop()
        if loop is not self._loop:
            self._move_to(loop)
            if loop is not None:
                self._guard = self._close_with_the_loop()
                await anext(self._guard)
        # A boolean, not the proxy's address: it may hold a password, and error reports show the variables of frames.
        needs_httpx = bool(step.files or step.auth or self._only_httpx or self._proxies.lead_to(step.url))
        direct = None if needs_httpx or loop is None or is_mocked() else self._connections()
        if direct is None:
            return await through_httpx.send_through_httpx_async(step, self.general(), self._echoes)
        return await direct.send(step)

    def _connections(self) -> AwaitedConnections:
        if self._direct is None:
            from .._http.awaiting import AwaitedConnections

            self._direct = AwaitedConnections(self._verify, self._echoes, self._greatest_age)
        return self._direct

    def _move_to(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Switch to another event loop, if the previous one is closed.

        Raises:
            SparkSdkError: The previous event loop is still open.
        """
        if self._loop is not None and not self._loop.is_closed():
            raise SparkSdkError('the client was used on another event loop before; make one for each event loop')
        if self._loop is not None:
            self.start_anew()
        self._loop = loop

    async def _close_with_the_loop(self) -> AsyncGenerator[None]:
        """Close the connections when the event loop ends, if the client was not closed.

        `asyncio.run` finalizes asynchronous generators before it closes the loop, so the `finally` runs in time. A
        connection that is still open then would emit a `ResourceWarning`.
        """
        try:
            yield
        finally:
            direct, own = self._direct, self._own
            self._direct = self._own = None
            if direct is not None:
                await direct.close()
            if own is not None:
                await own.aclose()
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Close all connections but those of a caller's own client. It can be called more than once."""
        self.is_closed = True
        if self._loop is not None and self._loop.is_closed():
            return  # the connections ended with their loop
        guard, self._guard = self._guard, None
        if guard is not None:
            await guard.aclose()
        if self._direct is not None:
            await self._direct.close()
        if self._own is not None:
            await self._own.aclose()

    def start_anew(self) -> None:
        """Forget all locks and connections, without closing any: the event loop is gone, or the process was forked."""
        self._starting = threading.Lock()
        self.alone = anyio.Lock()
        self._own = self._direct = self._loop = self._guard = None


async def perform(flow: Flow[Result], connections: AsyncConnections) -> Result:
    """Run a flow to its end: perform each step, and send its result or throw its error into the flow."""
    with closing(flow):
        try:
            step = next(flow)
            while True:
                done: list[Any] = []
                failed: list[Exception] = []
                try:
                    # In a list that is emptied: the result may be a token, and error reports show local variables.
                    if isinstance(step, Send):  # most steps are one; another coroutine would cost a call of its own
                        done.append(await connections.send(step))
                    else:
                        done.append(await _do(step, connections))
                except Exception as error:  # noqa: BLE001 - the flow handles it
                    failed.append(error)
                # Not in the `except` block: the error would become the context of everything that the flow raises.
                step = flow.throw(failed.pop()) if failed else flow.send(done.pop())
        except StopIteration as end:
            final: Result = end.value
            return final


async def _do(step: Pause | Compute, connections: AsyncConnections) -> Any:
    match step:
        case Pause():
            await anyio.sleep(step.seconds)
        case Compute():
            if step.keep is None:
                return await _compute(step)
            with anyio.move_on_after(step.deadline - time.monotonic()):
                if (owner := connections.alone.statistics().owner) and owner == anyio.get_current_task():
                    raise SparkConfigError(OWN_CLIENT)
                async with connections.alone:
                    step.keep(await _compute(step))
                    return None
            raise timeout_failure(OutOfTimeError(), sent=False)
    return None


async def _compute(step: Compute) -> Any:
    if not step.heavy:
        result = step.function()
    elif step.keep is None or _running_loop() is None:
        result = await anyio.to_thread.run_sync(step.function, abandon_on_cancel=step.keep is not None)
    else:
        result = await _on_thread_that_nobody_waits_for(step.function)
    return await result if inspect.isawaitable(result) else result


async def _on_thread_that_nobody_waits_for(function: Callable[[], Any]) -> Any:
    """Call a caller's function on a thread of its own, and not of the event loop's pool.

    The function may block for any time, and an event loop waits for the threads of its pool when it ends.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[tuple[Any, BaseException | None]] = loop.create_future()

    def finish(outcome: tuple[Any, BaseException | None]) -> None:
        if not done.done():
            done.set_result(outcome)

    def run() -> None:
        outcome: tuple[Any, BaseException | None]
        try:
            outcome = function(), None
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
            outcome = None, error
        with suppress(RuntimeError):  # the event loop is closed
            loop.call_soon_threadsafe(finish, outcome)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name='cspark-token', daemon=True).start()
    result, failure = await done
    if failure is not None:
        raise failure
    return result


async def aside(
    function: Callable[Arguments, Result], *arguments: Arguments.args, **options: Arguments.kwargs
) -> Result:
    """Call a blocking function on a thread. A cancellation is raised only after the function has returned.

    A thread cannot be cancelled, and what it uses must not be closed while it runs.
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
            task.exception()  # marks it as retrieved, so that asyncio does not log it
        raise


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the running asyncio event loop; None on another kind, such as trio's."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
