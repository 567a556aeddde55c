"""The routes of the page: its files, the description of the services, and the runs of files of records."""

from __future__ import annotations

import mimetypes
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import parse_qs

import anyio.to_thread

from ..._codec.json import encode_json
from ..errors import RefusedError
from ..http.body import read_body, read_request
from ..http.request import HttpAnswer, HttpRequest
from ..operations.catalog import Catalog
from ..operations.passing_on import Passage, Upstream
from ..settings import Settings
from .files import FILES, answer_file, page_headers, redirect, wants_page
from .record_files import RecordFiles
from .services import describe_services, input_names

if TYPE_CHECKING:
    from ..._client import Client

__all__ = ['Page']

Handler: TypeAlias = Callable[[HttpRequest, Mapping[str, str]], Awaitable[HttpAnswer]]
JSON: Final = 'application/json'
LARGEST_ORDER: Final = 1 << 20
"""The largest order of a run, in bytes."""


class Page:
    """The page of a runner.

    Args:
        catalog: The services of the runner.
        settings: Its settings.
        connect: Makes a client of this runner for a tenant.
        upstream: The runner behind this one.
    """

    def __init__(
        self, catalog: Catalog, settings: Settings, connect: Callable[[str], Client], upstream: Upstream | None = None
    ) -> None:
        self._upstream = upstream
        self._catalog = catalog
        self._settings = settings
        self._files = RecordFiles(connect, partial(input_names, catalog))

    def add_to(self, add: Callable[[str, str, Handler], object]) -> None:
        """Add the routes of the page by a function that takes a method, a path and a handler."""
        for path in ('', '/', '/ui'):
            add('GET', path, self._lead_there)
        add('GET', '/ui/', self._file('index.html'))
        for name in FILES:
            add('GET', f'/ui/{name}', self._file(name))
        for document in ('openapi.json', 'openapi.yaml'):
            add('GET', f'/{document}', self._file(document))
        add('GET', '/ui/services', self._services)
        add('POST', '/ui/files', self._take)
        add('POST', '/ui/runs', self._start)
        add('GET', '/ui/runs/{run}/progress', self._progress)
        add('GET', '/ui/runs/{run}/results', self._results)
        add('POST', '/ui/runs/{run}/stop', self._stop)

    def close(self) -> None:
        """Stop the runs and delete their files."""
        self._files.close()

    async def _lead_there(self, request: HttpRequest, _names: Mapping[str, str]) -> HttpAnswer:
        if not wants_page(request.headers) and request.path != '/ui':
            raise RefusedError(404, f'no operation at {request.path}')
        return redirect(f'{self._settings.prefix}/ui/')

    def _file(self, name: str) -> Handler:
        async def answer(request: HttpRequest, _names: Mapping[str, str]) -> HttpAnswer:
            return answer_file(name, request)

        return answer

    async def _services(self, request: HttpRequest, _names: Mapping[str, str]) -> HttpAnswer:
        behind = Passage(self._upstream, request.headers) if self._upstream is not None else None
        describe = partial(describe_services, self._catalog, behind, uploads=self._settings.uploads)
        # Asking another runner takes time, in which this one goes on.
        return _json(describe() if behind is None else await anyio.to_thread.run_sync(describe))

    async def _take(self, request: HttpRequest, _names: Mapping[str, str]) -> HttpAnswer:
        asked = parse_qs((request.scope.get('query_string') or b'').decode('latin-1'))
        return _json(await self._files.take(asked.get('name', [''])[0], request.stream()))

    async def _start(self, request: HttpRequest, _names: Mapping[str, str]) -> HttpAnswer:
        content = await read_body(request.stream(), request.headers.get('content-length'), LARGEST_ORDER)
        return _json(self._files.start(read_request(content, request.headers, LARGEST_ORDER)))

    async def _progress(self, _request: HttpRequest, names: Mapping[str, str]) -> HttpAnswer:
        return _json(self._files.progress(names['run']))

    async def _stop(self, _request: HttpRequest, names: Mapping[str, str]) -> HttpAnswer:
        return _json(await anyio.to_thread.run_sync(partial(self._files.stop, names['run'])))

    async def _results(self, _request: HttpRequest, names: Mapping[str, str]) -> HttpAnswer:
        path = self._files.results(names['run'])
        content = await anyio.to_thread.run_sync(path.read_bytes)
        headers = page_headers(mimetypes.guess_type(path.name)[0] or 'application/octet-stream')
        headers['content-disposition'] = f'attachment; filename="results{path.suffix}"'
        return HttpAnswer(content, headers=headers)


def _json(content: Any) -> HttpAnswer:
    return HttpAnswer(encode_json(content), headers=page_headers(JSON))
