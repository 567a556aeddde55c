"""Addresses: what cannot be a host is refused at once, and what can be one is reached by one spelling on every way."""

from __future__ import annotations

import re
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
import trustme

import cspark.wasm as Hybrid
from support.certificates import server_context
from support.sockets import counted, secured
from support.worlds import World, client_in

WAYS: dict[str, tuple[World, dict[str, Any]]] = {
    'sync': ('sync', {}),
    'async': ('async', {}),
    'httpx sync': ('sync', {'transport': 'httpx'}),
    'httpx async': ('async', {'transport': 'httpx'}),
}
NO_HOSTS = {
    'a symbol': '☃',
    'a symbol within': 'runner.☃.example',
    'an empty label': 'a..b',
    'an empty first label': '.runner.example',
    'nothing but a dot': '.',
    'two dots at the end': 'runner.example..',
    'a long label': f'{"a" * 64}.example',
    'a long label alone': 'a' * 64,
    'an international label that is long as it is sent': f'{"aü" * 30}.example',
    'a long name': '.'.join(['a' * 50] * 6),
    'an international name that is long as it is sent': '.'.join(['bücher'] * 24),
    'a Punycode that is none': 'xn--\xfc.example',
}
HOSTS = {
    'a long label': f'{"a" * 63}.example',
    'a long name': '.'.join(['a' * 49] * 5),
    'an underscore': 'my_runner',
    'a dot at the end': 'runner.example.',
    'digits': '1.example',
    'an international name': 'bücher.example',
    'Japanese': '日本.example',
}
SPELLINGS = {
    'plain': 'bücher.example',
    'capital': 'BÜCHER.Example',
    'decomposed': 'bu\u0308cher.example',
    'as it is sent': 'xn--bcher-kva.example',
    'as it is sent, capital': 'XN--BCHER-KVA.example',
    'an ideographic full stop': 'bücher。example',
}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxies and no certificates of this machine."""
    for name in ('NO_PROXY', 'no_proxy', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'CSPARK_TRANSPORT'):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hosts whose addresses were asked for; each is this machine."""
    found: list[str] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        text = host.decode() if isinstance(host, bytes) else str(host)
        found.append(text)
        return real('::1' if ':' in text else '127.0.0.1', *arguments, **options)

    monkeypatch.setattr(socket, 'getaddrinfo', getaddrinfo)
    return found


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """Each way that a call can leave."""
    return str(request.param)


@contextmanager
def client_by(way: str, url: str, **options: Any) -> Generator[Hybrid.Client]:
    """A client that sends in one of the ways."""
    world, way_options = WAYS[way]
    with client_in(world, base_url=url, max_retries=0, **way_options, **options) as hybrid:
        yield hybrid


def both(way: str, url: str, **options: Any) -> None:
    """Execute and upload, each well."""
    with client_by(way, url, **options) as hybrid:
        assert hybrid.services.execute('f/s', inputs={'height': 1}).status == 200
        assert hybrid.services.upload(b'zip').status == 200


def hosts_sent(requests: list[bytes]) -> list[str]:
    """What the requests have in their `Host`, without its port."""
    found = [re.findall(rb'\r\n[Hh][Oo][Ss][Tt]: *(\S+)', request.partition(b'\r\n\r\n')[0]) for request in requests]
    assert [len(one) for one in found] == [1] * len(requests)
    return [one[0].decode('latin-1').rpartition(':')[0] for one in found]


@pytest.mark.parametrize('wrong', NO_HOSTS)
def test_what_cannot_be_a_host_is_refused_when_the_client_is_built(world: World, asked: list[str], wrong: str) -> None:
    build: Any = Hybrid.Client if world == 'sync' else Hybrid.AsyncClient
    for scheme, tail in (('http', ''), ('https', ''), ('http', ':3000'), ('http', '/prefix')):
        with pytest.raises(Hybrid.SparkConfigError, match='base_url'):
            build(base_url=f'{scheme}://{NO_HOSTS[wrong]}{tail}', tenant='t', token='open')
    assert asked == []


