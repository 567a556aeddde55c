"""A run and its runner that are killed at random points, again and again, lose no record and count none twice."""

from __future__ import annotations

import importlib
import random
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.packages import CYLINDER
from support.worlds import World

COUNT = 2400
ROUNDS = 6
PROGRAM = """
import asyncio, sys
import cspark.wasm as Hybrid
world, url, checkpoint, out, count, form = sys.argv[1:]
further = {f'note {number}': 'x' * 20 for number in range(60)} if form == 'wide' else {}
inputs = ({'height': height, 'radius': 2, **further} for height in range(int(count)))
if form.endswith('.xlsx'):
    inputs = form
options = dict(base_url=url, tenant='my-tenant', token='open', max_retries=0)
settings = dict(chunk_size=10, checkpoint=checkpoint, progress=lambda progress: print(progress.done, flush=True))
settings['ordered'] = form != 'any order'
async def main():
    async with Hybrid.AsyncClient(**options) as client:
        await client.services.execute_many('shapes/cylinder', inputs, **settings).write(out)
if world == 'async':
    asyncio.run(main())
else:
    with Hybrid.Client(**options) as client:
        client.services.execute_many('shapes/cylinder', inputs, **settings).write(out)
"""
pytestmark = [pytest.mark.thorough, pytest.mark.skipif(sys.platform == 'win32', reason='no SIGKILL')]


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
def run(world: World, url: str, folder: Path, form: str) -> Generator[Killable]:
    """A run in a process of its own."""
    folder.mkdir()
    process = Killable('-c', PROGRAM, world, url, str(folder / 'run'), str(folder / 'out.jsonl'), str(COUNT), form)
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


def workbook(path: Path) -> str:
    """A workbook with the records."""
    excel: Any = importlib.import_module('openpyxl')
    book = excel.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(['height', 'radius'])
    for height in range(COUNT):
        sheet.append([height, 2])
    book.save(path)
    return str(path)


@pytest.mark.parametrize(
    ('seed', 'form'),
    [(1, 'usual'), (2, 'usual'), (3, 'any order'), (4, 'wide'), (5, 'Excel')],
    ids=lambda one: f'{one}',
)
def test_whatever_is_killed_the_outputs_are_those_of_an_undisturbed_run(
    tmp_path: Path, world: World, seed: int, form: str
) -> None:
    chance = random.Random(seed)
    form = workbook(tmp_path / 'in.xlsx') if form == 'Excel' else form
    with served() as (runner, url):
        with run(world, url, tmp_path / 'calm', form) as process:
            assert follow(process, COUNT) == COUNT
            assert process.process.wait(20) == 0
        port = url.rpartition(':')[2]
        runner.kill()
        with served(int(port)) as (runner, _), run(world, url, tmp_path / 'rough', form) as process:
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
    rough, calm = ((tmp_path / name / 'out.jsonl').read_bytes() for name in ('rough', 'calm'))
    if form == 'any order':
        assert sorted(rough.splitlines()) == sorted(calm.splitlines())
    else:
        assert rough == calm
