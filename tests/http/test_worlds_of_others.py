"""Both clients in worlds of others: gevent, eventlet, uvloop, trio, and many threads."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import cspark.wasm as Hybrid
from support.certificates import authority, server_context
from support.faulty import answers, misbehaving, read_request, says_nothing
from support.sockets import listening
from support.wire import SUCCESS
from support.worlds import client_in

pytestmark = pytest.mark.thorough

THROUGH = ['its own connections', 'httpx']


@contextmanager
def meeting(callers: int, context: ssl.SSLContext | None = None) -> Generator[str]:
    """A server that answers with the inputs, and the first call of each caller only once all of them are there.

    Calls that are made one after the other never get an answer here.
    """
    together = threading.Barrier(callers)

    def serve(plain: socket.socket) -> None:
        plain.settimeout(60)
        with context.wrap_socket(plain, server_side=True) if context else plain as connection:
            while request := read_request(connection):
                inputs = json.loads(request.partition(b'\r\n\r\n')[2])['request_data']['inputs']
                if inputs['turn'] == 0:
                    try:
                        together.wait(30)
                    except threading.BrokenBarrierError:
                        return
                answers(json.dumps({**SUCCESS, 'response_data': {'outputs': inputs}}).encode())(connection)

    with listening(serve) as listener:
        yield f'{"https" if context else "http"}://127.0.0.1:{listener.port}'


@pytest.fixture(scope='module')
def secure(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    """What a server with TLS needs, and whom to trust."""
    ca = authority()
    ca.cert_pem.write_to_path(pem := str(tmp_path_factory.mktemp('trust') / 'ca.pem'))
    return server_context(ca), pem


def program(code: str, folder: Path, *arguments: str) -> Any:
    """Run a program of its own; what it prints, read as JSON."""
    path = folder / 'program.py'
    path.write_text(code)
    command = [sys.executable, str(path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


PATCHED = {
    'gevent': """
from gevent import monkey
monkey.patch_all()
import gevent

def at_once(do, number):
    jobs = [gevent.spawn(do, one) for one in range(number)]
    gevent.joinall(jobs, raise_error=True)
    return [job.value for job in jobs]
""",
    'eventlet': """
import warnings
warnings.simplefilter('ignore')
import eventlet
eventlet.monkey_patch()
import sys
sys.modules['trio'] = None  # it cannot be imported any more, and httpcore would

def at_once(do, number):
    return [thread.wait() for thread in [eventlet.spawn(do, one) for one in range(number)]]
""",
}

GREENLETS = """
import json, sys, threading, time
import cspark.wasm as Hybrid

through, silent, url, *secure = sys.argv[1:]
fetched = []

def token():
    time.sleep(0.05)
    fetched.append(1)
    return 'mine'

def made(**options):
    hybrid = Hybrid.Client(tenant='t', timeout=40_000, max_retries=0, **options)
    if through == 'httpx':
        hybrid.http_client
    return hybrid

def turns(hybrid):
    def call(greenlet):
        made = [{'greenlet': greenlet, 'turn': turn} for turn in range(4)]
        return all(hybrid.services.execute('f/s', inputs=inputs).output == inputs for inputs in made)
    return at_once(call, 20)

def late(_):
    try:
        silence.services.execute('f/s', inputs={}, timeout=300)
    except Hybrid.SparkTimeoutError:
        return True

outputs = turns(made(base_url=url, token=token))
if secure:
    outputs += turns(made(base_url=secure[0], token='open', verify=secure[1]))
