"""Where two headers have one name, in whatever case, one goes out: the one that is given closest to the call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

import pytest

import cspark.wasm as Hybrid
from hybrid_runner_api.api.packages import upload_package
from hybrid_runner_api.api.runner import check_health
from hybrid_runner_api.models import UploadRequest
from hybrid_runner_api.types import File
from support.faulty import Faulty, answers, misbehaving
from support.packages import CYLINDER
from support.ways import WAYS, client_by
from support.worlds import World

VERBS: dict[str, Callable[[Hybrid.Client, dict[str, str]], Any]] = {
    'execute': lambda hybrid, headers: hybrid.services.execute('f/s', inputs={}, headers=headers),
    'execute with records': lambda hybrid, headers: hybrid.services.execute('f/s', inputs=[{}], headers=headers),
    'validate': lambda hybrid, headers: hybrid.services.validate(service_id='an-id', headers=headers),
    'get_metadata': lambda hybrid, headers: hybrid.services.get_metadata(service_id='an-id', headers=headers),
    'upload': lambda hybrid, headers: hybrid.services.upload(b'a zip', headers=headers),
    'health': lambda hybrid, headers: hybrid.health.check(headers=headers),
    'version': lambda hybrid, headers: hybrid.version.get(headers=headers),
    'status': lambda hybrid, headers: hybrid.status.get(headers=headers),
}


@pytest.fixture
def faulty() -> Generator[Faulty]:
    """A server that keeps the bytes of its requests."""
    with misbehaving() as server:
        server.behave([answers()])
        yield server


def sent(faulty: Faulty, name: str, index: int = -1) -> list[str]:
    """The values of all headers of that name in a request, the last one by default."""
    head = faulty.requests[index].partition(b'\r\n\r\n')[0].decode('latin-1')
    lines = [line.partition(':') for line in head.split('\r\n')[1:]]
    return [value.strip() for key, _, value in lines if key.lower() == name.lower()]


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('verb', VERBS)
def test_a_header_of_the_call_replaces_that_of_the_client(faulty: Faulty, way: str, verb: str) -> None:
    ours = {'X-Shared': 'client', 'x-ours': 'client'}
    with client_by(way, base_url=faulty.url, tenant='t', token='open', extra_headers=ours) as hybrid:
        VERBS[verb](hybrid, {'x-sHaReD': 'call', 'X-Theirs': 'call'})
        VERBS[verb](hybrid, {})
    assert [sent(faulty, name, 0) for name in ('x-shared', 'x-ours', 'x-theirs')] == [['call'], ['client'], ['call']]
    assert [sent(faulty, name, 1) for name in ('x-shared', 'x-ours', 'x-theirs')] == [['client'], ['client'], []]


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('where', ['client', 'call'])
@pytest.mark.parametrize('name', ['User-Agent', 'X-Request-ID', 'x-spark-ua', 'X-TENANT-NAME', 'accept'])
def test_a_header_of_the_caller_replaces_the_one_that_is_sent_without_it(
    faulty: Faulty, way: str, where: str, name: str
) -> None:
    with client_by(way, base_url=faulty.url, tenant='t', token='open') as hybrid:
        hybrid.services.execute('f/s', inputs={})
    assert len(sent(faulty, name)) == 1
    mine = {name: 'mine'}
    options: Any = {'extra_headers': mine} if where == 'client' else {}
    with client_by(way, base_url=faulty.url, tenant='t', token='open', **options) as hybrid:
        hybrid.services.execute('f/s', inputs={}, headers=mine if where == 'call' else {})
    assert sent(faulty, name) == ['mine']


@pytest.mark.parametrize('way', WAYS)
def test_a_request_s_own_headers_stay_beside_those_of_the_caller(faulty: Faulty, way: str) -> None:
    options: dict[str, Any] = {'encoding': 'gzip', 'headers': {'x-mine': '1'}}
    with client_by(way, base_url=faulty.url, tenant='t', token='mine', extra_headers={'x-ours': '2'}) as hybrid:
        hybrid.services.execute('f/s', inputs=[{}], **options)
    expected = {'x-mine': '1', 'x-ours': '2', 'content-encoding': 'gzip', 'x-tenant-name': 't'}
    assert {name: sent(faulty, name) for name in expected} == {name: [value] for name, value in expected.items()}
    assert sent(faulty, 'authorization') == ['Bearer mine']


def raw_calls(world: World, url: str, headers: dict[str, str], **options: Any) -> None:
    """A call of the raw client without a body, and one with a file that is read when it is sent."""
    options = {'base_url': url, 'tenant': 't', 'token': 'open', **options}

    async def main() -> None:
        async with Hybrid.AsyncClient(**options) as awaited:
            raw = awaited.raw.with_headers(headers)
            await check_health.asyncio_detailed(client=raw)
            with CYLINDER.open('rb') as file:
                await upload_package.asyncio_detailed(client=raw, body=UploadRequest(file=File(file, 'package.zip')))

    if world == 'async':
        asyncio.run(main())
        return
    with Hybrid.Client(**options) as hybrid, CYLINDER.open('rb') as file:
        raw = hybrid.raw.with_headers(headers)
        check_health.sync_detailed(client=raw)
        upload_package.sync_detailed(client=raw, body=UploadRequest(file=File(file, 'package.zip')))


def test_headers_of_a_raw_client_are_those_that_its_caller_gave_it(faulty: Faulty, world: World) -> None:
    theirs = {'X-Request-Id': 'theirs-1', 'x-spark-ua': 'theirs-2', 'X-Tenant-Name': 'theirs-3', 'X-Shared': 'theirs-4'}
    raw_calls(world, faulty.url, theirs, extra_headers={'x-shared': 'client', 'X-Ours': 'client'})
    assert len(faulty.requests) == 2
    for index in range(2):
        assert {name: sent(faulty, name, index) for name in theirs} == {name: [theirs[name]] for name in theirs}
        assert sent(faulty, 'x-ours', index) == ['client']


def test_a_raw_client_says_who_calls_where_its_caller_does_not(faulty: Faulty, world: World) -> None:
    raw_calls(world, faulty.url, {}, extra_headers={'x-request-id': 'client', 'x-spark-ua': 'client'})
    raw_calls(world, faulty.url, {})
    assert [sent(faulty, 'x-request-id', index) for index in range(2)] == [['client']] * 2
    assert [sent(faulty, 'x-spark-ua', index) for index in range(2)] == [['client']] * 2
    assert len({*sent(faulty, 'x-request-id', 2), *sent(faulty, 'x-request-id', 3)}) == 2
    assert [sent(faulty, 'x-tenant-name', index) for index in range(4)] == [['t']] * 4
