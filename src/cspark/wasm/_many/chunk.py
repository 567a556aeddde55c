"""The chunk, which is what `execute_many` sends in one call, and its results."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# Values may have any type at all.
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._input_values import Known
from ..errors import SparkDecodeError, SparkError, SparkInputError, spell_path
from ..records import ChunkResults
from ..results import ServiceExecuted
from .reading import Rows

__all__ = ['Chunk', 'describe_failure', 'estimate_bytes', 'kept_of', 'path_in_record', 'results_of']


@dataclass(slots=True)
class Chunk:
    """Consecutive records of a run.

    Attributes:
        start: The index of the first record.
        rows: The records: rows of values if `names` is set, else records with their names.
        names: The names of the columns, for rows of values.
        known: The values already read from iterators in the records, which cannot be read again.
        tries: How often the call failed because the runner was gone.
        broke: How often the connection broke after the chunk was sent.
        failing_since: When it first failed so, by `time.monotonic()`; a half inherits it from the whole.
    """

    start: int
    rows: Sequence[Any]
    names: tuple[str, ...] | None = None
    known: Known = field(default_factory=Known)
    tries: int = 0
    broke: int = 0
    failing_since: float = 0.0

    @property
    def inputs(self) -> list[Any]:
        """The records in the form that `execute` takes."""
        if self.names is not None:
            return [list(self.names), *self.rows]
        return list(self.rows)

    def halves(self) -> tuple[Chunk, Chunk]:
        """Split the chunk in two."""
        middle = len(self.rows) // 2
        first = replace(self, rows=self.rows[:middle], tries=0, broke=0)
        rest = self.rows[middle:]
        return first, replace(self, start=self.start + middle, rows=rest, tries=0, broke=0)


def describe_failure(chunk: Chunk, error: SparkError) -> str:
    """Describe why the only record of a chunk failed. The path of an input error starts at the record."""
    if not isinstance(error, SparkInputError):
        return error.message
    place = spell_path(path_in_record(chunk, error), '').removeprefix('.')
    return f'{place}: {error.problem}' if place else error.problem


def path_in_record(chunk: Chunk, error: SparkInputError) -> tuple[str | int, ...]:
    """Return the path of an input error within its record; an index in a row becomes the name of its column."""
    path = error.path[1:]
    if path and chunk.names and isinstance(path[0], int):
        return chunk.names[path[0]], *path[1:]
    return path


def results_of(chunk: Chunk, answer: ServiceExecuted[Any]) -> ChunkResults:
    """Get the results of a chunk's records from the answer.

    Raises:
        SparkDecodeError: The answer does not have one entry for each record.
    """
    count = len(chunk.rows)
    outputs, warnings, errors = answer.outputs, answer.warnings, answer.errors
    if not count == len(outputs) == len(warnings) == len(errors):
        raise SparkDecodeError(f'the runner returned results for {len(outputs)} records, but {count} were sent')
    named = [answer.data.get(name) for name in ('version', 'version_id')]
    version = ' '.join(str(name) for name in named if name) or None
    return ChunkResults(chunk.start, outputs, warnings, errors, answer.call_id, version)


def kept_of(read: Rows, keep: Sequence[str]) -> list[dict[str, Any]] | None:
    """The inputs to keep of each record; None where nothing is to be kept. A name that a record lacks is missing."""
    if not keep:
        return None
    if read.names is None:
        return [{name: record.get(name) for name in keep} for record in read.records()]
    places = [(name, read.names.index(name) if name in read.names else None) for name in keep]
    return [{name: None if place is None else row[place] for name, place in places} for row in read.rows]


def estimate_bytes(value: Any) -> int:
    """About how much memory a value takes, from its record until its results leave: the value and its JSON.

    Of long lists, the first item stands for all.
    """
    if isinstance(value, str):
        return 80 + 2 * len(value)
    if isinstance(value, Mapping):
        return 200 + sum(80 + estimate_bytes(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        if len(value) < 64:
            return 80 + sum(map(estimate_bytes, value))
        return 80 + len(value) * estimate_bytes(value[0])
    return 64
