"""What `services.execute_many` yields: one result a record, and how far it got."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from ._json import is_object

__all__ = ['Progress', 'ProgressLike', 'RecordResult', 'columns_of']

BESIDE: Final = ('index', 'warnings', 'errors')
"""The columns of a table of results that are no outputs."""


@dataclass(slots=True)
class RecordResult:
    """What became of one record.

    Attributes:
        index: The record's place in the inputs, from 0 on.
        outputs: Its outputs; None where it failed.
        warnings: A list of dictionaries, or None.
        errors: A list of dictionaries, or None. With `on_error='collect'`, a record that could not be executed has one
            here, whose `message` says why.
        call_id: The runner's id of the call that it was executed in.
    """

    index: int
    outputs: Any
    warnings: Any = None
    errors: Any = None
    call_id: str | None = field(default=None, compare=False)

    @property
    def row(self) -> dict[str, Any]:
        """The record as a row of a table: its `index`, its outputs, its `warnings` and `errors`.

        An output that has the name of one of these three is in the column `outputs.NAME`.

        >>> RecordResult(0, {'area': 4, 'index': 7}).row
        {'index': 0, 'area': 4, 'outputs.index': 7, 'warnings': None, 'errors': None}
        """
        outputs: dict[str, Any] = self.outputs if is_object(self.outputs) else {}
        if not outputs.keys().isdisjoint(BESIDE):
            outputs = {f'outputs.{name}' if name in BESIDE else name: value for name, value in outputs.items()}
        return {'index': self.index, **outputs, 'warnings': self.warnings, 'errors': self.errors}


def columns_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The columns of a table with such rows, in their order."""
    names = dict.fromkeys(name for row in rows for name in row)
    return ['index', *(name for name in names if name not in BESIDE), 'warnings', 'errors']


@dataclass(frozen=True, slots=True)
class Progress:
    """How far `execute_many` got.

    Attributes:
        done: Records that are through, those of an earlier run with the same checkpoint included.
        total: All records; None where nobody can know.
        failed: Records with errors.
        seconds: Since the start of this run.
        chunk_size: Records in the next call.
        concurrency: Calls that may be under way at a time.
    """

    done: int
    total: int | None
    failed: int
    seconds: float
    chunk_size: int
    concurrency: int


ProgressLike: TypeAlias = bool | Callable[[Progress], object]
"""False for none, True for a bar on the terminal (it needs `tqdm`), or a function that is told after each call."""
