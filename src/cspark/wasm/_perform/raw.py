"""The generated client, sending through the connections of a client, with its address and credentials."""

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
    """A transport of httpx that sends through a client's connections. Closing it leaves them open."""

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
    """Make a generated client for blocking calls. Copies made by `with_headers` and the like are blocking too."""
    return _generated(config, _Through(config, connections))


def raw_async_client(config: Config, connections: AsyncConnections) -> GeneratedClient:
    """Make a generated client for async calls. Copies made by `with_headers` and the like are async too."""
    return _generated(config, _AsyncThrough(config, connections))


def _generated(config: Config, transport: _Through | _AsyncThrough) -> GeneratedClient:
    timeout = httpx.Timeout(config.timeout_in_sec, **(config.phases or {}))
    further = {'transport': transport, 'trust_env': False}
    return GeneratedClient(base_url=in_ascii(config.base_url.value), timeout=timeout, httpx_args=further)


def _is_streamed(request: httpx.Request) -> bool:
    """Whether the request has a body that is read while it is sent, such as a package."""
    return 'transfer-encoding' in request.headers or request.headers.get('content-length', '0') != '0'


def _identified(request: httpx.Request, step: Send) -> httpx.Request:
    request.headers.update(step.revealed_headers())
    return request


def _step(request: httpx.Request, config: Config) -> Send:
    """Convert a request of httpx to a step, with the client's identity and credentials.

    The raw client fetches no token itself: if a function provides it, it is sent once a call of the client fetched it.
    """
    tenant = {'x-tenant-name': config.base_url.tenant} if config.base_url.tenant else {}
    extra = {name.lower(): value for name, value in config.extra_headers.items()}  # one spelling: none goes out twice
    ours = {'x-request-id': str(uuid.uuid4()), 'x-spark-ua': SPARK_USER_AGENT, **tenant, **extra}
    headers = dict(request.headers) | {'user-agent': about}
    for name in ('host', 'content-length', 'accept', 'accept-encoding', 'connection'):
        headers.pop(name, None)
    try:
        content = request.content or None
    except httpx.RequestNotRead:
        content = None
    headers |= {name: value for name, value in ours.items() if name not in headers}
    return Send(
        method=request.method,
        url=str(request.url),
        deadline=time.monotonic() + config.timeout_in_sec,
        headers=headers,
        credentials=config.auth.credentials,
        content=content,
        phases=config.phases,
        auth=config.auth.auth,
    )


def _response(request: httpx.Request, answer: Answer) -> httpx.Response:
    kept = [(name, value) for name, value in answer.header_list if name.lower() not in _OF_THE_BODY]
    return httpx.Response(answer.status, headers=kept, content=answer.content, request=request)


_OF_THE_BODY = frozenset({'content-encoding', 'content-length', 'transfer-encoding'})
"""Headers that describe the body as it was sent; the content here is unpacked and whole."""


def _refused(request: httpx.Request, failure: Undelivered) -> httpx.RequestError:
    kinds: dict[type[SparkSdkError], type[httpx.RequestError]] = {
        SparkTimeoutError: httpx.ReadTimeout,
        SparkConnectionError: httpx.ConnectError,
    }
    return kinds.get(type(failure.error), httpx.DecodingError)(failure.error.message, request=request)
