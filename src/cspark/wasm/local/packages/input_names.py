"""Warn about inputs that a service does not have."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final

__all__ = ['InputNames']

MOST_WARNINGS: Final = 20
"""The largest number of these warnings for one record."""

MOST_COMPARED: Final = 256
"""At most this many unknown names are compared with this many known ones while a service is served, because finding
similar names is slow."""

LONGEST: Final = 50
"""Longer names are not compared."""

FIRST_IN_ANY_CASE: Final = (1, 4)
"""The first compiler version (of 2023) whose models ignore the case of input names."""


class InputNames:
    """The names of a service's inputs.

    A model ignores an unknown name and computes with the default of the input that was meant.

    Args:
        names: The names in the package. If there are none, no name counts as unknown.
        compiler_version: The version of the model's compiler.

    >>> InputNames(['height', 'radius']).warnings({'heigth': 1, 'RADIUS': 2})[0]['message']
    "The service has no input 'heigth'; its value is not used. Did you mean 'height'?"
    """

    def __init__(self, names: Iterable[str], compiler_version: str | None = None) -> None:
        self._exact = frozenset(names)
        self._in_any_case = _takes_any_case(compiler_version)
        self._folded = {_fold(name): name for name in self._exact}
        self._known: dict[str, str] = {}

    def warnings(self, record: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return a warning for each name in a record that the service does not have."""
        unknown = record.keys() - self._exact
        if not unknown or not self._exact:
            return []
        if self._in_any_case:
            unknown = {name for name in unknown if _fold(name) not in self._folded}
        told = [name for name in record if name in unknown][:MOST_WARNINGS]
        return [{'source_path': name, 'message': self._message(name)} for name in told]

    def _message(self, name: str) -> str:
        """Return the warning for an unknown name."""
        # The messages are cached, and only so many are made with a suggestion: comparing names is slow.
        if name not in self._known:
            message = _without_suggestion(name)
            if len(self._known) >= MOST_COMPARED:
                return message
            near = difflib.get_close_matches(_fold(name), self._comparable, n=1) if len(name) <= LONGEST else ()
            self._known[name] = f'{message} Did you mean {self._folded[near[0]]!r}?' if near else message
        return self._known[name]

    @cached_property
    def _comparable(self) -> list[str]:
        return [name for name in self._folded if len(name) <= LONGEST][:MOST_COMPARED]


def _without_suggestion(name: str) -> str:
    shown = repr(name if len(name) <= 100 else f'{name[:100]}...')
    return f'The service has no input {shown}; its value is not used.'


def _fold(name: str) -> str:
    return name.lower()


def _takes_any_case(compiler_version: str | None) -> bool:
    found = re.match(r'\D{0,20}(\d{1,5})\.(\d{1,5})', (compiler_version or '')[:40])
    return found is None or (int(found[1]), int(found[2])) >= FIRST_IN_ANY_CASE
