"""The address of a runner, with an optional path prefix and the tenant."""

from __future__ import annotations

import ipaddress
import os
import re
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

import attrs

from ._secret import Secret, hide_address
from .errors import SparkConfigError, SparkSdkError, shorten
from .uri import check_name

__all__ = ['DEFAULT_RUNNER_URL', 'ENV_VARS', 'RunnerUrl', 'in_ascii']

DEFAULT_RUNNER_URL: Final = 'http://localhost:3000'
"""The default address of a runner."""

LONGEST_NAME: Final = 253
LONGEST_LABEL: Final = 63
"""The limits of the domain name system (RFC 1035), in characters: a whole name, and a label of it."""

NO_USER: Final = 'base_url must not contain a user name or a password; give api_key=... or token=... instead'


class ENV_VARS:  # noqa: N801 - the name in the published client, which users import
    """The environment variables that are read if an argument is not given."""

    RUNNER_URL = 'CSPARK_RUNNER_URL'
    API_KEY = 'CSPARK_API_KEY'
    BEARER_TOKEN = 'CSPARK_BEARER_TOKEN'  # noqa: S105 - a variable's name


@attrs.frozen(init=False, repr=False)
class RunnerUrl:
    """The address of a runner, with an optional path prefix, and the tenant.

    Args:
        url: The scheme, host, port and prefix, used as given. The default is `CSPARK_RUNNER_URL`, or else
            `http://localhost:3000`.
        tenant: The tenant; empty for calls that need none.

    Attributes:
        value: The address without trailing slashes.
        tenant: The tenant.

    Raises:
        SparkConfigError: The address is not valid, or the tenant cannot be part of a path.

    >>> RunnerUrl('http://localhost:3000/mypath/torun/', 'my-tenant').full
    'http://localhost:3000/mypath/torun/my-tenant'
    """

    value: str
    tenant: str

    def __init__(self, url: str | Secret | None = None, tenant: str | None = None) -> None:
        url = hide_address(url or os.environ.get(ENV_VARS.RUNNER_URL) or DEFAULT_RUNNER_URL)
        init: Any = getattr(self, '__attrs_init__')  # noqa: B009 - type checkers do not know what attrs adds
        init(_checked(url), _checked_tenant(tenant or ''))

    def __repr__(self) -> str:
        if not hasattr(self, 'tenant'):
            return 'RunnerUrl(being built)'
        return f'RunnerUrl({self.value!r}, {self.tenant!r})'

    @property
    def full(self) -> str:
        """The address followed by the tenant."""
        return f'{self.value}/{self.tenant}' if self.tenant else self.value

    @property
    def env(self) -> None:
        """Always None: only the platform has environments. It is here for code written for the platform's client."""
        return None

    @property
    def service(self) -> None:
        """Always None: only the platform's addresses have it. It is here for code written for the platform's client."""
        return None

    def without_last_segment(self) -> RunnerUrl | None:
        """The address one path segment shorter, without a tenant; None if it has no path.

        A path may end with a tenant, which health, version, status and uploads do not have in theirs.

        >>> RunnerUrl('http://localhost:3000/my-tenant').without_last_segment()
        RunnerUrl('http://localhost:3000', '')
        """
        if urlsplit(self.value).path:
            return RunnerUrl(self.value.rpartition('/')[0])
        return None

    @staticmethod
    def of(*, url: str | Secret | None = None, tenant: str | None = None) -> RunnerUrl:
        """Build an address. The tenant is given separately, or is the last segment of the path.

        Args:
            url: The address. The default is `CSPARK_RUNNER_URL`, or else `http://localhost:3000`.
            tenant: The tenant. If it is given and differs from the last segment, the whole path is the runner's prefix.

        Raises:
            SparkConfigError: The tenant is missing, or the address is not valid.

        >>> RunnerUrl.of(url='http://localhost:3000/my-tenant')
        RunnerUrl('http://localhost:3000', 'my-tenant')
        >>> RunnerUrl.of(url='http://localhost:3000/mypath', tenant='my-tenant')
        RunnerUrl('http://localhost:3000/mypath', 'my-tenant')
        """
        url = hide_address(url)
        address = RunnerUrl(url).value
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
        """Build an address for the calls that need no tenant: health, version, status."""
        return RunnerUrl(url)

    def copy_with(self, *, url: str | None = None, tenant: str | None = None) -> RunnerUrl:
        """Return a copy with another address or another tenant."""
        return RunnerUrl(url or self.value, tenant or self.tenant)


