"""The names of a service's inputs, and what to say of names that it does not have."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

__all__ = ['InputNames']

FIRST_IN_ANY_CASE: Final = (1, 4)
"""Compilers before this version (of 2023) make models that take the names of inputs only as they are written."""


class InputNames:
    """The inputs that a service has.

    A model ignores a name that it does not know, and computes with the default of the input that was meant.

    Args:
        names: The names, as the package has them. Without any, nothing is known, and every name is taken.
        compiler_version: The version of the model's compiler.

    >>> InputNames(['height', 'radius']).warnings({'heigth': 1, 'RADIUS': 2})[0]['message']
    "The service has no input 'heigth'; its value is not used. Did you mean 'height'?"
    """

    def __init__(self, names: Iterable[str], compiler_version: str | None = None) -> None:
        self._exact = frozenset(names)
        self._in_any_case = _takes_any_case(compiler_version)
        self._folded = {_fold(name): name for name in self._exact}
        self._warning = lru_cache(maxsize=1024)(self._write_warning)

    def warnings(self, record: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A warning for each name in a record that the service does not have."""
        unknown = record.keys() - self._exact
        if not unknown or not self._exact:
            return []
        if self._in_any_case:
            unknown = {name for name in unknown if _fold(name) not in self._folded}
        return [{'source_path': name, 'message': self._warning(name)} for name in record if name in unknown]

    def _write_warning(self, name: str) -> str:
        shown = repr(name if len(name) <= 100 else f'{name[:100]}...')
        told = f'The service has no input {shown}; its value is not used.'
        near = difflib.get_close_matches(_fold(name)[:100], self._folded, n=1, cutoff=0.6)
        return f'{told} Did you mean {self._folded[near[0]]!r}?' if near else told


def _fold(name: str) -> str:
    return name.casefold()


def _takes_any_case(compiler_version: str | None) -> bool:
    found = re.search(r'(\d+)\.(\d+)', compiler_version or '')
    return found is None or (int(found[1]), int(found[2])) >= FIRST_IN_ANY_CASE
