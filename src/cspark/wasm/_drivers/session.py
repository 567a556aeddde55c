"""Kept-alive connections of an event loop on aiohttp: some ten times the calls per second that httpx's own make.

It carries what nearly every call is, bytes to a runner that is reached directly. What needs more (a proxy, a streamed
body, an `httpx.Auth`) goes through httpx. docs/performance.md has the figures and what else was tried.
"""

from __future__ import annotations

import ssl
from functools import lru_cache
from typing import TYPE_CHECKING

import aiohttp
import yarl

from .._flows.flow import Send, Undelivered
from ..answer import Answer, shown
from .wire import (
    DEFAULT_HEADERS,
    LONGEST_IDLE,
    Verify,
    broken,
    late,
    target,
    time_left,
    tls_context,
    unpacked,
    unreachable,
    unsent,
)

if TYPE_CHECKING:
    from aiohttp.typedefs import LooseHeaders

__all__ = ['Session']

MOST_CONNECTIONS = 100
"""As many as httpx has at a time; a runner has no use for more."""

NEVER_ROUNDED = float('inf')
"""aiohttp rounds timeouts above this many seconds up to a whole one."""


class Session:
    """Connections of one event loop, kept while they are idle.

    Args:
        verify: What to trust of a `https://` runner: see `tls_context`.
    """

    def __init__(self, verify: Verify) -> None:
        self._verify = verify
        self._session: aiohttp.ClientSession | None = None
        self._tls: ssl.SSLContext | None = None

    async def exchange(self, step: Send) -> Answer:
        """Send a step and read its answer to the end.

        Raises:
            Undelivered: There is no answer.
        """
        outcome = await self._attempt(step)
        if isinstance(outcome, Undelivered):
            raise outcome  # here, and not where it was caught: what is raised there keeps its frames alive
        return outcome

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _started(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(keepalive_timeout=LONGEST_IDLE, limit=MOST_CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=('User-Agent', 'Content-Type'),
                headers=DEFAULT_HEADERS,
            )
        return self._session

    def _trusted(self, step: Send) -> ssl.SSLContext | bool:
        if target(step.url).scheme == 'http':
            return True
        self._tls = self._tls or tls_context(self._verify)
        return self._tls

    async def _attempt(self, step: Send) -> Answer | Undelivered:
        try:
            async with self._started().request(
                step.method,
                _address(step.url),
                data=step.content,
                headers=_headers(step),
                timeout=_timeout(step),
                ssl=self._trusted(step),
                allow_redirects=False,
            ) as answer:
                content = unpacked(await answer.read(), answer.headers.get('Content-Encoding', ''))
                headers = [(name.decode('latin-1'), value.decode('latin-1')) for name, value in answer.raw_headers]
                sent = shown(step.headers)
                return Answer(step.method, step.url, sent, step.content, answer.status, headers, content)
        except Undelivered as failure:
            return failure
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            return _undelivered(error)


@lru_cache(1024)
def _address(url: str) -> yarl.URL:
    """The URL as it is; aiohttp would change how it is quoted."""
    return yarl.URL(url, encoded=True)


def _headers(step: Send) -> LooseHeaders:
    return {**step.headers, **step.credentials}


def _timeout(step: Send) -> aiohttp.ClientTimeout:
    phases = step.phases or {}
    return aiohttp.ClientTimeout(
        total=time_left(step.deadline),
        connect=phases.get('pool'),
        sock_connect=phases.get('connect'),
        sock_read=phases.get('read'),
        ceil_threshold=NEVER_ROUNDED,
    )


def _undelivered(error: Exception) -> Undelivered:
    match error:
        case aiohttp.ConnectionTimeoutError():
            return late(error, sent=False)
        case TimeoutError():
            return late(error, sent=True)
        case aiohttp.ClientConnectorError() | aiohttp.ClientConnectorCertificateError():
            return unreachable(error)
        case aiohttp.InvalidURL() | ValueError():
            return unsent(error)
        case _:
            return broken(error)
