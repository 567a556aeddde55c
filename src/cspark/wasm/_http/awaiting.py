"""Persistent HTTP/1.1 connections for one asyncio event loop."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections import deque
from contextlib import suppress
from typing import Any, Final, cast

from .._answer import Answer
from .._calls.steps import Send, Undelivered
from .addresses import ATTEMPT_DELAY, Address, is_literal, is_readable, look_up, new_socket, start_look_up
from .answer_reader import AnswerReader, MalformedAnswerError
from .echoes import Echoes
from .failures import failure_of, timeout_failure
from .kept import GREATEST_AGE, KeptConnections
from .limits import OutOfTimeError, Phase, time_for
from .received import is_heavy, received
from .request_head import Target, target, write_head
from .tls import Verify, server_name, tls_context

__all__ = ['AwaitedConnections']

IO_SIZE: Final = 1 << 18
"""The size of the pieces in which a large body is written, in bytes; other tasks run in between."""

MOST_CONNECTIONS: Final = 100
"""The largest number of connections in use, which is httpx's default. Further calls wait for one."""


class Connection(asyncio.Protocol):
    """A connection. Data is parsed as soon as it arrives."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._transport: asyncio.Transport | None = None
        self._limit: asyncio.Timeout | None = None
        self._step: Send | None = None
        self._answered: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._is_open = True
        self._ended_well = False
        self.reader = AnswerReader('')
        self.used = self.has_sent = False
        self.idle_since = self.made_at = time.monotonic()

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is a class of its own

    def data_received(self, data: bytes) -> None:
        answered = self._answered
        if answered is None or answered.done():
            self.close()  # unsolicited data, which must not become the answer to the next request
            return
        try:
            self.reader.feed(data)
        except MalformedAnswerError as error:
            answered.set_exception(error)
            self.close()
        else:
            if self.reader.is_complete:
                answered.set_result(None)
            elif self._limit is not None:
                self._expect('read')
            if self.reader.status and self._writable is not None:
                self._go_on()  # the answer has begun while the body is being sent

    def eof_received(self) -> None:
        secure = self._transport.get_extra_info('ssl_object') if self._transport else None
        self._ended_well = secure is None or _has_said_goodbye(secure)

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_open = False
        answered = self._answered
        if answered is not None and not answered.done():
            try:
                if exc is not None:
                    self._read_after(exc)
                elif not self._ended_well and self.reader.status:
                    raise MalformedAnswerError('it was cut off')
                else:
                    self.reader.end()
            except Exception as error:  # noqa: BLE001 - it is raised where the answer is awaited
                answered.set_exception(error)
            else:
                answered.set_result(None)
        self._go_on()

    def _read_after(self, error: Exception) -> None:
        """Read what the runner sent before it refused the rest of the body: perhaps an answer that says why."""
        if self._transport is None or self._transport.get_extra_info('ssl_object') is not None:
            raise error  # bytes read from the socket would be encrypted
        try:
            while not self.reader.is_complete and (data := self._sock.recv(IO_SIZE)):
                self.reader.feed(data)
        except OSError:
            raise error from None
        if not self.reader.is_complete:
            raise error

    def pause_writing(self) -> None:
        self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        self._go_on()

    def _go_on(self) -> None:
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)

    # Called by `AwaitedConnections`.

    async def send_and_read(self, where: Target, step: Send, limit: asyncio.Timeout) -> AnswerReader:
        """Send a request, and read the complete answer."""
        assert self._transport is not None  # noqa: S101 - it is connected
        self.reader = reader = AnswerReader(step.method)
        self._step, self._limit = step, limit if step.phases else None
        self._answered = answered = asyncio.get_running_loop().create_future()
        try:
            # The head is kept out of local variables: it contains credentials, and error reports show the variables.
            content = step.content or b''
            if len(content) < IO_SIZE:
                self._transport.write(self._begin(where, step) + content)
            else:
                self._transport.write(self._begin(where, step))
                await self._send_large(self._transport, content)
            self._expect('read')
            await answered
        finally:
            self._answered = self._limit = None
            if answered.done() and not answered.cancelled():
                answered.exception()  # marks it as retrieved, so that asyncio does not log it
        self.used = True
        return reader

    def _begin(self, where: Target, step: Send) -> bytes:
        """Write the head of the request, and note that a part of it may now reach the runner."""
        head = write_head(where, step)
        self.has_sent = True
        return head

    async def _send_large(self, transport: asyncio.Transport, content: bytes) -> None:
        """Send the body until it is sent or an answer begins, such as one that says that the body is too large."""
        rest = memoryview(content)
        while rest and self._is_open and not self.reader.status:
            transport.write(bytes(rest[:IO_SIZE]))
            rest = rest[IO_SIZE:]
            await (self._writable or asyncio.sleep(0))
            self._expect('write')
        if rest:
            self.reader.has_rest = True  # the request is incomplete, so another one cannot follow it

    def _expect(self, phase: Phase) -> None:
        """Restart the timeout for a wait in this phase, if the phases have timeouts."""
        if self._limit is not None and self._step is not None and not self._limit.expired():
            with suppress(OutOfTimeError):
                self._limit.reschedule(asyncio.get_running_loop().time() + time_for(self._step, phase))

    def is_usable(self) -> bool:
        """Whether the server has neither closed the connection nor sent anything while it was idle."""
        return self.is_open() and not is_readable(self._sock)  # the event loop may not have noticed yet

    def is_open(self) -> bool:
        """Whether the connection is open, as far as the event loop knows."""
        return self._is_open and self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        """Close the connection at once, discarding data that is not yet sent."""
        self._is_open = False
        if self._transport is not None:
            self._transport.abort()


class AwaitedConnections:
    """A pool of connections, for one event loop.

    Args:
        verify: How to verify the certificate of a `https://` runner; see `tls_context`.
        echoes: Checks that answers belong to their requests.
        greatest_age: How long a connection is used, in seconds.
    """

    def __init__(self, verify: Verify, echoes: Echoes, greatest_age: float = GREATEST_AGE) -> None:
        self._verify = verify
        self._tls: ssl.SSLContext | None = None
        self._echoes = echoes
        self._kept = KeptConnections[Connection](greatest_age)
        self._open = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def send(self, step: Send) -> Answer:
        """Send a step, and read the complete answer.

        If a kept connection breaks before the first byte of the answer, the request is sent again on a new one.

        Raises:
            Undelivered: There is no answer.
        """
        where = target(step.url)
        if where.scheme == 'https':
            self._tls = self._tls or tls_context(self._verify)
        outcome: AnswerReader | Undelivered | None
        try:
            await self._enter(step)
        except OutOfTimeError as error:
            outcome = timeout_failure(error, sent=False)
        else:
            try:
                kept = self._kept.take(where.origin)
                outcome = await self._attempt(kept, where, step) if kept else None
                if outcome is None:
                    outcome = await self._attempt(None, where, step)
            finally:
                self._leave()
        if isinstance(outcome, Undelivered):
            raise outcome  # not in an `except` block: the context would keep the frames of the failure alive
        assert outcome is not None  # noqa: S101 - a new connection is not stale
        if is_heavy(outcome):
            return await asyncio.to_thread(received, step, outcome)
        return received(step, outcome)

    async def close(self) -> None:
        """Close the connections."""
        self._kept.close()
        await asyncio.sleep(0)  # the event loop closes the sockets in its next round

    async def _enter(self, step: Send) -> None:
        """Wait until fewer than `MOST_CONNECTIONS` connections are in use."""
        if self._open < MOST_CONNECTIONS:
            self._open += 1
            return
        seconds = time_for(step, 'pool')
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(seconds):
                await turn
        except TimeoutError:
            self._refuse(turn)
            raise OutOfTimeError from None
        except BaseException:
            self._refuse(turn)
            raise

    def _refuse(self, turn: asyncio.Future[None]) -> None:
        """Give up waiting for a place. If the place was just assigned, pass it on."""
        if turn.done() and not turn.cancelled():
            self._leave()
        turn.cancel()

    def _leave(self) -> None:
        """Free the place of a connection, or pass it to the call that has waited longest."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._open -= 1

    async def _attempt(self, kept: Connection | None, where: Target, step: Send) -> AnswerReader | Undelivered | None:
        """Make one attempt; return the answer or the failure, and None if a kept connection was stale."""
        connection = kept
        try:
            if connection is None:
                async with asyncio.timeout(time_for(step, 'connect')):
                    connection = await self._connect(where)
            connection.has_sent = False
            async with asyncio.timeout(time_for(step, 'write' if step.content else 'read')) as limit:
                reader = await connection.send_and_read(where, step, limit)
            self._echoes.check(where.origin, step.headers, reader.status, reader.headers)
        except (OSError, ValueError) as error:
            if connection is not None:
                connection.close()
            return _failure(error, connection)
        except BaseException:
            if connection is not None:
                connection.close()
            raise
        if reader.may_go_on and connection.is_open():
            self._kept.keep(where.origin, connection)
        else:
            connection.close()
        return reader

    async def _connect(self, where: Target) -> Connection:
        is_known = is_literal(where.host)
        sock = await _try(look_up(where.host, where.port) if is_known else await _look_up(where.host, where.port))
        options: dict[str, Any] = {}
        if where.scheme == 'https':
            options = {'ssl': self._tls, 'server_hostname': server_name(where.host)}
        try:
            loop = asyncio.get_running_loop()
            _, connection = await loop.create_connection(lambda: Connection(sock), sock=sock, **options)
        except BaseException:
            sock.close()
            raise
        return connection


