"""httpx transports that pass requests to the runner's application in this process, without a socket."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import TimeoutError as FutureTimeoutError

import anyio
import httpx

from ...errors import SparkSdkError
from .app import RunnerApp

__all__ = ['AsyncRunnerTransport', 'RunnerTransport']


class AsyncRunnerTransport(httpx.AsyncBaseTransport):
    """A transport for `httpx.AsyncClient`. It honours the read timeout of a request."""

    def __init__(self, app: RunnerApp) -> None:
        self._transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request; `httpx.ReadTimeout` if that takes too long."""
        try:
            with anyio.fail_after(_read_timeout(request)):
                return await self._transport.handle_async_request(request)
        except TimeoutError as error:
            raise httpx.ReadTimeout('the runner did not answer in time', request=request) from error


class RunnerTransport(httpx.BaseTransport):
    """A transport for `httpx.Client`. It runs the application on an event loop in a thread, which the first use starts.

    The thread is a daemon, so that a program that does not close its runner can still end.
    """

    def __init__(self, app: RunnerApp) -> None:
        self._transport = AsyncRunnerTransport(app)
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = os.getpid()

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._process != os.getpid():  # the workers answer the process that started them
            raise SparkSdkError('a LocalRunner cannot be used in a forked process; make one in each process')
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_run, args=(self._loop,), name='runner-loop', daemon=True).start()
            return self._loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request; `httpx.ReadTimeout` if that takes too long."""
        timeout = _read_timeout(request)
        headers = [(name, value) for name, value in request.headers.raw if name.lower() != b'transfer-encoding']
        copy = httpx.Request(
            request.method, request.url, headers=headers, content=request.read(), extensions=request.extensions
        )
        future = asyncio.run_coroutine_threadsafe(self._send(copy), self._started())
        try:
            return future.result(None if timeout is None else timeout + 1)
        except FutureTimeoutError as error:
            future.cancel()
            raise httpx.ReadTimeout('the runner did not answer in time', request=request) from error
        except BaseException:
            future.cancel()
            raise

    async def _send(self, request: httpx.Request) -> httpx.Response:
        answer = await self._transport.handle_async_request(request)
        assert isinstance(answer.stream, httpx.AsyncByteStream)  # noqa: S101 - what its transport returns
        content = b''.join([part async for part in answer.stream])
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(content))

    def close(self) -> None:
        """Stop the event loop and its thread."""
        if self._loop is not None and self._process == os.getpid():
            self._loop.call_soon_threadsafe(self._loop.stop)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def _read_timeout(request: httpx.Request) -> float | None:
    timeout: float | None = request.extensions.get('timeout', {}).get('read')
    return timeout
