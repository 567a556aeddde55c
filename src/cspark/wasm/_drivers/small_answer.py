"""A small answer that came in one piece, read without the standard library's parser of mail headers.

That parser takes a good part of a small call's time. What is not plainly such an answer is left to it.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ['small_answer']

_STATUS: Final = re.compile(r'HTTP/1\.1 ([2-5]\d\d)(?: [^\r\n]*)?')
_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_WITHOUT_BODY: Final = frozenset({204, 304})


def small_answer(received: bytes) -> tuple[int, list[tuple[str, str]], bytes] | None:
    """Status, headers and body of a whole answer after which the connection goes on; None for anything else.

    >>> small_answer(b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}')
    (200, [('Content-Length', '2')], b'{}')
    """
    end = received.find(b'\r\n\r\n')
    if end < 0:
        return None
    first, *lines = received[:end].decode('latin-1').split('\r\n')
    status = _STATUS.fullmatch(first)
    if status is None or int(status[1]) in _WITHOUT_BODY:
        return None
    headers: list[tuple[str, str]] = []
    lengths: list[str] = []
    for line in lines:
        name, colon, value = line.partition(':')
        value = value.lstrip()
        if not colon or not _NAME.fullmatch(name) or value != value.strip() or not line.isprintable():
            return None
        known = name.lower()
        if known == 'transfer-encoding' or (known == 'connection' and value.lower() != 'keep-alive'):
            return None
        if known == 'content-length':
            lengths.append(value)
        headers.append((name, value))
    content = received[end + 4 :]
    return (int(status[1]), headers, content) if lengths == [str(len(content))] else None
