"""What is measured with the published `cspark` and with this package alike: both are `cspark.wasm` to who imports them.

`scripts/bench/run.py` starts it in an environment of each, sends it the name of a measurement a line, and reads what
came out as JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cspark.wasm as Hybrid

URL, SLOW_URL = sys.argv[1:3]
RECORD = {'height': 10, 'radius': 2}
OPTIONS: dict[str, Any] = {'tenant': 'my-tenant', 'token': 'open', 'logger': False}
CHANCE = random.Random(7)  # noqa: S311 - no secret
RECORDS = [
    {
        'policy': f'P{index:07d}',
        'birth_date': f'{CHANCE.randint(1950, 2005)}-{CHANCE.randint(1, 12):02d}-{CHANCE.randint(1, 28):02d}',
        'sum_assured': CHANCE.randint(50, 900) * 1000,
        'term_years': CHANCE.randint(5, 40),
        'smoker': CHANCE.choice(('yes', 'no')),
        'discount': CHANCE.random(),
        'loading': CHANCE.uniform(0, 0.3),
    }
    for index in range(100_000)
]
"""A book of policies, with as many digits as such a book has."""


def best(action: Callable[[], object], repeats: int, rounds: int) -> float:
    """The seconds of one action: the best round of some."""
    found = float('inf')
    for _ in range(rounds):
        started = time.perf_counter()
        for _ in range(repeats):
            action()
        found = min(found, (time.perf_counter() - started) / repeats)
    return found


def small() -> float:
    """Seconds of a small blocking call over a kept-alive connection."""
    with Hybrid.Client(base_url=URL, **OPTIONS) as hybrid:
        return best(lambda: hybrid.services.execute('shapes/cylinder', inputs=RECORD), 50, 40)


def threads() -> float:
    """Seconds a small call where 8 threads share one client: the best round of some."""
    with Hybrid.Client(base_url=URL, **OPTIONS) as hybrid, ThreadPoolExecutor(8) as pool:

        def calls(count: int) -> None:
            for _ in range(count):
                hybrid.services.execute('shapes/cylinder', inputs=RECORD)

        return best(lambda: list(pool.map(calls, [25] * 8)), 1, 10) / 200


async def in_flight(call: Callable[[], Awaitable[object]]) -> float:
    """Seconds a call with 50 calls in flight: the best round of some."""

    async def caller(count: int) -> None:
        for _ in range(count):
            await call()

    await asyncio.gather(*(caller(2) for _ in range(50)))
    found = float('inf')
    for _ in range(5):
        started = time.perf_counter()
        await asyncio.gather(*(caller(8) for _ in range(50)))
        found = min(found, (time.perf_counter() - started) / 400)
    return found


def at_once() -> float:
    """Seconds a call of an async client with 50 calls in flight."""

    async def main() -> float:
        async with Hybrid.AsyncClient(base_url=URL, **OPTIONS) as hybrid:
            return await in_flight(lambda: hybrid.services.execute('shapes/cylinder', inputs=RECORD))

    return asyncio.run(main())


def build() -> float:
    """Seconds to build a client."""
    Hybrid.Client(base_url=URL, **OPTIONS).close()
    return best(lambda: Hybrid.Client(base_url=URL, **OPTIONS).close(), 5, 5)


def encode() -> float:
    """Seconds to make the packed body of a batch of 100,000 records: what happens before the connection is used."""
    import httpx

    def swallow(request: httpx.Request) -> httpx.Response:
        request.read()
        return httpx.Response(500, json={'error': {'message': 'enough'}})

    http_client = httpx.Client(transport=httpx.MockTransport(swallow))
    hybrid = Hybrid.Client(base_url=URL, http_client=http_client, max_retries=0, **OPTIONS)

    def call() -> None:
        try:
            hybrid.services.execute('shapes/cylinder', inputs=RECORDS, encoding='gzip')
        except Exception as error:
            if 'InternalServerError' not in type(error).__name__:
                raise

    return best(call, 1, 5)


def batch() -> float:
    """Seconds of a whole call with 100,000 records and gzip."""
    with Hybrid.Client(base_url=URL, **OPTIONS) as hybrid:
        return best(lambda: hybrid.services.execute('shapes/cylinder', inputs=RECORDS, encoding='gzip'), 1, 5)


def loop() -> float:
    """Seconds for 100,000 records by the loop over chunks of 500 that the published client's users write."""
    records = [RECORD] * 100_000
    with Hybrid.Client(base_url=SLOW_URL, **OPTIONS) as hybrid:
        started = time.perf_counter()
        outputs: list[Any] = []
        for start in range(0, len(records), 500):
            answer: Any = hybrid.services.execute('shapes/cylinder', inputs=records[start : start + 500])
            outputs += answer.data['outputs']
        assert len(outputs) == 100_000  # noqa: S101
        return time.perf_counter() - started


def many() -> float:
    """Seconds for the same records and chunks by `execute_many`."""
    with Hybrid.Client(base_url=SLOW_URL, **OPTIONS) as hybrid:
        started = time.perf_counter()
        results = hybrid.services.execute_many('shapes/cylinder', [RECORD] * 100_000, chunk_size=500)
        assert sum(1 for _ in results) == 100_000  # noqa: S101
        return time.perf_counter() - started


if __name__ == '__main__':
    print('ready', flush=True)
    for line in sys.stdin:
        print(json.dumps(globals()[line.strip()]()), flush=True)
