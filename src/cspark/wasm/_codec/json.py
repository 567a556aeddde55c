"""Encode and decode JSON. This is the only module that knows which library does it.

`orjson` is fast, but its integers have 64 bits. Text with longer ones is read by the standard library, and longer ones
are written as text that is inserted, so that none is ever rounded.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Callable
from datetime import time
from typing import Any, Final, TypeGuard, cast

import orjson as library

from .large_json import LARGE, read_in_pieces

__all__ = ['Fragment', 'decode_answer', 'decode_json', 'encode_json', 'is_array', 'is_object', 'whole_characters']

# Typed as `Any`, because its annotations are too narrow: for example, it also takes None for no options.
orjson: Any = library
Fragment: Any = orjson.Fragment
"""JSON text that is inserted unchanged."""

OPTIONS: Final[int] = orjson.OPT_PASSTHROUGH_DATACLASS
"""orjson leaves out the fields of a dataclass that begin with an underscore; `default` sees to them instead.

Without its option for numpy, `default` sees to those values too: orjson writes NaT as a date.
"""

_ESCAPES: Final = re.compile(
    rb'\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)', re.DOTALL
)
"""Escapes in JSON: a surrogate pair, a lone surrogate (the group), or any other."""

_DIGITS: Final = bytes(0x30 if 0x30 <= byte <= 0x39 else byte for byte in range(256))
_LONG: Final = b'0' * 19
"""All integers of 18 digits fit into 64 bits. With each digit replaced by 0, a search finds longer runs of digits."""


def decode_json(content: bytes) -> Any:
    """Decode JSON in UTF-8.

    Raises:
        ValueError: The content is not JSON.

    >>> decode_json(b'{"policy": 123456789012345678901234567890}')
    {'policy': 123456789012345678901234567890}
    """
    if len(content) > LARGE:
        return read_in_pieces(content, _loads)
    return _loads(content)


def decode_answer(content: bytes) -> tuple[Any, bool]:
    r"""Decode an answer; return its value, and whether it contained a lone surrogate, which becomes U+FFFD.

    JavaScript writes half a surrogate pair as an escape such as `\ud83d`, which is not valid text elsewhere. A byte
    order mark is ignored.

    Raises:
        ValueError: The content is not JSON.

    >>> decode_answer(b'{"name": "cut \\ud83d"}')
    ({'name': 'cut \ufffd'}, True)
    """
    try:
        return decode_json(content), False
    except ValueError:
        whole = whole_characters(content.removeprefix(b'\xef\xbb\xbf'))
        if whole == content:
            raise
        return decode_json(whole), len(whole) == len(content)


def whole_characters(content: bytes) -> bytes:
    """Replace each lone surrogate in JSON text with U+FFFD."""
    return _ESCAPES.sub(lambda found: b'\\ufffd' if found[1] else found[0], content)


def _loads(content: bytes) -> Any:
    value = orjson.loads(content)
    # orjson comes first, because the standard library accepts more than JSON; it only serves to keep every digit.
    if _LONG in content.translate(_DIGITS):
        return json.loads(content)
    return value


def encode_json(value: object, default: Callable[[Any], Any] | None = None) -> bytes:
    """Encode a value as JSON in UTF-8. NaN and infinities become null, as they do in the answers of models.

    Args:
        value: The value to encode.
        default: A function that converts a value of another type to one that JSON has.

    Raises:
        TypeError: A value cannot be represented in JSON.

    >>> encode_json({'height': 10, 'ratio': float('nan')})
    b'{"height":10,"ratio":null}'
    """
    try:
        written: bytes = orjson.dumps(value, default, OPTIONS)
        return written
    except orjson.JSONEncodeError:
        # The value may contain something that only orjson does not know; convert it piece by piece, which is slow.
        try:
            spelled: bytes = orjson.dumps(_spelled_out(value, default or _refuse), None, OPTIONS)
        except RecursionError:
            raise TypeError('the value is nested too deeply') from None
        return spelled


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether decoded JSON is an object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether decoded JSON is an array."""
    return isinstance(value, list)


def _spelled_out(value: Any, default: Callable[[Any], Any]) -> Any:
    """Convert a value to one that orjson can encode, without long integers and without subclasses of `str` as keys."""
    if is_object(value):
        pairs: Any = value.items()
        return {str.__str__(key) if isinstance(key, str) else key: _spelled_out(item, default) for key, item in pairs}
    if type(value) is tuple or is_array(value):
        return [_spelled_out(item, default) for item in cast('list[Any]', value)]
    if isinstance(value, enum.Enum):
        return _spelled_out(value.value, default)
    if isinstance(value, int) and not isinstance(value, bool):
        return orjson.Fragment(str(int(value)))
    if isinstance(value, time):
        return value.isoformat()
    try:
        return orjson.Fragment(orjson.dumps(value, None, OPTIONS))
    except orjson.JSONEncodeError:
        if isinstance(value, (str, orjson.Fragment)):
            return value
        return _spelled_out(default(value), default)


def _refuse(value: object) -> Any:
    raise TypeError(f'Type is not JSON serializable: {type(value).__name__}')
