"""A stub: a service whose answers come from a Python function, and which a test can tell to fail."""

from __future__ import annotations

import copy
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Literal

import attrs

from .._codec.json import decode_json
from .._input_values import encode_inputs
from ..errors import SparkSdkError
from ..inputs import read_record
from ..uri import Uri

__all__ = ['Call', 'Failure', 'Stub']

Compute = Callable[[dict[str, Any]], Mapping[str, Any]]


@attrs.frozen
class Call:
    """A call that a stub has received.

    Args:
        path: The path of the request.
        headers: Its headers, with names in lower case.
        records: Its records.
        meta: Its metadata, such as `call_purpose`.
    """

    path: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    records: tuple[dict[str, Any], ...]
    meta: Mapping[str, Any] = attrs.field(factory=dict[str, Any], repr=False)


@attrs.frozen
class Failure:
    """How a call fails, or is delayed."""

    kind: Literal['status', 'drop', 'malformed', 'delay']
    status: int = 503
    message: str = ''
    retry_after: float | None = None
    seconds: float = 0.0


class Stub:
    """A service of a `StubRunner`.

    Args:
        uri: `folder/service`, with a version in brackets if it matters.
        compute: A function that gets the inputs of a record and returns its outputs. An exception that it raises is an
            entry in the `errors` of that record.

    Attributes:
        calls: The calls that were received, those that failed included.
    """

    def __init__(self, uri: str, compute: Compute) -> None:
        named = Uri.validate(uri)
        if not (named.folder and named.service):
            raise SparkSdkError(f'a stub is named folder/service or folder/service[version], not {uri!r}')
        self.folder, self.service, self.version = named.folder, named.service, named.version or '1.0.0'
        self.service_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f'{self.folder}/{self.service}'))
        self.version_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f'{self.folder}/{self.service}[{self.version}]'))
        self.calls: list[Call] = []
        self._compute = compute
        self._failures: deque[Failure] = deque()
        self._lock = threading.Lock()

    @property
    def uri(self) -> str:
        """`folder/service[version]`."""
        return f'{self.folder}/{self.service}[{self.version}]'

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records of all calls, in the order received."""
        return [record for call in self.calls for record in call.records]

    def fail(
        self,
        status: int = 503,
        message: str = 'the stub was told to',
        *,
        retry_after: float | None = None,
        times: int = 1,
    ) -> None:
        """Answer the next calls with an error status.

        Args:
            status: The status, from 300 to 599.
            message: What the answer says.
            retry_after: The header `Retry-After`, in seconds.
            times: How many calls fail so.
        """
        if not 300 <= status <= 599:
            raise SparkSdkError(f'a call fails with a status from 300 to 599, not {status!r}')
        self._add(Failure('status', status, message, retry_after), times)

    def drop(self, times: int = 1) -> None:
        """Break the connections of the next calls without an answer."""
        self._add(Failure('drop'), times)

    def answer_malformed(self, times: int = 1) -> None:
        """Answer the next calls with JSON that is cut off."""
        self._add(Failure('malformed'), times)

    def delay(self, seconds: float, times: int = 1) -> None:
        """Answer the next calls after so many seconds."""
        self._add(Failure('delay', seconds=seconds), times)

    def _add(self, failure: Failure, times: int) -> None:
        with self._lock:
            self._failures.extend([failure] * times)

    def receive(self, call: Call) -> Failure | None:
        """Note a call; return how it fails, or None."""
        with self._lock:
            self.calls.append(call)
            return self._failures.popleft() if self._failures else None

    def execute(self, record: dict[str, Any]) -> tuple[Any, list[dict[str, Any]] | None]:
        """Compute a record: its outputs, and its errors or None."""
        try:
            outputs = self._compute(copy.deepcopy(record))
            if not isinstance(outputs, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise TypeError(f'the function of the stub returned {type(outputs).__name__}, not a mapping of outputs')
            # Encode outputs as inputs, so that dates, numpy numbers and data frames are converted in the same way.
            record = read_record(dict(outputs))
            written: Any = decode_json(encode_inputs(record, record, 'error'))
        except Exception as error:  # noqa: BLE001 - whatever the test's function raises is what the model reports
            message = f'{type(error).__name__}: {error}'
            return None, [{'source_path': 'stub', 'error_category': 'Stub', 'message': message}]
        return written, None
