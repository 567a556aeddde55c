"""What may watch calls: a seam for telemetry, which stands above this room and is not imported here.

A client that is built sets the observer of the process once; without one, watching a call costs a look at a variable.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from ..config import Config
from .steps import Send

__all__ = ['AttemptWatch', 'CallWatch', 'Observer', 'RunWatch', 'observer_of', 'set_observer']


class AttemptWatch(Protocol):
    """Watches an attempt."""

    def answered(self, status: int) -> None:
        """Note the status of the answer."""
        ...


class CallWatch(Protocol):
    """Watches a call."""

    def attempt(self, step: Send, number: int) -> AbstractContextManager[AttemptWatch]:
        """Watch an attempt while it is sent; `number` counts from 0. The step may get further headers."""
        ...

    def retrying(self) -> None:
        """Note that the call is tried again."""
        ...


class RunWatch(Protocol):
    """Watches a run of `execute_many`."""

    def begin(self) -> None:
        """Note that the first record is asked for."""
        ...

    def chunk(self, count: int) -> AbstractContextManager[None]:
        """Watch the call of a chunk with so many records, on whatever thread or task it is made."""
        ...

    def counted(self, records: int, failed: int) -> None:
        """Note that records have their results."""
        ...

    def split(self) -> None:
        """Note that a chunk that failed is sent in halves."""
        ...

    def end(self) -> None:
        """Note the end of the run; it may be told more than once."""
        ...


class Observer(Protocol):
    """Watches all calls of a process."""

    def is_active(self) -> bool:
        """Whether anybody wants to know."""
        ...

    def call(self, verb: str, config: Config, url: str) -> AbstractContextManager[CallWatch]:
        """Watch a call from its beginning to its end."""
        ...

    def run(self, config: Config) -> RunWatch:
        """Watch a run of `execute_many`, which belongs to what is current now."""
        ...


class _Seam:
    observer: Observer | None = None


def set_observer(observer: Observer | None) -> None:
    """Set what watches the calls of this process."""
    _Seam.observer = observer


def observer_of(config: Config) -> Observer | None:
    """Return what watches the calls of this client; None if nobody wants to know."""
    observer = _Seam.observer
    return observer if observer is not None and config.telemetry and observer.is_active() else None
