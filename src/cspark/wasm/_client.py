"""The blocking client."""

from __future__ import annotations

from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, Unpack, overload

import httpx

from ._calls import probes, services
from ._calls.steps import Flow
from ._many.blocking import run_blocking
from ._many.results import ManyResults
from ._many.run import prepare
from ._many.sources import open_source
from ._perform import blocking
from .config import Config, RunnerUrl, configured, static_config
from .options import (
    CallOptions,
    ClientOptions,
    ExecuteOptions,
    ManyOptions,
    MetadataOptions,
    PackageLike,
    StaticOptions,
    UploadOptions,
    ValidateOptions,
)
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
from .uri import UriLike

if TYPE_CHECKING:
    from hybrid_runner_api import Client as GeneratedClient

__all__ = ['Client']

Result = TypeVar('Result')


class Client:
    """A client of a Hybrid Runner. Threads may share it; close it, or use it in a `with` statement.

    Args:
        http_client: An `httpx.Client` to send through, with its own proxies, certificates and hooks. It stays open when
            this client is closed.
        **options: The runner's address, the tenant, credentials, limits: see `ClientOptions`.

    Raises:
        SparkSdkError: Something is missing or not what it should be; the text says what is accepted.

    >>> from cspark.wasm import Client
    >>> with Client(base_url='http://localhost:3000', tenant='my-tenant', token='open') as hybrid:
    ...     hybrid.config.base_url.full
    'http://localhost:3000/my-tenant'

    API: https://docs.coherent.global/hybrid-runner/introduction-to-the-hybrid-runner
    """

    def __init__(self, *, http_client: httpx.Client | None = None, **options: Unpack[ClientOptions]) -> None:
        config = configured('Client', options)
        self._start(config, blocking.Connections(config, http_client))

    def _start(self, config: Config, connections: blocking.Connections, *, owner: bool = True) -> None:
        self._config = config
        self._connections = connections
        self._is_owner = owner

    @staticmethod
    def use(config: Config, http_client: httpx.Client | None = None) -> Client:
        """A client with a configuration that is there already.

        Args:
            config: The configuration.
            http_client: A caller's own client of httpx, through which everything then goes; it stays open.

        Raises:
            SparkConfigError: `http_client` is something else.
        """
        client = Client.__new__(Client)
        client._start(config, blocking.Connections(config, http_client))  # noqa: SLF001 - its own
        return client

    def with_options(self, **options: Unpack[ClientOptions]) -> Client:
        """A client with other options on the same connections: another tenant, other credentials, other limits.

        Closing it leaves this client open; closing this client ends the connections of both. With another `verify`, it
        has connections of its own.

        Args:
            **options: What is different: see `ClientOptions`.

        Raises:
            SparkConfigError: An option is not what it should be.
        """
        config = configured('with_options', options, self._config)
        shares = config.sends_like(self._config)
        client = Client.__new__(Client)
        connections = self._connections if shares else blocking.Connections(config)
        client._start(config, connections, owner=not shares)  # noqa: SLF001 - its own
        return client

    @property
    def http_client(self) -> httpx.Client:
        """The client of httpx that this one sends through: the caller's own, or one that is made for it.

        Calls usually need none: they take a faster way. Once this client's own was asked for, all calls go through it,
        with the hooks, headers and cookies that it may have got.
        """
        return self._connections.http_client

    @property
    def config(self) -> Config:
        """The address, the credentials and the limits."""
        return self._config

    @cached_property
    def health(self) -> HealthResource:
        """Whether the runner is up."""
        return HealthResource(self._config, self._connections)

    @cached_property
    def version(self) -> VersionResource:
        """What the runner is compatible with."""
        return VersionResource(self._config, self._connections)

    @cached_property
    def status(self) -> StatusResource:
        """What the runner has loaded."""
        return StatusResource(self._config, self._connections)

    @cached_property
    def services(self) -> ServicesResource:
        """Services: upload, execute, validate, describe."""
        return ServicesResource(self._config, self._connections)

    @cached_property
    def raw(self) -> GeneratedClient:
        """The generated client on this client's connections, address and credentials, for what is not covered here.

        It does not retry and raises what httpx raises. Closing it leaves this client open.
        """
        from ._perform.raw import raw_client

        return raw_client(self._config, self._connections)

    def close(self) -> None:
        """Close the connections; any number of times. A caller's own `http_client` stays open."""
        if self._is_owner:
            self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        config = getattr(self, '_config', None)  # there is none where the client could not be built
        return f'{type(self).__name__}({config.base_url.full if config else None!r})'

    @staticmethod
    def health_check(
        base_url: str | RunnerUrl | None = None,
        token: str = 'open',  # noqa: S107 - the word for no token
        http_client: httpx.Client | None = None,
        **options: Unpack[StaticOptions],
    ) -> HttpResponse[Health]:
        """Whether a runner is up, without a client: the answer's `.data['msg']` is `ok`.

        Args:
            base_url: The runner's address; its tenant, if it has one, does not matter.
            token: A bearer token, for a runner that wants one here.
            http_client: A caller's own client of httpx, which stays open.
            **options: `timeout` and the like: see `StaticOptions`.

        Raises:
            SparkConnectionError, SparkTimeoutError: It cannot be reached, or not in time.
            SparkApiError, SparkDecodeError: What answers is no runner, or not one that is well.
            SparkConfigError: The address or an option is not what it should be.
        """
        try:
            config = static_config(base_url, token, options)
        finally:
            del token, options  # a traceback shows no more of them
        with Client.use(config, http_client) as client:
            return blocking.perform(probes.ask_runner(config, probes.check_health), client._connections)  # noqa: SLF001 - its own

    @staticmethod
    def get_version(
        base_url: str | RunnerUrl | None = None,
        token: str = 'open',  # noqa: S107 - the word for no token
        http_client: httpx.Client | None = None,
        **options: Unpack[StaticOptions],
    ) -> HttpResponse[VersionInfo]:
        """What a runner is compatible with, without a client.

        Its arguments and errors are those of `health_check`.
        """
        try:
            config = static_config(base_url, token, options)
        finally:
            del token, options  # a traceback shows no more of them
        with Client.use(config, http_client) as client:
            return blocking.perform(probes.ask_runner(config, probes.get_version), client._connections)  # noqa: SLF001 - its own

    @staticmethod
    def get_status(
        base_url: str | RunnerUrl | None = None,
        token: str = 'open',  # noqa: S107 - the word for no token
        http_client: httpx.Client | None = None,
        **options: Unpack[StaticOptions],
    ) -> HttpResponse[RunnerState]:
        """What a runner has loaded, without a client (runner 1.46.0 and later).

        Its arguments and errors are those of `health_check`.
        """
        try:
            config = static_config(base_url, token, options)
        finally:
            del token, options  # a traceback shows no more of them
        with Client.use(config, http_client) as client:
            return blocking.perform(probes.ask_runner(config, probes.get_status), client._connections)  # noqa: SLF001 - its own


