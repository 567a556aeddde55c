"""Where the runner is and how to call it: frozen, checked when built. The environment is read here and nowhere else."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlsplit

from .auth import Authorization
from .errors import SparkSdkError
from .logger import LOGGER_NAME, LoggerLike, logger_for
from .uri import check_name

__all__ = [
    'DEFAULT_MAX_RETRIES',
    'DEFAULT_RETRY_INTERVAL',
    'DEFAULT_RUNNER_URL',
    'DEFAULT_TIMEOUT_IN_MS',
    'ENV_VARS',
    'SPARK_SDK',
    'Config',
    'RunnerUrl',
]

DEFAULT_RUNNER_URL: Final = 'http://localhost:3000'
DEFAULT_TIMEOUT_IN_MS: Final = 60_000
DEFAULT_MAX_RETRIES: Final = 2
DEFAULT_RETRY_INTERVAL: Final = 1
SPARK_SDK: Final = 'Spark Python SDK'


class ENV_VARS:  # noqa: N801 - the name that users import today
    """The environment variables that are read where an argument is not given."""

    RUNNER_URL = 'CSPARK_RUNNER_URL'
    API_KEY = 'CSPARK_API_KEY'
    BEARER_TOKEN = 'CSPARK_BEARER_TOKEN'  # noqa: S105 - a variable's name


@dataclass(frozen=True)
class RunnerUrl:
    """A runner's address, with the path prefix that it may have, and the tenant beside it.

    Args:
        value: Scheme, host, port and prefix, used as given. `CSPARK_RUNNER_URL` or `http://localhost:3000` if empty.
        tenant: The tenant; empty for calls that need none.

    Raises:
        SparkSdkError: It cannot be an address.

    >>> RunnerUrl('http://localhost:3000/mypath/torun/', 'my-tenant').full
    'http://localhost:3000/mypath/torun/my-tenant'
    """

    value: str = ''
    tenant: str = ''

    def __post_init__(self) -> None:
        value = self.value or os.environ.get(ENV_VARS.RUNNER_URL) or DEFAULT_RUNNER_URL
        object.__setattr__(self, 'value', _checked_address(value))
        if self.tenant:
            check_name('tenant', self.tenant)

    @property
    def full(self) -> str:
        """The address with the tenant behind it."""
        return f'{self.value}/{self.tenant}' if self.tenant else self.value

    @property
    def env(self) -> None:
        """The platform's environment; a runner has none."""
        return None

    @property
    def service(self) -> None:
        """The platform's service name; a runner has none."""
        return None

    @staticmethod
    def of(*, url: str | None = None, tenant: str | None = None) -> RunnerUrl:
        """An address whose tenant is given beside it or is its last path segment.

        Args:
            url: The address; `CSPARK_RUNNER_URL` or `http://localhost:3000` if not given.
            tenant: The tenant. Where it is given, the path of `url` is the runner's prefix.

        Raises:
            SparkSdkError: There is no tenant, or the address is none.

        >>> RunnerUrl.of(url='http://localhost:3000/my-tenant')
        RunnerUrl(value='http://localhost:3000', tenant='my-tenant')
        """
        address = RunnerUrl(url or '').value
        path = urlsplit(address).path
        last = path.rpartition('/')[2]
        if last and tenant in (None, '', last):
            return RunnerUrl(address.removesuffix(f'/{last}'), last)
        if not tenant:
            raise SparkSdkError(
                f'tenant is missing; give tenant=..., or a base_url that ends with it, such as {address}/my-tenant'
            )
        return RunnerUrl(address, tenant)

    @staticmethod
    def no_tenant(url: str = '') -> RunnerUrl:
        """An address for calls that need no tenant: health, version, status."""
        return RunnerUrl(url)

    def copy_with(self, *, url: str | None = None, tenant: str | None = None) -> RunnerUrl:
        """The same address or tenant, or another one."""
        return RunnerUrl(url or self.value, tenant or self.tenant)


