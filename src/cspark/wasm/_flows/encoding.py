"""Bodies of requests: values to JSON, once, and compressed, once."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from typing import Any, Final

from .._json import encode_json
from ..errors import SparkSdkError
from ..options import Encoding

__all__ = ['encode_body', 'is_heavy']

LEVEL: Final = 1
"""A runner is near: more compression costs more time than it saves."""

MANY: Final = 500


def encode_body(body: object, encoding: Encoding | None) -> bytes:
    """A body as it is sent.

    Raises:
        SparkSdkError: It holds something that JSON cannot hold.

    >>> encode_body({'height': 10}, None)
    b'{"height":10}'
    """
    try:
        content = encode_json(body)
    except (TypeError, ValueError, RecursionError) as error:
        raise SparkSdkError(f'the inputs cannot be written as JSON: {error}', error) from error
    if encoding == 'gzip':
        return gzip.compress(content, LEVEL, mtime=0)
    if encoding == 'deflate':
        return zlib.compress(content, LEVEL)
    return content


def is_heavy(inputs: Any) -> bool:
    """Whether encoding these inputs may take long enough to be felt on an event loop."""
    return isinstance(inputs, Sequence) and len(inputs) > MANY  # pyright: ignore[reportUnknownArgumentType]
