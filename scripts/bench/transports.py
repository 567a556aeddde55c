"""Measure what could carry a call, beside each other: why the default is a core on llhttp.

Run it as `make transports`: it installs the candidates into an environment of their own and writes docs/transports.md.
Within that environment it runs itself, with the server's address as argument.
"""

from __future__ import annotations

import asyncio
import http.client
import importlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'generated'))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'src'))
from cspark.wasm._calls.steps import Send
from cspark.wasm._http.awaiting import AwaitedConnections
from cspark.wasm._http.blocking import BlockingConnections
from cspark.wasm._http.echoes import Echoes

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ENVIRONMENT = ROOT / '.venv-transports'
CANDIDATES = (
    'httpx==0.28.1',
    'urllib3==2.8.0',
    'pyreqwest==0.15.1',
    'pycurl==7.47.0',
    'httpx-aiohttp==0.2.0',
    'aiohttp==3.14.5',
    'httptools==0.9.0',
)
OURS = ('attrs', 'anyio', 'orjson', 'isal', 'idna', 'python-dateutil')
"""What this package's own core needs beside them."""

ROUNDS = 5
PATH = '/my-tenant/api/v3/folders/shapes/services/cylinder/execute'
BODY = json.dumps({'request_data': {'inputs': {'height': 10, 'radius': 2}}}).encode()
HEADERS = {'content-type': 'application/json'}


def seconds(call: Callable[[], object], repeats: int = 400) -> float:
    """Seconds a call."""
    started = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - started) / repeats


def blocking(url: str) -> dict[str, Callable[[], object]]:
    """A small blocking call by each; those that are transports of httpx are called directly."""
    import httpx

    urllib3: Any = importlib.import_module('urllib3')
    pyreqwest: Any = importlib.import_module('pyreqwest.compatibility.httpx')
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or '', where.port)
    client, pool, transport = httpx.Client(base_url=url), urllib3.PoolManager(), pyreqwest.SyncHttpxTransport()

    def by_http_client() -> bytes:
        connection.request('POST', PATH, BODY, HEADERS)
        return connection.getresponse().read()

    def by_pyreqwest() -> bytes:
        request = httpx.Request('POST', url + PATH, content=BODY, headers=HEADERS)
        answer: bytes = transport.handle_request(request).read()
        return answer

    curl: Any = importlib.import_module('pycurl').Curl()
    curl.setopt(curl.URL, url + PATH)
    curl.setopt(curl.POSTFIELDS, BODY)
    curl.setopt(curl.HTTPHEADER, ['content-type: application/json'])
    core = BlockingConnections(True, Echoes())
    raw = socket.create_connection((where.hostname or '', where.port or 80))
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    head = f'POST {PATH} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Length: {len(BODY)}\r\n\r\n'.encode()

    def by_socket() -> bytes:
        raw.sendall(head + BODY)
        return raw.recv(1 << 16)

    return {
        'httpx': lambda: client.post(PATH, content=BODY, headers=HEADERS).content,
        'urllib3': lambda: pool.request('POST', url + PATH, body=BODY, headers=HEADERS).data,
        'pyreqwest': by_pyreqwest,
        'pycurl': lambda: curl.perform_rb(),
        'http.client': by_http_client,
        "this package's core": lambda: core.send(step(url)).content,
        'a bare socket, which reads nothing': by_socket,
    }


def step(url: str) -> Send:
    """The same call for our own connections."""
    return Send('POST', url + PATH, time.monotonic() + 60, HEADERS, content=BODY)


async def at_once(call: Callable[[], Awaitable[object]], calls: int = 400) -> float:
    """Seconds a call with 50 in flight."""

    async def caller() -> None:
        for _ in range(calls // 50):
            await call()

    started = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(50)))
    return (time.perf_counter() - started) / calls


async def awaited(url: str) -> dict[str, list[float]]:
    """50 calls in flight by each, in turns; transports of httpx within its client, and pyreqwest's directly too."""
    import aiohttp
    import httpx

    httpx_aiohttp: Any = importlib.import_module('httpx_aiohttp')
    pyreqwest: Any = importlib.import_module('pyreqwest.compatibility.httpx')
    limits = httpx.Limits(max_connections=100)
    plain = httpx.AsyncClient(base_url=url, limits=limits)
    through_aiohttp = httpx.AsyncClient(base_url=url, transport=httpx_aiohttp.AiohttpTransport())
    direct = pyreqwest.HttpxTransport()
    through_pyreqwest = httpx.AsyncClient(base_url=url, transport=pyreqwest.HttpxTransport())
    session = aiohttp.ClientSession()
    core = AwaitedConnections(True, Echoes())

    async def by_aiohttp() -> bytes:
        async with session.post(url + PATH, data=BODY, headers=HEADERS) as answer:
            return await answer.read()

    async def by_pyreqwest() -> bytes:
        request = httpx.Request('POST', url + PATH, content=BODY, headers=HEADERS)
        answer: bytes = await (await direct.handle_async_request(request)).aread()
        return answer

    calls: dict[str, Callable[[], Awaitable[object]]] = {
        'httpx': lambda: plain.post(PATH, content=BODY, headers=HEADERS),
        'httpx-aiohttp': lambda: through_aiohttp.post(PATH, content=BODY, headers=HEADERS),
        'pyreqwest, within httpx': lambda: through_pyreqwest.post(PATH, content=BODY, headers=HEADERS),
        'pyreqwest': by_pyreqwest,
        'aiohttp': by_aiohttp,
        "this package's core": lambda: core.send(step(url)),
    }
    found: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(ROUNDS + 1):
        for name, call in calls.items():
            taken = await at_once(call)
            found[name] += [taken] if number else []  # the first round makes connections
    for client in (plain, through_aiohttp, through_pyreqwest):
        await client.aclose()
    await direct.aclose()
    await core.close()
    await session.close()
    return found


def measure(url: str) -> dict[str, dict[str, float]]:
    """The best of some rounds in which everything takes its turn."""
    calls = blocking(url)
    rounds = [{name: seconds(call) for name, call in calls.items()} for _ in range(ROUNDS + 1)][1:]
    small = {name: min(one[name] for one in rounds) for name in calls}
    return {'blocking': small, 'async': {name: min(taken) for name, taken in asyncio.run(awaited(url)).items()}}


PAGE = """# What could carry a call

Written by `make transports`, all in one run and in turns: {versions},
Python {python}, {cores} cores. The server is that of [the benchmarks](benchmarks.md). What was chosen, and why:
[performance](performance.md).

A small blocking call:

| | of httpx's time |
|---|---|
{blocking}

Calls with 50 in flight:

| | calls a second, of httpx's |
|---|---|
{awaited}
"""


def page(found: dict[str, dict[str, float]]) -> str:
    """The figures as a page."""
    small, many = found['blocking'], found['async']
    return PAGE.format(
        versions=', '.join(one.replace('==', ' ') for one in CANDIDATES),
        python=sys.version.split()[0],
        cores=os.cpu_count(),
        blocking='\n'.join(f'| {name} | {taken / small["httpx"]:.2f} |' for name, taken in small.items()),
        awaited='\n'.join(f'| {name} | {many["httpx"] / taken:.1f} |' for name, taken in many.items()),
    )


def main() -> int:
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
        return 0
    from run import installed, server

    python = installed(ENVIRONMENT, *CANDIDATES, *OURS)
    with server() as url:
        output: Any = subprocess.check_output([str(python), '-W', 'ignore', __file__, url])
    (ROOT / 'docs' / 'transports.md').write_text(page(json.loads(output)))
    print(page(json.loads(output)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
