"""The generated client on the facade's connections: the same address, credentials and httpx client."""

from __future__ import annotations

import uuid

import httpx

from hybrid_runner_api import Client as GeneratedClient

from .._about import SPARK_USER_AGENT, about
from ..config import Config

__all__ = ['raw_async_client', 'raw_client']


class _Through(httpx.BaseTransport):
    """Sends requests through another client, which stays open when this one is closed."""

    def __init__(self, http_client: httpx.Client) -> None:
        self._http_client = http_client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        _identify(request)
        return self._http_client.send(request, stream=True, follow_redirects=False)


class _AsyncThrough(httpx.AsyncBaseTransport):
    def __init__(self, http_client: httpx.AsyncClient) -> None:
        self._http_client = http_client

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        _identify(request)
        return await self._http_client.send(request, stream=True, follow_redirects=False)


def raw_client(config: Config, http_client: httpx.Client) -> GeneratedClient:
    """A generated client for blocking calls."""
    through = httpx.Client(
        transport=_Through(http_client),
        base_url=config.base_url.value,
        headers=_headers(config),
        timeout=config.timeout_in_sec,
        trust_env=False,
    )
    return GeneratedClient(base_url=config.base_url.value).set_httpx_client(through)


def raw_async_client(config: Config, http_client: httpx.AsyncClient) -> GeneratedClient:
    """A generated client for awaited calls."""
    through = httpx.AsyncClient(
        transport=_AsyncThrough(http_client),
        base_url=config.base_url.value,
        headers=_headers(config),
        timeout=config.timeout_in_sec,
        trust_env=False,
    )
    return GeneratedClient(base_url=config.base_url.value).set_async_httpx_client(through)


def _headers(config: Config) -> dict[str, str]:
    tenant = {'x-tenant-name': config.base_url.tenant} if config.base_url.tenant else {}
    return {
        **config.extra_headers,
        'User-Agent': about,
        'x-spark-ua': SPARK_USER_AGENT,
        **tenant,
        **config.auth.as_header,
    }


def _identify(request: httpx.Request) -> None:
    request.headers.setdefault('x-request-id', str(uuid.uuid4()))
