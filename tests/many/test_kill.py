"""A run and its runner that are killed at random points, again and again, lose no record and count none twice."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.packages import CYLINDER
from support.worlds import World

COUNT = 2400
ROUNDS = 6
PROGRAM = """
import asyncio, sys
import cspark.wasm as Hybrid
world, url, checkpoint, out, count = sys.argv[1:]
inputs = ({'height': height, 'radius': 2} for height in range(int(count)))
options = dict(base_url=url, tenant='my-tenant', token='open', max_retries=0)
settings = dict(chunk_size=10, checkpoint=checkpoint, progress=lambda progress: print(progress.done, flush=True))
async def main():
    async with Hybrid.AsyncClient(**options) as client:
        await client.services.execute_many('shapes/cylinder', inputs, **settings).write(out)
if world == 'async':
    asyncio.run(main())
else:
    with Hybrid.Client(**options) as client:
        client.services.execute_many('shapes/cylinder', inputs, **settings).write(out)
"""
pytestmark = pytest.mark.skipif(sys.platform == 'win32', reason='no SIGKILL')


class Killable:
    """A process that can be killed and started again.

    Args:
        arguments: What follows the Python of this process on its command line.
    """

    def __init__(self, *arguments: str) -> None:
        self._command = [sys.executable, *arguments]
        self.start()

    def start(self) -> None:
        """Start it."""
        self.process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def kill(self) -> None:
        """End it at once, wherever it is."""
        self.process.kill()
        self.process.communicate()

    def line(self) -> str:
        """The next line that it prints; nothing if it is over."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()


@contextmanager
def served(port: int = 0) -> Generator[tuple[Killable, str]]:
    """A runner in a process of its own, and its address."""
    runner = Killable('-m', 'cspark.wasm', 'serve', str(CYLINDER), '--port', str(port), '--instances', '1')
    try:
        yield runner, runner.line().removeprefix('runner at ')
    finally:
        runner.kill()


@contextmanager
def run(world: World, url: str, folder: Path) -> Generator[Killable]:
    """A run in a process of its own."""
    folder.mkdir()
    process = Killable('-c', PROGRAM, world, url, str(folder / 'run'), str(folder / 'out.jsonl'), str(COUNT))
    try:
        yield process
    finally:
        process.kill()


def follow(process: Killable, goal: int) -> int:
    """Wait until so many records are done; how many are."""
    while line := process.line():
        if int(line) >= goal:
            return int(line)
    pytest.fail(f'the run is over: {process.process.stderr and process.process.stderr.read()}')


@pytest.mark.parametrize('seed', [1, 2])
def test_whatever_is_killed_the_outputs_are_those_of_an_undisturbed_run(
    tmp_path: Path, world: World, seed: int
) -> None:
    chance = random.Random(seed)
    with served() as (runner, url):
        with run(world, url, tmp_path / 'calm') as process:
            assert follow(process, COUNT) == COUNT
            assert process.process.wait(20) == 0
        port = url.rpartition(':')[2]
        runner.kill()
        with served(int(port)) as (runner, _), run(world, url, tmp_path / 'rough') as process:
            done = 0
            for killed in chance.choices(['run', 'runner', 'both'], k=ROUNDS):
                done = follow(process, done + chance.randint(10, COUNT // ROUNDS - 50))
                if killed != 'runner':
                    process.kill()
                if killed != 'run':
                    runner.kill()
                    runner.start()
                    assert runner.line() == f'runner at {url}'
                if killed != 'runner':
                    process.start()
            assert done < COUNT
            assert follow(process, COUNT) == COUNT
            assert process.process.wait(20) == 0
    assert (tmp_path / 'rough' / 'out.jsonl').read_bytes() == (tmp_path / 'calm' / 'out.jsonl').read_bytes()
