"""`cspark-wasm upload`."""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from ..errors import NotFoundError, SparkError, SparkSdkError
from .connection import ask_runner
from .printing import print_json

if TYPE_CHECKING:
    from .._client import Client

__all__ = ['run_upload']

UPLOAD_TIMEOUT: Final = 600_000
"""The timeout of an upload, in milliseconds."""


def run_upload(options: argparse.Namespace) -> int:
    """Upload packages, and print the services that they hold."""
    has_bar = not options.quiet and importlib.util.find_spec('tqdm') is not None
    with ExitStack() as stack:
        files = [(package, stack.enter_context(_opened(package))) for package in options.package]
        try:
            uploaded = ask_runner(
                options, lambda hybrid: list(_upload(hybrid, files, options, has_bar)), UPLOAD_TIMEOUT
            )
        except NotFoundError as error:
            raise SparkSdkError(f'{options.package[0]}: {error}') from error
    if options.json:
        print_json(uploaded)
    return 0


def _upload(
    hybrid: Client, files: Iterable[tuple[str, BinaryIO]], options: argparse.Namespace, has_bar: bool
) -> Iterator[dict[str, str]]:
    for number, (package, file) in enumerate(files):
        try:
            answer = hybrid.services.upload(file, Path(package).name, progress=has_bar).data
        except SparkError as error:
            if isinstance(error, NotFoundError) and number == 0:
                raise  # the address may end with a tenant, which the path of an upload does not have
            raise SparkSdkError(f'{package}: {error}') from error
        for service in _services(answer):
            if not options.json:
                print(f'tenant {service["tenant"]}: {service["service"]}  version_id {service["version_id"]}')
            yield service


def _services(answer: Any) -> Iterator[dict[str, str]]:
    for tenant in answer['response_data']:
        for service in tenant['services']:
            engine = service['EngineInformation']
            name = f'{engine["ProductName"]}/{engine["ServiceName"]}[{engine["Revision"]}]'
            yield {'tenant': tenant['tenant'], 'service': name, 'version_id': service['VersionId']}


def _opened(package: str) -> BinaryIO:
    try:
        return Path(package).open('rb')
    except OSError as error:
        raise SparkSdkError(f'{package!r} cannot be read: {error.strerror}') from error
