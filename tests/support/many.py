"""`execute_many` with one face for both clients, and a runner on a socket that refuses calls as it is told."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any, Self, cast

import cspark.wasm as Hybrid
from support.wire import Server
from support.worlds import Awaited, World, client_in

Record = dict[str, Any]
URI = 'shapes/square'


class AwaitedResults(Awaited):
    """The results of an `AsyncClient`, for a plain loop."""

    def __iter__(self) -> Iterator[Hybrid.RecordResult]:
        return self

    def __next__(self) -> Hybrid.RecordResult:
        target: Any = self._target
        try:
            # `Runner.run` sets and unsets a handler of signals each time, which costs more than the result.
            one: Hybrid.RecordResult = self._loop.get_loop().run_until_complete(target.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None
        return one

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def execute_many(client: Hybrid.Client, uri: str, inputs: Any, **options: Any) -> Hybrid.ManyResults:
    """The results of either client, used as if they were those of the blocking one."""
    results: Any = client.services.execute_many(uri, inputs, **options)
    if isinstance(results, Hybrid.ManyResults):
        return cast('Hybrid.ManyResults', results)  # type: ignore[redundant-cast]  # pyright does not narrow to Any
    awaited: Any = client
    return cast(Hybrid.ManyResults, AwaitedResults(results, awaited._loop))


def squares(count: int, start: int = 0) -> list[Record]:
    """So many records, each of another number."""
    return [{'side': number} for number in range(start, start + count)]


def areas(results: Any) -> list[Any]:
    """What came of such records; None where nothing did."""
    return [one.outputs and one.outputs['area'] for one in results]


def of_side(side: int) -> Callable[[Record], bool]:
    """Whether a record has this side, as a function of records."""
    return lambda record: bool(record['side'] == side)


class Squares:
    """A runner that squares the sides it gets.

    Attributes:
        most: Calls with more records are refused with `too_many`.
        busy: The statuses that the next calls are refused with.
        poison: Calls with such a record fail.
        status: How they fail; 0 is by breaking the connection.
        tables: The table of each side that had one.
        delay: How long a call takes, in seconds; `gate`, if it is cleared, holds all calls.
        version: The version of the service that it says it has.
        sizes: How many records the calls had, refused ones included.
        executed: How often each side was computed.
        peak: How many calls were under way at a time at most.
    """

    def __init__(self) -> None:
        self.url = ''
        self.most = 1 << 30
        self.too_many = 413
        self.tables: dict[Any, Any] = {}
        self.busy: Iterator[int] = iter(())
        self.poison: Callable[[Record], bool] = lambda _: False
        self.status = 500
        self.delay = 0.0
        self.version: str | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.sizes: list[int] = []
        self.executed: Counter[Any] = Counter()
        self.under_way = self.peak = self.connections = 0
        self.lock = threading.Lock()

    def answer(self, inputs: list[Any]) -> tuple[int, Any]:
        """Status and body for the inputs of a call."""
        names: Any = inputs[0]
        is_columnar = isinstance(names, list)
        records: list[Record] = [dict(zip(names, row, strict=True)) for row in inputs[1:]] if is_columnar else inputs
        with self.lock:
            self.sizes.append(len(records))
            self.under_way += 1
            self.peak = max(self.peak, self.under_way)
            status = next(self.busy, 200)
        try:
            time.sleep(self.delay)
            self.gate.wait(20)
        finally:
            with self.lock:
                self.under_way -= 1
        if status == 200 and len(records) > self.most:
            status = self.too_many
        if status == 200 and any(map(self.poison, records)):
            status = self.status
        if status == 0:
            raise ConnectionAbortedError
        if status != 200:
            return status, {'error': {'message': f'refused with {status}'}}
        with self.lock:
            self.executed.update(record.get('side') for record in records)
            self.tables.update((record['side'], record['table']) for record in records if 'table' in record)
            call = len(self.sizes)
        outputs = [{'area': record['side'] ** 2, 'side': record['side']} for record in records]
        nothing = [None] * len(records)
        answer = {'outputs': outputs, 'warnings': nothing, 'errors': nothing, 'call_id': f'call-{call}'}
        return 200, answer | {'version': self.version}


@contextmanager
def squaring(port: int = 0) -> Generator[Squares]:
    """Such a runner on a port of loopback."""
    squares = Squares()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers['Content-Length'])
            body = self.rfile.read(length)
            if len(body) < length:
                self.close_connection = True
                return
            status, data = squares.answer(json.loads(body)['inputs'])
            content = json.dumps(data).encode()
            head = f'HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n'
            try:
                self.wfile.write(head.encode() + content)
            except ConnectionError:
                self.close_connection = True

        def handle(self) -> None:
            with squares.lock:
                squares.connections += 1
            try:
                super().handle()
            except ConnectionError:
                pass
            finally:
                with squares.lock:
                    squares.connections -= 1

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base
            """Quiet."""

    server = Server(('127.0.0.1', port), Handler)
    squares.url = f'http://127.0.0.1:{server.server_port}'
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.02}, daemon=True)
    thread.start()
    try:
        yield squares
    finally:
        squares.gate.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextmanager
def calling(world: World, squares: Squares, **options: Any) -> Generator[Hybrid.Client]:
    """A client of either kind that leaves it to `execute_many` to try again."""
    with client_in(world, **{'base_url': squares.url, 'max_retries': 0, **options}) as client:
        yield client


def tasks_of(client: Hybrid.Client) -> int:
    """How many tasks there are on the client's event loop beside the one that asks; 0 for the blocking client."""
    if not isinstance(client, Awaited):
        return 0

    async def count() -> int:
        return len(asyncio.all_tasks()) - 1

    return client._loop.run(count())


def busy_threads() -> list[str]:
    """Threads of runs that go on."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith('execute-many')]


def until(condition: Callable[[], bool]) -> bool:
    """Whether it becomes true; this waits for it for ten seconds at most."""
    for _ in itertools.takewhile(lambda _: not condition(), range(1000)):
        time.sleep(0.01)
    return condition()
