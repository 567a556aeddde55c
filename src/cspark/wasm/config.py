"""The configuration of a client. It is immutable, and checked when it is built."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs

from ._address import DEFAULT_RUNNER_URL, ENV_VARS, RunnerUrl
from ._answer import SHOWN_HEADERS
from ._config_values import (
    DEFAULT_CONNECTION_AGE,
    DEFAULT_TIMEOUT_IN_MS,
    read_connection_age,
    read_headers,
    read_telemetry,
    read_timeout,
    read_transport,
    read_verify,
)
from ._secret import Secret, hide, hide_address, hide_headers
from .auth import Authorization, TokenLike
from .errors import SparkConfigError
from .logger import LoggerLike, logger_for
from .options import ClientOptions, StaticOptions, check_options
from .retry_policy import DEFAULT_MAX_RETRIES, DEFAULT_RETRY_INTERVAL, RetryPolicy

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = [
    'DEFAULT_MAX_RETRIES',
    'DEFAULT_RETRY_INTERVAL',
    'DEFAULT_RUNNER_URL',
    'DEFAULT_TIMEOUT_IN_MS',
    'ENV_VARS',
    'SPARK_SDK',
    'Config',
    'RunnerUrl',
    'build_config',
    'static_config',
]

UNPICKLED: Final = (
    'a {0} holds connections and cannot be pickled; make one in each process: Config pickles, and '
    '{0}.use(config.with_credentials_in_pickles()) makes a client of it'
)

SPARK_SDK: Final = 'Spark Python SDK'
"""The default of the option `source_system`."""


@attrs.frozen(repr=False, hash=False)
class _Fields:
    """The fields of a configuration, once its arguments and the environment are read."""

    base_url: RunnerUrl
    auth: Authorization
    timeout: float
    phases: Mapping[str, float] | None
    retry: RetryPolicy
    extra_headers: Mapping[str, str] = attrs.field(converter=read_headers)
    logger: logging.Logger = attrs.field(converter=logger_for)
    verify: bool | str | ssl.SSLContext = attrs.field(converter=read_verify)
    transport: Literal['httpx'] | None = attrs.field(converter=read_transport)
    max_connection_age: float = attrs.field(converter=read_connection_age)
    telemetry: bool = attrs.field(converter=read_telemetry)


class Config(_Fields):
    """The configuration of a client. It is immutable.

    Values come from the arguments, then from the environment, then from the defaults.

    Args:
        base_url: The runner's address; see `RunnerUrl.of`.
        tenant: The tenant, if it is not part of `base_url`.
        api_key: An API key.
        token: A bearer token, `open`, or a function that fetches a token.
        auth: An `httpx.Auth`, which then provides all credentials.
        timeout: The timeout of a whole call, retries included, in milliseconds; or an `httpx.Timeout` with a timeout
            for each phase of an attempt. The whole call may then take the sum of these, or the default if that is more.
        max_retries: How often a failed call is retried (0 for never), or a `RetryPolicy`.
        retry_interval: The longest pause before the first retry, in seconds; it doubles with each retry.
        extra_headers: Headers to send with every request.
        logger: The logger to use, True for `cspark.wasm`, or False to log nothing.
        verify: How to verify the certificate of a `https://` runner: True to trust what the machine trusts (certifi's
            list, or `SSL_CERT_FILE` and `SSL_CERT_DIR`), the path of a file of certificates, an `ssl.SSLContext` (which
            may also hold a client certificate), or False to verify nothing.
        transport: `httpx` to send all requests through httpx. The default is the environment variable
            `CSPARK_TRANSPORT`; see the page on transports.
        max_connection_age: How long a connection is used, in seconds. A new one looks the runner's name up again, and
            so notices that it has moved.
        telemetry: Whether calls have spans and metrics where OpenTelemetry is set up. The default is the environment
            variable `CSPARK_TELEMETRY`, or else True.

    Raises:
        SparkConfigError: A value is missing or not valid; the message says what is accepted.

    >>> Config(base_url='http://localhost:3000', tenant='my-tenant', token='open').timeout_in_sec
    60.0
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        base_url: str | Secret | RunnerUrl | None = None,
        tenant: str | None = None,
        api_key: str | Secret | None = None,
        token: TokenLike | Secret | None = None,
        auth: httpx.Auth | Authorization | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | RetryPolicy | None = None,
        retry_interval: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
        logger: LoggerLike = True,
        verify: bool | str | ssl.SSLContext | None = None,
        transport: Literal['httpx'] | None = None,
        max_connection_age: float = DEFAULT_CONNECTION_AGE,
        telemetry: bool | None = None,
    ) -> None:
        base_url, extra_headers = hide_address(base_url), hide_headers(extra_headers)
        api_key, token = hide(api_key), hide(token)
        if isinstance(base_url, RunnerUrl):
            address = _agreed(base_url, tenant)
        else:
            address = RunnerUrl.of(url=base_url, tenant=tenant)
        if not isinstance(auth, Authorization):
            if api_key is None and token is None and auth is None:
                api_key, token = hide(os.environ.get(ENV_VARS.API_KEY)), hide(os.environ.get(ENV_VARS.BEARER_TOKEN))
            auth = Authorization(api_key=api_key, token=token, auth=auth)
        limit, phases = read_timeout(timeout)
        super().__init__(
            base_url=address,
            auth=auth,
            timeout=limit,
            phases=phases,
            retry=_policy(max_retries, retry_interval),
            extra_headers=extra_headers,
            logger=logger,
            verify=verify,
            transport=transport,
            max_connection_age=max_connection_age,
            telemetry=telemetry,
        )

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f'a Config is immutable; make another one with copy_with({name}=...)')

    def sends_like(self, other: Config) -> bool:
        """Whether a client of this configuration can share the connections of a client of the other one."""
        return (self.verify, self.transport, self.max_connection_age) == (
            other.verify,
            other.transport,
            other.max_connection_age,
        )

    def with_credentials_in_pickles(self) -> Config:
        """Return a copy whose pickles contain its credentials and extra headers in clear text.

        Other pickles leave both out. A client built from such a pickle raises `SparkConfigError` until they are given
        again.

        >>> import pickle
        >>> config = Config(base_url='http://localhost:3000', tenant='my-tenant', token='a-token')
        >>> pickle.loads(pickle.dumps(config.with_credentials_in_pickles())) == config
        True
        """
        return self._evolve(auth=self.auth.travelling())

    def _evolve(self, **changes: Any) -> Config:
        """Return a copy with some fields replaced. `attrs.evolve` is for classes whose arguments are their fields."""
        copy = Config.__new__(Config)
        _Fields.__init__(copy, **{**attrs.asdict(self, recurse=False), **changes})
        return copy

    def __getstate__(self) -> dict[str, object]:
        state = attrs.asdict(self, recurse=False)
        state['extra_headers'] = dict(self.extra_headers)  # a view that cannot be changed does not pickle
        if not self.auth.travels and any(name.lower() not in SHOWN_HEADERS for name in self.extra_headers):
            state |= {'extra_headers': {}, 'auth': self.auth.left_behind()}
        return state

    def __copy__(self) -> Config:
        return self.copy_with()

    def __deepcopy__(self, _memo: object) -> Config:
        return self.copy_with()

    def __setstate__(self, state: dict[str, Any]) -> None:
        _Fields.__init__(self, **state)

    def __repr__(self) -> str:
        if not hasattr(self, 'logger'):
            return 'Config(being built)'
        limits = f'timeout={self.timeout:g}, max_retries={self.max_retries}, retry_interval={self.retry_interval:g}'
        return f'Config(base_url={self.base_url.full!r}, auth={self.auth!r}, {limits})'

    @property
    def timeout_in_sec(self) -> float:
        """The timeout of a whole call, in seconds."""
        return self.timeout / 1000

    @property
    def max_retries(self) -> int:
        """How often a failed call is retried."""
        return self.retry.max_retries

    @property
    def retry_interval(self) -> float:
        """The longest pause before the first retry, in seconds."""
        return self.retry.interval

    @property
    def has_headers(self) -> bool:
        """Whether there are headers to send with every request."""
        return bool(self.extra_headers)

    def copy_with(
        self,
        *,
        base_url: str | Secret | RunnerUrl | None = None,
        tenant: str | None = None,
        api_key: str | Secret | None = None,
        token: TokenLike | Secret | None = None,
        auth: httpx.Auth | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | RetryPolicy | None = None,
        retry_interval: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
        logger: LoggerLike | None = None,
        verify: bool | str | ssl.SSLContext | None = None,
        transport: Literal['httpx'] | None = None,
        max_connection_age: float | None = None,
        telemetry: bool | None = None,
    ) -> Config:
        """Return a copy with some values replaced.

        >>> config = Config(base_url='http://localhost:3000', tenant='my-tenant', token='open')
        >>> config.copy_with(tenant='another', timeout=5000).base_url.full
        'http://localhost:3000/another'
        """
        base_url, extra_headers = hide_address(base_url), hide_headers(extra_headers)
        api_key, token = hide(api_key), hide(token)
        address = self.base_url.copy_with(tenant=tenant)
        if isinstance(base_url, RunnerUrl):
            address = _agreed(base_url, tenant or base_url.tenant or self.base_url.tenant)
        elif base_url is not None:
            address = RunnerUrl.of(url=base_url, tenant=tenant or self.base_url.tenant)
        changes: dict[str, Any] = {
            'base_url': address,
            'auth': self.auth.replace(api_key=api_key, token=token, auth=auth),
            'retry': _policy(max_retries, retry_interval, self.retry),
        }
        if timeout is not None:
            changes['timeout'], changes['phases'] = read_timeout(timeout)
        given = {
            'extra_headers': extra_headers,
            'logger': logger,
            'verify': verify,
            'transport': transport,
            'max_connection_age': max_connection_age,
            'telemetry': telemetry,
        }
        return self._evolve(**changes, **{name: value for name, value in given.items() if value is not None})


