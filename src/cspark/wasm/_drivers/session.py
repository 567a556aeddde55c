"""Kept-alive connections of an event loop on aiohttp: some ten times the calls per second that httpx's own make.

It carries what nearly every call is, bytes to a runner that is reached directly. What needs more (a proxy, a streamed
body, an `httpx.Auth`) goes through httpx. docs/performance.md has the figures and what else was tried.
"""

from __future__ import annotations

import asyncio
import io
import ssl
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

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

LONGEST_LINE = 1 << 16
"""A line of an answer's head may have as many bytes as for `http.client`."""

LARGE_BODY = 1 << 18
"""What is too much to be sent at once, in bytes."""

LARGE_PACKED = 1 << 16
"""What is unpacked on a thread, in bytes."""

NEVER_ROUNDED = float('inf')
"""aiohttp rounds timeouts above this many seconds up to a whole one."""


@dataclass(slots=True)
class _Taken:
    """The connection that an attempt was given, and whether it was used before."""

    must_be_new: bool = False
    transport: asyncio.Transport | None = None
    is_kept: bool = False


_TAKEN: ContextVar[_Taken] = ContextVar('taken')
"""That of this task. aiohttp's tracing tells less, and takes longer."""


class _Connector(aiohttp.TCPConnector):
    """Connections of which is known whether they were used before."""

    def __init__(self) -> None:
        super().__init__(keepalive_timeout=LONGEST_IDLE, limit=MOST_CONNECTIONS)  # pyright: ignore[reportUnknownMemberType]
        self._used: WeakSet[Any] = WeakSet()

    async def connect(self, *arguments: Any, **options: Any) -> aiohttp.connector.Connection:
        taken = _TAKEN.get()
        connection = await super().connect(*arguments, **options)
        while taken.must_be_new and connection.protocol in self._used:
            connection.close()
            connection = await super().connect(*arguments, **options)
        taken.transport, taken.is_kept = connection.transport, connection.protocol in self._used
        if not taken.is_kept:
            self._used.add(connection.protocol)
        return connection


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

        A kept connection that the runner closed just now is replaced at once: it broke before a byte of an answer.

        Raises:
            Undelivered: There is no answer.
        """
        trust = self._trusted(step)
        outcome = await self._attempt(step, trust, _Taken())
        if outcome is None:
            outcome = await self._attempt(step, trust, _Taken(must_be_new=True))
        assert outcome is not None  # noqa: S101 - a new connection is not stale
        if isinstance(outcome, Undelivered):
            raise outcome  # here, and not where it was caught: what is raised there keeps its frames alive
        return outcome

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _trusted(self, step: Send) -> ssl.SSLContext | bool:
        if target(step.url).scheme == 'http':
            return True
        self._tls = self._tls or tls_context(self._verify)
        return self._tls

    async def _attempt(self, step: Send, trust: ssl.SSLContext | bool, taken: _Taken) -> Answer | Undelivered | None:
        """An answer, or why there is none; None if the connection was a kept one that turned out to be stale."""
        has_head = is_read = False
        _TAKEN.set(taken)
        self._session = self._session or _started()
        try:
            async with self._session.request(
                step.method,
                _address(step.url),
                data=_body(step.content),
                headers=_headers(step),
                timeout=_timeout(step),
                ssl=trust,
                allow_redirects=False,
            ) as answer:
                has_head = True
                raw = await answer.read()
                is_read = True
                encoding = answer.headers.get('Content-Encoding', '')
                is_heavy = encoding and len(raw) > LARGE_PACKED
                content = await asyncio.to_thread(unpacked, raw, encoding) if is_heavy else unpacked(raw, encoding)
                headers = [(name.decode('latin-1'), value.decode('latin-1')) for name, value in answer.raw_headers]
                sent = shown(step.headers)
                return Answer(step.method, step.url, sent, step.content, answer.status, headers, content)
        except Undelivered as failure:
            return failure
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            return None if taken.is_kept and not has_head and _broke(error) else _undelivered(error)
        finally:
            transport, taken.transport = taken.transport, None
            if transport is not None and not is_read:
                transport.abort()  # else it goes on sending what it holds of the body


def _started() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=_Connector(),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=('User-Agent', 'Content-Type'),
        headers=DEFAULT_HEADERS,
        max_line_size=LONGEST_LINE,
        max_field_size=LONGEST_LINE,
    )


def _broke(error: Exception) -> bool:
    """Whether a connection broke before any byte of an answer."""
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return isinstance(error.message, str)  # else it is the part of the head that came
    return isinstance(error, (aiohttp.ClientOSError, ConnectionError))


@lru_cache(1024)
def _address(url: str) -> yarl.URL:
    """The URL as it is; aiohttp would change how it is quoted."""
    return yarl.URL(url, encoded=True)


def _body(content: bytes | None) -> bytes | io.BytesIO | None:
    """A large body goes out in pieces, between which other tasks go on; aiohttp warns of one that does not."""
    return io.BytesIO(content) if content and len(content) > LARGE_BODY else content


def _headers(step: Send) -> LooseHeaders:
    return {**step.headers, **step.credentials}


def _timeout(step: Send) -> aiohttp.ClientTimeout:
    phases = step.phases or {}
    made = [phases[name] for name in ('pool', 'connect') if name in phases]  # for aiohttp both are one
    return aiohttp.ClientTimeout(
        total=time_left(step.deadline),
        connect=sum(made) if made else None,
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
