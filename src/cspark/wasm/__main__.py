"""`python -m cspark.wasm serve`: a runner on this machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ._about import about
from .errors import SparkError

if TYPE_CHECKING:
    from .local import LocalRunner

__all__ = ['main']


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the result is the process's exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _serve(options)
    except (SparkError, ModuleNotFoundError) as error:
        print(f'cspark.wasm: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m cspark.wasm', description='The Python client of the Hybrid Runner.'
    )
    parser.add_argument('--version', action='version', version=about)
    commands = parser.add_subparsers(required=True, metavar='COMMAND')
    serve = commands.add_parser(
        'serve', help='serve packages on this machine', description='Serve packages on this machine.'
    )
    serve.add_argument('package', nargs='*', metavar='PACKAGE.zip', help='a package to serve; more can be uploaded')
    serve.add_argument('--port', type=int, default=3000, help='the port, 0 for any that is free (%(default)s)')
    serve.add_argument('--host', default='127.0.0.1', help='the address to listen on (%(default)s, this machine alone)')
    serve.add_argument('--tenant', help='serve everything under this tenant (each package names its own)')
    serve.add_argument('--packages', metavar='DIR', help='keep uploads in this folder over a restart (in memory)')
    serve.add_argument(
        '--instances', type=int, help='instances of each model, which compute at the same time (the cores)'
    )
    serve.add_argument(
        '--timeout',
        type=float,
        default=30.0,
        metavar='SECONDS',
        help='limit for loading and for each record (%(default)g)',
    )
    serve.add_argument(
        '--body-limit', type=_size, default='30mb', metavar='SIZE', help='largest body, such as 30mb (%(default)s)'
    )
    serve.add_argument('--no-upload', action='store_true', help='refuse uploads')
    serve.add_argument('--prefix', default='', metavar='PATH', help='a path before all paths, such as /mypath/torun')
    serve.add_argument(
        '--proxy',
        type=_proxy,
        action='append',
        default=[],
        metavar='ENDPOINT=FOLDER/SERVICE',
        help='an endpoint; can be repeated',
    )
    return parser


def _serve(options: argparse.Namespace) -> int:
    from .local import LocalRunner

    runner = LocalRunner(
        *options.package,
        tenant=options.tenant,
        packages_dir=options.packages,
        instances=options.instances,
        timeout=options.timeout,
        body_limit=options.body_limit,
        uploads=not options.no_upload,
        prefix=options.prefix,
        proxies=dict(options.proxy),
    )
    with runner:
        server = runner.serve(options.port, options.host)
        print(f'runner at {server.url}', flush=True)
        for line in _services(runner):
            print(line, flush=True)
        server.run()
    return 0


def _services(runner: LocalRunner) -> list[str]:
    lines = [
        f'  tenant {tenant}: {served.version.uri}  version_id {served.version.version_id}'
        for tenant, services in runner.app.catalog.tenants.items()
        for served in services
    ]
    return lines or [f'  no package yet{"; upload one" if runner.settings.uploads else ""}']


def _size(text: str) -> int:
    """Bytes, from text such as `30mb`."""
    number, unit = text.lower().removesuffix('b'), 1
    for suffix, factor in (('k', 1024), ('m', 1024**2), ('g', 1024**3)):
        if number.endswith(suffix):
            number, unit = number.removesuffix(suffix), factor
    try:
        return int(float(number) * unit)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f'{text!r} is not a size, such as 30mb') from None


def _proxy(text: str) -> tuple[str, str]:
    endpoint, equals, service = text.partition('=')
    if not (endpoint and equals and '/' in service):
        raise argparse.ArgumentTypeError(f'{text!r} is not ENDPOINT=FOLDER/SERVICE')
    return endpoint.strip('/'), service


if __name__ == '__main__':
    sys.exit(main())
