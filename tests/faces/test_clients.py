"""What both clients are beside their verbs: the same names, credentials, static methods, the raw client."""

from __future__ import annotations

import inspect
from typing import Any

import httpx
import pytest

import cspark.wasm as Hybrid
import cspark.wasm._async_client as awaited
import cspark.wasm._client as blocking
from hybrid_runner_api.api.execute import execute_by_body, execute_by_body_short
from hybrid_runner_api.api.packages import upload_package_short
from hybrid_runner_api.api.runner import check_health
from hybrid_runner_api.models import (
    ExecuteAnswer,
    ExecuteRequest,
    RequestData,
    RequestMeta,
    UploadAnswer,
    UploadRequest,
)
from hybrid_runner_api.types import File
from support.packages import CYLINDER, CYLINDER_ID
from support.wire import Recorder, Reply
from support.worlds import World, client_in

RESOURCES = ['HealthResource', 'VersionResource', 'StatusResource', 'ServicesResource']


def members(owner: type[Any]) -> dict[str, Any]:
    """The public members of a class."""
    return {name: member for name, member in vars(owner).items() if not name.startswith('_')}


def signature(member: Any) -> str:
    """How a member is called, as text, with the blocking client's names."""
    text = str(inspect.signature(member)) if callable(member) else type(member).__name__
    return text.replace('AsyncClient', 'Client').replace('AsyncManyResults', 'ManyResults')


def twin(name: str) -> type[Any]:
    """The awaited class for a blocking one."""
    found: type[Any] = getattr(awaited, 'AsyncClient' if name == 'Client' else name)
    return found


@pytest.mark.parametrize('name', ['Client', *RESOURCES])
def test_both_clients_have_the_same_names_and_signatures(name: str) -> None:
    one, other = members(getattr(blocking, name)), members(twin(name))
    assert {key: signature(member) for key, member in other.items()} == {
        key: signature(member) for key, member in one.items()
    }


@pytest.mark.parametrize('name', ['Client', *RESOURCES])
def test_both_clients_have_the_same_documentation(name: str) -> None:
    for member in members(getattr(blocking, name)):
        documentation = inspect.getdoc(getattr(getattr(blocking, name), member))
        assert documentation
        assert documentation == inspect.getdoc(getattr(twin(name), member))


def test_every_exported_name_is_there() -> None:
    for name in Hybrid.__all__:
        assert getattr(Hybrid, name) is not None


@pytest.mark.parametrize(
    ('credentials', 'sent'),
    [
        ({'token': 'open'}, {}),
        ({'api_key': 'open'}, {}),
        ({'token': 'secret-token'}, {'authorization': 'Bearer secret-token'}),
        ({'token': 'bearer secret-token'}, {'authorization': 'Bearer secret-token'}),
        ({'api_key': 'secret-key'}, {'x-synthetic-key': 'secret-key'}),
        ({'api_key': 'secret-key', 'token': 'secret-token'}, {'x-synthetic-key': 'secret-key'}),
        ({'api_key': 'secret-key', 'token': 'open'}, {}),
    ],
)
def test_credentials_go_out_in_their_header(
    recorder: Recorder, world: World, credentials: dict[str, str], sent: dict[str, str]
) -> None:
    with client_in(world, base_url=recorder.url, **{'token': None, **credentials}) as hybrid:
        hybrid.services.execute('f/s', inputs={})
        check_health_through_raw(hybrid, world)
    for received in recorder.received:
        found = {
            name: received.headers[name] for name in ('authorization', 'x-synthetic-key') if name in received.headers
        }
        assert found == sent
    assert len(recorder.received) == 2


def check_health_through_raw(hybrid: Hybrid.Client, world: World) -> Any:
    """Health by the generated client, in either world."""
    if world == 'sync':
        return check_health.sync(client=hybrid.raw)
    return hybrid._loop.run(check_health.asyncio(client=hybrid.raw))  # type: ignore[attr-defined]


@pytest.mark.parametrize('name', ['health_check', 'get_version', 'get_status'])
def test_static_methods_need_no_tenant_and_no_token(recorder: Recorder, name: str) -> None:
    recorder.reply(Reply(body={'msg': 'ok'}))
    getattr(Hybrid.Client, name)(recorder.url)
    getattr(Hybrid.Client, name)(base_url=recorder.url, token='secret', timeout=5000, max_retries=0)
    first, second = recorder.received
    assert first.path == second.path
    assert 'x-tenant-name' not in first.headers
    assert 'authorization' not in first.headers
    assert second.headers['authorization'] == 'Bearer secret'


