"""Choose the proxy for a request. All transports use this reading of the environment."""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import urllib.request
from collections.abc import Callable
from typing import Final, TypeAlias

import httpx

from .request_head import Target, target

__all__ = ['Proxies']

Rule: TypeAlias = Callable[[Target], bool]

HOST_AND_PORT: Final = re.compile(r'(?:\[([^\]]+)\]|([^:\[\]]+)|([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[^/]*))(?::(\d{1,5}))?')
"""An address in brackets, a name, or a bare address of IPv6, which takes no port."""

logger = logging.getLogger('cspark.wasm')


class Proxies:
    """The proxies of the environment, as it was when the client was built.

    `HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY` name the proxies, and `NO_PROXY` the hosts that are reached directly.
    Each name is also read in lower case, which takes precedence. `NO_PROXY` holds names, which include their subdomains
    (`example.com`, `.example.com`), subdomains only (`*.example.com`), `*`, addresses, and networks (`10.0.0.0/8`). All
    but networks may have a port. If none of the variables is set, the settings of Windows or macOS are used.
    """

    def __init__(self) -> None:
        found = {scheme: proxy for scheme, proxy in urllib.request.getproxies().items() if proxy}
        self._rules = [rule for entry in re.split(r'[\s,]+', found.pop('no', '')) if entry and (rule := _rule(entry))]
        addresses = [proxy if '://' in proxy else f'http://{proxy}' for proxy in found.values()]
        self._numbers = {scheme: number for number, scheme in enumerate(found, 1)}
        # A closure, not an attribute: an address may contain a password, and attributes appear in error reports.
        self.address: Callable[[int], str] = lambda number: addresses[number - 1]
        self._asks_system = not urllib.request.getproxies_environment() and os.name == 'nt'
        self._known: dict[tuple[str, str, int], int] = {}

    @property
    def numbers(self) -> list[int]:
        """The numbers of the proxies, which `address` takes."""
        return list(self._numbers.values())

    def lead_to(self, url: str) -> int:
        """Return the number of the proxy for requests to this URL; 0 if they are sent directly."""
        if not self._numbers:
            return 0
        where = target(url)
        if where.origin not in self._known:
            self._known[where.origin] = self._find(where)
        return self._known[where.origin]

    def _find(self, where: Target) -> int:
        proxy = self._numbers.get(where.scheme) or self._numbers.get('all', 0)
        if any(rule(where) for rule in self._rules):
            return 0
        if self._asks_system and urllib.request.proxy_bypass(where.host):
            return 0
        return proxy


def _rule(entry: str) -> Rule | None:
    """Parse an entry of `NO_PROXY`; log a warning and return None if it is not valid."""
    if entry == '*':
        return lambda _: True
    if '/' in entry:
        try:
            network = ipaddress.ip_network(entry.replace('[', '').replace(']', ''), strict=False)
        except ValueError:
            return _skip(entry)
        return lambda where: (address := _address(where.host)) is not None and address in network
    parts = HOST_AND_PORT.fullmatch(entry)
    if parts is None or int(parts[4] or 0) > 0xFFFF:
        return _skip(entry)
    bracketed, name, bare, port = parts.groups()
    host, number = bracketed or bare or name, int(port) if port else None
    if (address := _address(host)) is not None:
        return lambda where: _address(where.host) == address and number in (None, where.port)
    if bracketed or bare:
        return _skip(entry)
    try:
        suffix = target(f'http://{host.removeprefix("*").strip(".")}').host
    except (ValueError, httpx.InvalidURL):
        return _skip(entry)
    beneath = host.startswith('*')
    return lambda where: _is_within(where.host, suffix, beneath=beneath) and number in (None, where.port)


def _is_within(host: str, suffix: str, *, beneath: bool) -> bool:
    host = host.rstrip('.').lower()
    return host.endswith(f'.{suffix}') or (host == suffix and not beneath)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition('%')[0])
    except ValueError:
        return None


def _skip(entry: str) -> Rule | None:
    logger.warning('an entry of NO_PROXY is ignored, because it is neither a host nor a network: %.100r', entry)
    return None
