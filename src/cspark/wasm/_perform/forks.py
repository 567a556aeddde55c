"""What must be made anew in a forked process: locks that another thread held, and connections that belong to two."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet

__all__ = ['after_fork']


class Forked(Protocol):
    """What has something to make anew."""

    def start_anew(self) -> None:
        """Called in the forked process, before anything else."""
        ...


_known: WeakSet[Forked] = WeakSet()


def after_fork(one: Forked) -> None:
    """From now on, make this anew in each forked process."""
    _known.add(one)


def _start_anew() -> None:
    for one in list(_known):
        one.start_anew()


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_start_anew)
