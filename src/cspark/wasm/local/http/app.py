"""The runner's HTTP API as an ASGI application: its routes and their handlers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any, Final, TypeVar

import anyio.to_thread

from hybrid_runner_api.models import UploadAnswer, UploadedService, UploadedTenant

from ..._codec.json import encode_json, is_object
from ...errors import SparkSdkError
from ...uri import Uri, UriParams, check_name
from ..engine.call import Result
from ..engine.execution import ModelOutput, Requests
from ..engine.pool import Pool
from ..errors import NotServedError, PackageError, RefusedError
from ..logger import logger
from ..operations.answers import encode_answer, error_envelope
from ..operations.caller import DEEPEST, Caller
from ..operations.catalog import Catalog, Served
from ..operations.execution import describe, execute, execute_many, validate
from ..operations.metrics import metrics
from ..operations.models_folder import ModelsFolder
from ..operations.passing_on import (
    ANSWERED_BY,
    CHAIN,
    TIME_LEFT,
    Passage,
    Upstream,
    address_service,
    without_credentials,
)
from ..operations.status import health, status, version
from ..operations.steps import Steps
from ..packages.package import read_package
from ..packages.store import Store
from ..settings import Settings
from .access_log import log_access
from .body import packed, read_body, read_request
from .origins import Origins
from .request import LONGEST_ID, GoneError, HttpAnswer, HttpRequest, Receive, Scope, Send
from .router import Router
from .tracing import start_trace
from .upload import read_upload

__all__ = ['RunnerApp']

T = TypeVar('T')
Json = dict[str, Any]
Operation = Callable[[Caller, Json], Steps]
Handler = Callable[[HttpRequest, Mapping[str, str]], Awaitable[HttpAnswer]]

LARGE: Final = 1 << 16
"""Bodies of this size and more, in bytes, are processed on a thread, so that the event loop keeps running."""

BY_PATH: Final = (
    '/folders/{folder}/services/{service}/execute',
    '/service/{service_id}',
    '/version/{version_id}',
    '/proxy/{proxy:path}',
    '/execute',
    '',
)


class RunnerApp:
    """An ASGI application, and the packages that it serves.

    Args:
        settings: The settings of the runner. Packages that an earlier run stored are loaded.
        upstream: The runner behind this one, which gets requests for services that are not served here.
    """

    def __init__(self, settings: Settings, upstream: Upstream | None = None) -> None:
        self.settings = settings
        self.upstream = upstream
        self.catalog = Catalog(settings)
        self.store = Store(settings.packages_dir) if settings.packages_dir else None
        self.models = ModelsFolder(settings.models_dir, self.load, self.catalog.remove) if settings.models_dir else None
        self._router = self._routes()
        try:
            if self.store:
                self._load_kept(self.store)
            if self.models:
                self.models.start()
        except BaseException:
            self.close()
            raise

    def load(self, content: bytes, name: str, *, keep: bool = False, tenant: str | None = None) -> list[Served]:
        """Serve all versions in a package, or none if one of them is invalid.

        Args:
            content: The package.
            name: The name of its file.
            keep: Whether to store the package before it is served.
            tenant: The tenant of a compiled model that has no package around it.

        Raises:
            PackageError: The package is invalid; the message names the file and the problem.
            RefusedError: 500 if the package cannot be stored.
        """
        versions = read_package(content, name, naming=self.settings.naming(tenant))
        store = self.store if keep else None
        try:
            return self.catalog.add(versions, on_loaded=partial(store.keep, content, versions) if store else None)
        except OSError as error:
            raise RefusedError(500, f'the package cannot be stored: {error.strerror or error}') from error

    def add(self, method: str, template: str, handler: Handler) -> None:
        """Answer further paths, such as those of the page."""
        self._router.add(method, template, handler)

    def _load_kept(self, store: Store) -> None:
        """Serve the packages that an earlier run stored. One that does not load is skipped, but not deleted."""
        for path in store.packages():
            try:
                added = self.load(path.read_bytes(), str(path))
                store.remember(path, [served.version for served in added])
            except (PackageError, OSError) as error:
                logger.warning('skipped a stored package: %s', error)

    def close(self) -> None:
        """End all instances and stop watching the folder for models."""
        if self.models:
            self.models.stop()
        self.catalog.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send, origins: Origins | None = None) -> None:
        """Answer a request; `origins` refuses requests from web pages of other sites."""
        if scope['type'] != 'http':
            return
        started = time.perf_counter()
        path = (scope.get('raw_path') or scope['path'].encode()).decode('latin-1').partition('?')[0]
        prefix = self.settings.prefix
        inside = not prefix or path == prefix or path.startswith(f'{prefix}/')
        # '/ outside the prefix' matches no route, so that such requests get 404.
        request = HttpRequest(scope, receive, path.removeprefix(prefix) if inside else '/ outside the prefix')
        request.trace = start_trace(request)
        try:
            answer = await self._answer(request, origins)
        except GoneError:
            answer = HttpAnswer(b'', 499)  # the caller has left; the status appears only in the log
        answer.headers['x-request-id'] = request.request_id
        await answer.send(send)
        if request.trace is not None:
            request.trace.end(request, answer.status)
        log_access(request, answer.status, len(answer.content), time.perf_counter() - started)

    async def _answer(self, request: HttpRequest, origins: Origins | None) -> HttpAnswer:
        try:
            if origins:
                origins.check(request.headers)
            request.template, handler, names = self._router.find(request.method, request.path)
            request.tenant = names.get('tenant', '')
            return await handler(request, names)
        except RefusedError as error:
            return _respond(request, error_envelope(error.message), error.status, error.headers)
        except PackageError as error:
            return _respond(request, error_envelope(error.message), 422)
        except GoneError:
            raise
        except Exception as error:  # noqa: BLE001 - the error is logged, and the caller gets an answer
            logger.exception('%s %s failed', request.method, request.template)
            return _respond(request, error_envelope(f'the runner failed: {type(error).__name__}'), 500)

    def _routes(self) -> Router[Handler]:
        router = Router[Handler]()
        router.add('GET', '/healthcheck', _plain(health))
        router.add('GET', '/version', _plain(version))
        router.add('GET', '/status', self._status)
        if self.settings.metrics:
            router.add('GET', '/metrics', self._metrics)
        router.add('POST', '/api/v3/upload', self._upload)
        router.add('POST', '/upload', self._upload)
        for public in ('', '/public'):
            router.add('POST', f'/{{tenant}}/api/v4{public}/execute', self._json(execute_many))
            for path in BY_PATH:
                router.add('POST', f'/{{tenant}}/api/v3{public}{path}', self._execute)
        router.add('POST', '/{tenant}/api/v3/validation', self._json(validate))
        router.add('POST', '/{tenant}/api/v3/metadata', self._json(describe))
        return router

    async def _status(self, request: HttpRequest, _names: Mapping[str, str]) -> HttpAnswer:
        told = status(self.catalog)
        if self.upstream is not None:
            passage = Passage(self.upstream, request.headers)
            told['upstream'] = await _call(passage.status, LARGE)
        return _respond(request, told)

    async def _metrics(self, _request: HttpRequest, _names: Mapping[str, str]) -> HttpAnswer:
        text = metrics(self.catalog).encode()
        return HttpAnswer(text, headers={'content-type': 'text/plain; version=0.0.4; charset=utf-8'})

    def _json(self, operation: Operation) -> Handler:
        async def handle(request: HttpRequest, names: Mapping[str, str]) -> HttpAnswer:
            return await self._perform(operation, request, names['tenant'])

        return handle

    async def _execute(self, request: HttpRequest, names: Mapping[str, str]) -> HttpAnswer:
        parts: dict[str, Any] = {name: value for name, value in names.items() if name != 'tenant'}
        named = UriParams(**parts)

        def operation(caller: Caller, body: Json) -> Steps:
            return execute(caller, named, body)

        return await self._perform(operation, request, names['tenant'], names.get('proxy'))

    async def _perform(
        self, operation: Operation, request: HttpRequest, tenant: str, endpoint: str | None = None
    ) -> HttpAnswer:
        """Run an operation; the steps that take long for large bodies run on a thread."""
        limit = self.settings.body_limit
        content = await read_body(request.stream(), request.headers.get('content-length'), limit)
        body = await _call(partial(read_request, content, request.headers, limit), len(content))
        request.correlation_id = _correlation_of(body)
        request.caller = caller = self._caller(request, tenant)
        passage = caller.passage
        steps = operation(caller, body)
        try:
            asked = await _call(partial(_go_on, steps, None), len(content))
        except NotServedError:
            if passage is None:
                raise
            leads_to = self.settings.proxies.get((endpoint or '').strip('/'))
            return await self._pass_on(passage, request, content, body, leads_to)
        size = len(content)
        while not isinstance(asked, bytes):
            pool, requests = asked
            computing = pool.submit(requests)
            results = await _wait_for(computing)
            if request.trace is not None:
                request.trace.computed(computing)
            size = sum(len(result.content) for result in results if isinstance(result, ModelOutput))
            asked = await _call(partial(_go_on, steps, results), size)
        written, encoding = await _call(partial(packed, asked, request.headers.get('accept-encoding')), size)
        return HttpAnswer(written, headers=_encoded(encoding))

    def _caller(self, request: HttpRequest, tenant: str) -> Caller:
        """Return the caller of a request; another runner says which of its services it calls for."""
        passage = None
        if self.upstream is not None:
            passage = Passage(self.upstream, {**request.headers, 'x-request-id': request.request_id})
        chain = request.headers.get(CHAIN)
        if chain is None:
            return Caller(self.catalog, tenant, self.settings.external, passage)
        left = request.headers.get(TIME_LEFT, '')
        until = time.monotonic() + int(left) / 1000 if left.isdecimal() and len(left) < 10 else float('inf')
        before = tuple(filter(None, chain.split(',')))[: DEEPEST + 1]
        return Caller(self.catalog, tenant, self.settings.external, passage, before=before, until=until)

    async def _pass_on(
        self, passage: Passage, request: HttpRequest, content: bytes, body: Json, leads_to: str | None
    ) -> HttpAnswer:
        """Let the runner behind this one answer a request; its answer goes back unchanged, but for a header.

        An endpoint that leads to a service there is an endpoint of this runner alone, so that the service is named.
        """
        stripped = None if passage.upstream.caller_credentials else without_credentials(body)
        if stripped is not None:
            passage, content = passage.without_encoding(), encode_json(stripped)
        query = request.scope.get('query_string', b'').decode('latin-1')
        path = passage.path(request.path, request.tenant)
        if leads_to is not None:
            path, renamed = address_service(path, Uri.decode(leads_to), body if stripped is None else stripped)
            if renamed is not None:
                passage, content = passage.without_encoding(), encode_json(renamed)
        path += f'?{query}' if query else ''
        answer = await _call(partial(passage.send, request.method, path, content), LARGE)
        request.answered_by = 'upstream'
        written, encoding = await _call(
            partial(packed, answer.content, request.headers.get('accept-encoding')), len(answer.content)
        )
        kept = {name: value for name, value in passage.headers_of(answer).items() if name != 'x-request-id'}
        return HttpAnswer(written, answer.status, {**kept, **_encoded(encoding), ANSWERED_BY: 'upstream'})

    async def _upload(self, request: HttpRequest, _names: Mapping[str, str]) -> HttpAnswer:
        if not self.settings.uploads:
            raise RefusedError(
                403, 'uploads are disabled on this runner; start it with uploads (UPLOAD_ENABLE) to allow them'
            )
        content, name = await read_upload(request)
        tenant = _tenant_of(request)
        try:
            added = await anyio.to_thread.run_sync(partial(self.load, content, name, keep=True, tenant=tenant))
        except PackageError as error:
            logger.warning('the upload of %r was refused: %s', name, error)
            raise
        logger.info('uploaded %r: %s', name, ', '.join(f'{one.version.tenant}: {one.version.uri}' for one in added))
        return _respond(request, _uploaded(added))


def _correlation_of(body: Json) -> str:
    """The caller's id for a call, of v4 or v3; empty if there is none."""
    meta = body.get('request_meta')
    given: Any = body.get('correlation_id') or (meta.get('correlation_id') if is_object(meta) else None)
    return given[:LONGEST_ID] if isinstance(given, str) else ''


