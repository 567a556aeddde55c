"""Certificates: what a client trusts of a runner, and what a runner demands of a client; real TLS on loopback."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import trustme

import cspark.wasm as Hybrid
from support.certificates import authority, server_context
from support.faulty import Faulty
from support.sockets import Listener, listening, secured
from support.worlds import Awaited, World, client_in

Call = Callable[[Any], Any]
CALLS: dict[str, Call] = {
    'execute': lambda hybrid: hybrid.services.execute('f/s', inputs={'height': 1}),
    'upload': lambda hybrid: hybrid.services.upload(b'zip'),
}


@pytest.fixture(autouse=True)
def no_certificates_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine trusts is no part of a test."""
    monkeypatch.delenv('SSL_CERT_FILE', raising=False)
    monkeypatch.delenv('SSL_CERT_DIR', raising=False)


@pytest.fixture
def secure(ca: trustme.CA) -> Generator[tuple[Faulty, Listener]]:
    """A runner with a certificate for 127.0.0.1."""
    with secured(server_context(ca)) as server:
        yield server


@pytest.fixture(params=CALLS)
def call(request: pytest.FixtureRequest) -> Call:
    """A call of each way to send."""
    return CALLS[request.param]


def identified(pem: str, by: trustme.CA | None) -> ssl.SSLContext:
    """What trusts a file of certificates, and says who the client is."""
    context = ssl.create_default_context(cafile=pem)
    if by is not None:
        by.issue_cert('client@example.com').configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    return context


def test_an_unknown_authority_is_refused_before_anything_is_sent(
    world: World, secure: tuple[Faulty, Listener], call: Call
) -> None:
    faulty, _ = secure
    with (
        client_in(world, base_url=faulty.url, max_retries=0) as hybrid,
        pytest.raises(Hybrid.SparkConnectionError, match=r'(?i)certificate'),
    ):
        call(hybrid)
    assert faulty.requests == []


