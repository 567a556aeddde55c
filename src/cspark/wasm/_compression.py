"""gzip and deflate: the one place that knows which library packs and unpacks."""

from __future__ import annotations

import gzip
import zlib
from typing import Final, Literal, TypeAlias

__all__ = ['ENCODINGS', 'Encoding', 'TooLargeError', 'pack', 'unpack']

Encoding: TypeAlias = Literal['gzip', 'deflate']
ENCODINGS: Final = ('gzip', 'deflate')

LEVEL: Final = 1
"""Runner and client are near: more compression costs more time than it saves."""


class TooLargeError(ValueError):
    """What is packed is larger than it may be."""


def pack(content: bytes, encoding: Encoding) -> bytes:
    """Compress; `deflate` is zlib-wrapped, as HTTP has it.

    >>> unpack(pack(b'volume', 'gzip'), 'gzip', 100)
    b'volume'
    """
    return gzip.compress(content, LEVEL, mtime=0) if encoding == 'gzip' else zlib.compress(content, LEVEL)


def unpack(content: bytes, encoding: Encoding, limit: int) -> bytes:
    """Decompress up to a limit, in bytes.

    Raises:
        TooLargeError: There is more.
        ValueError: It is not what the encoding says, or it is cut off.
    """
    reader = zlib.decompressobj(wbits=31 if encoding == 'gzip' else 15)
    try:
        unpacked = reader.decompress(content, limit + 1)
    except zlib.error as error:
        raise ValueError(f'not {encoding}: {error}') from None
    if len(unpacked) > limit:
        raise TooLargeError(f'more than {limit:,} bytes')
    if not reader.eof:
        raise ValueError(f'not {encoding}: it is cut off')
    return unpacked