def _tenant_of(request: HttpRequest) -> str | None:
    """Return the tenant in the header `x-tenant-name` of an upload."""
    name = request.headers.get('x-tenant-name') or None
    try:
        return name if name is None else check_name('tenant', name)
    except SparkSdkError as error:
        raise RefusedError(400, f'x-tenant-name: {error.message}') from None


def _plain(answer: Callable[[], Json]) -> Handler:
    async def handle(request: HttpRequest, _names: Mapping[str, str]) -> HttpAnswer:
        return _respond(request, answer())

    return handle


def _go_on(steps: Steps, results: list[Result] | None) -> tuple[Pool, Requests] | bytes:
    """Run an operation until it yields requests for a pool or returns its answer."""
    try:
        return next(steps) if results is None else steps.send(results)
    except StopIteration as ended:
        return encode_answer(ended.value)


async def _call(function: Callable[[], T], size: int) -> T:
    """Call a function whose time grows with this size, on a thread if the size is large."""
    if size < LARGE:
        return function()
    # A limiter of its own: calls must not wait for a thread because of calls to a slow model.
    return await anyio.to_thread.run_sync(function, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1))


async def _wait_for(future: Future[list[Result]]) -> list[Result]:
    try:
        asyncio.get_running_loop()
    except RuntimeError:  # trio
        limiter = anyio.CapacityLimiter(1)
        return await anyio.to_thread.run_sync(future.result, abandon_on_cancel=True, limiter=limiter)
    return await asyncio.wrap_future(future)


def _uploaded(added: list[Served]) -> Json:
    """Build the answer to an upload: the services of the package, as the package describes them."""
    tenants: dict[str, list[UploadedService]] = {}
    for served in added:
        tenants.setdefault(served.version.tenant, []).append(UploadedService.from_dict(served.version.description))
    return UploadAnswer([UploadedTenant(tenant, services) for tenant, services in tenants.items()]).to_dict()


def _respond(
    request: HttpRequest, content: Json, code: int = 200, headers: Mapping[str, str] | None = None
) -> HttpAnswer:
    written, encoding = packed(encode_json(content), request.headers.get('accept-encoding'))
    return HttpAnswer(written, code, {**_encoded(encoding), **(headers or {})})


def _encoded(encoding: str | None) -> dict[str, str]:
    if encoding:
        return {'content-encoding': encoding, 'vary': 'accept-encoding'}
    return {}
