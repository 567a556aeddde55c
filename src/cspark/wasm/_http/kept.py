"""The pool of idle connections. It does no I/O of its own."""

from __future__ import annotations

import time
from collections import deque
from typing import Final, Generic, Protocol, TypeVar

from .request_head import Origin

__all__ = ['GREATEST_AGE', 'LONGEST_IDLE', 'KeptConnections']

LONGEST_IDLE: Final = 5.0
"""How long an idle connection is kept, in seconds: the default of httpx and of servers in Node.js."""

GREATEST_AGE: Final = 300.0
"""How long a connection is used, in seconds. A new one looks the name up again, and notices that it has moved."""

MOST_IDLE: Final = 64
"""How many idle connections to a runner are kept."""


class Kept(Protocol):
    """The interface of a connection that can be kept."""

    idle_since: float
    made_at: float

    def is_usable(self) -> bool:
        """Whether the server has neither closed the connection nor sent anything while it was idle."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


Connection = TypeVar('Connection', bound=Kept)


class KeptConnections(Generic[Connection]):
    """The idle connections of a client. Threads may share it.

    There is no lock: taking from and adding to a deque are atomic, so a thread at worst finds one empty.

    Args:
        greatest_age: How long a connection is used, in seconds.
    """

    def __init__(self, greatest_age: float = GREATEST_AGE) -> None:
        self.greatest_age = greatest_age
        self.is_closed = False
        self._idle: dict[Origin, deque[Connection]] = {}

    def take(self, origin: Origin) -> Connection | None:
        """Take the most recently used connection that is still usable; None if there is none."""
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
        """Add a connection that has become idle."""
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
        """Close all idle connections, and every connection that becomes idle from now on."""
        self.is_closed = True
        self.drop()

    def drop(self) -> None:
        """Close all idle connections."""
        for connections in list(self._idle.values()):
            while connections:
                try:
                    connections.pop().close()
                except IndexError:
                    break

    def _close_old(self) -> None:
        """Close the connections to any runner that are idle for too long or too old."""
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
