"""The results of calls: the answer as data, and the request and response behind it.

The `TypedDict`s serve type checkers. A runner may add or omit fields; nothing here raises for that.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, Self, TypedDict, TypeVar, cast

from ._answer import Answer
from ._codec.json import is_array, is_object
from ._tables import Columns, arrow_table, pandas_frame, polars_frame, rows_to_columns
from .errors import SparkExecutionError, SparkSdkError
from .records import Outputs, RecordResult, columns_of

if TYPE_CHECKING:
    import httpx
    import pandas as pd
    import polars as pl

    from ._display import Table

__all__ = [
    'ExecutedData',
    'Health',
    'HttpResponse',
    'RunnerState',
    'ServiceAnswer',
    'ServiceExecuted',
    'Uploaded',
    'VersionInfo',
]

Data = TypeVar('Data')


class Health(TypedDict):
    """`health.check()`: `msg` is `ok` when all is well."""

    msg: str


class VersionInfo(TypedDict):
    """`version.get()`: what the runner is compatible with."""

    lastPullDate: str | None
    filehash: str | None
    version: str | None


class RunnerState(TypedDict):
    """`status.get()`: the loaded models by tenant, and memory in MB."""

    models: list[dict[str, Any]]
    memory_usage_mb: float | None
    memory_limit_mb: float | None


class Uploaded(TypedDict):
    """`services.upload()`: the services of the package by tenant."""

    response_data: list[dict[str, Any]]


class ServiceAnswer(TypedDict):
    """The v3 envelope: what `response_format='original'`, `validate` and `get_metadata` return."""

    status: str | None
    error: Any
    response_data: dict[str, Any]
    response_meta: dict[str, Any]


class ExecutedData(TypedDict):
    """The v4 envelope. Each list has one entry per record, in the order of the inputs; times are in milliseconds."""

    outputs: list[Any]
    process_time: list[Any]
    warnings: list[Any]
    errors: list[Any]
    service_chain: list[Any]
    service_id: str | None
    version_id: str | None
    version: str | None
    call_id: str | None
    compiler_version: str | None
    correlation_id: str | float | None
    request_timestamp: str | None


class HttpResponse(Generic[Data]):
    """An answer from the runner. It can be pickled, and holds no credentials.

    Args:
        status: The HTTP status.
        data: The decoded body.
        buffer: The body as decompressed bytes.
        headers: The headers of the answer.
        raw_request: The request as an `httpx.Request`.
        raw_response: The answer as an `httpx.Response`.
        answer: The exchange with the runner, from which the three arguments before it are taken if not given.
    """

    def __init__(
        self,
        status: int,
        data: Data,
        buffer: bytes = b'',
        headers: httpx.Headers | None = None,
        raw_request: httpx.Request | None = None,
        raw_response: httpx.Response | None = None,
        *,
        answer: Answer | None = None,
    ) -> None:
        self.status = status
        """The HTTP status."""
        self.data = data
        """The decoded body."""
        self.buffer = buffer
        """The body as decompressed bytes."""
        self._answer = answer or Answer('GET', 'http://localhost', {}, None, status, [], buffer)
        given = {'headers': headers, 'raw_request': raw_request, 'raw_response': raw_response}
        self._given: dict[str, Any] = {name: value for name, value in given.items() if value is not None}

    @classmethod
    def of(cls, answer: Answer, data: Data) -> Self:
        """Build the result of an exchange."""
        return cls(answer.status, data, answer.content, answer=answer)

    @property
    def headers(self) -> httpx.Headers:
        """The answer's headers."""
        found: httpx.Headers = self._given.get('headers', self._answer.headers)
        return found

    @property
    def raw_request(self) -> httpx.Request:
        """The request, without the headers that may hold secrets."""
        found: httpx.Request = self._given.get('raw_request', self._answer.request)
        return found

    @property
    def raw_response(self) -> httpx.Response:
        """The answer as an `httpx.Response`."""
        found: httpx.Response = self._given.get('raw_response', self._answer.response)
        return found

    def copy_with(self, **changes: Any) -> HttpResponse[Any]:
        """Return a copy with some values replaced.

        Args:
            **changes: Any of `status`, `data`, `buffer`, `headers`, `request` and `response`.

        Raises:
            TypeError: A name is not one of these.
        """
        names = {'request': 'raw_request', 'response': 'raw_response'}
        changes = {names.get(name, name): value for name, value in changes.items()}
        values = {name: changes.pop(name, getattr(self, name)) for name in ('status', 'data', 'buffer')}
        if unknown := changes.keys() - {'headers', 'raw_request', 'raw_response'}:
            raise TypeError(f'an answer has no {", ".join(sorted(unknown))}')
        copy = type(self)(**values, answer=self._answer)
        copy._given = {**self._given, **changes}  # noqa: SLF001 - its own
        return copy

    def to_dict(self) -> dict[str, Any]:
        """The decoded body as a dictionary that JSON can hold, as a web framework returns it."""
        data: Any = self.data
        return dict(data)

    def __repr__(self) -> str:
        return f'<{type(self).__name__} {self.status}, {len(self.buffer)} bytes>\n{self._table().text()}'

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        from ._display import table_of_data

        return table_of_data(self.status, self.data)


