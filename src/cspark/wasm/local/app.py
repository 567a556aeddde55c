"""The runner's HTTP API as an ASGI application: routes, and what each does with a request."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import unquote

import anyio.to_thread
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from hybrid_runner_api.models import UploadAnswer, UploadedService, UploadedTenant

from .._json import encode_json
from ..uri import UriParams
from .answers import encode_answer, error_envelope
from .archive import Limits
from .body import packed, read_body, read_request
from .catalog import Catalog, Served
from .errors import PackageError, RefusedError
from .execution import Steps, describe, execute, execute_many, validate
from .instance import Answer, Requests
from .models_folder import ModelsFolder
from .package import read_package
from .pool import Pool, Result
from .settings import Settings
from .status import health, status, version
from .store import Store

__all__ = ['RunnerApp']

T = TypeVar('T')
Json = dict[str, Any]
Operation = Callable[[Catalog, str, Json], Steps]

LARGE: Final = 1 << 16
"""What is larger is read and written on a thread, so that the event loop goes on meanwhile."""

BY_PATH: Final = {
    '/folders/{folder}/services/{service}/execute': ('folder', 'service'),
    '/service/{service_id}': ('service_id',),
    '/version/{version_id}': ('version_id',),
    '/proxy/{proxy:path}': ('proxy',),
    '/execute': (),
    '': (),
}


class RunnerApp:
    """An ASGI application that serves packages, and the packages that it has.

    Args:
        settings: How it behaves. Packages that an earlier run kept are loaded.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.catalog = Catalog(settings)
        self.store = Store(settings.packages_dir) if settings.packages_dir else None
        self._app = self._build()
        self.models = ModelsFolder(settings.models_dir, self.load, self.catalog.remove) if settings.models_dir else None
        try:
            for path in self.store.packages() if self.store else ():
                self.load(path.read_bytes(), str(path))
            if self.models:
                self.models.start()
        except BaseException:
            self.close()
            raise

    def load(self, content: bytes, name: str, *, keep: bool = False, tenant: str | None = None) -> list[Served]:
        """Serve a package: all of it, or nothing if something is wrong with it.

        Args:
            content: The package.
            name: The name of its file.
            keep: Whether to store it.
            tenant: The tenant of a compiled model that comes without a package around it.

        Raises:
            PackageError: It says what is wrong with which file.
        """
        added = self.catalog.add(read_package(content, name, naming=self.settings.naming(tenant)))
        if keep and self.store:
            self.store.keep(content)
        return added

    def close(self) -> None:
        """End all instances, and follow no folder."""
        if self.models:
            self.models.stop()
        self.catalog.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route by the path as it was sent, so that an encoded slash stays part of its name."""
        if scope['type'] != 'http':
            return
        path = (scope.get('raw_path') or scope['path'].encode()).decode('latin-1').partition('?')[0]
        prefix = self.settings.prefix
        inside = not prefix or path == prefix or path.startswith(f'{prefix}/')
        scope = {**scope, 'path': path.removeprefix(prefix) if inside else '/ outside the prefix', 'root_path': ''}
        try:
            await self._app(scope, receive, send)
        except Exception:
            logging.getLogger('cspark.wasm.local').exception('%s %s failed', scope['method'], path)

    def _build(self) -> ASGIApp:
        routes = [
            Route('/healthcheck', self._plain(health), methods=['GET']),
            Route('/version', self._plain(version), methods=['GET']),
            Route('/status', self._plain(partial(status, self.catalog)), methods=['GET']),
            Route('/api/v3/upload', self._upload, methods=['POST']),
            Route('/upload', self._upload, methods=['POST']),
            Route('/{tenant}/api/v3/validation', self._json(validate), methods=['POST']),
            Route('/{tenant}/api/v3/metadata', self._json(describe), methods=['POST']),
        ]
        for public in ('/public', ''):
            for path, names in BY_PATH.items():
                routes.append(Route(f'/{{tenant}}/api/v3{public}{path}', self._execute(names), methods=['POST']))
            routes.append(Route(f'/{{tenant}}/api/v4{public}/execute', self._json(execute_many), methods=['POST']))
        handlers: dict[Any, Callable[[Request, Any], Awaitable[Response]]] = {
            HTTPException: _refused,
            RefusedError: _refused,
            PackageError: _refused,
            ClientDisconnect: _gone,
            Exception: _failed,
        }
        app = Starlette(routes=routes, exception_handlers=handlers)
        app.router.redirect_slashes = False
        return app

    def _plain(self, answer: Callable[[], Json]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return _answer(request, answer())

        return endpoint

    def _json(self, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            tenant = unquote(request.path_params['tenant'])
            content = await self._body(request, self.settings.body_limit)
            start = partial(self._start, operation, tenant, content, request)
            steps, asked = await _call(start, len(content))
            size = len(content)
            while not isinstance(asked, bytes):
                pool, requests = asked
                results = await _wait_for(pool.submit(requests))
                size = sum(len(result.content) for result in results if isinstance(result, Answer))
                asked = await _call(partial(_go_on, steps, results), size)
            return _respond(request, await _call(partial(packed, asked, request.headers.get('accept-encoding')), size))

        return endpoint

    def _execute(self, names: tuple[str, ...]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            parts: dict[str, Any] = {name: unquote(request.path_params[name]) for name in names}
            named = UriParams(**parts)

            def operation(catalog: Catalog, tenant: str, body: Json) -> Steps:
                return execute(catalog, tenant, named, body)

            return await self._json(operation)(request)

        return endpoint

    def _start(
        self, operation: Operation, tenant: str, content: bytes, request: Request
    ) -> tuple[Steps, tuple[Pool, Requests] | bytes]:
        """Begin an operation: what has to be computed, or its answer where nothing has."""
        body = read_request(content, request.headers, self.settings.body_limit)
        steps = operation(self.catalog, tenant, body)
        return steps, _go_on(steps, None)

    async def _body(self, request: Request, limit: int) -> bytes:
        return await read_body(request.stream(), request.headers.get('content-length'), limit)

    async def _upload(self, request: Request) -> Response:
        if not self.settings.uploads:
            raise RefusedError(
                403, 'uploads are switched off on this runner; start it with uploads (UPLOAD_ENABLE) to allow them'
            )
        media_type = request.headers.get('content-type', '').partition(';')[0].strip().lower()
        if media_type != 'multipart/form-data':
            raise RefusedError(
                415, f'content type {media_type!r} is not supported; send multipart/form-data with a part named "file"'
            )
        largest = Limits().total
        if int(request.headers.get('content-length', '0')) > largest:
            raise _too_large(largest)
        counted = Request(request.scope, _counted(request.receive, largest))
        try:
            async with counted.form(max_files=1, max_fields=10) as form:
                file = form.get('file')
                if not isinstance(file, UploadFile):
                    raise RefusedError(400, 'the form has no file named "file"')
                content = await file.read()
                name = Path(file.filename or 'package.zip').name
        except MultiPartException as error:
            raise RefusedError(400, f'the form cannot be read: {error.message}') from None
        tenant = request.headers.get('x-tenant-name') or None
        added = await anyio.to_thread.run_sync(partial(self.load, content, name, keep=True, tenant=tenant))
        return _answer(request, _uploaded(added))


def _go_on(steps: Steps, results: list[Result] | None) -> tuple[Pool, Requests] | bytes:
    """Run an operation up to the next thing that it wants computed, or to its end, which is an answer."""
    try:
        return next(steps) if results is None else steps.send(results)
    except StopIteration as ended:
        return encode_answer(ended.value)


async def _call(function: Callable[[], T], size: int) -> T:
    """Call what takes a time that grows with this size."""
    if size < LARGE:
        return function()
    # A limit of its own: calls that wait for a slow model must not keep those to other services waiting.
    return await anyio.to_thread.run_sync(function, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1))


async def _wait_for(future: Future[list[Result]]) -> list[Result]:
    try:
        asyncio.get_running_loop()
    except RuntimeError:  # trio
        pass
    else:
        return await asyncio.wrap_future(future)
    return await anyio.to_thread.run_sync(future.result, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1))


def _uploaded(added: list[Served]) -> Json:
    """The services of a package, as the package describes them."""
    tenants: dict[str, list[UploadedService]] = {}
    for served in added:
        tenants.setdefault(served.version.tenant, []).append(UploadedService.from_dict(served.version.description))
    return UploadAnswer([UploadedTenant(tenant, services) for tenant, services in tenants.items()]).to_dict()


def _answer(request: Request, content: Json, code: int = 200) -> Response:
    return _respond(request, packed(encode_json(content), request.headers.get('accept-encoding')), code)


def _respond(request: Request, body: tuple[bytes, str | None], code: int = 200) -> Response:
    content, encoding = body
    headers = {'content-encoding': encoding, 'vary': 'accept-encoding'} if encoding else {}
    if request_id := request.headers.get('x-request-id'):
        headers['x-request-id'] = request_id
    return Response(content, code, headers, 'application/json')


async def _refused(request: Request, error: Any) -> Response:
    if isinstance(error, PackageError):
        return _answer(request, error_envelope(error.message), 422)
    if isinstance(error, RefusedError):
        return _answer(request, error_envelope(error.message), error.status)
    texts = {404: f'no operation at {request.url.path}', 405: f'{request.method} is not allowed at {request.url.path}'}
    answer = _answer(request, error_envelope(texts.get(error.status_code) or str(error.detail)), error.status_code)
    answer.headers.update(error.headers or {})
    return answer


def _too_large(limit: int) -> RefusedError:
    return RefusedError(413, f'the package is larger than {limit:,} bytes')


def _counted(receive: Callable[[], Awaitable[Any]], limit: int) -> Callable[[], Awaitable[Any]]:
    """The same messages, up to so many bytes: a chunked upload does not say how long it is."""
    count = 0

    async def counting() -> Any:
        nonlocal count
        message = await receive()
        count += len(message.get('body', b''))
        if count > limit:
            raise _too_large(limit)
        return message

    return counting


async def _gone(_request: Request, _error: Any) -> Response:
    return Response(status_code=499)  # nobody is there to read it


async def _failed(request: Request, error: Any) -> Response:
    return _answer(request, error_envelope(f'the runner failed: {type(error).__name__}'), 500)
