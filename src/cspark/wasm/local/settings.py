"""The settings of a local runner, with the names of the vendor's runner where it has the same setting."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import attrs

from ..errors import SparkSdkError
from ..uri import Uri, check_name
from .packages.bare_model import Naming

__all__ = ['ExternalApi', 'Settings']

ExternalApi: TypeAlias = Callable[[dict[str, Any]], Mapping[str, Any]]
"""A function that answers calls to external APIs. It gets the model's request and returns the members of the answer."""


def _prefix(given: str) -> str:
    prefix = given.strip('/')
    if not re.fullmatch(r'[\w.~/-]*', prefix, re.ASCII):
        raise SparkSdkError(f'prefix must be a path of letters, digits and "-._~", not {given!r}')
    return f'/{prefix}' if prefix else ''


def _proxies(given: Mapping[str, str]) -> Mapping[str, str]:
    proxies = {endpoint.strip('/'): service for endpoint, service in given.items()}
    for endpoint, service in proxies.items():
        check_name('proxy', endpoint)
        if Uri.validate(service).proxy:
            raise SparkSdkError(f'the endpoint {endpoint!r} must lead to a service, not to {service!r}')
    return MappingProxyType(proxies)


@attrs.frozen
class Settings:
    """The settings of a local runner.

    Args:
        tenant: The tenant of all services; None keeps the tenant of each package.
        folder: The folder of a compiled model that has no package around it.
        service: The service of such a model; None uses the name of its file.
        packages_dir: The folder that keeps uploads across restarts; None keeps them in memory.
        models_dir: A folder of models, TENANT/FOLDER/SERVICE/VERSION/VERSION_ID.zip, which is watched for changes
            (`MODEL_LOCATION`).
        instances: The number of instances of each model (default: the number of cores of this machine).
        timeout: The time limit for loading a model and for each record, in seconds.
        memory: The memory limit of each instance, in bytes.
        body_limit: The largest request body, compressed and uncompressed, in bytes (`BODY_LIMIT`).
        uploads: Whether packages may be uploaded (`UPLOAD_ENABLE`).
        prefix: The prefix of all paths (`CUSTOM_API_ROUTE`).
        proxies: Endpoints and the services behind them: `{'quotes/motor': 'my-folder/my-service'}`.
        allowed_hosts: Host names, besides `localhost`, that a runner on a loopback address answers to.
        strict_vendor: Whether to leave out what the vendor's engine does not do: warnings about unknown inputs, and
            computing a v3 list of one record as that record.
        metrics: Whether `/metrics` answers in the text format of Prometheus.
        page: Whether `/ui` shows the page.
        external: A function that answers a model's calls to external APIs.

    Raises:
        SparkSdkError: A value is invalid; the message says which values are valid.
    """

    tenant: str | None = None
    folder: str = 'models'
    service: str | None = None
    packages_dir: Path | None = None
    models_dir: Path | None = None
    instances: int = attrs.field(factory=lambda: os.cpu_count() or 1)
    timeout: float = 30.0
    memory: int = 1 << 30
    body_limit: int = 30 * 1024 * 1024
    uploads: bool = True
    prefix: str = attrs.field(default='', converter=_prefix)
    proxies: Mapping[str, str] = attrs.field(factory=dict[str, str], converter=_proxies)
    strict_vendor: bool = False
    allowed_hosts: tuple[str, ...] = ()
    metrics: bool = False
    page: bool = True
    external: ExternalApi | None = None

    def __attrs_post_init__(self) -> None:
        if self.tenant is not None:
            check_name('tenant', self.tenant)
        for name in ('instances', 'timeout', 'memory', 'body_limit'):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float('inf'):
                raise SparkSdkError(f'{name} must be a number above 0, not {value!r}')
        if not isinstance(self.instances, int):
            raise SparkSdkError(f'instances must be a whole number, not {self.instances!r}')
        self.naming()

    def naming(self, tenant: str | None = None) -> Naming:
        """Return the naming of a compiled model without a package; `tenant` is the tenant of the upload."""
        return Naming(self.tenant or tenant or Naming.tenant, self.folder, self.service)
