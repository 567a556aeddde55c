"""`cspark-wasm types`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._codec.json import is_array, is_object
from ..errors import SparkSdkError
from ..service_types.description import describe_service
from ..service_types.module import write_module
from .connection import connect
from .printing import print_error, print_note
from .usage import UsageError

if TYPE_CHECKING:
    from .._client import Client

__all__ = ['run_types']


def run_types(options: argparse.Namespace) -> int:
    """Write the module of a typed service, or check that the file is up to date."""
    if options.check and options.output is None:
        raise UsageError('--check compares with a file; name it by -o FILE')
    with _source(options) as (hybrid, uri, package):
        service = describe_service(hybrid, uri, package=package, probe=not options.no_probe)
    whole = _whole(options, service.outputs)
    stem = Path(options.output).stem if options.output else ''
    text = write_module(service, stem, whole)
    if options.output is None:
        sys.stdout.write(text)
        return 0
    path = Path(options.output)
    content = text.encode()
    if options.check:
        if not path.is_file() or path.read_bytes() != content:
            print_error(f'{options.output} is not as it would be written; run: cspark-wasm types {options.source} ...')
            return 1
        return 0
    try:
        path.write_bytes(content)
    except OSError as error:
        raise SparkSdkError(f'{options.output!r} cannot be written: {error.strerror}') from None
    print_note(options, f'{service.uri} written to {options.output}')
    return 0


@contextmanager
def _source(options: argparse.Namespace) -> Generator[tuple[Client, str, Mapping[str, Any] | None]]:
    """Yield a client of a runner with the service, the URI, and the package's description of the service, if any."""
    if not (options.source.endswith('.zip') or Path(options.source).is_file()):
        if options.service:
            raise UsageError('--service chooses among those of a package; a URI names one already')
        with connect(options) as hybrid:
            yield hybrid, options.source, None
        return
    from ..local import LocalRunner

    with LocalRunner(options.source, instances=1) as runner:
        versions = [served.version for services in runner.app.catalog.tenants.values() for served in services]
        by_name: dict[str, Any] = {}
        for version in sorted(versions, key=lambda one: one.effective_from):
            by_name[f'{version.folder}/{version.names.service}'] = by_name[version.uri] = version
        names = sorted({f'{version.folder}/{version.names.service}' for version in versions})
        chosen = options.service or names[0]
        if chosen not in by_name or (len(names) > 1 and not options.service):
            raise SparkSdkError(f'{options.source} has {", ".join(names)}; choose one by --service')
        version = by_name[chosen]
        with runner.client(tenant=version.tenant) as hybrid:
            yield hybrid, version.uri, version.description


def _whole(options: argparse.Namespace, outputs: Mapping[str, Any] | None) -> list[str]:
    """The names of `--whole`; of one that is no output, a note says so."""
    whole = [name.strip() for name in options.whole.split(',') if name.strip()]
    known = set(_names_in(outputs or {}))
    if unknown := [name for name in whole if name not in known]:
        print_note(options, f'--whole names {", ".join(map(repr, unknown))}, which is no output')
    return whole


def _names_in(value: Any) -> Iterator[str]:
    """The names of all members, at any depth."""
    if is_object(value):
        for name, member in value.items():
            yield name
            yield from _names_in(member)
    elif is_array(value):
        for item in value:
            yield from _names_in(item)
