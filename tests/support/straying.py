"""A server that sends stray answers, and many calls to it of which some end early."""

from __future__ import annotations

import asyncio
import json
import random
import re
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import cspark.wasm as Hybrid
from support.faulty import head
from support.ways import IDENTITY
from support.wire import SUCCESS


def outputs(**values: object) -> bytes:
    """The body of an answer with these outputs."""
    return json.dumps({**SUCCESS, 'response_data': {'outputs': values}}).encode()


class Straying(asyncio.Protocol):
    """Answers with the number and the id of the request, and sends a tenth of its answers a second time."""

    open: set[asyncio.Transport]
    strays = 0

    def __init__(self) -> None:
        self.rest = b''

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.open.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.open.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while (whole := re.match(rb'(?is)(.+?\ncontent-length: *(\d+).*?\r\n\r\n)', self.rest)) is not None:
            end = whole.end() + int(whole[2])
            if len(self.rest) < end:
                return
            identity, number = IDENTITY.search(whole[1]), re.search(rb'"number": *(\d+)', self.rest[:end])
            assert identity is not None
            assert number is not None
            self.rest = self.rest[end:]
            self.answer(identity[1].decode(), int(number[1]))

    def answer(self, identity: str, number: int) -> None:
        """Answer now or soon, and perhaps once more up to 5 ms later."""
        body = outputs(number=number)
        content = head(len(body), '200 OK', f'X-Request-ID: {identity}') + body
        delay = random.uniform(0, 0.04) if number % 25 == 0 else 0
        self.later(delay, content)
        if random.random() < 0.1:
            Straying.strays += 1
            self.later(delay + random.uniform(0, 0.005), content)

    def later(self, delay: float, content: bytes) -> None:
        """Send after a while; at once where there is none."""
        if delay:
            asyncio.get_running_loop().call_later(delay, self.later, 0, content)
        elif not self.transport.is_closing():
            self.transport.write(content)


@contextmanager
def straying() -> Generator[str]:
    """A server on loopback that sends stray answers; its address."""
    started, address = threading.Event(), list[str]()
    loop = asyncio.new_event_loop()
    Straying.open, Straying.strays = set(), 0

    async def serve() -> None:
        server = await loop.create_server(Straying, '127.0.0.1', 0, backlog=256)
        address.append(f'http://127.0.0.1:{server.sockets[0].getsockname()[1]}')
        started.set()
        try:
            await stopped.wait()
        finally:
            server.close()
            for transport in list(Straying.open):
                transport.abort()
            await asyncio.sleep(0.06)

    stopped = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert started.wait(20)
    try:
        yield address[0]
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(20)
        loop.close()


def by_threads(hybrid: Hybrid.Client, calls: int) -> Counter[str]:
    """Many calls of sixteen threads, of which some have no time."""
    numbers = iter(range(1, calls + 1))
    ends: list[str] = []

    def call() -> None:
        for number in numbers:
            limit: Any = {'timeout': 20} if number % 25 == 0 else {}
            try:
                got = hybrid.services.execute('f/s', inputs={'number': number}, **limit).output['number']
            except (Hybrid.SparkTimeoutError, Hybrid.SparkConnectionError):
                ends.append('none')
            else:
                ends.append('right' if got == number else 'wrong')

    threads = [threading.Thread(target=call) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(ends)


async def by_tasks(hybrid: Any, calls: int) -> Counter[str]:
    """Many calls of fifty tasks, of which some have no time and some are cancelled."""
    numbers = iter(range(1, calls + 1))
    ends: list[str] = []

    async def call() -> None:
        for number in numbers:
            limit: Any = {'timeout': 20} if number % 25 == 0 else {}
            try:
                async with asyncio.timeout(random.uniform(0, 0.02) if number % 25 == 1 else None):
                    done = await hybrid.services.execute('f/s', inputs={'number': number}, **limit)
            except (TimeoutError, Hybrid.SparkConnectionError):
                ends.append('none')
            else:
                ends.append('right' if done.output['number'] == number else 'wrong')

    await asyncio.gather(*[call() for _ in range(50)])
    return Counter(ends)
