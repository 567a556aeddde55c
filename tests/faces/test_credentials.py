"""Credentials: what goes out, tokens that are fetched and refreshed, copies of a client with other ones."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

import cspark.wasm as Hybrid
from support.callers import sending_through
from support.wire import Received, Recorder, Reply
from support.worlds import World, client_in

UNAUTHORIZED = Reply(401, {'message': 'no'})
HEADERS = ('authorization', 'x-synthetic-key')


def sent(recorder: Recorder) -> list[dict[str, str]]:
    """The credentials of each request."""
    return [{name: one.headers[name] for name in HEADERS if name in one.headers} for one in recorder.received]


class Source:
    """A function that fetches a token, plain or async; it counts how often."""

    def __init__(self, world: World, *, awaited: bool) -> None:
        self.world: World = world
        self.fetched = 0
        self.function: Callable[[], Any] = self.later if awaited else self.now

    def now(self) -> str:
        """A token."""
        self.fetched += 1
        return ('one', 'two', 'three')[self.fetched - 1]

    async def later(self) -> str:
        """A token, awaited."""
        return self.now()


SOURCES: dict[str, tuple[World, bool]] = {
    'sync, plain': ('sync', False),
    'async, plain': ('async', False),
    'async, awaited': ('async', True),
}


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest) -> Source:
    """Each kind of function that a client takes."""
    world, awaited = SOURCES[request.param]
    return Source(world, awaited=awaited)


@pytest.mark.parametrize('prefix', ['', 'Bearer ', 'bearer ', 'BEARER ', ' bEaReR   '])
def test_a_leading_bearer_is_taken_off_in_any_case(recorder: Recorder, world: World, prefix: str) -> None:
    for given in (f'{prefix}secret', lambda: f'{prefix}secret'):
        with client_in(world, base_url=recorder.url, token=given) as hybrid:
            hybrid.health.check()
            assert hybrid.config.auth.token == 'secret'
    assert sent(recorder) == [{'authorization': 'Bearer secret'}] * 2


@pytest.mark.parametrize('token', ['bearer-of-news', 'Bearersecret', 'secret Bearer secret', 'Basic dXNlcg=='])
def test_bearer_elsewhere_in_a_token_stays(recorder: Recorder, world: World, token: str) -> None:
    with client_in(world, base_url=recorder.url, token=token) as hybrid:
        hybrid.health.check()
    assert sent(recorder) == [{'authorization': f'Bearer {token}'}]


@pytest.mark.parametrize('word', ['Open', 'OPEN', 'open '])
def test_only_the_exact_word_means_open(recorder: Recorder, world: World, word: str) -> None:
    with client_in(world, base_url=recorder.url, token=word) as hybrid:
        assert hybrid.config.auth.is_open == (word.strip() == 'open')
    with client_in(world, base_url=recorder.url, token='open') as hybrid:
        hybrid.health.check()
    assert sent(recorder) == [{}]


def test_a_token_is_fetched_when_it_is_needed_and_kept(recorder: Recorder, source: Source) -> None:
    with client_in(source.world, base_url=recorder.url, token=source.function) as hybrid:
        assert source.fetched == 0
        for _ in range(3):
            hybrid.health.check()
    assert source.fetched == 1
    assert sent(recorder) == [{'authorization': 'Bearer one'}] * 3


def test_a_token_that_is_refused_is_fetched_anew_once(recorder: Recorder, source: Source) -> None:
    recorder.reply(Reply(), UNAUTHORIZED, Reply())
    with client_in(source.world, base_url=recorder.url, token=source.function, max_retries=0) as hybrid:
        for _ in range(3):
            assert hybrid.services.execute('f/s', inputs={'x': 1}).status == 200
    assert source.fetched == 2
    assert [one['authorization'] for one in sent(recorder)] == [f'Bearer {n}' for n in ('one', 'one', 'two', 'two')]
    assert len({one.headers['x-request-id'] for one in recorder.received}) == 3
    assert [one.json['request_data']['inputs'] for one in recorder.received] == [{'x': 1}] * 4


def test_it_is_not_fetched_a_second_time_in_a_call(recorder: Recorder, source: Source) -> None:
    recorder.reply(UNAUTHORIZED)
    with client_in(source.world, base_url=recorder.url, token=source.function, retry_interval=0.001) as hybrid:
        with pytest.raises(Hybrid.UnauthorizedError) as caught:
            hybrid.health.check()
        assert caught.value.attempts == len(recorder.received) == source.fetched == 2
        recorder.reply(UNAUTHORIZED, Reply())
        assert hybrid.health.check().status == 200
    assert source.fetched == 3


def test_a_refreshed_token_is_used_for_the_retries(recorder: Recorder, source: Source) -> None:
    recorder.reply(UNAUTHORIZED, Reply(503), Reply(429), Reply())
    with client_in(source.world, base_url=recorder.url, token=source.function, retry_interval=0.001) as hybrid:
        hybrid.health.check()
    assert [one['authorization'] for one in sent(recorder)] == ['Bearer one', *['Bearer two'] * 3]


def test_an_upload_is_sent_again_whole_with_a_new_token(recorder: Recorder, source: Source) -> None:
    recorder.reply(UNAUTHORIZED, Reply())
    with client_in(source.world, base_url=recorder.url, token=source.function) as hybrid:
        hybrid.services.upload(b'the package')
    assert [one.body.count(b'the package') for one in recorder.received] == [1, 1]


@pytest.mark.parametrize('credentials', [{'token': 'fixed'}, {'token': None, 'api_key': 'key'}, {'token': 'open'}])
def test_fixed_credentials_that_are_refused_are_not_tried_again(
    recorder: Recorder, world: World, credentials: dict[str, Any]
) -> None:
    recorder.reply(UNAUTHORIZED)
    with (
        client_in(world, base_url=recorder.url, **credentials) as hybrid,
        pytest.raises(Hybrid.UnauthorizedError, match='no') as caught,
    ):
        hybrid.health.check()
    assert caught.value.attempts == len(recorder.received) == 1


def test_an_exception_of_the_function_arrives_as_it_is(recorder: Recorder, world: World) -> None:
    problem = LookupError('the vault is closed')

    def fetch() -> str:
        raise problem

    with client_in(world, base_url=recorder.url, token=fetch) as hybrid, pytest.raises(LookupError) as caught:
        hybrid.health.check()
    assert caught.value is problem
    assert recorder.received == []


def test_a_blocking_client_says_that_a_function_is_async(recorder: Recorder) -> None:
    source = Source('sync', awaited=True)
    client = client_in(source.world, base_url=recorder.url, token=source.function)
    with client as hybrid, pytest.raises(Hybrid.SparkConfigError, match=r'async.*AsyncClient'):
        hybrid.health.check()
    assert recorder.received == []


def test_threads_that_meet_an_expired_token_all_succeed(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    valid = ['token-0']

    def check(received: Received) -> Reply:
        return Reply() if received.headers['authorization'] == f'Bearer {valid[0]}' else UNAUTHORIZED

    def status(_: int) -> int:
        return hybrid.services.execute('f/s', inputs={}).status

    monkeypatch.setattr(recorder, 'answer', check)
    with client_in('sync', base_url=recorder.url, token=lambda: valid[0]) as hybrid, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(status, range(8))) == [200] * 8
        valid[0] = 'token-1'
        assert list(pool.map(status, range(32))) == [200] * 32


class Signing(httpx.Auth):
    """An `httpx.Auth` that answers a challenge."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers['Authorization'] = 'Signature first'
        response = yield request
        if response.status_code == 401:
            request.headers['Authorization'] = 'Signature second'
            yield request


