"""The clients of httpx that carry what the core does not: proxies, uploads, an `httpx.Auth`, other event loops."""

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
    'HTTP_PROXY, HTTPS_PROXY or ALL_PROXY is no address of a proxy, such as http://proxy:8080 (it is not shown, for it '
    'may hold a password)'
)
NO_SOCKS: Final = 'HTTP_PROXY, HTTPS_PROXY or ALL_PROXY is a SOCKS proxy, which needs `pip install httpx[socks]`'

TRANSPORTS: Final = (None, 'httpx')

CHOOSING: Final = '_transport_for_url'
"""What respx patches of httpx's clients; no part of httpx that others may rely on."""


def check_http_client(given: object, kind: type[httpx.Client | httpx.AsyncClient]) -> None:
    """Refuse what is not a caller's own client of this kind.

    Raises:
        SparkConfigError: It is something else, such as the client of the other world.
    """
    if given is not None and not isinstance(given, kind):
        raise SparkConfigError(f'http_client must be an httpx.{kind.__name__} here, not {type(given).__name__}')


def wants_httpx(transport: object) -> bool:
    """Whether everything is to go through httpx: by the argument, or by `CSPARK_TRANSPORT`.

    Raises:
        SparkConfigError: It is anything but `httpx`.
    """
    chosen = transport if transport is not None else os.environ.get('CSPARK_TRANSPORT') or None
    if chosen not in TRANSPORTS:
        raise SparkConfigError(f"transport must be 'httpx' or not be given, not {chosen!r:.100}")
    return chosen == 'httpx'


def has_core(shell: str) -> bool:
    """Whether `httptools` is there, with which the core reads; where it has no wheel, httpx carries everything.

    The shell is imported here, when a client is built: a process that is forked in the middle of an import waits for it
    for ever.
    """
    try:
        importlib.import_module(f'..{shell}', __name__)
    except ModuleNotFoundError:
        return False
    return True


def is_mocked() -> bool:
    """Whether a library that stands in for the network in tests, such as respx or pytest-httpx, has patched httpx."""
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
    """What respx patches by default; httpx imports its module, which takes a while, when it sends."""
    if httpcore is None:
        return ()
    return httpcore.ConnectionPool.handle_request, httpcore.AsyncConnectionPool.handle_async_request


def _is_foreign(function: Any) -> bool:
    module: str = getattr(function, '__globals__', {}).get('__name__', '')
    return not module.startswith(('httpx._', 'httpcore._'))


_seen: tuple[tuple[object, ...], bool] = (), False
"""What was there when it was looked at last, and whether any of it is a stand-in."""


def make_http_client(kind: type[HttpClient], verify: Verify, proxies: Proxies) -> HttpClient:
    """An httpx client of our own: it keeps no cookies, its limits come with each request, and so do its proxies.

    Raises:
        SparkConfigError: The environment names a proxy that is none.
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
    raise SparkConfigError(problem)  # here, and not above: httpx's frames hold the address


def _options(context: Any, proxies: Proxies, number: int) -> dict[str, Any]:
    return {
        'verify': context,
        'trust_env': False,
        'proxy': httpx.Proxy(proxies.address(number)) if number else None,
        'limits': httpx.Limits(max_connections=100, max_keepalive_connections=64, keepalive_expiry=LONGEST_IDLE),
        'socket_options': [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), *keepalive_options()],
    }


class _Scoped(httpx.URL):
    """A URL whose host is spelled as the system's resolver takes it."""

    @property
    def raw_host(self) -> bytes:
        return super().raw_host.replace(b'%25', b'%')


def addressed(request: httpx.Request) -> httpx.Request:
    """The request, changed where its host ends with a dot or names an interface: so that httpx looks it up, and checks
    its certificate, as our own connections do."""
    where = target(str(request.url))
    if where.host.endswith('.') or '%' in where.host:
        request.url = _Scoped(request.url)
        request.headers['Host'] = where.authority
        request.extensions = {**request.extensions, 'sni_hostname': server_name(where.host)}
    return request


class _Routed(httpx.BaseTransport):
    """A transport for each proxy, and one for what goes directly."""

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
    """The same, awaited."""

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
