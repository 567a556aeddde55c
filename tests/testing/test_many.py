"""A stub under many records and many callers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import cspark.wasm as Hybrid
from cspark.wasm.testing import Stub, StubRunner
from support.many import execute_many

URI = 'shapes/square'
Stubs = Callable[..., Stub]


def square(inputs: dict[str, Any]) -> dict[str, Any]:
    """The area of a square; there is none with a side of 17."""
    if inputs['side'] == 17:
        raise ArithmeticError('17 is not to be had')
    return {'area': inputs['side'] ** 2}


def sides(count: int) -> list[dict[str, Any]]:
    """So many records."""
    return [{'side': number} for number in range(1000, 1000 + count)]


def areas(count: int) -> list[int]:
    """What comes of these."""
    return [record['side'] ** 2 for record in sides(count)]


def computed(stub: Stub) -> list[int]:
    """The inputs that a stub was given, in the order of their values."""
    return sorted(record['side'] for record in stub.records)


@pytest.fixture
def stub(cspark_stub: Stubs) -> Stub:
    """A service that computes areas."""
    return cspark_stub(URI, square)


@pytest.mark.thorough
@pytest.mark.parametrize(
    'options', [{}, {'encoding': 'gzip', 'layout': 'columnar'}, {'chunk_size': 100, 'concurrency': 4}], ids=str
)
def test_thousands_of_records_come_back_in_order(stub: Stub, stubbed: Hybrid.Client, options: dict[str, Any]) -> None:
    results = list(execute_many(stubbed, URI, sides(5000), **options))
    assert [one.outputs['area'] for one in results] == areas(5000)
    assert [one.index for one in results] == list(range(5000))
    assert computed(stub) == list(range(1000, 6000))
    assert sum(len(call.records) for call in stub.calls) == 5000


def test_a_frame_of_records_comes_back_as_one(stub: Stub, stubbed: Hybrid.Client) -> None:
    results = execute_many(stubbed, URI, pd.DataFrame(sides(300)))
    assert [one.outputs['area'] for one in results] == areas(300)


def test_the_error_of_one_record_is_its_own(stub: Stub, stubbed: Hybrid.Client) -> None:
    results = list(execute_many(stubbed, URI, [{'side': number} for number in range(40)]))
    assert [one.index for one in results if one.errors] == [17]
    assert '17 is not to be had' in str(results[17].errors)
    assert [one.outputs['area'] for one in results if not one.errors] == [n * n for n in range(40) if n != 17]


@pytest.mark.thorough
@pytest.mark.parametrize('status', [413, 500, 504, 408, 429, 502, 503])
def test_records_of_failed_calls_are_sent_again(stub: Stub, stubbed: Hybrid.Client, status: int) -> None:
    stubbed.services.execute(URI, inputs={'side': 1})
    stub.fail(status, times=3)
    results = list(execute_many(stubbed, URI, sides(200), chunk_size=50, concurrency=2))
    assert [one.outputs['area'] for one in results] == areas(200)


@pytest.mark.parametrize('status', [413, 500])
def test_a_chunk_that_fails_is_split(stub: Stub, stubbed: Hybrid.Client, status: int) -> None:
    stub.fail(status)
    results = list(execute_many(stubbed, URI, sides(8), chunk_size=8, concurrency=1, max_retries=0))
    assert [one.outputs['area'] for one in results] == areas(8)
    first, *others = [len(call.records) for call in stub.calls]
    assert first == sum(others)
    assert max(others) < first


@pytest.mark.thorough
@pytest.mark.parametrize('fault', ['drop', 'answer_malformed'])
def test_a_run_survives_broken_answers(stub: Stub, stubbed: Hybrid.Client, fault: str) -> None:
    results = execute_many(stubbed, URI, sides(60), chunk_size=10, concurrency=1)
    first = next(results)
    getattr(stub, fault)(times=2)
    assert [one.outputs['area'] for one in (first, *results)] == areas(60)


def test_a_refused_run_ends_with_the_message(stub: Stub, stubbed: Hybrid.Client) -> None:
    stub.fail(404, 'it has moved')
    with pytest.raises(Hybrid.NotFoundError, match='it has moved'):
        list(execute_many(stubbed, URI, sides(10)))
    assert len(stub.calls) == 1


@pytest.mark.thorough
def test_a_checkpoint_spares_what_was_computed(stub: Stub, stubbed: Hybrid.Client, tmp_path: Path) -> None:
    options: dict[str, Any] = {'checkpoint': tmp_path / 'run.checkpoint', 'chunk_size': 25, 'concurrency': 1}
    begun = execute_many(stubbed, URI, sides(500), **options)
    assert [next(begun).outputs['area'] for _ in range(100)] == areas(100)
    begun.close()
    before = len(stub.records)
    assert 100 <= before < 500
    results = list(execute_many(stubbed, URI, sides(500), **options))
    assert [one.outputs['area'] for one in results] == areas(500)
    assert set(computed(stub)) == set(range(1000, 1500))
    assert len(stub.records) < before + 500
    calls = len(stub.calls)
    assert [one.outputs['area'] for one in execute_many(stubbed, URI, sides(500), **options)] == areas(500)
    assert len(stub.calls) == calls


def test_a_checkpoint_of_another_version_is_refused(cspark_stub: Stubs, stubbed: Hybrid.Client, tmp_path: Path) -> None:
    options: dict[str, Any] = {'checkpoint': tmp_path / 'run.checkpoint', 'chunk_size': 10, 'concurrency': 1}
    cspark_stub(f'{URI}[1.0.0]', square)
    begun = execute_many(stubbed, URI, sides(100), **options)
    next(begun)
    begun.close()
    cspark_stub(f'{URI}[2.0.0]', square)
    with pytest.raises(Hybrid.SparkSdkError, match=r'2\.0\.0'):
        list(execute_many(stubbed, URI, sides(100), **options))


@pytest.mark.thorough
@pytest.mark.parametrize('shared', [True, False], ids=['one client', 'a client each'])
def test_many_threads_call_at_once(stub: Stub, cspark_stub_runner: StubRunner, shared: bool) -> None:
    options: Any = {'base_url': cspark_stub_runner.url, 'tenant': 'my-tenant', 'token': 'open'}

    def call(client: Hybrid.Client, numbers: range) -> list[int]:
        found: list[int] = []
        for number in numbers:
            found.append(client.services.execute(URI, inputs={'side': number}).output['area'])
            found += [one['area'] for one in client.services.execute(URI, inputs=[{'side': number}] * 2).outputs]
        return found

    def call_alone(numbers: range) -> list[int]:
        with Hybrid.Client(**options) as client:
            return call(client, numbers)

    shares = [range(start, start + 10) for start in range(100, 500, 10)]
    with ThreadPoolExecutor(20) as pool, Hybrid.Client(**options) as client:

        def call_shared(numbers: range) -> list[int]:
            return call(client, numbers)

        found = list(pool.map(call_shared if shared else call_alone, shares))
    assert found == [[number * number for number in share for _ in range(3)] for share in shares]
    assert len(stub.calls) == 800
    assert computed(stub) == sorted([*range(100, 500)] * 3)


@pytest.mark.thorough
def test_each_thread_sees_its_own_calls_in_order(stub: Stub, cspark_stub_runner: StubRunner) -> None:
    options: Any = {'base_url': cspark_stub_runner.url, 'tenant': 'my-tenant', 'token': 'open'}
    with Hybrid.Client(**options) as client, ThreadPoolExecutor(8) as pool:

        def call(start: int) -> None:
            for number in range(start, start + 20):
                client.services.execute(URI, inputs={'side': number})

        list(pool.map(call, range(100, 900, 100)))
    sent = [record['side'] for record in stub.records]
    for start in range(100, 900, 100):
        assert [side for side in sent if start <= side < start + 100] == [*range(start, start + 20)]
