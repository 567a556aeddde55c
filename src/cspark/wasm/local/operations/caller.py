"""Who calls a service: a request of the API, or another service on behalf of one."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ...uri import UriParams
from ..errors import RefusedError
from ..ids import new_id
from ..settings import ExternalApi
from .catalog import Catalog, Served
from .passing_on import Passage

__all__ = ['DEEPEST', 'Caller', 'Chain', 'ServicesCalled']

DEEPEST: Final = 16
"""How many services may call each other on the way to the last one."""

PASSED_ON: Final = ('transaction_date', 'correlation_id', 'source_system')
"""What called services get of the caller's `request_meta`, unless the model says otherwise."""


@dataclass
class Chain:
    """Calls along one chain of services; the first one began and the last one ended then, by `time.monotonic()`."""

    began: float
    ended: float = 0.0
    calls: int = 0
    failures: int = 0


class ServicesCalled:
    """The services that were called on behalf of one request, counted by the ids of the versions along the chain."""

    def __init__(self) -> None:
        self._chains: dict[str, Chain] = {}
        self._lock = threading.Lock()

    def count(self, chain: str, began: float, *, failed: bool) -> None:
        """Count a call that has ended, and when it began by `time.monotonic()`."""
        with self._lock:
            found = self._chains.setdefault(chain, Chain(began))
            found.began, found.ended = min(found.began, began), time.monotonic()
            found.calls += 1
            found.failures += failed

    def chains(self) -> dict[str, Chain]:
        """Return what was counted so far; a chain may go on after its request has ended."""
        with self._lock:
            return {ids: replace(chain) for ids, chain in self._chains.items()}


@dataclass(frozen=True)
class Caller:
    """Who calls a service.

    Args:
        catalog: The services of the runner.
        tenant: The tenant of the request; the services of others are out of reach.
        external: A function that answers calls to external APIs.
        passage: The way on to the runner behind this one, if there is one.
        call_id: The id of the call, which all calls on behalf of a request share.
        before: The ids of the versions that called each other on other runners before.
        path: The versions that called each other here before, the first one first.
        until: When the whole chain must have ended, by `time.monotonic()`.
        passed_on: What the called services get of the request's meta.
        called: Counts the services that are called.
    """

    catalog: Catalog
    tenant: str
    external: ExternalApi | None = None
    passage: Passage | None = None
    call_id: str = field(default_factory=new_id)
    before: tuple[str, ...] = ()
    path: tuple[Served, ...] = ()
    until: float = float('inf')
    passed_on: Mapping[str, Any] = field(default_factory=dict[str, Any])
    called: ServicesCalled = field(default_factory=ServicesCalled)

    @property
    def depth(self) -> int:
        """How many services called each other before."""
        return len(self.before) + len(self.path)

    @property
    def ids(self) -> list[str]:
        """The ids of the versions that called each other before."""
        return [*self.before, *(served.version.version_id for served in self.path)]

    def find(self, named: UriParams, active_at: str | None = None) -> Served:
        """Find the version that a call names.

        Raises:
            NotServedError: There is no such version.
            RefusedError: 400 if no service is named or the moment is not valid, 508 if services would call each other
                in a circle or too deep.
        """
        found = self.catalog.find(self.tenant, named, active_at)
        if found.version.version_id in self.ids:
            raise RefusedError(508, f'services must not call each other in a circle: {self.chain(found)}')
        if self.depth > DEEPEST:
            raise RefusedError(508, f'services may call each other {DEEPEST} deep: {self.chain(found)}')
        return found

    def through(self, served: Served, meta: Mapping[str, Any]) -> Caller:
        """Return the caller that a service is to the services that it calls."""
        passed_on = {name: meta[name] for name in PASSED_ON if meta.get(name) is not None}
        return replace(self, path=(*self.path, served), passed_on=passed_on)

    def chain(self, last: Served | None = None) -> str:
        """Return the names of the services that called each other, for messages."""
        here = [served.version.uri for served in (*self.path, *([last] if last else []))]
        return ' > '.join([*(f'version/{version_id}' for version_id in self.before), *here])

    def count(self, version_id: str, began: float, *, failed: bool) -> None:
        """Count a call of a version, by the ids of the versions along the chain: names must not get into logs."""
        self.called.count(' > '.join([*self.ids, version_id]), began, failed=failed)
