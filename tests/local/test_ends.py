"""A runner ends when it is told to, whatever its models do, and never keeps a program from ending."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import psutil
import pytest

from support.models import HANG, record, scripted
from support.packages import CYLINDER, PROJECTION

pytestmark = pytest.mark.thorough

START: Final = f"""
import os, sys, threading, time
import cspark.wasm as Hybrid
runner = Hybrid.LocalRunner({str(PROJECTION)!r}, instances=2)
hybrid = runner.client()
hybrid.services.execute('insurance/projection', inputs=[{{'months': 1}}] * 130)
print('computed', flush=True)
"""
PROGRAMS: Final = {
    'falls off its end': '',
    'exits': 'sys.exit(3)',
    'exits by an exception': 'raise SystemExit(4)',
    'fails': 'raise ValueError("no")',
    'drops the client': 'del hybrid',
    'drops both': 'del hybrid, runner',
    'closes the client alone': 'hybrid.close()',
    'closes the runner alone': 'runner.close()',
    'serves on a socket': 'server = runner.serve().start(); Hybrid.Client.health_check(server.url)',
    'has an async client': (
        'import asyncio\n'
        'async def main():\n'
        '    client = runner.async_client()\n'
        '    await client.services.execute("insurance/projection", inputs={})\n'
        'asyncio.run(main())'
    ),
    'uses it on another thread': (
        'thread = threading.Thread(target=lambda: hybrid.services.execute("insurance/projection", inputs={}))\n'
        'thread.start()\n'
        'thread.join()'
    ),
    'keeps it in a global of a module': 'import types; module = types.ModuleType("m"); module.runner = runner',
    'forks': 'child = os.fork()\nif child == 0: sys.exit(0)\nos.waitpid(child, 0)',
    'is interrupted': 'import signal; signal.raise_signal(signal.SIGINT)',
}


def children_of(process: int) -> list[psutil.Process]:
    """The processes below this one."""
    return psutil.Process(process).children(recursive=True)


def wait_for_the_end_of(processes: list[psutil.Process]) -> None:
    """Wait until these processes are gone."""
    _, alive = psutil.wait_procs(processes, timeout=60)
    assert alive == []


@pytest.mark.parametrize('ending', PROGRAMS.values(), ids=list(PROGRAMS))
def test_a_program_that_does_not_close_its_runner_ends(ending: str) -> None:
    ended = subprocess.run(
        [sys.executable, '-c', START + ending], capture_output=True, text=True, timeout=100, check=False
    )
    assert ended.stdout == 'computed\n'
    assert 'Exception ignored' not in ended.stderr
    assert 'Fatal' not in ended.stderr


@pytest.mark.parametrize('how', [signal.SIGKILL, signal.SIGTERM])
def test_the_workers_end_with_the_process_that_started_them_in_whatever_way_it_ends(how: signal.Signals) -> None:
    program = START.replace('print(', 'time.sleep(0); print(') + 'time.sleep(100)'
    with subprocess.Popen([sys.executable, '-c', program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == 'computed\n'
        workers = children_of(process.pid)
        assert len(workers) == 2
        process.send_signal(how)
    wait_for_the_end_of(workers)


@contextmanager
def hanging(tmp_path: Path, calls: int) -> Generator[tuple[subprocess.Popen[str], list[httpx.Response], str]]:
    """A runner whose one instance hangs in a call, and further calls that wait for it."""
    path = tmp_path / 'scripted.zip'
    path.write_bytes(scripted())
    command = [sys.executable, '-m', 'cspark.wasm', 'serve', str(path), '--port', '0', '--instances', '1']
    process = subprocess.Popen([*command, '--timeout', '90'], stdout=-1, stderr=-1, text=True)
    answers: list[httpx.Response] = []
    try:
        assert process.stdout is not None
        found = re.search(r'http://\S+', process.stdout.readline())
        assert found
        url = found[0]
        body = {'request_data': {'inputs': record(HANG)}, 'request_meta': {'service_uri': 'shapes/scripted'}}

        def call() -> None:
            answers.append(httpx.post(f'{url}/my-tenant/api/v3/execute', json=body, timeout=100, trust_env=False))

        threads = [threading.Thread(target=call) for _ in range(calls)]
        for thread in threads:
            thread.start()
        while running(url) < calls:
            time.sleep(0.05)
        yield process, answers, url
        for thread in threads:
            thread.join()
    finally:
        process.kill()
        process.communicate()


def running(url: str) -> int:
    """How many records the runner has under way."""
    status = httpx.get(f'{url}/status', timeout=100, trust_env=False).json()
    count: int = status['models'][0]['model_stats'][0]['running_count']
    return count


@pytest.mark.parametrize(('how', 'code'), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_a_signal_ends_the_runner_whatever_its_models_do(tmp_path: Path, how: signal.Signals, code: int) -> None:
    with hanging(tmp_path, 3) as (process, answers, _):
        workers = children_of(process.pid)
        process.send_signal(how)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, 'Traceback' in errors) == (code, False)
    assert [answer.status_code for answer in answers] == [503] * 3
    assert {'replaced, or the runner is stopping' in answer.text for answer in answers} == {True}
    wait_for_the_end_of(workers)


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    with hanging(tmp_path, 1) as (process, _, _url):
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130


def test_a_signal_right_after_the_start_ends_it_too() -> None:
    for _ in range(3):
        command = [sys.executable, '-m', 'cspark.wasm', 'serve', str(CYLINDER), '--port', '0', '--instances', '1']
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            os.kill(process.pid, signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (130, '')