@pytest.mark.parametrize('trusted', ['a file', 'a context', 'the environment', 'anything'])
def test_a_runner_is_called_whose_authority_is_trusted(
    world: World,
    secure: tuple[Faulty, Listener],
    call: Call,
    trusted: str,
    pem: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faulty, _ = secure
    options: dict[str, dict[str, Any]] = {
        'a file': {'verify': pem},
        'a context': {'verify': identified(pem, None)},
        'the environment': {},
        'anything': {'verify': False},
    }
    if trusted == 'the environment':
        monkeypatch.setenv('SSL_CERT_FILE', pem)
    with client_in(world, base_url=faulty.url, max_retries=0, **options[trusted]) as hybrid:
        assert call(hybrid).status == 200
        assert call(hybrid).status == 200
    assert len(faulty.requests) == 2


def test_a_certificate_for_another_name_is_refused(world: World, ca: trustme.CA, pem: str, call: Call) -> None:
    with (
        secured(server_context(ca, 'runner.example.com')) as (faulty, _),
        client_in(world, base_url=faulty.url, max_retries=0, verify=pem) as hybrid,
        pytest.raises(Hybrid.SparkConnectionError, match=r'(?i)certificate'),
    ):
        call(hybrid)


def test_nothing_but_the_given_file_is_trusted(
    world: World, secure: tuple[Faulty, Listener], pem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    monkeypatch.setenv('SSL_CERT_FILE', pem)
    authority().cert_pem.write_to_path(tmp_path / 'other.pem')
    with (
        client_in(world, base_url=secure[0].url, max_retries=0, verify=str(tmp_path / 'other.pem')) as hybrid,
        pytest.raises(Hybrid.SparkConnectionError, match=r'(?i)certificate'),
    ):
        call(hybrid)


@pytest.mark.parametrize('who', ['known', 'unknown', 'nobody'])
def test_a_runner_that_demands_a_certificate_of_the_client_gets_it(
    world: World, ca: trustme.CA, pem: str, call: Call, who: str
) -> None:
    demanding = server_context(ca)
    demanding.verify_mode = ssl.CERT_REQUIRED
    clients = authority()
    clients.configure_trust(demanding)  # pyright: ignore[reportUnknownMemberType]
    verify = identified(pem, {'known': clients, 'unknown': authority(), 'nobody': None}[who])
    with (
        secured(demanding) as (faulty, _),
        client_in(world, base_url=faulty.url, max_retries=0, verify=verify) as hybrid,
    ):
        if who == 'known':
            assert call(hybrid).status == 200
        else:
            with pytest.raises(Hybrid.SparkConnectionError):
                call(hybrid)
    assert len(faulty.requests) == (who == 'known')


def test_a_kept_connection_with_tls_is_used_again_and_replaced_once_it_is_closed(
    world: World, secure: tuple[Faulty, Listener], pem: str
) -> None:
    faulty, listener = secure
    good = faulty.behaviours[0]
    with client_in(world, base_url=faulty.url, max_retries=0, verify=pem) as hybrid:
        for _ in range(5):
            hybrid.services.execute('f/s', inputs={})
        assert listener.accepted == 1
        faulty.behave([lambda connection: good(connection) and False, good])
        hybrid.services.execute('f/s', inputs={})
        assert listener.ended.acquire(timeout=10)
        assert hybrid.services.execute('f/s', inputs={}).status == 200
    assert listener.accepted == 2


@pytest.mark.thorough
def test_the_timeout_is_the_limit_of_sending_too(world: World, ca: trustme.CA, pem: str) -> None:
    context, size, ended = server_context(ca), 30_000_000, threading.Event()
    received: list[int] = []

    def read_slowly(plain: socket.socket) -> None:
        with context.wrap_socket(plain, server_side=True) as connection:
            while not ended.wait(0.01) and (part := connection.recv(16384)):
                received.append(len(part))

    with (
        listening(read_slowly) as listener,
        client_in(world, base_url=f'https://127.0.0.1:{listener.port}', verify=pem, timeout=900) as hybrid,
    ):
        with pytest.raises(Hybrid.SparkTimeoutError, match='did not answer within 900 ms'):
            hybrid.services.execute('f/s', inputs={'text': 'x' * size})
        ended.set()
    assert 0 < sum(received) < 10_000_000


NONSENSE: list[Any] = [1, 0, b'ca.pem', Path('ca.pem'), ['ca.pem'], ssl.CERT_NONE, 'nowhere.pem', '', '.']


@pytest.mark.parametrize('verify', NONSENSE, ids=repr)
def test_a_verify_that_is_nonsense_is_refused_when_the_client_is_built(world: World, verify: Any) -> None:
    kind: Any = Hybrid.Client if world == 'sync' else Hybrid.AsyncClient
    with pytest.raises(Hybrid.SparkConfigError, match='verify'):
        kind(base_url='https://127.0.0.1:1', tenant='t', token='open', verify=verify)
    with client_in(world, base_url='https://127.0.0.1:1') as hybrid:
        changed: Any = hybrid.with_options
        with pytest.raises(Hybrid.SparkConfigError, match='verify'):
            changed(verify=verify)


def test_a_file_that_holds_no_certificate_is_refused_when_the_client_is_built(world: World, tmp_path: Path) -> None:
    path = tmp_path / 'ca.pem'
    path.write_text('no certificate')
    kind: Any = Hybrid.Client if world == 'sync' else Hybrid.AsyncClient
    with pytest.raises(Hybrid.SparkConfigError, match=r'ca\.pem'):
        kind(base_url='https://127.0.0.1:1', tenant='t', token='open', verify=str(path))


def test_a_copy_with_another_verify_has_connections_of_its_own(
    world: World, secure: tuple[Faulty, Listener], pem: str, call: Call
) -> None:
    faulty, _ = secure
    with client_in(world, base_url=faulty.url, max_retries=0) as hybrid:
        copy = copied(hybrid, verify=pem)
        assert call(copy).status == 200
        with pytest.raises(Hybrid.SparkConnectionError, match=r'(?i)certificate'):
            call(hybrid)
        copied(copy, tenant='another').close()
        assert call(copy).status == 200
        copy.close()
        with pytest.raises(Hybrid.SparkConfigError, match='closed'):
            call(copy)
        with pytest.raises(Hybrid.SparkConnectionError, match=r'(?i)certificate'):
            call(hybrid)
    assert len(faulty.requests) == 2


def copied(hybrid: Any, **options: Any) -> Any:
    """A copy, with the blocking face of the test's client."""
    copy = hybrid.with_options(**options)
    return Awaited(copy, hybrid._loop) if isinstance(hybrid, Awaited) else copy


def test_a_runner_is_trusted_by_its_ipv6_address(world: World, ca: trustme.CA, pem: str, call: Call) -> None:
    with (
        secured(server_context(ca, '::1'), '::1') as (faulty, _),
        client_in(world, base_url=faulty.url, verify=pem, max_retries=0) as hybrid,
    ):
        assert call(hybrid).status == 200
    assert len(faulty.requests) == 1


def test_a_handshake_that_stalls_ends_with_the_time_of_the_call(world: World) -> None:
    over = threading.Event()
    with (
        listening(lambda _: bool(over.wait(20)) and None) as listener,
        client_in(world, base_url=f'https://127.0.0.1:{listener.port}', timeout=300, max_retries=0) as hybrid,
    ):
        started = time.monotonic()
        with pytest.raises(Hybrid.SparkTimeoutError):
            CALLS['execute'](hybrid)
        assert time.monotonic() - started < 5
        over.set()
