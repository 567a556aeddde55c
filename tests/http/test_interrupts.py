"""Ctrl-C ends a call in every phase."""

from __future__ import annotations

import json
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from support.faulty import BODY, head, read_request
from support.sockets import full, listening

THROUGH = ['its own connections', 'httpx']

PROGRAM = """
import asyncio, json, socket, sys, time
import cspark.wasm as Hybrid

world, through, urls = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
original = socket.getaddrinfo

def resolve(host, *arguments, **options):
    if host in ('slow.test', b'slow.test'):
        time.sleep(50)
    return original(host, *arguments, **options)

async def awaited():
    await asyncio.sleep(50)

def call(phase, url):
    tokens = {'a token function': lambda: time.sleep(50), 'an async token function': awaited}
    options = {'base_url': url, 'tenant': 't', 'token': tokens.get(phase, 'open'), 'timeout': 60_000}
    options['max_retries'] = 3 if 'pause' in phase else 0
    hybrid = (Hybrid.Client if world == 'sync' else Hybrid.AsyncClient)(**options)
    if through == 'httpx':
        hybrid.http_client
    inputs = {'text': 'x' * 30_000_000 if 'sending' in phase else 'x'}
    async def one():
        return await hybrid.services.execute('f/s', inputs=inputs)
    print('ready', flush=True)
    if world == 'sync':
        return hybrid.services.execute('f/s', inputs=inputs)
    return asyncio.run(one())

socket.getaddrinfo = resolve
for phase, url in urls.items():
    try:
        end = repr(call(phase, url))
    except BaseException as error:
        end = type(error).__name__
    print(end, flush=True)
"""


@contextmanager
def started(*arguments: str) -> Generator[tuple[subprocess.Popen[str], queue.Queue[str]]]:
    """A program and what it prints, line by line."""
    command = [sys.executable, '-c', PROGRAM, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        lines: queue.Queue[str] = queue.Queue()
        assert process.stdout is not None
        output = process.stdout

        def read() -> None:
            for line in output:
                lines.put(line.strip())

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            yield process, lines
        finally:
            process.kill()
            reader.join(10)


def interrupted(world: str, through: str, urls: dict[str, str]) -> dict[str, str]:
    """How a call ended that was interrupted in each phase, and the program after all of them."""
    ends: dict[str, str] = {}
    while left := {phase: url for phase, url in urls.items() if phase not in ends}:
        with started(world, through, json.dumps(left)) as (process, lines):
            for phase in left:
                assert lines.get(timeout=60) == 'ready'
                time.sleep(0.25)
                process.send_signal(signal.SIGINT)
                try:
                    ends[phase] = lines.get(timeout=20)
                except queue.Empty:
                    ends[phase] = 'goes on'
                    break
            else:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(20)
                ends['the program'] = f'ends with {process.returncode}'
    return ends


@contextmanager
def phases() -> Generator[dict[str, str]]:
    """Addresses at which a call does not get beyond a phase."""
    over = threading.Event()

    def stuck(*sent: bytes) -> Callable[[socket.socket], object]:
        def serve(connection: socket.socket) -> None:
            connection.settimeout(60)
            while sent and read_request(connection):
                connection.sendall(b''.join(sent))
            over.wait(100)

        return serve

    busy = head(2, '503 Service Unavailable', 'Retry-After: 50') + b'{}'
    half = head(len(BODY)) + BODY[:20]
    with ExitStack() as stack:
        deaf = stack.enter_context(listening(stuck())).port
        port = stack.enter_context(full()).getsockname()[1]
        urls = {
            'a token function': f'http://127.0.0.1:{deaf}',
            'resolving a name': f'http://slow.test:{deaf}',
            'the handshake of TLS': f'https://127.0.0.1:{deaf}',
            'sending a body': f'http://127.0.0.1:{deaf}',
            'waiting for the head': f'http://127.0.0.1:{deaf}',
            'half a body': f'http://127.0.0.1:{stack.enter_context(listening(stuck(half))).port}',
            'a pause before a retry': f'http://127.0.0.1:{stack.enter_context(listening(stuck(busy))).port}',
        }
        if sys.platform == 'linux':  # elsewhere a full queue refuses
            urls['connecting'] = f'http://127.0.0.1:{port}'
        try:
            yield urls
        finally:
            over.set()


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == 'win32', reason='no signals')
@pytest.mark.parametrize('through', THROUGH)
def test_an_interrupt_from_the_keyboard_ends_a_call_in_every_phase(world: str, through: str) -> None:
    with phases() as urls:
        if world == 'async':
            urls['an async token function'] = urls.pop('a token function')
        if (world, through) == ('async', 'httpx'):
            del urls['resolving a name']  # on a thread of asyncio's own, which waits for it when it ends
        ends = interrupted(world, through, urls)
    assert ends == {**dict.fromkeys(urls, 'KeyboardInterrupt'), 'the program': 'ends with 0'}


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == 'win32', reason='no signals')
def test_a_program_ends_soon_after_an_interrupt_while_a_token_is_fetched_on_a_thread() -> None:
    ends = interrupted('async', THROUGH[0], {'a token function': 'http://127.0.0.1:1'})
    assert ends == {'a token function': 'KeyboardInterrupt', 'the program': 'ends with 0'}
