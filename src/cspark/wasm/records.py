"""What `services.execute_many` yields: one result a record, and how far it got."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

__all__ = ['Progress', 'ProgressLike', 'RecordResult']


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
        """The record's outputs between its `index` and its `errors`, as a row of a table."""
        outputs: Any = self.outputs
        return {'index': self.index, **(outputs if isinstance(outputs, dict) else {}), 'errors': self.errors}


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
