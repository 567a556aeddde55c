"""One reader of the environment's proxies: a table of settings and hosts, on every way that a call can leave."""

from __future__ import annotations

import base64
import logging
import socket
import ssl
import warnings
from collections.abc import Callable, Generator
from typing import Any

import pytest
import trustme

import cspark.wasm as Hybrid
from support.certificates import server_context
from support.secrets import PASSWORD, SECRETS, USER, chain, leaks, searched
from support.sockets import Proxy, counted, forwarding, secured
from support.worlds import World, client_in

WAYS: dict[str, tuple[World, dict[str, Any]]] = {
    'sync': ('sync', {}),
    'async': ('async', {}),
    'httpx sync': ('sync', {'transport': 'httpx'}),
    'httpx async': ('async', {'transport': 'httpx'}),
}
CALLS: dict[str, Callable[[Any], Any]] = {
    'execute': lambda hybrid: hybrid.services.execute('f/s', inputs={'height': 1}),
    'upload': lambda hybrid: hybrid.services.upload(b'zip'),
}
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""What is quickly made, where there is no TLS."""
DIRECT: dict[str, str] = {  # what NO_PROXY says, and the hosts that are then reached directly
    'example.com': 'example.com runner.example.com',
    '.example.com': 'runner.example.com a.b.example.com',
    '*.example.com': 'runner.example.com a.b.example.com',
    'RUNNER.Example.COM': 'runner.example.com',
    'runner.example.com': 'Runner.EXAMPLE.com',
    'com': 'runner.example.com',
    'localhost': 'localhost',
    '*': 'runner.example.com [::1]',
    'other.org,*': 'runner.example.com',
    'runner.example.com:{port}': 'runner.example.com',
    'example.com:{port}': 'runner.example.com',
    '.example.com:{port}': 'runner.example.com',
    '*.example.com:{port}': 'runner.example.com',
    'runner.example.com:1,runner.example.com:{port}': 'runner.example.com',
    '127.0.0.1:{port}': '127.0.0.1',
    '[::1]:{port}': '[::1]',
    '127.0.0.1': '127.0.0.1',
    '127.0.0.0/8': '127.0.0.1',
    '127.0.0.0/31': '127.0.0.1',
    '127.0.0.1/32': '127.0.0.1',
    '10.0.0.0/8, 127.0.0.0/8': '127.0.0.1',
    '::1': '[::1]',
    '[::1]': '[::1]',
    '0:0:0:0:0:0:0:1': '[::1]',
    '::1/128': '[::1]',
    '::/64': '[::1]',
    'bücher.example': 'bücher.example xn--bcher-kva.example shop.bücher.example',
    'xn--bcher-kva.example': 'bücher.example xn--bcher-kva.example',
    'BÜCHER.example': 'bücher.example',
    '.bücher.example': 'shop.bücher.example',
    '*.bücher.example': 'shop.xn--bcher-kva.example',
    'bücher.example:{port}': 'xn--bcher-kva.example',
    ' runner.example.com ': 'runner.example.com',
    '\trunner.example.com': 'runner.example.com',
    ' * ': 'runner.example.com',
    'other.org , runner.example.com': 'runner.example.com',
    ',,runner.example.com,': 'runner.example.com',
}
PROXIED: dict[str, str] = {  # and those that are not
    'example.com': 'notexample.com example.com.evil.org example.org',
    '.example.com': 'notexample.com',
    '*.example.com': 'notexample.com',
    'runner': 'runner.example.com',
    'runner.example.com:1': 'runner.example.com',
    '.example.com:1': 'runner.example.com',
    '127.0.0.1:1': '127.0.0.1',
    '[::1]:1': '[::1]',
    '127.0.0.0/32': '127.0.0.1',
    '10.0.0.0/8': '127.0.0.1',
    '127.0.0.0/8': 'runner.example.com',
    'fe80::/10': '[::1]',
    '0.0.0.0/0': '[::1]',
    '::/0': '127.0.0.1',
    'bucher.example': 'bücher.example',
    '': 'runner.example.com',
    ' ': 'runner.example.com',
    ',': 'runner.example.com',
    ', ,other.org': 'runner.example.com',
}
RULES = [(rule, host, True) for rule, hosts in DIRECT.items() for host in hosts.split()] + [
    (rule, host, False) for rule, hosts in PROXIED.items() for host in hosts.split()
]
UNREADABLE = ['[::1', '10.0.0.0/99', '::1/200', 'example.org:no-port', 'http://[']
VARIABLES: list[tuple[str, dict[str, str], bool]] = [  # the scheme, what is set, and whether the proxy is used
    *[('http', {name: 'http://{proxy}'}, True) for name in ('HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy')],
    *[('https', {name: 'http://{proxy}'}, True) for name in ('HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy')],
    ('http', {'HTTPS_PROXY': 'http://{proxy}'}, False),
    ('https', {'HTTP_PROXY': 'http://{proxy}'}, False),
    ('http', {'http_proxy': '{proxy}'}, True),
    ('https', {'https_proxy': '{proxy}'}, True),
    ('http', {'HTTP_PROXY': 'http://{proxy}', 'ALL_PROXY': 'http://127.0.0.1:1'}, True),
    ('https', {'https_proxy': 'http://{proxy}', 'all_proxy': 'http://127.0.0.1:1'}, True),
    ('http', {'HTTP_PROXY': 'http://{proxy}', 'no_proxy': 'example.com'}, False),
    ('http', {'http_proxy': 'http://{proxy}', 'NO_PROXY': 'example.com'}, False),
    ('https', {'HTTPS_PROXY': 'http://{proxy}', 'no_proxy': '.example.com'}, False),
    ('https', {'all_proxy': 'http://{proxy}', 'NO_PROXY': '*'}, False),
]
NAME = 'runner.example.com'


@pytest.fixture(autouse=True)
def resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name is this machine's, and no variable says anything."""
    for name in ('NO_PROXY', 'no_proxy', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'CSPARK_TRANSPORT'):
        monkeypatch.delenv(name, raising=False)
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        text = host.decode() if isinstance(host, bytes) else str(host)
        return real('::1' if ':' in text else '127.0.0.1', *arguments, **options)

    monkeypatch.setattr(socket, 'getaddrinfo', getaddrinfo)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """Each way that a call can leave."""
    return str(request.param)


