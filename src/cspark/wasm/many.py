"""What `services.execute_many` returns: results that are computed while they are read."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .records import RecordResult
from .results import arrow_table, library
from .tables import open_writer

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ['AsyncManyResults', 'ManyResults']


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
        """All of the rest as a data frame: `index`, a column an output, `errors`."""
        return _pandas(self)

    def to_polars(self) -> pl.DataFrame:
        """All of the rest as a data frame: `index`, a column an output, `errors`."""
        return _polars(self)

    def to_arrow(self) -> Any:
        """All of the rest as a `pyarrow.Table`: `index`, a column an output, `errors`."""
        return arrow_table(_rows(self))

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
                writer.add(one)
            return writer.finish()
        except BaseException:
            self.close()
            writer.drop()
            raise


class AsyncManyResults(AsyncIterator[RecordResult]):
    """The results of many records, in an `async for` loop or as a whole. They are read once.

    Leave the loop by `break` only within `async with`, or call `close()`: a loop learns late that nobody listens.
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
        """All of the rest as a data frame: `index`, a column an output, `errors`."""
        return _pandas([one async for one in self])

    async def to_polars(self) -> pl.DataFrame:
        """All of the rest as a data frame: `index`, a column an output, `errors`."""
        return _polars([one async for one in self])

    async def to_arrow(self) -> Any:
        """All of the rest as a `pyarrow.Table`: `index`, a column an output, `errors`."""
        return arrow_table(_rows([one async for one in self]))

    async def write(self, path: str | os.PathLike[str]) -> int:
        """Write all of the rest to a `.parquet`, `.csv` or `.jsonl` file; as `ManyResults.write`."""
        writer = open_writer(path)
        try:
            async for one in self:
                writer.add(one)
            return writer.finish()
        except BaseException:
            await self.close()
            writer.drop()
            raise


def _rows(results: Iterable[RecordResult]) -> list[dict[str, Any]]:
    """Rows of a table; the first one has all columns, in their order, for a library that looks only there."""
    rows = [one.row for one in results]
    if rows:
        names = dict.fromkeys(name for row in rows for name in row if name != 'errors')
        rows[0] = {name: rows[0].get(name) for name in (*names, 'errors')}
    return rows


def _pandas(results: Iterable[RecordResult]) -> pd.DataFrame:
    frame: pd.DataFrame = library('pandas').DataFrame(_rows(results))
    return frame


def _polars(results: Iterable[RecordResult]) -> pl.DataFrame:
    frame: pl.DataFrame = library('polars').DataFrame(_rows(results), infer_schema_length=None, strict=False)
    return frame
