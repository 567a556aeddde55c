"""What lasts: a process that was frozen, many files that are open, and memory over thousands of calls."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.certificates import authority, server_context
from support.faulty import BODY, answers, head, misbehaving, read_request, says_nothing
from support.sockets import counted, listening, secured
from support.wire import SUCCESS

pytestmark = pytest.mark.thorough

WAYS = [(world, through) for world in ('sync', 'async') for through in ('own', 'httpx')]

START = """
import asyncio, gc, json, sys
import cspark.wasm as Hybrid

def made(world, through, url, **options):
    options = {'tenant': 't', 'token': 'open', 'timeout': 30_000, 'max_retries': 0, **options}
    hybrid = (Hybrid.Client if world == 'sync' else Hybrid.AsyncClient)(base_url=url, **options)
    if through == 'httpx':
        hybrid.http_client
    return hybrid

def executed(hybrid, *inputs):
    async def all_of_them():
        return [(await hybrid.services.execute('f/s', inputs=one)).output for one in inputs]
    if isinstance(hybrid, Hybrid.AsyncClient):
        return asyncio.run(all_of_them())
    return [hybrid.services.execute('f/s', inputs=one).output for one in inputs]
"""


@contextmanager
def started(code: str, *arguments: str) -> Generator[subprocess.Popen[str]]:
    """A program of its own."""
    command = [sys.executable, '-c', START + code, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> Any:
    """What a program printed, read as JSON."""
    output, errors = process.communicate(timeout=110)
    assert process.returncode == 0, errors
    return json.loads(output)


@pytest.mark.skipif(not hasattr(signal, 'SIGSTOP'), reason='no process can be frozen')
@pytest.mark.parametrize('before', [0, 40], ids=['before the answer', 'within the answer'])
def test_a_process_that_was_frozen_in_a_call_gets_its_answer(before: int) -> None:
    arrived, frozen = threading.Semaphore(0), threading.Event()

    def serve(connection: socket.socket) -> None:
        connection.settimeout(60)
        while request := read_request(connection):
            inputs = json.loads(request.partition(b'\r\n\r\n')[2])['request_data']['inputs']
            content = json.dumps({**SUCCESS, 'response_data': {'outputs': inputs}}).encode()
            answer = head(len(content)) + content
            connection.sendall(answer[:before])
            arrived.release()
            assert frozen.wait(100)
            connection.sendall(answer[before:])

    code = 'print(json.dumps(executed(made(*sys.argv[1:]), {"number": 1}, {"number": 2})))'
    with listening(serve) as listener, ExitStack() as stack:
        url = f'http://127.0.0.1:{listener.port}'
        processes = [stack.enter_context(started(code, *way, url)) for way in WAYS]
        assert [arrived.acquire(timeout=60) for _ in processes] == [True] * 4
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        frozen.set()
        time.sleep(2)
        for process in processes:
            process.send_signal(signal.SIGCONT)
        assert [said(process) for process in processes] == [[{'number': 1}, {'number': 2}]] * 4


MANY_FILES = """
try:
    import resource
except ImportError:
    print(json.dumps('no limits'))
    sys.exit()
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
if most != resource.RLIM_INFINITY and most < 3000:
    print(json.dumps('too few'))
    sys.exit()
resource.setrlimit(resource.RLIMIT_NOFILE, (3000, most))
files = [open('/dev/null') for _ in range(1100)]
assert files[-1].fileno() > 1024

world, through, plain, secure, silent, verify = sys.argv[1:]
ends = []
for url in (plain, plain.replace('127.0.0.1', 'localhost'), secure):
    with_tls = {'verify': verify} if url == secure else {}
    ends += executed(made(world, through, url, **with_tls), {}, {}, {})
try:
    executed(made(world, through, silent, timeout=300), {})
except Hybrid.SparkTimeoutError:
    ends.append('late')
print(json.dumps(ends))
"""


@pytest.mark.parametrize(('world', 'through'), WAYS)
def test_file_descriptors_above_1024_are_as_good(tmp_path: Path, world: str, through: str) -> None:
    ca = authority()
    ca.cert_pem.write_to_path(pem := str(tmp_path / 'ca.pem'))
    with (
        counted(answers()) as (plain, _),
        secured(server_context(ca)) as (secure, _),
        misbehaving() as silent,
        started(MANY_FILES, world, through, plain.url, secure.url, silent.url, pem) as process,
    ):
        silent.behave([says_nothing])
        ends = said(process)
    if isinstance(ends, str):
        pytest.skip(ends)
    assert ends == [{'volume': 1.5}] * 9 + ['late']


MEMORY = """
import os, psutil

world, through, url, calls = *sys.argv[1:4], int(sys.argv[4])
here, warm = psutil.Process(), min(1000, calls // 2)

def held():
    gc.collect()
    files = here.num_fds() if hasattr(here, 'num_fds') else 0
    return [here.memory_info().rss, len(gc.get_objects()), files]

async def awaited():
    hybrid = made(world, through, url)
    async def some(number):
        for _ in range(number // 20):
            await hybrid.services.execute('f/s', inputs={'height': 1})
    async def all_of_them(number):
        await asyncio.gather(*[some(number) for _ in range(20)])
    await all_of_them(warm)
    before = held()
    await all_of_them(calls)
    after = held()
    await hybrid.close()
    return before, after

def blocking():
    with made(world, through, url) as hybrid:
        for number in range(warm + calls):
            if number == warm:
                before = held()
            hybrid.services.execute('f/s', inputs={'height': 1})
        return before, held()

before, after = blocking() if world == 'sync' else asyncio.run(awaited())
print(json.dumps([now - then for then, now in zip(before, after)]))
"""


def quick(connection: socket.socket) -> None:
    """Answer as fast as Python can; one connection in a hundred requests is closed."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.settimeout(60)
    answer = head(len(BODY)) + BODY
    for _ in range(100):
        if read_request(connection) is None:
            return
        connection.sendall(answer)


@pytest.mark.parametrize(('world', 'through'), WAYS)
def test_thousands_of_calls_leave_no_memory_behind(world: str, through: str) -> None:
    calls = 15_000 if through == 'own' else 600
    with listening(quick) as listener:
        url = f'http://127.0.0.1:{listener.port}'
        with started(MEMORY, world, through, url, str(calls)) as process:
            resident, objects, files = said(process)
    assert resident < 12_000_000  # less than a kilobyte a call, where an answer that is kept is several
    assert objects < 500
    assert files < 40
