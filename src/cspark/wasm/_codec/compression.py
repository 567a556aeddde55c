"""Compress and decompress gzip and deflate. This is the only module that knows which library does it.

ISA-L (`isal`) is several times faster than zlib at the same level; zlib is used where `isal` has no wheel.
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
"""A content encoding."""

ENCODINGS: Final = ('gzip', 'deflate')

LEVEL: Final = 1
"""The compression level: client and runner are close, so a higher one costs more time than it saves."""

SMALL_PIECE: Final = 1024
"""The size of the first piece to decompress, in bytes; each following one is twice as large. zlib copies
what follows the end of a gzip member, so one large piece with many small members would be copied again and again."""

GZIP_MAGIC: Final = b'\x1f\x8b'
FILLING: Final = b'\0\r\n'
"""Bytes that some servers append to a compressed body."""

WINDOW: Final = {'gzip': 31, 'deflate': 15}
"""zlib's `wbits` for each encoding: 31 is gzip, 15 is zlib, which HTTP calls `deflate`."""


class TooLargeError(ValueError):
    """The decompressed content is larger than the limit."""


def pack(content: bytes, encoding: Encoding) -> bytes:
    """Compress bytes.

    >>> unpack(pack(b'volume', 'gzip'), 'gzip', 100)
    b'volume'
    """
    return b''.join(pack_parts([content], encoding))


def pack_parts(parts: Iterable[bytes], encoding: Encoding) -> Iterator[bytes]:
    """Compress the parts of a body one by one."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, WINDOW[encoding])
    for part in parts:
        yield packer.compress(part)
    yield packer.flush()


def unpack(content: bytes, encoding: Encoding, limit: int, *, raw_too: bool = False) -> bytes:
    """Decompress bytes.

    Args:
        content: The compressed bytes.
        encoding: The content encoding.
        limit: The largest size of the result, in bytes.
        raw_too: Whether to accept raw deflate too, which some servers send without the header of two bytes.

    Raises:
        TooLargeError: The result is larger than the limit.
        ValueError: The content does not have this encoding, or is truncated.
    """
    most = limit
    # The low four bits of the first byte of a zlib header are 8, the number of the deflate method.
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
