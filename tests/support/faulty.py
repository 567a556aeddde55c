"""A server on a socket that misbehaves as it is told: one behaviour a connection or request, in order."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from support.wire import SUCCESS

BODY = json.dumps(SUCCESS).encode()
Behaviour = Callable[[socket.socket], bool]
"""Answers a request that was read; the result says whether the connection goes on."""


def head(length: int | None, status: str = '200 OK', *headers: str, kind: str = 'application/json') -> bytes:
    """The head of an answer."""
    lines = [f'HTTP/1.1 {status}', f'Content-Type: {kind}', *headers]
    if length is not None:
        lines.append(f'Content-Length: {length}')
    return ('\r\n'.join(lines) + '\r\n\r\n').encode()


def answers(content: bytes = BODY, status: str = '200 OK', *headers: str, kind: str = 'application/json') -> Behaviour:
    """Answer, and keep the connection."""

    def behave(connection: socket.socket) -> bool:
        connection.sendall(head(len(content), status, *headers, kind=kind) + content)
        return True

    return behave


def sends(content: bytes, *, reset: bool = False) -> Behaviour:
    """Send these bytes and end the connection, in order or by a reset."""

    def behave(connection: socket.socket) -> bool:
        connection.sendall(content)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        return False

    return behave


def closes_later(connection: socket.socket) -> bool:
    """Answer well, and then close the connection that the client keeps."""
    connection.sendall(head(len(BODY)) + BODY)
    return False


def drips(connection: socket.socket) -> bool:
    """Send the body byte by byte, too slowly to ever end."""
    connection.sendall(head(100_000))
    return _wait(connection, b'1')


def says_nothing(connection: socket.socket) -> bool:
    """Never answer."""
    return _wait(connection, b'')


def _wait(connection: socket.socket, each: bytes) -> bool:
    """Until the client gives up; 20 seconds at most."""
    for _ in range(1000):
        try:
            if each:
                connection.sendall(each)
            connection.settimeout(0.02)
            if connection.recv(1, socket.MSG_PEEK) == b'':
                return False
        except TimeoutError:
            time.sleep(0)
        except OSError:
            return False
    return False


def packed(content: bytes = BODY, cut: int = 0) -> Behaviour:
    """Answer with gzip, perhaps cut off."""
    body = gzip.compress(content)
    return answers(body[: len(body) - cut], '200 OK', 'Content-Encoding: gzip')


@dataclass
class Faulty:
    """A running faulty server."""

    url: str = ''
    behaviours: list[Behaviour] = field(default_factory=lambda: list[Behaviour]())
    requests: list[bytes] = field(default_factory=lambda: list[bytes]())

    def behave(self, behaviours: Sequence[Behaviour]) -> None:
        """Behave like this from now on; the last one goes on for ever."""
        self.behaviours = list(behaviours)

    def serve(self, connection: socket.socket) -> None:
        """Handle the requests of a connection."""
        with connection:
            connection.settimeout(10)
            while (request := read_request(connection)) is not None:
                self.requests.append(request)
                behaviour = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
                try:
                    if not behaviour(connection):
                        return
                except OSError:
                    return


def read_request(connection: socket.socket) -> bytes | None:
    """A whole request; None where the client ends the connection."""
    content = b''
    try:
        while b'\r\n\r\n' not in content:
            part = connection.recv(65536)
            if not part:
                return None
            content += part
        start, _, body = content.partition(b'\r\n\r\n')
        length = next(
            (int(line[15:]) for line in start.split(b'\r\n') if line.lower().startswith(b'content-length:')), 0
        )
        while len(body) < length:
            part = connection.recv(65536)
            if not part:
                return None
            body += part
    except OSError:
        return None
    return start + b'\r\n\r\n' + body


@contextmanager
def misbehaving(port: int = 0) -> Generator[Faulty]:
    """A faulty server on loopback."""
    faulty = Faulty()
    with socket.create_server(('127.0.0.1', port)) as listening:
        faulty.url = f'http://127.0.0.1:{listening.getsockname()[1]}'
        stopped = threading.Event()

        def accept() -> None:
            while not stopped.is_set():
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=faulty.serve, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield faulty
        finally:
            stopped.set()
            with socket.create_connection(listening.getsockname(), timeout=1):
                pass
            thread.join(5)
