"""`LocalRunner` serves packages in this process and creates clients for them."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias, Unpack

import httpx

from ..config import Config, RunnerUrl
from ..errors import SparkSdkError
from ..options import ClientOptions, check_options
from .errors import PackageError
from .http.app import RunnerApp
from .http.listening import Listening
from .http.server import Server
from .http.transport import AsyncRunnerTransport, RunnerTransport
from .settings import ExternalApi, Settings
from .ui.page import Page
from .upstream import Upstream

if TYPE_CHECKING:
    from .._async_client import AsyncClient
    from .._client import Client

__all__ = ['LocalRunner']

PackageLike: TypeAlias = str | os.PathLike[str] | bytes
"""A package: its path, or its bytes."""

ADDRESS = 'http://local-runner'
"""A placeholder that is never resolved: requests to it go to the application in this process."""


class LocalRunner:
    """A runner in this process, for experiments, tests and development. Close it, or use it in a `with` statement.

    Args:
        *packages: Packages, as paths or bytes: the platform's `onpremises` exports, or compiled models alone
            (`NAME.js`, `NAME.wasm` and the files that belong to them). Compiled models are served under the tenant
            `my-tenant` as `models/FILE-NAME`, unless `tenant`, `folder` or `service` is given. `services` lists what is
            served.
        tenant: The tenant of all services; by default each package keeps its own.
        folder: The folder of a compiled model that has no package around it.
        service: The service of such a model; by default the name of its file.
        packages_dir: A folder that keeps uploads across restarts; by default they are kept in memory.
        models_dir: A folder of models as production mounts it, `TENANT/FOLDER/SERVICE/VERSION/VERSION_ID.zip`, with or
            without the JSON files next to them. It is read now, and again whenever it changes.
        instances: The number of instances of each model, which compute in parallel (default: the number of cores of
            this machine).
        timeout: The time limit for loading a model and for each record, in seconds. On an overloaded machine, a model
            that gets little processor time has up to ten times as long.
        memory: The memory limit of each instance, in bytes. An instance is a process that takes some 70 MB without a
            model. Its memory is checked every 50 ms; on Linux the system also stops one that takes memory faster.
        body_limit: The largest request body, in bytes; a larger one gets 413.
        uploads: Whether packages may be uploaded; if not, an upload gets 403.
        prefix: A prefix of all paths, as `CUSTOM_API_ROUTE` sets it for the vendor's runner.
        proxies: Endpoints and the services behind them, for `proxy/ENDPOINT` URIs.
        allowed_hosts: Host names, besides `localhost` and loopback addresses, that a runner on a loopback address
            answers to. It refuses all others, because a web page could make any other name point to this machine.
        strict_vendor: Leave out what the vendor's engine does not do: warnings about inputs that the service does not
            have, and computing a v3 list of one record as that record.
        metrics: Answer `/metrics` with the counts and times of the models, in the text format of Prometheus.
        page: Show the services on a page for browsers, at `/ui`.
        external: A function that answers the calls that models make to external APIs. It gets the model's request as a
            dictionary and returns the members of the answer; it is called on threads. Without it, a record that makes
            such a call gets an error.
        upstream: The runner behind this one, as an address or a `Config` with its credentials, tenant and certificates.
            What is not served here, such as another service or version, is passed on to it, and its answers come back
            unchanged, with the header `x-answered-by`.
        caller_credentials: Whether the credentials of callers are passed on to that runner, in place of those of the
            `Config`.

    Raises:
        PackageError: A package is broken or not to be trusted; the message names the file and the problem.
        SparkSdkError: A setting is invalid.

    >>> import cspark.wasm as Hybrid
    >>> with Hybrid.LocalRunner('samples/packages/cylinder.zip') as runner, runner.client() as hybrid:
    ...     print(hybrid.health.check().data)
    {'msg': 'ok'}
    """

    def __init__(
        self,
        *packages: PackageLike,
        tenant: str | None = None,
        folder: str = 'models',
        service: str | None = None,
        packages_dir: str | os.PathLike[str] | None = None,
        models_dir: str | os.PathLike[str] | None = None,
        instances: int | None = None,
        timeout: float = 30.0,
        memory: int = 1 << 30,
        body_limit: int = 30 * 1024 * 1024,
        uploads: bool = True,
        prefix: str = '',
        proxies: Mapping[str, str] | None = None,
        strict_vendor: bool = False,
        allowed_hosts: Iterable[str] = (),
        metrics: bool = False,
        page: bool = True,
        external: ExternalApi | None = None,
        upstream: str | Config | None = None,
        caller_credentials: bool = False,
    ) -> None:
        self.settings = Settings(
            tenant=tenant,
            folder=folder,
            service=service,
            packages_dir=Path(packages_dir) if packages_dir is not None else None,
            models_dir=Path(models_dir) if models_dir is not None else None,
            instances=instances if instances is not None else os.cpu_count() or 1,
            timeout=timeout,
            memory=memory,
            body_limit=body_limit,
            uploads=uploads,
            prefix=prefix,
            proxies=dict(proxies or {}),
            strict_vendor=strict_vendor,
            allowed_hosts=tuple(allowed_hosts),
            metrics=metrics,
            page=page,
            external=external,
        )
        if caller_credentials and upstream is None:
            raise SparkSdkError('caller_credentials=True needs upstream=..., the runner that they are passed on to')
        behind = Upstream(upstream, caller_credentials=caller_credentials) if upstream is not None else None
        self.app = RunnerApp(self.settings, behind)
        self._http_client = httpx.Client(transport=RunnerTransport(self.app), trust_env=False)
        self._page = self._make_page() if page else None
        self._end = weakref.finalize(self, _end, self.app, self._page, os.getpid())
        try:
            for package in packages:
                self.app.load(*_read(package))
        except BaseException:
            self.close()
            raise

    def _make_page(self) -> Page:
        here = weakref.ref(self)  # the page must not keep its runner alive

        def connect(tenant: str) -> Client:
            runner = here()
            if runner is None:
                raise SparkSdkError('the runner is closed')
            return runner.client(tenant=tenant)

        page = Page(self.app.catalog, self.settings, connect, self.app.upstream)
        page.add_to(self.app.add)
        return page

    @property
    def tenants(self) -> list[str]:
        """The tenants that have services."""
        return list(self.app.catalog.tenants)

    @property
    def services(self) -> dict[str, list[str]]:
        """The services of each tenant, as `folder/service[version]`.

        >>> import cspark.wasm as Hybrid
        >>> with Hybrid.LocalRunner('samples/packages/term-life.zip') as runner:
        ...     print(runner.services)
        {'my-tenant': ['insurance/term-life[0.3.0]']}
        """
        tenants = self.app.catalog.tenants
        return {tenant: [served.version.uri for served in services] for tenant, services in tenants.items()}

    def client(self, **options: Unpack[ClientOptions]) -> Client:
        """Create a blocking client of this runner, without a socket.

        Args:
            **options: The arguments of `Client` except `base_url`. `tenant` is optional if the runner has only one.

        Raises:
            SparkSdkError: An argument is unknown, or the tenant is missing.
        """
        from .._client import Client

        return Client.use(self._config('client', options), self._http_client)

    def async_client(self, **options: Unpack[ClientOptions]) -> AsyncClient:
        """Create an async client of this runner, without a socket. It takes the same arguments as `client`."""
        from .._async_client import AsyncClient

        http_client = httpx.AsyncClient(transport=AsyncRunnerTransport(self.app), trust_env=False)
        return AsyncClient.use(self._config('async_client', options), http_client)

    def _config(self, method: str, options: ClientOptions) -> Config:
        check_options(f'LocalRunner.{method}', options, ClientOptions)
        if options.pop('base_url', None) is not None:
            raise SparkSdkError(f'LocalRunner.{method} takes no base_url: the runner is in this process')
        tenants = self.tenants
        behind = self.app.upstream.tenant if self.app.upstream is not None and not tenants else ''
        only = tenants[0] if len(tenants) == 1 else behind or None
        chosen = options.pop('tenant', None) or self.settings.tenant or only
        if chosen is None:
            known = ', '.join(tenants) or 'no package is loaded'
            raise SparkSdkError(f'tenant=... is required because the runner has {len(tenants)} tenants: {known}')
        open_runner: ClientOptions = {'token': 'open', 'base_url': RunnerUrl(ADDRESS + self.settings.prefix, chosen)}
        if any(options.get(name) for name in ('api_key', 'token', 'auth')):
            del open_runner['token']
        open_runner.update(options)
        return Config(**open_runner)

    def serve(
        self,
        port: int = 0,
        host: str = '127.0.0.1',
        *,
        uds: str | os.PathLike[str] | None = None,
        certificate: str | os.PathLike[str] | None = None,
        key: str | os.PathLike[str] | None = None,
    ) -> Server:
        """Serve this runner on a socket; the result is a context manager.

        Requests from web pages of other sites are refused. On a loopback address, requests to names other than
        `localhost`, loopback addresses and `allowed_hosts` are refused too.

        Args:
            port: The port; 0 picks a free one, which `.port` and `.url` of the result tell.
            host: The address to listen on; the default is reachable only from this machine.
            uds: The path of a Unix socket, instead of a port.
            certificate: A PEM file with a certificate and its chain, for TLS.
            key: A PEM file with the key of the certificate.

        Raises:
            SparkSdkError: The address or the certificate cannot be used.

        >>> import cspark.wasm as Hybrid
        >>> with Hybrid.LocalRunner('samples/packages/cylinder.zip') as runner, runner.serve() as server:
        ...     print(Hybrid.Client.health_check(server.url).data)
        {'msg': 'ok'}
        """
        return Server(self.app, Listening(port, host, uds, certificate, key))

    def close(self) -> None:
        """End all instances. Closing a closed runner does nothing."""
        self._http_client.close()
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _end(app: RunnerApp, page: Page | None, process: int) -> None:
    """End a runner when it is closed, garbage-collected, or alive at the end of the interpreter.

    A forked process must not end the workers of its parent.
    """
    if process == os.getpid():
        if page is not None:
            page.close()
        app.close()
        if app.upstream is not None:
            app.upstream.close()


def _read(package: PackageLike) -> tuple[bytes, str]:
    if isinstance(package, (bytes, bytearray)):
        return bytes(package), 'package.zip'
    path = Path(package)
    try:
        return path.read_bytes(), str(path)
    except OSError as error:
        raise PackageError(f'{str(path)!r} cannot be read: {error.strerror}') from error
