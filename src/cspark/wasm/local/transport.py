"""httpx transports that hand requests to the runner's application in this process, without a socket."""

from __future__ import annotations

import os
import threading
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import ExitStack

import anyio
import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from ..errors import SparkSdkError
from .app import RunnerApp

__all__ = ['AsyncRunnerTransport', 'RunnerTransport']


class AsyncRunnerTransport(httpx.AsyncBaseTransport):
    """For an `httpx.AsyncClient`. The read timeout of a request is honoured."""

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
    """For an `httpx.Client`: the application runs on an event loop and a thread of its own, from the first use on."""

    def __init__(self, app: RunnerApp) -> None:
        self._transport = AsyncRunnerTransport(app)
        self._resources = ExitStack()
        self._starting = threading.Lock()
        self._portal: BlockingPortal | None = None
        self._process = os.getpid()

    def _started(self) -> BlockingPortal:
        if self._process != os.getpid():  # the threads of the models stayed behind
            raise SparkSdkError('a LocalRunner cannot be used in a forked process; make one in each process')
        with self._starting:
            if self._portal is None:
                self._portal = self._resources.enter_context(start_blocking_portal())
            return self._portal

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request; `httpx.ReadTimeout` if that takes too long."""
        timeout = _read_timeout(request)
        headers = [(name, value) for name, value in request.headers.raw if name.lower() != b'transfer-encoding']
        copy = httpx.Request(
            request.method, request.url, headers=headers, content=request.read(), extensions=request.extensions
        )
        future = self._started().start_task_soon(self._send, copy)
        try:
            return future.result(None if timeout is None else timeout + 1)
        except FutureTimeoutError as error:
            future.cancel()
            raise httpx.ReadTimeout('the runner did not answer in time', request=request) from error

    async def _send(self, request: httpx.Request) -> httpx.Response:
        answer = await self._transport.handle_async_request(request)
        assert isinstance(answer.stream, httpx.AsyncByteStream)  # noqa: S101 - what its transport returns
        content = b''.join([part async for part in answer.stream])
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(content))

    def close(self) -> None:
        """End the event loop and its thread."""
        self._resources.close()


def _read_timeout(request: httpx.Request) -> float | None:
    timeout: float | None = request.extensions.get('timeout', {}).get('read')
    return timeout
