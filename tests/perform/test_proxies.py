"""Proxies of the environment: what goes through one, what goes directly, and what is said of one that fails."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

import cspark.wasm as Hybrid
from support.certificates import authority, server_context
from support.secrets import PASSWORD, SECRETS, USER, leaks, searched_error
from support.sockets import Proxy, counted, forwarding, secured
from support.worlds import World, client_in

CALLS: dict[str, Callable[[Any], Any]] = {
    'execute': lambda hybrid: hybrid.services.execute('f/s', inputs={'height': 1}),
    'upload': lambda hybrid: hybrid.services.upload(b'zip'),
}
PLAIN: list[tuple[dict[str, str], bool]] = [
    ({}, False),
    ({'HTTP_PROXY': 'http://{proxy}'}, True),
    ({'http_proxy': 'http://{proxy}'}, True),
    ({'HTTP_PROXY': '{proxy}'}, True),
    ({'ALL_PROXY': 'http://{proxy}'}, True),
    ({'all_proxy': 'http://{proxy}'}, True),
    ({'HTTP_PROXY': 'http://{proxy}', 'ALL_PROXY': 'http://127.0.0.1:1'}, True),
    ({'HTTPS_PROXY': 'http://{proxy}'}, False),
    ({'HTTP_PROXY': ''}, False),
    ({'HTTP_PROXY': 'http://{proxy}', 'NO_PROXY': '127.0.0.1'}, False),
    ({'HTTP_PROXY': 'http://{proxy}', 'no_proxy': 'example.com, 127.0.0.1'}, False),
    ({'HTTP_PROXY': 'http://{proxy}', 'NO_PROXY': '{runner}'}, False),
    ({'ALL_PROXY': 'http://{proxy}', 'NO_PROXY': '*'}, False),
    ({'http_proxy': 'http://{proxy}', 'no_proxy': '*'}, False),
    ({'HTTP_PROXY': 'http://{proxy}', 'NO_PROXY': 'example.com,10.0.0.1'}, True),
]
SECURE: list[tuple[dict[str, str], bool]] = [
    ({'HTTPS_PROXY': 'http://{proxy}'}, True),
    ({'https_proxy': 'http://{proxy}'}, True),
    ({'ALL_PROXY': 'http://{proxy}'}, True),
    ({'HTTP_PROXY': 'http://{proxy}'}, False),
    ({'HTTPS_PROXY': 'http://{proxy}', 'NO_PROXY': '127.0.0.1'}, False),
    ({'HTTPS_PROXY': 'http://{proxy}', 'no_proxy': '*'}, False),
]
SAID = f'http://{USER}:{PASSWORD}@'
Environment = Callable[..., None]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Sets variables, in which the addresses of servers are filled in; of others there are none."""
    for name in ('NO_PROXY', 'no_proxy', 'SSL_CERT_FILE', 'SSL_CERT_DIR'):
        monkeypatch.delenv(name, raising=False)

    def given(variables: dict[str, str], **addresses: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value.format(**addresses))

    return given


@pytest.fixture
def proxy() -> Generator[Proxy]:
    """A proxy that forwards."""
    with forwarding() as started:
        yield started


@pytest.fixture(params=CALLS)
def call(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """A call of each way to send."""
    return CALLS[request.param]


@pytest.mark.parametrize(
    ('variables', 'proxied'), PLAIN, ids=[' '.join(f'{k}={v}' for k, v in p[0].items()) for p in PLAIN]
)
def test_a_plain_call_goes_through_the_proxy_that_the_environment_says(
    world: World, environment: Environment, proxy: Proxy, call: Any, variables: dict[str, str], proxied: bool
) -> None:
    with counted() as (faulty, _):
        environment(variables, proxy=proxy.address, runner=faulty.url.removeprefix('http://'))
        with client_in(world, base_url=faulty.url, max_retries=0) as hybrid:
            assert call(hybrid).status == 200
    assert len(faulty.requests) == 1
    assert len(proxy.lines) == proxied
    assert all(line.split(' ')[1].startswith(f'{faulty.url}/') for line in proxy.lines)


@pytest.mark.parametrize(
    ('variables', 'proxied'), SECURE, ids=[' '.join(f'{k}={v}' for k, v in p[0].items()) for p in SECURE]
)
def test_a_call_with_tls_goes_through_a_tunnel_of_the_proxy_that_the_environment_says(
    world: World, environment: Environment, proxy: Proxy, call: Any, variables: dict[str, str], proxied: bool
) -> None:
    with secured(server_context(authority())) as (faulty, _):
        environment(variables, proxy=proxy.address)
        with client_in(world, base_url=faulty.url, max_retries=0, verify=False) as hybrid:
            assert call(hybrid).status == 200
    runner = faulty.url.removeprefix('https://')
    assert proxy.lines == ([f'CONNECT {runner}'] if proxied else [])
    assert len(faulty.requests) == 1


def test_a_proxy_is_used_for_what_it_is_for_and_nothing_else(
    world: World, environment: Environment, proxy: Proxy
) -> None:
    with counted() as (near, _), counted() as (far, _):
        environment({'HTTP_PROXY': 'http://{proxy}', 'NO_PROXY': near.url[7:]}, proxy=proxy.address)
        for url in (near.url, far.url, near.url):
            with client_in(world, base_url=url, max_retries=0) as hybrid:
                assert hybrid.health.check().status == 200
    assert proxy.lines == [f'GET {far.url}/healthcheck']
    assert (len(near.requests), len(far.requests)) == (2, 1)


def test_the_proxys_credentials_reach_the_proxy_alone(
    world: World, environment: Environment, proxy: Proxy, call: Any
) -> None:
    with counted() as (faulty, _):
        environment({'HTTP_PROXY': SAID + '{proxy}'}, proxy=proxy.address)
        with client_in(world, base_url=faulty.url, max_retries=0) as hybrid:
            call(hybrid)
    assert f'Proxy-Authorization: Basic {SECRETS[1]}' in proxy.heads[0]
    assert leaks(faulty.requests[0]) == []


FAILING: dict[str, str] = {
    'nothing listens': SAID + '127.0.0.1:1',
    'refuses': SAID + '{proxy}',
    'speaks no HTTP': SAID + '{proxy}',
    'no port': SAID + '127.0.0.1:S3CRET',
    'a slash in the password': f'http://{USER}:1/{PASSWORD}@127.0.0.1:1',
    'an unknown scheme': f'ftp://{USER}:{PASSWORD}@127.0.0.1:1',
    'SOCKS': f'socks5://{USER}:{PASSWORD}@127.0.0.1:1',
}
REFUSALS = {
    'refuses': b'HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n',
    'speaks no HTTP': b'SSH-2.0-OpenSSH_9.2\r\n',
}


@pytest.mark.parametrize('failing', FAILING)
@pytest.mark.parametrize('scheme', ['http', 'https'])
def test_an_error_of_a_proxy_is_one_of_ours_and_shows_no_credentials(
    world: World, environment: Environment, proxy: Proxy, call: Any, scheme: str, failing: str
) -> None:
    proxy.refusal = REFUSALS.get(failing, b'')
    environment({'ALL_PROXY': FAILING[failing]}, proxy=proxy.address)
    with (
        client_in(world, base_url=f'{scheme}://127.0.0.1:1', max_retries=0, verify=False) as hybrid,
        pytest.raises(Hybrid.SparkError) as caught,
    ):
        call(hybrid)
    assert leaks(caught.value) == []
    assert searched_error(caught.value) == []
