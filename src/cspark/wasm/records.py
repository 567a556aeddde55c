"""The results that `services.execute_many` yields, one per record, and its progress."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias

from ._codec.json import is_array, is_object

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from ._display import Table

    Outputs = TypeVar('Outputs', default=Any)
else:
    from typing import TypeVar

    Outputs = TypeVar('Outputs')

__all__ = ['ChunkResults', 'Outputs', 'Progress', 'ProgressLike', 'RecordResult', 'columns_of', 'rename_outputs']

PREFIX: Final = 'outputs.'
BESIDE: Final = ('index', 'warnings', 'errors')
"""The columns of a result table that are not outputs."""

EXCEL_ERRORS: Final = {
    *('#NULL!', '#DIV/0!', '#VALUE!', '#REF!', '#NAME?', '#NUM!', '#N/A'),
    *('#GETTING_DATA', '#SPILL!', '#CALC!', '#FIELD!', '#BLOCKED!', '#CONNECT!'),
}
"""The error values of Excel, which a runner returns as text in the place of an output."""


@dataclass(slots=True, repr=False)
class RecordResult(Generic[Outputs]):
    """The result of one record.

    Attributes:
        index: The index of the record in the inputs, starting at 0.
        outputs: The outputs; None if the record failed.
        warnings: A list of dictionaries, or None.
        errors: A list of dictionaries, or None. With `on_error='collect'`, a record that could not be executed has an
            entry here whose `message` says why.
        call_id: The runner's id of the call that executed the record.
        kept: The inputs that `keep` names; None without `keep`.
    """

    index: int
    outputs: Outputs
    warnings: list[dict[str, Any]] | None = None
    errors: list[dict[str, Any]] | None = None
    call_id: str | None = field(default=None, compare=False)
    kept: dict[str, Any] | None = None

    @property
    def row(self) -> dict[str, Any]:
        """The result as a row of a table: the `index`, what was kept, the outputs, the `warnings` and the `errors`.

        An Excel error among the outputs becomes None, so that its column remains numeric, and is added to `warnings`.
        An output with the name of another column is in the column `outputs.NAME`.

        >>> RecordResult(0, {'area': 4, 'index': 7}).row
        {'index': 0, 'area': 4, 'outputs.index': 7, 'warnings': None, 'errors': None}
        >>> RecordResult(0, {'area': '#VALUE!'}).row['warnings']
        [{'source_path': 'area', 'error_category': 'Excel', 'message': '#VALUE!'}]
        """
        kept = self.kept or {}
        return {'index': self.index, **kept, **self.row_beside({*BESIDE, *kept})}

    def row_beside(self, taken: Collection[str]) -> dict[str, Any]:
        """The part of the row that the model computed, with other names for outputs whose names are taken."""
        computed: Any = self.outputs
        outputs: dict[str, Any] = computed if is_object(computed) else {}
        warnings = self.warnings
        broken = {name: value for name, value in outputs.items() if type(value) is str and value in EXCEL_ERRORS}
        if broken:
            outputs = outputs | dict.fromkeys(broken)
            told = [{'source_path': name, 'error_category': 'Excel', 'message': broken[name]} for name in broken]
            warnings = [*(warnings if is_array(warnings) else []), *told]
        return {**rename_outputs(outputs, taken), 'warnings': warnings, 'errors': self.errors}

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        from ._display import table_of_results

        return table_of_results([self], 1, None, self.call_id)


def rename_outputs(outputs: dict[str, Any], taken: Collection[str]) -> dict[str, Any]:
    """Outputs by names of columns that no other column has: `outputs.NAME` instead of a name that is taken.

    The new name depends on the name alone, so that an output has the same column in each record.

    >>> rename_outputs({'x': 1, 'outputs.x': 2, 'y': 3}, {'x'})
    {'outputs.x': 1, 'outputs.outputs.x': 2, 'y': 3}
    """
    prefixes: dict[str, int] = {}
    for name in taken:
        count, bare = _prefixes(name)
        prefixes[bare] = max(prefixes.get(bare, 0), count + 1)
    if not any(_prefixes(name)[1] in prefixes for name in outputs):
        return outputs
    return {PREFIX * prefixes.get(_prefixes(name)[1], 0) + name: value for name, value in outputs.items()}


def _prefixes(name: str) -> tuple[int, str]:
    """How many prefixes a name has, and the rest of it."""
    bare = name
    while bare.startswith(PREFIX):
        bare = bare.removeprefix(PREFIX)
    return (len(name) - len(bare)) // len(PREFIX), bare


@dataclass(slots=True)
class ChunkResults:
    """The results of consecutive records, stored by column as received. Iterating makes the `RecordResult`s one by one.

    Attributes:
        start: The index of the first record.
        outputs: The outputs of each record.
        warnings: The warnings of each record.
        errors: The errors of each record.
        call_id: The runner's id of the call.
        version: The version of the service that computed the results; None if the runner does not report it.
        kept: The inputs of each record that `keep` names; None without `keep`.
    """

    start: int
    outputs: Sequence[Any]
    warnings: Sequence[Any]
    errors: Sequence[Any]
    call_id: str | None = None
    version: str | None = None
    kept: Sequence[dict[str, Any]] | None = None

    def __len__(self) -> int:
        return len(self.outputs)

    def __iter__(self) -> Iterator[RecordResult]:
        columns = zip(itertools.count(self.start), self.outputs, self.warnings, self.errors, strict=False)
        if self.kept is None:
            return (RecordResult(*values, self.call_id) for values in columns)
        return (RecordResult(*values, self.call_id, kept) for values, kept in zip(columns, self.kept, strict=True))

    @property
    def failed(self) -> int:
        """The number of records with errors."""
        return sum(1 for one in self.errors if one)


def columns_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the columns of a table with these rows, in order."""
    names = dict.fromkeys(name for row in rows for name in row)
    return ['index', *(name for name in names if name not in BESIDE), 'warnings', 'errors']


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of `execute_many`.

    Attributes:
        done: The number of records with a result, including those of an earlier run with the same checkpoint.
        total: The number of all records; None if it is unknown.
        failed: The number of records with errors.
        seconds: The time since the start of this run, in seconds.
        chunk_size: The number of records in the next call.
        concurrency: The number of calls that may be in flight at the same time.
    """

    done: int
    total: int | None
    failed: int
    seconds: float
    chunk_size: int
    concurrency: int


ProgressLike: TypeAlias = bool | Callable[[Progress], object]
"""False for none, True for a progress bar on the terminal (needs `tqdm`), or a function called after each call."""
