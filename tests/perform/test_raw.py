"""The generated client on the facade's connections: both worlds, streamed bodies, and what it raises."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest

import cspark.wasm as Hybrid
from hybrid_runner_api.api.packages import upload_package
from hybrid_runner_api.api.runner import check_health
from hybrid_runner_api.models import HealthStatus, UploadAnswer, UploadRequest
from hybrid_runner_api.types import File
from support.packages import CYLINDER
from support.wire import Recorder


def nobody() -> str:
    """An address at which nobody listens."""
    with socket.create_server(('127.0.0.1', 0)) as unused:
        return f'http://127.0.0.1:{unused.getsockname()[1]}'


@pytest.mark.thorough
def test_the_awaited_raw_client_asks_and_streams(url: str) -> None:
    async def main() -> tuple[object, object]:
        async with Hybrid.AsyncClient(base_url=url, tenant='my-tenant', token='open') as hybrid:
            health = await check_health.asyncio(client=hybrid.raw)
            with CYLINDER.open('rb') as file:
                package = File(payload=file, file_name='package.zip', mime_type='application/zip')
                return health, await upload_package.asyncio(client=hybrid.raw, body=UploadRequest(file=package))

    health, uploaded = asyncio.run(main())
    assert isinstance(health, HealthStatus)
    assert isinstance(uploaded, UploadAnswer)


def test_it_raises_what_httpx_raises_where_nobody_listens() -> None:
    with (
        Hybrid.Client(base_url=nobody(), tenant='t', token='open') as hybrid,
        pytest.raises(httpx.ConnectError, match='cannot be reached'),
    ):
        check_health.sync(client=hybrid.raw)

    async def main() -> None:
        async with Hybrid.AsyncClient(base_url=nobody(), tenant='t', token='open') as hybrid:
            await check_health.asyncio(client=hybrid.raw)

    with pytest.raises(httpx.ConnectError, match='cannot be reached'):
        asyncio.run(main())


def test_copies_of_the_raw_client_go_through_the_same_connections(recorder: Recorder) -> None:
    with Hybrid.Client(base_url=recorder.url, tenant='t', api_key='a-key') as hybrid:
        for raw in (hybrid.raw, hybrid.raw.with_headers({'x-one': '1'}), hybrid.raw.with_timeout(httpx.Timeout(5))):
            check_health.sync_detailed(client=raw)
    assert [one.headers['x-synthetic-key'] for one in recorder.received] == ['a-key'] * 3
    assert {one.headers['user-agent'] for one in recorder.received} == {Hybrid.about}
    assert [one.headers.get('x-one') for one in recorder.received] == [None, '1', None]

    async def main() -> None:
        async with Hybrid.AsyncClient(base_url=recorder.url, tenant='t', api_key='a-key') as awaited:
            await check_health.asyncio_detailed(client=awaited.raw.with_headers({'x-one': '2'}))
            with pytest.raises(Hybrid.SparkSdkError, match='Client has a blocking one'):
                check_health.sync_detailed(client=awaited.raw)

    asyncio.run(main())
    assert recorder.last.headers['x-synthetic-key'] == 'a-key' and recorder.last.headers['x-one'] == '2'


def test_the_raw_client_of_a_blocking_one_does_not_await(recorder: Recorder) -> None:
    with (
        Hybrid.Client(base_url=recorder.url, tenant='t', token='open') as hybrid,
        pytest.raises(Hybrid.SparkSdkError, match='AsyncClient has one that awaits'),
    ):
        asyncio.run(check_health.asyncio_detailed(client=hybrid.raw))
    assert recorder.received == []
