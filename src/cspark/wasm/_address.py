"""Where a runner is: its address, the path prefix that it may have, and the tenant."""

from __future__ import annotations

import ipaddress
import os
import re
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

import attrs

from .errors import SparkConfigError, SparkSdkError, shorten
from .uri import check_name

__all__ = ['DEFAULT_RUNNER_URL', 'ENV_VARS', 'RunnerUrl', 'in_ascii']

DEFAULT_RUNNER_URL: Final = 'http://localhost:3000'
"""Where a runner is, unless an argument or `CSPARK_RUNNER_URL` says otherwise."""

LONGEST_NAME: Final = 253
LONGEST_LABEL: Final = 63
"""What the domain name system has room for, in characters."""

NO_USER: Final = 'base_url must not hold a user name or a password; give api_key=... or token=... instead'


class ENV_VARS:  # noqa: N801 - the name that users import today
    """The environment variables that are read where an argument is not given."""

    RUNNER_URL = 'CSPARK_RUNNER_URL'
    API_KEY = 'CSPARK_API_KEY'
    BEARER_TOKEN = 'CSPARK_BEARER_TOKEN'  # noqa: S105 - a variable's name


@attrs.frozen(init=False, repr=False)
class RunnerUrl:
    """A runner's address, with the path prefix that it may have, and the tenant beside it.

    Args:
        url: Scheme, host, port and prefix, used as given. `CSPARK_RUNNER_URL` or `http://localhost:3000` if empty.
        tenant: The tenant; empty for calls that need none.

    Attributes:
        value: The address without slashes at its end.
        tenant: The tenant.

    Raises:
        SparkConfigError: It cannot be an address, or the tenant cannot stand in a path.

    >>> RunnerUrl('http://localhost:3000/mypath/torun/', 'my-tenant').full
    'http://localhost:3000/mypath/torun/my-tenant'
    """

    value: str
    tenant: str

    def __init__(self, url: str | None = None, tenant: str | None = None) -> None:
        address = url or os.environ.get(ENV_VARS.RUNNER_URL) or DEFAULT_RUNNER_URL
        self.__attrs_init__(_checked(address), _checked_tenant(tenant or ''))

    def __repr__(self) -> str:
        return f'RunnerUrl({self.value!r}, {self.tenant!r})'

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
            tenant: The tenant. Where it is given and is not the last segment, the whole path is the runner's prefix.

        Raises:
            SparkConfigError: There is no tenant, or the address is none.

        >>> RunnerUrl.of(url='http://localhost:3000/my-tenant')
        RunnerUrl('http://localhost:3000', 'my-tenant')
        >>> RunnerUrl.of(url='http://localhost:3000/mypath', tenant='my-tenant')
        RunnerUrl('http://localhost:3000/mypath', 'my-tenant')
        """
        address = RunnerUrl(url or '').value
        last = urlsplit(address).path.rpartition('/')[2]
        named = unquote(last)
        if last and tenant in (None, '', last, named):
            return RunnerUrl(address[: -len(last) - 1], named)
        if not tenant:
            hint = f'give tenant=..., or a base_url that ends with it, such as {address}/my-tenant'
            raise SparkConfigError(f'tenant is missing; {hint}')
        return RunnerUrl(address, tenant)

    @staticmethod
    def no_tenant(url: str = '') -> RunnerUrl:
        """An address for calls that need no tenant: health, version, status."""
        return RunnerUrl(url)

    def copy_with(self, *, url: str | None = None, tenant: str | None = None) -> RunnerUrl:
        """The same address or tenant, or another one."""
        return RunnerUrl(url or self.value, tenant or self.tenant)


def _checked(value: object) -> str:
    """The address without trailing slashes. What is wrong is said without what may be secret in it."""
    if not isinstance(value, str):
        raise SparkConfigError(f'base_url must be text, not {type(value).__name__}')
    value = value.strip()
    hint = f'it needs a scheme and a host, such as {DEFAULT_RUNNER_URL}'
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        reason = NO_USER if '@' in value else f'base_url is not an address: {shorten(str(error), 200)}; {hint}'
        raise SparkConfigError(reason) from None
    if '@' in parts.netloc:
        raise SparkConfigError(NO_USER)
    if parts.scheme not in ('http', 'https') or not parts.hostname:
        raise SparkConfigError(f'base_url {_hidden(value)!r} is not an address; {hint}')
    if parts.query or parts.fragment or value.endswith(('?', '#')):
        raise SparkConfigError('base_url must end with its path; it has a query or a fragment')
    if port == 0 or parts.netloc.endswith(':'):
        raise SparkConfigError(f'base_url {_hidden(value)!r} has no port behind its colon, or port 0')
    _check_host(parts, value)
    in_ascii(value)
    return value.rstrip('/')


def _checked_tenant(tenant: str) -> str:
    if not tenant:
        return ''
    try:
        check_name('tenant', tenant)
    except SparkSdkError as error:
        raise SparkConfigError(error.message) from None
    if not tenant.isascii() or tenant != tenant.strip():
        raise SparkConfigError(f'tenant {tenant!r} cannot be sent, for it also stands in a header')
    return tenant


def in_ascii(url: str) -> str:
    """An address whose international name is as it is sent: one spelling for every way to send.

    Raises:
        SparkConfigError: The name cannot be sent.

    >>> in_ascii('http://B\u00fccher.example:3000/t')
    'http://xn--bcher-kva.example:3000/t'
    """
    parts = urlsplit(url)
    if parts.netloc.isascii():
        return url
    import idna

    try:
        named = idna.encode(parts.hostname or '', uts46=True).decode()
    except idna.IDNAError as error:
        raise SparkConfigError(f'base_url {_hidden(url)!r} has a host that is no name: {error}') from None
    return parts._replace(netloc=named if parts.port is None else f'{named}:{parts.port}').geturl()


def _check_host(parts: SplitResult, value: str) -> None:
    host, value = parts.hostname or '', _hidden(value)
    if parts.netloc.startswith('['):
        try:
            ipaddress.IPv6Address(host.partition('%')[0])
        except ValueError:
            raise SparkConfigError(f'base_url {value!r} has brackets around what is no IPv6 address') from None
    elif re.search(r'[\s\\^`{|}<>"%]', host) or not _can_be_name(host):
        raise SparkConfigError(f'base_url {value!r} has a host that is no name')
    if any(segment in ('.', '..') for segment in parts.path.split('/')) or re.search(
        r'[\s\x00-\x1f\x7f\\]', parts.path
    ):
        raise SparkConfigError(f'base_url {value!r} has a path that cannot be sent as it is')


def _can_be_name(host: str) -> bool:
    """Whether the labels of an ASCII name are there, and not too long. One dot may end it."""
    labels = host.removesuffix('.').split('.')
    return not host.isascii() or (
        len(host) <= LONGEST_NAME and all(0 < len(label) <= LONGEST_LABEL for label in labels)
    )


def _hidden(text: str) -> str:
    """A text without what stands before an @, which may be a password; cut short."""
    return shorten(re.sub(r'.*@', '...@', text, flags=re.DOTALL), 200)
