"""What the samples must answer, by the formulas of geometry and of life insurance that samples/README.md gives."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import pytest

Json: TypeAlias = dict[str, Any]
Call: TypeAlias = Callable[..., Any]
"""Calls a method of the published client; conftest.py has what it takes and returns."""

CYLINDER_URI: Final = 'shapes/cylinder'
LIFE_URI: Final = 'insurance/term-life'

RECORD_LISTS: Final = ['outputs', 'process_time', 'warnings', 'errors', 'service_chain']
ALIKE: Final = [
    *RECORD_LISTS,
    *('service_id', 'version_id', 'version', 'call_id', 'compiler_version', 'correlation_id', 'request_timestamp'),
]
"""The members of a v4 answer in their order, which the format `alike` gives one record too."""
META: Final = {
    *('service_id', 'version_id', 'version', 'process_time', 'call_id', 'compiler_type', 'compiler_version'),
    *('source_hash', 'engine_id', 'correlation_id', 'system', 'request_timestamp'),
}
"""What the document shows in `response_meta`."""

RECORD: Final[Json] = {'height': 10, 'radius': 2, 'density': 3}
OTHER: Final[Json] = {'height': 1, 'radius': 0.5, 'density': 2}
POLICY: Final[Json] = {
    'birth_date': '1980-03-02',
    'start_date': '2026-02-01',
    'smoker': 'yes',
    'sum_assured': 100_000,
    'term_years': 3,
    'interest_rate': 0.03,
    'frequency': 'quarterly',
    'riders': [{'rider': 'hospital', 'sum_assured': 20_000}, {'rider': 'accident', 'sum_assured': 50_000}],
}


def cylinder(height: float = 4, radius: float = 7, density: float = 1) -> Json:
    """What geometry says of a cylinder; the defaults are the workbook's."""
    volume = math.pi * radius**2 * height
    surface = 2 * math.pi * radius * (radius + height)
    return {
        name: pytest.approx(value)
        for name, value in (('volume', volume), ('surface', surface), ('mass', volume * density))
    }


def cylinder_in(version: str, **inputs: float) -> Json:
    """The same in a version; the first one had no mass."""
    outputs = cylinder(**inputs)
    return {name: outputs[name] for name in outputs if version != '1.4.0' or name != 'mass'}


def policy() -> Json:
    """What actuaries say of `POLICY`: a smoker of 45 (the birthday is a month away), by survival year by year."""
    deaths = [1.8 * (1 - math.exp(-(0.0005 + 0.00004 * 1.1**age))) for age in (45, 46, 47)]
    alive = [1, 1 - deaths[0], (1 - deaths[0]) * (1 - deaths[1])]
    alive.append(alive[2] * (1 - deaths[2]))

    def values(first: int) -> tuple[float, float]:
        """What 1 on death and 1 a year are worth from this year on."""
        years = range(first, 3)
        benefit = sum(alive[k] / alive[first] * deaths[k] / 1.03 ** (k - first + 1) for k in years)
        return benefit, sum(alive[k] / alive[first] / 1.03 ** (k - first) for k in years)

    net = 100_000 * values(0)[0] / values(0)[1]
    annual = net / 0.85 + 0.0008 * 100_000 + 36 + 5.75 * 20 + 0.85 * 50
    reserves = [100_000 * values(k)[0] - net * values(k)[1] for k in range(3)] + [0]
    return {
        'age': 45,
        'rider_premiums': [
            {'rider': 'hospital', 'sum_assured': 20_000, 'premium': pytest.approx(115)},
            {'rider': 'accident', 'sum_assured': 50_000, 'premium': pytest.approx(42.5)},
        ],
        'net_premium': pytest.approx(net),
        'annual_premium': pytest.approx(annual),
        'instalment': pytest.approx(annual * 1.03 / 4),
        'end_date': '2029-02-01',
        'risk_class': 'smoker',
        'schedule': [
            {
                'year': k,
                'date': f'{2026 + k}-02-01',
                'age': 45 + k,
                'in_force': pytest.approx(alive[k]),
                'reserve': pytest.approx(reserves[k], abs=1e-4),
            }
            for k in range(4)
        ],
    }


def as_array(table: list[Json]) -> list[list[Any]]:
    """A table as a row of names and rows of values."""
    return [list(table[0]), *(list(row.values()) for row in table)]
