"""Split the answer of a compiled model into its members without decoding them.

A model writes its answers as JSON, and most of an answer goes to the caller unchanged. So only the members that change
are decoded. `msgspec` finds the members by skipping their values and accepts some JSON that other parsers reject. This
module checks for such JSON, because the invalid answer of one record must not spoil the answers of the others.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from ..._codec.json import decode_json, encode_json, is_array, is_object
from ..errors import ServiceError

__all__ = ['NULL', 'ModelAnswer', 'cut_answer', 'raw', 'read', 'read_object']

NULL: Final = msgspec.Raw(b'null')

MOST_LEVELS: Final = 200
"""Every JSON parser can read this many levels, even within the answer to many records."""

SURROGATE: Final = re.compile(rb'\\u[dD][89a-fA-F]')
"""Half of a surrogate pair; the other half may be missing."""

KEPT: Final = b'0123456789eE-,:"[]{}'
DROPPED: Final = bytes(byte for byte in range(256) if byte not in KEPT)
NO_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b'[]{}')
SHAPES: Final = bytes.maketrans(b'123456789E', b'000000000e')
"""Turns every digit into a zero and every E into a lower-case one, so that long numbers are found by a plain search."""


class ModelAnswer(msgspec.Struct, gc=False):
    """The members of a model's answer, each as JSON."""

    response_data: dict[str, msgspec.Raw] | None = None
    response_meta: msgspec.Raw = NULL
    status: msgspec.Raw = NULL
    error: msgspec.Raw = NULL

    @property
    def about(self) -> dict[str, Any]:
        """The model's information about itself: its `response_meta`."""
        return read_object(self.response_meta)

    @property
    def has_failed(self) -> bool:
        """Whether the model reports that it failed."""
        return bytes(self.error) != b'null' or read(self.status) not in (None, 'Success')

    def data(self, name: str) -> msgspec.Raw:
        """Return a member of `response_data`, or null."""
        if self.response_data is None:
            return NULL
        return self.response_data.get(name, NULL)

    def put(self, name: str, value: object) -> None:
        """Set a member of `response_data`."""
        if self.response_data is None:
            self.response_data = {}
        self.response_data[name] = raw(value)

    def add(self, name: str, entries: list[Any], *, first: bool = False) -> None:
        """Append entries to a list in `response_data`, or insert them at its start."""
        found = read(self.data(name))
        others: list[Any] = found if is_array(found) else []
        self.put(name, [*entries, *others] if first else [*others, *entries])


_DECODER: Final = msgspec.json.Decoder(ModelAnswer)


def read(member: msgspec.Raw) -> Any:
    """Decode a member."""
    return decode_json(bytes(member))


def read_object(member: msgspec.Raw) -> dict[str, Any]:
    """Decode a member that is an object; anything else gives an empty one."""
    value = read(member)
    return value if is_object(value) else {}


def raw(value: object) -> msgspec.Raw:
    """Encode a value as a member.

    Raises:
        ServiceError: 500 if the value is nested too deeply.
    """
    try:
        # Encoded four levels deeper, because that is where it stands in the answer to many records.
        return msgspec.Raw(encode_json([[[[value]]]])[4:-4])
    except TypeError:
        raise ServiceError(500, 'the model answered with values that are nested too deeply') from None


def cut_answer(content: bytes) -> ModelAnswer:
    """Split a model's answer to one request into its members.

    Raises:
        ServiceError: 500 if it is not a valid answer.
    """
    answer = _cut(content) if _is_plain(content) else None
    if answer is None:
        answer = _read_answer(content)
    if answer.response_data is None and not answer.has_failed:
        raise ServiceError(500, 'the model answered without response_data')
    return answer


def _cut(content: bytes) -> ModelAnswer | None:
    try:
        return _DECODER.decode(content)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None  # `_read_answer` then reports what is wrong


def _read_answer(content: bytes) -> ModelAnswer:
    """Decode an answer and encode its members again, which takes several times as long as `_cut`."""
    try:
        answer: Any = decode_json(content)
    except (ValueError, RecursionError) as error:
        raise ServiceError(500, f'the model answered with something that is not JSON: {error}') from None
    found: dict[str, Any] = answer if is_object(answer) else {}
    data = found.get('response_data')
    members = {name: raw(value) for name, value in data.items()} if is_object(data) else None
    return ModelAnswer(members, *(raw(found.get(name)) for name in ('response_meta', 'status', 'error')))


def _is_plain(content: bytes) -> bool:
    """Whether `msgspec` alone can check an answer: it has no invalid UTF-8, no surrogates, no huge numbers and no deep
    nesting. The result may be False for a valid answer."""
    if not content.isascii():
        try:
            content.decode()
        except UnicodeDecodeError:
            return False
    if b'\\' in content and SURROGATE.search(content):
        return False
    # An exponent of three digits, or 200 digits in a row, may be a number that is too large for a float.
    shape = content.translate(SHAPES, DROPPED)
    if b'0e000' in shape or b'0' * 200 in shape:
        return False
    return _is_flat(shape.translate(None, NO_BRACKETS))


def _is_flat(brackets: bytes) -> bool:
    """Whether brackets are balanced and not nested too deeply. Each round removes the innermost pairs."""
    for _ in range(MOST_LEVELS):
        if not brackets:
            return True
        fewer = brackets.replace(b'{}', b'').replace(b'[]', b'')
        if len(fewer) == len(brackets):
            return False
        brackets = fewer
    return False
