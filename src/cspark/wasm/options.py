"""The keyword arguments of both clients, as typed dictionaries. Each option is documented once, here."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal, TypeAlias, TypedDict
from uuid import UUID

from ._address import RunnerUrl
from ._codec.compression import Encoding
from ._missing_values import Missing
from ._progress import UploadProgress
from ._secret import hide, hide_address, hide_headers
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
    'RecordOptions',
    'StaticOptions',
    'UploadLike',
    'UploadOptions',
    'ValidateOptions',
]

Names: TypeAlias = 'str | Sequence[str] | None'
"""A list of names, or a comma-separated text."""

UploadLike: TypeAlias = 'BinaryIO | bytes | str | os.PathLike[str]'
"""A package: the path of its zip, a file opened in binary mode, or the zip's bytes."""

FileEncoding: TypeAlias = "Literal['cp1250', 'cp1251', 'cp1252', 'latin-1', 'utf-8', 'utf-16']"
"""Encodings of text files that `encoding` takes too; `file_encoding` takes any that Python knows."""

MissingLike: TypeAlias = 'Missing | Mapping[str | None, Missing]'
"""What a missing value means: `null`, `default` or `error`, for all inputs or by name."""

Timeout: TypeAlias = 'float | httpx.Timeout | None'
"""The timeout of a whole call, in milliseconds, or an `httpx.Timeout` for the phases of each attempt."""


class StaticOptions(TypedDict, total=False):
    """The options of the static methods for health, version and status."""

    timeout: Timeout
    """The timeout of a whole call, retries included, in milliseconds (60000); or an `httpx.Timeout` for the phases of
    each attempt."""
    max_retries: int | RetryPolicy | None
    """How often a failed call is retried (2), 0 for never; or a `RetryPolicy`."""
    retry_interval: float | None
    """The longest pause before the first retry, in seconds (1); it doubles with each retry."""
    extra_headers: Mapping[str, str] | None
    """Headers to send with every request."""
    logger: LoggerLike
    """The logger to use (`cspark.wasm`), or False to log nothing."""
    verify: bool | str | ssl.SSLContext | None
    """How to verify the certificate of a `https://` runner (by what the machine trusts): the path of a file of
    certificates, an `ssl.SSLContext`, or False to verify nothing."""
    transport: Literal['httpx'] | None
    """`httpx` to send all requests through httpx, for example to mock it in tests (`CSPARK_TRANSPORT`)."""
    max_connection_age: float
    """How long a connection is used, in seconds (300)."""
    telemetry: bool
    """Whether calls have spans and metrics where OpenTelemetry is set up (`CSPARK_TELEMETRY`, or True)."""


class ClientOptions(StaticOptions, total=False):
    """The options of a client."""

    base_url: str | RunnerUrl | None
    """The runner's address, with its path prefix if it has one (`CSPARK_RUNNER_URL`, or `http://localhost:3000`)."""
    tenant: str | None
    """The tenant; it can also be the last segment of `base_url`."""
    api_key: str | None
    """An API key (`CSPARK_API_KEY`)."""
    token: TokenLike | None
    """A bearer token (`CSPARK_BEARER_TOKEN`), a function that fetches one, or `open` for a runner that needs none."""
    auth: httpx.Auth | None
    """An `httpx.Auth`, which then provides all credentials."""


class CallOptions(TypedDict, total=False):
    """The options that every call takes; they apply to that call only."""

    timeout: Timeout
    """The timeout of the whole call, in milliseconds, or an `httpx.Timeout` for the phases of each attempt."""
    max_retries: int | RetryPolicy | None
    """How often to retry, or a `RetryPolicy`."""
    headers: Mapping[str, str] | None
    """Extra headers to send."""


class UploadOptions(CallOptions, total=False):
    """The options of `services.upload`."""

    progress: UploadProgress
    """True for a progress bar on the terminal (needs `tqdm`), or a function that is called after each piece with the
    number of bytes sent so far and the total."""