@pytest.mark.parametrize('wrong', NO_HOSTS)
def test_what_cannot_be_a_host_is_refused_wherever_an_address_is_given(
    world: World, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    url = f'https://{NO_HOSTS[wrong]}'
    with client_in(world, base_url='http://127.0.0.1:1') as hybrid:
        changed: Any = hybrid.with_options
        with pytest.raises(Hybrid.SparkConfigError, match='base_url'):
            changed(base_url=url)
    with pytest.raises(Hybrid.SparkConfigError, match='base_url'):
        Hybrid.RunnerUrl(url, 't')
    monkeypatch.setenv('CSPARK_RUNNER_URL', url)
    with pytest.raises(Hybrid.SparkConfigError, match='base_url'):
        Hybrid.Config(tenant='t', token='open')


@pytest.mark.usefixtures('asked')
@pytest.mark.parametrize('right', HOSTS)
def test_what_can_be_a_host_is_reached(way: str, right: str) -> None:
    with counted() as (faulty, listener):
        both(way, f'http://{HOSTS[right]}:{listener.port}')
    assert len(faulty.requests) == 2


@pytest.mark.parametrize('spelling', SPELLINGS)
def test_an_international_name_goes_out_in_one_form(way: str, asked: list[str], spelling: str) -> None:
    with counted() as (faulty, listener):
        both(way, f'http://{SPELLINGS[spelling]}:{listener.port}')
    assert hosts_sent(faulty.requests) == ['xn--bcher-kva.example'] * 2
    assert {one for one in asked if one not in ('127.0.0.1', '')} == {'xn--bcher-kva.example'}


@pytest.mark.thorough
@pytest.mark.parametrize(
    'name', ['faß.example', 'βόλος.com', '日本.example', 'shop.bücher.example', 'a\u200cb.example']
)
def test_all_ways_send_one_form_of_a_name_that_has_two(asked: list[str], name: str) -> None:
    outcomes: dict[str, set[str]] = {}
    with counted() as (faulty, listener):
        for way in WAYS:
            faulty.requests.clear()
            asked.clear()
            try:
                both(way, f'http://{name}:{listener.port}')
            except Hybrid.SparkConfigError:
                outcomes[way] = {'refused'}
            else:
                outcomes[way] = {*hosts_sent(faulty.requests), *asked} - {'127.0.0.1', ''}
    assert all(len(one) == 1 for one in outcomes.values()), outcomes
    assert len({*map(frozenset, outcomes.values())}) == 1, outcomes
    assert all(host.isascii() for one in outcomes.values() for host in one)


@pytest.mark.usefixtures('asked')
@pytest.mark.parametrize(
    ('host', 'certified'),
    [
        ('localhost.', 'localhost'),
        ('runner.example.', 'runner.example'),
        ('bücher.example', 'xn--bcher-kva.example'),
        ('xn--bcher-kva.example', 'xn--bcher-kva.example'),
        ('bücher.example.', 'xn--bcher-kva.example'),
        ('Runner.Example', 'runner.example'),
    ],
)
def test_a_certificate_is_compared_with_the_name_as_it_is_sent(
    way: str, ca: trustme.CA, pem: str, host: str, certified: str
) -> None:
    with secured(server_context(ca, certified)) as (faulty, listener):
        both(way, f'https://{host}:{listener.port}', verify=pem)
    assert len(faulty.requests) == 2


@pytest.mark.usefixtures('asked')
@pytest.mark.parametrize('host', ['localhost.', 'bücher.example'])
def test_a_certificate_for_another_name_is_refused(way: str, ca: trustme.CA, pem: str, host: str) -> None:
    with (
        secured(server_context(ca, 'another.example')) as (faulty, listener),
        client_by(way, f'https://{host}:{listener.port}', verify=pem) as hybrid,
        pytest.raises(Hybrid.SparkConnectionError, match=r'(?i)certificate'),
    ):
        hybrid.services.execute('f/s', inputs={})
    assert faulty.requests == []


@pytest.mark.parametrize('scope', ['eth0', '1', 'wlp0s20f3'])
def test_an_address_with_a_scope_is_connected_to_with_it(way: str, asked: list[str], scope: str) -> None:
    with counted(host='::1') as (faulty, listener):
        both(way, f'http://[fe80::1%25{scope}]:{listener.port}')
    assert {one for one in asked if one not in ('::1', '')} == {f'fe80::1%{scope}'}
    assert len(faulty.requests) == 2
    assert {host.partition('%')[0].strip('[]') for host in hosts_sent(faulty.requests)} == {'fe80::1'}
