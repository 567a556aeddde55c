"""JSON text: the one place that knows which library reads and writes it.

`orjson` is fast and holds whole numbers of 64 bits; a text with longer ones goes through the standard library, so that
none is ever rounded.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, TypeGuard

import orjson

__all__ = ['decode_json', 'encode_json', 'is_array', 'is_object']

_DIGITS: Final = bytes(0x30 if 0x30 <= byte <= 0x39 else byte for byte in range(256))
_LONG: Final = b'0' * 19


def decode_json(content: bytes) -> Any:
    """Read JSON in UTF-8.

    Raises:
        ValueError: It is no JSON.

    >>> decode_json(b'{"policy": 123456789012345678901234567890}')
    {'policy': 123456789012345678901234567890}
    """
    if _LONG in content.translate(_DIGITS):
        return json.loads(content)
    return orjson.loads(content)


def encode_json(value: object, default: Callable[[Any], Any] | None = None) -> bytes:
    """Write JSON in UTF-8. NaN and infinities become null, which is what a model answers for them.

    Args:
        value: What to write.
        default: What turns a value that JSON does not know into one that it knows.

    Raises:
        TypeError: A value is nothing that JSON can hold.

    >>> encode_json({'height': 10, 'ratio': float('nan')})
    b'{"height":10,"ratio":null}'
    """
    try:
        return orjson.dumps(value, default, orjson.OPT_PASSTHROUGH_DATACLASS if default else None)
    except orjson.JSONEncodeError as error:
        if 'Integer exceeds 64-bit range' not in str(error):
            raise
        return json.dumps(
            _finite(value), ensure_ascii=False, separators=(',', ':'), default=default, allow_nan=False
        ).encode()


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether decoded JSON is an object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether decoded JSON is an array."""
    return isinstance(value, list)


def _finite(value: Any) -> Any:
    """The same value with null for NaN and infinities, as `orjson` writes them."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if is_object(value):
        return {key: _finite(item) for key, item in value.items()}
    if is_array(value):
        return [_finite(item) for item in value]
    return value
