"""A server on a socket that keeps what it is sent and answers what it is told to."""

from __future__ import annotations

import gzip
import json
import threading
import zlib
from collections import deque
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SUCCESS = {
    'status': 'Success',
    'error': None,
    'response_data': {'outputs': {'volume': 1.5}, 'warnings': None, 'errors': None, 'service_chain': None},
    'response_meta': {'version': '1.2.3', 'process_time': 1, 'system': 'SPARK'},
}


@dataclass(frozen=True)
class Received:
    """A request as it arrived: `path` is as it stood in the request line."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, unpacked and read."""
        match self.headers.get('content-encoding'):
            case 'gzip':
                return json.loads(gzip.decompress(self.body))
            case 'deflate':
                return json.loads(zlib.decompress(self.body))
            case _:
                return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What to answer."""

    status: int = 200
    body: bytes | Mapping[str, Any] = field(default_factory=lambda: SUCCESS)
    headers: Mapping[str, str] = field(default_factory=lambda: {'Content-Type': 'application/json'})


class Recorder:
    """The requests that came, and the replies that are to be given; the last reply is given for ever."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.replies: deque[Reply] = deque([Reply()])
        self.url = ''

    @property
    def last(self) -> Received:
        """The newest request."""
        return self.received[-1]

    def reply(self, *replies: Reply) -> None:
        """Answer with these from now on."""
        self.replies = deque(replies)

    def answer(self, received: Received) -> Reply:
        """Keep a request and choose its reply."""
        self.received.append(received)
        return self.replies.popleft() if len(self.replies) > 1 else self.replies[0]


class Server(ThreadingHTTPServer):
    """A server that many may knock at at the same time."""

    request_queue_size = 256
    daemon_threads = True


@contextmanager
def recording() -> Generator[Recorder]:
    """A recording server on a free port of loopback."""
    recorder = Recorder()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
            if self.headers.get('Transfer-Encoding') == 'chunked':
                body = self.read_chunks()
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = recorder.answer(Received(self.command, self.path, headers, body))
            content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header('Content-Length', str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def read_chunks(self) -> bytes:
            parts: list[bytes] = []
            while length := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(length))
                self.rfile.readline()
            self.rfile.readline()
            return b''.join(parts)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base
            """Quiet."""

    server = Server(('127.0.0.1', 0), Handler)
    server.daemon_threads = True
    recorder.url = f'http://127.0.0.1:{server.server_port}'
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.02}, daemon=True)
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
