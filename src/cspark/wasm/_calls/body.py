"""Request bodies: encoded as JSON once, and compressed once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

from .._codec.compression import Encoding, pack, pack_parts
from .._codec.json import is_object
from .._input_values import Known, encode_inputs, name_column
from ..errors import SparkInputError

__all__ = ['encode_body', 'is_heavy']

MANY: Final = 1000
"""Encoding this many records takes about 0.1 ms, or a few milliseconds if `orjson` does not know their types."""


def encode_body(
    body: object,
    inputs: Any,
    encoding: Encoding | None,
    nan: Literal['null', 'error'] = 'null',
    known: Known | None = None,
) -> bytes:
    """Encode the body of a request, and compress it if asked to.

    Args:
        body: The whole body.
        inputs: The inputs within it; the paths in error messages start here.
        encoding: The content encoding to compress the body with; None sends it uncompressed.
        nan: Whether NaN and infinities become null or raise an error.
        known: The values already read from iterators in the inputs, if the same inputs are encoded more than once.

    Raises:
        SparkSdkError: A value cannot be represented in JSON.

    >>> encode_body({'inputs': {'height': 10}}, {'height': 10}, None)
    b'{"inputs":{"height":10}}'
    """
    try:
        if is_heavy(inputs) and is_object(body):
            parts = _parts(body, inputs, nan, known or Known())
            return b''.join(pack_parts(parts, encoding) if encoding else parts)
        content = encode_inputs(body, inputs, nan, known=known)
    except SparkInputError as error:
        raise SparkInputError(error.problem, error.cause, name_column(inputs, error.path)) from error
    return pack(content, encoding) if encoding else content


def _parts(body: dict[str, Any], inputs: Sequence[Any], nan: Literal['null', 'error'], known: Known) -> Iterator[bytes]:
    """Encode a body with many records in parts, so that other threads can run between two of them."""
    rest = encode_inputs({name: value for name, value in body.items() if name != 'inputs'}, None)
    yield b'{"inputs":['
    for start in range(0, len(inputs), MANY):
        some = inputs[start : start + MANY]
        # Without the brackets of the part's own array: all parts together are one array.
        yield (b',' if start else b'') + encode_inputs(some, some, nan, start, known)[1:-1]
    yield b'],' + rest[1:] if len(rest) > 2 else b']}'  # two bytes are an empty object: there are no other fields


def is_heavy(inputs: Any) -> bool:
    """Whether encoding these inputs may block an event loop for a noticeable time."""
    return isinstance(inputs, Sequence) and len(inputs) > MANY  # pyright: ignore[reportUnknownArgumentType]
