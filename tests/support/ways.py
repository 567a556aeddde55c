"""The four ways in which a call can leave, with one face; what they resolve; and how long they take."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest

import cspark.wasm as Hybrid
from support.callers import sending_through
from support.faulty import BODY, Behaviour, Faulty, head
from support.worlds import World, client_in

OWN = ('sync', 'async')
WAYS = (*OWN, 'httpx', 'httpx async')
IDENTITY = re.compile(rb'(?i)\r\nx-request-id: *(\S+)')
NAME = 'runner.test'
"""A name that only `resolving` knows."""


def world_of(way: str) -> World:
    """Which client it is."""
    return 'async' if 'async' in way else 'sync'


@contextmanager
def client_by(way: str, **options: Any) -> Generator[Hybrid.Client]:
    """A client whose calls leave by this way; it has the face of a blocking one and tries nothing twice."""
    options = {'max_retries': 0, **options}
    if way in OWN:
        with client_in(world_of(way), **options) as hybrid:
            yield hybrid
        return
    with sending_through(world_of(way), {'verify': False, 'timeout': None}, **options) as (hybrid, _):
        yield hybrid


def execute(hybrid: Any, **options: Any) -> Any:
    """The volume that the server answers."""
    return hybrid.services.execute('f/s', inputs={'height': 1}, **options).output['volume']


def echoes(faulty: Faulty, identity: str = '', content: bytes = BODY, then: bytes = b'') -> Behaviour:
    """Answer with the id of the request, or with this one, and send something behind the answer."""

    def behave(connection: socket.socket) -> bool:
        connection.sendall(head(len(content), '200 OK', f'X-Request-Id: {identity or asked(faulty)}') + content + then)
        return True

    return behave


def asked(faulty: Faulty) -> str:
    """The id of the last request."""
    found = IDENTITY.search(faulty.requests[-1])
    assert found is not None
    return found[1].decode()


@contextmanager
def within(seconds: float) -> Generator[None]:
    """What ends in time; the limit of the call itself is at least twice as far, or far below."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


def resolving(patch: pytest.MonkeyPatch, found: Callable[[], list[tuple[str, int]]]) -> None:
    """Let the system find these addresses of IPv4 for `NAME`, whoever asks it."""
    original: Any = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        if host not in (NAME, NAME.encode()):
            return original(host, *arguments, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, '', address) for address in found()]

    patch.setattr(socket, 'getaddrinfo', getaddrinfo)
