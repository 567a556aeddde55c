"""The generated client on the facade's connections: the same address and credentials."""

from __future__ import annotations

import time
import uuid

import httpx

from hybrid_runner_api import Client as GeneratedClient

from .._about import SPARK_USER_AGENT, about
from .._address import in_ascii
from .._answer import Answer
from .._calls.steps import Send, Undelivered
from ..config import Config
from ..errors import SparkConnectionError, SparkSdkError, SparkTimeoutError
from .awaiting import AsyncConnections
from .blocking import Connections

__all__ = ['raw_async_client', 'raw_client']


class _Through(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sends requests through a client's connections, which stay open when this one is closed."""

    __slots__ = ('_config', '_connections')

    def __init__(self, config: Config, connections: Connections) -> None:
        self._config = config
        self._connections = connections

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        step = _step(request, self._config)
        if step.content is None and _is_streamed(request):
            return self._connections.general().send(_identified(request, step), stream=True, follow_redirects=False)
        try:
            return _response(request, self._connections.send(step))
        except Undelivered as failure:
            refused = _refused(request, failure)
        raise refused

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise SparkSdkError(f'{request.url}: the raw client of a Client blocks; AsyncClient has one that awaits')


class _AsyncThrough(httpx.AsyncBaseTransport, httpx.BaseTransport):
    __slots__ = ('_config', '_connections')

    def __init__(self, config: Config, connections: AsyncConnections) -> None:
        self._config = config
        self._connections = connections

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        step = _step(request, self._config)
        if step.content is None and _is_streamed(request):
            sending = self._connections.general().send
            return await sending(_identified(request, step), stream=True, follow_redirects=False)
        try:
            return _response(request, await self._connections.send(step))
        except Undelivered as failure:
            refused = _refused(request, failure)
        raise refused

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raise SparkSdkError(f'{request.url}: the raw client of an AsyncClient awaits; Client has a blocking one')


def raw_client(config: Config, connections: Connections) -> GeneratedClient:
    """A generated client for blocking calls; so are those that its `with_headers` and the like make of it."""
    return _generated(config, _Through(config, connections))


def raw_async_client(config: Config, connections: AsyncConnections) -> GeneratedClient:
    """A generated client for awaited calls; so are those that its `with_headers` and the like make of it."""
    return _generated(config, _AsyncThrough(config, connections))


def _generated(config: Config, transport: _Through | _AsyncThrough) -> GeneratedClient:
    timeout = httpx.Timeout(config.timeout_in_sec, **(config.phases or {}))
    further = {'transport': transport, 'trust_env': False}
    return GeneratedClient(base_url=in_ascii(config.base_url.value), timeout=timeout, httpx_args=further)


def _is_streamed(request: httpx.Request) -> bool:
    """Whether a body is read when it is sent, such as a package's."""
    return 'transfer-encoding' in request.headers or request.headers.get('content-length', '0') != '0'


def _identified(request: httpx.Request, step: Send) -> httpx.Request:
    request.headers.update({**step.headers, **step.credentials})
    return request


def _step(request: httpx.Request, config: Config) -> Send:
    """The request with who sends it; a token that a function fetches is there once the facade fetched one."""
    tenant = {'x-tenant-name': config.base_url.tenant} if config.base_url.tenant else {}
    ours = {'x-request-id': str(uuid.uuid4()), 'x-spark-ua': SPARK_USER_AGENT, **tenant, **config.extra_headers}
    headers = dict(request.headers) | {'user-agent': about}
    for name in ('host', 'content-length', 'accept', 'accept-encoding', 'connection'):
        headers.pop(name, None)
    try:
        content = request.content or None
    except httpx.RequestNotRead:
        content = None
    headers |= {name: value for name, value in ours.items() if name.lower() not in headers}
    return Send(
        method=request.method,
        url=str(request.url),
        deadline=time.monotonic() + config.timeout_in_sec,
        headers=headers,
        credentials=config.auth.as_header,
        content=content,
        phases=config.phases,
        auth=config.auth.auth,
    )


def _response(request: httpx.Request, answer: Answer) -> httpx.Response:
    kept = [(name, value) for name, value in answer.header_list if name.lower() not in _OF_THE_BODY]
    return httpx.Response(answer.status, headers=kept, content=answer.content, request=request)


_OF_THE_BODY = frozenset({'content-encoding', 'content-length', 'transfer-encoding'})


def _refused(request: httpx.Request, failure: Undelivered) -> httpx.RequestError:
    kinds: dict[type[SparkSdkError], type[httpx.RequestError]] = {
        SparkTimeoutError: httpx.ReadTimeout,
        SparkConnectionError: httpx.ConnectError,
    }
    return kinds.get(type(failure.error), httpx.DecodingError)(failure.error.message, request=request)
