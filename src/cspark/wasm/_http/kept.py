"""Connections that are kept while nobody uses them. It does no I/O."""

from __future__ import annotations

import time
from collections import deque
from typing import Final, Generic, Protocol, TypeVar

from .request_head import Origin

__all__ = ['GREATEST_AGE', 'LONGEST_IDLE', 'KeptConnections']

LONGEST_IDLE: Final = 5.0
"""How long a connection is kept that nobody uses, in seconds: as long as httpx keeps one, and a
server of Node.js does."""

GREATEST_AGE: Final = 300.0
"""After so many seconds a connection takes no more requests, so that a name that leads elsewhere by now is noticed."""

MOST_IDLE: Final = 64
"""How many connections to a runner are kept while nobody uses them."""


class Kept(Protocol):
    """What a connection has to have to be kept."""

    idle_since: float
    made_at: float

    def is_usable(self) -> bool:
        """Whether the other end has neither closed it nor sent anything since."""
        ...

    def close(self) -> None:
        """End it."""
        ...


Connection = TypeVar('Connection', bound=Kept)


class KeptConnections(Generic[Connection]):
    """The idle connections of a client; threads may share it.

    Args:
        greatest_age: After how many seconds a connection is not used any more.
    """

    def __init__(self, greatest_age: float = GREATEST_AGE) -> None:
        self.greatest_age = greatest_age
        self.is_closed = False
        self._idle: dict[Origin, deque[Connection]] = {}

    def take(self, origin: Origin) -> Connection | None:
        """The connection that was used last, of those that are still good."""
        self._close_old()
        connections = self._idle.get(origin)
        while connections:
            try:
                connection = connections.pop()
            except IndexError:  # another thread took it
                return None
            if not self._is_old(connection, time.monotonic()) and connection.is_usable():
                return connection
            connection.close()
        return None

    def keep(self, origin: Origin, connection: Connection) -> None:
        """Keep a connection, which is idle from now on."""
        connection.idle_since = time.monotonic()
        connections = self._idle.setdefault(origin, deque())
        connections.append(connection)
        self._close_old()
        while self.is_closed or len(connections) > MOST_IDLE:
            try:
                connections.popleft().close()
            except IndexError:
                return

    def close(self) -> None:
        """Close all, and each that comes back from now on."""
        self.is_closed = True
        self.drop()

    def drop(self) -> None:
        """Close all."""
        for connections in list(self._idle.values()):
            while connections:
                try:
                    connections.pop().close()
                except IndexError:
                    break

    def _close_old(self) -> None:
        """Close those that were idle for too long, whoever they lead to."""
        now = time.monotonic()
        for connections in list(self._idle.values()):
            while connections and self._is_old(connections[0], now):
                try:
                    connection = connections.popleft()
                except IndexError:
                    break
                if self._is_old(connection, now):
                    connection.close()
                else:
                    connections.appendleft(connection)
                    if self.is_closed:
                        self.drop()

    def _is_old(self, connection: Connection, now: float) -> bool:
        return now - connection.idle_since > LONGEST_IDLE or now - connection.made_at > self.greatest_age
