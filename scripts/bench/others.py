"""The same small call by what people would use instead, and what only this package has; a name a line, as calls.py."""

from __future__ import annotations

import asyncio
import http.client
import json
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent))
import cspark.wasm as Hybrid
from calls import OPTIONS, RECORD, RECORDS, URL, best, in_flight

PATH = '/my-tenant/api/v3/folders/shapes/services/cylinder/execute'
BODY = {
    'request_data': {'inputs': RECORD},
    'request_meta': {
        'call_purpose': 'Single Execution',
        'source_system': 'Spark Python SDK',
        'compiler_type': 'Neuron',
    },
}


def small_by_httpx() -> float:
    """A small call by httpx alone."""
    import httpx

    with httpx.Client(base_url=URL) as client:
        return best(lambda: client.post(PATH, json=BODY).json(), 50, 40)


def small_by_http_client() -> float:
    """A small call by the standard library alone."""
    where = urlsplit(URL)
    connection = http.client.HTTPConnection(where.hostname or '', where.port)

    def call() -> Any:
        connection.request('POST', PATH, json.dumps(BODY).encode(), {'content-type': 'application/json'})
        return json.loads(connection.getresponse().read())

    return best(call, 50, 40)


def small_by_socket() -> float:
    """The bytes of a small call to and fro, with nothing written or read: what no client can be faster than."""
    where = urlsplit(URL)
    content = json.dumps(BODY).encode()
    head = f'POST {PATH} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Length: {len(content)}\r\n\r\n'.encode()
    with socket.create_connection((where.hostname or '', where.port or 80)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def call() -> None:
            connection.sendall(head + content)
            connection.recv(1 << 16)

        return best(call, 50, 40)


def at_once_by_httpx() -> float:
    """50 calls in flight by httpx alone."""
    import httpx

    async def main() -> float:
        async with httpx.AsyncClient(base_url=URL) as client:
            return await in_flight(lambda: client.post(PATH, json=BODY))

    return asyncio.run(main())


def at_once_by_aiohttp() -> float:
    """50 calls in flight by aiohttp alone."""
    import aiohttp

    async def main() -> float:
        async with aiohttp.ClientSession() as session:

            async def call() -> Any:
                async with session.post(URL + PATH, json=BODY) as answer:
                    return await answer.json()

            return await in_flight(call)

    return asyncio.run(main())


def imports() -> list[float]:
    """Seconds to import httpx, this package, and this package with its client, each in a process of its own."""
    found: list[float] = []
    for name in ('httpx', 'cspark.wasm', 'cspark.wasm as Hybrid; Hybrid.Client'):
        code = f'import time; t = time.perf_counter(); import {name}; print(time.perf_counter() - t)'
        times = [float(subprocess.check_output([sys.executable, '-c', code])) for _ in range(7)]
        found.append(min(times))
    return found


def start() -> list[float]:
    """Seconds of a Python that does nothing, and of the command that prints its version."""
    commands = [sys.executable, '-c', 'pass'], [sys.executable, '-m', 'cspark.wasm', '--version']
    found = [float('inf')] * len(commands)
    for _ in range(10):
        for place, command in enumerate(commands):
            started = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            found[place] = min(found[place], time.perf_counter() - started)
    return found


def telemetry() -> list[float]:
    """Median seconds of a small call where OpenTelemetry's API has no SDK, and of one with telemetry switched off.

    The two take turns call by call, because the difference is smaller than what a machine does from second to second.
    """
    with (
        Hybrid.Client(base_url=URL, **OPTIONS) as usual,
        Hybrid.Client(base_url=URL, telemetry=False, **OPTIONS) as off,
    ):
        times: list[list[float]] = [[], []]
        for turn in range(6000):
            for place in (0, 1) if turn % 2 else (1, 0):
                hybrid = off if place else usual
                started = time.perf_counter()
                hybrid.services.execute('shapes/cylinder', inputs=RECORD)
                times[place].append(time.perf_counter() - started)
    return [statistics.median(one) for one in times]


def stall() -> list[float]:
    """The longest time that an event loop stands still while 100,000 records go out and come back, and the whole."""

    async def main() -> list[float]:
        longest, running = 0.0, True

        async def tick() -> None:
            nonlocal longest
            while running:
                started = time.perf_counter()
                await asyncio.sleep(0.001)
                longest = max(longest, time.perf_counter() - started - 0.001)

        async with Hybrid.AsyncClient(base_url=URL, **OPTIONS) as hybrid:
            await hybrid.services.execute('shapes/cylinder', inputs=RECORDS[:10])
            ticker = asyncio.create_task(tick())
            await asyncio.sleep(0.05)
            longest, started = 0.0, time.perf_counter()
            answer = await hybrid.services.execute('shapes/cylinder', inputs=RECORDS, encoding='gzip')
            seconds, running = time.perf_counter() - started, False
            await ticker
            assert len(answer.outputs) == len(RECORDS)  # noqa: S101
            return [longest, seconds]

    return asyncio.run(main())


def _growth(action: Any) -> float:
    """How many bytes the process grew at its peak; it was never larger before, so that is the action's."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    action()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024.0


def batch_memory() -> float:
    """Peak memory of 100,000 records there and back by a `Client`, as a multiple of their plain JSON."""
    with Hybrid.Client(base_url=URL, **OPTIONS) as hybrid:
        hybrid.services.execute('shapes/cylinder', inputs=RECORDS[:2000], encoding='gzip')
        return _growth(lambda: hybrid.services.execute('shapes/cylinder', inputs=RECORDS, encoding='gzip')) / _size()


def batch_memory_async() -> float:
    """The same by an `AsyncClient`."""

    async def main() -> float:
        async with Hybrid.AsyncClient(base_url=URL, **OPTIONS) as hybrid:
            await hybrid.services.execute('shapes/cylinder', inputs=RECORDS[:2000], encoding='gzip')
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            await hybrid.services.execute('shapes/cylinder', inputs=RECORDS, encoding='gzip')
            return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024.0 / _size()

    return asyncio.run(main())


def _size() -> int:
    """The bytes of the records' plain JSON, which is never made as a whole: that would count."""
    return sum(len(json.dumps(one, separators=(',', ':'))) + 1 for one in RECORDS)


def layouts() -> dict[str, list[float]]:
    """Seconds of a call with 100,000 records and the bytes of its packed body, by layout."""
    found: dict[str, list[float]] = {}
    with Hybrid.Client(base_url=URL, **OPTIONS) as hybrid:
        for layout in ('rows', 'columnar'):

            def call(layout: Any = layout) -> Any:
                return hybrid.services.execute('shapes/cylinder', inputs=RECORDS, encoding='gzip', layout=layout)

            body: bytes = call().raw_request.content
            found[layout] = [best(call, 1, 5), len(body)]
    return found


def upload_memory() -> list[float]:
    """Bytes that a process grows by an upload of 300 MB: blocking, and async after it."""
    with tempfile.TemporaryFile() as file:
        file.truncate(300_000_000)
        with Hybrid.Client(base_url=URL, **OPTIONS) as hybrid:
            hybrid.services.upload(b'zip')
            one = _growth(lambda: hybrid.services.upload(file))

        async def main() -> None:
            async with Hybrid.AsyncClient(base_url=URL, **OPTIONS) as awaited:
                await awaited.services.upload(file)

        return [one, _growth(lambda: asyncio.run(main()))]


if __name__ == '__main__':
    print('ready', flush=True)
    for line in sys.stdin:
        print(json.dumps(globals()[line.strip()]()), flush=True)
