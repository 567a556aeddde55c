"""`Batches` executes a service with batches of records, wherever they are: on the workers of Ray, Dask or Spark."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeVar, Unpack, cast

from .._address import RunnerUrl
from .._tables import import_library
from ..options import Names, RecordOptions, StaticOptions, check_options, split_names
from ..uri import UriLike
from .forms import check_kept, check_names, is_batch, is_invented, refuse, schema_for, with_columns
from .outputs import Output, columns_of, declare, infer
from .task import CONCURRENCY, hide_addresses, make_task
from .worker import close_worker, worker_for

if TYPE_CHECKING:
    import pandas as pd

    from ..auth import TokenLike

__all__ = ['BatchOptions', 'Batches']

Batch = TypeVar('Batch')


class BatchOptions(RecordOptions, StaticOptions, total=False):
    """The options of `Batches` beside its own: those of a client and of an execution. `timeout` is that of a call."""

    tenant: str | None
    """The tenant; it can also be the last segment of `base_url`."""
    api_key: str | None
    """An API key (`CSPARK_API_KEY`)."""
    token: TokenLike | None
    """A bearer token (`CSPARK_BEARER_TOKEN`), a function that fetches one, or `open` for a runner that needs none."""
    max_bytes: int
    """How much memory records and results in flight may take, in bytes (64 MB)."""


class Batches:
    """A service as a function of batches of records, which an engine can send to its workers.

    Call it with a pandas frame, a `pyarrow.Table`, a `pyarrow.RecordBatch`, or an iterator of these. It returns the
    same kind: the columns of `keep`, a column per output, and `warnings` and `errors` as JSON text. Of an iterator, one
    batch is read, computed and yielded after the other.

    Each process opens its client, or its local runner, with its first batch, and closes it when it ends. Pickles hold
    the options, with the credentials in clear text, because workers need them.

    Args:
        uri: The service, as for `services.execute`.
        base_url: The runner's address, or a list of addresses. Calls are spread over several runners, and one that does
            not answer or is overloaded is left out for some time.
        package: A package that the workers execute themselves: its path, which is read now, or its bytes. It needs the
            extra `local` where the workers are.
        instances: The number of instances of the package in each process.
        keep: Columns to return beside the results.
        outputs: The outputs to return, and their types: `boolean`, `integer`, `double`, `string`, `date`, `timestamp`,
            or `json` for any value as JSON text. Without it, the service is executed once with its defaults, and tells
            names and types: numbers are `double`; lists, objects and empty values are `json`.
        on_error: What to do with a record that cannot be executed, or that has an output of another type: end the job
            with the error (`raise`), or return an entry in `errors` (`collect`).
        chunk_size: The number of records per call. By default, each process finds out what the runner can take.
        concurrency: The number of concurrent calls of each process. All workers together have at most this number times
            the number of processes in flight.
        **options: Options of a client and of an execution: see `BatchOptions`.

    Raises:
        SparkConfigError: The address, the credentials or the package are missing or not valid.
        SparkSdkError: Another argument is not valid.

    >>> import pyarrow
    >>> import cspark.wasm as Hybrid
    >>> table = pyarrow.table({'id': ['a', 'b'], 'height': [10, 20], 'radius': [1, 1], 'density': [1, 1]})
    >>> with Hybrid.Batches(
    ...     'shapes/cylinder', package='samples/packages/cylinder.zip', keep=['id'], outputs={'volume': 'double'}
    ... ) as price:
    ...     print(price(table).select(['id', 'volume']).to_pylist()[0])
    {'id': 'a', 'volume': 31.41592653589793}

    API: https://docs.coherent.global/spark-apis/execute-api/execute-api-v4
    """

    def __init__(
        self,
        uri: UriLike,
        *,
        base_url: str | RunnerUrl | Sequence[str | RunnerUrl] | None = None,
        package: str | os.PathLike[str] | bytes | None = None,
        instances: int = 1,
        keep: Names = None,
        outputs: Mapping[str, str] | None = None,
        on_error: Literal['raise', 'collect'] = 'raise',
        chunk_size: int | Literal['auto'] = 'auto',
        concurrency: int = CONCURRENCY,
        **options: Unpack[BatchOptions],
    ) -> None:
        addresses, base_url = hide_addresses(base_url), None  # tracebacks show local variables
        check_options('Batches', options, BatchOptions)
        self._keep: Final = split_names('keep', keep)
        check_names(self._keep)
        self._outputs = declare(outputs, self._keep) if outputs is not None else None
        many: dict[str, Any] = {'on_error': on_error, 'chunk_size': chunk_size, 'concurrency': concurrency}
        if self._outputs is not None and not any(',' in one.name for one in self._outputs):
            many['selected_outputs'] = [one.name for one in self._outputs]
        self._task: Final = make_task(uri, addresses, package, instances, self._keep, many, {**options})
        self._is_declared: Final = outputs is not None

    def __call__(self, batch: Batch) -> Batch:
        """Compute a batch, or each batch of an iterator.

        Args:
            batch: A pandas frame, a `pyarrow.Table`, a `pyarrow.RecordBatch`, or an iterator of these.

        Returns:
            The same kind, with a row per record, in order; a frame keeps its index.

        Raises:
            SparkApiError: The runner refused the calls or, with `on_error='raise'`, a record; the message names it.
            SparkSdkError: The batch is none, a value cannot be sent, or there is no usable answer.
        """
        if isinstance(batch, Iterator):
            return cast('Batch', self._compute_each(batch))  # pyright: ignore[reportUnknownArgumentType]
        computed: Batch = self._compute(batch)
        return computed

    def _compute_each(self, batches: Iterator[Any]) -> Iterator[Any]:
        try:
            for batch in batches:
                yield self._compute(batch)
        finally:
            if isinstance(batches, Generator):
                batches.close()

    def _compute(self, batch: Any) -> Any:
        if not is_batch(batch):
            raise refuse(batch)
        check_kept(batch, self._keep)
        if not len(batch) or is_invented():
            return self._without_records(batch)
        with worker_for(self._task) as worker:
            results = worker.compute(batch)
        columns = columns_of(results, self._known(), self._keep, self._task.on_error, is_declared=self._is_declared)
        return with_columns(batch, self._keep, columns)

    def _without_records(self, batch: Any) -> Any:
        columns = columns_of([], self._known(), self._keep, self._task.on_error)
        return with_columns(batch[:0] if hasattr(batch, 'iloc') else batch.slice(0, 0), self._keep, columns)

    def _known(self) -> tuple[Output, ...]:
        if self._outputs is None:
            with worker_for(self._task) as worker:
                self._outputs = infer(worker.compute_defaults(), self._keep)
        return self._outputs

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs and their types. If they were not given, the service is executed once with its defaults."""
        return {one.name: one.kind for one in self._known()}

    @property
    def actor(self) -> type[object]:
        """A class for engines that create an object in each worker, such as Ray Data: `map_batches(price.actor)`."""
        batches = self

        class Service:
            """This service, in a worker. It opens its client or its local runner when it is created."""

            def __init__(self) -> None:
                batches.open()

            def __call__(self, batch: Batch) -> Batch:
                return batches(batch)

        return Service

    def meta(self, frame: Any) -> pd.DataFrame:
        """Describe the results as Dask wants it: an empty pandas frame with their columns and types.

        Args:
            frame: The Dask or pandas frame with the records.
        """
        like: Any = frame
        if not isinstance(frame, import_library('pandas').DataFrame):
            like = getattr(frame, '_meta', frame)
        check_kept(like, self._keep)
        empty: pd.DataFrame = self._without_records(like)
        return empty

    def schema(self, frame: Any) -> Any:
        """Describe the results as Spark and Arrow want it.

        Args:
            frame: The Spark frame with the records, or its schema; or an Arrow table, or its schema.

        Returns:
            A `pyspark.sql.types.StructType`, or a `pyarrow.Schema`.
        """
        return schema_for(frame, self._keep, self._known())

    def open(self) -> None:
        """Open the client or the local runner of this process now, instead of with the first batch."""
        with worker_for(self._task):
            pass

    def close(self) -> None:
        """Close the client or the local runner of this process. The next batch opens another one."""
        close_worker(self._task)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __dask_tokenize__(self) -> tuple[str, str]:
        return type(self).__name__, self._task.id

    def __repr__(self) -> str:
        task = getattr(self, '_task', None)  # missing if `__init__` raised; a traceback may show such an object
        if task:
            return f'Batches({str(task.uri)!r}, {task.where})'
        return 'Batches(being built)'
