"""The httpx clients, for what our own connections cannot send: proxies, uploads, an `httpx.Auth`, other event loops."""

from __future__ import annotations

import importlib
import os
import socket
import sys
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final, TypeVar

import httpx

from ..errors import SparkConfigError
from .addresses import keepalive_options
from .kept import LONGEST_IDLE
from .proxies import Proxies
from .request_head import target
from .tls import Verify, server_name, tls_context

__all__ = ['check_http_client', 'has_core', 'is_mocked', 'make_http_client', 'wants_httpx']

HttpClient = TypeVar('HttpClient', httpx.Client, httpx.AsyncClient)

NO_PROXY_ADDRESS: Final = (
    'HTTP_PROXY, HTTPS_PROXY or ALL_PROXY is not an address such as http://proxy:8080 (it is not shown here, for it '
    'may contain a password)'
)
NO_SOCKS: Final = 'HTTP_PROXY, HTTPS_PROXY or ALL_PROXY is a SOCKS proxy, which needs `pip install httpx[socks]`'

TRANSPORTS: Final = (None, 'httpx')

CHOOSING: Final = '_transport_for_url'
"""The private method of httpx's clients that respx patches."""


def check_http_client(given: object, kind: type[httpx.Client | httpx.AsyncClient]) -> None:
    """Check the type of an `http_client` argument.

    Raises:
        SparkConfigError: It is not an httpx client of this kind, such as an async one for a blocking client.
    """
    if given is not None and not isinstance(given, kind):
        raise SparkConfigError(f'http_client must be an httpx.{kind.__name__} here, not {type(given).__name__}')


def wants_httpx(transport: object) -> bool:
    """Whether httpx should send all requests, by the argument or else by `CSPARK_TRANSPORT`.

    Raises:
        SparkConfigError: The value is not `httpx`.
    """
    chosen = transport if transport is not None else os.environ.get('CSPARK_TRANSPORT') or None
    if chosen not in TRANSPORTS:
        raise SparkConfigError(f"transport must be 'httpx' or not be given, not {chosen!r:.100}")
    return chosen == 'httpx'


def has_core(shell: str) -> bool:
    """Whether our own connections can be used, which need `httptools`. Where it has no wheel, httpx sends everything.

    The module is imported here, when a client is built: a process that is forked during a later import would wait for
    it for ever.
    """
    try:
        importlib.import_module(f'..{shell}', __name__)
    except ModuleNotFoundError:
        return False
    return True


def is_mocked() -> bool:
    """Whether a library that mocks the network in tests, such as respx or pytest-httpx, has patched httpx."""
    global _seen
    found = (
        getattr(httpx.Client, CHOOSING),
        getattr(httpx.AsyncClient, CHOOSING),
        httpx.HTTPTransport.handle_request,
        httpx.AsyncHTTPTransport.handle_async_request,
        *_pools(sys.modules.get('httpcore')),
    )
    if found != _seen[0]:
        _seen = found, any(map(_is_foreign, found))
    return _seen[1]


def _pools(httpcore: Any) -> tuple[Any, ...]:
    """Return the methods of httpcore that respx patches by default, if it is imported; httpx imports it to send."""
    if httpcore is None:
        return ()
    return httpcore.ConnectionPool.handle_request, httpcore.AsyncConnectionPool.handle_async_request


def _is_foreign(function: Any) -> bool:
    module: str = getattr(function, '__globals__', {}).get('__name__', '')
    return not module.startswith(('httpx._', 'httpcore._'))


_seen: tuple[tuple[object, ...], bool] = (), False
"""The functions found by the last `is_mocked`, and its result."""


def make_http_client(kind: type[HttpClient], verify: Verify, proxies: Proxies) -> HttpClient:
    """Make an httpx client. It stores no cookies, and each request brings its own timeouts and chooses its proxy.

    Raises:
        SparkConfigError: A proxy in the environment is not valid.
    """
    refusing = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    routed: Any = {httpx.Client: _Routed, httpx.AsyncClient: _AsyncRouted}[kind]
    context = tls_context(verify)
    try:
        return kind(transport=routed(context, proxies), timeout=None, cookies=refusing, trust_env=False)
    except (httpx.InvalidURL, ValueError):
        problem = NO_PROXY_ADDRESS
    except ImportError:
        problem = NO_SOCKS
    raise SparkConfigError(problem)  # not in the `except` block: the context's frames hold the proxy's address


def _options(context: Any, proxies: Proxies, number: int) -> dict[str, Any]:
    return {
        'verify': context,
        'trust_env': False,
        'proxy': httpx.Proxy(proxies.address(number)) if number else None,
        'limits': httpx.Limits(max_connections=100, max_keepalive_connections=64, keepalive_expiry=LONGEST_IDLE),
        'socket_options': [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), *keepalive_options()],
    }


class _Scoped(httpx.URL):
    """A URL whose host has a scope (`%eth0`) unescaped, as the system's resolver expects it."""

    @property
    def raw_host(self) -> bytes:
        return super().raw_host.replace(b'%25', b'%')


def addressed(request: httpx.Request) -> httpx.Request:
    """Adapt a request whose host ends with a dot or has a scope (`%eth0`).

    httpx then looks it up and checks its certificate in the same way as our own connections.
    """
    where = target(str(request.url))
    if where.host.endswith('.') or '%' in where.host:
        request.url = _Scoped(request.url)
        request.headers['Host'] = where.authority
        request.extensions = {**request.extensions, 'sni_hostname': server_name(where.host)}
    return request


class _Routed(httpx.BaseTransport):
    """A transport of httpx that passes each request to the one for its proxy, or for no proxy."""

    def __init__(self, context: Any, proxies: Proxies) -> None:
        self._proxies = proxies
        self._transports = {
            number: httpx.HTTPTransport(**_options(context, proxies, number)) for number in (0, *proxies.numbers)
        }

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._transports[self._proxies.lead_to(str(request.url))].handle_request(addressed(request))

    def close(self) -> None:
        for transport in self._transports.values():
            transport.close()


class _AsyncRouted(httpx.AsyncBaseTransport):
    """The async counterpart of `_Routed`."""

    def __init__(self, context: Any, proxies: Proxies) -> None:
        self._proxies = proxies
        self._transports = {
            number: httpx.AsyncHTTPTransport(**_options(context, proxies, number)) for number in (0, *proxies.numbers)
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._transports[self._proxies.lead_to(str(request.url))].handle_async_request(addressed(request))

    async def aclose(self) -> None:
        for transport in self._transports.values():
            await transport.aclose()
