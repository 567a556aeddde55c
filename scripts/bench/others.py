"""The same small call by what people would use instead, and what only this package has; a name a line, as calls.py."""

from __future__ import annotations

import asyncio
import http.client
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent))
import cspark.wasm as Hybrid
from calls import OPTIONS, RECORD, RECORDS, URL, best

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


def _at_once(call: Any) -> Any:
    async def caller(count: int) -> None:
        for _ in range(count):
            await call()

    async def measure() -> float:
        await asyncio.gather(*(caller(2) for _ in range(50)))
        found = float('inf')
        for _ in range(5):
            started = time.perf_counter()
            await asyncio.gather(*(caller(8) for _ in range(50)))
            found = min(found, (time.perf_counter() - started) / 400)
        return found

    return measure()


def at_once_by_httpx() -> float:
    """50 calls in flight by httpx alone."""
    import httpx

    async def main() -> float:
        async with httpx.AsyncClient(base_url=URL) as client:
            found: float = await _at_once(lambda: client.post(PATH, json=BODY))
            return found

    return asyncio.run(main())


def at_once_by_aiohttp() -> float:
    """50 calls in flight by aiohttp alone."""
    import aiohttp

    async def main() -> float:
        async with aiohttp.ClientSession() as session:

            async def call() -> Any:
                async with session.post(URL + PATH, json=BODY) as answer:
                    return await answer.json()

            found: float = await _at_once(call)
            return found

    return asyncio.run(main())


def imports() -> list[float]:
    """Seconds to import httpx, and this package, each in a process of its own."""
    found: list[float] = []
    for name in ('httpx', 'cspark.wasm'):
        code = f'import time; t = time.perf_counter(); import {name}; print(time.perf_counter() - t)'
        times = [float(subprocess.check_output([sys.executable, '-c', code])) for _ in range(7)]
        found.append(min(times))
    return found


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
    """Peak memory of encoding and sending 100,000 records, as a multiple of their plain JSON."""
    import httpx

    size = sum(len(json.dumps(one, separators=(',', ':'))) + 1 for one in RECORDS)  # not as one text, which would count
    http_client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=b'{"outputs":[]}')))
    with Hybrid.Client(base_url=URL, http_client=http_client, **OPTIONS) as hybrid:
        hybrid.services.execute('shapes/cylinder', inputs=RECORDS[:10])
        return _growth(lambda: hybrid.services.execute('shapes/cylinder', inputs=RECORDS)) / size


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
