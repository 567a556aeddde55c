"""The table of docs/faults.md, row by row, against a server that misbehaves on a socket; both clients alike."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Generator
from contextlib import ExitStack
from typing import Any

import pytest

import cspark.wasm as Hybrid
from cspark.wasm._http import limits
from support.certificates import authority, server_context
from support.faulty import (
    BODY,
    Behaviour,
    Faulty,
    answers,
    closes_later,
    drips,
    head,
    misbehaving,
    packed,
    says_nothing,
    sends,
)
from support.packages import CYLINDER, ROOT
from support.worlds import World, client_in

HTML = b'<html><body>Bad Gateway</body></html>'
HALF = head(1000) + BODY
ROWS: dict[str, Behaviour | None] = {
    'nothing listens': None,
    'reset before the answer': sends(b'', reset=True),
    'reset within the head': sends(b'HTTP/1.1 200 O', reset=True),
    'reset after the head': sends(head(1000), reset=True),
    'half a body': sends(HALF),
    'a body longer than its declared length': sends(head(len(BODY) - 20) + BODY),
    'a body that arrives too slowly': drips,
    'no answer at all': says_nothing,
    'not HTTP': sends(b'SSH-2.0-OpenSSH_9.2\r\n'),
    '429': answers(status='429 Too Many Requests'),
    '429 with `Retry-After`': answers(BODY, '429 Too Many Requests', 'Retry-After: 0'),
    '429 with a `Retry-After` of a day': answers(BODY, '429 Too Many Requests', 'Retry-After: 86400'),
    '408': answers(status='408 Request Timeout'),
    '502': answers(HTML, '502 Bad Gateway', kind='text/html'),
    '503': answers(HTML, '503 Service Unavailable', kind='text/html'),
    '503 with `Retry-After`': answers(BODY, '503 Service Unavailable', 'Retry-After: 0'),
    '504': answers(HTML, '504 Gateway Timeout', kind='text/html'),
    '500': answers(status='500 Internal Server Error'),
    '401': answers(status='401 Unauthorized'),
    '413': answers(status='413 Payload Too Large'),
    '499, a non-standard status': answers(status='499 Client Closed Request'),
    'a redirect': answers(b'', '307 Temporary Redirect', 'Location: /elsewhere'),
    'HTML with status 200': answers(HTML, kind='text/html'),
    'an empty body': answers(b''),
    'JSON that is cut off': answers(BODY[:-5]),
    'JSON that is not an object': answers(b'[1, 2]'),
    'gzip that is cut off': packed(cut=12),
    'invalid gzip': answers(BODY, '200 OK', 'Content-Encoding: gzip'),
    'a gzip bomb': packed(b'0' * 3_000_000),
    'a declared length larger than memory': sends(head(10**15) + BODY),
    'a chunk larger than memory': sends(
        head(None, '200 OK', 'Transfer-Encoding: chunked') + b'f' * 12 + b'\r\n' + BODY
    ),
    '503 declared as gzip, with an empty body': answers(b'', '503 Service Unavailable', 'Content-Encoding: gzip'),
}


def table() -> dict[str, tuple[bool, str]]:
    """The documented rows: whether a call is tried again, and the error's name."""
    rows = re.findall(r'^\| (.+) \| (yes|no) \| `(\w+)` \|$', (ROOT / 'docs' / 'faults.md').read_text(), re.MULTILINE)
    return {fault: (again == 'yes', error) for fault, again, error in rows}


PASSING = [fault for fault, (again, _) in table().items() if again and ROWS.get(fault)]


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Generator[Faulty]:
    """A server that misbehaves; an answer may unpack to 2 MB, so that a small bomb shows the limit."""
    monkeypatch.setattr(limits, 'LARGEST_ANSWER', 2_000_000)
    with misbehaving() as server:
        yield server


def call(world: World, url: str, **options: Any) -> Any:
    """Execute, with quick retries."""
    options = {'retry_interval': 0.01, 'timeout': 5_000, 'max_retries': 2, **options}
    with client_in(world, base_url=url, **options) as hybrid:
        return hybrid.services.execute('f/s', inputs={'height': 1})


def test_the_table_has_every_fault_that_is_tested() -> None:
    assert set(table()) == {*ROWS, 'a wrong certificate'}


@pytest.mark.parametrize('fault', ROWS)
def test_a_fault_that_stays_ends_as_documented(world: World, faulty: Faulty, fault: str) -> None:
    again, name = table()[fault]
    url = faulty.url
    if (behaviour := ROWS[fault]) is None:
        with socket.create_server(('127.0.0.1', 0)) as unused:
            url = f'http://127.0.0.1:{unused.getsockname()[1]}'
    else:
        faulty.behave([behaviour])
    expected: type[Hybrid.SparkError] = getattr(Hybrid, name)
    timeout = 300 if name == 'SparkTimeoutError' else 5_000
    with pytest.raises(expected) as caught:
        call(world, url, timeout=timeout)
    error = caught.value
    assert type(error) is expected
    assert error.attempts == (3 if again else 1)
    assert behaviour is None or len(faulty.requests) == error.attempts
    assert error.request_id
    assert url in str(error)
    assert len(str(error)) < 500
    if isinstance(error, Hybrid.SparkApiError):
        assert str(error.status) == re.findall(r'\d{3}', fault)[0] if re.match(r'\d', fault) else error.status == 307


