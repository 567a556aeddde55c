"""Bodies of requests: values to JSON, once, and compressed, once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

from .._codec.compression import Encoding, pack, pack_parts
from .._codec.json import is_object
from ..inputs import Known, encode_inputs

__all__ = ['encode_body', 'is_heavy']

MANY: Final = 1000
"""So many records take about a tenth of a millisecond to encode, and some milliseconds where values are odd."""


def encode_body(
    body: object,
    inputs: Any,
    encoding: Encoding | None,
    nan: Literal['null', 'error'] = 'null',
    known: Known | None = None,
) -> bytes:
    """A body as it is sent.

    Args:
        body: What to send.
        inputs: The inputs within it; errors name the place of a value from here.
        encoding: How to compress it.
        nan: What becomes of NaN and infinities.
        known: What iterators among the values held, where these are encoded several times.

    Raises:
        SparkSdkError: It holds something that JSON cannot hold.

    >>> encode_body({'inputs': {'height': 10}}, {'height': 10}, None)
    b'{"inputs":{"height":10}}'
    """
    if is_heavy(inputs) and is_object(body):
        parts = _parts(body, inputs, nan, known or Known())
        return b''.join(pack_parts(parts, encoding) if encoding else parts)
    content = encode_inputs(body, inputs, nan, known=known)
    return pack(content, encoding) if encoding else content


def _parts(body: dict[str, Any], inputs: Sequence[Any], nan: Literal['null', 'error'], known: Known) -> Iterator[bytes]:
    """A body with many records, so many at a time that others have their turn between two parts."""
    rest = encode_inputs({name: value for name, value in body.items() if name != 'inputs'}, None)
    yield b'{"inputs":['
    for start in range(0, len(inputs), MANY):
        some = inputs[start : start + MANY]
        yield (b',' if start else b'') + encode_inputs(some, some, nan, start, known)[1:-1]
    yield b'],' + rest[1:] if len(rest) > 2 else b']}'


def is_heavy(inputs: Any) -> bool:
    """Whether encoding these inputs may take long enough to be felt on an event loop."""
    return isinstance(inputs, Sequence) and len(inputs) > MANY  # pyright: ignore[reportUnknownArgumentType]
