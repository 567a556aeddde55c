"""The return values of `services.execute_many`: iterators that compute the results while they are read."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterable, Iterator
from operator import itemgetter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ..errors import SparkSdkError
from ..records import RecordResult, columns_of
from ..results import arrow_table, library, polars_frame
from .writers import TableWriter, open_writer

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ['AsyncManyResults', 'ManyResults']

Result = TypeVar('Result')
Given = TypeVar('Given')


class ManyResults(Iterator[RecordResult]):
    """The results of many records, for a `for` loop or as a whole. They can be read only once.

    Calls in flight are aborted when this object is closed, as a `with` statement does at its end, or when it is no
    longer referenced after the loop was left by `break` or an exception.
    """

    def __init__(self, results: Generator[RecordResult], finish: Callable[[], None]) -> None:
        self._results = results
        self._finish = finish
        self._is_over = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> RecordResult:
        try:
            return next(self._results)
        except BaseException:
            self._is_over = True
            raise

    def close(self) -> None:
        """Abort the calls in flight. It can be called more than once."""
        self._is_over = True
        self._results.close()
        self._finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def to_pandas(self) -> pd.DataFrame:
        """Read all remaining results into a pandas data frame: `index`, a column per output, `warnings`, `errors`.

        Raises:
            SparkSdkError: The results were already read, or pandas is not installed.
        """
        return _pandas(_unread(self._is_over, self, 'pandas'))

    def to_polars(self) -> pl.DataFrame:
        """Read all remaining results into a polars data frame: `index`, a column per output, `warnings`, `errors`.

        Raises:
            SparkSdkError: The results were already read, or polars is not installed.
        """
        return _polars(_unread(self._is_over, self, 'polars'))

    def to_arrow(self) -> Any:
        """Read all remaining results into a `pyarrow.Table`: `index`, a column per output, `warnings`, `errors`.

        Raises:
            SparkSdkError: The results were already read, or pyarrow is not installed.
        """
        return _arrow(_unread(self._is_over, self, 'pyarrow'))

    def write(self, path: str | os.PathLike[str]) -> int:
        """Write all remaining results to a `.parquet`, `.csv` or `.jsonl` file. It appears only when it is complete.

        Returns:
            The number of records written.

        Raises:
            SparkSdkError: The results were already read, or the file cannot be written; `.csv` and `.parquet` need
                records of one kind.
        """
        writer = open_writer(_unread(self._is_over, path))
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
    """The results of many records, for an `async for` loop or as a whole. They can be read only once.

    Calls in flight are cancelled at once by `close()` or at the end of an `async with` statement, and soon after the
    loop was left by `break`.
    """

    def __init__(self, results: AsyncGenerator[RecordResult], finish: Callable[[], None]) -> None:
        self._results = results
        self._finish = finish
        self._is_over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RecordResult:
        try:
            return await anext(self._results)
        except BaseException:
            self._is_over = True
            raise

    async def close(self) -> None:
        """Cancel the calls in flight. It can be called more than once."""
        self._is_over = True
        await self._results.aclose()
        self._finish()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def to_pandas(self) -> pd.DataFrame:
        """Read all remaining results into a pandas data frame; see `ManyResults.to_pandas`."""
        return await _aside(_pandas, [one async for one in await _aside(_unread, self._is_over, self, 'pandas')])

    async def to_polars(self) -> pl.DataFrame:
        """Read all remaining results into a polars data frame; see `ManyResults.to_polars`."""
        return await _aside(_polars, [one async for one in await _aside(_unread, self._is_over, self, 'polars')])

    async def to_arrow(self) -> Any:
        """Read all remaining results into a `pyarrow.Table`; see `ManyResults.to_arrow`."""
        return await _aside(_arrow, [one async for one in await _aside(_unread, self._is_over, self, 'pyarrow')])

    async def write(self, path: str | os.PathLike[str]) -> int:
        """Write all remaining results to a `.parquet`, `.csv` or `.jsonl` file; see `ManyResults.write`."""
        opened: list[TableWriter] = []
        try:
            await _aside(_open, _unread(self._is_over, path), opened)
            async for one in self:
                if opened[0].add(one):
                    await _aside(opened[0].flush)
            return await _aside(opened[0].finish)
        except BaseException:
            for writer in opened:
                await self.close()
                writer.drop()
            raise


def _unread(is_over: bool, given: Given, needed: str | None = None) -> Given:
    """Return a value, after checking that the results can still be read and that the library is installed.

    Raises:
        SparkSdkError: The results were already read or closed, or the library is not installed.
    """
    if is_over:
        raise SparkSdkError('these results were already read or closed; call execute_many again')
    if needed is not None:
        library(needed)
    return given


def _open(path: str | os.PathLike[str], opened: list[TableWriter]) -> None:
    """Open a writer and append it to a list, where the caller finds it even if it was cancelled in the meantime."""
    opened.append(open_writer(path))


async def _aside(function: Callable[..., Result], *arguments: Any) -> Result:
    from .._perform.awaiting import aside  # here: it imports anyio, which a blocking client does not need

    return await aside(function, *arguments)


def _rows(results: Iterable[RecordResult]) -> list[dict[str, Any]]:
    """Sort the rows of a table. The first row gets all columns, because some libraries look only there."""
    rows = sorted((one.row for one in results), key=itemgetter('index'))
    if rows:
        rows[0] = {name: rows[0].get(name) for name in columns_of(rows)}
    return rows


def _pandas(results: Iterable[RecordResult]) -> pd.DataFrame:
    frame: pd.DataFrame = library('pandas').DataFrame(_rows(results))
    return frame


def _polars(results: Iterable[RecordResult]) -> pl.DataFrame:
    return polars_frame(_rows(results))


def _arrow(results: Iterable[RecordResult]) -> Any:
    return arrow_table(_rows(results))
