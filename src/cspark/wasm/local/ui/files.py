"""The files of the page, which a browser loads from this runner alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from ..http.body import packed
from ..http.request import HttpAnswer, HttpRequest

__all__ = ['FILES', 'answer_file', 'page_headers']

FOLDER: Final = Path(__file__).with_name('static')
TYPES: Final = {
    '.css': 'text/css; charset=utf-8',
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.json': 'application/json',
    '.svg': 'image/svg+xml',
    '.txt': 'text/plain; charset=utf-8',
    '.yaml': 'application/yaml',
}
FILES: Final = tuple(sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob('*') if path.suffix in TYPES))
"""The paths of the files within the page."""

RULES: Final = {
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'img-src': "'self' data:",  # logos of services are data in their metadata
    'connect-src': "'self'",
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
}
POLICY: Final = '; '.join(f'{name} {places}' for name, places in RULES.items())
"""What the page may load and do: nothing but its own files and calls of this runner. Nothing inline is a script."""


def page_headers(content_type: str) -> dict[str, str]:
    """The headers of everything that belongs to the page."""
    return {
        'content-type': content_type,
        'content-security-policy': POLICY,
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-cache',
    }


def answer_file(name: str, request: HttpRequest) -> HttpAnswer:
    """Answer with a file of the page."""
    path = FOLDER / name
    written, encoding = packed(_read(path), request.headers.get('accept-encoding'))
    headers = page_headers(TYPES[path.suffix])
    if encoding:
        headers |= {'content-encoding': encoding, 'vary': 'accept-encoding'}
    return HttpAnswer(written, headers=headers)


@cache
def _read(path: Path) -> bytes:
    return path.read_bytes()


def redirect(place: str) -> HttpAnswer:
    """Send a browser to another path of this runner."""
    return HttpAnswer(b'', 307, {'location': place})


def wants_page(headers: Mapping[str, str]) -> bool:
    """Whether a request comes from the address bar or a link of a browser."""
    return 'text/html' in headers.get('accept', '')