def _failure(error: Exception, connection: Connection | None) -> Undelivered | None:
    """Convert an error to a failure; None if a kept connection was stale."""
    if connection is None:
        return failure_of(error, has_sent=False, may_be_stale=False)
    may_be_stale = connection.used and not connection.reader.has_started
    return failure_of(error, has_sent=connection.has_sent, may_be_stale=may_be_stale)


def _has_said_goodbye(secure: ssl.SSLObject) -> bool:
    """Whether the server ended TLS with a `close_notify`; asyncio reports any end of the connection as an EOF."""
    try:
        return secure.read(1) == b''
    except ssl.SSLError:
        return False


async def _look_up(host: str, port: int) -> list[Address]:
    """Look up a host, not on a thread of the event loop's pool: the loop waits for those when it ends."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[list[Address] | OSError] = loop.create_future()

    def finish(found: list[Address] | OSError) -> None:
        if not answered.done():
            answered.set_result(found)

    start_look_up(host, port, lambda found: loop.call_soon_threadsafe(finish, found))
    found = await answered
    if isinstance(found, OSError):
        raise found
    return found


async def _try(addresses: list[Address]) -> socket.socket:
    """Connect to the first address that accepts; each gets `ATTEMPT_DELAY` seconds before the next is tried as well."""
    if len(addresses) == 1:
        return await _connected(addresses[0])
    rest, waiting = deque(addresses), set[asyncio.Task[socket.socket]]()
    failure: BaseException = OSError('it has no address')
    try:
        while rest or waiting:
            if rest:
                waiting.add(asyncio.ensure_future(_connected(rest.popleft())))
            done, _ = await asyncio.wait(
                waiting, timeout=ATTEMPT_DELAY if rest else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                waiting.discard(task)
                if (failed := task.exception()) is None:
                    return task.result()
                failure = failed
        raise failure
    finally:
        for task in waiting:
            task.add_done_callback(_close_unwanted)
            task.cancel()


def _close_unwanted(task: asyncio.Task[socket.socket]) -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().close()


async def _connected(address: Address) -> socket.socket:
    sock = new_socket(address)
    try:
        await asyncio.get_running_loop().sock_connect(sock, address.address)
    except BaseException:
        sock.close()
        raise
    return sock
