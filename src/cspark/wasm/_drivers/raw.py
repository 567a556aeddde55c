"""The generated client on the facade's connections: the same address, credentials and httpx client."""

from __future__ import annotations

import uuid
from typing import Any

import httpx

from hybrid_runner_api import Client as GeneratedClient

from .._about import SPARK_USER_AGENT, about
from ..config import Config

__all__ = ['raw_async_client', 'raw_client']


class _Through(httpx.BaseTransport):
    """Sends requests through another client, which stays open when this one is closed."""

    __slots__ = ('_config', '_http_client')

    def __init__(self, config: Config, http_client: httpx.Client) -> None:
        self._config = config
        self._http_client = http_client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._http_client.send(_identified(request, self._config), **_sending(self._config))


class _AsyncThrough(httpx.AsyncBaseTransport):
    __slots__ = ('_config', '_http_client')

    def __init__(self, config: Config, http_client: httpx.AsyncClient) -> None:
        self._config = config
        self._http_client = http_client

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._http_client.send(_identified(request, self._config), **_sending(self._config))


def raw_client(config: Config, http_client: httpx.Client) -> GeneratedClient:
    """A generated client for blocking calls."""
    through = httpx.Client(transport=_Through(config, http_client), **_settings(config))
    return GeneratedClient(base_url=config.base_url.value).set_httpx_client(through)


def raw_async_client(config: Config, http_client: httpx.AsyncClient) -> GeneratedClient:
    """A generated client for awaited calls."""
    through = httpx.AsyncClient(transport=_AsyncThrough(config, http_client), **_settings(config))
    return GeneratedClient(base_url=config.base_url.value).set_async_httpx_client(through)


def _settings(config: Config) -> dict[str, Any]:
    phases = config.phases or {}
    timeout = httpx.Timeout(config.timeout_in_sec, **phases)
    return {'base_url': config.base_url.value, 'timeout': timeout, 'trust_env': False}


def _sending(config: Config) -> dict[str, Any]:
    auth = {'auth': config.auth.auth} if config.auth.auth is not None else {}
    return {'stream': True, 'follow_redirects': False, **auth}


def _identified(request: httpx.Request, config: Config) -> httpx.Request:
    """The request with who sends it; a token that a function fetches is there once the facade fetched one."""
    request.headers['User-Agent'] = about
    tenant = {'x-tenant-name': config.base_url.tenant} if config.base_url.tenant else {}
    headers = {'x-request-id': str(uuid.uuid4()), 'x-spark-ua': SPARK_USER_AGENT, **tenant, **config.extra_headers}
    for name, value in headers.items():
        request.headers.setdefault(name, value)
    request.headers.update(config.auth.as_header)
    return request
