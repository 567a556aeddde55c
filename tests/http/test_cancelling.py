"""Tasks that are cancelled in every phase of a call leave neither a bad client nor their answers behind."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import sys
import threading
import warnings
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import cspark.wasm as Hybrid
from support.certificates import authority, server_context
from support.faulty import answers, head, read_request
from support.sockets import full, listening
from support.wire import SUCCESS

THROUGH = ['its own connections', 'httpx']


class Cancelled:
    """A server whose first connection gets stuck until a task is cancelled, and answers it then; others echo."""

    def __init__(self, phase: str, context: Any) -> None:
        self.phase, self.context = phase, context
        self.arrived, self.cancelled = threading.Event(), threading.Event()
        self._counting = threading.Lock()
        self._count = 0

    def serve(self, plain: socket.socket) -> None:
        """Handle a connection."""
        with self._counting:
            self._count += 1
            is_first = self._count == 1
        plain.settimeout(60)
        if is_first:
            self._get_stuck(plain)
        if self.context and not is_first:
            with self.context.wrap_socket(plain, server_side=True) as connection:
                echo(connection)
        else:
            echo(plain)

    def _get_stuck(self, connection: socket.socket) -> None:
        wrong = json.dumps({**SUCCESS, 'response_data': {'outputs': {'number': 666}}}).encode()
        answer = head(len(wrong)) + wrong
        if 'token' in self.phase:
            return
        if self.phase in ('the handshake of TLS', 'sending a body'):
            connection.recv(1)
        else:
            assert read_request(connection)
        if self.phase == 'a pause before a retry':
            answers(b'{}', '503 Service Unavailable', 'Retry-After: 50')(connection)
        sent = answer[:-10] if self.phase == 'half a body' else b''
        connection.sendall(sent)
        self.arrived.set()
        assert self.cancelled.wait(60)
        if self.phase == 'sending a body':
            while connection.recv(1 << 20):
                continue
        if self.phase != 'a pause before a retry':
            connection.sendall(answer[len(sent) :])

    def token(self) -> str:
        """A token; the first one takes until the task is cancelled."""
        self.arrived.set()
        assert self.cancelled.wait(60)
        return 'mine'

    async def async_token(self) -> str:
        """The same, awaited."""
        self.arrived.set()
        while not self.cancelled.is_set():  # noqa: ASYNC110 - it is no event of the loop
            await asyncio.sleep(0.01)
        return 'mine'


def echo(connection: socket.socket) -> None:
    """Answer with the inputs."""
    while request := read_request(connection):
        inputs = json.loads(request.partition(b'\r\n\r\n')[2])['request_data']['inputs']
        answers(json.dumps({**SUCCESS, 'response_data': {'outputs': inputs}}).encode())(connection)


async def cancel_a_call(hybrid: Hybrid.AsyncClient, server: Cancelled) -> list[Any]:
    """Cancel a call once it is in its phase; what later calls get."""
    text = 'x' * (30_000_000 if server.phase == 'sending a body' else 1)

    async def call(number: int) -> Any:
        return (await hybrid.services.execute('f/s', inputs={'number': number}, max_retries=0)).output['number']

    task = asyncio.ensure_future(hybrid.services.execute('f/s', inputs={'number': -1, 'text': text}))
    if server.phase == 'connecting':
        await asyncio.sleep(0.3)
    else:
        assert await asyncio.to_thread(server.arrived.wait, 60)
    await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.wait({task}, timeout=25)
    assert task.cancelled()
    server.cancelled.set()
    return [*[await call(number) for number in range(3)], *await asyncio.gather(*map(call, range(3, 8)))]


@contextmanager
def accepting(server: Cancelled) -> Generator[int]:
    """A server that takes no connection until a task was cancelled."""
    with full() as waiting:

        def accept() -> None:
            server.cancelled.wait(60)
            waiting.listen(50)
            while not server.arrived.is_set():
                connection, _ = waiting.accept()
                connection.settimeout(60)
                threading.Thread(target=quietly, args=(connection,), daemon=True).start()

        def quietly(connection: socket.socket) -> None:
            with connection:
                echo(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield waiting.getsockname()[1]
        finally:
            server.cancelled.set()
            server.arrived.set()
            socket.create_connection(waiting.getsockname(), timeout=20).close()
            thread.join(20)


PHASES = [
    'a token function',
    'an async token function',
    'connecting',
    'the handshake of TLS',
    'sending a body',
    'waiting for the head',
    'half a body',
    'a pause before a retry',
]


@pytest.mark.thorough
@pytest.mark.parametrize('phase', PHASES)
@pytest.mark.parametrize('through', THROUGH)
def test_a_task_that_is_cancelled_in_any_phase_leaves_a_good_client(tmp_path: Path, through: str, phase: str) -> None:
    if phase == 'connecting' and sys.platform != 'linux':
        pytest.skip('a full queue refuses here')
    ca, trust = authority(), httpx.create_ssl_context(verify=False)
    scheme = 'https' if 'TLS' in phase else 'http'
    server = Cancelled(phase, server_context(ca) if scheme == 'https' else None)
    tokens: dict[str, str | Callable[[], str] | Callable[[], Awaitable[str]]]
    tokens = {'a token function': server.token, 'an async token function': server.async_token}

    async def main(port: int) -> list[Any]:
        beneath = httpx.AsyncClient(verify=trust, timeout=None) if through == 'httpx' else None
        options: dict[str, Any] = {'base_url': f'{scheme}://127.0.0.1:{port}', 'timeout': 60_000, 'max_retries': 3}
        options |= {'tenant': 't', 'token': tokens.get(phase, 'open'), 'verify': trust, 'http_client': beneath}
        async with Hybrid.AsyncClient(**options) as hybrid:
            outputs = await cancel_a_call(hybrid, server)
        if beneath:
            await beneath.aclose()
        return outputs

    with accepting(server) if phase == 'connecting' else listening(server.serve) as opened:
        port = opened if isinstance(opened, int) else opened.port
        assert asyncio.run(main(port)) == list(range(8))
    if through == 'httpx':  # httpcore leaves a connection open whose handshake was cancelled
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            gc.collect()
