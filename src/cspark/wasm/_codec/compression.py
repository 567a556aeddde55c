"""gzip and deflate: the one place that knows which library packs and unpacks.

ISA-L (`isal`) is several times faster than zlib at the same level; zlib serves where `isal` has no wheel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, TypeAlias

try:
    from isal import isal_zlib as _library
except ModuleNotFoundError:
    import zlib as _library  # type: ignore[no-redef]

__all__ = ['ENCODINGS', 'Encoding', 'TooLargeError', 'pack', 'pack_parts', 'unpack']

zlib: Any = _library

Encoding: TypeAlias = Literal['gzip', 'deflate']
"""How a body is compressed."""

ENCODINGS: Final = ('gzip', 'deflate')

LEVEL: Final = 1
"""Runner and client are near: more compression costs more time than it saves."""

SMALL_PIECE: Final = 1024
"""Unpacking starts with so many bytes, then twice as many: what is left behind an end would be copied each time."""

GZIP_MAGIC: Final = b'\x1f\x8b'
FILLING: Final = b'\0\r\n'
"""What some servers put behind a packed body."""

WINDOW: Final = {'gzip': 31, 'deflate': 15}
"""What tells zlib which of the two formats is meant; `deflate` is zlib-wrapped, as HTTP has it."""


class TooLargeError(ValueError):
    """What is packed is larger than it may be."""


def pack(content: bytes, encoding: Encoding) -> bytes:
    """Compress.

    >>> unpack(pack(b'volume', 'gzip'), 'gzip', 100)
    b'volume'
    """
    return b''.join(pack_parts([content], encoding))


def pack_parts(parts: Iterable[bytes], encoding: Encoding) -> Iterator[bytes]:
    """Compress what comes in parts."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, WINDOW[encoding])
    for part in parts:
        yield packer.compress(part)
    yield packer.flush()


def unpack(content: bytes, encoding: Encoding, limit: int, *, raw_too: bool = False) -> bytes:
    """Decompress up to a limit, in bytes; with `raw_too` a `deflate` without the two bytes that HTTP asks for too.

    Raises:
        TooLargeError: There is more.
        ValueError: It is not what the encoding says, or it is cut off.
    """
    most = limit
    is_raw = raw_too and encoding == 'deflate' and content[:1] and content[0] & 15 != 8
    parts: list[bytes] = []
    rest, size = memoryview(content), SMALL_PIECE
    reader = None
    while rest or reader is None or not reader.eof:
        if reader is None or reader.eof:  # a gzip file may have several members
            reader, size = zlib.decompressobj(wbits=-15 if is_raw else WINDOW[encoding]), SMALL_PIECE
        piece, rest, size = rest[:size], rest[size:], size * 2
        try:
            parts.append(reader.decompress(piece, limit + 1))
        except zlib.error as error:
            raise ValueError(f'not {encoding}: {error}') from None
        limit -= len(parts[-1])
        if limit < 0:
            raise TooLargeError(f'more than {most:,} bytes')
        if reader.eof:
            rest = memoryview(content)[len(content) - len(rest) - len(reader.unused_data) :]
            if encoding != 'gzip' or (bytes(rest[:2]) != GZIP_MAGIC and not bytes(rest).strip(FILLING)):
                break
        elif not rest:
            raise ValueError(f'not {encoding}: it is cut off')
    return b''.join(parts)