class RecordOptions(CallOptions, total=False):
    """The options for the execution of records, whether one or many."""

    nan: Literal['null', 'error'] | None
    """How to send NaN and infinities, which JSON does not have: as `null` (the default), or raise an error."""
    encoding: Encoding | FileEncoding | None
    """The content encoding of the request's body (none)."""
    missing: MissingLike | None
    """What a missing value means (None, NaN, NaT, an empty cell): `null` sends null, which a model computes as an empty
    cell (the default); `default` leaves the name out, so that the model takes its own default; `error` refuses it. A
    mapping of names to these says it by column; its key None stands for all others."""
    strict_inputs: bool
    """True to refuse records with names that the service does not have. `validate` is asked for its names first: once a
    run by `execute_many`, each time by `execute`."""
    layout: Literal['rows', 'columnar'] | None
    """How to send records: `rows` as they are given (the default), or `columnar`, with the names only once, which is
    smaller; all records must then have the same names. Data frames and tables are always sent as columnar."""
    active_since: str | date | None
    """A date or datetime, or ISO 8601 text: the newest version that was in effect then is executed."""
    source_system: str | None
    """Where the call comes from (`Spark Python SDK`)."""
    correlation_id: str | None
    """Your own id for the call, which is returned in the answer."""
    call_purpose: str | None
    """Why the call is made (`Single Execution`, or `Sync Batch Execution` for many records)."""
    subservices: Names
    """Subservices whose outputs to return: a list of names or a comma-separated text."""
    selected_outputs: Names
    """Outputs to return."""


class ExecuteOptions(RecordOptions, total=False):
    """The options of `services.execute`."""

    inputs: Inputs
    """One record: a mapping, a dataclass or attrs instance, JSON text of an object, or None for the defaults that were
    saved in the workbook. Many records: a list or any iterable of these, columnar lists (a row of names, then a row of
    values per record), JSON text of an array, a pandas or polars data frame, or a pyarrow table. If there are no
    records, nothing is sent."""
    compiler_type: str | None
    """The kind of engine (`Neuron`); for one record only."""
    debug_solve: bool | None
    """Whether to debug solve functions; for one record only."""
    echo_inputs: bool | None
    """Whether to return the inputs too; for one record only, and only with `response_format='original'`."""
    tables_as_array: Names
    """Tables to return as arrays, a row of names and then rows of values; for one record only."""
    outputs_filter: str | None
    """A regular expression for the outputs to return; for one record only."""


class ManyOptions(RecordOptions, total=False):
    """The options of `services.execute_many`. `timeout` applies to each call."""

    chunk_size: int | Literal['auto']
    """The number of records per call. By default it starts small, grows while calls are fast, and shrinks after a slow
    one."""
    concurrency: int | Literal['auto']
    """The number of concurrent calls. By default it adapts to what the runner can take."""
    ordered: bool
    """Whether results are yielded in the order of the records (True), or as soon as they are ready."""
    on_error: Literal['raise', 'collect']
    """What to do with a record that cannot be executed: raise its error as soon as it is found (the default), or yield
    a result for it with an entry in `errors`. Errors that the model reports are results in both cases."""
    progress: ProgressLike
    """True for a progress bar on the terminal (needs `tqdm`), or a function that gets a `Progress` after each call."""
    keep: Names
    """Inputs to keep beside the results: columns of tables and files, and `RecordResult.kept`."""
    delimiter: str | None
    """What separates the fields of a CSV file; by default the header tells: a comma, a semicolon, a tab or `|`."""
    file_encoding: str | None
    """The encoding of a text file (UTF-8), such as `cp1252` or `utf-16`; `encoding='cp1252'` means the same."""
    columns: Mapping[str, type] | None
    """What columns of a CSV or Excel file hold: `str`, `int`, `float`, `bool`, `date` or `datetime`. Other columns hold
    what their fields look like: a number, True, False, or text."""
    sheet: str | None
    """The sheet of an Excel file; needed where more than one visible sheet holds values."""
    max_bytes: int
    """How much memory records and results in flight may take, in bytes (64 MB). What is read ahead and the size of
    chunks stay within it, and it bounds what is kept for a second table."""
    checkpoint: str | os.PathLike[str] | None
    """The path of a file that stores the results so far: after an interruption of any kind, the same call with the same
    file resumes. It is an SQLite database and contains the outputs; delete it when it is no longer needed."""


