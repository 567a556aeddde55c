"""Where a runner is: every form of its address, from an argument or the environment, used as it was given."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import cspark.wasm as Hybrid
from cspark.wasm import Config, RunnerUrl
from support.wire import Recorder

FORMS: list[tuple[str, str | None, str, str]] = [
    ('http://localhost:3000/my-tenant', None, 'http://localhost:3000', 'my-tenant'),
    ('http://localhost:3000', 'my-tenant', 'http://localhost:3000', 'my-tenant'),
    ('http://localhost:3000/my-tenant', 'my-tenant', 'http://localhost:3000', 'my-tenant'),
    ('http://localhost:3000/my-tenant/', None, 'http://localhost:3000', 'my-tenant'),
    ('http://localhost:3000///', 'my-tenant', 'http://localhost:3000', 'my-tenant'),
    (' http://localhost:3000/ ', 'my-tenant', 'http://localhost:3000', 'my-tenant'),
    ('https://runner.example.com/my-tenant', None, 'https://runner.example.com', 'my-tenant'),
    ('https://runner.example.com:8443/my-tenant', None, 'https://runner.example.com:8443', 'my-tenant'),
    ('http://127.0.0.1/my-tenant', None, 'http://127.0.0.1', 'my-tenant'),
    ('http://[::1]:3000/my-tenant', None, 'http://[::1]:3000', 'my-tenant'),
    ('http://[fe80::1]', 'my-tenant', 'http://[fe80::1]', 'my-tenant'),
    ('http://h/mypath/torun/my-tenant', None, 'http://h/mypath/torun', 'my-tenant'),
    ('http://h/mypath/torun/my-tenant/', 'my-tenant', 'http://h/mypath/torun', 'my-tenant'),
    ('http://h/mypath/torun', 'my-tenant', 'http://h/mypath/torun', 'my-tenant'),
    ('http://h/mypath/torun//', 'my-tenant', 'http://h/mypath/torun', 'my-tenant'),
    ('http://h/a%20b/my%20tenant', None, 'http://h/a%20b', 'my tenant'),
    ('http://h/my%20tenant', 'my tenant', 'http://h', 'my tenant'),
    ('http://h/my%20tenant', 'my%20tenant', 'http://h', 'my tenant'),
    ('HTTPS://Runner.Example.COM/Ten', None, 'HTTPS://Runner.Example.COM', 'Ten'),
    ('http://my_host-1.local:80/t', None, 'http://my_host-1.local:80', 't'),
    ('http://h:65535/t@x', None, 'http://h:65535', 't@x'),
    ('http://bücher.example/t', None, 'http://bücher.example', 't'),
    ('https://utility.uat.us.coherent.global/t', None, 'https://utility.uat.us.coherent.global', 't'),
]
IDS = [f'{url} {tenant or ""}' for url, tenant, *_ in FORMS]


@pytest.mark.parametrize(('url', 'tenant', 'value', 'found'), FORMS, ids=IDS)
def test_an_address_is_taken_as_it_is_given(url: str, tenant: str | None, value: str, found: str) -> None:
    address = Config(base_url=url, tenant=tenant, token='open').base_url
    assert (address.value, address.tenant) == (value, found)
    assert address == RunnerUrl.of(url=url, tenant=tenant) == RunnerUrl(value, found)
    assert address.full == f'{value}/{found}'


@pytest.mark.parametrize(('url', 'tenant', 'value', 'found'), FORMS, ids=IDS)
def test_the_environment_may_have_an_address_in_every_form(
    monkeypatch: pytest.MonkeyPatch, url: str, tenant: str | None, value: str, found: str
) -> None:
    monkeypatch.setenv('CSPARK_RUNNER_URL', url)
    for base_url in (None, ''):
        address = Config(base_url=base_url, tenant=tenant, token='open').base_url
        assert (address.value, address.tenant) == (value, found)
    assert RunnerUrl().value == RunnerUrl.no_tenant().value == url.strip().rstrip('/')


def test_an_argument_goes_before_the_environment_and_that_before_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    def value(**options: Any) -> str:
        with Hybrid.Client(token='open', tenant='t', **options) as hybrid:
            return hybrid.config.base_url.value

    assert value() == Hybrid.DEFAULT_RUNNER_URL == 'http://localhost:3000'
    monkeypatch.setenv('CSPARK_RUNNER_URL', 'http://from-environment:1')
    assert value() == 'http://from-environment:1'
    assert value(base_url='http://from-argument:2') == 'http://from-argument:2'
    assert value(base_url=RunnerUrl('http://from-argument:3')) == 'http://from-argument:3'
    monkeypatch.setenv('CSPARK_RUNNER_URL', '')
    assert value() == 'http://localhost:3000'


def test_a_bad_address_in_the_environment_harms_only_who_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('CSPARK_RUNNER_URL', 'localhost:3000')
    assert RunnerUrl('http://h').value == 'http://h'
    with pytest.raises(Hybrid.SparkConfigError, match='needs a scheme and a host'):
        Config(tenant='t', token='open')


@pytest.mark.parametrize('url', [None, '', 'http://h', 'http://h:3000/', 'http://[::1]//'])
@pytest.mark.parametrize('tenant', [None, ''])
def test_a_missing_tenant_is_an_error_that_shows_both_ways_to_give_it(url: str | None, tenant: str | None) -> None:
    with pytest.raises(Hybrid.SparkConfigError, match=r'tenant is missing; give tenant=.*, such as http\S+/my-tenant$'):
        Config(base_url=url, tenant=tenant, token='open')


def test_two_tenants_are_an_error_that_names_both() -> None:
    address = RunnerUrl('http://h', 'one')
    for make in (Config, Config(base_url='http://h/three', token='open').copy_with):
        with pytest.raises(Hybrid.SparkConfigError, match=r"'one' in base_url and tenant='two'"):
            make(base_url=address, tenant='two', token='open')
        assert make(base_url=address, tenant='one', token='open').base_url == address
        assert make(base_url=RunnerUrl('http://h'), tenant='two', token='open').base_url.tenant == 'two'


BAD: list[tuple[Any, str]] = [
    ('localhost', 'needs a scheme and a host'),
    ('localhost:3000', 'needs a scheme and a host'),
    ('http:/h', 'needs a scheme and a host'),
    ('http://', 'needs a scheme and a host'),
    ('http://:3000', 'needs a scheme and a host'),
    ('//h/t', 'needs a scheme and a host'),
    ('ftp://h/t', 'needs a scheme and a host'),
    (' ', 'needs a scheme and a host'),
    ('http://h:port/t', "Port could not be cast to integer value as 'port'"),
    ('http://h:65536/t', 'Port out of range'),
    ('http://h:-1/t', 'Port'),
    ('http://h:/t', 'no port after its colon'),
    ('http://h:0/t', 'or port 0'),
    ('http://[::1/t', 'Invalid IPv6 URL'),
    ('http://[localhost]/t', 'IPv6 address'),
    ('http://[1.2.3.4]/t', 'IPv6 address|in brackets'),
    ('http://my host/t', 'an invalid host name'),
    ('http://h\\x/t', 'an invalid host name'),
    ('http://%68/t', 'an invalid host name'),
    ('http://<h>/t', 'an invalid host name'),
    ('http://h/t?x=1', 'a query or a fragment'),
    ('http://h/t#x', 'a query or a fragment'),
    ('http://h/t?', 'a query or a fragment'),
    ('http://h/t#', 'a query or a fragment'),
    ('http://h/../t', 'a path that cannot be sent as it is'),
    ('http://h/./t', 'a path that cannot be sent as it is'),
    ('http://h/a b/t', 'a path that cannot be sent as it is'),
    ('http://h/a\\b', 'a path that cannot be sent as it is'),
    (7, 'must be text, not int'),
    (b'http://h/t', 'must be text, not bytes'),
    (['http://h'], 'must be text, not list'),
]


@pytest.mark.parametrize(('url', 'reason'), BAD, ids=lambda value: ascii(value)[:40])
def test_what_cannot_be_an_address_fails_when_the_client_is_built(url: Any, reason: str) -> None:
    for build in (lambda: Hybrid.Client(base_url=url, tenant='t', token='open'), lambda: RunnerUrl.no_tenant(url)):
        with pytest.raises(Hybrid.SparkConfigError, match=reason) as caught:
            build()
        assert isinstance(caught.value, ValueError)
        assert str(caught.value).startswith('base_url ')


@pytest.mark.parametrize(
    'tenant', ['.', '..', ' ', 'a/../b', 'a\nb', '\ud800', 'größe', ' t', 't\u3000', 7, b't', ['t']]
)
def test_what_cannot_be_a_tenant_fails_when_the_client_is_built(tenant: Any) -> None:
    with pytest.raises(Hybrid.SparkConfigError, match=r'^tenant '):
        Hybrid.Client(base_url='http://h', tenant=tenant, token='open')


@pytest.mark.parametrize(
    'url',
    [
        'http://user:pa55word@h/t',
        'https://pa55word@h:1/t',
        'http://user:pa55word@[::1]/t',
        'http://user:pa55/word@h/t',
        'http://user:pa55word#@h/t',
        'http://user:pa55word?x@h',
        'http://user:pa55 word@h',
        'http://[user:pa55word@h',
        'http://a@b:pa55word@h/t',
        'user:pa55word@h',
        'ftp://user:pa55word@h',
        'http:/user:pa55word@h',
        'http:user:pa55\nword@h',
        'user:pa55/word@h/t',
    ],
)
def test_user_information_is_refused_and_no_message_holds_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('CSPARK_RUNNER_URL', url)
    for base_url in (url, None):
        with pytest.raises(Hybrid.SparkConfigError, match=r'user name|not an address|query|path') as caught:
            Config(base_url=base_url, tenant='x', token='open')
        shown = str(caught.value) + repr(caught.value) + str(caught.value.to_dict()) + str(caught.value.__cause__)
        assert 'pa55' not in shown
        assert 'word@' not in shown


@pytest.mark.thorough
@given(st.text() | st.text().map('http://{}'.format) | st.text().map('http://h/{}'.format))
@example('http://h:1/' + 'x' * 10_000 + '?')
@example('x' * 10_000)
@example('http://h:' + 'x' * 10_000)
@example('http://[' + 'x' * 10_000 + ']')
@example('http://h:1/' + 'x' * 10_000 + ' ')
def test_any_text_is_an_address_that_stays_as_it_is_or_an_error_with_a_short_text(text: str) -> None:
    try:
        address = RunnerUrl(text or 'http://h')
    except Hybrid.SparkConfigError:
        with pytest.raises(Hybrid.SparkConfigError, match=r'^(?s:.{1,700})$'):
            RunnerUrl(text)
        return
    assert address.value == (text or 'http://h').strip().rstrip('/')
    assert RunnerUrl(address.value) == address


def test_an_address_is_a_frozen_value() -> None:
    address = RunnerUrl('http://h:1/p/', 't')
    assert (address, hash(address)) == (RunnerUrl(url='http://h:1/p', tenant='t'), hash(RunnerUrl('http://h:1/p', 't')))
    assert address != RunnerUrl('http://h:1/p')
    assert eval(repr(address)) == copy.copy(address) == copy.deepcopy(address) == address
    assert pickle.loads(pickle.dumps(address)) == address
    assert (address.env, address.service) == (None, None)
    with pytest.raises(AttributeError):
        address.tenant = 'u'  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def test_a_copy_of_an_address_differs_in_what_is_given() -> None:
    address = RunnerUrl('http://h/p', 't')
    assert address.copy_with() == address
    assert address.copy_with(tenant='u') == RunnerUrl('http://h/p', 'u')
    assert address.copy_with(url='http://i') == RunnerUrl('http://i', 't')


def test_an_address_without_a_tenant_ends_with_its_path() -> None:
    assert RunnerUrl('http://h/p').full == RunnerUrl.no_tenant('http://h/p/').full == 'http://h/p'
    assert RunnerUrl.no_tenant('http://h').tenant == ''


@pytest.mark.parametrize('path', ['', '/mypath', '/mypath/torun'])
def test_the_environments_address_is_where_calls_go(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv('CSPARK_RUNNER_URL', f'{recorder.url}{path}/ten/')
    with Hybrid.Client(token='open') as hybrid:
        hybrid.health.check()
        hybrid.services.execute('f/s')
    monkeypatch.setenv('CSPARK_RUNNER_URL', f'{recorder.url}{path}')
    Hybrid.Client.health_check()
    called = [received.path for received in recorder.received]
    assert called == [f'{path}/healthcheck', f'{path}/ten/api/v3/folders/f/services/s/execute', f'{path}/healthcheck']
    assert {received.headers['host'] for received in recorder.received} == {recorder.url.removeprefix('http://')}
