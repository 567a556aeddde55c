"""A run that is killed at random points, on a runner that is restarted, loses no record and counts none twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.many import Squares, squaring

COUNT = 4000
PROGRAM = """
import sys
import cspark.wasm as Hybrid
url, checkpoint, out, count = sys.argv[1:]
with Hybrid.Client(base_url=url, tenant='my-tenant', token='open', max_retries=0) as client:
    inputs = ({'side': side} for side in range(int(count)))
    client.services.execute_many('shapes/square', inputs, chunk_size=20, checkpoint=checkpoint).write(out)
"""


def start(url: str, folder: Path) -> subprocess.Popen[bytes]:
    arguments = [url, str(folder / 'run'), str(folder / 'out.jsonl'), str(COUNT)]
    return subprocess.Popen([sys.executable, '-c', PROGRAM, *arguments])


@pytest.mark.skipif(sys.platform == 'win32', reason='no SIGKILL')
@pytest.mark.parametrize('seed', [1, 2])
def test_a_run_that_is_killed_many_times_writes_what_an_undisturbed_one_does(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    calm, rough = tmp_path / 'calm', tmp_path / 'rough'
    calm.mkdir()
    rough.mkdir()
    with squaring() as runner:
        port = int(runner.url.rpartition(':')[2])
        assert start(runner.url, calm).wait(50) == 0
        assert set(runner.executed.values()) == {1}
    for _ in range(5):
        with squaring(port) as runner:
            runner.delay = 0.01
            wait_and_kill(runner, start(runner.url, rough), chance.randint(1, 25))
    with squaring(port) as runner:
        runner.delay = 0.01
        process = start(runner.url, rough)
        reach(runner, process, 30)
    with squaring(port) as runner:  # it was gone for a moment while the run went on
        assert process.wait(50) == 0
    assert (rough / 'out.jsonl').read_bytes() == (calm / 'out.jsonl').read_bytes()


def reach(runner: Squares, process: subprocess.Popen[bytes], calls: int) -> None:
    """Wait until the runner had so many calls, or the run is over."""
    while len(runner.sizes) < calls and process.poll() is None:
        time.sleep(0.001)


def wait_and_kill(runner: Squares, process: subprocess.Popen[bytes], calls: int) -> None:
    reach(runner, process, calls)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
