"""From a name to sockets: addresses that are tried with little delay between them, each looked up within a limit."""

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
"""After so many seconds without a connection the next address is tried as well (RFC 8305 recommends it)."""

KEEPALIVE: Final = {'TCP_KEEPIDLE': 60, 'TCP_KEEPALIVE': 60, 'TCP_KEEPINTVL': 10, 'TCP_KEEPCNT': 6}
"""A dead link is noticed after two minutes; the second name is the first one's on macOS. In seconds and probes."""


class Address(NamedTuple):
    """Where to connect to."""

    family: int
    kind: int
    protocol: int
    address: Any


def look_up(host: str, port: int) -> list[Address]:
    """The addresses of a host, in the order in which they are tried.

    Raises:
        OSError: It has none.
    """
    # As bytes: for text, Python imports a codec, in the middle of which another thread may fork.
    found = socket.getaddrinfo(host.encode('ascii'), port, type=socket.SOCK_STREAM)
    addresses = [Address(int(family), int(kind), protocol, address) for family, kind, protocol, _, address in found]
    if not addresses:
        raise OSError('it has no address')
    return take_turns(addresses)


def start_look_up(host: str, port: int, done: Callable[[list[Address] | OSError], object]) -> None:
    """Look up on a thread that nobody has to wait for: the system's resolver may block for a minute."""

    def run() -> None:
        try:
            found: list[Address] | OSError = look_up(host, port)
        except (OSError, UnicodeError) as error:
            found = error if isinstance(error, OSError) else OSError(f'{host!r} is no name of a host')
        with suppress(RuntimeError):  # the event loop that waited is closed
            done(found)

    threading.Thread(target=run, name='cspark-look-up', daemon=True).start()


def is_literal(host: str) -> bool:
    """Whether it is an address already, so that nobody has to be asked."""
    try:
        ipaddress.ip_address(host.partition('%')[0])
    except ValueError:
        return False
    return True


def take_turns(addresses: list[Address]) -> list[Address]:
    """One of each family in turn: where one family leads nowhere, the other one comes second."""
    first = [one for one in addresses if one.family == addresses[0].family]
    others = [one for one in addresses if one.family != addresses[0].family]
    pairs = itertools.zip_longest(first, others)
    return [one for pair in pairs for one in pair if one is not None]


def keepalive_options() -> list[tuple[int, int, int]]:
    """What makes the system probe an idle connection: level, option and value of each."""
    found = [(getattr(socket, name), value) for name, value in KEEPALIVE.items() if hasattr(socket, name)]
    return [
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        *[(socket.IPPROTO_TCP, option, value) for option, value in found],
    ]


def is_readable(sock: socket.socket) -> bool:
    """Whether there is something to read at once, be it the end."""
    try:
        if hasattr(select, 'poll'):
            poll = select.poll()
            poll.register(sock, select.POLLIN)
            return bool(poll.poll(0))
        return bool(select.select([sock], [], [], 0)[0])
    except (OSError, ValueError):
        return True


def new_socket(address: Address) -> socket.socket:
    """A socket that does not block, sends at once, and notices a dead link."""
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