@pytest.fixture
def proxy() -> Generator[Proxy]:
    """A proxy that forwards."""
    with forwarding() as started:
        yield started


def both(way: str, url: str, **options: Any) -> None:
    """Execute and upload, each well, and each by a client of its own: a kept connection would hide the second one."""
    world, way_options = WAYS[way]
    for call in CALLS.values():
        with client_in(world, base_url=url, max_retries=0, **way_options, **options) as hybrid:
            assert call(hybrid).status == 200


def failing(way: str, url: str, call: str, **options: Any) -> Hybrid.SparkError:
    """The error of a call, in which no credential of the proxy shows."""
    world, way_options = WAYS[way]
    with (
        client_in(world, base_url=url, max_retries=0, **way_options, **options) as hybrid,
        pytest.raises(Hybrid.SparkError) as caught,
    ):
        CALLS[call](hybrid)
    error = caught.value
    assert [leaks(f'{one} {one!r} {one.args!r}') for one in chain(error)] == [[] for _ in chain(error)]
    assert searched(error) + leaks(f'{error.to_dict()} {error.details} {error.cause!r}') == []
    assert searched(hybrid) == []
    return error


@pytest.mark.parametrize(('rule', 'host', 'direct'), RULES, ids=[f'{rule!r} {host}' for rule, host, _ in RULES])
def test_a_host_is_reached_directly_where_no_proxy_names_it(
    way: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, rule: str, host: str, direct: bool
) -> None:
    with counted(host='::1' if host == '[::1]' else '127.0.0.1') as (faulty, listener):
        monkeypatch.setenv('HTTP_PROXY', f'http://{proxy.address}')
        monkeypatch.setenv('NO_PROXY', rule.format(port=listener.port))
        both(way, f'http://{host}:{listener.port}', verify=PLAIN)
    assert len(faulty.requests) == 2
    assert len(proxy.lines) == (0 if direct else 2)


@pytest.mark.parametrize('entry', [*UNREADABLE, 'a..b', '☃', '.', ':', '/8'])
@pytest.mark.parametrize('direct', [True, False], ids=['directly', 'through it'])
def test_an_entry_that_cannot_be_read_is_skipped_with_a_warning(
    way: str,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    entry: str,
    direct: bool,
) -> None:
    with counted() as (faulty, listener), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter('always')
        monkeypatch.setenv('HTTP_PROXY', f'http://{proxy.address}')
        monkeypatch.setenv('NO_PROXY', f'{entry},{NAME}' if direct else f'other.org,{entry}')
        both(way, f'http://{NAME}:{listener.port}', verify=PLAIN)
    assert len(faulty.requests) == 2
    assert len(proxy.lines) == (0 if direct else 2)
    logged = [
        one.getMessage() for one in caplog.records if one.name == 'cspark.wasm' and one.levelno >= logging.WARNING
    ]
    told = [*logged, *(str(one.message) for one in warned if not issubclass(one.category, ResourceWarning))]
    if entry in UNREADABLE:
        assert any('NO_PROXY' in text.upper() or entry in text for text in told), told


