"""Servers on a socket that count who knocks, plain or with TLS, and a proxy that forwards."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from support.faulty import Behaviour, Faulty, answers, read_request

Serve = Callable[[socket.socket], object]


@dataclass
class Listener:
    """A server: where it listens, how many connections it accepted, and each one's end."""

    port: int
    accepted: int = 0
    ended: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


@contextmanager
def listening(serve: Serve, host: str = '127.0.0.1') -> Generator[Listener]:
    """A server on loopback, each connection with a thread of its own."""
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    with socket.create_server((host, 0), family=family, backlog=128) as server:
        listener = Listener(server.getsockname()[1])
        stopped = threading.Event()

        def handle(connection: socket.socket) -> None:
            try:
                with connection:
                    serve(connection)
            except OSError:
                pass
            finally:
                listener.ended.release()

        def accept() -> None:
            while True:
                connection, _ = server.accept()
                if stopped.is_set():
                    connection.close()
                    return
                listener.accepted += 1
                threading.Thread(target=handle, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield listener
        finally:
            stopped.set()
            socket.create_connection((host, listener.port), timeout=5).close()
            thread.join(5)


@contextmanager
def counted(*behaviours: Behaviour, host: str = '127.0.0.1') -> Generator[tuple[Faulty, Listener]]:
    """A server that behaves as it is told, and counts."""
    faulty = Faulty()
    faulty.behave(behaviours or [answers()])
    with listening(faulty.serve, host) as listener:
        faulty.url = f'http://{f"[{host}]" if ":" in host else host}:{listener.port}'
        yield faulty, listener


@contextmanager
def secured(context: ssl.SSLContext, host: str = '127.0.0.1') -> Generator[tuple[Faulty, Listener]]:
    """A server that speaks TLS and answers every request."""
    faulty = Faulty()
    faulty.behave([answers()])

    def serve(plain: socket.socket) -> None:
        plain.settimeout(10)
        with context.wrap_socket(plain, server_side=True) as connection:
            faulty.serve(connection)

    with listening(serve, host) as listener:
        faulty.url = f'https://{f"[{host}]" if ":" in host else host}:{listener.port}'
        yield faulty, listener


@dataclass
class Proxy:
    """A running proxy: the requests that it was asked to forward, and what it answers if it does not."""

    address: str = ''
    heads: list[str] = field(default_factory=lambda: list[str]())
    refusal: bytes = b''

    @property
    def lines(self) -> list[str]:
        """The method and the target of each request."""
        return [head.rsplit(' ', 1)[0] for head in (text.split('\r\n', 1)[0] for text in self.heads)]

    def serve(self, client: socket.socket) -> None:
        """Forward a request, or whatever goes through a tunnel."""
        client.settimeout(10)
        request = read_request(client)
        if request is None:
            return
        start, _, rest = request.partition(b'\r\n\r\n')
        self.heads.append(start.decode('latin-1'))
        if self.refusal:
            client.sendall(self.refusal)
            return
        method, target, _ = start.split(b'\r\n')[0].decode().split(' ')
        host, _, path = target.removeprefix('http://').partition('/')
        name, _, port = host.rpartition(':')
        with socket.create_connection((name, int(port)), timeout=10) as runner:
            if method == 'CONNECT':
                client.sendall(b'HTTP/1.1 200 Connection established\r\n\r\n')
            else:
                lines = [line for line in start.split(b'\r\n')[1:] if not line.lower().startswith((b'proxy-', b'conn'))]
                first = f'{method} /{path} HTTP/1.1'.encode()
                runner.sendall(b'\r\n'.join([first, *lines, b'Connection: close', b'', rest]))
            there = threading.Thread(target=_pump, args=(client, runner), daemon=True)
            there.start()
            _pump(runner, client)
            there.join(10)


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while part := source.recv(65536):
            target.sendall(part)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue


@contextmanager
def forwarding() -> Generator[Proxy]:
    """A proxy on loopback, plain and for tunnels."""
    proxy = Proxy()
    with listening(proxy.serve) as listener:
        proxy.address = f'127.0.0.1:{listener.port}'
        yield proxy


@contextmanager
def full() -> Generator[socket.socket]:
    """A server that takes no further connection."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(('127.0.0.1', 0), backlog=0))
        stack.enter_context(socket.create_connection(server.getsockname()))
        yield server