@dataclass(frozen=True)
class Config:
    """Everything that a client needs to know to call a runner. Clients build it from their arguments.

    Args:
        base_url: The runner's address and the tenant.
        auth: The credentials.
        timeout: The limit of a whole call, retries included, in milliseconds.
        max_retries: How often a failed call is tried again; 0 means not at all.
        retry_interval: The longest first pause before a retry, in seconds; it doubles from retry to retry.
        extra_headers: Headers to send with every request.
        logger: Where to log; by default the logger `cspark.wasm`.
    """

    base_url: RunnerUrl
    auth: Authorization
    timeout: float = DEFAULT_TIMEOUT_IN_MS
    max_retries: int = DEFAULT_MAX_RETRIES
    retry_interval: float = DEFAULT_RETRY_INTERVAL
    extra_headers: dict[str, str] = field(default_factory=lambda: dict[str, str](), repr=False)
    logger: logging.Logger = field(default_factory=lambda: logging.getLogger(LOGGER_NAME), repr=False)

    def __post_init__(self) -> None:
        _check_number('timeout', self.timeout, 'a number of milliseconds above 0', above=0)
        _check_number('retry_interval', self.retry_interval, 'a number of seconds from 0 on')
        _check_number('max_retries', self.max_retries, 'a whole number from 0 on', whole=True)

    @staticmethod
    def of(
        *,
        base_url: str | RunnerUrl | None = None,
        tenant: str | None = None,
        api_key: str | None = None,
        token: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        retry_interval: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
        logger: LoggerLike = True,
    ) -> Config:
        """Build a configuration: arguments first, then the environment, then the defaults.

        Raises:
            SparkSdkError: Something is missing or not what it should be; the text says what is accepted.

        >>> Config.of(base_url='http://localhost:3000', tenant='my-tenant', token='open').timeout_in_sec
        60.0
        """
        if api_key is None and token is None:
            api_key, token = os.environ.get(ENV_VARS.API_KEY), os.environ.get(ENV_VARS.BEARER_TOKEN)
        if isinstance(base_url, RunnerUrl):
            address = base_url.copy_with(tenant=tenant)
        else:
            address = RunnerUrl.of(url=base_url, tenant=tenant)
        return Config(
            base_url=address,
            auth=Authorization(api_key=api_key, token=token),
            timeout=DEFAULT_TIMEOUT_IN_MS if timeout is None else timeout,
            max_retries=DEFAULT_MAX_RETRIES if max_retries is None else max_retries,
            retry_interval=DEFAULT_RETRY_INTERVAL if retry_interval is None else retry_interval,
            extra_headers=dict(extra_headers or {}),
            logger=logger_for(logger),
        )

    @staticmethod
    def no_tenant(base_url: str | RunnerUrl | None, token: str, options: Mapping[str, Any]) -> Config:
        """A configuration for calls that need no tenant: health, version, status."""
        address = base_url if isinstance(base_url, RunnerUrl) else RunnerUrl.no_tenant(base_url or '')
        given = {name: value for name, value in options.items() if value is not None}
        logger = logger_for(given.pop('logger', True))
        return Config(base_url=address, auth=Authorization(token=token), logger=logger, **given)

    @property
    def timeout_in_sec(self) -> float:
        """The limit of a whole call, in seconds."""
        return self.timeout / 1000

    @property
    def has_headers(self) -> bool:
        """Whether there are headers to send with every request."""
        return bool(self.extra_headers)

    def copy_with(
        self,
        *,
        base_url: str | RunnerUrl | None = None,
        tenant: str | None = None,
        api_key: str | None = None,
        token: str | None = None,
        **settings: Any,
    ) -> Config:
        """The same settings but for those that are given.

        >>> config = Config.of(base_url='http://localhost:3000', tenant='my-tenant', token='open')
        >>> config.copy_with(tenant='another', timeout=5000).base_url.full
        'http://localhost:3000/another'
        """
        if isinstance(base_url, RunnerUrl):
            address = base_url.copy_with(tenant=tenant)
        elif base_url is not None:
            address = RunnerUrl.of(url=base_url, tenant=tenant or self.base_url.tenant)
        else:
            address = self.base_url.copy_with(tenant=tenant)
        given = {name: value for name, value in settings.items() if value is not None}
        return replace(self, base_url=address, auth=self.auth.replace(api_key=api_key, token=token), **given)


def _checked_address(value: str) -> str:
    try:
        parts = urlsplit(value.strip())
        port = parts.port
    except ValueError as error:
        raise SparkSdkError(f'base_url {value!r} is not an address: {error}') from error
    if parts.username is not None or parts.password is not None:
        raise SparkSdkError('base_url must not hold a user name or a password; give api_key=... or token=... instead')
    if parts.scheme not in ('http', 'https') or not parts.hostname:
        raise SparkSdkError(
            f'base_url {value!r} is not an address; it needs a scheme and a host, such as {DEFAULT_RUNNER_URL}'
        )
    if parts.query or parts.fragment:
        raise SparkSdkError(f'base_url {value!r} must end with its path; it has a query or a fragment')
    if port == 0:
        raise SparkSdkError(f'base_url {value!r} has port 0')
    return value.strip().rstrip('/')


def _check_number(name: str, value: object, accepted: str, *, above: float | None = None, whole: bool = False) -> None:
    good = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if good and math.isfinite(value) and value >= 0 and (above is None or value > above):  # type: ignore[arg-type, operator]
        return
    raise SparkSdkError(f'{name} must be {accepted}, not {value!r}')
