"""Books of policies for the insurance sample, and what a plain loop makes of them."""

from __future__ import annotations

import datetime as dt
import importlib
import json
from typing import Any, Final

import cspark.wasm as Hybrid
from support.packages import TERM_LIFE

pa: Any = importlib.import_module('pyarrow')

URI: Final = 'insurance/term-life[0.3.0]'
COUNT: Final = 100_000
SOME: Final = 30_000
OUTPUTS: Final = {
    'annual_premium': 'double',
    'instalment': 'double',
    'end_date': 'date',
    'risk_class': 'string',
    'rider_premiums': 'json',
}


def book(count: int = COUNT) -> Any:
    """So many policies, no two alike."""
    first = dt.date(1950, 1, 1)
    return pa.table(
        {
            'policy_id': [f'P-{number:07}' for number in range(count)],
            'birth_date': [(first + dt.timedelta(number * 37 % 18_000)).isoformat() for number in range(count)],
            'start_date': ['2026-01-01'] * count,
            'smoker': ['yes' if number % 5 == 0 else 'no' for number in range(count)],
            'sum_assured': [10_000.0 + number * 7 % 1_500_000 for number in range(count)],
            'term_years': [1 + number % 30 for number in range(count)],
            'frequency': ['monthly' if number % 2 else 'annual' for number in range(count)],
        }
    )


def service(**options: Any) -> Hybrid.Batches:
    """The service for these books."""
    given: dict[str, Any] = {'keep': ['policy_id'], 'outputs': OUTPUTS, 'chunk_size': 1000, **options}
    return Hybrid.Batches(URI, **given)


def computed_in_a_loop(policies: Any) -> Any:
    """What `execute_many` computes, as a table of the kept column and the outputs."""
    with Hybrid.LocalRunner(TERM_LIFE, instances=2) as runner, runner.client() as client:
        asked: Any = {'keep': ['policy_id'], 'selected_outputs': list(OUTPUTS)}
        rows = [one.row for one in client.services.execute_many(URI, policies, **asked)]
    columns = {name: [row[name] for row in rows] for name in ('policy_id', *OUTPUTS)}
    columns['errors'] = [row['errors'] and json.dumps(row['errors']) for row in rows]
    return pa.table(columns)
