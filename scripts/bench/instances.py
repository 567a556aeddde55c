"""How `execute_many` gains by instances of the model: the insurance sample on a local runner in a process of its own.

Run it as `python scripts/bench/instances.py [RECORDS [ROUNDS]]`; it prints records a second by instances, as JSON.
Client and runner share the cores, so the gain is less than that of the models alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import cspark.wasm as Hybrid

PACKAGE = Path(__file__).resolve().parents[2] / 'samples' / 'packages' / 'term-life.zip'


@contextmanager
def serving(instances: int) -> Generator[str]:
    """The address of a runner with so many instances."""
    options = ['--port', '0', '--instances', str(instances)]
    command = [sys.executable, '-m', 'cspark.wasm', 'serve', str(PACKAGE), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout  # noqa: S101
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


def rate(hybrid: Hybrid.Client, count: int) -> float:
    """Records a second."""
    records = [
        {'birth_date': f'{1950 + index % 50}-03-{1 + index % 28:02d}', 'sum_assured': 100_000 + index}
        for index in range(count)
    ]
    started = time.perf_counter()
    done = sum(1 for one in hybrid.services.execute_many('insurance/term-life', records) if one.outputs)
    assert done == count  # noqa: S101
    return count / (time.perf_counter() - started)


def main(count: int = 8000, rounds: int = 3) -> int:
    found: dict[int, float] = {}
    with ExitStack() as stack:
        clients = {
            instances: stack.enter_context(
                Hybrid.Client(base_url=stack.enter_context(serving(instances)), tenant='my-tenant', token='open')
            )
            for instances in range(1, (os.cpu_count() or 1) + 1)
        }
        for hybrid in clients.values():
            rate(hybrid, min(count, 600))
        for _ in range(rounds):
            for instances, hybrid in clients.items():
                found[instances] = max(found.get(instances, 0.0), rate(hybrid, count))
    print(json.dumps(found))
    return 0


if __name__ == '__main__':
    sys.exit(main(*map(int, sys.argv[1:])))
