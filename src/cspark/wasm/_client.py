"""The blocking client."""

from __future__ import annotations

from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, Unpack, overload

import httpx

from ._calls import descriptions, executions, probes, uploads
from ._calls.steps import Flow
from ._many.arguments import prepare, reading_of
from ._many.blocking import run_blocking
from ._many.results import ManyResults
from ._many.sources import open_source
from ._perform import blocking
from ._secret import hide, hide_address
from .config import UNPICKLED, Config, RunnerUrl, build_config, static_config
from .options import (
    CallOptions,
    ClientOptions,
    ExecuteOptions,
    ManyOptions,
    MetadataOptions,
    StaticOptions,
    UploadLike,
    UploadOptions,
    ValidateOptions,
)
from .records import Outputs
from .results import (
    ExecutedData,
    Health,
    HttpResponse,
    RunnerState,
    ServiceAnswer,
    ServiceExecuted,
    Uploaded,
    VersionInfo,
)
from .telemetry import start_telemetry
from .uri import UriLike

if TYPE_CHECKING:
    from hybrid_runner_api import Client as GeneratedClient

__all__ = ['Client']

Result = TypeVar('Result')


class Client:
    """A blocking client of a Hybrid Runner. It can be shared between threads.

    Close it after use, or use it in a `with` statement.

    Args:
        http_client: An `httpx.Client` to send requests with, for your own proxies, certificates and hooks. Closing this
            client leaves it open.
        **options: The runner's address, the tenant, credentials, limits: see `ClientOptions`.

    Raises:
        SparkSdkError: An option is missing or not valid; the message says what is accepted.

    >>> from cspark.wasm import Client
    >>> with Client(base_url='http://localhost:3000', tenant='my-tenant', token='open') as hybrid:
    ...     hybrid.config.base_url.full
    'http://localhost:3000/my-tenant'

    API: https://docs.coherent.global/hybrid-runner/introduction-to-the-hybrid-runner
    """

    def __init__(self, *, http_client: httpx.Client | None = None, **options: Unpack[ClientOptions]) -> None:
        config = build_config('Client', options)
        self._start(config, blocking.Connections(config, http_client))

    def _start(self, config: Config, connections: blocking.Connections, *, owner: bool = True) -> None:
        start_telemetry()
        self._config = config
        self._connections = connections
        self._is_owner = owner

    @staticmethod
    def use(config: Config, http_client: httpx.Client | None = None) -> Client:
        """Build a client from an existing configuration.

        Args:
            config: The configuration.
            http_client: Your own httpx client, which then sends all requests; it is never closed by this client.

        Raises:
            SparkConfigError: `http_client` is not the right kind of client.
        """
        client = Client.__new__(Client)
        client._start(config, blocking.Connections(config, http_client))  # noqa: SLF001 - its own
        return client

    def with_options(self, **options: Unpack[ClientOptions]) -> Client:
        """Return a client with different options, such as another tenant, that shares the connections of this one.

        Closing it leaves this client open. Closing this client closes the connections of both. If `verify`, `transport`
        or `max_connection_age` differ, it gets connections of its own.

        Args:
            **options: The options that differ: see `ClientOptions`.

        Raises:
            SparkConfigError: An option is not valid.
        """
        config = build_config('with_options', options, self._config)
        shares = config.sends_like(self._config)
        client = Client.__new__(Client)
        connections = self._connections if shares else blocking.Connections(config)
        client._start(config, connections, owner=not shares)  # noqa: SLF001 - its own
        return client

    @property
    def http_client(self) -> httpx.Client:
        """The httpx client: the one that was passed in, or one that is created on first access.

        Most calls do not use httpx, because this client's own connections are faster. Once the httpx client has been
        accessed, it sends all requests, with the hooks, headers and cookies that were added to it.
        """
        return self._connections.http_client

    @property
    def config(self) -> Config:
        """The configuration: address, credentials and limits."""
        return self._config

    @cached_property
    def health(self) -> HealthResource:
        """The health check of the runner."""
        return HealthResource(self._config, self._connections)

    @cached_property
    def version(self) -> VersionResource:
        """The version of the runner's engine."""
        return VersionResource(self._config, self._connections)

    @cached_property
    def status(self) -> StatusResource:
        """The status of the runner."""
        return StatusResource(self._config, self._connections)

    @cached_property
    def services(self) -> ServicesResource:
        """The operations on services: upload, execute, validate, get metadata."""
        return ServicesResource(self._config, self._connections)

    @cached_property
    def raw(self) -> GeneratedClient:
        """The generated client, for operations that have no method here.

        It uses this client's connections, address and credentials. It does not retry, and raises httpx's exceptions.
        Closing it leaves this client open.
        """
        from ._perform.raw import raw_client

        return raw_client(self._config, self._connections)

    def close(self) -> None:
        """Close the connections, but not an `http_client` that was passed in. It can be called more than once."""
        if self._is_owner:
            self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError(UNPICKLED.format('Client'))

    def __repr__(self) -> str:
        config = getattr(self, '_config', None)  # missing if `__init__` raised; a traceback may show such a client
        return f'{type(self).__name__}({config.base_url.full if config else None!r})'

    @staticmethod
    def health_check(
        base_url: str | RunnerUrl | None = None,
        token: str = 'open',  # noqa: S107 - the word for no token
        http_client: httpx.Client | None = None,
        **options: Unpack[StaticOptions],
    ) -> HttpResponse[Health]:
        """Check whether a runner is healthy, without a client: `.data['msg']` of the answer is `ok`.

        Args:
            base_url: The runner's address. A tenant in it is not used.
            token: A bearer token, for a runner that requires one for this call.
            http_client: Your own httpx client, which is not closed.
            **options: `timeout` and the like: see `StaticOptions`.

        Raises:
            SparkConnectionError: The runner cannot be reached.
            SparkTimeoutError: The runner did not answer in time.
            SparkApiError: The runner answered with an error.
            SparkDecodeError: The answer does not come from a runner.
            SparkConfigError: The address or an option is not valid.
        """
        base_url, token = hide_address(base_url), hide(token)
        config = static_config(base_url, token, options)
        with Client.use(config, http_client) as client:
            return blocking.perform(probes.ask_runner(config, probes.check_health), client._connections)  # noqa: SLF001 - its own

    @staticmethod
    def get_version(
        base_url: str | RunnerUrl | None = None,
        token: str = 'open',  # noqa: S107 - the word for no token
        http_client: httpx.Client | None = None,
        **options: Unpack[StaticOptions],
    ) -> HttpResponse[VersionInfo]:
        """Get the version of a runner's engine, without a client.

        The arguments and errors are those of `health_check`.
        """
        base_url, token = hide_address(base_url), hide(token)
        config = static_config(base_url, token, options)
        with Client.use(config, http_client) as client:
            return blocking.perform(probes.ask_runner(config, probes.get_version), client._connections)  # noqa: SLF001 - its own

    @staticmethod
    def get_status(
        base_url: str | RunnerUrl | None = None,
        token: str = 'open',  # noqa: S107 - the word for no token
        http_client: httpx.Client | None = None,
        **options: Unpack[StaticOptions],
    ) -> HttpResponse[RunnerState]:
        """Get the status of a runner, without a client (runner 1.46.0 and later).

        The arguments and errors are those of `health_check`.
        """
        base_url, token = hide_address(base_url), hide(token)
        config = static_config(base_url, token, options)
        with Client.use(config, http_client) as client:
            return blocking.perform(probes.ask_runner(config, probes.get_status), client._connections)  # noqa: SLF001 - its own


