"""`LocalRunner`: packages in, clients out."""

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
from .settings import Settings

if TYPE_CHECKING:
    from .._async_client import AsyncClient
    from .._client import Client

__all__ = ['LocalRunner']

PackageLike: TypeAlias = str | os.PathLike[str] | bytes
"""A package: its path, or its bytes."""

ADDRESS = 'http://local-runner'
"""No name of the network: requests to it go to the application in this process."""


class LocalRunner:
    """A runner in this process, for trying, testing and developing. Close it, or use it in a `with` statement.

    Args:
        *packages: Paths of packages, or their bytes: the platform's `onpremises` exports, or compiled models alone
            (`NAME.js`, `NAME.wasm` and what belongs to them), which are served as `my-tenant` and `models/FILE-NAME`
            unless `tenant`, `folder` and `service` say otherwise. `services` tells.
        tenant: The tenant that everything is served under; by default each package keeps its own.
        folder: The folder of a compiled model that comes without a package around it (see below).
        service: The service of such a model; by default the name of its file.
        packages_dir: A folder in which uploads are kept over a restart; by default they are kept in memory.
        models_dir: A folder of models as production mounts it, `TENANT/FOLDER/SERVICE/VERSION/VERSION_ID.zip`, with or
            without the JSON files beside them. It is read now and again when it changes.
        instances: Instances of each model, which compute at the same time (default: the cores of this machine).
        timeout: The limit for loading a model and for each record, in seconds. Where the machine has too much to do, a
            model that gets little of it is given up to ten times as long.
        memory: The limit of each instance's memory, in bytes. An instance is a process that holds some 70 MB without a
            model. It is looked at every 50 ms; on Linux the system also stops one that takes memory faster.
        body_limit: The largest body of a request, in bytes; a larger one gets 413.
        uploads: Whether packages may be uploaded; if not, an upload gets 403.
        prefix: A path before all paths, as a runner has it that was started with `CUSTOM_API_ROUTE`.
        proxies: Endpoints and the services behind them, for `proxy/ENDPOINT` URIs.
        allowed_hosts: Names by which a runner on a socket that only this machine can reach is served, beside
            `localhost` and its addresses. A web page could have any other name point here.
        strict_vendor: Leave out what the vendor's engine does not do: warnings of inputs that the service does not
            have, and a v3 list of one record computed as that record.

    Raises:
        PackageError: A package is broken or not to be trusted; the text says what is wrong with which file.
        SparkSdkError: A setting is not acceptable.

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
        )
        self.app = RunnerApp(self.settings)
        self._end = weakref.finalize(self, _end, self.app, os.getpid())
        self._http_client = httpx.Client(transport=RunnerTransport(self.app), trust_env=False)
        try:
            for package in packages:
                self.app.load(*_read(package))
        except BaseException:
            self.close()
            raise

    @property
    def tenants(self) -> list[str]:
        """The tenants that have services."""
        return list(self.app.catalog.tenants)

    @property
    def services(self) -> dict[str, list[str]]:
        """What each tenant has, as `folder/service[version]`.

        >>> import cspark.wasm as Hybrid
        >>> with Hybrid.LocalRunner('samples/packages/term-life.zip') as runner:
        ...     print(runner.services)
        {'my-tenant': ['insurance/term-life[0.3.0]']}
        """
        tenants = self.app.catalog.tenants
        return {tenant: [served.version.uri for served in services] for tenant, services in tenants.items()}

    def client(self, **options: Unpack[ClientOptions]) -> Client:
        """A blocking client of this runner, without a socket.

        Args:
            **options: Arguments of `Client`, but `base_url`. `tenant` can be left out where the runner has one.

        Raises:
            SparkSdkError: There is no such argument, or the tenant is missing.
        """
        from .._client import Client

        return Client.use(self._config('client', options), self._http_client)

    def async_client(self, **options: Unpack[ClientOptions]) -> AsyncClient:
        """An awaited client of this runner, without a socket. Its arguments are those of `client`."""
        from .._async_client import AsyncClient

        http_client = httpx.AsyncClient(transport=AsyncRunnerTransport(self.app), trust_env=False)
        return AsyncClient.use(self._config('async_client', options), http_client)

    def _config(self, method: str, options: ClientOptions) -> Config:
        check_options(f'LocalRunner.{method}', options, ClientOptions)
        if options.pop('base_url', None) is not None:
            raise SparkSdkError(f'LocalRunner.{method} takes no base_url: the runner is in this process')
        tenants = self.tenants
        chosen = options.pop('tenant', None) or self.settings.tenant or (tenants[0] if len(tenants) == 1 else None)
        if chosen is None:
            known = ', '.join(tenants) or 'no package is loaded'
            raise SparkSdkError(f'tenant=... is needed, for the runner has {len(tenants)}: {known}')
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
        """The same runner on a socket, as a context manager.

        Requests of web pages of other sites are refused; and where only this machine can reach the runner, so are
        requests to other names than `localhost`, its addresses and `allowed_hosts`.

        Args:
            port: The port; 0 for any that is free, which `.port` and `.url` of the result tell.
            host: The address to listen on; by default it is reached from this machine alone.
            uds: The path of a Unix socket, instead of a port.
            certificate: A file with a certificate and its chain, PEM, for TLS.
            key: A file with the certificate's key, PEM.

        Raises:
            SparkSdkError: The address cannot be had, or the certificate cannot be used.

        >>> import cspark.wasm as Hybrid
        >>> with Hybrid.LocalRunner('samples/packages/cylinder.zip') as runner, runner.serve() as server:
        ...     print(Hybrid.Client.health_check(server.url).data)
        {'msg': 'ok'}
        """
        return Server(self.app, Listening(port, host, uds, certificate, key))

    def close(self) -> None:
        """End all instances; any number of times."""
        self._http_client.close()
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _end(app: RunnerApp, process: int) -> None:
    """End a runner that is closed, forgotten, or there when the interpreter ends; but not from a forked process."""
    if process == os.getpid():
        app.close()


def _read(package: PackageLike) -> tuple[bytes, str]:
    if isinstance(package, (bytes, bytearray)):
        return bytes(package), 'package.zip'
    path = Path(package)
    try:
        return path.read_bytes(), str(path)
    except OSError as error:
        raise PackageError(f'{str(path)!r} cannot be read: {error.strerror}') from error
