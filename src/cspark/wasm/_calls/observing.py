"""The interface by which telemetry observes calls. Telemetry is in a higher layer, so it is not imported here.

Building the first client sets the observer of the process. Without one, a call only costs the check of a variable.
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
        """Watch an attempt while it is sent; `number` counts from 0. It may add headers to the step."""
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
        """Watch the call for a chunk with this many records, on any thread or task."""
        ...

    def counted(self, records: int, failed: int) -> None:
        """Note that the results of records are known, and how many of the records have errors."""
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
        """Whether telemetry is being collected."""
        ...

    def call(self, verb: str, config: Config, url: str) -> AbstractContextManager[CallWatch]:
        """Watch a call from its beginning to its end."""
        ...

    def run(self, config: Config) -> RunWatch:
        """Watch a run of `execute_many`, as a child of the current span."""
        ...


class _Seam:
    observer: Observer | None = None


def set_observer(observer: Observer | None) -> None:
    """Set what watches the calls of this process."""
    _Seam.observer = observer


def observer_of(config: Config) -> Observer | None:
    """Return what watches the calls of this client; None if nobody wants to know."""
    observer = _Seam.observer
    if observer is not None and config.telemetry and observer.is_active():
        return observer
    return None
