"""What `execute_many` sends in a call: records in a row, and what came of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import SparkDecodeError
from ..inputs import Known
from ..records import ChunkResults
from ..results import ServiceExecuted

__all__ = ['Chunk', 'placed', 'results_of']


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


def placed(chunk: Chunk, words: str) -> str:
    """What is wrong with the only record of a chunk, without its place in the chunk."""
    place = re.match(r'inputs\[[01]\](?:\[(\d+)\])?', words)
    rest = words[place.end() :] if place else ''
    if place and place[1] and chunk.names:
        return f'{chunk.names[int(place[1])]}{rest}'
    return rest.removeprefix('.') if rest[:1] in ('.', '[') else words


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