@pytest.mark.parametrize('fault', PASSING)
def test_a_fault_that_passes_is_not_seen_by_the_caller(world: World, faulty: Faulty, fault: str) -> None:
    behaviour = ROWS[fault]
    assert behaviour
    faulty.behave([behaviour, behaviour, answers()])
    assert call(world, faulty.url).data['outputs'] == [{'volume': 1.5}]
    identities = {re.findall(rb'x-request-id: (\S+)', request)[0] for request in faulty.requests}
    assert len(faulty.requests) == 3
    assert len(identities) == 1


@pytest.mark.parametrize('fault', ['reset before the answer', 'half a body', '503', 'gzip that is cut off'])
def test_an_upload_that_may_have_arrived_is_not_sent_again(world: World, faulty: Faulty, fault: str) -> None:
    behaviour = ROWS[fault]
    assert behaviour
    faulty.behave([behaviour, answers()])
    with client_in(world, base_url=faulty.url, retry_interval=0.01) as hybrid:
        with pytest.raises(Hybrid.SparkError):
            hybrid.services.upload(b'zip')
        assert len(faulty.requests) == 1
        faulty.behave([behaviour, answers()])
        policy = Hybrid.RetryPolicy(interval=0.01, uploads=True)
        assert hybrid.services.upload(b'zip', max_retries=policy).status == 200
    assert [request.count(b'\r\n\r\nzip\r\n') for request in faulty.requests] == [1, 1, 1]


def test_an_upload_that_was_refused_for_now_is_sent_again_whole(world: World, faulty: Faulty, tmp_path: Any) -> None:
    path = tmp_path / 'package.zip'
    path.write_bytes(b'the package' * 1000)
    faulty.behave([answers(status='429 Too Many Requests'), answers()])
    with client_in(world, base_url=faulty.url, retry_interval=0.01) as hybrid, path.open('rb') as file:
        file.read(5)
        hybrid.services.upload(file)
        assert not file.closed
    assert [request.count(b'the package' * 1000) for request in faulty.requests] == [1, 1]


def test_an_idle_connection_that_was_closed_is_replaced(world: World, faulty: Faulty) -> None:
    faulty.behave([closes_later, closes_later, closes_later, answers()])
    with client_in(world, base_url=faulty.url, retry_interval=0.01) as hybrid:
        for _ in range(4):
            assert hybrid.services.execute('f/s', inputs={}).status == 200


@pytest.mark.thorough
def test_a_restart_of_the_runner_is_survived(world: World) -> None:
    with ExitStack() as stack:
        runner = stack.enter_context(Hybrid.LocalRunner(CYLINDER, instances=1))
        first = stack.enter_context(runner.serve())
        hybrid = stack.enter_context(client_in(world, base_url=first.url, retry_interval=0.05))
        assert hybrid.services.execute('shapes/cylinder', inputs={}).status == 200
        first.stop()
        with pytest.raises(Hybrid.SparkConnectionError):
            hybrid.services.execute('shapes/cylinder', inputs={}, max_retries=0)
        restart = threading.Timer(0.1, lambda: stack.enter_context(runner.serve(first.port)))
        restart.start()
        policy = Hybrid.RetryPolicy(max_retries=100, interval=0.1, longest_pause=0.1)
        assert hybrid.services.execute('shapes/cylinder', inputs={}, max_retries=policy).status == 200
        restart.join()


def test_a_wrong_certificate_is_said_to_be_one(world: World) -> None:
    again, name = table()['a wrong certificate']
    context = server_context(authority())
    with socket.create_server(('127.0.0.1', 0)) as plain, context.wrap_socket(plain, server_side=True) as listening:
        listening.settimeout(5)
        url = f'https://127.0.0.1:{listening.getsockname()[1]}'
        handshakes = _handshakes(listening, 3)
        with pytest.raises(getattr(Hybrid, name), match=r'(?i)certificate') as caught:
            call(world, url)
        assert caught.value.attempts == (3 if again else 1)
        assert handshakes() == 3


def _handshakes(listening: ssl.SSLSocket, count: int) -> Any:
    failed: list[OSError] = []

    def accept() -> None:
        for _ in range(count):
            try:
                listening.accept()[0].close()
            except OSError as error:
                failed.append(error)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()

    def finished() -> int:
        thread.join(10)
        return len(failed)

    return finished
