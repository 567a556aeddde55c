"""A runner that nobody closed keeps neither a notebook's kernel nor a worker of Dask from ending."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Final

import pytest
from jupyter_client.manager import KernelManager

from support.packages import CYLINDER

pytestmark = pytest.mark.thorough

USE: Final = f"""
import json, os, psutil
import cspark.wasm as Hybrid
runner = Hybrid.LocalRunner({str(CYLINDER)!r}, instances=2)
hybrid = runner.client()
hybrid.services.execute('shapes/cylinder', inputs=[{{}}] * 500)
processes = [os.getpid(), *[child.pid for child in psutil.Process().children()]]
"""

WAIT: Final = """
import psutil
_, alive = psutil.wait_procs([psutil.Process(one) for one in processes if psutil.pid_exists(one)], timeout=60)
assert alive == [], alive
"""

DASK: Final = f"""
from dask.distributed import Client, LocalCluster

def use():
    names = {{}}
    exec({USE!r}, names)
    globals()['kept'] = names
    return names['processes']

if __name__ == '__main__':
    cluster = LocalCluster(n_workers=1, threads_per_worker=1, host='127.0.0.1', dashboard_address=None)
    with cluster, Client(cluster) as client:
        processes = client.submit(use).result(timeout=100)
    exec({WAIT!r})
    print(len(processes))
"""


def test_a_notebooks_kernel_shuts_down() -> None:
    kernel = KernelManager()
    kernel.start_kernel(stderr=subprocess.DEVNULL)
    client = kernel.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=100)
        said: list[str] = []

        def listen(message: dict[str, Any]) -> None:
            said.append(message['content'].get('text', ''))

        client.execute_interactive(USE + 'print(json.dumps(processes))', timeout=100, output_hook=listen)
        processes: list[int] = json.loads(''.join(said))
        assert len(processes) >= 2
        kernel.shutdown_kernel()
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)
    exec(WAIT, {'processes': processes})


def test_a_worker_of_dask_ends() -> None:
    ended = subprocess.run([sys.executable, '-c', DASK], capture_output=True, text=True, timeout=200, check=False)
    assert (ended.returncode, ended.stderr) == (0, '')
    assert int(ended.stdout) >= 2
