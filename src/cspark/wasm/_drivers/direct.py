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
    LARGEST_ANSWER,
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

PIECE: Final = 1 << 20
"""A body is read in pieces of so many bytes."""

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
        for connections in list(self._idle.values()):
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
            return _Connection()
        with self._starting:
            self._tls = self._tls or tls_context(self._verify)
        return _Connection(self._tls)

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
    """A connection, and how far it got.

    Args:
        tls: What to trust, where it is one of TLS.
    """

    __slots__ = ('_sock', '_timed', '_tls', 'aborted', 'idle_since', 'is_reusable', 'progress', 'used')

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._sock: socket.socket | None = None
        self._timed: _TimedSocket | None = None
        self.used = self.aborted = False
        self.is_reusable = False
        self.progress = 'connect'
        self.idle_since = 0.0

    def exchange(self, where: Target, step: Send) -> tuple[int, list[tuple[str, str]], bytes]:
        """Send a request and read the whole answer."""
        self.progress, self.is_reusable = 'connect', False
        timed = self._timed or self._connected(where, step)
        timed.step = step
        timed.got = timed.ended = timed.has_rest = False
        self.progress = 'send'
        try:
            timed.sendall(_head(where, step), step.content or b'')
        except ConnectionError as error:  # it may have answered before it had all: that the body is too large
            return self._early_answer(timed, step, error)
        self.progress = 'read'
        timed.start = timed.receive()
        if (small := small_answer(timed.start)) is not None:
            self.used = self.is_reusable = True
            return small
        return self._read(timed, step)

    def _read(self, timed: _TimedSocket, step: Send) -> tuple[int, list[tuple[str, str]], bytes]:
        with http.client.HTTPResponse(timed, method=step.method) as answer:  # type: ignore[arg-type]
            answer.begin()
            while 100 <= answer.status < 200 and answer.status != 101 and not timed.ended:  # the answer is yet to come
                answer.headers = None  # type: ignore[assignment]
                answer.begin()
            if timed.ended:
                raise http.client.IncompleteRead(b'')  # `http.client` takes the head for whole
            content = _whole(answer)
            status, headers = answer.status, answer.getheaders()
            goes_on = not answer.will_close and status != 101
        self.used, self.is_reusable = True, goes_on and not timed.has_rest
        return status, headers, content

    def _early_answer(
        self, timed: _TimedSocket, step: Send, error: ConnectionError
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        try:
            timed.start = timed.receive()
            answer = self._read(timed, step) if timed.start else None
        except (OSError, http.client.HTTPException):
            answer = None
        self.is_reusable = False
        if answer is None:
            timed.got = False
            raise error
        return answer

    def _connected(self, where: Target, step: Send) -> _TimedSocket:
        self._timed = _TimedSocket(self._connect(where, step), step)
        return self._timed

    def _connect(self, where: Target, step: Send) -> socket.socket:
        """Try the runner's addresses in turn, each with its share of the time."""
        found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)
        failure: OSError = OSError('it has no address')
        end = time.monotonic() + limit(step, 'connect')
        for number, (family, kind, protocol, _, address) in enumerate(found):
            sock = self._sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(max(0.001, end - time.monotonic()) / (len(found) - number))
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self._tls is not None:
                    sock.settimeout(max(0.001, end - time.monotonic()))
                    sock = self._sock = self._tls.wrap_socket(sock, server_hostname=where.host)
            except OSError as error:
                sock.close()
                failure = error
            else:
                return sock
            if self.aborted or isinstance(failure, ssl.SSLError):
                break
        raise failure

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
        if self._sock is not None:
            with suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()


def _whole(answer: http.client.HTTPResponse) -> bytes:
    """The body, in pieces: the runner's word for how much there will be is not a reason to make room for it."""
    parts: list[bytes] = []
    count = 0
    while part := answer.read(PIECE):
        parts.append(part)
        count += len(part)
        if count > LARGEST_ANSWER:
            raise http.client.HTTPException(f'the answer is larger than {LARGEST_ANSWER:,} bytes')
    if answer.length:
        raise http.client.IncompleteRead(b'', answer.length)
    return parts[0] if len(parts) == 1 else b''.join(parts)


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

    __slots__ = ('ended', 'got', 'has_rest', 'sock', 'start', 'step')

    def __init__(self, sock: socket.socket, step: Send) -> None:
        self.sock = sock
        self.step = step
        self.got = self.ended = self.has_rest = False
        self.start = b''

    def sendall(self, head: bytes, content: bytes) -> None:
        if len(content) < MOST_JOINED:
            self._send(head + content)
        else:
            self._send(head)
            self._send(content)

    def _send(self, content: bytes) -> None:
        """The limit is one of each wait: a large body that is taken slowly is no failure."""
        rest = memoryview(content)
        while rest:
            self.sock.settimeout(limit(self.step, 'write'))
            rest = rest[self.sock.send(rest) :]

    def receive(self) -> bytes:
        """What there is to read first."""
        self.sock.settimeout(limit(self.step, 'read'))
        start = self.sock.recv(1 << 16)
        self.got = bool(start)
        return start

    def makefile(self, mode: str) -> io.BufferedReader:
        return _Buffered(_TimedReader(self, self.sock.makefile(mode, buffering=0)))  # type: ignore[call-overload]

    def close(self) -> None:
        self.sock.close()


class _Buffered(io.BufferedReader):
    """Tells at its end whether more came than the answer: what belongs to no request must answer none."""

    def __init__(self, reader: _TimedReader) -> None:
        super().__init__(reader, 1 << 16)
        self._reader = reader

    def close(self) -> None:
        if not self.closed:
            self._reader.is_over = True
            self._reader.timed.has_rest = bool(self._reader.timed.start or self.peek(1))
        super().close()


class _TimedReader(io.RawIOBase):
    """The reading end of a timed socket."""

    def __init__(self, timed: _TimedSocket, raw: Any) -> None:
        self.timed = timed
        self.is_over = False
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count: int
        timed = self.timed
        if self.is_over:
            return 0
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