async def static_async(recorder: Recorder) -> list[int]:
    """The static methods of the awaited client."""
    names = (Hybrid.AsyncClient.health_check, Hybrid.AsyncClient.get_version, Hybrid.AsyncClient.get_status)
    return [(await method(recorder.url)).status for method in names]


def test_static_methods_of_the_awaited_client_are_awaited(recorder: Recorder) -> None:
    import asyncio

    assert asyncio.run(static_async(recorder)) == [200, 200, 200]


def test_static_methods_read_the_address_from_the_environment(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('CSPARK_RUNNER_URL', recorder.url)
    assert Hybrid.Client.health_check().status == 200


def test_an_http_client_of_the_caller_stays_open(recorder: Recorder) -> None:
    with httpx.Client(headers={'x-mine': '1'}, cookies={'a': 'b'}) as mine:
        for _ in range(2):
            with Hybrid.Client(base_url=recorder.url, tenant='t', token='open', http_client=mine) as hybrid:
                assert hybrid.http_client is mine
                hybrid.health.check()
                hybrid.close()
        Hybrid.Client.health_check(recorder.url, http_client=mine)
        assert not mine.is_closed
    assert {received.headers['x-mine'] for received in recorder.received} == {'1'}
    assert {received.headers['cookie'] for received in recorder.received} == {'a=b'}


def test_a_client_of_its_own_is_closed_and_can_be_closed_again(recorder: Recorder) -> None:
    hybrid = Hybrid.Client(base_url=recorder.url, tenant='t', token='open')
    hybrid.health.check()
    hybrid.close()
    hybrid.close()
    assert hybrid.http_client.is_closed


def test_use_takes_a_configuration_that_is_there(recorder: Recorder) -> None:
    config = Hybrid.Config(base_url=recorder.url, tenant='t', api_key='secret-key', timeout=1234)
    with Hybrid.Client.use(config) as hybrid:
        assert hybrid.config is config
        hybrid.health.check()
    assert recorder.last.headers['x-synthetic-key'] == 'secret-key'


def test_a_prefix_is_honoured_by_every_verb(recorder: Recorder) -> None:
    address = Hybrid.RunnerUrl(f'{recorder.url}/mypath/torun', 'ten')
    with Hybrid.Client(base_url=address, token='open', extra_headers={'x-mine': '1'}) as hybrid:
        hybrid.health.check()
        hybrid.services.execute('f/s', inputs={})
        hybrid.services.upload(b'zip')
        check_health.sync(client=hybrid.raw)
    paths = ['/healthcheck', '/ten/api/v3/folders/f/services/s/execute', '/api/v3/upload', '/healthcheck']
    assert [received.path for received in recorder.received] == [f'/mypath/torun{path}' for path in paths]
    assert {received.headers['x-mine'] for received in recorder.received} == {'1'}
    assert len({received.headers['x-request-id'] for received in recorder.received}) == 4


def test_redirects_are_not_followed(recorded: Hybrid.Client, recorder: Recorder) -> None:
    recorder.reply(Reply(307, b'', {'Location': '/elsewhere'}))
    with pytest.raises(Hybrid.UnknownApiError, match='redirects are not followed') as caught:
        recorded.health.check()
    assert caught.value.status == 307
    assert len(recorder.received) == 1


@pytest.mark.thorough
def test_the_raw_client_reaches_what_the_facade_does_not_cover(runner: Hybrid.LocalRunner, url: str) -> None:
    body = ExecuteRequest(
        request_data=RequestData(inputs={'height': 10, 'radius': 2}), request_meta=RequestMeta(service_id=CYLINDER_ID)
    )
    with Hybrid.Client(base_url=url, tenant='my-tenant', token='open') as hybrid:
        for operation in (execute_by_body, execute_by_body_short):
            answer = operation.sync('my-tenant', client=hybrid.raw, body=body)
            assert isinstance(answer, ExecuteAnswer)
            assert answer.status == 'Success'
        package = File(payload=CYLINDER.open('rb'), file_name='package.zip', mime_type='application/zip')
        with package.payload:
            uploaded = upload_package_short.sync(client=hybrid.raw, body=UploadRequest(file=package))
        assert isinstance(uploaded, UploadAnswer)
        hybrid.raw.get_httpx_client().close()
        assert hybrid.health.check().data == {'msg': 'ok'}
