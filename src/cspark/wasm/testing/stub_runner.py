"""A runner of stubs: a server on a socket that speaks the API and computes nothing itself."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# A request may hold anything.
from __future__ import annotations

import json
import re
import socket
import threading
import zlib
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit

from .._codec.json import decode_json, is_array, is_object
from .stub import Call, Compute, Failure, Stub

__all__ = ['StubRunner']

EXECUTE: Final = re.compile(
    r'.*/api/v(?P<api>[34])/(?:public/)?(?:folders/(?P<folder>[^/]+)/services/(?P<service>[^/]+)/execute'
    r'|version/(?P<version_id>[^/]+)|service/(?P<service_id>[^/]+)|execute)'
)
VALIDATE: Final = re.compile(r'.*/api/v3/(?:validation|metadata)')
VERSION: Final = re.compile(r'(?P<service>.+)\[(?P<version>[^\[\]]*)\]')


class StubRunner:
    """A runner whose services are Python functions. It listens on a free port of this machine.

    Attributes:
        url: Its address.
        stubs: Its services.
    """

    def __init__(self) -> None:
        self.stubs: list[Stub] = []
        self.stopping = threading.Event()
        handler = type('Handler', (_Handler,), {'runner': self})
        self._server = _Server(('127.0.0.1', 0), handler)
        self.url = f'http://127.0.0.1:{self._server.server_address[1]}'
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def add(self, uri: str, compute: Compute) -> Stub:
        """Add a service; one of the same name and version is replaced.

        Args:
            uri: `folder/service` or `folder/service[version]`.
            compute: A function that gets the inputs of a record and returns its outputs.
        """
        stub = Stub(uri, compute)
        self.stubs = [*(one for one in self.stubs if one.uri != stub.uri), stub]
        return stub

    def find(self, named: Mapping[str, str | None]) -> Stub | None:
        """Find the service that a request names; of several versions the one that was added last."""
        version = named.get('version') or ''
        for stub in reversed(self.stubs):
            if named.get('version_id'):
                if named['version_id'] == stub.version_id:
                    return stub
                continue
            is_same = (named.get('folder'), named.get('service')) == (stub.folder, stub.service)
            if (named.get('service_id') == stub.service_id or is_same) and _starts_with(stub.version, version):
                return stub
        return None

    def close(self) -> None:
        """Stop listening, and end the connections that clients keep."""
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._server.end_connections()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: Any) -> None:
        super().__init__(address, handler)
        self._open: dict[threading.Thread, socket.socket] = {}

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection, and remember it meanwhile."""
        here = threading.current_thread()
        self._open[here] = request
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.pop(here, None)

    def end_connections(self) -> None:
        """End all connections and wait for their threads."""
        for thread, connection in list(self._open.items()):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join(5)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    runner: StubRunner

    def do_GET(self) -> None:
        """Answer the probes."""
        path = urlsplit(self.path).path
        if path.endswith('/healthcheck'):
            self._answer(200, {'msg': 'ok'})
        elif path.endswith('/version'):
            self._answer(200, {'lastPullDate': None, 'filehash': None, 'version': 'stub'})
        elif path.endswith('/status'):
            models = [{'id': one.version_id, 'size': 1, 'busy': 0} for one in self.runner.stubs]
            self._answer(200, {'models': [{'tenant': 'my-tenant', 'model_stats': models}]})
        else:
            self._refuse(404, f'no operation at {path}')

    def do_POST(self) -> None:
        """Execute or validate."""
        path, body = urlsplit(self.path).path, self._read()
        found = EXECUTE.fullmatch(path)
        if path.endswith('/upload'):
            self._refuse(403, 'a runner of stubs takes no packages; add a service by its function')
        elif body is None:
            self._refuse(400, 'the body must be a JSON object')
        elif found is None and not VALIDATE.fullmatch(path):
            self._refuse(404, f'no operation at {path}')
        else:
            named = found.groupdict() if found else {}
            self._call(path, body, {name: unquote(value or '') for name, value in named.items()})

    def _call(self, path: str, body: dict[str, Any], named: dict[str, str]) -> None:
        is_many = named.get('api') == '4'
        meta: Any = body if is_many else body.get('request_meta') or {}
        inputs = body.get('inputs') if is_many else (body.get('request_data') or {}).get('inputs')
        stub = self.runner.find(_names(named, meta))
        if stub is None:
            self._refuse(404, 'no service of that name; the stubs are ' + ', '.join(s.uri for s in self.runner.stubs))
            return
        if is_many:
            records = _records(inputs)
        else:
            records = [inputs if is_object(inputs) else {}]
        headers = {name.lower(): value for name, value in self.headers.items()}
        said = {name: value for name, value in meta.items() if name != 'inputs'}
        failure = stub.receive(Call(path, headers, tuple(records), said))
        if failure is not None and not self._fail(failure):
            return
        if VALIDATE.fullmatch(path):
            self._answer(200, _one(stub, {}, None))
        elif is_many:
            self._answer(200, _many(stub, [stub.execute(record) for record in records]))
        else:
            self._answer(200, _one(stub, *stub.execute(records[0])))

    def _fail(self, failure: Failure) -> bool:
        """Fail a call; return whether it goes on, because it was only delayed."""
        if failure.kind == 'delay':
            return not self.runner.stopping.wait(failure.seconds)
        if failure.kind == 'drop':
            self.close_connection = True
        elif failure.kind == 'malformed':
            self._send(200, b'{"status": "Success", "response_data": {"outp')
        else:
            after = {} if failure.retry_after is None else {'Retry-After': str(failure.retry_after)}
            self._refuse(failure.status, failure.message, after)
        return False

    def _read(self) -> dict[str, Any] | None:
        content = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        if self.headers.get('Content-Encoding') in ('gzip', 'deflate'):
            content = zlib.decompress(content, 47)
        try:
            body: Any = decode_json(content)
        except ValueError:
            return None
        return body if is_object(body) else None

    def _refuse(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        error = {'status': 'Error', 'error': {'message': message}, 'response_data': None, 'response_meta': {}}
        self._answer(status, error, headers)

    def _answer(self, status: int, answer: object, headers: Mapping[str, str] | None = None) -> None:
        self._send(status, json.dumps(answer).encode(), headers)

    def _send(self, status: int, content: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(content)))
        if request_id := self.headers.get('x-request-id'):
            self.send_header('x-request-id', request_id)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the library's name
        """Log nothing: a test prints what it has to say."""


