"""A runner on a socket that answers each record with what a test gave for it."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

import cspark.wasm as Hybrid
from support.many import Record
from support.wire import Server
from support.worlds import World, client_in

NUMBER: Final = 'n'
"""The input that says which answer a record gets."""
CALL_ID: Final = '5e7d1c7a-call'
VERSION: Final = '1.2.3'


class Answers:
    """A runner that answers a record whose input `n` is a number with the outputs of that place.

    Attributes:
        outputs: The outputs by the number of the record; a record without a number, or with one beyond, has none.
        warnings: The warnings of the records that have some.
        errors: The errors of the records that have some.
        sent: The records as they arrived, in the order of their calls.
        calls: How many calls there were.
        executed: How often each number was computed.
        gate: While it is cleared, calls are held.
    """

    def __init__(self) -> None:
        self.url = ''
        self.gate = threading.Event()
        self.lock = threading.Lock()
        self.begin([])

    def begin(
        self,
        outputs: Sequence[Any],
        warnings: Mapping[int, Any] | None = None,
        errors: Mapping[int, Any] | None = None,
    ) -> list[Record]:
        """Answer with these from now on; the result is the records that ask for them."""
        self.outputs, self.warnings, self.errors = outputs, warnings or {}, errors or {}
        self.sent = list[Record]()
        self.executed = Counter[Any]()
        self.calls = 0
        self.gate.set()
        return [{NUMBER: number} for number in range(len(outputs))]

    def answer(self, body: Any) -> Any:
        """The answer to a call of either version."""
        inputs: Any = body['inputs'] if 'inputs' in body else [body['request_data']['inputs']]
        names: Any = inputs[0]
        is_columnar = isinstance(names, list)
        records: list[Record] = [dict(zip(names, row, strict=True)) for row in inputs[1:]] if is_columnar else inputs
        with self.lock:
            self.calls += 1
        self.gate.wait(20)
        numbers: list[Any] = [record.get(NUMBER) for record in records]
        with self.lock:
            self.sent += records
            self.executed.update(numbers)
        outputs = [self._of(number) for number in numbers]
        warnings = [self.warnings.get(number) for number in numbers]
        errors = [self.errors.get(number) for number in numbers]
        if 'inputs' in body:
            answer = {'outputs': outputs, 'warnings': warnings, 'errors': errors, 'process_time': [1] * len(numbers)}
            return {**answer, 'call_id': CALL_ID, 'version': VERSION, 'service_id': None, 'version_id': None}
        data = {'outputs': outputs[0], 'warnings': warnings[0], 'errors': errors[0], 'service_chain': None}
        meta = {'version': VERSION, 'call_id': CALL_ID, 'process_time': 1, 'system': 'SPARK'}
        return {'status': 'Success', 'error': None, 'response_data': data, 'response_meta': meta}

    def _of(self, number: Any) -> Any:
        known = isinstance(number, int) and not isinstance(number, bool) and 0 <= number < len(self.outputs)
        return self.outputs[number] if known else {}


@contextmanager
def answering() -> Generator[Answers]:
    """Such a runner on a free port of loopback."""
    answers = Answers()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            content = json.dumps(answers.answer(json.loads(self.rfile.read(int(self.headers['Content-Length'])))))
            head = f'HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n'
            try:
                self.wfile.write(head.encode() + content.encode())
            except ConnectionError:
                self.close_connection = True

        def handle(self) -> None:
            with suppress(ConnectionError):
                super().handle()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base
            """Quiet."""

    server = Server(('127.0.0.1', 0), Handler)
    answers.url = f'http://127.0.0.1:{server.server_port}'
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.02}, daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        answers.gate.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextmanager
def asking(world: World, answers: Answers, **options: Any) -> Generator[Hybrid.Client]:
    """A client of either kind that calls it."""
    with client_in(world, **{'base_url': answers.url, 'max_retries': 0, **options}) as client:
        yield client