class _Resource:
    def __init__(self, config: Config, connections: blocking.Connections) -> None:
        self._config = config
        self._connections = connections

    def _perform(self, flow: Flow[Result]) -> Result:
        """Run a flow on this client's connections."""
        return blocking.perform(flow, self._connections)


class HealthResource(_Resource):
    """`client.health`."""

    def check(self, **options: Unpack[CallOptions]) -> HttpResponse[Health]:
        """Whether the runner is up: `.data` is `{'msg': 'ok'}`.

        Raises:
            SparkError: It cannot be reached, or it answers with an error.
        """
        return self._perform(probes.check_health(self._config, options))


class VersionResource(_Resource):
    """`client.version`."""

    def get(self, **options: Unpack[CallOptions]) -> HttpResponse[VersionInfo]:
        """The engine's version that the runner is compatible with: `lastPullDate`, `filehash`, `version`.

        Raises:
            SparkError: It cannot be reached, or it answers with an error.
        """
        return self._perform(probes.get_version(self._config, options))


class StatusResource(_Resource):
    """`client.status`."""

    def get(self, **options: Unpack[CallOptions]) -> HttpResponse[RunnerState]:
        """What the runner has loaded, how busy it is and how long calls take (runner 1.46.0 and later).

        Raises:
            NotFoundError: The runner is older.
            SparkError: It cannot be reached, or it answers with another error.
        """
        return self._perform(probes.get_status(self._config, options))