class _Resource:
    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError(UNPICKLED.format('Client'))

    def __init__(self, config: Config, connections: blocking.Connections) -> None:
        self._config = config
        self._connections = connections

    def _perform(self, flow: Flow[Result]) -> Result:
        """Run a flow on this client's connections."""
        return blocking.perform(flow, self._connections)


class HealthResource(_Resource):
    """`client.health`."""

    def check(self, **options: Unpack[CallOptions]) -> HttpResponse[Health]:
        """Check whether the runner is healthy: `.data` is `{'msg': 'ok'}`.

        Raises:
            SparkError: The runner cannot be reached, or answers with an error.
        """
        return self._perform(probes.check_health(self._config, options))


class VersionResource(_Resource):
    """`client.version`."""

    def get(self, **options: Unpack[CallOptions]) -> HttpResponse[VersionInfo]:
        """Get the engine version that the runner is compatible with: `lastPullDate`, `filehash`, `version`.

        Raises:
            SparkError: The runner cannot be reached, or answers with an error.
        """
        return self._perform(probes.get_version(self._config, options))


class StatusResource(_Resource):
    """`client.status`."""

    def get(self, **options: Unpack[CallOptions]) -> HttpResponse[RunnerState]:
        """Get the runner's loaded models, its load and the duration of calls (runner 1.46.0 and later).

        Raises:
            NotFoundError: The runner is older than 1.46.0.
            SparkError: The runner cannot be reached, or answers with another error.
        """
        return self._perform(probes.get_status(self._config, options))


