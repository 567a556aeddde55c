"""Iterators stream: a batch is read, computed and returned before the next one is read."""

from __future__ import annotations

import importlib
import itertools
import json
import pickle
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import cspark.wasm as Hybrid
from support.many import URI, Squares, of_side

pa: Any = importlib.import_module('pyarrow')


def sides(count: int, start: int = 0) -> Any:
    numbers = range(start, start + count)
    return pa.table({'side': list(numbers), 'policy': [f'P{number}' for number in numbers]})


def made(squarer: Squares, **options: Any) -> Hybrid.Batches:
    settings: dict[str, Any] = {'max_retries': 0, 'outputs': {'area': 'integer'}, 'keep': ['policy'], **options}
    return Hybrid.Batches(URI, base_url=squarer.url, tenant='my-tenant', token='open', **settings)


def test_a_producer_may_wait_for_the_result_before_it_yields_the_next_batch(squarer: Squares) -> None:
    got: list[Any] = []

    def produce() -> Iterator[Any]:
        for part in range(5):
            assert len(got) == part
            yield sides(3, 3 * part)

    with made(squarer) as batches:
        for one in batches(produce()):
            got.append(one)  # noqa: PERF402 - one after the other
    assert [len(one) for one in got] == [3] * 5


def test_an_endless_iterator_can_be_left_and_its_source_is_closed(squarer: Squares) -> None:
    closed: list[bool] = []

    def produce() -> Iterator[Any]:
        try:
            for part in itertools.count():
                yield sides(2, part)
        finally:
            closed.append(True)

    with made(squarer) as batches:
        results = batches(produce())
        next(results)
        del results
    assert closed == [True]


def test_the_iterator_that_comes_back_can_be_closed_like_the_generator_it_was_given(squarer: Squares) -> None:
    closed: list[bool] = []

    def produce() -> Iterator[Any]:
        try:
            yield from (sides(2, part) for part in itertools.count())
        finally:
            closed.append(True)

    source = produce()
    with made(squarer) as batches:
        results: Any = batches(source)
        next(results)
        results.close()
    assert closed == [True]


def test_an_error_of_the_producer_arrives_as_it_is_after_the_results_before_it(squarer: Squares) -> None:
    def produce() -> Iterator[Any]:
        yield sides(2)
        raise LookupError('mine')

    got: list[Any] = []
    with made(squarer) as batches, pytest.raises(LookupError, match='mine'):
        got.extend(batches(produce()))
    assert len(got) == 1


def test_an_iterator_may_mix_kinds_of_batches(squarer: Squares) -> None:
    given: list[Any] = [sides(2), sides(2).to_pandas(), sides(2).to_batches()[0], sides(0)]
    with made(squarer) as batches:
        results = list(batches(iter(given)))
    assert [type(one) for one in results] == [pa.Table, pd.DataFrame, pa.RecordBatch, pa.Table]


def test_a_poison_record_ends_the_job_with_an_error_whose_text_survives_pickling(squarer: Squares) -> None:
    squarer.poison = of_side(4)
    with made(squarer) as batches, pytest.raises(Hybrid.SparkApiError, match=r'record 1.*P4') as caught:
        list(batches(iter([sides(3), sides(3, 3)])))
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value)
    assert str(again) == str(caught.value)


@pytest.mark.thorough
def test_a_record_that_breaks_connections_ends_the_job_with_its_name(squarer: Squares) -> None:
    squarer.poison, squarer.status = of_side(4), 0
    with made(squarer) as batches, pytest.raises(Hybrid.SparkConnectionError, match=r'record 4.*P4'):
        batches(sides(8))


@pytest.mark.thorough
@pytest.mark.parametrize('status', [0, 400, 422, 500])
def test_a_poison_record_is_a_result_with_collect(squarer: Squares, status: int) -> None:
    squarer.poison, squarer.status = of_side(4), status
    with made(squarer, on_error='collect') as batches:
        rows = batches(sides(40)).to_pylist()
    assert [row['area'] for row in rows] == [None if side == 4 else side**2 for side in range(40)]
    assert [row['policy'] for row in rows if row['errors']] == ['P4']
    assert isinstance(json.loads(rows[4]['errors'])[0]['message'], str)
    assert max(squarer.executed.values()) == 1


BAD: list[Any] = [None, 5, 'text', b'bytes', {'side': 1}, [{'side': 1}], [sides(1)], pd.Series([1]), object]


@pytest.mark.parametrize('bad', BAD, ids=lambda bad: type(bad).__name__)
def test_what_is_no_batch_is_refused_with_what_is_accepted(squarer: Squares, bad: Any) -> None:
    with made(squarer) as batches, pytest.raises(Hybrid.SparkSdkError, match=r'pandas.*pyarrow.*iterator.*not .*\w'):
        batches(bad)
    with made(squarer) as batches, pytest.raises(Hybrid.SparkSdkError, match=r'pandas.*pyarrow'):
        list(batches(iter([bad])))
    assert not squarer.sizes


def test_names_to_keep_that_are_not_there_are_refused_before_anything_is_sent(squarer: Squares) -> None:
    with made(squarer, keep=['polcy']) as batches, pytest.raises(Hybrid.SparkSdkError, match='policy'):
        batches(sides(3))
    assert not squarer.sizes


def test_an_output_that_is_not_there_is_named(squarer: Squares) -> None:
    with made(squarer, outputs={'aera': 'double'}) as batches, pytest.raises(Hybrid.SparkSdkError, match="'area'"):
        batches(sides(3))


WRONG: list[dict[str, Any]] = [
    {'outputs': {}},
    {'outputs': ['area']},
    {'outputs': {'area': 'float'}},
    {'outputs': {'area': None}},
    {'outputs': {'area': ['double']}},
    {'on_error': 'ignore'},
    {'concurrency': 0},
    {'concurrency': True},
    {'concurrency': 'auto'},
    {'chunk_size': 0},
    {'instances': 0},
    {'keep': 5},
    {'keep': ['']},
    {'no_such_option': 1},
    {'selected_outputs': ['side']},
    {'package': 'samples/packages/cylinder.zip'},
]


@pytest.mark.parametrize('wrong', WRONG, ids=str)
def test_arguments_that_are_wrong_are_refused_at_once(squarer: Squares, wrong: dict[str, Any]) -> None:
    with pytest.raises(Hybrid.SparkError):
        made(squarer, **wrong)


def test_a_package_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(Hybrid.SparkError):
        Hybrid.Batches('shapes/cylinder', package=b'no package')
