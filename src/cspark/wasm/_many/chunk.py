"""What `execute_many` sends in a call: records in a row, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import SparkDecodeError, SparkError, SparkInputError, spell_path
from ..inputs import Known
from ..records import ChunkResults
from ..results import ServiceExecuted

__all__ = ['Chunk', 'describe_failure', 'path_in_record', 'results_of']


@dataclass(slots=True)
class Chunk:
    """Consecutive records: rows of values where `names` are given, else records as they are.

    Attributes:
        known: What iterators among the values held.
        tries: How often the runner was not there for it.
        broke: How often the connection broke after it was sent.
        failing_since: Since when that was so for it, or for the chunk that it was a part of.
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
        """The records as the API takes them."""
        return [list(self.names), *self.rows] if self.names is not None else list(self.rows)

    def halves(self) -> tuple[Chunk, Chunk]:
        """The same records in two chunks."""
        middle = len(self.rows) // 2
        first = replace(self, rows=self.rows[:middle], tries=0, broke=0)
        rest = self.rows[middle:]
        return first, replace(self, start=self.start + middle, rows=rest, tries=0, broke=0)


def describe_failure(chunk: Chunk, error: SparkError) -> str:
    """What is wrong with the only record of a chunk; the place of a value is told from the record on."""
    if not isinstance(error, SparkInputError):
        return error.message
    place = spell_path(path_in_record(chunk, error), '').removeprefix('.')
    return f'{place}: {error.problem}' if place else error.problem


def path_in_record(chunk: Chunk, error: SparkInputError) -> tuple[str | int, ...]:
    """Where the value stands, from the record on; a place in a row is the name of its column."""
    path = error.path[1:]
    if path and chunk.names and isinstance(path[0], int):
        return chunk.names[path[0]], *path[1:]
    return path


def results_of(chunk: Chunk, answer: ServiceExecuted[Any]) -> ChunkResults:
    """The records' results from the answer to a chunk.

    Raises:
        SparkDecodeError: It has not one entry a record.
    """
    count = len(chunk.rows)
    outputs, warnings, errors = answer.outputs, answer.warnings, answer.errors
    if not count == len(outputs) == len(warnings) == len(errors):
        raise SparkDecodeError(f'the runner answered {len(outputs)} records where {count} were sent')
    named = [answer.data.get(name) for name in ('version', 'version_id')]
    version = ' '.join(str(name) for name in named if name) or None
    return ChunkResults(chunk.start, outputs, warnings, errors, answer.call_id, version)
