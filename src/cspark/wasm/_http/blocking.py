"""Persistent HTTP/1.1 connections on blocking sockets."""

from __future__ import annotations

import errno
import os
import queue
import select
import socket
import ssl
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Final

from .._answer import Answer
from .._calls.steps import Send, Undelivered
from .addresses import ATTEMPT_DELAY, Address, is_literal, is_readable, look_up, new_socket, start_look_up
from .answer_reader import AnswerReader
from .echoes import Echoes
from .failures import BROKEN, failure_of, unless_from_signal_handler
from .kept import GREATEST_AGE, KeptConnections
from .limits import OutOfTimeError, time_for
from .received import received
from .request_head import Target, target, write_head
from .tls import Verify, server_name, tls_context

__all__ = ['BlockingConnections']

IO_SIZE: Final = 1 << 18
"""The largest number of bytes that are written or read at a time."""

FIRST_PIECE: Final = 1 << 16
"""The size of the first read, in bytes: most answers fit, and allocating more takes longer than reading them."""

SMALL_BODY: Final = 1 << 16
"""A smaller body is sent together with the head. During a larger one, the socket is watched for an early answer."""

LONGEST_POLL: Final = (1 << 31) - 1
"""The longest wait that `poll` accepts, in milliseconds: a C `int`."""

