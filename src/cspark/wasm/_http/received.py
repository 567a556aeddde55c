"""From the bytes of an answer to an `Answer`: unpacked, and without what must not be kept."""

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
"""What takes a while to unpack, in bytes."""

NAMES: Final[dict[str, Encoding]] = {'gzip': 'gzip', 'x-gzip': 'gzip', 'deflate': 'deflate'}


def encodings_of(headers: list[tuple[str, str]]) -> list[str]:
    """How a body is packed, in the order in which that was done; the outermost one comes last."""
    lines = [value for name, value in headers if len(name) == 16 and name.lower() == 'content-encoding']
    named = [one.strip().lower() for one in ','.join(lines).split(',')] if lines else []
    return [one for one in named if one not in ('', 'identity')]


def unpack_body(step: Send, content: bytes, encodings: list[str]) -> bytes:
    """A body as it was before it was compressed, within limits.

    Raises:
        Undelivered: It is not what its `Content-Encoding` says, or too large.
    """
    if not content:
        return content
    try:
        if unasked := [encoding for encoding in encodings if encoding not in NAMES]:
            raise ValueError(f'{unasked[0]!r} was not asked for; this client asked for {", ".join(ENCODINGS)}')
        for encoding in reversed(encodings):
            content = unpack(content, NAMES[encoding], limits.LARGEST_ANSWER, raw_too=True)
    except ValueError as error:
        raise decode_failure(masked(error, step)) from None
    return content


def is_heavy(reader: AnswerReader) -> bool:
    """Whether unpacking takes long enough for a thread."""
    return len(reader.content) > HEAVY and bool(encodings_of(reader.headers))


def received(step: Send, reader: AnswerReader) -> Answer:
    """What came back.

    Raises:
        Undelivered: The body cannot be unpacked.
    """
    encodings = encodings_of(reader.headers)
    content = unpack_body(step, reader.content, encodings) if encodings else reader.content
    return Answer(step.method, step.url, shown(step.headers), step.content, reader.status, reader.headers, content)
