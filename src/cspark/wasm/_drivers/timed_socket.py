"""A socket whose every wait ends with the time of a call, as `http.client` reads from one."""

from __future__ import annotations

import io
import socket
from typing import Any, Final

from .._flows.flow import Send
from .wire import limit

__all__ = ['TimedSocket']

MOST_JOINED: Final = 1 << 16
"""Bodies of fewer bytes go out together with the head."""


class TimedSocket:
    """A connected socket.

    Attributes:
        start: What was read already.
        got: Whether anything of an answer came.
        ended: Whether the other end said that no more comes.
        has_rest: Whether more came than the answer.
    """

    __slots__ = ('ended', 'got', 'has_rest', 'sock', 'start', 'step')

    def __init__(self, sock: socket.socket, step: Send) -> None:
        self.sock = sock
        self.step = step
        self.got = self.ended = self.has_rest = False
        self.start = b''

    def sendall(self, head: bytes, content: bytes) -> None:
        """Send a request."""
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
        """What `http.client` reads an answer from."""
        return _Buffered(_TimedReader(self, self.sock.makefile(mode, buffering=0)))  # type: ignore[call-overload]

    def close(self) -> None:
        """End it."""
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

    def __init__(self, timed: TimedSocket, raw: Any) -> None:
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