UNDER_WAY: Final = frozenset({0, errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY})
NOT_NOW: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Connection:
    """A connection, and the state of its exchange.

    Args:
        where: The target.
        tls: The TLS context; None for plain HTTP.
    """

    __slots__ = (
        '_sock',
        '_tls',
        'aborted',
        'has_sent',
        'idle_since',
        'is_connected',
        'made_at',
        'reader',
        'used',
        'where',
    )

    def __init__(self, where: Target, tls: ssl.SSLContext | None) -> None:
        self.where = where
        self._tls = tls
        self._sock: socket.socket | None = None
        self.reader = AnswerReader('')
        self.is_connected = self.has_sent = self.used = self.aborted = False
        self.idle_since = self.made_at = time.monotonic()

    def send_and_read(self, where: Target, step: Send) -> AnswerReader:
        """Send a request, and read the complete answer."""
        self.reader = reader = AnswerReader(step.method)
        self.has_sent = False
        if self._sock is None or not self.is_connected:
            self._connect(step)
        sock = self._sock
        assert sock is not None  # noqa: S101 - it is connected
        content = step.content or b''
        # The head contains credentials. Error reports show the variables of frames, but not what a memoryview holds.
        if len(content) < SMALL_BODY:
            self._send(sock, memoryview(write_head(where, step) + content), step)
        else:
            self._send(sock, memoryview(write_head(where, step)), step)
            self._send_large(sock, content, step)
        size = FIRST_PIECE
        while not reader.is_complete:
            sock.settimeout(time_for(step, 'read'))
            reader.receive(sock.recv(size))
            size = IO_SIZE
        self.used = True
        return reader

    def _send(self, sock: socket.socket, rest: memoryview, step: Send) -> None:
        while rest:  # the system may accept only a part
            sock.settimeout(time_for(step, 'write'))
            self.has_sent = True
            rest = rest[sock.send(rest) :]

    def _send_large(self, sock: socket.socket, content: bytes, step: Send) -> None:
        """Send the body until it is sent or an answer begins, such as one that says that the body is too large."""
        reader = self.reader
        rest = memoryview(content)
        sock.setblocking(False)
        while rest and not reader.status:
            is_readable, is_writable = _wait(sock, time_for(step, 'write'))
            if not (is_readable or is_writable):
                raise OutOfTimeError
            if is_readable:
                with suppress(*NOT_NOW):
                    reader.receive(sock.recv(IO_SIZE))
                    continue
            try:
                rest = rest[sock.send(rest[:IO_SIZE]) :]
            except NOT_NOW:
                continue
            except BROKEN as error:
                self._read_after(sock, error)
        if rest:
            reader.has_rest = True  # the request is incomplete, so another one cannot follow it

    def _read_after(self, sock: socket.socket, error: OSError) -> None:
        """Read what the runner sent before it refused the rest of the body: perhaps an answer that says why."""
        try:
            while not self.reader.is_complete and (data := sock.recv(IO_SIZE)):
                self.reader.feed(data)
        except OSError:
            raise error from None
        if not self.reader.is_complete:
            raise error

    def _connect(self, step: Send) -> None:
        end = time.monotonic() + time_for(step, 'connect')
        host = self.where.host
        found = look_up(host, self.where.port) if is_literal(host) else self._look_up(end)
        self._sock = sock = self._try(found, end)
        if self._tls is not None:
            self._sock = sock = self._tls.wrap_socket(
                sock, server_hostname=server_name(host), do_handshake_on_connect=False, suppress_ragged_eofs=False
            )
            sock.settimeout(_until(end))
            sock.do_handshake()
        self.is_connected = True
        self.made_at = time.monotonic()

    def _look_up(self, end: float) -> list[Address]:
        answered: queue.SimpleQueue[list[Address] | OSError] = queue.SimpleQueue()
        start_look_up(self.where.host, self.where.port, answered.put)
        while True:
            with suppress(queue.Empty):
                found = answered.get(timeout=min(_until(end), ATTEMPT_DELAY))
                if isinstance(found, OSError):
                    raise found
                return found
            self._require_wanted()

    def _try(self, addresses: list[Address], end: float) -> socket.socket:
        """Connect to the first address that accepts; each gets `ATTEMPT_DELAY` seconds before the next is tried too."""
        rest, waiting = deque(addresses), list[socket.socket]()
        failure, next_at = OSError('it has no address'), 0.0
        try:
            while rest or waiting:
                self._require_wanted()
                if rest and (not waiting or time.monotonic() >= next_at):
                    next_at = time.monotonic() + ATTEMPT_DELAY
                    address = rest.popleft()
                    try:
                        sock = new_socket(address)
                        waiting.append(sock)
                        code = sock.connect_ex(address.address)
                    except OSError as error:  # for example, this machine does not support the address family
                        failure, next_at = error, 0.0
                        continue
                    ready = [] if code in UNDER_WAY else [(sock, code)]
                else:
                    ready = _connected(waiting, min(_until(end), ATTEMPT_DELAY))
                for sock, code in ready:
                    waiting.remove(sock)
                    if code == 0:
                        return sock
                    sock.close()
                    failure, next_at = OSError(code, os.strerror(code)), 0.0
            raise failure
        finally:
            for sock in waiting:
                sock.close()

    def _require_wanted(self) -> None:
        if self.aborted:
            raise ConnectionAbortedError('the call was ended')

    def is_usable(self) -> bool:
        """Whether the server has neither closed the connection nor sent anything while it was idle."""
        sock = self._sock
        if sock is None or (isinstance(sock, ssl.SSLSocket) and sock.pending()):
            return False
        return not is_readable(sock)

    def failure(self, error: Exception) -> Undelivered | None:
        """Convert an error to a failure; None if a kept connection was stale."""
        may_be_stale = self.used and not (self.aborted or self.reader.has_started)
        return failure_of(error, has_sent=self.has_sent, may_be_stale=may_be_stale)

    def abort(self) -> None:
        """Wake the thread that waits for this connection."""
        self.aborted = True
        if self._sock is not None:
            with suppress(OSError):
                # Not the method of `SSLSocket`, which would first drop the TLS state that another thread is using.
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """End it."""
        if self._sock is not None:
            self._sock.close()


