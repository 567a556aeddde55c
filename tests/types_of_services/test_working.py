"""A written module works: both classes execute, execute many records from any source, and validate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from types_of_services.writing import Module, load, read, service, vendor

import cspark.wasm as Hybrid
from cspark.wasm.cli.main import main
from cspark.wasm.service_types.module import write_module
from support.packages import TERM_LIFE, TERM_LIFE_030
from support.worlds import WORLDS, Awaited, World

RECORDS = [{'term_years': 10, 'smoker': 'yes'}, {'term_years': 20, 'smoker': 'no'}, {}]


@pytest.fixture(scope='module')
def module(tmp_path_factory: pytest.TempPathFactory) -> Module:
    """The module of the term life policy."""
    path = tmp_path_factory.mktemp('written') / 'term_life.py'
    assert main(['types', str(TERM_LIFE), '-o', str(path), '--quiet']) == 0
    return read(path)


@pytest.fixture(scope='module')
def policies() -> Iterator[Hybrid.LocalRunner]:
    """A runner of the service."""
    with Hybrid.LocalRunner(TERM_LIFE, instances=1) as runner:
        yield runner


@pytest.fixture(params=WORLDS)
def bound(request: pytest.FixtureRequest, module: Module, policies: Hybrid.LocalRunner) -> Iterator[Any]:
    """Either class, with a client of its kind, used as if it were the blocking one."""
    world: World = request.param
    if world == 'sync':
        with policies.client() as client:
            yield module.blocking(client)
        return
    with asyncio.Runner() as loop:
        waiting = policies.async_client()
        try:
            yield Awaited(module.awaited(waiting), loop)
        finally:
            loop.run(waiting.close())


def many(bound: Any, inputs: Any, **options: Any) -> list[Any]:
    """All outputs of an execution of many records."""
    results: Any = bound.execute_many(inputs, **options)
    if not hasattr(results, '__anext__'):
        return [result.outputs for result in results]

    async def collect() -> list[Any]:
        return [result.outputs async for result in results]

    found: list[Any] = bound._loop.run(collect())
    return found


@pytest.mark.thorough
def test_one_record_is_executed(bound: Any, policies: Hybrid.LocalRunner) -> None:
    inputs: dict[str, Any] = {'smoker': 'yes', 'term_years': 10, 'birth_date': date(1988, 3, 1), 'riders': []}
    answer: Any = bound.execute(inputs)
    assert type(answer) is Hybrid.ServiceExecuted
    with policies.client() as client:
        expected = client.services.execute('insurance/term-life', inputs=inputs).output
    assert answer.output == expected
    assert answer.output['rider_premiums'] == []


def test_what_is_left_out_has_its_default(bound: Any, module: Module) -> None:
    assert set(bound.execute({}).output) == set(module.outputs_by_name)


def test_options_are_passed_on(bound: Any) -> None:
    assert list(bound.execute({}, selected_outputs=['age']).output) == ['age']
    with pytest.raises(Hybrid.SparkInputError, match='smokr'):
        bound.execute({'smokr': 'no'}, strict_inputs=True)


SOURCES: dict[str, Callable[[Path], Any]] = {
    'list': lambda folder: RECORDS,
    'iterator': lambda folder: iter(RECORDS),
    'csv': lambda folder: _csv(folder),
    'csv as text': lambda folder: str(_csv(folder)),
    'pandas': lambda folder: pd.DataFrame(RECORDS[:2]),
}


def _csv(folder: Path) -> Path:
    path = folder / 'policies.csv'
    path.write_text('term_years,smoker\n10,yes\n20,no\n')
    return path


@pytest.mark.parametrize('source', SOURCES)
def test_many_records_are_executed_from_any_source(bound: Any, tmp_path: Path, source: str) -> None:
    found = many(bound, SOURCES[source](tmp_path), chunk_size=2)
    expected = [bound.execute(record).output for record in RECORDS]
    assert len(found) in (2, 3)
    assert found == expected[: len(found)]


def test_inputs_are_validated(bound: Any) -> None:
    static = bound.validate({}).data
    assert static['response_meta']['version_id'] == TERM_LIFE_030
    assert 'smoker' in static['response_data']['outputs']
    dynamic = bound.validate({'birth_date': '1970-01-01', 'start_date': '2026-06-01'}, 'dynamic').data
    assert dynamic['response_data']['outputs']['term_years']['max'] == 24


@pytest.mark.thorough
@pytest.mark.parametrize('options', [['--no-probe'], ['--whole', 'age']], ids=str)
def test_it_works_with_other_options(options: list[str], tmp_path: Path, policies: Hybrid.LocalRunner) -> None:
    path = tmp_path / 'term_life.py'
    assert main(['types', str(TERM_LIFE), '-o', str(path), '--quiet', *options]) == 0
    with policies.client() as client:
        assert read(path).blocking(client).execute({}).output['age'] == 35


def test_odd_names_are_sent_and_answered_as_they_are() -> None:
    rules = {name: {'validation_type': 'decimal'} for name in ('sum assured', 'class', '__a', 'größe', '"""', 'b\\')}
    module = load(write_module(service(rules, dict.fromkeys(rules, 1))))
    with vendor({}, dict.fromkeys(rules, 7)) as recorder:
        with Hybrid.Client(base_url=recorder.url, tenant='my-tenant', token='open') as client:
            answer = module.blocking(client).execute(dict.fromkeys(rules, 1))
        assert answer.output == dict.fromkeys(rules, 7)
        assert recorder.last.json['request_data']['inputs'] == dict.fromkeys(module.inputs, 1)
