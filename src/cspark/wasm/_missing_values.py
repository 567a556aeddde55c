"""What missing values among inputs mean: null, the default of their input, or an error."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# Inputs may have any type at all.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from ._codec.plain import is_missing
from .errors import SparkInputError, SparkSdkError
from .inputs import read_record

__all__ = ['Missing', 'apply_missing', 'check_missing']

Missing: TypeAlias = 'Literal["null", "default", "error"]'
MISSING: Final = ('null', 'default', 'error')


def check_missing(missing: Any) -> dict[str | None, Missing] | None:
    """The rule for missing values, by column; None stands for all other columns.

    Raises:
        SparkSdkError: It is no rule.

    >>> check_missing({'age': 'error'})
    {'age': 'error'}
    """
    if missing is None or missing == 'null':
        return None
    rules: dict[Any, Any] = dict(missing) if isinstance(missing, Mapping) else {None: missing}
    for name, rule in rules.items():
        if rule not in MISSING or not (name is None or isinstance(name, str)):
            accepted = ', '.join(map(repr, MISSING))
            raise SparkSdkError(f'missing must be one of {accepted}, or a mapping of names to these, not {missing!r}')
    return rules


def apply_missing(
    rows: list[Any], names: tuple[str, ...] | None, rules: dict[str | None, Missing], first: int = 0
) -> tuple[list[Any], tuple[str, ...] | None]:
    """Records without the missing values that mean the default of their input.

    Args:
        rows: Rows of values where there are names, else records.
        names: The names of the columns.
        rules: What a missing value means, by column.
        first: The place of the first record among all.

    Raises:
        SparkInputError: A value is missing where none may be.
    """
    if names is not None and not any(map(is_missing, (value for row in rows for value in row))):
        return rows, names
    records: list[dict[str, Any]] = []
    for index, row in enumerate(rows, first):
        record = dict(zip(names, row, strict=True)) if names is not None else read_record(row, index)
        kept = {}
        for name, value in record.items():
            rule = rules.get(name, rules.get(None, 'null'))
            if rule != 'null' and is_missing(value):
                if rule == 'error':
                    raise SparkInputError('the value is missing', None, (index, name))
                continue
            kept[name] = value
        records.append(kept)
    if names is not None and all(len(record) == len(names) for record in records):
        return rows, names  # nothing was left out, so that rows of values stay what they are
    return records, None
