"""Bodies of requests: values to JSON, once, and compressed, once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from .._compression import Encoding, pack
from ..inputs import encode_inputs

__all__ = ['encode_body', 'is_heavy']

MANY: Final = 500


def encode_body(
    body: object, inputs: object, encoding: Encoding | None, nan: Literal['null', 'error'] = 'null'
) -> bytes:
    """A body as it is sent.

    Args:
        body: What to send.
        inputs: The inputs within it; errors name the place of a value from here.
        encoding: How to compress it.
        nan: What becomes of NaN and infinities.

    Raises:
        SparkSdkError: It holds something that JSON cannot hold.

    >>> encode_body({'inputs': {'height': 10}}, {'height': 10}, None)
    b'{"inputs":{"height":10}}'
    """
    content = encode_inputs(body, inputs, nan)
    return pack(content, encoding) if encoding else content


def is_heavy(inputs: Any) -> bool:
    """Whether encoding these inputs may take long enough to be felt on an event loop."""
    return isinstance(inputs, Sequence) and len(inputs) > MANY  # pyright: ignore[reportUnknownArgumentType]
