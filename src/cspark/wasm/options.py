"""The keyword arguments of the clients: each documented once, for both."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal, TypeAlias, TypedDict
from uuid import UUID

from ._address import RunnerUrl
from ._codec.compression import Encoding
from ._progress import UploadProgress
from .auth import TokenLike
from .errors import SparkSdkError
from .inputs import Inputs
from .logger import LoggerLike
from .records import ProgressLike
from .retry_policy import RetryPolicy

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = [
    'CallOptions',
    'ClientOptions',
    'Encoding',
    'ExecuteOptions',
    'ManyOptions',
    'MetadataOptions',
    'PackageLike',
    'RecordOptions',
    'StaticOptions',
    'UploadOptions',
    'ValidateOptions',
]

Names: TypeAlias = 'str | Sequence[str] | None'
"""A list of names, or a comma-separated text."""

PackageLike: TypeAlias = 'BinaryIO | bytes | str | os.PathLike[str]'
"""A package: the path of its zip, a file opened in binary mode, or the zip's bytes."""

Timeout: TypeAlias = 'float | httpx.Timeout | None'
"""The limit of a whole call, in milliseconds, or an `httpx.Timeout` for the phases of each attempt."""


class StaticOptions(TypedDict, total=False):
    """How to call a runner that is only asked for its health, version or status."""

    timeout: Timeout
    """The limit of a whole call, retries included, in milliseconds (60000); or an `httpx.Timeout` for the phases of
    each attempt."""
    max_retries: int | RetryPolicy | None
    """How often a failed call is tried again (2), 0 means not at all; or a `RetryPolicy`."""
    retry_interval: float | None
    """The longest first pause before a retry, in seconds (1); it doubles from retry to retry."""
    extra_headers: Mapping[str, str] | None
    """Headers to send with every request."""
    logger: LoggerLike
    """Where to log: a logger, or False for nowhere (the logger `cspark.wasm`)."""
    verify: bool | str | ssl.SSLContext | None
    """What to trust of a `https://` runner (what the machine trusts): the path of a file of certificates, an
    `ssl.SSLContext`, or False for anything."""
    transport: Literal['httpx'] | None
    """`httpx` to send everything through httpx, such as where a test stands in for it (`CSPARK_TRANSPORT`)."""
    max_connection_age: float
    """After how many seconds a connection takes no more requests (300)."""


class ClientOptions(StaticOptions, total=False):
    """What a client is built from."""

    base_url: str | RunnerUrl | None
    """The runner's address, with its path prefix if it has one (`CSPARK_RUNNER_URL`, or `http://localhost:3000`)."""
    tenant: str | None
    """The tenant; it can also be the last segment of `base_url`."""
    api_key: str | None
    """An API key (`CSPARK_API_KEY`)."""
    token: TokenLike | None
    """A bearer token (`CSPARK_BEARER_TOKEN`), a function that fetches one, or `open` for a runner that needs none."""
    auth: httpx.Auth | None
    """An `httpx.Auth`, which then sees to the credentials alone."""


class CallOptions(TypedDict, total=False):
    """What every call takes beside its own arguments, for this call alone."""

    timeout: Timeout
    """The limit of the whole call, in milliseconds, or an `httpx.Timeout` for the phases of each attempt."""
    max_retries: int | RetryPolicy | None
    """How often to try again, or a `RetryPolicy`."""
    headers: Mapping[str, str] | None
    """Further headers."""


class UploadOptions(CallOptions, total=False):
    """What `services.upload` takes beside the file."""

    progress: UploadProgress
    """True for a bar on the terminal (it needs `tqdm`), or a function that is told after each piece how many bytes are
    on their way, and of how many."""


class RecordOptions(CallOptions, total=False):
    """How to execute records, be it one or many."""

    nan: Literal['null', 'error'] | None
    """What becomes of NaN and infinities, which JSON does not have: `null` (the default), or an error."""
    encoding: Encoding | None
    """How to compress the request's body."""
    layout: Literal['rows', 'columnar'] | None
    """How records are sent: `rows` as they are given (the default), or `columnar`, the names once and then the values,
    which is smaller; all records must then have the same names. Data frames and tables are always columnar."""
    active_since: str | date | None
    """A moment, ISO 8601 text or a date or datetime: the newest version in effect then runs."""
    source_system: str | None
    """Where the call comes from (`Spark Python SDK`)."""
    correlation_id: str | None
    """The caller's own id for the call; it comes back in the answer."""
    call_purpose: str | None
    """Why the call is made (`Single Execution`, or `Sync Batch Execution` for many records)."""
    subservices: Names
    """Subservices whose outputs to return: a list of names or a comma-separated text."""
    selected_outputs: Names
    """Outputs to return."""


