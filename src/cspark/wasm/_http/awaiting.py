"""Kept-alive connections of one event loop of asyncio."""

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

PIECE: Final = 1 << 18
"""So much of a large body is written at a time, in bytes, so that other tasks go on in between."""

MOST_CONNECTIONS: Final = 100
"""So many may be in use, as with httpx; a runner has no use for more. Further calls wait for one."""


class Connection(asyncio.Protocol):
    """A connection: what comes is read when it comes, whoever waits for it."""

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

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is a class of its own

    def data_received(self, data: bytes) -> None:
        answered = self._answered
        if answered is None or answered.done():
            self.close()  # nobody asked for it, so it must answer nobody
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
                self._go_on()  # an answer begins while the body goes out

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
            except Exception as error:  # noqa: BLE001 - it goes to who waits
                answered.set_exception(error)
            else:
                answered.set_result(None)
        self._go_on()

    def _read_after(self, error: Exception) -> None:
        """The runner takes no more of the body; perhaps it has said why."""
        if self._transport is None or self._transport.get_extra_info('ssl_object') is not None:
            raise error  # what is left there is encrypted
        try:
            while not self.reader.is_complete and (data := self._sock.recv(PIECE)):
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

    # What a call does.

    async def exchange(self, where: Target, step: Send, limit: asyncio.Timeout) -> AnswerReader:
        """Send a request and read the whole answer."""
        assert self._transport is not None  # noqa: S101 - it is connected
        self.reader = reader = AnswerReader(step.method)
        self._step, self._limit = step, limit if step.phases else None
        self._answered = answered = asyncio.get_running_loop().create_future()
        try:
            # The head is in no variable: it has credentials, and reports of errors show the variables of frames.
            content = step.content or b''
            if len(content) < PIECE:
                self._transport.write(self._begin(where, step) + content)
            else:
                self._transport.write(self._begin(where, step))
                await self._send_large(self._transport, content)
            self._expect('read')
            await answered
        finally:
            self._answered = self._limit = None
            if answered.done() and not answered.cancelled():
                answered.exception()  # it may be one that nobody waited for
        self.used = True
        return reader

    def _begin(self, where: Target, step: Send) -> bytes:
        """The head of the request; from now on, some of it may have arrived."""
        head = write_head(where, step)
        self.has_sent = True
        return head

    async def _send_large(self, transport: asyncio.Transport, content: bytes) -> None:
        """Send until all is sent or an answer begins, which may be that the body is too large."""
        rest = memoryview(content)
        while rest and self._is_open and not self.reader.status:
            transport.write(bytes(rest[:PIECE]))
            rest = rest[PIECE:]
            await (self._writable or asyncio.sleep(0))
            self._expect('write')
        if rest:
            self.reader.has_rest = True  # the request is not whole, so that no other one can follow it

    def _expect(self, phase: Phase) -> None:
        """Each wait of a phase has that phase's limit, where there is one."""
        if self._limit is not None and self._step is not None and not self._limit.expired():
            with suppress(OutOfTimeError):
                self._limit.reschedule(asyncio.get_running_loop().time() + time_for(self._step, phase))

    def is_usable(self) -> bool:
        """Whether the other end has neither closed it nor sent anything since."""
        return self.is_open() and not is_readable(self._sock)  # the event loop may not have looked since

    def is_open(self) -> bool:
        """Whether, as far as the event loop has heard, the other end goes on."""
        return self._is_open and self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        """End it at once; what is not sent yet is dropped."""
        self._is_open = False
        if self._transport is not None:
            self._transport.abort()


class AwaitedConnections:
    """Connections to runners, kept while they are idle. They end with their event loop.

    Args:
        verify: What to trust of a `https://` runner: see `tls_context`.
        echoes: Which runners send the ids of requests back.
        greatest_age: After how many seconds a connection takes no more requests.
    """

    def __init__(self, verify: Verify, echoes: Echoes, greatest_age: float = GREATEST_AGE) -> None:
        self._verify = verify
        self._tls: ssl.SSLContext | None = None
        self._echoes = echoes
        self._kept = KeptConnections[Connection](greatest_age)
        self._open = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def exchange(self, step: Send) -> Answer:
        """Send a step and read its answer to the end.

        A kept connection that the runner closed just now is replaced at once: it broke before a byte of an answer.

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
            raise outcome  # here, and not where it was caught: what is raised there keeps its frames alive
        assert outcome is not None  # noqa: S101 - a new connection is not stale
        if is_heavy(outcome):
            return await asyncio.to_thread(received, step, outcome)
        return received(step, outcome)

    async def close(self) -> None:
        """Close the connections."""
        self._kept.close()
        await asyncio.sleep(0)  # the event loop closes the sockets in its next round

    async def _enter(self, step: Send) -> None:
        """Wait until there are not too many connections."""
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
        """The place may have come just when it was not wanted any more; from now on it cannot come."""
        if turn.done() and not turn.cancelled():
            self._leave()
        turn.cancel()

    def _leave(self) -> None:
        """Let the next one have the place."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._open -= 1

    async def _attempt(self, kept: Connection | None, where: Target, step: Send) -> AnswerReader | Undelivered | None:
        """An answer, or why there is none; None if the connection turned out to be stale."""
        connection = kept
        try:
            if connection is None:
                async with asyncio.timeout(time_for(step, 'connect')):
                    connection = await self._connect(where)
            connection.has_sent = False
            async with asyncio.timeout(time_for(step, 'write' if step.content else 'read')) as limit:
                reader = await connection.exchange(where, step, limit)
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
    """What a failure means for the caller; None where the connection was stale."""
    if connection is None:
        return failure_of(error, has_sent=False, may_be_stale=False)
    may_be_stale = connection.used and not connection.reader.has_started
    return failure_of(error, has_sent=connection.has_sent, may_be_stale=may_be_stale)


def _has_said_goodbye(secure: ssl.SSLObject) -> bool:
    """Whether the other end of TLS said that it ends; asyncio calls every end of a connection one."""
    try:
        return secure.read(1) == b''
    except ssl.SSLError:
        return False


async def _look_up(host: str, port: int) -> list[Address]:
    """Not on a thread of the event loop's, which waits for them when it ends."""
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
    """The first of the addresses that connects; each has a start of a quarter of a second before the next."""
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
