"""The target of a URL, and the head of a request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import httpx

from .._address import in_ascii
from .._calls.steps import Send
from .._codec.compression import ENCODINGS

__all__ = ['Origin', 'Target', 'target', 'write_head']

DEFAULT_HEADERS: Final = {'Accept': '*/*', 'Accept-Encoding': ', '.join(ENCODINGS), 'Connection': 'keep-alive'}

Origin = tuple[str, str, int]
"""The scheme, host and port that a connection leads to."""


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a URL.

    Attributes:
        origin: The scheme, host and port.
        path: The path and query, percent-encoded.
        authority: The value of the `Host` header.
    """

    origin: Origin
    path: str
    authority: str

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        return self.origin[0]

    @property
    def host(self) -> str:
        """The name or address of the host, in ASCII and without brackets."""
        return self.origin[1]

    @property
    def port(self) -> int:
        """The port."""
        return self.origin[2]


@lru_cache(1024)
def target(url: str) -> Target:
    """Split an absolute URL into its parts, in the same way as httpx.

    >>> target('http://localhost:3000/t/api/v4/execute').path
    '/t/api/v4/execute'
    """
    parsed = httpx.URL(in_ascii(url))
    port = parsed.port or (443 if parsed.scheme == 'https' else 80)
    origin = (parsed.scheme, parsed.raw_host.decode().replace('%25', '%'), port)
    authority = re.sub('%25[^]]*', '', parsed.netloc.decode())  # without a scope, which only this machine knows
    return Target(origin, parsed.raw_path.decode(), authority)


@lru_cache(256)
def _default_lines(*names: str) -> list[str]:
    """Return the lines of the default headers, without those that are among these names."""
    named = {name.lower() for name in names}
    return [f'{name}: {value}' for name, value in DEFAULT_HEADERS.items() if name.lower() not in named]


def write_head(where: Target, step: Send) -> bytes:
    """Write the head of a request.

    Raises:
        ValueError: A header contains a line break, or a character outside of Latin-1.
    """
    headers = step.revealed_headers()
    lines = [f'{step.method} {where.path} HTTP/1.1', f'Host: {where.authority}', *_default_lines(*headers)]
    lines += [f'{name}: {value}' for name, value in headers.items()]
    if step.content is not None:
        lines.append(f'Content-Length: {len(step.content)}')
    head = '\r\n'.join(lines)
    # There must be as many line breaks as were written here; others would let a value add headers of its own.
    if not head.count('\r') == head.count('\n') == len(lines) - 1:
        raise ValueError('a header holds the end of a line')
    return f'{head}\r\n\r\n'.encode('latin-1')
