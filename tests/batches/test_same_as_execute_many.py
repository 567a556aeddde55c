"""Batches are what `execute_many` gives, to the last digit."""

from __future__ import annotations

import importlib
import json
import random
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

import cspark.wasm as Hybrid
from support.packages import TERM_LIFE

pa: Any = importlib.import_module('pyarrow')

LIFE = 'insurance/term-life[0.3.0]'
COUNT = 5000
OUTPUTS = {'annual_premium': 'double', 'end_date': 'date', 'schedule': 'json'}


@pytest.fixture(scope='module')
def policies() -> Any:
    chance = random.Random(15)
    births = [date(1950, 1, 1) + timedelta(chance.randrange(20000)) for _ in range(COUNT)]
    return pa.table(
        {
            'policy': [f'P{number}' for number in range(COUNT)],
            'birth_date': [day.isoformat() for day in births],
            'start_date': ['2026-06-01'] * COUNT,
            'smoker': [chance.random() < 0.3 for _ in range(COUNT)],
            'sum_assured': [chance.uniform(1e3, 1e6) for _ in range(COUNT)],
            'term_years': [chance.randrange(1, 40) for _ in range(COUNT)],
        }
    )


@pytest.fixture(scope='module')
def expected(url: str, policies: Any) -> list[Hybrid.RecordResult]:
    with Hybrid.Client(base_url=url, tenant='my-tenant', token='open') as client:
        return list(client.services.execute_many(LIFE, policies, keep=['policy'], on_error='collect'))


def check(rows: list[dict[str, Any]], expected: list[Hybrid.RecordResult]) -> None:
    assert len(rows) == len(expected)
    for row, one in zip(rows, expected, strict=True):
        outputs = one.row_beside({'policy'})
        assert row['policy'] == one.kept['policy']  # type: ignore[index]
        assert row['annual_premium'] == outputs.get('annual_premium')
        end, schedule = outputs.get('end_date'), outputs.get('schedule')
        assert row['end_date'] == (end and date.fromisoformat(end[:10]))
        assert row['schedule'] is None if schedule is None else json.loads(row['schedule']) == schedule
        assert (row['errors'] and json.loads(row['errors'])) == one.errors
        assert (row['warnings'] and json.loads(row['warnings'])) == outputs['warnings']


@pytest.mark.thorough
@pytest.mark.parametrize('where', ['over HTTP', 'in the worker'])
def test_5000_policies_are_the_same(url: str, policies: Any, expected: list[Hybrid.RecordResult], where: str) -> None:
    place: dict[str, Any] = (
        {'package': TERM_LIFE}
        if where == 'in the worker'
        else {'base_url': url, 'tenant': 'my-tenant', 'token': 'open'}
    )
    with Hybrid.Batches(LIFE, keep=['policy'], outputs=OUTPUTS, on_error='collect', **place) as price:
        parts = [pa.table(one) for one in price(iter(policies.to_batches(700)))]
    check(pa.concat_tables(parts).to_pylist(), expected)


@pytest.mark.thorough
def test_a_frame_is_the_same(url: str, policies: Any, expected: list[Hybrid.RecordResult]) -> None:
    options: Any = {'base_url': url, 'tenant': 'my-tenant', 'token': 'open', 'on_error': 'collect'}
    with Hybrid.Batches(LIFE, keep=['policy'], outputs=OUTPUTS, **options) as price:
        frame: pd.DataFrame = price(policies.slice(0, 500).to_pandas())
    assert frame['annual_premium'].tolist() == [one.row_beside(set()).get('annual_premium') for one in expected[:500]]


def test_what_the_defaults_tell_is_enough_for_all_policies(url: str, policies: Any) -> None:
    options: Any = {'base_url': url, 'tenant': 'my-tenant', 'token': 'open', 'on_error': 'collect'}
    with Hybrid.Batches(LIFE, **options) as price:
        table = price(policies.slice(0, 300))
        assert table.schema.equals(price.schema(policies))
    assert not [text for text in table.column('errors').to_pylist() if text and '"Type"' in text]
