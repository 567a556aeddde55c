"""Make an `Answer` from the bytes received: decompress the body, and drop headers that must not be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._answer import Answer, shown
from .._calls.steps import Send
from .._codec.compression import ENCODINGS, Encoding, unpack
from . import limits
from .failures import decode_failure, masked

if TYPE_CHECKING:
    from .answer_reader import AnswerReader

__all__ = ['encodings_of', 'is_heavy', 'received', 'unpack_body']

HEAVY: Final = 1 << 16
"""From this size on, a compressed body is decompressed on a thread, in bytes."""

NAMES: Final[dict[str, Encoding]] = {'gzip': 'gzip', 'x-gzip': 'gzip', 'deflate': 'deflate'}


def encodings_of(headers: list[tuple[str, str]]) -> list[str]:
    """Return the content encodings of a body, in the order in which they were applied."""
    lines = [value for name, value in headers if len(name) == 16 and name.lower() == 'content-encoding']
    named = [one.strip().lower() for one in ','.join(lines).split(',')] if lines else []
    return [one for one in named if one not in ('', 'identity')]


def unpack_body(step: Send, content: bytes, encodings: list[str]) -> bytes:
    """Decompress a body.

    Raises:
        Undelivered: The body does not have its content encodings, or is too large.
    """
    if not content:
        return content
    try:
        if unasked := [encoding for encoding in encodings if encoding not in NAMES]:
            raise ValueError(f'{unasked[0]!r} was not requested; this client accepts {", ".join(ENCODINGS)}')
        for encoding in reversed(encodings):
            content = unpack(content, NAMES[encoding], limits.LARGEST_ANSWER, raw_too=True)
    except ValueError as error:
        raise decode_failure(masked(error, step)) from None
    return content


def is_heavy(reader: AnswerReader) -> bool:
    """Whether the body takes long enough to decompress that a thread should do it."""
    return len(reader.content) > HEAVY and bool(encodings_of(reader.headers))


def received(step: Send, reader: AnswerReader) -> Answer:
    """Make the answer from what was read.

    Raises:
        Undelivered: The body cannot be decompressed.
    """
    encodings = encodings_of(reader.headers)
    content = unpack_body(step, reader.content, encodings) if encodings else reader.content
    return Answer(step.method, step.url, shown(step.headers), step.content, reader.status, reader.headers, content)
