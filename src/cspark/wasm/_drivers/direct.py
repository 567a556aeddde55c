"""Kept-alive connections on the standard library's `http.client`: a third of the time that httpx takes for a call.

It carries what nearly every call is, bytes to a runner that is reached directly. What needs more (a proxy, a streamed
body, an `httpx.Auth`) goes through httpx. docs/performance.md has the figures and what else was tried.
"""

from __future__ import annotations

import http.client
import io
import os
import select
import socket
import ssl
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any, Final

from .._flows.flow import Send, Undelivered
from ..answer import Answer, shown
from .small_answer import small_answer
from .wire import (
    DEFAULT_HEADERS,
    LONGEST_IDLE,
    Target,
    Verify,
    broken,
    late,
    limit,
    target,
    tls_context,
    unpacked,
    unreachable,
    unsent,
)

__all__ = ['DirectConnections']

Origin = tuple[str, str, int]

MOST_JOINED: Final = 1 << 16
"""Bodies of fewer bytes go out together with the head."""

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
        self._idle: dict[Origin, deque[_Connection]] = {}
        self._busy: set[_Connection] = set()
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
        for connections in self._idle.values():
            while connections:
                connections.pop().close()

    def abort(self) -> None:
        """End all exchanges that are under way, on other threads."""
        for connection in list(self._busy):
            connection.abort()

    def _take(self, origin: Origin) -> _Connection | None:
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

    def _keep(self, connection: _Connection, origin: Origin) -> None:
        connections = self._idle.setdefault(origin, deque())
        connection.idle_since = time.monotonic()
        connections.append(connection)
        while self._closed or len(connections) > MOST_IDLE:
            try:
                connections.popleft().close()
            except IndexError:
                return

    def _connection(self, where: Target) -> _Connection:
        if where.scheme == 'http':
            return _Connection(http.client.HTTPConnection(where.host, where.port))
        with self._starting:
            self._tls = self._tls or tls_context(self._verify)
        return _Connection(http.client.HTTPSConnection(where.host, where.port, context=self._tls))

    def _attempt(self, connection: _Connection, where: Target, step: Send) -> Answer | Undelivered | None:
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


class _Connection:
    """A connection of `http.client`, and how far it got."""

    __slots__ = ('_http', '_timed', 'aborted', 'idle_since', 'is_reusable', 'progress', 'used')

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._http = connection
        self._timed: _TimedSocket | None = None
        self.used = self.aborted = False
        self.is_reusable = False
        self.progress = 'connect'
        self.idle_since = 0.0

    def exchange(self, where: Target, step: Send) -> tuple[int, list[tuple[str, str]], bytes]:
        """Send a request and read the whole answer."""
        self.progress, self.is_reusable = 'connect', False
        timed = self._timed or self._connected(step)
        timed.step = step
        timed.got = timed.ended = False
        self.progress = 'send'
        timed.sendall(_head(where, step), step.content or b'')
        self.progress = 'read'
        timed.start = timed.receive()
        if (small := small_answer(timed.start)) is not None:
            self.used = self.is_reusable = True
            return small
        with http.client.HTTPResponse(timed, method=step.method) as answer:  # type: ignore[arg-type]
            answer.begin()
            if timed.ended:
                raise http.client.IncompleteRead(b'')  # `http.client` takes the head for whole
            content = answer.read()
            self.used, self.is_reusable = True, not answer.will_close
            return answer.status, answer.getheaders(), content

    def _connected(self, step: Send) -> _TimedSocket:
        self._http.timeout = limit(step, 'connect')
        self._http.connect()
        self._timed = _TimedSocket(self._http.sock, step)
        return self._timed

    def is_usable(self) -> bool:
        """Whether it was not idle for long and the other end has neither closed it nor sent anything since."""
        if self._timed is None or time.monotonic() - self.idle_since > LONGEST_IDLE:
            return False
        return not _readable(self._timed.sock)

    def is_stale(self, error: Exception) -> bool:
        """Whether a kept connection broke before any byte of an answer, which says nothing about the runner."""
        broke = isinstance(error, (ConnectionError, ssl.SSLEOFError))
        return broke and self.used and not self.aborted and not (self._timed and self._timed.got)

    def failure(self, error: Exception) -> Undelivered:
        """What a failure means for the caller."""
        if isinstance(error, TimeoutError):
            return late(error, sent=self.progress != 'connect')
        if self.progress == 'connect' and isinstance(error, OSError):
            return unreachable(error)
        if isinstance(error, (OSError, http.client.HTTPException)) and not isinstance(error, http.client.InvalidURL):
            return broken(error)
        return unsent(error)

    def abort(self) -> None:
        """Wake whoever waits for this connection."""
        self.aborted = True
        if self._timed is not None:
            with suppress(OSError):
                self._timed.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._http.close()


def _head(where: Target, step: Send) -> bytes:
    """The request's head; `http.client` takes longer to write it than the system to send it."""
    headers = {**step.headers, **step.credentials}
    named = {name.lower() for name in headers}
    lines = [f'{step.method} {where.path} HTTP/1.1', f'Host: {where.authority}']
    lines += [f'{name}: {value}' for name, value in DEFAULT_HEADERS.items() if name.lower() not in named]
    lines += [f'{name}: {value}' for name, value in headers.items()]
    if step.content is not None:
        lines.append(f'Content-Length: {len(step.content)}')
    head = '\r\n'.join(lines)
    if not head.count('\r') == head.count('\n') == len(lines) - 1:
        raise ValueError('a header holds the end of a line')
    return f'{head}\r\n\r\n'.encode('latin-1')


class _TimedSocket:
    """A socket whose every wait ends with the step's time, as `http.client` uses one."""

    __slots__ = ('ended', 'got', 'sock', 'start', 'step')

    def __init__(self, sock: socket.socket, step: Send) -> None:
        self.sock = sock
        self.step = step
        self.got = self.ended = False
        self.start = b''

    def sendall(self, head: bytes, content: bytes) -> None:
        self.sock.settimeout(limit(self.step, 'write'))
        if len(content) < MOST_JOINED:
            self.sock.sendall(head + content)
        else:
            self.sock.sendall(head)
            self.sock.sendall(content)

    def receive(self) -> bytes:
        """What there is to read first."""
        self.sock.settimeout(limit(self.step, 'read'))
        start = self.sock.recv(1 << 16)
        self.got = bool(start)
        return start

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self, self.sock.makefile(mode, buffering=0)), 1 << 16)  # type: ignore[call-overload]

    def close(self) -> None:
        self.sock.close()


class _TimedReader(io.RawIOBase):
    """The reading end of a timed socket."""

    def __init__(self, timed: _TimedSocket, raw: Any) -> None:
        self._timed = timed
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count: int
        timed = self._timed
        if timed.start:
            count = min(len(buffer), len(timed.start))
            buffer[:count], timed.start = timed.start[:count], timed.start[count:]
            return count
        timed.sock.settimeout(limit(timed.step, 'read'))
        count = self._raw.readinto(buffer)
        timed.got, timed.ended = timed.got or count > 0, count == 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


def _readable(sock: socket.socket) -> bool:
    """Whether there is something to read, be it the end."""
    try:
        if hasattr(select, 'poll'):
            poll = select.poll()
            poll.register(sock, select.POLLIN)
            return bool(poll.poll(0))
        return bool(select.select([sock], [], [], 0)[0])
    except (OSError, ValueError):
        return True
