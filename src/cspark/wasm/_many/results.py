"""The return values of `services.execute_many`: iterators that compute the results while they are read."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from .._tables import Columns, arrow_table, import_library, pandas_frame, polars_frame
from ..records import Outputs, RecordResult
from .kept import Kept, columns_of_results
from .run import Run
from .writers import TableWriter, open_writer

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ['AsyncManyResults', 'ManyResults']

Result = TypeVar('Result')
Frame = TypeVar('Frame')


class ManyResults(Kept, Iterator[RecordResult[Outputs]], Generic[Outputs]):
    """The results of many records, for a `for` loop or as a whole.

    A loop reads them once. What is read as a whole, as by `to_pandas()`, is kept for the next time, unless the answers
    take more than `max_bytes`. Calls in flight are aborted when this object is closed, as a `with`
    statement does at its end, or when it is no longer referenced after the loop was left by `break` or an exception.
    """

    def __init__(self, results: Generator[RecordResult], run: Run) -> None:
        super().__init__(run)
        self._results = results

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> RecordResult[Outputs]:
        try:
            return self._take(next(self._results))
        except BaseException as error:
            self._end(error)
            raise

    def close(self) -> None:
        """Abort the calls in flight, from any thread. It can be called more than once."""
        self._closing()
        try:
            self._results.close()
        except ValueError:  # another thread is reading: it ends the run as soon as it notices
            return
        self.run.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def to_pandas(self) -> pd.DataFrame:
        """Read all remaining results into a pandas data frame: `index`, a column per output, `warnings`, `errors`.

        What `keep` names stands after the `index`.

        Raises:
            SparkSdkError: The results were already read, or pandas is not installed.
        """
        frame: pd.DataFrame = pandas_frame(self._columns('pandas'))
        return frame

    def to_polars(self) -> pl.DataFrame:
        """Read all remaining results into a polars data frame: `index`, a column per output, `warnings`, `errors`.

        Raises:
            SparkSdkError: The results were already read, or polars is not installed.
        """
        frame: pl.DataFrame = polars_frame(self._columns('polars'))
        return frame

    def to_arrow(self) -> Any:
        """Read all remaining results into a `pyarrow.Table`: `index`, a column per output, `warnings`, `errors`.

        Raises:
            SparkSdkError: The results were already read, or pyarrow is not installed.
        """
        return arrow_table(self._columns('pyarrow'))

    def join_to(self, frame: Frame) -> Frame:
        """Read all remaining results, and add them to the frame that they were computed from, row by row.

        Args:
            frame: A frame of pandas (whose index stays), of polars, or a table of pyarrow.

        Returns:
            A new frame with a column per output, `warnings` and `errors` behind its own. An output with the name of one
            of its own columns is in the column `outputs.NAME`.

        Raises:
            SparkSdkError: It is no such frame, has another number of rows, or the results were already read.
        """
        names = self._names_to_join(frame)
        return self._join(frame, names, self._collect())

    def write(self, path: str | os.PathLike[str]) -> int:
        """Write all remaining results to a `.parquet`, `.csv` or `.jsonl` file. It appears only when it is complete.

        Returns:
            The number of records written.

        Raises:
            SparkSdkError: The results were already read, or the file cannot be written; `.csv` and `.parquet` need
                records of one kind.
        """
        self._check_readable()
        writer = open_writer(path)
        try:
            for one in self._kept if self._kept is not None else self._keeping(iter(self)):
                if writer.add(one):
                    writer.flush()
            self._check_whole()
            return writer.finish()
        except BaseException:
            self.close()
            writer.drop()
            raise

    def _collect(self) -> list[RecordResult]:
        self._check_readable()
        if self._kept is not None:
            return self._kept
        found = list(self)
        self._check_whole()
        return self.keep_results(found)

    def _columns(self, library: str) -> Columns:
        import_library(library)
        return columns_of_results(self._collect())


class AsyncManyResults(Kept, AsyncIterator[RecordResult[Outputs]], Generic[Outputs]):
    """The results of many records, for an `async for` loop or as a whole; see `ManyResults`.

    Calls in flight are cancelled at once by `close()` or at the end of an `async with` statement, and soon after the
    loop was left by `break`.
    """

    def __init__(self, results: AsyncGenerator[RecordResult], run: Run) -> None:
        super().__init__(run)
        self._results = results

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RecordResult[Outputs]:
        try:
            return self._take(await anext(self._results))
        except BaseException as error:
            self._end(error)
            raise

    async def close(self) -> None:
        """Cancel the calls in flight. It can be called more than once."""
        self._closing()
        try:
            await self._results.aclose()
        except RuntimeError:  # another task is reading: it ends the run as soon as it notices
            return
        self.run.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def to_pandas(self) -> pd.DataFrame:
        """Read all remaining results into a pandas data frame; see `ManyResults.to_pandas`."""
        frame: pd.DataFrame = await self._make(pandas_frame, 'pandas')
        return frame

    async def to_polars(self) -> pl.DataFrame:
        """Read all remaining results into a polars data frame; see `ManyResults.to_polars`."""
        frame: pl.DataFrame = await self._make(polars_frame, 'polars')
        return frame

    async def to_arrow(self) -> Any:
        """Read all remaining results into a `pyarrow.Table`; see `ManyResults.to_arrow`."""
        return await self._make(arrow_table, 'pyarrow')

    async def join_to(self, frame: Frame) -> Frame:
        """Read all remaining results, and add them to the frame that they were computed from; see `ManyResults`."""
        names = self._names_to_join(frame)
        results = await self._collect()
        return await run_on_thread(self._join, frame, names, results)

    async def write(self, path: str | os.PathLike[str]) -> int:
        """Write all remaining results to a `.parquet`, `.csv` or `.jsonl` file; see `ManyResults.write`."""
        opened: list[TableWriter] = []
        self._check_readable()
        try:
            await run_on_thread(_open_into, opened, path)
            if self._kept is not None:
                for one in self._kept:
                    if opened[0].add(one):
                        await run_on_thread(opened[0].flush)
            else:
                keeper = self._keeping(iter(()))
                async for one in self:
                    keeper.add(one)
                    if opened[0].add(one):
                        await run_on_thread(opened[0].flush)
                keeper.end()
            self._check_whole()
            return await run_on_thread(opened[0].finish)
        except BaseException:
            for writer in opened:
                await self.close()
                writer.drop()
            raise

    async def _collect(self) -> list[RecordResult]:
        self._check_readable()
        if self._kept is not None:
            return self._kept
        found = [one async for one in self]
        self._check_whole()
        return self.keep_results(found)

    async def _make(self, make: Callable[[Columns], Any], library: str) -> Any:
        await run_on_thread(import_library, library)
        results = await self._collect()
        return await run_on_thread(lambda: make(columns_of_results(results)))


def _open_into(opened: list[TableWriter], path: str | os.PathLike[str]) -> None:
    """Open a writer and append it to a list, where the caller finds it even if it was cancelled in the meantime."""
    opened.append(open_writer(path))


async def run_on_thread(function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function that takes long on a thread."""
    from .._perform.awaiting import aside  # here: it imports anyio, which a blocking client does not need

    return await aside(function, *arguments)
