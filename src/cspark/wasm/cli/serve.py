"""`cspark-wasm serve`: a runner on this machine."""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .._secret import Secret
from .usage import UsageError

if TYPE_CHECKING:
    from ..config import Config
    from ..local import LocalRunner

__all__ = ['add_serve', 'run_serve']


def add_serve(commands: Any) -> None:
    """Add the command and its options."""
    serve = commands.add_parser(
        'serve',
        help='serve packages on this machine',
        prog='cspark-wasm serve',
        usage='cspark-wasm serve [OPTIONS] [PACKAGE.zip ...]',
        description='Serve packages on this machine.',
    )
    _add_packages(serve)
    _add_listening(serve)
    _add_requests(serve)
    _add_instances(serve)
    _add_log(serve)
    _add_upstream(serve)
    serve.set_defaults(run='serve:run_serve', prog='cspark-wasm serve')


def _add_packages(serve: argparse.ArgumentParser) -> None:
    serve.add_argument('package', nargs='*', metavar='PACKAGE.zip', help='a package to serve; more can be uploaded')
    group = serve.add_argument_group('packages')
    group.add_argument('--tenant', help='serve everything under this tenant (each package names its own)')
    group.add_argument(
        '--folder', default='models', help='the folder of a compiled model without a package around it (%(default)s)'
    )
    group.add_argument('--service', help='the service of such a model (the name of its file)')
    group.add_argument('--packages', metavar='DIR', help='keep uploads in this folder over a restart (in memory)')
    group.add_argument(
        '--models',
        metavar='DIR',
        help='serve TENANT/FOLDER/SERVICE/VERSION/VERSION_ID.zip in here, and follow changes (MODEL_LOCATION)',
    )
    group.add_argument(
        '--upload',
        action=argparse.BooleanOptionalAction,
        help='take uploads, or refuse them (UPLOAD_ENABLE, UPLOAD_ENABLED, or take them)',
    )


def _add_listening(serve: argparse.ArgumentParser) -> None:
    group = serve.add_argument_group('listening')
    group.add_argument('--port', type=int, help='the port, 0 for any that is free (PORT, or 3000)')
    group.add_argument('--host', default='127.0.0.1', help='the address to listen on (%(default)s, this machine alone)')
    group.add_argument('--uds', metavar='PATH', help='listen on a Unix socket instead')
    group.add_argument('--certificate', metavar='FILE', help='serve by TLS with this certificate and its chain, PEM')
    group.add_argument('--key', metavar='FILE', help="the certificate's key, PEM")
    group.add_argument(
        '--allow-host',
        action='append',
        default=[],
        metavar='NAME',
        help='with a loopback address, accept this host name besides localhost; can be repeated',
    )


def _add_requests(serve: argparse.ArgumentParser) -> None:
    group = serve.add_argument_group('requests')
    group.add_argument(
        '--body-limit', type=_size, metavar='SIZE', help='largest body, such as 30mb (BODY_LIMIT, or 30mb)'
    )
    group.add_argument(
        '--prefix', metavar='PATH', help='a path before all paths, such as /mypath/torun (CUSTOM_API_ROUTE)'
    )
    group.add_argument(
        '--proxy',
        type=_proxy,
        action='append',
        default=[],
        metavar='ENDPOINT=FOLDER/SERVICE',
        help='an endpoint, and the service that it executes; can be repeated',
    )
    group.add_argument(
        '--strict-vendor', action='store_true', help="leave out what the vendor's engine does not do, such as warnings"
    )
    group.add_argument('--metrics', action='store_true', help='answer /metrics, in the text format of Prometheus')
    group.add_argument(
        '--page',
        action=argparse.BooleanOptionalAction,
        default=True,
        help='show the services on a page, at /ui (shown)',
    )


def _add_instances(serve: argparse.ArgumentParser) -> None:
    group = serve.add_argument_group('instances')
    group.add_argument(
        '--instances', type=int, help='instances of each model, which compute at the same time (the cores)'
    )
    group.add_argument(
        '--timeout',
        type=float,
        default=30.0,
        metavar='SECONDS',
        help='limit for loading and for each record (%(default)g)',
    )
    group.add_argument(
        '--memory', type=_size, default='1gb', metavar='SIZE', help='memory limit of each instance (%(default)s)'
    )


def _add_log(serve: argparse.ArgumentParser) -> None:
    group = serve.add_argument_group('log')
    group.add_argument(
        '--log-level',
        choices=('debug', 'info', 'warning', 'error'),
        default='warning',
        help='what to log to standard error; info logs a line per request (%(default)s)',
    )
    group.add_argument('--log-format', choices=('text', 'json'), default='text', help='how to log it (%(default)s)')


def _add_upstream(serve: argparse.ArgumentParser) -> None:
    group = serve.add_argument_group(
        'upstream', 'The runner behind this one, which gets requests for what is not served here.'
    )
    group.add_argument('--upstream', metavar='URL', help='its URL, such as http://runner:3000')
    group.add_argument('--upstream-tenant', metavar='NAME', help='the tenant there (that of each request)')
    group.add_argument(
        '--upstream-profile', metavar='NAME', help='a profile with its URL, tenant, credentials and certificates'
    )
    group.add_argument('--upstream-token', type=Secret, metavar='TOKEN', help='a bearer token for it')
    group.add_argument('--upstream-api-key', type=Secret, metavar='KEY', help='an API key for it')
    group.add_argument('--upstream-ca', metavar='FILE', help='CA certificates to verify it, PEM')
    group.add_argument(
        '--caller-credentials', action='store_true', help='pass the credentials of callers on to it, in place of these'
    )


def _upstream(options: argparse.Namespace) -> Config | None:
    """Build the configuration for the runner behind this one, from nothing but its own options.

    Raises:
        UsageError: Its URL is missing.
    """
    from .connection import build_config, merge, settings_of

    names = {'url': 'upstream'} | {name: f'upstream_{name}' for name in ('tenant', 'token', 'api_key', 'ca')}
    given = {name: getattr(options, option) for name, option in names.items() if getattr(options, option) is not None}
    if options.upstream_profile is not None:
        given = merge([settings_of(options.upstream_profile), given])
    if given.get('url'):
        return build_config(given, with_tenant=False)
    if given or options.upstream_profile is not None or options.caller_credentials:
        raise UsageError('the URL of the upstream runner is missing; give --upstream URL, or a profile that has it')
    return None


def run_serve(options: argparse.Namespace) -> int:
    """Serve packages until a signal ends the process."""
    from ..local.http.access_log import logging_to_stderr

    with logging_to_stderr(options.log_level, options.log_format):
        return _serve(options)


def _serve(options: argparse.Namespace) -> int:
    from ..local import LocalRunner

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
        metrics=options.metrics,
        page=options.page,
        upstream=_upstream(options),
        caller_credentials=options.caller_credentials,
    )
    with runner:
        server = runner.serve(
            options.port, options.host, uds=options.uds, certificate=options.certificate, key=options.key
        )

        def tell() -> None:
            print('\n'.join([f'runner at {server.url}', *_services(runner), *_behind(runner)]), flush=True)

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
            from ..errors import SparkSdkError

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


def _behind(runner: LocalRunner) -> list[str]:
    upstream = runner.app.upstream
    if upstream is None:
        return []
    return [f'  everything else: {upstream.address}']


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