def test_an_httpx_auth_sees_to_the_credentials_alone(recorder: Recorder, world: World) -> None:
    recorder.reply(UNAUTHORIZED, Reply())
    with client_in(world, base_url=recorder.url, token=None, auth=Signing()) as hybrid:
        assert hybrid.services.execute('f/s', inputs={'x': 1}).status == 200
    assert [one['authorization'] for one in sent(recorder)] == ['Signature first', 'Signature second']
    assert [one.json['request_data']['inputs'] for one in recorder.received] == [{'x': 1}] * 2


def test_the_auth_of_a_callers_http_client_is_used_where_none_is_given(recorder: Recorder, world: World) -> None:
    with sending_through(world, {'auth': ('user', 'pass')}, base_url=recorder.url) as (hybrid, _):
        hybrid.health.check()
    assert sent(recorder)[0]['authorization'].startswith('Basic ')


def test_a_redirect_takes_no_credentials_elsewhere_through_the_raw_client(recorder: Recorder) -> None:
    from hybrid_runner_api.api.runner import check_health

    recorder.reply(Reply(307, b'', {'Location': '/elsewhere'}))
    with client_in('sync', base_url=recorder.url, token='secret') as hybrid:
        check_health.sync_detailed(client=hybrid.raw)
    assert [one.path for one in recorder.received] == ['/healthcheck']


def test_a_credential_that_the_runner_repeats_is_not_shown(world: World, recorder: Recorder) -> None:
    recorder.reply(Reply(403, {'error': {'message': 'the key planted-secret-key is not known'}}))
    options: Any = {'base_url': recorder.url, 'tenant': 't', 'token': None, 'api_key': 'planted-secret-key'}
    with client_in(world, **options) as hybrid, pytest.raises(Hybrid.ForbiddenError) as caught:
        hybrid.services.execute('f/s', inputs={})
    assert (
        'planted-secret-key'
        not in f'{caught.value} {caught.value.details} {caught.value.data} {caught.value.to_dict()}'
    )
    assert 'the key **** is not known' in str(caught.value)


def test_a_client_without_a_tenant_says_so_before_it_sends(world: World, recorder: Recorder) -> None:
    address = Hybrid.RunnerUrl.no_tenant(recorder.url)
    with client_in(world, base_url=address, tenant=None) as hybrid:
        with pytest.raises(Hybrid.SparkConfigError, match='tenant is missing'):
            hybrid.services.execute('f/s', inputs={})
        assert hybrid.health.check().status == 200
    assert len(recorder.received) == 1
