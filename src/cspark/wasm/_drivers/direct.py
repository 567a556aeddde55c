"""Kept-alive connections on the standard library's `http.client`: a third of the time that httpx takes for a call.

It carries what nearly every call is, bytes to a runner that is reached directly. What needs more (a proxy, a streamed
body, an `httpx.Auth`) goes through httpx. docs/performance.md has the figures and what else was tried.
"""

from __future__ import annotations

import http.client
import os
import ssl
import threading
import time
from collections import deque
from typing import Final

from .._flows.flow import Send, Undelivered
from ..answer import Answer, shown
from .connection import Connection
from .wire import Target, Verify, target, tls_context, unpacked

__all__ = ['DirectConnections']

Origin = tuple[str, str, int]

MOST_IDLE: Final = 64
"""How many connections to a runner are kept while nobody uses them."""


class DirectConnections:
    """Connections to runners, kept while they are idle. Threads share it; a forked process starts with none.

    Args:
        verify: What to trust of a `https://` runner: see `tls_context`.
    """

    def __init__(self, verify: Verify) -> None:
        self._verify = verify
        self._tls: ssl.SSLContext | None = None
        self._starting = threading.Lock()
        self._idle: dict[Origin, deque[Connection]] = {}
        self._busy: set[Connection] = set()
        self._process = os.getpid()
        self._closed = False

    def exchange(self, step: Send) -> Answer:
        """Send a step and read its answer to the end.

        A kept connection that the runner closed just now is replaced at once: it broke before a byte of an answer.

        Raises:
            Undelivered: There is no answer.
        """
        where = target(step.url)
        kept = self._take((where.scheme, where.host, where.port))
        outcome = self._attempt(kept, where, step) if kept else None
        if outcome is None:
            outcome = self._attempt(self._connection(where), where, step)
        if isinstance(outcome, Undelivered):
            raise outcome  # here, and not where it was caught: what is raised there keeps its frames alive
        assert outcome is not None  # noqa: S101 - a new connection is not stale
        return outcome

    def close(self) -> None:
        """Close the connections that are idle; those in use close at the end of their calls."""
        self._closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        for connections in list(self._idle.values()):
            while connections:
                connections.pop().close()

    def abort(self) -> None:
        """End all exchanges that are under way, on other threads."""
        for connection in list(self._busy):
            connection.abort()

    def _take(self, origin: Origin) -> Connection | None:
        """A kept connection that is still good."""
        if self._process != os.getpid():
            self._close_idle()
            self._idle, self._busy, self._process = {}, set(), os.getpid()
        connections = self._idle.get(origin)
        while connections:
            try:
                connection = connections.pop()
            except IndexError:
                return None
            if connection.is_usable():
                return connection
            connection.close()
        return None

    def _keep(self, connection: Connection, origin: Origin) -> None:
        connections = self._idle.setdefault(origin, deque())
        connection.idle_since = time.monotonic()
        connections.append(connection)
        while self._closed or len(connections) > MOST_IDLE:
            try:
                connections.popleft().close()
            except IndexError:
                return

    def _connection(self, where: Target) -> Connection:
        if where.scheme == 'http':
            return Connection()
        with self._starting:
            self._tls = self._tls or tls_context(self._verify)
        return Connection(self._tls)

    def _attempt(self, connection: Connection, where: Target, step: Send) -> Answer | Undelivered | None:
        """An answer, or why there is none; None if the connection turned out to be stale."""
        self._busy.add(connection)
        try:
            status, headers, content = connection.exchange(where, step)
        except (ConnectionError, http.client.HTTPException, OSError, ValueError) as error:
            connection.close()
            return None if connection.is_stale(error) else connection.failure(error)
        except BaseException:
            connection.close()
            raise
        finally:
            self._busy.discard(connection)
        if connection.is_reusable:
            self._keep(connection, (where.scheme, where.host, where.port))
        else:
            connection.close()
        encoding = next((value for name, value in headers if name.lower() == 'content-encoding'), '')
        try:
            content = unpacked(content, encoding) if encoding else content
        except Undelivered as failure:
            return failure
        return Answer(step.method, step.url, shown(step.headers), step.content, status, headers, content)
