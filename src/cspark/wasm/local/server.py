"""The runner's application on a socket."""

from __future__ import annotations

import errno
import socket
import sys
import threading
from types import TracebackType
from typing import Final, Self

import uvicorn

from ..errors import SparkSdkError
from .app import RunnerApp

__all__ = ['Server']

STOPPING: Final = 5
"""How long calls under way may go on when the server stops, in seconds."""


class Server:
    """A runner that listens. The socket is open when the object is there; `port` tells where.

    Args:
        app: The runner's application.
        port: The port, 0 for any that is free.
        host: The address to listen on; by default it is reached from this machine alone.
        prefix: What stands before every path of the application.

    Raises:
        SparkSdkError: The port cannot be had.
    """

    def __init__(self, app: RunnerApp, port: int = 3000, host: str = '127.0.0.1', prefix: str = '') -> None:
        try:
            self._socket = _listening(host, port)
        except (OSError, OverflowError) as error:
            reason = 'it is in use' if getattr(error, 'errno', 0) == errno.EADDRINUSE else str(error)
            raise SparkSdkError(f'port {port} of {host} cannot be used: {reason}') from error
        self.host = host
        self.prefix = prefix
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app, log_level='warning', access_log=False, lifespan='off', ws='none', timeout_graceful_shutdown=STOPPING
        )
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens, such as `http://127.0.0.1:3000`."""
        host = f'[{self.host}]' if ':' in self.host else self.host
        return f'http://{host}:{self.port}{self.prefix}'

    def run(self) -> None:
        """Serve until the process is told to stop."""
        try:
            self._server.run([self._socket])
        finally:
            self._socket.close()

    def start(self) -> Self:
        """Serve on a thread."""
        self._thread = threading.Thread(target=self.run, name=f'runner-{self.port}', daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving, after the calls under way or 5 seconds. A stopped server stays stopped."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(STOPPING + 5)
            self._thread = None
        self._socket.close()

    def __enter__(self) -> Self:
        return self if self._thread else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _listening(host: str, port: int) -> socket.socket:
    # The protocol is named because asyncio switches Nagle's algorithm off only where it is: 40 ms a call otherwise.
    listening = socket.socket(
        socket.AF_INET6 if ':' in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )
    try:
        if sys.platform != 'win32':
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)
    except BaseException:
        listening.close()
        raise
    return listening