class ServiceExecuted(HttpResponse[Data], Generic[Data, Outputs]):
    """The answer of `services.execute`. Its properties are the same for one record and for many, in both formats."""

    if not TYPE_CHECKING:  # a type variable with a default, as type checkers see it, needs Python 3.13

        def __class_getitem__(cls, types: Any) -> Any:
            return super().__class_getitem__(types if isinstance(types, tuple) else (types, Any))

    @property
    def outputs(self) -> list[Outputs]:
        """The outputs of each record; None for a record that failed."""
        return self._list('outputs')

    @property
    def output(self) -> Outputs:
        """The outputs of the only record.

        Raises:
            SparkSdkError: There is not exactly one record.
        """
        if len(self.outputs) != 1:
            raise SparkSdkError(f'the answer has {len(self.outputs)} records; use .outputs for the outputs of each')
        found: Any = self.outputs[0]
        output: Any = found if is_object(found) else {}
        return cast('Outputs', output)

    @property
    def warnings(self) -> list[Any]:
        """The warnings of each record: a list of dictionaries, or None if there are none."""
        return self._list('warnings')

    @property
    def errors(self) -> list[Any]:
        """The errors of each record: a list of dictionaries, or None if there are none."""
        return self._list('errors')

    @property
    def call_id(self) -> str | None:
        """The runner's id for the call."""
        data: Any = self.data
        meta: Any = data.get('response_meta')
        found: str | None = data.get('call_id') or (meta.get('call_id') if is_object(meta) else None)
        return found

    def raise_for_errors(self) -> Self:
        """Raise if the model reported errors for a record; otherwise return the answer itself.

        Raises:
            SparkExecutionError: There are errors; `.records` has them by the index of the record in the inputs.
        """
        failed = {index: errors for index, errors in enumerate(self.errors) if errors}
        if failed:
            raise SparkExecutionError.of(failed, len(self.errors), self.call_id)
        return self

    def to_pandas(self) -> pd.DataFrame:
        """Convert the records to a pandas data frame: `index`, a column per output, `warnings`, `errors`."""
        frame: pd.DataFrame = pandas_frame(self._columns())
        return frame

    def to_polars(self) -> pl.DataFrame:
        """Convert the records to a polars data frame: `index`, a column per output, `warnings`, `errors`."""
        frame: pl.DataFrame = polars_frame(self._columns())
        return frame

    def to_arrow(self) -> Any:
        """Convert the records to a `pyarrow.Table` (which has no types): `index`, outputs, `warnings`, `errors`."""
        return arrow_table(self._columns())

    def _table(self) -> Table:
        from ._display import table_of_results

        records, data = self._records(), self.data
        meta: Any = data.get('response_meta') if is_object(data) else None
        version = data.get('version') if is_object(data) else None
        version = version or (meta.get('version') if is_object(meta) else None)
        return table_of_results(records, len(records), version, self.call_id)

    def _list(self, name: str) -> list[Any]:
        data: Any = self.data
        holder = data.get('response_data') if is_object(data) and 'response_data' in data else None
        if holder is not None:
            return [holder.get(name) if is_object(holder) else None]
        found = data.get(name) if is_object(data) else None
        if is_array(found):
            return found
        # The runner may omit a list, such as `warnings`; it stands for None for each record.
        outputs = data.get('outputs') if is_object(data) else None
        return [None] * len(outputs) if is_array(outputs) else []

    def _records(self) -> list[RecordResult]:
        outputs: list[Any] = self._list('outputs')
        warnings, errors = self.warnings, self.errors
        header, *values = outputs or [None]
        if is_array(header) and all(isinstance(name, str) for name in header):
            outputs = [dict(zip(header, row, strict=False)) for row in values]
            warnings = errors = [None] * len(outputs)
        columns = itertools.zip_longest(outputs, warnings[: len(outputs)], errors[: len(outputs)])
        return [RecordResult(index, *one, self.call_id) for index, one in enumerate(columns)]

    def _columns(self) -> Columns:
        rows = [one.row for one in self._records()]
        return rows_to_columns(rows, columns_of(rows))


def alike(answer: Mapping[str, Any]) -> ExecutedData:
    """Convert a v3 envelope to a v4 one with one record.

    >>> alike({'response_data': {'outputs': {'volume': 12.57}}, 'response_meta': {'process_time': 1}})['outputs']
    [{'volume': 12.57}]
    """
    data: Any = answer.get('response_data')
    meta: Any = answer.get('response_meta')
    data, meta = data if is_object(data) else {}, meta if is_object(meta) else {}
    return {
        'outputs': [data.get('outputs')],
        'process_time': [meta.get('process_time')],
        'warnings': [data.get('warnings')],
        'errors': [data.get('errors')],
        'service_chain': [data.get('service_chain')],
        'service_id': meta.get('service_id'),
        'version_id': meta.get('version_id'),
        'version': meta.get('version'),
        'call_id': meta.get('call_id'),
        'compiler_version': meta.get('compiler_version'),
        'correlation_id': meta.get('correlation_id'),
        'request_timestamp': meta.get('request_timestamp'),
    }


def nothing_executed() -> ExecutedData:
    """Return the answer for a call without records."""
    none = alike({})
    return {**none, 'outputs': [], 'process_time': [], 'warnings': [], 'errors': [], 'service_chain': []}
