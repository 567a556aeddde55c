"""A server for benchmarks: it answers as a runner does, and does nothing else.

Run it as `python scripts/bench/server.py PORT [SECONDS_A_CALL [AT_A_TIME]]`. With seconds, each v4 call takes so long,
and no more than so many are served at a time; more wait. With a certificate in `BENCH_CERTIFICATE` it speaks TLS.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
import zlib

ONE = json.dumps(
    {
        'status': 'Success',
        'error': None,
        'response_data': {'outputs': {'volume': 125.66}, 'warnings': None, 'errors': None, 'service_chain': None},
        'response_meta': {'version': '1.5.0', 'process_time': 0, 'call_id': '7b0f4ffb', 'system': 'SPARK'},
    }
).encode()


def many(count: int) -> bytes:
    """The answer to so many records."""
    lists = {'outputs': [{'volume': 125.66}] * count}
    nothing: list[object] = [None] * count
    return json.dumps({**lists, 'process_time': nothing, 'warnings': nothing, 'errors': nothing}).encode()


def whole(content: bytes) -> bytes:
    """An answer with its head."""
    return b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n' % len(content) + content


class Connection(asyncio.Protocol):
    """One client."""

    answers: dict[int, bytes] = {}
    seconds = 0.0
    places: asyncio.Semaphore

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.received = bytearray()
        self.tasks: set[asyncio.Task[None]] = set()

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (end := self.received.find(b'\r\n\r\n')) >= 0:
            head = bytes(self.received[:end]).lower()
            start = head.find(b'content-length:')
            length = int(head[start + 15 :].partition(b'\r\n')[0]) if start >= 0 else 0
            if len(self.received) < end + 4 + length:
                return
            body = bytes(self.received[end + 4 : end + 4 + length])
            del self.received[: end + 4 + length]
            if b'/api/v4/' not in head.partition(b'\r\n')[0]:
                self.transport.write(whole(ONE))  # type: ignore[attr-defined]
            else:
                task = asyncio.get_running_loop().create_task(self.slowly(body))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)

    async def slowly(self, body: bytes) -> None:
        """Answer many records."""
        body = zlib.decompress(body, 31) if body.startswith(b'\x1f\x8b') else body
        # Records are flat: each is an object or, where they are columnar, a row behind the row of names.
        count = body.count(b'],[') if b'"inputs":[[' in body else body.count(b'{') - 1
        if count not in self.answers:
            self.answers[count] = whole(many(count))
        async with self.places:
            await asyncio.sleep(self.seconds)
        self.transport.write(self.answers[count])  # type: ignore[attr-defined]


async def main() -> None:
    port, *rest = sys.argv[1:]
    Connection.seconds = float(rest[0]) if rest else 0.0
    Connection.places = asyncio.Semaphore(int(rest[1]) if len(rest) > 1 else 1000)
    loop = asyncio.get_running_loop()
    secure = None
    if certificate := os.environ.get('BENCH_CERTIFICATE'):
        secure = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        secure.load_cert_chain(certificate)
    server = await loop.create_server(Connection, '127.0.0.1', int(port), backlog=1024, ssl=secure)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == '__main__':
    asyncio.run(main())
