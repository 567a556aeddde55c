"""Look up the addresses of a host and open sockets to them, as RFC 8305 (Happy Eyeballs) recommends."""

from __future__ import annotations

import ipaddress
import itertools
import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple

__all__ = [
    'ATTEMPT_DELAY',
    'Address',
    'is_literal',
    'is_readable',
    'keepalive_options',
    'look_up',
    'new_socket',
    'start_look_up',
]

ATTEMPT_DELAY: Final = 0.25
"""How long to wait for a connection before trying the next address as well, in seconds; RFC 8305 recommends it."""

KEEPALIVE: Final = {'TCP_KEEPIDLE': 60, 'TCP_KEEPALIVE': 60, 'TCP_KEEPINTVL': 10, 'TCP_KEEPCNT': 6}
"""Socket options, in seconds and probes, by which a dead link is noticed after two minutes: 60 s of silence, then six
probes 10 s apart. `TCP_KEEPALIVE` is the name of `TCP_KEEPIDLE` on macOS."""


class Address(NamedTuple):
    """An address to connect to, with the arguments of its socket."""

    family: int
    kind: int
    protocol: int
    address: Any


def look_up(host: str, port: int) -> list[Address]:
    """Look up the addresses of a host, in the order in which to try them.

    Raises:
        OSError: The host has no address.
    """
    # As bytes: for text, Python imports a codec, and a process forked during an import would wait for it for ever.
    found = socket.getaddrinfo(host.encode('ascii'), port, type=socket.SOCK_STREAM)
    addresses = [Address(int(family), int(kind), protocol, address) for family, kind, protocol, _, address in found]
    if not addresses:
        raise OSError('it has no address')
    return take_turns(addresses)


def start_look_up(host: str, port: int, done: Callable[[list[Address] | OSError], object]) -> None:
    """Look up a host on a thread that can be abandoned: the system's resolver may block for a minute."""

    def run() -> None:
        try:
            found: list[Address] | OSError = look_up(host, port)
        except (OSError, UnicodeError) as error:
            found = error if isinstance(error, OSError) else OSError(f'{host!r} is not a valid host name')
        with suppress(RuntimeError):  # the event loop that waited is closed
            done(found)

    threading.Thread(target=run, name='cspark-look-up', daemon=True).start()


def is_literal(host: str) -> bool:
    """Whether the host is an IP address, which needs no lookup."""
    try:
        ipaddress.ip_address(host.partition('%')[0])
    except ValueError:
        return False
    return True


def take_turns(addresses: list[Address]) -> list[Address]:
    """Alternate between the address families, so that a family without a route delays only one attempt."""
    first = [one for one in addresses if one.family == addresses[0].family]
    others = [one for one in addresses if one.family != addresses[0].family]
    pairs = itertools.zip_longest(first, others)
    return [one for pair in pairs for one in pair if one is not None]


def keepalive_options() -> list[tuple[int, int, int]]:
    """Return the socket options for keep-alive probes, each with its level and value."""
    found = [(getattr(socket, name), value) for name, value in KEEPALIVE.items() if hasattr(socket, name)]
    return [
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        *[(socket.IPPROTO_TCP, option, value) for option, value in found],
    ]


def is_readable(sock: socket.socket) -> bool:
    """Whether the socket can be read without blocking: data has arrived, or the end of the connection."""
    try:
        if hasattr(select, 'poll'):
            poll = select.poll()
            poll.register(sock, select.POLLIN)
            return bool(poll.poll(0))
        return bool(select.select([sock], [], [], 0)[0])
    except (OSError, ValueError):
        return True


def new_socket(address: Address) -> socket.socket:
    """Create a non-blocking socket that sends small packets at once and probes an idle connection."""
    made = socket.socket(address.family, address.kind, address.protocol)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for level, option, value in keepalive_options():
            made.setsockopt(level, option, value)
    except BaseException:
        made.close()
        raise
    return made
