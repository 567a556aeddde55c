"""Type expressions, as Python code, for what a service takes and answers."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# A runner may answer anything.
from __future__ import annotations

import itertools
import keyword
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import attrs

from .._codec.json import is_array, is_object
from .description import Input

__all__ = ['Names', 'Record', 'class_name', 'input_text', 'input_type', 'quote', 'record_of']

LONGEST_NAME: Final = 30
"""A class name that would be longer is cut between words, to keep lines short."""

LARGEST: Final = 1 << 63
"""Whole numbers from this size on are not used as choices, because type checkers do not accept them."""


@attrs.frozen
class Record:
    """A `TypedDict` to write.

    Args:
        name: Its name.
        text: Its docstring.
        members: The type and the text of each member, by name.
        total: Whether all members are required.
        rows: The `TypedDict`s of tables within it.
    """

    name: str
    text: str
    members: Mapping[str, tuple[str, str]]
    total: bool = True
    rows: tuple[Record, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether a class can have all names as members, and Python leaves them as they are."""
        return all(
            name.isidentifier()
            and not keyword.iskeyword(name)
            and not name.startswith('__')
            and unicodedata.normalize('NFKC', name) == name
            for name in self.members
        )


class Names:
    """The names of classes in a module; each is given once.

    Args:
        taken: Names that the module uses for something else.
    """

    def __init__(self, taken: Collection[str]) -> None:
        self._taken = set(taken)

    def take(self, name: str) -> str:
        """Take a name, with a number behind it if it is taken already."""
        free = next(one for one in _numbered(name) if one not in self._taken)
        self._taken.add(free)
        return free


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f'{name}{number}' for number in itertools.count(2))


def quote(text: str) -> str:
    """A Python string literal with the quotes that formatters choose: double unless single ones need fewer escapes."""
    inner = repr(f'{text}\'"')[1:-4]  # with both kinds of quotes, Python escapes the single ones alone
    parts: list[str] = re.findall(r'\\.|[^\\]', inner, re.DOTALL)
    mark = '"' if text.count('"') <= text.count("'") else "'"
    plain = ["'" if part == "\\'" else part for part in parts]
    return mark + ''.join(f'\\{part}' if part == mark else part for part in plain) + mark


def class_name(text: str) -> str:
    """A name for a class.

    >>> class_name('term-life')
    'TermLife'
    """
    words = re.findall(r'[^\W_]+', unicodedata.normalize('NFKC', text))
    name = ''
    for word in words:
        if name and len(name) + len(word) > LONGEST_NAME:
            break
        name += (word[:1].upper() + word[1:])[:LONGEST_NAME]
    if name.isidentifier() and not keyword.iskeyword(name):
        return name
    return f'Service{name}'


def input_type(one: Input) -> str:
    """The type of an input."""
    rule, default = one.rule, one.rule.get('default_value')
    kind, options = rule.get('validation_type'), rule.get('options')
    if one.is_table:
        return 'list[dict[str, Any]]'
    choices = _choices(options) if kind == 'list' else []
    if choices:
        return f'Literal[{", ".join(choices)}]'
    if kind == 'date':
        return 'date | str'
    if kind == 'whole_number':
        return 'int'
    if kind == 'decimal' or (isinstance(default, (int, float)) and not isinstance(default, bool)):
        return 'float'
    if isinstance(default, bool):
        return 'bool'
    if kind in ('text_length', 'time') or isinstance(default, str):
        return 'str'
    return 'Any'


def _choices(options: Any) -> list[str]:
    """The choices of a `Literal`; none where one of them cannot be such a choice."""
    if not is_array(options) or not all(
        isinstance(one, (str, bool)) or (isinstance(one, int) and abs(one) < LARGEST) for one in options
    ):
        return []
    return list(dict.fromkeys(quote(one) if isinstance(one, str) else repr(one) for one in options))


def input_text(one: Input) -> str:
    """What an input is, its limits and its default, in a line."""
    rule = one.rule
    low, high = rule.get('min'), rule.get('max')
    parts = [one.text.strip().rstrip('.')] if one.text.strip() else []
    if low is not None and high is not None:
        parts.append(f'From {low} to {high}')
    elif low is not None or high is not None:
        parts.append(f'From {low}' if low is not None else f'Up to {high}')
    if rule.get('default_value') is not None:
        parts.append(f'The default is {rule["default_value"]}')
    return ' '.join(f'{" ".join(part.split())}.' for part in parts)


def record_of(names: Names, name: str, text: str, values: Mapping[str, Any], whole: Collection[str]) -> Record:
    """The `TypedDict` of an object of outputs, with one for each table within it.

    Args:
        names: The names of the classes so far.
        name: Its name.
        text: Its docstring.
        values: The outputs of an execution.
        whole: The names of outputs that are whole numbers. Others are float, for a whole number may be so by chance.
    """
    members: dict[str, tuple[str, str]] = {}
    rows: list[Record] = []
    for member, value in values.items():
        if not member:
            continue  # a type cannot have a member without a name
        found, inner = _value_type(names, f'{name.removesuffix("Outputs")}{class_name(member)}', member, value, whole)
        members[member] = (found, '')
        rows += inner
    return Record(name, text, members, rows=tuple(rows))


def _value_type(names: Names, name: str, member: str, value: Any, whole: Collection[str]) -> tuple[str, list[Record]]:
    """The type of a value, and the `TypedDict`s that it needs."""
    if isinstance(value, bool):
        return 'bool', []
    if isinstance(value, (int, float)):
        return ('int' if member in whole else 'float'), []
    if isinstance(value, str):
        return 'str', []
    if is_object(value):
        name = names.take(name)
        return name, [record_of(names, name, f'The output `{member}`.', value, whole)]
    if not is_array(value) or not value:
        return ('list[Any]' if is_array(value) else 'Any'), []
    if all(is_object(item) for item in value):
        together: dict[str, Any] = {}
        for item in value:
            together |= {key: one for key, one in item.items() if one is not None or key not in together}
        row = names.take(f'{name}Row')
        return f'list[{row}]', [record_of(names, row, f'A row of the output `{member}`.', together, whole)]
    if any(is_object(item) or is_array(item) for item in value):
        return 'list[Any]', []
    kinds = {_value_type(names, name, member, item, whole)[0] for item in value if item is not None}
    return (f'list[{kinds.pop()}]' if len(kinds) == 1 else 'list[Any]'), []
