"""JSON text: the one place that knows which library reads and writes it.

`orjson` is fast and holds whole numbers of 64 bits; a text with longer ones is read by the standard library, and longer
ones are written digit by digit, so that none is ever rounded.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, TypeGuard

import orjson

__all__ = ['decode_json', 'encode_json', 'is_array', 'is_object']

_DIGITS: Final = bytes(0x30 if 0x30 <= byte <= 0x39 else byte for byte in range(256))
_LONG: Final = b'0' * 19
_OPTIONS: Final = orjson.OPT_SERIALIZE_NUMPY


def decode_json(content: bytes) -> Any:
    """Read JSON in UTF-8.

    Raises:
        ValueError: It is no JSON.

    >>> decode_json(b'{"policy": 123456789012345678901234567890}')
    {'policy': 123456789012345678901234567890}
    """
    value = orjson.loads(content)
    # The standard library reads more than JSON, so it does not decide what JSON is; it only keeps every digit.
    return json.loads(content) if _LONG in content.translate(_DIGITS) else value


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
        return orjson.dumps(value, default, _OPTIONS)
    except orjson.JSONEncodeError as error:
        if 'Integer exceeds 64-bit range' not in str(error):
            raise
    return orjson.dumps(
        _spelled_out(value), lambda one: _spelled_out(default(one) if default else _refuse(one)), _OPTIONS
    )


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether decoded JSON is an object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether decoded JSON is an array."""
    return isinstance(value, list)


def _spelled_out(value: Any) -> Any:
    """The same value with whole numbers that `orjson` does not hold as text that it puts in as it is."""
    if is_object(value):
        return {key: _spelled_out(item) for key, item in value.items()}
    items: Any = value
    if type(items) in (list, tuple):
        return [_spelled_out(item) for item in items]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return orjson.Fragment(str(int(value)))
    return value


def _refuse(value: object) -> Any:
    raise TypeError(f'Type is not JSON serializable: {type(value).__name__}')
