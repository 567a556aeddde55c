"""Kept-alive connections on sockets, for threads."""

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

PIECE: Final = 1 << 18
"""So much is written or read at a time, in bytes."""

FIRST_PIECE: Final = 1 << 16
"""Most answers are no larger; room for more takes longer to get than they take to be read."""

SMALL_BODY: Final = 1 << 16
"""A body of fewer bytes goes out with its head. While a larger one goes out, the answer may come already."""

LONGEST_POLL: Final = (1 << 31) - 1
"""What the system takes for a wait, in milliseconds."""

UNDER_WAY: Final = frozenset({0, errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY})
NOT_NOW: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Connection:
    """A connection, and how far its exchange got.

    Args:
        where: Where it leads.
        tls: What to trust, where it is one of TLS.
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

    def exchange(self, where: Target, step: Send) -> AnswerReader:
        """Send a request and read the whole answer."""
        self.reader = reader = AnswerReader(step.method)
        self.has_sent = False
        if self._sock is None or not self.is_connected:
            self._connect(step)
        sock = self._sock
        assert sock is not None  # noqa: S101 - it is connected
        content = step.content or b''
        # The head has credentials. As memory it is not shown by reports of errors, which show the variables of frames.
        if len(content) < SMALL_BODY:
            self._send(sock, memoryview(write_head(where, step) + content), step)
        else:
            self._send(sock, memoryview(write_head(where, step)), step)
            self._send_large(sock, content, step)
        size = FIRST_PIECE
        while not reader.is_complete:
            sock.settimeout(time_for(step, 'read'))
            reader.feed(data) if (data := sock.recv(size)) else reader.end()
            size = PIECE
        self.used = True
        return reader

    def _send(self, sock: socket.socket, rest: memoryview, step: Send) -> None:
        while rest:  # the system may take some at a time
            sock.settimeout(time_for(step, 'write'))
            self.has_sent = True
            rest = rest[sock.send(rest) :]

    def _send_large(self, sock: socket.socket, content: bytes, step: Send) -> None:
        """Send until all is sent or an answer begins, which may be that the body is too large."""
        reader = self.reader
        rest = memoryview(content)
        sock.setblocking(False)
        while rest and not reader.status:
            is_readable, is_writable = _wait(sock, time_for(step, 'write'))
            if not (is_readable or is_writable):
                raise OutOfTimeError
            if is_readable:
                with suppress(*NOT_NOW):
                    reader.feed(data) if (data := sock.recv(PIECE)) else reader.end()
                    continue
            try:
                rest = rest[sock.send(rest[:PIECE]) :]
            except NOT_NOW:
                continue
            except BROKEN as error:
                self._read_after(sock, error)
        if rest:
            reader.has_rest = True  # the request is not whole, so that no other one can follow it

    def _read_after(self, sock: socket.socket, error: OSError) -> None:
        """The runner takes no more of the body; perhaps it has said why."""
        try:
            while not self.reader.is_complete and (data := sock.recv(PIECE)):
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
        """The first of the addresses that connects; each has a start of a quarter of a second before the next."""
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
                    except OSError as error:  # such as a family that this machine does not have
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
        """Whether the other end has neither closed it nor sent anything since."""
        sock = self._sock
        if sock is None or (isinstance(sock, ssl.SSLSocket) and sock.pending()):
            return False
        return not is_readable(sock)

    def failure(self, error: Exception) -> Undelivered | None:
        """What a failure means for the caller; None where the connection was stale."""
        may_be_stale = self.used and not (self.aborted or self.reader.has_started)
        return failure_of(error, has_sent=self.has_sent, may_be_stale=may_be_stale)

    def abort(self) -> None:
        """Wake whoever waits for this connection."""
        self.aborted = True
        if self._sock is not None:
            with suppress(OSError):
                # Not the method of a socket with TLS, which would take that off first, under whoever sends.
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """End it."""
        if self._sock is not None:
            self._sock.close()


class BlockingConnections:
    """Connections to runners, kept while they are idle. Threads share it; a forked process starts with none.

    Args:
        verify: What to trust of a `https://` runner: see `tls_context`.
        echoes: Which runners send the ids of requests back.
        greatest_age: After how many seconds a connection takes no more requests.
    """

    def __init__(self, verify: Verify, echoes: Echoes, greatest_age: float = GREATEST_AGE) -> None:
        self._verify = verify
        self._tls: ssl.SSLContext | None = None
        self._echoes = echoes
        self._starting = threading.Lock()
        self._kept = KeptConnections[Connection](greatest_age)
        self._busy: set[Connection] = set()

    def exchange(self, step: Send) -> Answer:
        """Send a step and read its answer to the end.

        A kept connection that the runner closed just now is replaced at once: it broke before a byte of an answer.

        Raises:
            Undelivered: There is no answer.
        """
        where = target(step.url)
        kept = self._kept.take(where.origin)
        outcome = self._attempt(kept, where, step) if kept else None
        if outcome is None:
            outcome = self._attempt(self._new(where), where, step)
        if isinstance(outcome, Undelivered):
            raise outcome  # here, and not where it was caught: what is raised there keeps its frames alive
        assert outcome is not None  # noqa: S101 - a new connection is not stale
        return outcome

    @property
    def trust(self) -> Verify:
        """What is trusted, with the certificates read if that was needed already."""
        return self._tls or self._verify

    def close(self) -> None:
        """Close the connections that are idle; those in use close at the end of their calls."""
        self._kept.close()

    def abort(self) -> None:
        """End all exchanges that are under way, on other threads."""
        for connection in list(self._busy):
            connection.abort()

    def start_anew(self) -> None:
        """In a forked process: close its copies of the other one's connections, which goes on with them."""
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
        """An answer, or why there is none; None if the connection turned out to be stale."""
        self._busy.add(connection)
        try:
            reader = connection.exchange(where, step)
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
    """Whether there is something to read, be it the end, and whether more can be written."""
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
    """Those that are connected, with 0, or that failed, with the system's number of the error."""
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
