"""`python -m cspark.wasm serve`: a runner on this machine."""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from ._about import about
from .config import DEFAULT_RUNNER_URL, ENV_VARS, Config, RunnerUrl
from .errors import NotFoundError, SparkError, SparkSdkError

if TYPE_CHECKING:
    from .local import LocalRunner

__all__ = ['main']

UPLOAD_TIMEOUT: Final = 600_000
"""The timeout of an upload, in milliseconds."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code of the process."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        return code
    except (SparkError, ModuleNotFoundError) as error:
        print(f'cspark.wasm: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130  # 128 + SIGINT, as shells have it


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
    serve.add_argument('--port', type=int, help='the port, 0 for any that is free (PORT, or 3000)')
    serve.add_argument('--host', default='127.0.0.1', help='the address to listen on (%(default)s, this machine alone)')
    serve.add_argument('--uds', metavar='PATH', help='listen on a Unix socket instead')
    serve.add_argument('--certificate', metavar='FILE', help='serve by TLS with this certificate and its chain, PEM')
    serve.add_argument('--key', metavar='FILE', help="the certificate's key, PEM")
    serve.add_argument(
        '--allow-host',
        action='append',
        default=[],
        metavar='NAME',
        help='serve requests to this name too; a runner on this machine alone takes localhost; can be repeated',
    )
    serve.add_argument(
        '--log-level',
        choices=('debug', 'info', 'warning', 'error'),
        default='warning',
        help='what to log to standard error; info has a line a request (%(default)s)',
    )
    serve.add_argument('--log-format', choices=('text', 'json'), default='text', help='how to log it (%(default)s)')
    serve.add_argument('--tenant', help='serve everything under this tenant (each package names its own)')
    serve.add_argument(
        '--folder', default='models', help='the folder of a compiled model without a package around it (%(default)s)'
    )
    serve.add_argument('--service', help='the service of such a model (the name of its file)')
    serve.add_argument('--packages', metavar='DIR', help='keep uploads in this folder over a restart (in memory)')
    serve.add_argument(
        '--models',
        metavar='DIR',
        help='serve TENANT/FOLDER/SERVICE/VERSION/VERSION_ID.zip in here, and follow changes (MODEL_LOCATION)',
    )
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
        '--memory', type=_size, default='1gb', metavar='SIZE', help='limit of each instance (%(default)s)'
    )
    serve.add_argument(
        '--body-limit', type=_size, metavar='SIZE', help='largest body, such as 30mb (BODY_LIMIT, or 30mb)'
    )
    serve.add_argument(
        '--upload',
        action=argparse.BooleanOptionalAction,
        help='take uploads, or refuse them (UPLOAD_ENABLE, UPLOAD_ENABLED, or take them)',
    )
    serve.add_argument(
        '--prefix', metavar='PATH', help='a path before all paths, such as /mypath/torun (CUSTOM_API_ROUTE)'
    )
    serve.add_argument(
        '--strict-vendor', action='store_true', help="leave out what the vendor's engine does not do, such as warnings"
    )
    serve.add_argument(
        '--proxy',
        type=_proxy,
        action='append',
        default=[],
        metavar='ENDPOINT=FOLDER/SERVICE',
        help='an endpoint; can be repeated',
    )
    serve.set_defaults(run=_serve)
    _add_upload(commands)
    return parser


def _add_upload(commands: Any) -> None:
    upload = commands.add_parser(
        'upload',
        help='upload packages to a runner',
        description='Upload packages to a runner, with a bar if tqdm is installed.',
    )
    upload.add_argument('package', nargs='+', metavar='PACKAGE.zip', help='a package')
    upload.add_argument(
        '--url', help='the runner, with its tenant or without (CSPARK_RUNNER_URL, or http://localhost:3000)'
    )
    upload.add_argument('--quiet', action='store_true', help='show no bar')
    upload.set_defaults(run=_upload)


def _upload(options: argparse.Namespace) -> int:
    from ._client import Client

    # An upload has no tenant in its path; the runner reads it from the package.
    url = options.url or os.environ.get(ENV_VARS.RUNNER_URL) or DEFAULT_RUNNER_URL
    known = os.environ.get(ENV_VARS.API_KEY) or os.environ.get(ENV_VARS.BEARER_TOKEN)
    config = Config(base_url=RunnerUrl.no_tenant(url), token=None if known else 'open', timeout=UPLOAD_TIMEOUT)
    progress = not options.quiet and importlib.util.find_spec('tqdm') is not None
    with ExitStack() as stack:
        hybrid = stack.enter_context(Client.use(config))
        files = [(package, stack.enter_context(_opened(package))) for package in options.package]
        for package, file in files:
            try:
                try:
                    answer = hybrid.services.upload(file, Path(package).name, progress=progress)
                except NotFoundError:
                    shorter = config.base_url.without_last_segment()
                    if shorter is None:
                        raise
                    config = config.copy_with(base_url=shorter)
                    hybrid = stack.enter_context(Client.use(config))
                    answer = hybrid.services.upload(file, Path(package).name, progress=progress)
            except SparkError as error:
                raise SparkSdkError(f'{package}: {error}') from error
            for tenant in answer.data['response_data']:
                for service in tenant['services']:
                    engine = service['EngineInformation']
                    name = f'{engine["ProductName"]}/{engine["ServiceName"]}[{engine["Revision"]}]'
                    print(f'tenant {tenant["tenant"]}: {name}  version_id {service["VersionId"]}')
    return 0


def _opened(package: str) -> BinaryIO:
    try:
        return Path(package).open('rb')
    except OSError as error:
        raise SparkSdkError(f'{package!r} cannot be read: {error.strerror}') from error


def _serve(options: argparse.Namespace) -> int:
    from .local import LocalRunner
    from .local.http.access_log import set_up_logging

    set_up_logging(options.log_level, options.log_format)
    _take_environment(options)
    runner = LocalRunner(
        *options.package,
        tenant=options.tenant,
        folder=options.folder,
        service=options.service,
        packages_dir=options.packages,
        models_dir=options.models,
        instances=options.instances,
        timeout=options.timeout,
        memory=options.memory,
        body_limit=options.body_limit,
        uploads=options.upload,
        prefix=options.prefix,
        proxies=dict(options.proxy),
        strict_vendor=options.strict_vendor,
        allowed_hosts=options.allow_host,
    )
    with runner:
        server = runner.serve(
            options.port, options.host, uds=options.uds, certificate=options.certificate, key=options.key
        )

        def tell() -> None:
            print('\n'.join([f'runner at {server.url}', *_services(runner)]), flush=True)

        ended_by = server.run(ready=tell)
    return _end_by(ended_by)


def _end_by(number: int | None) -> int:
    """End the process as the signal would have: supervisors check whether SIGTERM ended it."""
    if number is None or number == signal.SIGINT:
        return 130 if number else 0
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
    return 128 + number


def _take_environment(options: argparse.Namespace) -> None:
    """Fill in missing arguments from the variables of the vendor's runner, so that one file can configure either."""
    readers: dict[str, tuple[Sequence[str], Callable[[str], Any], Any]] = {
        'port': (['PORT'], int, 3000),
        'models': (['MODEL_LOCATION'], str, None),
        'body_limit': (['BODY_LIMIT'], _size, 30 * 1024**2),
        'upload': (['UPLOAD_ENABLE', 'UPLOAD_ENABLED'], _switch, True),
        'prefix': (['CUSTOM_API_ROUTE'], str, ''),
    }
    for option, (names, read, default) in readers.items():
        if getattr(options, option) is not None:
            continue
        name = next((name for name in names if os.environ.get(name)), None)
        try:
            value = default if name is None else read(os.environ[name])
        except (ValueError, argparse.ArgumentTypeError) as error:
            raise SparkSdkError(f'the environment variable {name} cannot be read: {error}') from None
        setattr(options, option, value)


def _switch(text: str) -> bool:
    if text.lower() not in ('true', 'false', '1', '0', 'yes', 'no'):
        raise ValueError(f'{text!r} is neither true nor false')
    return text.lower() in ('true', '1', 'yes')


def _services(runner: LocalRunner) -> list[str]:
    lines = [
        f'  tenant {tenant}: {served.version.uri}  version_id {served.version.version_id}'
        for tenant, services in runner.app.catalog.tenants.items()
        for served in services
    ]
    return lines or [f'  no package yet{"; upload one" if runner.settings.uploads else ""}']


def _size(text: str) -> int:
    """Parse a size such as `30mb`; return it in bytes."""
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
