"""A refusal that comes while a large body is still being sent is seen at once by our own connections.

httpx, which carries uploads, reads when it has sent.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

import cspark.wasm as Hybrid
from support.faulty import BODY, head
from support.sockets import listening
from support.ways import within
from support.worlds import World, client_in

LONG = 20_000
"""A limit that is not reached, in milliseconds."""

SOON = 10
"""What ended within so many seconds has not waited for it."""


def refuses_early(status: str, then: str, over: threading.Event) -> Callable[[socket.socket], None]:
    """Read the start of a request, refuse it, and take the rest far too slowly or not at all."""

    def serve(connection: socket.socket) -> None:
        connection.settimeout(LONG / 1000)
        connection.recv(1000)
        connection.sendall(head(len(BODY), status, 'Connection: close') + BODY)
        end = time.monotonic() + LONG / 500
        if then == 'closes':
            connection.shutdown(socket.SHUT_WR)
            end = time.monotonic() + 0.1
        while time.monotonic() < end and connection.recv(2_000):
            if over.wait(0.02):
                return

    return serve


STATUSES = ('413 Payload Too Large', '401 Unauthorized', '429 Too Many Requests')


@pytest.mark.parametrize('status', STATUSES)
@pytest.mark.parametrize('then', ['reads on slowly', 'closes'])
def test_a_refusal_is_seen_while_the_body_is_still_being_sent(world: World, status: str, then: str) -> None:
    over = threading.Event()
    with listening(refuses_early(status, then, over)) as listener:
        url = f'http://127.0.0.1:{listener.port}'
        with client_in(world, base_url=url, timeout=LONG, max_retries=0) as hybrid:
            try:
                with within(SOON), pytest.raises(Hybrid.SparkApiError) as caught:
                    hybrid.services.execute('f/s', inputs={'text': 'x' * 25_000_000})
            finally:
                over.set()
        assert listener.accepted == 1
    assert (str(caught.value.status), caught.value.attempts) == (status[:3], 1)
