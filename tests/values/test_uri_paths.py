"""What reaches a server is the path with exactly the names that were given, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import cspark.wasm as Hybrid
from cspark.wasm import UriParams
from support.names import NAMES, PLAIN, VERSIONS
from support.names import SERVICE_ID as ID
from support.wire import Recorder, recording
from support.worlds import WORLDS, client_in

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope='module')
def server() -> Iterator[Recorder]:
    """One recording server for all examples."""
    with recording() as recorder:
        yield recorder


@pytest.fixture(scope='module', params=WORLDS)
def client(request: pytest.FixtureRequest, server: Recorder) -> Iterator[Hybrid.Client]:
    """Each client, calling it."""
    with client_in(request.param, base_url=server.url, max_retries=0) as made:
        yield made


def path_of(server: Recorder) -> list[str]:
    """The segments of the newest request's path, each decoded."""
    start, *segments = server.last.path.split('/')
    assert start == ''
    return [unquote(segment, errors='strict') for segment in segments]


@pytest.mark.thorough
@QUICK
@given(NAMES, NAMES, st.none() | VERSIONS)
@example('my folder', 'größe #1?', '1.2.3')
@example('%2e%2e', '%2F..%5C', None)
@example('a/b', 'c/d', None)
@example(';', '\\', '*')
def test_folder_and_service_arrive_as_given(
    client: Hybrid.Client, server: Recorder, folder: str, service: str, version: str | None
) -> None:
    client.services.execute(UriParams(folder, service, version=version), inputs={})
    assert path_of(server) == ['my-tenant', 'api', 'v3', 'folders', folder, 'services', service, 'execute']
    assert server.last.json['request_meta'].get('version') == version


@pytest.mark.thorough
@QUICK
@given(NAMES)
def test_ids_arrive_as_given(client: Hybrid.Client, server: Recorder, name: str) -> None:
    client.services.execute(UriParams(service_id=name), inputs={})
    assert path_of(server) == ['my-tenant', 'api', 'v3', 'service', name]
    client.services.execute(UriParams(version_id=name, public=True), inputs={})
    assert path_of(server) == ['my-tenant', 'api', 'v3', 'public', 'version', name]


@pytest.mark.thorough
@QUICK
@given(NAMES)
@example('quotes/%2F/motor')
def test_an_endpoint_arrives_as_given_with_its_slashes(client: Hybrid.Client, server: Recorder, name: str) -> None:
    client.services.execute(UriParams(proxy=name), inputs={})
    assert path_of(server) == ['my-tenant', 'api', 'v3', 'proxy', *name.split('/')]


@pytest.mark.thorough
@QUICK
@given(PLAIN, NAMES, st.none() | VERSIONS)
def test_many_records_name_the_service_in_the_body(
    client: Hybrid.Client, server: Recorder, folder: str, service: str, version: str | None
) -> None:
    params = UriParams(folder, service, version=version)
    client.services.execute(params, inputs=[{}])
    assert path_of(server) == ['my-tenant', 'api', 'v4', 'execute']
    assert Hybrid.Uri.decode(server.last.json['service']) == params


@pytest.mark.parametrize('tenant', ['my-tenant', 'my tenant', 'a%2Fb', 'a/b', 'a;b?c#d', '[x]'])
def test_a_tenant_arrives_as_given(server: Recorder, tenant: str) -> None:
    with Hybrid.Client(base_url=server.url, tenant=tenant, token='open', max_retries=0) as hybrid:
        hybrid.services.execute('f/s', inputs={})
    assert path_of(server) == [tenant, 'api', 'v3', 'folders', 'f', 'services', 's', 'execute']


PARTS = ['folder', 'service', 'service_id', 'version', 'version_id', 'proxy']
REFUSED = ['.', '..', ' ', '\u3000', ' .. ', 'a/../b', './a', 'a/.', 'a//b', '/', '\x00', 'a\nb', 'a\r\n']
UNPRINTED = ['\x7f', 'a\x85b', '\x9f', '\ud800', 'a\udfffb', '/../../admin']


@pytest.mark.parametrize('inputs', [{}, [{}]], ids=['one', 'many'])
@pytest.mark.parametrize(('part', 'name'), [(part, name) for part in PARTS for name in REFUSED + UNPRINTED], ids=ascii)
def test_a_name_that_a_path_cannot_carry_is_refused_before_anything_is_sent(
    client: Hybrid.Client, server: Recorder, part: str, name: str, inputs: Any
) -> None:
    sent = len(server.received)
    named = {'folder': 'f', 'service': 's'} if part in ('folder', 'service', 'version') else {}
    with pytest.raises(Hybrid.SparkSdkError, match=f'^{part} .* cannot stand in a path'):
        client.services.execute({**named, part: name}, inputs=inputs)
    assert len(server.received) == sent


@pytest.mark.parametrize('part', PARTS)
@pytest.mark.parametrize('name', [1.2, 7, b'f', ['f'], True])
def test_a_name_that_is_no_text_is_refused(client: Hybrid.Client, server: Recorder, part: str, name: Any) -> None:
    sent = len(server.received)
    named = {'folder': 'f', 'service': 's'} if part in ('folder', 'service', 'version') else {}
    with pytest.raises(Hybrid.SparkSdkError, match=f'^{part} must be text, not {type(name).__name__}'):
        client.services.execute({**named, part: name}, inputs={})
    assert len(server.received) == sent


@pytest.mark.parametrize('version', ['1]', '[1', '1][2', '[]'])
def test_a_version_with_brackets_is_refused_for_it_could_not_be_told_from_the_name(
    client: Hybrid.Client, server: Recorder, version: str
) -> None:
    sent = len(server.received)
    with pytest.raises(Hybrid.SparkSdkError, match=r'^version .* must not contain a bracket'):
        client.services.execute(UriParams('f', 's', version=version), inputs=[{}])
    assert len(server.received) == sent


@pytest.mark.parametrize(
    ('uri', 'way'),
    [
        (UriParams(service_id=ID, version='1'), 'give version_id, or folder and service with the version'),
        (UriParams('a/b', 's', version='1'), 'give version_id or service_id'),
    ],
)
def test_a_version_that_cannot_be_sent_is_refused_with_the_way_to_say_it(
    client: Hybrid.Client, server: Recorder, uri: UriParams, way: str
) -> None:
    sent = len(server.received)
    with pytest.raises(Hybrid.SparkSdkError, match=way):
        client.services.execute(uri, inputs=[{}])
    with pytest.raises(Hybrid.SparkSdkError, match='give its version_id'):
        client.services.get_metadata(UriParams(service_id=ID, version='1'))
    assert len(server.received) == sent


def test_the_text_of_an_error_is_short_however_long_the_name_is(client: Hybrid.Client) -> None:
    for uri in ('x' * 100_000, UriParams('f', '\n' * 100_000), UriParams('f', 's', version='[' * 100_000)):
        with pytest.raises(Hybrid.SparkSdkError) as caught:
            client.services.execute(uri, inputs={})
        assert len(str(caught.value)) < 700