class ExecuteOptions(RecordOptions, total=False):
    """What `services.execute` takes beside the service and the format of the answer."""

    inputs: Inputs
    """One record: a mapping, a dataclass or attrs instance, JSON text of an object, or None for the defaults that were
    saved in the workbook. Many records: a list or any iterable of these, columnar lists (a row of names and then a row
    of values a record), JSON text of an array, a pandas or polars data frame, a pyarrow table. Without a record,
    nothing is sent."""
    compiler_type: str | None
    """The kind of engine (`Neuron`); one record only."""
    debug_solve: bool | None
    """Debug solve functions; one record only."""
    echo_inputs: bool | None
    """Return the inputs too; one record only, and seen with `response_format='original'`."""
    tables_as_array: Names
    """Tables to return as arrays, a row of names and then rows of values; one record only."""
    outputs_filter: str | None
    """Outputs to return, by a regular expression; one record only."""


class ManyOptions(RecordOptions, total=False):
    """What `services.execute_many` takes beside the service and the inputs. `timeout` is the limit of each call."""

    chunk_size: int | Literal['auto']
    """Records a call. By default it starts small, grows while calls are quick and shrinks when one takes long."""
    concurrency: int | Literal['auto']
    """Calls under way at a time. By default it finds out what the runner takes."""
    ordered: bool
    """Whether results come in the order of the records (True), or as they are ready."""
    on_error: Literal['raise', 'collect']
    """What to do about a record that cannot be executed: raise its error when it is found (the default), or report it
    among the results, with an entry in `errors`. Errors that the model reports are results either way."""
    progress: ProgressLike
    """True for a bar on the terminal (it needs `tqdm`), or a function that is given a `Progress` after each call."""
    checkpoint: str | os.PathLike[str] | None
    """A file that keeps what is done: the same call with the same file goes on where an earlier one was ended, by
    whatever. It is an SQLite database, and holds the outputs: delete it when it is no longer needed."""


class MetadataOptions(CallOptions, total=False):
    """What `services.get_metadata` takes beside the service."""

    service_id: str | UUID | None
    """The service's UUID; it points to the newest version."""
    version_id: str | UUID | None
    """The UUID of one version."""
    inputs: Inputs
    """One record."""
    metadata: Mapping[str, Any] | None
    """Further fields for `request_meta`."""


class ValidateOptions(MetadataOptions, total=False):
    """What `services.validate` takes beside the service."""

    validation_type: Literal['static', 'dynamic'] | None
    """`static` (the default) for what a cell says by itself, `dynamic` for what depends on other inputs."""


class HiddenHeaders(dict[str, str]):
    """Headers whose values are not shown, as in a report of an error: they may hold credentials."""

    def __repr__(self) -> str:
        return f'<headers {sorted(self)}>'


LAYOUTS: Final = ('rows', 'columnar')
COMPILERS: Final = ('Neuron', 'Type3', 'Type2', 'Type1', 'Xconnector')


NOT_OF_A_RUNNER: Final = {
    'downloadable': 'a runner has no Excel file of a service to download; the platform has (cspark.sdk)',
}
"""Arguments that the platform's client has and a runner cannot serve, and why."""


def check_options(method: str, options: Any, accepted: type[Any]) -> None:
    """Refuse a keyword argument that a method does not have, and hide the values of headers among them.

    Raises:
        SparkSdkError: It names the argument, the one that may be meant, and all that there are.
    """
    names: frozenset[str] = accepted.__optional_keys__ | accepted.__required_keys__
    given: list[str] = list(options)
    for name in given:
        if name not in names:
            if name in NOT_OF_A_RUNNER:
                raise SparkSdkError(f'{method} has no argument {name!r}: {NOT_OF_A_RUNNER[name]}')
            close = difflib.get_close_matches(name, names, 1)
            hint = f'; did you mean {close[0]!r}?' if close else '.'
            raise SparkSdkError(f'{method} has no argument {name!r}{hint} It takes {", ".join(sorted(names))}')
    for name in ('headers', 'extra_headers'):
        if isinstance(options.get(name), dict):
            options[name] = HiddenHeaders(options[name])


def one_of(name: str, value: object, accepted: Sequence[str]) -> str | None:
    """The accepted spelling of a value, in whatever case it is given; None stays None.

    Raises:
        SparkSdkError: It is none of the accepted ones.

    >>> one_of('encoding', 'GZIP', ('gzip', 'deflate'))
    'gzip'
    """
    if value is None:
        return None
    for one in accepted:
        if isinstance(value, str) and value.strip().lower() == one.lower():
            return one
    raise SparkSdkError(f'{name} must be one of {", ".join(map(repr, accepted))}, not {value!r}')


def text(name: str, value: object) -> str | None:
    """A text, or None for None and for an empty one.

    Raises:
        SparkSdkError: It is neither.
    """
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, date):
        return value.isoformat()
    raise SparkSdkError(f'{name} must be text, not {type(value).__name__}')


def joined(name: str, value: object) -> str | None:
    """Names as the API takes them: joined with commas.

    Raises:
        SparkSdkError: It is neither text nor a list of texts.

    >>> joined('selected_outputs', ['volume', 'mass'])
    'volume,mass'
    """
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, (Sequence, set, frozenset)) and all(isinstance(one, str) for one in value):  # pyright: ignore[reportUnknownVariableType]
        return ','.join(value) or None  # pyright: ignore[reportUnknownArgumentType]
    raise SparkSdkError(f'{name} must be a list of names or a comma-separated text, not {value!r}')
