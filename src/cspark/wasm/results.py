"""What a caller gets back: the answer as data, and the exchange behind it.

The dictionaries below are for type checkers. A runner may add fields and leave some out; nothing here raises for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar

if TYPE_CHECKING:
    import httpx

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
    """The v4 envelope: every list has one entry a record, in the order of the inputs; times are in milliseconds."""

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
    correlation_id: str | None
    request_timestamp: str | None


@dataclass
class HttpResponse(Generic[Data]):
    """An answer of the runner.

    Attributes:
        status: The HTTP status.
        data: The answer, decoded.
        buffer: The answer's body as bytes, unpacked.
        headers: The answer's headers.
        raw_request: The request as it was sent, without its body.
        raw_response: The answer as httpx has it.
    """

    status: int
    data: Data
    buffer: bytes
    headers: httpx.Headers
    raw_request: httpx.Request
    raw_response: httpx.Response

    def copy_with(self, **changes: Any) -> HttpResponse[Any]:
        """A copy with other values for `status`, `data`, `buffer`, `headers`, `request` or `response`."""
        names = {'request': 'raw_request', 'response': 'raw_response'}
        return HttpResponse(**{**self.__dict__, **{names.get(name, name): value for name, value in changes.items()}})

    def __repr__(self) -> str:
        return f'<{type(self).__name__} {self.status}, {len(self.buffer)} bytes>'


@dataclass(repr=False)
class ServiceExecuted(HttpResponse[Data]):
    """The answer of `services.execute`."""


def alike(answer: Mapping[str, Any]) -> ExecutedData:
    """A v3 envelope in the shape of a v4 one, with one record.

    >>> alike({'response_data': {'outputs': {'volume': 12.57}}, 'response_meta': {'process_time': 1}})['outputs']
    [{'volume': 12.57}]
    """
    data: Mapping[str, Any] = answer.get('response_data') or {}
    meta: Mapping[str, Any] = answer.get('response_meta') or {}
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