def _names(named: Mapping[str, str], meta: Mapping[str, Any]) -> dict[str, str | None]:
    """How a request names the service, in its path or in its metadata."""
    version_id = named.get('version_id') or meta.get('version_id')
    service_id = named.get('service_id') or meta.get('service_id')
    folder, service, version = named.get('folder'), named.get('service') or '', meta.get('version')
    uri = meta.get('service_uri') or meta.get('service')
    if not service and isinstance(uri, str):
        folder, slash, service = uri.partition('/')
        if not slash:  # the id of a service, or that of a version
            folder, service, service_id = None, '', service_id or folder
    # The name in a path is whole; in a body, a version in brackets may follow it.
    found = VERSION.fullmatch(service) if isinstance(uri, str) and not named.get('service') else None
    return {
        'version_id': version_id,
        'service_id': service_id,
        'folder': folder,
        'service': found['service'] if found else service,
        'version': found['version'] if found else version,
    }


def _starts_with(version: str, asked: str) -> bool:
    """Whether a version is the one asked for, which may leave out its last parts: 1.4 means 1.4.0 too."""
    return not asked or version == asked or version.startswith(f'{asked}.')


def _records(inputs: Any) -> list[dict[str, Any]]:
    """The records of a v4 request: objects, or a row of names followed by rows of values."""
    if not is_array(inputs) or not inputs:
        return []
    if is_array(inputs[0]):
        names, *rows = inputs
        return [dict(zip(names, row, strict=False)) for row in rows]
    return [record if is_object(record) else {} for record in inputs]


def _about(stub: Stub) -> dict[str, Any]:
    return {
        'service_id': stub.service_id,
        'version_id': stub.version_id,
        'version': stub.version,
        'call_id': '00000000-0000-4000-8000-000000000000',
    }


def _one(stub: Stub, outputs: Any, errors: Any) -> dict[str, Any]:
    data = {'outputs': outputs, 'warnings': None, 'errors': errors, 'service_chain': None}
    return {
        'status': 'Success',
        'error': None,
        'response_data': data,
        'response_meta': {**_about(stub), 'process_time': 0, 'system': 'SPARK'},
    }


def _many(stub: Stub, results: list[tuple[Any, Any]]) -> dict[str, Any]:
    nothing = [None] * len(results)
    return {
        'outputs': [outputs for outputs, _ in results],
        'process_time': [0] * len(results),
        'warnings': nothing,
        'errors': [errors for _, errors in results],
        'service_chain': nothing,
        **_about(stub),
    }