class ServicesResource(_Resource):
    """`client.services`."""

    def upload(
        self, file: UploadLike, file_name: str | None = None, **options: Unpack[UploadOptions]
    ) -> HttpResponse[Uploaded]:
        """Upload a package to the runner: the zip file that the platform exports in `onpremises` mode.

        Args:
            file: The zip's path, its bytes, or a file opened in binary mode, which is streamed and left open.
            file_name: The name to send; by default that of the path, or `package.zip`.
            **options: `progress`, and limits and headers for this call: see `UploadOptions`.

        Raises:
            ForbiddenError: The runner was started without uploads.
            UnprocessableEntityError: The runner refused the package; the message says why.
            SparkError: Any other failure.

        API: https://docs.coherent.global/spark-apis/impex-apis/export
        """
        return self._perform(uploads.upload(self._config, file, file_name, options))

    @overload
    def execute(
        self,
        uri: UriLike,
        *,
        response_format: Literal['original'],
        outputs: None = None,
        **options: Unpack[ExecuteOptions],
    ) -> ServiceExecuted[Any]: ...
    @overload
    def execute(
        self,
        uri: UriLike,
        *,
        response_format: Literal['original'],
        outputs: type[Outputs],
        **options: Unpack[ExecuteOptions],
    ) -> ServiceExecuted[Any, Outputs]: ...
    @overload
    def execute(
        self,
        uri: UriLike,
        *,
        response_format: Literal['alike'] | None = None,
        outputs: None = None,
        **options: Unpack[ExecuteOptions],
    ) -> ServiceExecuted[ExecutedData]: ...
    @overload
    def execute(
        self,
        uri: UriLike,
        *,
        response_format: Literal['alike'] | None = None,
        outputs: type[Outputs],
        **options: Unpack[ExecuteOptions],
    ) -> ServiceExecuted[ExecutedData, Outputs]: ...
    def execute(
        self,
        uri: UriLike,
        *,
        response_format: Literal['original', 'alike'] | None = None,
        outputs: type[Any] | None = None,  # noqa: ARG002 - for type checkers
        **options: Unpack[ExecuteOptions],
    ) -> ServiceExecuted[Any, Any]:
        """Execute a service with one record, if `inputs` is a mapping, or with many, if it is a list.

        Args:
            uri: The service: `folder/service`, `folder/service[version]`, `service/SERVICE_ID`, `version/VERSION_ID`,
                `proxy/ENDPOINT`, or a `UriParams`.
            response_format: `alike` (the default) for lists with one entry per record, for one record and for many;
                `original` for the runner's unchanged answer to one record.
            outputs: A type for the outputs of a record, such as a `TypedDict`. Only type checkers look at it; see
                `cspark-wasm types`, which writes one.
            **options: The inputs, and options for the execution: see `ExecuteOptions`.

        Returns:
            The answer. Its `.data['outputs']`, `.data['warnings']` and `.data['errors']` have one entry per record.
            Errors that a model reports for a record are data; they are not raised.

        Raises:
            NotFoundError: The runner does not have the service.
            SparkSdkError: An argument is not valid, and nothing was sent; or there is no usable answer.
            SparkError: Any other failure.

        API: https://docs.coherent.global/spark-apis/execute-api
        """
        return self._perform(executions.execute(self._config, uri, response_format, options))

    @overload
    def execute_many(
        self, uri: UriLike, inputs: Any, *, outputs: None = None, **options: Unpack[ManyOptions]
    ) -> ManyResults: ...
    @overload
    def execute_many(
        self, uri: UriLike, inputs: Any, *, outputs: type[Outputs], **options: Unpack[ManyOptions]
    ) -> ManyResults[Outputs]: ...
    def execute_many(
        self,
        uri: UriLike,
        inputs: Any,
        *,
        outputs: type[Any] | None = None,  # noqa: ARG002 - for type checkers
        **options: Unpack[ManyOptions],
    ) -> ManyResults[Any]:
        """Execute a service with many records, in as many calls as needed, several of them at the same time.

        The inputs are read, and the results are yielded, while the calls are made; only a part is in memory at a time.

        Args:
            uri: The service, as for `execute`.
            inputs: Records: any iterable (`AsyncClient`: async ones too), columnar lists, a data frame, an Arrow table
                or a reader of record batches, or the path of a `.parquet`, `.csv` or `.jsonl` file.
            outputs: A type for the outputs of a record, as for `execute`.
            **options: `chunk_size`, `concurrency`, `ordered`, `on_error`, `progress`, `checkpoint`, and options for the
                execution: see `ManyOptions`.

        Returns:
            An iterator of one result per record, in order, which computes the results while it is read. Its methods
            `to_pandas()`, `to_polars()`, `to_arrow()` and `write('outputs.parquet')` read them all.

        Raises:
            SparkSdkError: An argument is not valid; nothing was sent. This and other errors are also raised while the
                results are read: if the runner is gone for two minutes, if it refuses the calls, or, with
                `on_error='raise'`, if a record cannot be executed; the error names it.

        API: https://docs.coherent.global/spark-apis/execute-api/execute-api-v4
        """
        reading = reading_of(options)
        records = open_source(inputs, reading)
        run, call = prepare(self._config, uri, inputs, records.total, options, reading)
        return ManyResults(run_blocking(run, records, call, self._connections), run)

    def validate(self, uri: UriLike | None = None, **options: Unpack[ValidateOptions]) -> HttpResponse[ServiceAnswer]:
        """Get the validation rules for the inputs of a service.

        Args:
            uri: `version/VERSION_ID` or `service/SERVICE_ID`, if neither is among the options.
            **options: `version_id` or `service_id`, `inputs`, `validation_type`: see `ValidateOptions`.

        Returns:
            The answer. Its `.data['response_data']['outputs']` has an object of validation properties for each input.

        Raises:
            SparkError: As for `execute`.

        API: https://docs.coherent.global/spark-apis/validation-api
        """
        return self._perform(descriptions.validate(self._config, uri, options))

    def get_metadata(
        self, uri: UriLike | None = None, **options: Unpack[MetadataOptions]
    ) -> HttpResponse[ServiceAnswer]:
        """Get the metadata fields of a service, such as its colours, fonts and images.

        Args:
            uri: `version/VERSION_ID` or `service/SERVICE_ID`, if neither is among the options.
            **options: `version_id` or `service_id`, `inputs`: see `MetadataOptions`.

        Returns:
            The answer. Its `.data['response_data']['outputs']` has a value for each field, such as
            `Metadata.PrimaryColor`.

        Raises:
            SparkError: As for `execute`.

        API: https://docs.coherent.global/spark-apis/metadata-api
        """
        return self._perform(descriptions.get_metadata(self._config, uri, options))