class ServicesResource(_Resource):
    """`client.services`."""

    def upload(
        self, file: PackageLike, file_name: str | None = None, **options: Unpack[UploadOptions]
    ) -> HttpResponse[Uploaded]:
        """Hand the runner a package to execute: the zip that the platform exports in `onpremises` mode.

        Args:
            file: The zip's path, its bytes, or a file opened in binary mode, which is streamed and left open.
            file_name: What to call it (the path's name, or `package.zip`).
            **options: `progress`, and limits and headers for this call: see `UploadOptions`.

        Raises:
            ForbiddenError: The runner was started without uploads.
            UnprocessableEntityError: The runner refuses the package; its message says why.
            SparkError: Any other reason.

        API: https://docs.coherent.global/spark-apis/impex-apis/export
        """
        return self._perform(services.upload(self._config, file, file_name, options))

    @overload
    def execute(
        self, uri: UriLike, *, response_format: Literal['original'], **options: Unpack[ExecuteOptions]
    ) -> ServiceExecuted[Any]: ...
    @overload
    def execute(
        self, uri: UriLike, *, response_format: Literal['alike'] | None = None, **options: Unpack[ExecuteOptions]
    ) -> ServiceExecuted[ExecutedData]: ...
    def execute(
        self,
        uri: UriLike,
        *,
        response_format: Literal['original', 'alike'] | None = None,
        **options: Unpack[ExecuteOptions],
    ) -> ServiceExecuted[Any]:
        """Execute a service: with one record if `inputs` is a mapping, with many if it is a list.

        Args:
            uri: The service: `folder/service`, `folder/service[version]`, `service/SERVICE_ID`, `version/VERSION_ID`,
                `proxy/ENDPOINT`, or a `UriParams`.
            response_format: `alike` (the default) for an answer with lists of one entry a record, whatever the inputs;
                `original` for one record's answer as the runner gives it.
            **options: The inputs and how to compute them: see `ExecuteOptions`.

        Returns:
            `.data['outputs']`, `.data['warnings']` and `.data['errors']` have one entry a record. Errors that a model
            reports for a record are data; they are not raised.

        Raises:
            NotFoundError: The runner has no such service.
            SparkSdkError: An argument is wrong, or there is no answer; nothing was sent in the first case.
            SparkError: Any other reason.

        API: https://docs.coherent.global/spark-apis/execute-api
        """
        return self._perform(services.execute(self._config, uri, response_format, options))

    def execute_many(self, uri: UriLike, inputs: Any, **options: Unpack[ManyOptions]) -> ManyResults:
        """Execute a service with many records: as many calls as it takes, some at a time, read and sent bit by bit.

        Args:
            uri: The service, as for `execute`.
            inputs: Records: any iterable (`AsyncClient`: async ones too), columnar lists, a data frame, an Arrow table
                or a reader of record batches, or the path of a `.parquet`, `.csv` or `.jsonl` file.
            **options: `chunk_size`, `concurrency`, `ordered`, `on_error`, `progress`, `checkpoint` and how to compute:
                see `ManyOptions`.

        Returns:
            One result a record, in order, computed while they are read; or all of them by `to_pandas()`, `to_polars()`,
            `to_arrow()`, `write('outputs.parquet')`.

        Raises:
            SparkSdkError: An argument is wrong; nothing was sent. The same and other errors come while the results are
                read: a runner that is gone for two minutes, one that refuses the calls, or (with `on_error='raise'`) a
                record that cannot be executed, which the error names.

        API: https://docs.coherent.global/spark-apis/execute-api/execute-api-v4
        """
        records = open_source(inputs)
        run, call = prepare(self._config, uri, inputs, records.total, options)
        return ManyResults(run_blocking(run, records, call, self._connections), run.close)

    def validate(self, uri: UriLike | None = None, **options: Unpack[ValidateOptions]) -> HttpResponse[ServiceAnswer]:
        """What a service accepts for each of its inputs.

        Args:
            uri: `version/VERSION_ID` or `service/SERVICE_ID`, if neither is among the options.
            **options: `version_id` or `service_id`, `inputs`, `validation_type`: see `ValidateOptions`.

        Returns:
            `.data['response_data']['outputs']` has an object of validation properties an input.

        Raises:
            SparkError: As for `execute`.

        API: https://docs.coherent.global/spark-apis/validation-api
        """
        return self._perform(services.validate(self._config, uri, options))

    def get_metadata(
        self, uri: UriLike | None = None, **options: Unpack[MetadataOptions]
    ) -> HttpResponse[ServiceAnswer]:
        """The metadata fields of a service, such as its colours, fonts and images.

        Args:
            uri: `version/VERSION_ID` or `service/SERVICE_ID`, if neither is among the options.
            **options: `version_id` or `service_id`, `inputs`: see `MetadataOptions`.

        Returns:
            `.data['response_data']['outputs']` has a value a field, such as `Metadata.PrimaryColor`.

        Raises:
            SparkError: As for `execute`.

        API: https://docs.coherent.global/spark-apis/metadata-api
        """
        return self._perform(services.get_metadata(self._config, uri, options))
