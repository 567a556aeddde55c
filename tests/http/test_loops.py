"""One AsyncClient and several event loops; a client that nobody closed; and calls while Python ends."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import cspark.wasm as Hybrid
from support.certificates import authority, server_context
from support.faulty import answers
from support.sockets import Listener, counted, secured

pytestmark = pytest.mark.thorough

THROUGH = ['its own connections', 'httpx']
SLOW = re.compile(r'^Executing .* took .* seconds\n', re.MULTILINE)
"""What asyncio says of a busy machine where it was asked to help with finding faults."""

START = """
import asyncio, gc, json, sys
import cspark.wasm as Hybrid

through, url, verify = sys.argv[1:]
OPTIONS = {'base_url': url, 'tenant': 't', 'token': 'open', 'timeout': 20_000, 'max_retries': 0}
OPTIONS['verify'] = verify or True
if through == 'httpx':
    OPTIONS['transport'] = 'httpx'

async def five(hybrid):
    answers = await asyncio.gather(*[hybrid.services.execute('f/s', inputs={}) for _ in range(5)])
    return [answer.output['volume'] for answer in answers]

def say(what):
    print(json.dumps(what), flush=True)
"""


STRICT = ('-X', 'dev', '-W', 'error::ResourceWarning')


def program(code: str, folder: Path, *arguments: str, flags: tuple[str, ...] = STRICT) -> tuple[Any, str]:
    """Run a program of its own, in which nothing may be left open; what it prints, and what it complains of."""
    path = folder / 'program.py'
    path.write_text(START + code)
    command = [sys.executable, *flags, str(path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), SLOW.sub('', done.stderr)


@contextmanager
def served(scheme: str, folder: Path) -> Generator[tuple[str, str, Listener]]:
    """A server that answers, over TLS too: its address, whom to trust, and its connections."""
    if scheme == 'http':
        with counted(answers()) as (faulty, listener):
            yield faulty.url, '', listener
        return
    ca = authority()
    ca.cert_pem.write_to_path(str(folder / 'ca.pem'))
    with secured(server_context(ca)) as (faulty, listener):
        yield faulty.url, str(folder / 'ca.pem'), listener


SECOND = """
import psutil

hybrid = Hybrid.AsyncClient(**OPTIONS)
outputs = [asyncio.run(five(hybrid)) for _ in range(2)]
here = psutil.Process()
before = here.num_fds() if hasattr(here, 'num_fds') else 0
outputs += [asyncio.run(five(hybrid)) for _ in range(6)]
more = (here.num_fds() if before else 0) - before
asyncio.run(hybrid.close())
say([outputs, more])
"""


@pytest.mark.parametrize('scheme', ['http', 'https'])
@pytest.mark.parametrize('through', THROUGH)
def test_a_client_is_used_by_one_run_of_asyncio_after_the_other(tmp_path: Path, through: str, scheme: str) -> None:
    with served(scheme, tmp_path) as (url, verify, listener):
        (outputs, more), complaints = program(SECOND, tmp_path, through, url, verify)
        assert complaints == ''
        assert outputs == [[1.5] * 5] * 8
        assert more < 10  # what the runs before have left behind was closed
        for _ in range(listener.accepted):
            assert listener.ended.acquire(timeout=10)


OTHER = """
try:
    import uvloop
except ImportError:
    say('no uvloop')
    sys.exit()

hybrid = Hybrid.AsyncClient(**OPTIONS)
outputs = []
for factory in (uvloop.new_event_loop, asyncio.new_event_loop, uvloop.new_event_loop):
    with asyncio.Runner(loop_factory=factory) as loop:
        outputs.append(loop.run(five(hybrid)))
asyncio.run(hybrid.close())
say(outputs)
"""


@pytest.mark.parametrize('through', THROUGH)
def test_the_next_loop_may_be_one_of_another_kind(tmp_path: Path, through: str) -> None:
    with served('http', tmp_path) as (url, verify, _):
        # uvloop itself complains when it closes over a kept connection, if it may.
        outputs, complaints = program(OTHER, tmp_path, through, url, verify, flags=())
    if outputs == 'no uvloop':
        pytest.skip(outputs)
    assert (outputs, complaints) == ([[1.5] * 5] * 3, '')


@contextmanager
def running() -> Generator[asyncio.AbstractEventLoop]:
    """An event loop that runs on a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@pytest.mark.parametrize('through', THROUGH)
