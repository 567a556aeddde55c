"""Refuse requests from web pages of other sites.

A page in a browser can send requests to any address, including this machine's own. It can even read the answers if its
own host name is made to point to this machine (DNS rebinding). Browsers name the origin of a request; programs do not.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from ..errors import RefusedError

__all__ = ['Origins']

OWN_SITE = ('same-origin', 'none')


class Origins:
    """A check of the host and the origin of requests.

    Args:
        hosts: Host names that the runner answers to, besides the names of this machine (`--allow-host`).
        loopback: Whether the runner is on a loopback address; it then answers only to these names.
    """

    def __init__(self, hosts: Iterable[str] = (), *, loopback: bool = False) -> None:
        self._hosts = {host.lower().rstrip('.') for host in hosts}
        self._loopback = loopback

    def check(self, headers: Mapping[str, str]) -> None:
        """Check a request.

        Raises:
            RefusedError: 403 if it comes from a page of another site, or names another host.
        """
        host = headers.get('host', '')
        if self._loopback and not self._is_own(_name_of(host)):
            raise RefusedError(
                403, f'this runner does not answer to the host {host!r:.200}; start it with --allow-host to allow it'
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
    """Return a host without its port and brackets."""
    try:
        return (urlsplit(f'//{host}').hostname or '').rstrip('.')
    except ValueError:
        return host


def _is_same(origin: str, host: str) -> bool:
    """Whether an origin has the runner's own host. The scheme may differ, because a proxy in front may add TLS."""
    scheme, separator, place = origin.partition('://')
    return bool(separator) and scheme in ('http', 'https') and place.lower() == host.lower()
