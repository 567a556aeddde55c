"""Decode large JSON in pieces, so that other threads can run in between.

A parser holds the interpreter lock from the first byte to the last: 100 MB block an event loop for half a second, even
on another thread. So a long array is cut at a comma that probably stands between two of its items. The parser decides
whether it does: the part before the comma is either a sequence of complete items, or an error.
"""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

__all__ = ['LARGE', 'collector_paused', 'read_in_pieces']

LARGE: Final = 1 << 20
"""Content of more than this many bytes is decoded in pieces."""

DECODE_SIZE: Final = 1 << 18
"""The size of a piece, in bytes; decoding one takes a few milliseconds."""

MOST_TRIES: Final = 24
"""After how many unsuitable commas the rest of an array is decoded as a whole."""
_SPACE: Final = re.compile(rb'[ \t\r\n]*')
_NAME: Final = re.compile(rb'[ \t\r\n]*("(?:[^"\\\x00-\x1f]|\\.)*")[ \t\r\n]*:[ \t\r\n]*')
_ITEM: Final = re.compile(rb'\{[ \t\r\n]*("(?:[^"\\]|\\.)*")[ \t\r\n]*:')
_DECODER: Final = json.JSONDecoder()
_SCALAR_END: Final = re.compile(rb'[,}]')


class _NotSeenError(ValueError):
    """The content has a form that this module cannot cut; it is then decoded as a whole."""


def read_in_pieces(content: bytes, loads: Callable[[bytes], Any]) -> Any:
    """Decode JSON with the same result as `loads`.

    Args:
        content: JSON in UTF-8.
        loads: A function that decodes a piece.

    Raises:
        ValueError: The content is not JSON.

    >>> import json
    >>> read_in_pieces(b'{"outputs": [{"volume": 1}], "version": "1.2"}', json.loads)
    {'outputs': [{'volume': 1}], 'version': '1.2'}
    """
    with collector_paused():
        return _read(content, loads)


def _read(content: bytes, loads: Callable[[bytes], Any]) -> Any:
    try:
        start = _after_space(content, 0)
        value, end = _read_object(content, start, loads)
        if _after_space(content, end) != len(content):
            raise _NotSeenError
    except ValueError:
        return loads(content)
    return value


@contextmanager
def collector_paused() -> Generator[None]:
    """Pause the garbage collector: while many objects are made, its repeated scans take longer than making them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read_object(content: bytes, start: int, loads: Callable[[bytes], Any]) -> tuple[dict[str, Any], int]:
    """Decode the object that starts at a position; return it and the position of its end."""
    if content[start : start + 1] != b'{':
        raise _NotSeenError
    found: dict[str, Any] = {}
    position = start
    while content[position : position + 1] != b'}':
        name = _NAME.match(content, position + 1)
        if name is None:
            raise _NotSeenError
        value, position = _read_value(content, name.end(), loads)
        found[loads(name[1])] = value
        position = _after_space(content, position)
        if content[position : position + 1] not in (b',', b'}'):
            raise _NotSeenError
    return found, position + 1


def _read_value(content: bytes, start: int, loads: Callable[[bytes], Any]) -> tuple[Any, int]:
    kind = content[start : start + 1]
    if kind == b'[':
        return _read_array(content, start, loads)
    if kind == b'{':
        return _read_object(content, start, loads)
    if kind == b'"':
        end = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL).match(content, start)
        if end is None:
            raise _NotSeenError
        return loads(end[0]), end.end()
    scalar = _SCALAR_END.search(content, start, start + 400)
    if scalar is None:
        raise _NotSeenError
    return loads(content[start : scalar.start()]), scalar.start()


def _read_array(content: bytes, start: int, loads: Callable[[bytes], Any]) -> tuple[list[Any], int]:
    items: list[Any] = []
    # If the first item is an object, cut only before an object with the same first name: most commas are within items.
    first = _ITEM.match(content, _after_space(content, start + 1))
    space = rb'[ \t\r\n]*'
    mark = re.compile(rb',%b\{%b%b' % (space, space, re.escape(first[1])) if first else b',')
    position = start + 1
    while (cut := _cut(content, position, mark, loads, items)) is not None:
        position = cut
    end = _end(content, position)
    items += loads(b'[%b]' % content[position:end])
    return items, end + 1


def _end(content: bytes, start: int) -> int:
    """Find the end of an array, the rest of which starts at a position and is at most two pieces long."""
    rest = content[start : start + 2 * DECODE_SIZE].decode('utf-8', 'ignore')
    _, end = _DECODER.raw_decode('[' + rest)
    return start + len(rest[: end - 2].encode())


def _cut(
    content: bytes, start: int, mark: re.Pattern[bytes], loads: Callable[[bytes], Any], items: list[Any]
) -> int | None:
    """Decode some items of an array.

    Returns:
        The position of the next item; None if no cut was found, as near the end of the array.
    """
    comma = start + DECODE_SIZE
    for _ in range(MOST_TRIES):
        found = mark.search(content, comma, start + 2 * DECODE_SIZE)
        if found is None:
            return None
        comma = found.start()
        try:
            items += loads(b'[%b]' % content[start:comma])
        except ValueError:
            comma += 1
        else:
            return comma + 1
    return None


def _after_space(content: bytes, start: int) -> int:
    space = _SPACE.match(content, start)
    return space.end() if space else start
