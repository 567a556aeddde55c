"""What travels to the workers: the options of a `Batches`, checked."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from .._address import RunnerUrl
from .._many.arguments import prepare, reading_of
from .._many.reading import Reading
from .._secret import Secret, hide_address
from ..config import Config
from ..errors import SparkConfigError, SparkSdkError
from ..options import ClientOptions
from ..uri import UriLike

__all__ = ['CONCURRENCY', 'Task', 'hide_addresses', 'make_task']

Address = str | Secret | RunnerUrl | None

CONCURRENCY: Final = 2
"""The number of concurrent calls of each process: while one is computed, another one is written or read."""


@attrs.frozen(repr=False, eq=False)
class Task:
    """What a worker needs.

    Attributes:
        uri: The service.
        configs: The configuration for each runner; one without an address if there is a package.
        package: The package to execute in the worker; None for runners elsewhere.
        of_client: The options for a client of the local runner that has the package.
        instances: The number of its instances.
        many: The options of `services.execute_many`.
        id: Tells it from others, in every process.
    """

    uri: UriLike
    configs: tuple[Config, ...]
    package: bytes | None
    of_client: dict[str, Any]
    instances: int
    many: dict[str, Any]
    id: str = attrs.field(factory=lambda: uuid.uuid4().hex)

    @property
    def on_error(self) -> str:
        """What to do with a record that cannot be executed."""
        action: str = self.many['on_error']
        return action

    @property
    def reading(self) -> Reading:
        """How records are read."""
        options: Any = dict(self.many)
        return reading_of(options)

    @property
    def where(self) -> str:
        """Where it is executed, in a few words."""
        if self.package is not None:
            return f'package of {len(self.package):,} bytes'
        return ', '.join(config.base_url.full for config in self.configs)


def hide_addresses(given: Any) -> list[Address]:
    """The addresses of one or more runners; they may hold passwords."""
    if not isinstance(given, (list, tuple)):
        return [hide_address(given)]
    addresses: list[Address] = [hide_address(address) for address in given]  # pyright: ignore[reportUnknownVariableType]
    return addresses if all(addresses) else []


def make_task(
    uri: UriLike,
    addresses: Sequence[Address],
    package: str | os.PathLike[str] | bytes | None,
    instances: Any,
    keep: Sequence[str],
    many: dict[str, Any],
    options: dict[str, Any],
) -> Task:
    """Check the arguments of `Batches`. Nothing is sent.

    Raises:
        SparkSdkError: One of them is not valid.
    """
    of_client = {name: options.pop(name) for name in ClientOptions.__optional_keys__ & options.keys()}
    for name, number in (('concurrency', many['concurrency']), ('instances', instances)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise SparkSdkError(f'{name} must be a whole number from 1 on, for each process, not {number!r}')
    if 'selected_outputs' in options and 'selected_outputs' in many:
        raise SparkSdkError('outputs=... says which outputs to return; leave selected_outputs out')
    if hasattr(of_client.get('verify'), 'load_verify_locations'):
        raise SparkConfigError('verify must be the path of a file of certificates: an ssl.SSLContext cannot be pickled')
    if not addresses:
        raise SparkConfigError('base_url must be an address, or a list of addresses without empty ones')
    content = None if package is None else _check_package(_read(package))
    if content is None:
        configs = tuple(Config(base_url=one, **of_client).with_credentials_in_pickles() for one in addresses)
    elif addresses != [None]:
        raise SparkConfigError('give base_url for a runner, or package for one on the workers, but not both')
    else:
        configs = ()
        of_client.setdefault('token', 'open')
    many = {**many, **options, 'keep': list(keep)}
    task = Task(uri, configs, content, of_client, instances, many)
    options_of_client: dict[str, Any] = {'base_url': 'http://worker', 'tenant': 'a-tenant', **of_client}
    stand_in = configs[0] if configs else Config(**options_of_client)
    prepare(stand_in, uri, [], 0, {**many}, task.reading)  # type: ignore[typeddict-item]
    return task


def _read(package: str | os.PathLike[str] | bytes) -> bytes:
    if isinstance(package, (bytes, bytearray)):
        return bytes(package)
    try:
        return Path(package).read_bytes()
    except OSError as error:
        raise SparkConfigError(f'package {os.fspath(package)!r} cannot be read: {error.strerror}', error) from error
    except TypeError:
        raise SparkConfigError(f'package must be a path or bytes, not {type(package).__name__}') from None


def _check_package(content: bytes) -> bytes:
    """Refuse what is no package, as far as that can be told here: the extra may be installed on the workers alone.

    Raises:
        PackageError: It is none.
    """
    try:
        from ..local.packages.package import read_package
    except ModuleNotFoundError:
        return content
    read_package(content)
    return content
