"""Measure the local runner: calls and records a second of the small sample, and what calls of services cost.

Run it as `python scripts/measure_runner.py`. Runner and client share this machine and this process, so these are lower
bounds; compare figures of one run only.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cspark.wasm as Hybrid
from cspark.wasm.local.engine.execution import Requests

PACKAGES = Path(__file__).resolve().parent.parent / 'samples' / 'packages'
CYLINDER = PACKAGES / 'cylinder.zip'
RECORD = {'height': 10, 'radius': 2, 'density': 1}
SECONDS = 3.0


def rate(action: Callable[[], int], callers: int) -> float:
    """How much an action gets done a second when so many callers repeat it."""
    end = time.perf_counter() + SECONDS

    def repeat() -> int:
        done = 0
        while time.perf_counter() < end:
            done += action()
        return done

    started = time.perf_counter()
    with ThreadPoolExecutor(callers) as threads:
        total = sum(future.result() for future in [threads.submit(repeat) for _ in range(callers)])
    return total / (time.perf_counter() - started)


def measure(instances: int) -> tuple[float, float, float]:
    """Model calls, HTTP calls and records of large HTTP calls a second."""
    with Hybrid.LocalRunner(CYLINDER, instances=instances) as runner, runner.serve() as server:
        pool = runner.app.catalog.tenants['my-tenant'][-1].pool
        request = b'{"request_data":{"inputs":{"height":10,"radius":2,"density":1}}}'
        with Hybrid.Client(base_url=server.url, tenant='my-tenant', token='open') as hybrid:
            hybrid.services.execute('shapes/cylinder', inputs=[RECORD] * 1000)
            in_model = rate(lambda: len(pool.compute(Requests([request] * 5000))), instances)
            calls = rate(lambda: hybrid.services.execute('shapes/cylinder', inputs=RECORD).status // 200, 2)
            many = [RECORD] * 5000
            records = rate(lambda: len(hybrid.services.execute('shapes/cylinder', inputs=many).data['outputs']), 2)
    return in_model, calls, records


def measure_calls(instances: int) -> dict[str, float]:
    """Milliseconds a record of one call with many records, without and with calls of services."""
    records: list[dict[str, Any]] = [{'term_years': 1 + number % 40, 'alternatives': []} for number in range(2000)]
    plain: list[dict[str, Any]] = [{'term_years': record['term_years']} for record in records]
    chunks = {
        'term-life alone, its premium only': ('term-life', plain),
        'quote: one call of term-life': ('quote', records),
        'quote: three calls, two deep': (
            'quote',
            [{**record, 'alternatives': [{'term_years': 5}]} for record in records],
        ),
    }
    measured: dict[str, float] = {}
    packages = [PACKAGES / f'{name}.zip' for name in ('term-life', 'alternative', 'quote')]
    with Hybrid.LocalRunner(*packages, instances=instances) as runner, runner.client() as hybrid:
        for name, (service, chunk) in chunks.items():
            uri, outputs = f'insurance/{service}', ['annual_premium']
            hybrid.services.execute(uri, inputs=chunk[:100], selected_outputs=outputs)
            started = time.perf_counter()
            hybrid.services.execute(uri, inputs=chunk, selected_outputs=outputs)
            measured[name] = (time.perf_counter() - started) / len(chunk) * 1000
    return measured


def main() -> int:
    print(f'{"instances":>9}  {"model, records/s":>16}  {"HTTP v3, calls/s":>16}  {"HTTP v4, records/s":>18}')
    for instances in (1, 2):
        in_model, calls, records = measure(instances)
        print(f'{instances:9d}  {in_model:16,.0f}  {calls:16,.0f}  {records:18,.0f}')
    one, two = measure_calls(1), measure_calls(2)
    print(f'\n{"a chunk of 2,000 records, ms a record":<40}  {"1 instance":>10}  {"2 instances":>11}')
    for name in one:
        print(f'{name:<40}  {one[name]:10.2f}  {two[name]:11.2f}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