def build_config(method: str, options: ClientOptions, before: Config | None = None) -> Config:
    """Build a configuration from keyword arguments, based on an earlier one if it is given.

    Raises:
        SparkSdkError: An argument is unknown or not valid.
    """
    check_options(method, options, ClientOptions)
    return before.copy_with(**options) if before else Config(**options)


def static_config(base_url: str | Secret | RunnerUrl | None, token: str | Secret, options: StaticOptions) -> Config:
    """Build a configuration for the calls that need no tenant: health, version, status."""
    check_options('a static method', options, StaticOptions)
    address = base_url if isinstance(base_url, RunnerUrl) else RunnerUrl(base_url)
    return Config(base_url=address, token=token, **options)


def _agreed(address: RunnerUrl, tenant: str | None) -> RunnerUrl:
    """Add a separately given tenant to an address, which must have none or the same."""
    if tenant and address.tenant not in ('', tenant):
        raise SparkConfigError(f'two tenants are given: {address.tenant!r} in base_url and tenant={tenant!r}')
    return address.copy_with(tenant=tenant)


def _policy(retries: Any, interval: Any, before: RetryPolicy | None = None) -> RetryPolicy:
    if isinstance(retries, RetryPolicy):
        if interval is not None:
            raise SparkConfigError('retry_interval is part of the RetryPolicy that max_retries holds; give it there')
        return retries
    given = {name: value for name, value in (('max_retries', retries), ('interval', interval)) if value is not None}
    return attrs.evolve(before or RetryPolicy(), **given)