@pytest.mark.parametrize(
    ('scheme', 'variables', 'proxied'), VARIABLES, ids=[f'{scheme} {given}' for scheme, given, _ in VARIABLES]
)
def test_the_variables_are_read_in_both_cases_of_letters(
    way: str,
    proxy: Proxy,
    ca: trustme.CA,
    pem: str,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    variables: dict[str, str],
    proxied: bool,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(proxy=proxy.address))
    with counted() if scheme == 'http' else secured(server_context(ca, NAME)) as (faulty, listener):
        both(way, f'{scheme}://{NAME}:{listener.port}', verify=pem)
    assert len(faulty.requests) == 2
    assert bool(proxy.lines) is proxied
    if scheme == 'https':
        assert set(proxy.lines) <= {f'CONNECT {NAME}:{listener.port}'}


@pytest.mark.parametrize('call', ['execute', 'upload'])
def test_a_runner_behind_a_tunnel_shows_its_own_certificate(
    way: str, proxy: Proxy, ca: trustme.CA, pem: str, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.setenv('HTTPS_PROXY', f'http://{proxy.address}')
    with secured(server_context(ca, 'another.example.com')) as (faulty, listener):
        error = failing(way, f'https://{NAME}:{listener.port}', call, verify=pem)
    assert isinstance(error, Hybrid.SparkConnectionError)
    assert 'certificate' in str(error).lower()
    assert (error.sent, faulty.requests, len(proxy.lines)) == (False, [], 1)


@pytest.mark.parametrize('scheme', ['http', 'https'])
def test_credentials_in_the_proxys_address_reach_the_proxy_alone(
    way: str, proxy: Proxy, ca: trustme.CA, pem: str, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv(f'{scheme}_proxy', f'http://us%40er:p%3Ass@{proxy.address}')
    with counted() if scheme == 'http' else secured(server_context(ca, NAME)) as (faulty, listener):
        both(way, f'{scheme}://{NAME}:{listener.port}', verify=pem)
    sent = f'proxy-authorization: basic {base64.b64encode(b"us@er:p:ss").decode()}'.lower()
    assert proxy.heads
    assert all(sent in head.lower() for head in proxy.heads)
    assert not any(b'proxy-authorization' in request.lower() for request in faulty.requests)


REFUSALS = {
    '407': b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n',
    '502': b'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nbad',
    '407 that says what it got': f'HTTP/1.1 407 no {USER}:{PASSWORD} {SECRETS[1]}\r\n\r\n'.encode(),
    'no HTTP': b'SSH-2.0-OpenSSH_9.2\r\n',
}


@pytest.mark.parametrize('refusal', REFUSALS)
@pytest.mark.parametrize('call', ['execute', 'upload'])
def test_a_tunnel_that_the_proxy_refuses_is_a_connection_that_sent_nothing(
    way: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, call: str, refusal: str
) -> None:
    proxy.refusal = REFUSALS[refusal]
    monkeypatch.setenv('https_proxy', f'http://{USER}:{PASSWORD}@{proxy.address}')
    error = failing(way, f'https://{NAME}:1', call, verify=PLAIN)
    assert type(error) is Hybrid.SparkConnectionError
    assert error.sent is False
    assert len(proxy.lines) == 1
    assert refusal not in ('407', '502') or refusal in str(error)


@pytest.mark.parametrize('scheme', ['http', 'https'])
def test_a_proxy_that_nobody_listens_at_is_a_connection_that_sent_nothing(
    way: str, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    with socket.create_server(('127.0.0.1', 0)) as unused:
        address = f'127.0.0.1:{unused.getsockname()[1]}'
    monkeypatch.setenv('ALL_PROXY', f'http://{USER}:{PASSWORD}@{address}')
    for call in ('execute', 'upload'):
        error = failing(way, f'{scheme}://{NAME}:1', call, verify=PLAIN)
        assert type(error) is Hybrid.SparkConnectionError
        assert error.sent is False
