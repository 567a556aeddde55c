"""What `services.execute_many` returns: results that are computed while they are read."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from .records import RecordResult, columns_of
from .results import arrow_table, library
from .tables import open_writer

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ['AsyncManyResults', 'ManyResults']

Result = TypeVar('Result')


class ManyResults(Iterator[RecordResult]):
    """The results of many records, in a `for` loop or as a whole. They can be read once.

    What is under way is ended when the loop is left by `break` or by an exception and this object is no longer used, or
    when it is closed; in a `with` statement, that is at its end.
    """

    def __init__(self, results: Generator[RecordResult], finish: Callable[[], None]) -> None:
        self._results = results
        self._finish = finish

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> RecordResult:
        return next(self._results)

    def close(self) -> None:
        """End what is under way; any number of times."""
        self._results.close()
        self._finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def to_pandas(self) -> pd.DataFrame:
        """All of the rest as a data frame: `index`, a column an output, `warnings`, `errors`."""
        return _pandas(self)

    def to_polars(self) -> pl.DataFrame:
        """All of the rest as a data frame: `index`, a column an output, `warnings`, `errors`."""
        return _polars(self)

    def to_arrow(self) -> Any:
        """All of the rest as a `pyarrow.Table`: `index`, a column an output, `warnings`, `errors`."""
        return _arrow(self)

    def write(self, path: str | os.PathLike[str]) -> int:
        """Write all of the rest to a `.parquet`, `.csv` or `.jsonl` file, which is there only when it is whole.

        Returns:
            The number of records.

        Raises:
            SparkSdkError: It cannot be written; `.csv` and `.parquet` need records of one kind.
        """
        writer = open_writer(path)
        try:
            for one in self:
                if writer.add(one):
                    writer.flush()
            return writer.finish()
        except BaseException:
            self.close()
            writer.drop()
            raise


class AsyncManyResults(AsyncIterator[RecordResult]):
    """The results of many records, in an `async for` loop or as a whole. They are read once.

    What is under way is ended soon after a `break` out of the loop; at the end of an `async with` statement, or by
    `close()`, at once.
    """

    def __init__(self, results: AsyncGenerator[RecordResult], finish: Callable[[], None]) -> None:
        self._results = results
        self._finish = finish

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RecordResult:
        return await anext(self._results)

    async def close(self) -> None:
        """End what is under way; any number of times."""
        await self._results.aclose()
        self._finish()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def to_pandas(self) -> pd.DataFrame:
        """All of the rest as a data frame: `index`, a column an output, `warnings`, `errors`."""
        return await _aside(_pandas, [one async for one in self])

    async def to_polars(self) -> pl.DataFrame:
        """All of the rest as a data frame: `index`, a column an output, `warnings`, `errors`."""
        return await _aside(_polars, [one async for one in self])

    async def to_arrow(self) -> Any:
        """All of the rest as a `pyarrow.Table`: `index`, a column an output, `warnings`, `errors`."""
        return await _aside(_arrow, [one async for one in self])

    async def write(self, path: str | os.PathLike[str]) -> int:
        """Write all of the rest to a `.parquet`, `.csv` or `.jsonl` file; as `ManyResults.write`."""
        writer = await _aside(open_writer, path)
        try:
            async for one in self:
                if writer.add(one):
                    await _aside(writer.flush)
            return await _aside(writer.finish)
        except BaseException:
            await self.close()
            writer.drop()
            raise


async def _aside(function: Callable[..., Result], *arguments: Any) -> Result:
    from ._drivers.awaiting import aside  # with anyio, which a blocking client does without

    return await aside(function, *arguments)


def _rows(results: Iterable[RecordResult]) -> list[dict[str, Any]]:
    """Rows of a table; the first one has all columns, in their order, for a library that looks only there."""
    rows = [one.row for one in results]
    if rows:
        rows[0] = {name: rows[0].get(name) for name in columns_of(rows)}
    return rows


def _pandas(results: Iterable[RecordResult]) -> pd.DataFrame:
    frame: pd.DataFrame = library('pandas').DataFrame(_rows(results))
    return frame


def _polars(results: Iterable[RecordResult]) -> pl.DataFrame:
    frame: pl.DataFrame = library('polars').DataFrame(_rows(results), infer_schema_length=None, strict=False)
    return frame


def _arrow(results: Iterable[RecordResult]) -> Any:
    return arrow_table(_rows(results))
