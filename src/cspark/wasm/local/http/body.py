"""Read and parse the bodies of requests within limits, and compress answers."""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping
from typing import Any

from ..._codec.compression import ENCODINGS, TooLargeError, pack, unpack
from ..._codec.json import decode_json, is_object
from ..errors import RefusedError

__all__ = ['packed', 'read_body', 'read_request']


async def read_body(stream: AsyncIterable[bytes], declared: str | None, limit: int) -> bytes:
    """Read a whole body.

    Raises:
        RefusedError: 413 if the body is larger than the limit, in bytes.
    """
    if declared and declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    async for part in stream:
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
    return b''.join(parts)


def read_request(content: bytes, headers: Mapping[str, str], limit: int) -> dict[str, Any]:
    """Decompress and parse a body that holds a JSON object.

    Raises:
        RefusedError: 415 for an unsupported media type or encoding, 413 for a body that decompresses to more than the
            limit, 400 for anything that is not a JSON object.
    """
    media_type = headers.get('content-type', '').partition(';')[0].strip().lower()
    if media_type != 'application/json':
        raise RefusedError(415, f'content type {media_type!r:.100} is not supported; send application/json')
    content = _unpack(content, headers.get('content-encoding', 'identity').strip().lower(), limit)
    try:
        request = decode_json(content)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, f'the body is not JSON: {error}') from None
    if not is_object(request):
        raise RefusedError(400, f'the body must be a JSON object, not {_json_type(request)}')
    return request


def packed(content: bytes, accepted: str | None) -> tuple[bytes, str | None]:
    """Compress an answer if the caller accepts that and it is large enough; return it with its encoding."""
    if accepted is None or len(content) < 1400:
        return content, None
    wanted = {part.partition(';')[0].strip().lower() for part in accepted.split(',') if not _is_refused(part)}
    for encoding in ENCODINGS:
        if encoding in wanted:
            return pack(content, encoding), encoding
    return content, None


def _is_refused(part: str) -> bool:
    return part.partition(';')[2].replace(' ', '').rstrip('.0') == 'q='


def _unpack(content: bytes, encoding: str, limit: int) -> bytes:
    if encoding in ('', 'identity'):
        return content
    if encoding not in ENCODINGS:
        raise RefusedError(415, f'content encoding {encoding!r} is not supported; send gzip, deflate or none')
    try:
        return unpack(content, 'gzip' if encoding == 'gzip' else 'deflate', limit)
    except TooLargeError:
        raise _too_large(limit) from None
    except ValueError as error:
        raise RefusedError(400, f'the body is {error}') from None


def _too_large(limit: int) -> RefusedError:
    return RefusedError(413, f'the body is larger than {limit:,} bytes')


def _json_type(value: object) -> str:
    if value is None:
        return 'null'
    if isinstance(value, bool):
        return 'a boolean'
    if isinstance(value, str):
        return 'a string'
    return 'an array' if isinstance(value, list) else 'a number'
