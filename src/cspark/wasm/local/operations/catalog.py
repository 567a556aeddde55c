"""The tenants and services of a runner, and the versions of the services with the pools that compute them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from dateutil.parser import isoparse

from ...uri import Uri, UriParams
from ..engine.pool import Pool
from ..errors import NotServedError, RefusedError
from ..packages.package import ServiceVersion
from ..settings import Settings

__all__ = ['Catalog', 'Served']

WARM: Final = 8
"""How many versions of a package keep the instance that checked that they load. The instances of further versions are
ended and started again by the first call, because each is a process that takes memory."""


@dataclass(frozen=True, eq=False)
class Served:
    """A version of a service and the instances that compute it."""

    version: ServiceVersion
    pool: Pool
    strict_vendor: bool = False

    @cached_property
    def order(self) -> tuple[tuple[int, str], ...]:
        """The sort key of its version."""
        return _order(self.version.version)


class Catalog:
    """All services of a runner. A version that is added again replaces the earlier one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._tenants: dict[str, tuple[Served, ...]] = {}

    def add(self, versions: Iterable[ServiceVersion], on_loaded: Callable[[], object] | None = None) -> list[Served]:
        """Serve all of these versions, or none if one does not load.

        Args:
            versions: The versions.
            on_loaded: Called when all models are loaded, before they are served; if it raises, no version is served.

        Raises:
            PackageError: The model of a version does not load.
        """
        added: list[Served] = []
        try:
            for version in versions:
                tenant = self._settings.tenant or version.tenant
                owned = replace(version, names=version.names._replace(tenant=tenant))
                settings = self._settings
                warm = len(added) < WARM
                pool = Pool(owned.model, settings.instances, settings.timeout, settings.memory, owned.uri, warm=warm)
                added.append(Served(owned, pool, self._settings.strict_vendor))
            if on_loaded:
                on_loaded()
        except BaseException:
            for served in added:
                served.pool.close()
            raise
        with self._lock:
            for served in added:
                before = self._tenants.get(served.version.tenant, ())
                kept = tuple(other for other in before if not _same_version(other.version, served.version))
                self._tenants[served.version.tenant] = (*kept, served)
                for other in set(before) - set(kept):
                    other.pool.close()
        return added

    def remove(self, removed: Iterable[Served]) -> None:
        """Stop serving these versions; those that have been replaced are gone already."""
        with self._lock:
            for served in removed:
                tenant = served.version.tenant
                kept = tuple(other for other in self._tenants.get(tenant, ()) if other is not served)
                if kept:
                    self._tenants[tenant] = kept
                else:
                    self._tenants.pop(tenant, None)
                served.pool.close()

    @property
    def tenants(self) -> dict[str, tuple[Served, ...]]:
        """The services of each tenant, in the order in which they were added."""
        with self._lock:
            return dict(self._tenants)

    def drain(self, seconds: float) -> None:
        """Take no more calls and drop waiting ones; end the models when running calls finish or this time is over."""
        pools = [served.pool for services in self.tenants.values() for served in services]
        for pool in pools:
            pool.drop_waiting()
        until = time.monotonic() + seconds
        while any(slot.busy for pool in pools for slot in pool.all_slots) and time.monotonic() < until:
            time.sleep(0.02)
        for pool in pools:
            pool.stop()

    def close(self) -> None:
        """End all instances, even busy ones."""
        for services in self.tenants.values():
            for served in services:
                served.pool.stop()

    def find(self, tenant: str, named: UriParams, active_at: str | None = None) -> Served:
        """Find the version that a request names.

        Args:
            tenant: The tenant in the path.
            named: The names and ids of the service. `version` may be a prefix such as 1.2; the newest match is chosen.
            active_at: A moment in ISO 8601; the newest version that is in effect then is chosen.

        Raises:
            NotServedError: There is no such version.
            RefusedError: 400 if no service is named or the moment is not valid.
        """
        services = self.tenants.get(tenant)
        if not services:
            raise NotServedError(f'no tenant {tenant!r} on this runner; {self._known_tenants()}')
        if named.proxy:
            return self._find_proxy(tenant, named.proxy.strip('/'), active_at)
        if named.version_id:
            matching = [s for s in services if s.version.version_id == named.version_id]
        elif named.service_id:
            matching = [s for s in services if s.version.service_id == named.service_id]
        elif named.folder and named.service:
            matching = [s for s in services if (s.version.folder, s.version.service) == (named.folder, named.service)]
        else:
            raise RefusedError(
                400,
                'no service is named; give folder and service in the path, or service_uri, service_id or version_id in '
                'the body',
            )
        if not matching:
            raise NotServedError(
                f'no service {named.omit("version").service_uri!r} for tenant {tenant!r}; {_known(services)}'
            )
        return _choose(matching, named, active_at)

    def _find_proxy(self, tenant: str, endpoint: str, active_at: str | None) -> Served:
        if endpoint not in self._settings.proxies:
            raise NotServedError(
                f'no endpoint {endpoint!r} on this runner; known: {", ".join(self._settings.proxies) or "none"}'
            )
        return self.find(tenant, Uri.decode(self._settings.proxies[endpoint]), active_at)

    def _known_tenants(self) -> str:
        return f'known: {", ".join(map(repr, self.tenants)) or "none, no package is loaded"}'


def _choose(matching: list[Served], named: UriParams, active_at: str | None) -> Served:
    found = matching
    if named.version and not named.version_id:
        wanted = _order(named.version)
        found = [s for s in found if s.order[: len(wanted)] == wanted]
    if active_at and not named.version_id:
        moment = _moment(active_at)
        found = [s for s in found if s.version.effective_from <= moment < s.version.effective_until]
    if not found:
        asked = f'version {named.version!r}' if named.version else f'version in effect at {active_at}'
        raise NotServedError(f'no {asked} of {named.omit("version").service_uri!r}; {_known(matching)}')
    return max(found, key=lambda served: served.order)


def _same_version(one: ServiceVersion, other: ServiceVersion) -> bool:
    return one.version_id == other.version_id or one.uri == other.uri


def _order(version: str) -> tuple[tuple[int, str], ...]:
    """Return a sort key that compares versions part by part, and numeric parts as numbers: 1.10 is newer than 1.9."""
    # Without leading zeros, the longer number is the larger one. Comparing the length and then the text also works for
    # numbers with more digits than `int` converts. Parts that are not numbers sort before all numbers.
    parts = (part.lstrip('0') if part.isdecimal() else part for part in version.split('.'))
    return tuple((len(part), part) if not part or part.isdecimal() else (-1, part) for part in parts)


def _moment(text: str) -> datetime:
    try:
        moment = isoparse(text)
    except (ValueError, OverflowError):
        raise RefusedError(
            400, f'{text!r} is not a moment in ISO 8601, such as 2026-01-31 or 2026-01-31T12:00:00Z'
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _known(services: Iterable[Served]) -> str:
    return f'known: {", ".join(served.version.uri for served in services)}'
