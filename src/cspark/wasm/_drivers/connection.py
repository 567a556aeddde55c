"""One connection to a runner: a request out, the whole answer in."""

from __future__ import annotations

import http.client
import select
import socket
import ssl
import time
from contextlib import suppress
from typing import Final

from .._flows.flow import Send, Undelivered
from .small_answer import small_answer
from .timed_socket import TimedSocket
from .wire import (
    DEFAULT_HEADERS,
    LARGEST_ANSWER,
    LONGEST_IDLE,
    Target,
    broken,
    late,
    limit,
    unreachable,
    unsent,
)

__all__ = ['Connection']

PIECE: Final = 1 << 20
"""A body is read in pieces of so many bytes."""


class Connection:
    """A connection, and how far it got.

    Args:
        tls: What to trust, where it is one of TLS.
    """

    __slots__ = ('_sock', '_timed', '_tls', 'aborted', 'idle_since', 'is_reusable', 'progress', 'used')

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._sock: socket.socket | None = None
        self._timed: TimedSocket | None = None
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

    def _read(self, timed: TimedSocket, step: Send) -> tuple[int, list[tuple[str, str]], bytes]:
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
        self, timed: TimedSocket, step: Send, error: ConnectionError
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

    def _connected(self, where: Target, step: Send) -> TimedSocket:
        self._timed = TimedSocket(self._connect(where, step), step)
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
        """End it."""
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
