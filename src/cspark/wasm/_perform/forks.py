"""Reset objects in a forked process: their locks may be held by threads of the parent, their connections shared."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet

__all__ = ['after_fork']


class Forked(Protocol):
    """An object that must be reset in a forked process."""

    def start_anew(self) -> None:
        """Reset the object. It is called in the forked process, before any other code."""
        ...


_known: WeakSet[Forked] = WeakSet()


def after_fork(one: Forked) -> None:
    """Reset this object in every process that is forked from now on, for as long as it exists."""
    _known.add(one)


def _start_anew() -> None:
    for one in list(_known):
        one.start_anew()


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_start_anew)