def _checked(address: Any) -> str:
    """Check an address that `hide_address` has returned; return it without trailing slashes."""
    if not isinstance(address, Secret) or address.kind != 'str':
        kind = address.kind if isinstance(address, Secret) else type(address).__name__
        raise SparkConfigError(f'base_url must be text, not {kind}')
    if problem := _problem_of(address.reveal().strip()):
        raise SparkConfigError(problem)
    return address.reveal().strip().rstrip('/')


def _problem_of(value: str) -> str:
    """Why this is not an address; empty if it is one.

    The text leaves out what may be a password. No error is raised here, because its traceback would show the address.
    """
    hint = f'it needs a scheme and a host, such as {DEFAULT_RUNNER_URL}'
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        if '@' in value:
            return NO_USER
        return f'base_url is not an address: {shorten(str(error), 200)}; {hint}'
    if '@' in parts.netloc:
        return NO_USER
    if parts.scheme not in ('http', 'https') or not parts.hostname:
        return f'base_url {_hidden(value)!r} is not an address; {hint}'
    if parts.query or parts.fragment or value.endswith(('?', '#')):
        return 'base_url must end with its path; it has a query or a fragment'
    if port == 0 or parts.netloc.endswith(':'):
        return f'base_url {_hidden(value)!r} has no port after its colon, or port 0'
    if problem := _problem_of_host(parts) or _problem_of_path(parts.path):
        return f'base_url {_hidden(value)!r} has {problem}'
    try:
        in_ascii(value)
    except SparkConfigError as error:
        return error.message
    return ''


def _checked_tenant(tenant: str) -> str:
    if not tenant:
        return ''
    try:
        check_name('tenant', tenant)
    except SparkSdkError as error:
        raise SparkConfigError(error.message) from None
    if not tenant.isascii() or tenant != tenant.strip():
        raise SparkConfigError(f'tenant {tenant!r} cannot be sent in a header')
    return tenant


def in_ascii(url: str) -> str:
    """Encode an internationalized host name (IDNA), so that every transport sends the same name.

    Raises:
        SparkConfigError: The name cannot be encoded.

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
        raise SparkConfigError(f'base_url {_hidden(url)!r} has an invalid host name: {error}') from None
    return parts._replace(netloc=named if parts.port is None else f'{named}:{parts.port}').geturl()


def _problem_of_host(parts: SplitResult) -> str:
    host = parts.hostname or ''
    if parts.netloc.startswith('['):
        try:
            ipaddress.IPv6Address(host.partition('%')[0])
        except ValueError:
            return 'brackets, but no IPv6 address in them'
        return ''
    invalid = re.search(r'[\s\\^`{|}<>"%]', host) or not _can_be_name(host)
    return 'an invalid host name' if invalid else ''


def _problem_of_path(path: str) -> str:
    has_dots = any(segment in ('.', '..') for segment in path.split('/'))
    if has_dots or re.search(r'[\s\x00-\x1f\x7f\\]', path):
        return 'a path that cannot be sent as it is'
    return ''


def _can_be_name(host: str) -> bool:
    """Whether no label of an ASCII name is empty or too long. The name may end with one dot."""
    labels = host.removesuffix('.').split('.')
    return not host.isascii() or (
        len(host) <= LONGEST_NAME and all(0 < len(label) <= LONGEST_LABEL for label in labels)
    )


def _hidden(text: str) -> str:
    """Shorten a text for a message, without everything before an `@`, which may be a password."""
    return shorten(re.sub(r'.*@', '...@', text, flags=re.DOTALL), 200)
