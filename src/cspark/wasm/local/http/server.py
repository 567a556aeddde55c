"""Serve the runner's application on a socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, Self

import uvicorn

from .app import RunnerApp
from .listening import Listening
from .origins import Origins
from .request import Receive, Scope, Send

__all__ = ['Server']

STOPPING: Final = 2
"""How long running calls have to finish when the server stops, in seconds; then busy models are ended."""

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Server:
    """A runner on a socket, which is opened when the object is created. `url` is its address.

    Args:
        app: The runner's application.
        listening: The address and the certificate.

    Raises:
        SparkSdkError: The address cannot be used.
    """

    def __init__(self, app: RunnerApp, listening: Listening) -> None:
        self.listening = listening
        self.prefix = app.settings.prefix
        self._socket = listening.open()
        self.port: int = 0 if listening.uds is not None else self._socket.getsockname()[1]
        self._server = _Uvicorn(app, Origins(app.settings.allowed_hosts, loopback=listening.only_here), listening)
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address, such as `http://127.0.0.1:3000`; for a Unix socket, `unix:` and its path."""
        if self.listening.uds is not None:
            return f'unix:{os.fspath(self.listening.uds)}'
        host = f'[{self.listening.host}]' if ':' in self.listening.host else self.listening.host
        scheme = 'http' if self.listening.certificate is None else 'https'
        return f'{scheme}://{host}:{self.port}{self.prefix}'

    def run(self, ready: Callable[[], object] | None = None) -> int | None:
        """Serve until the process receives SIGINT or SIGTERM.

        Ctrl-C and SIGTERM end the server within seconds, whatever the models do: waiting calls get 503, running calls
        have 2 seconds to finish.

        Args:
            ready: Called when the server accepts requests.

        Returns:
            The signal that ended the server, if any.
        """
        try:
            with _signals_of(self._server) as received:
                self._server.ready = ready
                with asyncio.Runner(loop_factory=self._server.config.get_loop_factory()) as loop:
                    loop.run(self._server.serve([self._socket]))
            return received[0] if received else None
        finally:
            self._close()

    def start(self) -> Self:
        """Serve on a thread."""
        self._thread = threading.Thread(target=self.run, name=f'runner-{self.port}', daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving; running calls have 2 seconds to finish. A stopped server cannot be started again."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(STOPPING + 5)
            self._thread = None
        self._close()

    def __enter__(self) -> Self:
        return self if self._thread else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _close(self) -> None:
        self._socket.close()
        if self.listening.uds is not None:
            Path(self.listening.uds).unlink(missing_ok=True)


class _Uvicorn(uvicorn.Server):
    """A uvicorn server that `Server` stops. It handles no signals itself and stops the models when the process ends."""

    def __init__(self, app: RunnerApp, origins: Origins, listening: Listening) -> None:
        self.app = app
        self.origins = origins
        self.ready: Callable[[], object] | None = None
        self.process_ends = False
        certificate = listening.certificate
        config = uvicorn.Config(
            self.answer,
            log_config=None,
            log_level='error',
            access_log=False,
            interface='asgi3',
            proxy_headers=False,
            lifespan='off',
            ws='none',
            server_header=False,
            timeout_graceful_shutdown=STOPPING + 1,
            ssl_certfile=os.fspath(certificate) if certificate is not None else None,
            ssl_keyfile=os.fspath(listening.key) if listening.key is not None else None,
        )
        super().__init__(config)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application, which refuses it if its origin is another site."""
        await self.app(scope, receive, send, self.origins)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Install no signal handlers, unlike uvicorn's own method."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the server, then call `ready`."""
        await super().startup(sockets)
        if self.ready:
            self.ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop the server and, if the process ends, the models."""
        await asyncio.gather(super().shutdown(sockets), self._drain())

    async def _drain(self) -> None:
        if self.process_ends:
            await asyncio.to_thread(self.app.catalog.drain, STOPPING)


@contextlib.contextmanager
def _signals_of(server: _Uvicorn) -> Generator[list[int]]:
    """Let SIGINT and SIGTERM end the server, only in the main thread; a second signal ends it at once."""
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        server.force_exit = bool(received)
        server.should_exit = server.process_ends = True
        received.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before: dict[int, Any] = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
