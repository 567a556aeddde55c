"""Encode the values among inputs as JSON, and find the one that JSON cannot hold."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# Inputs may have any type at all.
from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from ._codec.json import Fragment, encode_json
from ._codec.plain import UnfitValueError, plain
from .errors import SparkInputError
from .inputs import is_row

__all__ = ['Known', 'encode_inputs', 'name_column']


def encode_inputs(
    body: object,
    inputs: object,
    nan: Literal['null', 'error'] = 'null',
    first: int = 0,
    known: Known | None = None,
) -> bytes:
    """A body with inputs in it as JSON.

    Args:
        body: What to write.
        inputs: The inputs within it, for errors: these name the place of a value from here.
        nan: What becomes of NaN and infinities.
        first: The place of the first one among all inputs, for errors.
        known: What iterators among the values held, where these are encoded several times.

    Raises:
        SparkInputError: JSON cannot hold a value; the error has its place and says what is accepted.
    """
    known = known or Known()
    if nan == 'error' and (place := _locate(inputs, (), _nan_problem, known, first)):
        raise SparkInputError(place[1], None, place[0])
    try:
        return encode_json(body, known.plain)
    except (TypeError, ValueError, RecursionError) as error:
        try:
            path, problem = _locate(inputs, (), _type_problem, known, first) or ((), str(error))
        except RecursionError:
            path, problem = (), 'inputs hold themselves, or are nested too deeply for JSON'
        if not path and not problem.startswith('inputs'):
            problem = f'inputs: {problem}'
        raise SparkInputError(problem, error, path) from error


def name_column(inputs: Any, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The place of a value in columnar inputs, with the name of its column instead of its place in the row."""
    if len(path) < 2 or not isinstance(inputs, list) or not is_row(inputs[0]) or not isinstance(path[1], int):
        return path
    return int(path[0]) - 1, str(inputs[0][path[1]]), *path[2:]


class Known:
    """What iterators among the values held: they can be read only once."""

    def __init__(self) -> None:
        self._read: dict[int, tuple[Any, list[Any]]] = {}

    def items(self, iterator: Iterator[Any]) -> list[Any]:
        """The items of an iterator."""
        if id(iterator) not in self._read:
            self._read[id(iterator)] = (iterator, list(iterator))
        return self._read[id(iterator)][1]

    def plain(self, value: Any) -> Any:
        """As `plain`, any number of times."""
        if isinstance(value, Iterator):
            return self.items(value)
        return plain(value)


Place: TypeAlias = 'tuple[tuple[str | int, ...], str]'
"""Where a value is, and what is wrong with it."""


def _locate(
    value: Any, path: tuple[str | int, ...], problem_of: Callable[[Any], str], known: Known, first: int = 0
) -> Place | None:
    """The first value that has a problem."""
    if isinstance(value, dict):
        for key in value:
            if problem := '' if problem_of is _nan_problem else _key_problem(key):
                return path, problem
        children: Iterable[tuple[Any, Any]] = value.items()
    elif type(value) in (list, tuple):
        children = enumerate(value, first)
    elif isinstance(value, (str, bool)) or problem_of(value):
        problem = problem_of(value)
        return (path, problem) if problem else None
    else:
        return _locate_within(value, path, problem_of, known)
    for name, child in children:
        if found := _locate(child, (*path, name), problem_of, known):
            return found
    return None


def _locate_within(
    value: Any, path: tuple[str | int, ...], problem_of: Callable[[Any], str], known: Known
) -> Place | None:
    """The same for a value that is something else in JSON."""
    if value is None or isinstance(value, (int, float, Decimal)):
        return None
    if isinstance(value, enum.Enum):
        return _locate(value.value, path, problem_of, known)
    try:
        inner = known.plain(value)
    except UnfitValueError as error:
        return (*path, *error.path), str(error)
    except TypeError as error:
        return path, str(error)
    if inner is None or type(inner) in (type(value), Fragment):
        return None
    return _locate(inner, path, problem_of, known)


def _key_problem(key: object) -> str:
    if not isinstance(key, str):
        return f'the key {key!r} is not text'
    if _type_problem(key):
        return 'a key has half a surrogate pair, which JSON cannot hold'
    return ''


def _nan_problem(value: Any) -> str:
    if isinstance(value, Decimal):
        is_finite = value.is_finite()
    else:
        is_finite = not isinstance(value, float) or math.isfinite(value)
    if is_finite:
        return ''
    return f'{value!r} is not a number that JSON can hold; give nan="null" to send null'


def _type_problem(value: Any) -> str:
    if not isinstance(value, str):
        return ''
    try:
        value.encode()
    except UnicodeEncodeError:
        return 'the text has half a surrogate pair, which JSON cannot hold'
    return ''
