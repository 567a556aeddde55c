"""The options for reaching a runner: from arguments, the environment and a profile."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .._secret import Secret, hide
from .usage import UsageError

if TYPE_CHECKING:
    from .._client import Client
    from ..config import Config

__all__ = [
    'ENVIRONMENT',
    'add_connection',
    'ask_runner',
    'build_config',
    'config_of',
    'connect',
    'merge',
    'settings_of',
]

Answer = TypeVar('Answer')

ENVIRONMENT: Final = {
    'url': 'CSPARK_RUNNER_URL',
    'tenant': 'CSPARK_TENANT',
    'token': 'CSPARK_BEARER_TOKEN',
    'api_key': 'CSPARK_API_KEY',
    'ca': 'CSPARK_CA',
    'timeout': 'CSPARK_TIMEOUT',
    'retries': 'CSPARK_RETRIES',
    'headers': 'CSPARK_HEADERS',
}
"""The environment variable of each option."""


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Add the options of a client. They have no defaults here, so that they may stand before the command and after."""
    group = parser.add_argument_group('runner', 'An option that is not given is read from the variable in brackets.')
    suppress: Any = argparse.SUPPRESS

    def add(*names: str, **settings: Any) -> None:
        group.add_argument(*names, default=suppress, **settings)

    add('--profile', metavar='NAME', help='a profile in the configuration file (CSPARK_PROFILE, or "default")')
    add('--url', help='the URL of the runner, with or without a tenant (CSPARK_RUNNER_URL, or http://localhost:3000)')
    add('--tenant', help='the tenant (CSPARK_TENANT)')
    add('--token', type=Secret, help='a bearer token (CSPARK_BEARER_TOKEN, or none is sent)')
    add('--api-key', type=Secret, metavar='KEY', help='an API key (CSPARK_API_KEY)')
    add('--ca', metavar='FILE', help='CA certificates to verify an https:// runner, PEM (CSPARK_CA)')
    add('--timeout', type=_milliseconds, metavar='MS', help='limit of a call, milliseconds (CSPARK_TIMEOUT, or 60000)')
    add('--retries', type=_count, metavar='N', help='how often a failed call is repeated (CSPARK_RETRIES, or 2)')
    add(
        *('-H', '--header'),
        dest='headers',
        action='append',
        type=Secret,
        metavar='NAME:VALUE',
        help='a header of every request; can be repeated (CSPARK_HEADERS, one a line)',
    )


def _milliseconds(text: str) -> float:
    return _number(text, float, 'a number of milliseconds, such as 5000')


def _count(text: str) -> int:
    return int(_number(text, int, 'a whole number, such as 2'))


def _number(text: str, read: Callable[[str], float], accepted: str) -> float:
    try:
        return read(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'{text!r} is not {accepted}') from None


def config_of(options: argparse.Namespace, *, with_tenant: bool = True, timeout: float | None = None) -> Config:
    """Build the configuration of a client.

    Arguments take precedence, followed by the profile of `--profile`, the environment, and finally the profile of
    `CSPARK_PROFILE` or `default`.

    Args:
        options: The arguments.
        with_tenant: Whether the call needs a tenant. If not, a tenant in the address is left as it is.
        timeout: The default timeout in milliseconds.

    Raises:
        SparkConfigError: An option is not valid, or the tenant is missing.
    """
    given: dict[str, Any] = {name: value for name, value in vars(options).items() if name in ENVIRONMENT}
    if 'headers' in given:
        given['headers'] = dict(_header(line) for line in given['headers'])
    return build_config(_settings(given, vars(options).get('profile')), with_tenant=with_tenant, timeout=timeout)


def build_config(found: Mapping[str, Any], *, with_tenant: bool = True, timeout: float | None = None) -> Config:
    """Build the configuration of a client from settings by their names, which are those of a profile.

    Raises:
        SparkConfigError: A setting is not valid, or the tenant is missing.
    """
    from ..config import Config, RunnerUrl

    url, tenant = found.get('url'), found.get('tenant')
    has_credentials = found.get('token') or found.get('api_key')
    # Without a tenant in its path, a call still names it in a header, which an upload of a bare model needs.
    address = RunnerUrl.of(url=url, tenant=tenant) if with_tenant else RunnerUrl(url, tenant)
    return Config(
        base_url=address,
        token=found.get('token') if has_credentials else 'open',
        api_key=found.get('api_key'),
        verify=found.get('ca'),
        timeout=found.get('timeout', timeout),
        max_retries=found.get('retries'),
        extra_headers=found.get('headers'),
    )


def _settings(given: Mapping[str, Any], profile: str | None) -> dict[str, Any]:
    """All settings, the more specific ones over the others."""
    environment = {
        name: _from_environment(name, variable) for name, variable in ENVIRONMENT.items() if os.environ.get(variable)
    }
    stored = settings_of(profile or os.environ.get('CSPARK_PROFILE'))
    layers = [environment, stored, given] if profile else [stored, environment, given]
    return merge(layers)


def settings_of(profile: str | None) -> dict[str, Any]:
    """Read the settings of a profile."""
    from .profile import read_profile

    stored = dict(read_profile(profile))
    return stored | {name: hide(stored[name]) for name in ('token', 'api_key') if name in stored}


def merge(layers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge settings, the more specific ones last."""
    merged: dict[str, Any] = {}
    for layer in layers:
        # A key and a token both identify the caller: a more specific layer that has either one replaces both.
        if layer.keys() & {'token', 'api_key'}:
            merged.pop('token', None)
            merged.pop('api_key', None)
        merged |= layer
    return merged


def _from_environment(name: str, variable: str) -> Any:
    value = os.environ[variable]
    if name in ('token', 'api_key'):
        return Secret(value)
    if name == 'headers':
        try:
            return dict(_header(Secret(line)) for line in value.splitlines() if line.strip())
        except UsageError as error:
            from ..errors import SparkConfigError

            raise SparkConfigError(f'the environment variable {variable} cannot be read: {error}') from None
    readers: dict[str, Callable[[str], float]] = {'timeout': _milliseconds, 'retries': _count}
    try:
        return readers[name](value) if name in readers else value
    except argparse.ArgumentTypeError as error:
        from ..errors import SparkConfigError

        raise SparkConfigError(f'the environment variable {variable} cannot be read: {error}') from None


def _header(line: Secret) -> tuple[str, str]:
    name, colon, value = (part.strip() for part in line.reveal().partition(':'))
    if not colon or not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
        raise UsageError('a header must be NAME:VALUE, such as "X-Team: pricing"')
    return name, value


def connect(options: argparse.Namespace) -> Client:
    """Build a client from the options."""
    from .._client import Client

    return Client.use(config_of(options))


def ask_runner(options: argparse.Namespace, ask: Callable[[Client], Answer], timeout: float | None = None) -> Answer:
    """Make calls that have no tenant in their path. If the address ends with one and is not found, try it without.

    Args:
        options: The arguments.
        ask: Makes the calls. It is called again, with the shorter address, if it raises `NotFoundError`.
        timeout: The default timeout in milliseconds.
    """
    from .._client import Client
    from ..errors import NotFoundError

    config = config_of(options, with_tenant=False, timeout=timeout)
    with Client.use(config) as hybrid:
        try:
            return ask(hybrid)
        except NotFoundError:
            shorter = config.base_url.without_last_segment()
            if shorter is None:
                raise
    with Client.use(config.copy_with(base_url=shorter)) as hybrid:
        return ask(hybrid)