class MetadataOptions(CallOptions, total=False):
    """The options of `services.get_metadata`."""

    service_id: str | UUID | None
    """The service's UUID, which stands for its newest version."""
    version_id: str | UUID | None
    """The UUID of a version."""
    inputs: Inputs
    """One record."""
    metadata: Mapping[str, Any] | None
    """Additional fields for `request_meta`."""


class ValidateOptions(MetadataOptions, total=False):
    """The options of `services.validate`."""

    validation_type: Literal['static', 'dynamic'] | None
    """`static` (the default) for the rules of a cell alone, `dynamic` for rules that depend on other inputs."""


LAYOUTS: Final = ('rows', 'columnar')
COMPILERS: Final = ('Neuron', 'Type3', 'Type2', 'Type1', 'Xconnector')


NOT_OF_A_RUNNER: Final = {
    'downloadable': 'a runner has no Excel file of a service to download; the platform has (cspark.sdk)',
}
"""Arguments that the platform's client has and a runner cannot serve, and why."""


def check_options(method: str, options: Any, accepted: type[Any]) -> None:
    """Hide the credentials and headers among the keyword arguments, and refuse unknown ones.

    Raises:
        SparkSdkError: An argument is unknown; the message names it, a similar one, and all that are accepted.
    """
    hide_among(options)
    names: frozenset[str] = accepted.__optional_keys__
    if names.issuperset(options):
        return
    name: str = next(name for name in options if name not in names)
    if name in NOT_OF_A_RUNNER:
        raise SparkSdkError(f'{method} has no argument {name!r}: {NOT_OF_A_RUNNER[name]}')
    close = difflib.get_close_matches(name, names, 1)
    hint = f'; did you mean {close[0]!r}?' if close else '.'
    raise SparkSdkError(f'{method} has no argument {name!r}{hint} It takes {", ".join(sorted(names))}')


CONFIDENTIAL: Final = frozenset({'api_key', 'token', 'base_url', 'headers', 'extra_headers'})
"""What `hide_among` hides. It does nothing where none of these is given, so every name that it handles must be here."""


def hide_among(options: dict[str, Any]) -> None:
    """Hide the credentials and headers among keyword arguments, in place: the frames of callers show them too."""
    if CONFIDENTIAL.isdisjoint(options):
        return
    for name in options.keys() & {'api_key', 'token'}:
        options[name] = hide(options[name])
    if 'base_url' in options:
        options['base_url'] = hide_address(options['base_url'])
    for name in options.keys() & {'headers', 'extra_headers'}:
        options[name] = hide_headers(options[name])


def one_of(name: str, value: object, accepted: Sequence[str]) -> str | None:
    """Match a value with the accepted ones in any case; return the accepted spelling, and None for None.

    Raises:
        SparkSdkError: The value is not accepted.

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
    """Convert an option to text: dates become ISO 8601, and empty text becomes None.

    Raises:
        SparkSdkError: The value is neither text, a date nor None.
    """
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, date):
        return value.isoformat()
    raise SparkSdkError(f'{name} must be text, not {type(value).__name__}')


def joined(name: str, value: object) -> str | None:
    """Join names with commas, which is the form that the API takes.

    Raises:
        SparkSdkError: The value is neither text nor a collection of text.

    >>> joined('selected_outputs', ['volume', 'mass'])
    'volume,mass'
    """
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, (Sequence, set, frozenset)) and all(isinstance(one, str) for one in value):  # pyright: ignore[reportUnknownVariableType]
        return ','.join(value) or None  # pyright: ignore[reportUnknownArgumentType]
    raise SparkSdkError(f'{name} must be a list of names or a comma-separated text, not {value!r}')


def split_names(name: str, value: object) -> tuple[str, ...]:
    """Names from a list or a comma-separated text.

    Raises:
        SparkSdkError: They are neither, or a name in a list is empty.

    >>> split_names('keep', 'policy, age')
    ('policy', 'age')
    """
    if value is None:
        return ()
    names: Any = value.split(',') if isinstance(value, str) else value
    joined(name, names)
    stripped = tuple(one.strip() for one in names)
    if not isinstance(value, str) and not all(stripped):
        raise SparkSdkError(f'{name} has an empty name: {value!r}')
    return tuple(one for one in stripped if one)
