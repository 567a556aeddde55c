"""Type expressions, as Python code, for what a service takes and answers."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# A runner may answer anything.
from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Mapping
from typing import Any

import attrs

from .._codec.json import is_array, is_object
from .description import Input

__all__ = ['Record', 'class_name', 'input_text', 'input_type', 'quote', 'record_of']


@attrs.frozen
class Record:
    """A `TypedDict` to write.

    Args:
        name: Its name.
        text: Its docstring.
        members: The type and the text of each member, by name.
        total: Whether all members are there.
        rows: The `TypedDict`s of tables within it.
    """

    name: str
    text: str
    members: Mapping[str, tuple[str, str]]
    total: bool = True
    rows: tuple[Record, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether all names are identifiers, so that a class can have them as members."""
        return all(name.isidentifier() and not keyword.iskeyword(name) for name in self.members)


def quote(text: str) -> str:
    """A text as Python writes it, in double quotes where it has none, as formatters do."""
    written = repr(text)
    if written.startswith("'") and '"' not in written:
        return f'"{written[1:-1]}"'
    return written


def class_name(text: str) -> str:
    """A name for a class.

    >>> class_name('term-life')
    'TermLife'
    """
    words = re.findall(r'[^\W_]+', text)
    name = ''.join(word[:1].upper() + word[1:] for word in words)
    return name if name.isidentifier() and not keyword.iskeyword(name) else f'Service{name}'


def input_type(one: Input) -> str:
    """The type of an input."""
    rule, default = one.rule, one.rule.get('default_value')
    kind, options = rule.get('validation_type'), rule.get('options')
    if one.is_table:
        return 'list[dict[str, Any]]'
    if kind == 'list' and is_array(options) and options and all(type(choice) in (str, int, bool) for choice in options):
        return f'Literal[{", ".join(_literal(choice) for choice in dict.fromkeys(options))}]'
    if kind == 'date':
        return 'date | str'
    if kind == 'whole_number':
        return 'int'
    if kind == 'decimal' or (isinstance(default, (int, float)) and not isinstance(default, bool)):
        return 'float'
    if isinstance(default, bool):
        return 'bool'
    return 'str' if kind in ('text_length', 'time') or isinstance(default, str) else 'Any'


def _literal(choice: Any) -> str:
    return quote(choice) if isinstance(choice, str) else repr(choice)


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


def record_of(name: str, text: str, values: Mapping[str, Any], whole: Collection[str]) -> Record:
    """The `TypedDict` of an object of outputs; its tables have one each.

    Args:
        name: Its name.
        text: Its docstring.
        values: The outputs of an execution.
        whole: The names of outputs that are whole numbers. Others are float, for a whole number may be so by chance.
    """
    members: dict[str, tuple[str, str]] = {}
    rows: list[Record] = []
    for member, value in values.items():
        found, inner = _value_type(f'{name.removesuffix("Outputs")}{class_name(member)}', member, value, whole)
        members[member] = (found, '')
        rows += inner
    return Record(name, text, members, rows=tuple(rows))


def _value_type(name: str, member: str, value: Any, whole: Collection[str]) -> tuple[str, list[Record]]:
    """The type of a value, and the `TypedDict`s that it needs."""
    if isinstance(value, bool):
        return 'bool', []
    if isinstance(value, (int, float)):
        return ('int' if member in whole else 'float'), []
    if isinstance(value, str):
        return 'str', []
    if is_object(value):
        return name, [record_of(name, f'The output `{member}`.', value, whole)]
    if not is_array(value) or not value:
        return ('list[Any]' if is_array(value) else 'Any'), []
    if all(is_object(item) for item in value):
        together: dict[str, Any] = {}
        for item in value:
            together |= {key: one for key, one in item.items() if one is not None or key not in together}
        row = f'{name}Row'
        return f'list[{row}]', [record_of(row, f'A row of the output `{member}`.', together, whole)]
    kinds = {_value_type(name, member, item, whole)[0] for item in value if item is not None}
    return (f'list[{kinds.pop()}]' if len(kinds) == 1 else 'list[Any]'), []
