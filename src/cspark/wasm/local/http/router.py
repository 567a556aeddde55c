"""Find the handler for a method and a path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Generic, TypeVar
from urllib.parse import unquote

from ..errors import RefusedError

__all__ = ['Router']

Handler = TypeVar('Handler')


class Router(Generic[Handler]):
    """Routes with templates such as `/{tenant}/api/v3/service/{service_id}`.

    A name matches one segment of a path, which may contain encoded slashes; `{name:path}` matches one or more segments.
    """

    def __init__(self) -> None:
        self._plain: dict[str, dict[str, Handler]] = {}
        self._patterns: list[tuple[str, re.Pattern[str], dict[str, Handler]]] = []

    def add(self, method: str, template: str, handler: Handler) -> None:
        """Route a method and the paths of a template to a handler."""
        if '{' not in template:
            self._plain.setdefault(template, {})[method] = handler
            return
        pattern = re.sub(r'\\{(\w+)(:path)?\\}', _as_group, re.escape(template))
        self._patterns.append((template, re.compile(pattern), {method: handler}))

    def find(self, method: str, path: str) -> tuple[str, Handler, Mapping[str, str]]:
        """Return the matching template, its handler, and the values of the template's names.

        Raises:
            RefusedError: 404 if no template matches the path, 405 if it takes other methods.
        """
        if path in self._plain:
            return path, self._of(self._plain[path], method, path), {}
        for template, pattern, handlers in self._patterns:
            if found := pattern.fullmatch(path):
                names = {name: unquote(value) for name, value in found.groupdict().items()}
                return template, self._of(handlers, method, path), names
        raise RefusedError(404, f'no operation at {path}')

    @staticmethod
    def _of(handlers: dict[str, Handler], method: str, path: str) -> Handler:
        # HEAD is answered like GET; the server leaves out the body.
        handler = handlers.get('GET' if method == 'HEAD' else method)
        if handler is None:
            raise RefusedError(405, f'{method} is not allowed at {path}', headers={'allow': ', '.join(handlers)})
        return handler


def _as_group(found: re.Match[str]) -> str:
    return f'(?P<{found[1]}>{".+" if found[2] else "[^/]+"})'