def test_a_client_on_two_loops_that_both_run_is_told_so(through: str) -> None:
    def call(loop: asyncio.AbstractEventLoop) -> int:
        return asyncio.run_coroutine_threadsafe(hybrid.health.check(), loop).result(20).status

    with counted(answers()) as (faulty, _), running() as first, running() as second:
        beneath = httpx.AsyncClient() if through == 'httpx' else None
        hybrid = Hybrid.AsyncClient(base_url=faulty.url, tenant='t', token='open', http_client=beneath, max_retries=0)
        assert call(first) == 200
        with pytest.raises(Hybrid.SparkSdkError, match='event loop'):
            call(second)
        assert call(first) == 200
        asyncio.run_coroutine_threadsafe(hybrid.close(), first).result(20)
        if beneath:
            asyncio.run_coroutine_threadsafe(beneath.aclose(), first).result(20)
    assert len(faulty.requests) == 2


LEFT = """
def leave_unused():
    Hybrid.AsyncClient(**OPTIONS)
    Hybrid.Client(**OPTIONS)

async def leave_at_work():
    outputs = await five(Hybrid.AsyncClient(**OPTIONS))
    gc.collect()
    await asyncio.sleep(0.01)
    return outputs

def leave_after_the_loop():
    hybrid = Hybrid.AsyncClient(**OPTIONS)
    return asyncio.run(five(hybrid))

async def leave_before_the_end_of_a_call():
    call = asyncio.ensure_future(five(Hybrid.AsyncClient(**OPTIONS)))
    await asyncio.sleep(0.001)
    call.cancel()
    await asyncio.wait({call})
    del call
    gc.collect()
    await asyncio.sleep(0.01)

leave_unused()
outputs = [asyncio.run(leave_at_work()), leave_after_the_loop()]
asyncio.run(leave_before_the_end_of_a_call())
gc.collect()
say(outputs)
kept = Hybrid.AsyncClient(**OPTIONS)
asyncio.run(five(kept))
sys.stdout.close()  # the rest is what the end of Python makes of it
"""


@pytest.mark.parametrize('scheme', ['http', 'https'])
@pytest.mark.parametrize('through', THROUGH)
def test_a_client_that_nobody_closed_makes_no_noise(tmp_path: Path, through: str, scheme: str) -> None:
    with served(scheme, tmp_path) as (url, verify, listener):
        flags = STRICT if through == THROUGH[0] else ()  # httpx's own connections do not close themselves
        outputs, complaints = program(LEFT, tmp_path, through, url, verify, flags=flags)
        assert (outputs, complaints) == ([[1.5] * 5] * 2, '')
        for _ in range(listener.accepted):
            assert listener.ended.acquire(timeout=10)


AT_EXIT = """
import atexit

def told(call):
    try:
        return call()
    except Hybrid.SparkSdkError as error:
        return str(error)
    except Exception as error:
        return f'not told, but {error!r}'

def blocking(hybrid):
    return hybrid.services.execute('f/s', inputs={}).output['volume']

def awaited(hybrid):
    async def one():
        return (await hybrid.services.execute('f/s', inputs={})).output['volume']
    return asyncio.run(one())

def at_the_end():
    say([told(call) for call in calls])

calls = []
for address in (url, url.replace('127.0.0.1', 'localhost')):
    OPTIONS['base_url'] = address
    for is_warm in (True, False):
        hybrid = Hybrid.Client(**OPTIONS)
        calls.append(lambda hybrid=hybrid: blocking(hybrid))
        other = Hybrid.AsyncClient(**OPTIONS)
        calls.append(lambda other=other: awaited(other))
        if is_warm:
            assert (blocking(hybrid), awaited(other)) == (1.5, 1.5)
atexit.register(at_the_end)
"""


@pytest.mark.parametrize('through', THROUGH)
def test_a_call_while_python_ends_works_or_says_why_not(tmp_path: Path, through: str) -> None:
    with served('http', tmp_path) as (url, verify, _):
        ends, _ = program(AT_EXIT, tmp_path, through, url, verify)
    assert len(ends) == 8
    for end in ends:
        assert end == 1.5 or not ('did not answer within' in end or 'not told' in end), ends
    assert 1.5 in ends
