"""The sample models as the generated requests need to know them: usual inputs, and names of what comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, Final, TypeAlias

from support.packages import ALTERNATIVE_100, CYLINDER_140, CYLINDER_150, QUOTE_100, TERM_LIFE_030

__all__ = ['SAMPLES', 'Sample', 'Table', 'Value']

Value: TypeAlias = Callable[[Random], Any]
"""Makes a value of one kind."""


@dataclass(frozen=True)
class Table:
    """A table input: the usual values of its columns."""

    columns: Mapping[str, Value]

    def __call__(self, chance: Random) -> list[dict[str, Any]]:
        """Some usual rows."""
        return [self.row(chance) for _ in range(chance.choice([0, 1, 2, 3, 8]))]

    def row(self, chance: Random) -> dict[str, Any]:
        """A usual row."""
        return {name: usual(chance) for name, usual in self.columns.items()}


@dataclass(frozen=True)
class Sample:
    """A version of a sample service, and how many requests it gets."""

    version_id: str
    requests: int
    inputs: Mapping[str, Value]
    outputs: Sequence[str]
    subservices: Sequence[str]


def between(low: float, high: float) -> Value:
    """A number, whole or not."""
    return lambda chance: chance.choice([chance.uniform(low, high), chance.randint(int(low), int(high))])


def whole(low: int, high: int) -> Value:
    """A whole number."""
    return lambda chance: chance.randint(low, high)


def one_of(*values: Any) -> Value:
    """One of these."""
    return lambda chance: chance.choice(values)


def day(first: date, last: date) -> Value:
    """A date in one of the ways to write it: ISO, with a time, or as a workbook counts days."""

    def make(chance: Random) -> Any:
        made = first + timedelta(chance.randint(0, (last - first).days))
        serial = (made - date(1899, 12, 30)).days
        return chance.choice([made.isoformat(), f'{made}T12:30:00Z', serial, serial + 0.25, str(serial)])

    return make


_CYLINDER: Final[dict[str, Value]] = {'height': between(0, 100), 'radius': between(0, 100)}
_TERM_LIFE: Final[dict[str, Value]] = {
    'birth_date': day(date(1940, 1, 1), date(2010, 12, 31)),
    'start_date': day(date(2015, 1, 1), date(2043, 12, 31)),
    'smoker': one_of('yes', 'no'),
    'sum_assured': between(0, 2_000_000),
    'term_years': whole(1, 60),
    'interest_rate': between(0, 0.1),
    'frequency': one_of('annual', 'half-yearly', 'quarterly', 'monthly'),
    'riders': Table({'rider': one_of('accident', 'disability', 'hospital'), 'sum_assured': between(0, 500_000)}),
}
_PROJECTION: Final[dict[str, Value]] = {
    'age': whole(0, 99),
    'months': whole(1, 60),
    'premium': between(0, 1000),
    'sum_assured': between(0, 500_000),
    'interest_rate': between(0, 0.1),
    'assumptions': Table(
        {
            'from_year': whole(0, 50),
            'growth': between(0, 0.1),
            'lapse': between(0, 0.2),
            'expense': between(0, 20),
        }
    ),
}

_ALTERNATIVE: Final[dict[str, Value]] = {
    'birth_date': day(date(1940, 1, 1), date(2010, 12, 31)),
    'smoker': one_of('yes', 'no'),
    'sum_assured': between(0, 2_000_000),
    'term_years': whole(1, 60),
    'premium_limit': between(0, 5000),
    'form': whole(1, 3),
}
# Without `currency`: the vendor's engine answers calls of external APIs with nothing.
_QUOTE: Final[dict[str, Value]] = {**_ALTERNATIVE, 'alternatives': Table({'term_years': whole(1, 60)})}

SAMPLES: Final = (
    Sample(CYLINDER_140, 700, _CYLINDER, ('volume', 'surface'), ('Size',)),
    Sample(
        CYLINDER_150,
        1900,
        {**_CYLINDER, 'density': between(0, 10)},
        ('volume', 'surface', 'mass'),
        ('Size', 'Weight'),
    ),
    Sample(
        TERM_LIFE_030,
        1800,
        _TERM_LIFE,
        ('age', 'net_premium', 'annual_premium', 'end_date', 'rider_premiums', 'schedule', 'Metadata.PrimaryColor'),
        ('Premium', 'Reserve', 'Metadata'),
    ),
    Sample(
        'd94e7b13-6a2c-4f58-b0c9-8e1a7c500210',
        700,
        _PROJECTION,
        ('fund_at_end', 'premiums_paid', 'cost_of_risk', 'projection'),
        ('Summary', 'Projection'),
    ),
    Sample(ALTERNATIVE_100, 200, _ALTERNATIVE, ('annual_premium', 'affordable'), ('Premium',)),
    Sample(
        QUOTE_100,
        300,
        _QUOTE,
        ('annual_premium', 'risk_class', 'longest_affordable_term', 'alternatives'),
        ('Premium', 'Quote'),
    ),
)
