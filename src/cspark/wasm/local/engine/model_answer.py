"""What a compiled model answers, cut into its members without being read.

A model writes its answers as JSON, and most of an answer goes to the caller as it stands. So its members are found, and
taken apart only where something is changed. `msgspec` finds them while it skips; what it lets through and others refuse
to read is looked for here, for one record's broken answer must not cost the others theirs.
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
"""What is nested no deeper can be read by every reader of JSON, inside the answer to many records too."""

SURROGATE: Final = re.compile(rb'\\u[dD][89a-fA-F]')
"""Half a character, perhaps without its other half."""

KEPT: Final = b'0123456789eE-,:"[]{}'
DROPPED: Final = bytes(byte for byte in range(256) if byte not in KEPT)
NO_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b'[]{}')
SHAPES: Final = bytes(0x30 if 0x30 <= byte <= 0x39 else 0x65 if byte == 0x45 else byte for byte in range(256))
"""Every digit becomes a zero and every E small."""


class ModelAnswer(msgspec.Struct, gc=False):
    """The members of an answer, each as JSON."""

    response_data: dict[str, msgspec.Raw] | None = None
    response_meta: msgspec.Raw = NULL
    status: msgspec.Raw = NULL
    error: msgspec.Raw = NULL

    @property
    def about(self) -> dict[str, Any]:
        """What the model says of itself: its `response_meta`."""
        return read_object(self.response_meta)

    @property
    def has_failed(self) -> bool:
        """Whether the model itself says that it failed."""
        return bytes(self.error) != b'null' or read(self.status) not in (None, 'Success')

    def data(self, name: str) -> msgspec.Raw:
        """A member of `response_data`."""
        return NULL if self.response_data is None else self.response_data.get(name, NULL)

    def put(self, name: str, value: object) -> None:
        """Set a member of `response_data`."""
        if self.response_data is None:
            self.response_data = {}
        self.response_data[name] = raw(value)

    def add(self, name: str, entries: list[Any], *, first: bool = False) -> None:
        """Put more entries behind or before those of a list in `response_data`."""
        found = read(self.data(name))
        others: list[Any] = found if is_array(found) else []
        self.put(name, [*entries, *others] if first else [*others, *entries])


_DECODER: Final = msgspec.json.Decoder(ModelAnswer)


def read(member: msgspec.Raw) -> Any:
    """The value of a member."""
    return decode_json(bytes(member))


def read_object(member: msgspec.Raw) -> dict[str, Any]:
    """The value of a member that is an object; anything else is an empty one."""
    value = read(member)
    return value if is_object(value) else {}


def raw(value: object) -> msgspec.Raw:
    """A value as a member.

    Raises:
        ServiceError: 500 where it is nested too deeply.
    """
    try:
        # Four levels deeper, for it will stand in the answer to many records, which must be written too.
        return msgspec.Raw(encode_json([[[[value]]]])[4:-4])
    except TypeError:
        raise ServiceError(500, 'the model answered with values that are nested too deeply') from None


def cut_answer(content: bytes) -> ModelAnswer:
    """What a model answered to one request.

    Raises:
        ServiceError: 500 where that is no answer.
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
        return None  # whoever reads it whole knows what is wrong


def _read_answer(content: bytes) -> ModelAnswer:
    """Read an answer, which takes several times as long, and write its members anew."""
    try:
        answer: Any = decode_json(content)
    except (ValueError, RecursionError) as error:
        raise ServiceError(500, f'the model answered with something that is not JSON: {error}') from None
    found: dict[str, Any] = answer if is_object(answer) else {}
    data = found.get('response_data')
    members = {name: raw(value) for name, value in data.items()} if is_object(data) else None
    return ModelAnswer(members, *(raw(found.get(name)) for name in ('response_meta', 'status', 'error')))


def _is_plain(content: bytes) -> bool:
    """Whether skipping finds all that can be wrong with it: neither text that is no UTF-8, nor half a character, nor a
    number beyond all numbers, nor deep nesting. It may say no where all is well."""
    if not content.isascii():
        try:
            content.decode()
        except UnicodeDecodeError:
            return False
    if b'\\' in content and SURROGATE.search(content):
        return False
    shape = content.translate(SHAPES, DROPPED)
    if b'0e000' in shape or b'0' * 200 in shape:
        return False
    return _is_flat(shape.translate(None, NO_BRACKETS))


def _is_flat(brackets: bytes) -> bool:
    """Whether these brackets are pairs, not too deep; each round takes the innermost ones away."""
    for _ in range(MOST_LEVELS):
        if not brackets:
            return True
        fewer = brackets.replace(b'{}', b'').replace(b'[]', b'')
        if len(fewer) == len(brackets):
            return False
        brackets = fewer
    return False