class BlockingConnections:
    """A pool of connections. Threads may share it; a forked process starts with an empty one.

    Args:
        verify: How to verify the certificate of a `https://` runner; see `tls_context`.
        echoes: Checks that answers belong to their requests.
        greatest_age: How long a connection is used, in seconds.
    """

    def __init__(self, verify: Verify, echoes: Echoes, greatest_age: float = GREATEST_AGE) -> None:
        self._verify = verify
        self._tls: ssl.SSLContext | None = None
        self._echoes = echoes
        self._starting = threading.Lock()
        self._kept = KeptConnections[Connection](greatest_age)
        self._busy: set[Connection] = set()

    def send(self, step: Send) -> Answer:
        """Send a step, and read the complete answer.

        If a kept connection breaks before the first byte of the answer, the request is sent again on a new one.

        Raises:
            Undelivered: There is no answer.
        """
        where = target(step.url)
        kept = self._kept.take(where.origin)
        outcome = self._attempt(kept, where, step) if kept else None
        if outcome is None:
            outcome = self._attempt(self._new(where), where, step)
        if isinstance(outcome, Undelivered):
            raise outcome  # not in an `except` block: the context would keep the frames of the failure alive
        assert outcome is not None  # noqa: S101 - a new connection is not stale
        return outcome

    @property
    def trust(self) -> Verify:
        """The TLS context if it has been built, else the option `verify`."""
        return self._tls or self._verify

    def close(self) -> None:
        """Close the idle connections. Those in use are closed at the end of their calls."""
        self._kept.close()

    def abort(self) -> None:
        """Abort all exchanges in progress on other threads."""
        for connection in list(self._busy):
            connection.abort()

    def start_anew(self) -> None:
        """Reset in a forked process: close its copies of the parent's connections, which the parent keeps using."""
        self._starting = threading.Lock()
        self._kept.drop()
        self._busy = set()

    def _new(self, where: Target) -> Connection:
        if where.scheme == 'http':
            return Connection(where, None)
        with self._starting:
            self._tls = self._tls or tls_context(self._verify)
        return Connection(where, self._tls)

    def _attempt(self, connection: Connection, where: Target, step: Send) -> Answer | Undelivered | None:
        """Make one attempt; return the answer or the failure, and None if a kept connection was stale."""
        self._busy.add(connection)
        try:
            reader = connection.send_and_read(where, step)
            self._echoes.check(where.origin, step.headers, reader.status, reader.headers)
        except (OSError, ValueError) as error:
            connection.close()
            unless_from_signal_handler(error)
            return connection.failure(error)
        except BaseException:
            connection.close()
            raise
        finally:
            self._busy.discard(connection)
        if reader.may_go_on:
            self._kept.keep(where.origin, connection)
        else:
            connection.close()
        try:
            return received(step, reader)
        except Undelivered as failure:
            return failure


def _until(end: float) -> float:
    seconds = end - time.monotonic()
    if seconds <= 0:
        raise OutOfTimeError
    return seconds


def _wait(sock: socket.socket, seconds: float) -> tuple[bool, bool]:
    """Wait until the socket can be read or written; return whether it can be read, and whether it can be written."""
    if isinstance(sock, ssl.SSLSocket) and sock.pending():
        return True, False
    if not hasattr(select, 'poll'):
        readable, writable, _ = select.select([sock], [sock], [], seconds)
        return bool(readable), bool(writable)
    poll = select.poll()
    poll.register(sock, select.POLLIN | select.POLLOUT)
    events = sum(event for _, event in poll.poll(min(1000 * seconds, LONGEST_POLL)))
    return bool(events & ~select.POLLOUT), bool(events & select.POLLOUT)


def _connected(waiting: list[socket.socket], seconds: float) -> list[tuple[socket.socket, int]]:
    """Wait for connection attempts; return the sockets that finished, each with its error number (0 for connected)."""
    if hasattr(select, 'poll'):
        poll = select.poll()
        for sock in waiting:
            poll.register(sock, select.POLLOUT)
        found = {descriptor for descriptor, _ in poll.poll(1000 * seconds)}
        ready = [sock for sock in waiting if sock.fileno() in found]
    else:
        _, writable, failed = select.select([], waiting, waiting, seconds)
        ready = list({*writable, *failed})
    return [(sock, sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)) for sock in ready]
