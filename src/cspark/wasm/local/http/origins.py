"""Who may ask: programs and people, but no page of another web site.

A page in a browser can send requests to any address, this machine's own among them, and read the answers where it has
the name of that address point here (DNS rebinding). Its requests say where they come from, which a program's do not.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from ..errors import RefusedError

__all__ = ['Origins']

OWN_SITE = ('same-origin', 'none')


class Origins:
    """Which requests are refused for where they come from.

    Args:
        hosts: Names by which the runner is served beside those of this machine (`--allow-host`).
        loopback: Whether only this machine can reach the runner: then it is served by these names alone.
    """

    def __init__(self, hosts: Iterable[str] = (), *, loopback: bool = False) -> None:
        self._hosts = {host.lower().rstrip('.') for host in hosts}
        self._loopback = loopback

    def check(self, headers: Mapping[str, str]) -> None:
        """Let a request through.

        Raises:
            RefusedError: 403 where it comes from another site's page, or names a host that is not this one.
        """
        host = headers.get('host', '')
        if self._loopback and not self._is_own(_name_of(host)):
            raise RefusedError(
                403, f'this runner is not served as {host!r:.200}; start it with --allow-host to serve it by that name'
            )
        site = headers.get('sec-fetch-site', 'none').strip().lower()
        origin = headers.get('origin')
        if site not in OWN_SITE or (origin is not None and not _is_same(origin, host)):
            came_from = origin if origin is not None else f'a {site} page'
            raise RefusedError(
                403, f'requests from pages of other web sites are refused; this came from {came_from!r:.200}'
            )

    def _is_own(self, name: str) -> bool:
        if name in self._hosts or name in ('', 'localhost') or name.endswith('.localhost'):
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False


def _name_of(host: str) -> str:
    """A host without its port and brackets."""
    try:
        return (urlsplit(f'//{host}').hostname or '').rstrip('.')
    except ValueError:
        return host


def _is_same(origin: str, host: str) -> bool:
    """Whether an origin is that of the runner's own pages. Its scheme may be that of a proxy in front."""
    scheme, separator, place = origin.partition('://')
    return bool(separator) and scheme in ('http', 'https') and place.lower() == host.lower()
