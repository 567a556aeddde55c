"""What takes long is done beside the event loop: encoding, unpacking, decoding, tables, files, the checkpoint."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import cspark.wasm as Hybrid
from cspark.wasm._calls import exchange, executions
from cspark.wasm._http import awaiting
from cspark.wasm._many import results as many
from cspark.wasm._many import writers as tables
from cspark.wasm._many.checkpoint import Checkpoint
from support.many import URI, Squares, squares

pytestmark = pytest.mark.anyio


class Odd:
    """A value that knows on which thread it was encoded."""

    def __init__(self, threads: set[str], value: int) -> None:
        self._threads = threads
        self._value = value

    def tolist(self) -> int:
        self._threads.add(threading.current_thread().name)
        return self._value


def watched(monkeypatch: pytest.MonkeyPatch, holder: Any, name: str) -> set[str]:
    """The threads on which a function is called from now on."""
    threads: set[str] = set()
    original: Callable[..., Any] = getattr(holder, name)

    def call(*arguments: Any, **options: Any) -> Any:
        threads.add(threading.current_thread().name)
        return original(*arguments, **options)

    monkeypatch.setattr(holder, name, call)
    return threads


def client(squarer: Squares) -> Hybrid.AsyncClient:
    return Hybrid.AsyncClient(base_url=squarer.url, tenant='my-tenant', token='open')


@pytest.mark.thorough
@pytest.mark.parametrize('layout', ['rows', 'columnar'])
async def test_many_records_are_encoded_and_decoded_on_threads(
    squarer: Squares, layout: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: set[str] = set()
    decoded = watched(monkeypatch, exchange, 'decode_answer')
    turned = watched(monkeypatch, executions, 'columnar')
    records = [{'side': Odd(encoded, side), 'name': 'x' * 50} for side in range(20_000)]
    async with client(squarer) as hybrid:
        answer = await hybrid.services.execute(URI, inputs=records, layout=layout)
    assert len(answer.outputs) == 20_000
    here = threading.current_thread().name
    assert encoded and decoded and here not in encoded | decoded | turned
    assert bool(turned) == (layout == 'columnar')


@pytest.mark.thorough
async def test_large_packed_answers_are_unpacked_on_threads(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    unpacked = watched(monkeypatch, awaiting, 'received')
    async with Hybrid.AsyncClient(base_url=url, tenant='my-tenant', token='open') as hybrid:
        records = [{'height': number * 1.1, 'radius': number / 7} for number in range(1, 8000)]
        answer = await hybrid.services.execute('shapes/cylinder', inputs=records)
        assert answer.headers['content-encoding'] == 'gzip'
        assert unpacked and threading.current_thread().name not in unpacked


@pytest.mark.thorough
async def test_a_run_writes_and_reads_on_threads(
    squarer: Squares, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = threading.current_thread().name
    saved = watched(monkeypatch, Checkpoint, 'save')
    known = watched(monkeypatch, Checkpoint, 'results')
    opened = watched(monkeypatch, many, 'open_writer')
    flushed = watched(monkeypatch, tables.TableWriter, 'flush')
    finished = watched(monkeypatch, tables.TableWriter, 'finish')
    tabled = watched(monkeypatch, many, 'arrow_table')
    read: set[str] = set()

    def records() -> Iterator[dict[str, int]]:
        for record in squares(9000):
            read.add(threading.current_thread().name)
            yield record

    async with client(squarer) as hybrid:
        for _ in range(2):
            results = hybrid.services.execute_many(URI, records(), checkpoint=tmp_path / 'run')
            assert await results.write(tmp_path / 'out.parquet') == 9000
        await hybrid.services.execute_many(URI, squares(10)).to_arrow()
    for threads in (saved, known, opened, flushed, finished, tabled):
        assert threads and here not in threads
    assert len(read) > 1  # the first record is asked for at once, to see what kind it is
