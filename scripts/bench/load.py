"""Requests as fast as a server takes them: bare sockets on asyncio, which cost less than any server that answers."""

from __future__ import annotations

import asyncio
import time
from typing import Final

__all__ = ['calls_a_second', 'seconds_a_call']

HEAD: Final = (
    'POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n'
)


def request(host: str, path: str, body: bytes) -> bytes:
    """The bytes of a request."""
    return HEAD.format(path=path, host=host, length=len(body)).encode() + body


class Caller(asyncio.Protocol):
    """One connection that sends the same request again and again."""

    def __init__(self, content: bytes, count: int) -> None:
        self._content = content
        self._left = count
        self._received = bytearray()
        self._end = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport
        transport.write(self._content)

    def data_received(self, data: bytes) -> None:
        """Send the next one when an answer is whole."""
        self._received += data
        if not self._end and (head := self._received.find(b'\r\n\r\n')) > 0:
            lines = bytes(self._received[:head]).lower().split(b'\r\n')
            assert lines[0].split()[1] == b'200', lines[0]  # noqa: S101
            (length,) = [line for line in lines if line.startswith(b'content-length:')]
            self._end = head + 4 + int(length.split(b':')[1])
        if not self._end or len(self._received) < self._end:
            return
        self._received.clear()
        self._end = 0
        self._left -= 1
        if self._left:
            self._transport.write(self._content)
        else:
            self._transport.close()
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail where the server ended the connection."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError('the server closed the connection'))


async def _call(host: str, port: int, content: bytes, connections: int, calls: int) -> None:
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: Caller(content, -(-calls // connections)), host, port)
        for _ in range(connections)
    ]
    await asyncio.gather(*[caller.done for _, caller in made])


def calls_a_second(port: int, path: str, body: bytes, *, connections: int, calls: int) -> float:
    """How many calls a server answers a second, with so many under way at a time."""
    content = request(f'127.0.0.1:{port}', path, body)
    started = time.perf_counter()
    asyncio.run(_call('127.0.0.1', port, content, connections, calls))
    return calls / (time.perf_counter() - started)


def seconds_a_call(port: int, path: str, body: bytes, *, calls: int) -> float:
    """How long one call takes, one at a time."""
    return 1 / calls_a_second(port, path, body, connections=1, calls=calls)
