"""Where `httptools` has no wheel, httpx carries everything, and nothing else is different."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.sockets import counted

PROGRAM = """
import asyncio, sys
sys.modules['httptools'] = None  # importing it fails, as where it is not installed
import cspark.wasm as Hybrid

options = {'base_url': sys.argv[1], 'tenant': 'my-tenant', 'token': 'open', 'max_retries': 0}
with Hybrid.Client(**options) as hybrid:
    print(hybrid.services.execute('f/s', inputs={'height': 1}).output['volume'])
    print(sum(1 for _ in hybrid.services.execute_many('f/s', [], chunk_size=1)))

async def main():
    async with Hybrid.AsyncClient(**options) as hybrid:
        print((await hybrid.services.execute('f/s', inputs={'height': 1})).output['volume'])

asyncio.run(main())
print('cspark.wasm._http.blocking' in sys.modules)
"""


@pytest.mark.thorough
def test_both_clients_call_through_httpx() -> None:
    with counted() as (faulty, _):
        done = subprocess.run(
            [sys.executable, '-c', PROGRAM, faulty.url], capture_output=True, text=True, timeout=100, check=False
        )
    assert (done.stdout.split(), done.stderr) == (['1.5', '0', '1.5', 'False'], '')
    assert all(b'\r\nHost:' in request for request in faulty.requests)