silence = made(base_url=silent, token='open')
outputs += at_once(late, 5)
print(json.dumps([outputs, len(fetched)]))
"""


@pytest.mark.parametrize('through', THROUGH)
@pytest.mark.parametrize('patched', PATCHED)
def test_greenlets_call_at_once_and_get_their_own_answers(
    tmp_path: Path, secure: tuple[ssl.SSLContext, str], patched: str, through: str
) -> None:
    if importlib.util.find_spec(patched) is None:  # not imported: it patches what it finds
        pytest.skip(f'{patched} is not installed')
    with ExitStack() as stack:
        urls = [stack.enter_context(meeting(20))]
        if patched == 'gevent':  # eventlet's TLS is a matter of its own
            urls += [stack.enter_context(meeting(20, secure[0])), secure[1]]
        silent = stack.enter_context(misbehaving())
        silent.behave([says_nothing])
        outputs, fetched = program(PATCHED[patched] + GREENLETS, tmp_path, through, silent.url, *urls)
    assert outputs == [True] * (45 if patched == 'gevent' else 25)
    assert fetched == 1


def tasks(hybrid: Hybrid.AsyncClient, number: int) -> list[Any]:
    """Coroutines that make four calls each; whether each got its own answers."""

    async def call(task: int) -> bool:
        good = True
        for turn in range(4):
            answer = await hybrid.services.execute('f/s', inputs={'task': task, 'turn': turn})
            good = good and answer.output == {'task': task, 'turn': turn}
        return good

    return [call(task) for task in range(number)]


@pytest.mark.parametrize('scheme', ['http', 'https'])
@pytest.mark.parametrize('through', THROUGH)
def test_tasks_on_uvloop_get_their_own_answers(secure: tuple[ssl.SSLContext, str], through: str, scheme: str) -> None:
    uvloop: Any = pytest.importorskip('uvloop')
    context, pem = secure if scheme == 'https' else (None, None)

    async def main(url: str) -> tuple[list[bool], bool]:
        options: dict[str, Any] = {'base_url': url, 'tenant': 't', 'token': 'open', 'timeout': 40_000}
        async with Hybrid.AsyncClient(max_retries=0, verify=pem, **options) as hybrid:
            if through == 'httpx':
                assert hybrid.http_client is not None
            good = await asyncio.gather(*tasks(hybrid, 50))
            with pytest.raises(asyncio.TimeoutError):  # no other caller comes
                await asyncio.wait_for(hybrid.services.execute('f/s', inputs={'turn': 0}), 0.2)
            return good, all(await asyncio.gather(*tasks_after(hybrid)))

    with meeting(50, context) as url, asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        assert loop.run(main(url)) == ([True] * 50, True)


def tasks_after(hybrid: Hybrid.AsyncClient) -> list[Any]:
    """Calls that are answered at once."""

    async def call(number: int) -> bool:
        inputs = {'number': number, 'turn': 1}
        return bool((await hybrid.services.execute('f/s', inputs=inputs)).output == inputs)

    return [call(number) for number in range(10)]


@pytest.mark.parametrize('scheme', ['http', 'https'])
@pytest.mark.parametrize('through', ['what it chooses', 'httpx'])
def test_tasks_on_trio_get_their_own_answers(secure: tuple[ssl.SSLContext, str], through: str, scheme: str) -> None:
    trio: Any = pytest.importorskip('trio')
    context, pem = secure if scheme == 'https' else (None, None)
    good: list[bool] = []

    async def note(call: Any) -> None:
        good.append(await call)

    async def main(url: str) -> None:
        beneath = httpx.AsyncClient(verify=ssl.create_default_context(cafile=pem))
        options: dict[str, Any] = {'base_url': url, 'tenant': 't', 'token': 'open', 'timeout': 40_000}
        options['http_client'] = beneath if through == 'httpx' else None
        async with beneath, Hybrid.AsyncClient(max_retries=0, verify=pem, **options) as hybrid:
            async with trio.open_nursery() as nursery:
                for call in tasks(hybrid, 20):
                    nursery.start_soon(note, call)
            with trio.move_on_after(0.2) as scope:
                await hybrid.services.execute('f/s', inputs={'turn': 0})
            assert scope.cancelled_caught
            with pytest.raises(Hybrid.SparkTimeoutError):
                await hybrid.services.execute('f/s', inputs={'turn': 0}, timeout=200)
            for call in tasks_after(hybrid):
                await note(call)

    with meeting(20, context) as url:
        trio.run(main, url)
    assert good == [True] * 30


@pytest.mark.parametrize('scheme', ['http', 'https'])
@pytest.mark.parametrize('through', THROUGH)
def test_64_threads_on_one_client_get_their_own_answers(
    secure: tuple[ssl.SSLContext, str], through: str, scheme: str
) -> None:
    context, pem = secure if scheme == 'https' else (None, None)

    def call(thread: int) -> bool:
        made = [{'thread': thread, 'turn': turn} for turn in range(6)]
        return all(hybrid.services.execute('f/s', inputs=inputs).output == inputs for inputs in made)

    with meeting(64, context) as url, ThreadPoolExecutor(64) as pool:
        options: dict[str, Any] = {'base_url': url, 'timeout': 60_000, 'max_retries': 0, 'verify': pem}
        with client_in('sync', **options) as hybrid:
            if through == 'httpx':
                assert hybrid.http_client is not None
            assert list(pool.map(call, range(64))) == [True] * 64
