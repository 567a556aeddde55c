"""Credentials at a runner behind the runner: whose reach it, and that none shows anywhere else."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import time
from collections.abc import Generator
from typing import Any, Final

import httpx
import pytest
import trustme

import cspark.wasm as Hybrid
from cspark.wasm.local.operations.passing_on import Passage
from cspark.wasm.local.upstream import Upstream
from cspark.wasm.uri import UriParams
from support.calls import Json, message
from support.certificates import server_context
from support.faulty import misbehaving, sends
from support.packages import PACKAGES
from support.secrets import EXTRA, FETCHED, KEY, PASSWORD, TOKEN, USER, leaks, searched, searched_records
from support.sockets import secured
from support.upstreams import ELSEWHERE, NESTED, config_of, in_front, recorded
from support.wire import Recorder, Reply

QUOTE = PACKAGES / 'quote.zip'
THEIRS: Final = {
    'authorization': 'Bearer callers-S3CRET',
    'x-synthetic-key': 'callers-key-S3CRET',
    'cookie': 'session=callers-S3CRET',
    'proxy-authorization': 'Basic callers-S3CRET',
    'x-api-key': 'callers-S3CRET',
    'x-tenant-secret': 'callers-S3CRET',
    'forwarded': 'for=callers-S3CRET',
    'referer': 'http://callers-S3CRET/',
}
CONTEXT: Final = {'authorization': 'Bearer ctx-S3CRET', 'secretkey': 'ctx-S3CRET', 'x-synthetic-key': 'ctx-S3CRET'}
WITH_CONTEXT: Final[Json] = {
    'request_data': {'inputs': {'big': 12345678901234567890123, 'text': 'שלום 𝄞', 'none': None}},
    'request_meta': {'call_purpose': 'test', '_ctx': {**CONTEXT, 'user': 'ann'}},
}


def all_that(recorder: Recorder) -> str:
    """All that a server was sent, as text; the bodies unpacked."""
    return ''.join(
        f'{one.path} {dict(one.headers)} {json.dumps(one.json) if one.body else ""}' for one in recorder.received
    )


@pytest.mark.thorough
@pytest.mark.parametrize('path', [ELSEWHERE, 'v4/execute', 'v3/validation', 'v3/metadata'])
def test_credentials_of_callers_stay_here(path: str) -> None:
    body = {**WITH_CONTEXT, 'service': 'no/service'}
    body['request_meta'] = {**WITH_CONTEXT['request_meta'], 'service_uri': 'no/service'}
    with recorded() as (front, recorder):
        assert front.post(path, body, headers=THEIRS).status_code == 200
        packed = gzip.compress(json.dumps(body).encode())
        encoded = {'content-encoding': 'gzip', 'content-type': 'application/json'}
        assert front.post(path, content=packed, headers=THEIRS | encoded).status_code == 200
        front.get('status')
        assert len(recorder.received) == 3
        assert leaks(all_that(recorder)) == []
        for sent in recorder.received[:2]:
            assert sent.json['request_data'] == WITH_CONTEXT['request_data']
            assert sent.json['request_meta']['_ctx'] == {'user': 'ann'}
            assert sent.json['request_meta']['call_purpose'] == 'test'
            assert not {'authorization', 'x-synthetic-key', 'cookie', *THEIRS} & sent.headers.keys()


@pytest.mark.thorough
@pytest.mark.parametrize('name', ['Authorization', 'SecretKey', 'X-Synthetic-Key'])
def test_credentials_in_the_body_stay_here_in_any_case(name: str) -> None:
    body: Json = {'request_data': {'inputs': {}}, 'request_meta': {'_ctx': {name: 'ctx-S3CRET'}}}
    with recorded() as (front, recorder):
        assert front.post(ELSEWHERE, body).status_code == 200
        assert leaks(all_that(recorder)) == []


@pytest.mark.thorough
@pytest.mark.parametrize(
    'number', ['12345678901234567890.123456789', '1.10', '1e300', '0.1000000000000000055511', '1' * 40]
)
def test_a_body_without_its_credentials_has_its_numbers_unchanged(number: str) -> None:
    body = f'{{"request_data":{{"inputs":{{"a":{number}}}}},"request_meta":{{"_ctx":{{"secretkey":"S3CRET"}}}}}}'
    with recorded() as (front, recorder):
        answer = front.post(ELSEWHERE, content=body.encode(), headers={'content-type': 'application/json'})
        assert answer.status_code == 200, message(answer)
        assert leaks(recorder.last.body) == []
        assert recorder.last.json['request_data']['inputs']['a'] == json.loads(number)


@pytest.mark.thorough
@pytest.mark.parametrize('path', [ELSEWHERE, 'v4/execute', 'v3/validation'])
def test_credentials_of_callers_are_passed_on_where_the_user_says_so(path: str) -> None:
    body = {**WITH_CONTEXT, 'service': 'no/service'}
    body['request_meta'] = {**WITH_CONTEXT['request_meta'], 'service_uri': 'no/service'}
    with recorded(config={'token': TOKEN, 'api_key': KEY}, caller_credentials=True) as (front, recorder):
        assert front.post(path, body, headers=THEIRS).status_code == 200
        headers = recorder.last.headers
        for name in ('authorization', 'x-synthetic-key'):
            assert headers[name] == THEIRS[name]
        assert leaks({name: value for name, value in headers.items() if name not in THEIRS}) == []
        assert recorder.last.json == body


@pytest.mark.thorough
@pytest.mark.parametrize('name', ['authorization', 'x-synthetic-key'])
def test_own_credentials_stay_away_where_the_caller_has_any(name: str) -> None:
    own: Json = {'token': TOKEN} if name == 'x-synthetic-key' else {'api_key': KEY}
    with recorded(config=own, caller_credentials=True) as (front, recorder):
        front.post(ELSEWHERE, NESTED, headers={name: THEIRS[name]})
        found = {one: recorder.last.headers.get(one) for one in ('authorization', 'x-synthetic-key')}
        assert {one: value for one, value in found.items() if value} == {name: THEIRS[name]}
        front.post(ELSEWHERE, NESTED)
        assert TOKEN in str(recorder.last.headers) or KEY in str(recorder.last.headers)


class Signed(httpx.Auth):
    """Credentials of httpx."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Add them."""
        request.headers['authorization'] = f'Signed {TOKEN}'
        yield request


BASIC: Final = base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ('own', 'name', 'value'),
    [
        ({'token': TOKEN}, 'authorization', f'Bearer {TOKEN}'),
        ({'token': lambda: FETCHED}, 'authorization', f'Bearer {FETCHED}'),
        ({'api_key': KEY}, 'x-synthetic-key', KEY),
        ({'auth': Signed()}, 'authorization', f'Signed {TOKEN}'),
        ({'auth': httpx.BasicAuth(USER, PASSWORD)}, 'authorization', f'Basic {BASIC}'),
        ({'extra_headers': {'X-Team': EXTRA}}, 'x-team', EXTRA),
    ],
    ids=['token', 'function', 'key', 'auth', 'basic', 'headers'],
)
@pytest.mark.parametrize('packages', [(), (QUOTE,)], ids=['passed on', 'called'])
def test_the_runners_own_credentials_are_sent(
    own: Json, name: str, value: str, packages: tuple[Any, ...], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with recorded(*packages, config=own) as (front, recorder):
        shown: list[Any] = []
        path = 'v3/folders/insurance/services/quote/execute' if packages else ELSEWHERE
        for status in (200, 401, 500):
            recorder.reply(Reply(status))
            shown += [(one := front.post(path, NESTED, headers=THEIRS)).content, dict(one.headers)]
            assert recorder.last.headers[name] == value
            assert 'callers' not in str(recorder.last.headers)
        shown += [front.get('status'), front.get('ui/services'), repr(front.runner), repr(front.runner.app.upstream)]
        assert leaks(shown) == []
        assert searched(front.runner.app.upstream) == []
        assert searched_records([one for one in caplog.records if one.name.startswith('cspark')]) == []


@pytest.mark.thorough
@pytest.mark.parametrize('packages', [(), (QUOTE,)], ids=['passed on', 'called'])
def test_a_token_is_renewed_after_401(packages: tuple[Any, ...]) -> None:
    tokens = iter(f'{FETCHED}-{number}' for number in range(9))
    with recorded(*packages, config={'token': lambda: next(tokens)}) as (front, recorder):
        recorder.reply(Reply(401, b'{}'), Reply())
        if packages:
            front.send({'alternatives': []}, 'insurance/quote')
        else:
            assert front.post(ELSEWHERE, NESTED).status_code == 200
        sent = [one.headers['authorization'] for one in recorder.received]
        assert sent == [f'Bearer {FETCHED}-0', f'Bearer {FETCHED}-1']


def failing() -> str:
    """A function for a token that has none."""
    raise RuntimeError('the vault is closed')


FAILING = pytest.mark.parametrize('token', [failing, lambda: None], ids=['raises', 'has none'])


@pytest.mark.thorough
@FAILING
def test_a_function_for_a_token_that_fails_is_named(token: Any) -> None:
    with recorded(config={'token': token}) as (front, recorder):
        answer = front.post(ELSEWHERE, NESTED)
        assert answer.status_code == 502
        assert 'token' in message(answer)
        assert recorder.received == []


@pytest.mark.thorough
@FAILING
def test_the_status_is_there_although_a_token_is_not(token: Any) -> None:
    with recorded(config={'token': token}) as (front, _):
        assert 'error' in front.get('status')['upstream']


@pytest.mark.thorough
@FAILING
def test_a_model_gets_the_failure_of_a_token_in_its_form(token: Any) -> None:
    with recorded(QUOTE, config={'token': token}) as (front, _):
        called = front.send({'alternatives': []}, 'insurance/quote')
        assert called.status_code == 200, message(called)
        assert called.json()['response_data']['service_chain'][0]['status'] == 'Error'


@pytest.mark.thorough
def test_no_secret_shows_where_the_runner_behind_is_away(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    own: Json = {'token': TOKEN, 'extra_headers': {'X-Team': EXTRA}}
    with misbehaving() as faulty:
        faulty.behave([sends(b'HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n' + TOKEN.encode())])
        with in_front(config_of(faulty.url, **own)) as front:
            answer = front.post(ELSEWHERE, WITH_CONTEXT, headers=THEIRS)
            assert answer.status_code == 502
            assert leaks((answer.text, front.get('status'), repr(front.runner))) == []
    assert searched_records([one for one in caplog.records if one.name.startswith('cspark')]) == []


@pytest.mark.thorough
@pytest.mark.parametrize('query', ['token=S3CRET', 'a=1&api_key=S3CRET'])
def test_a_query_does_not_get_into_errors_and_logs(query: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with misbehaving() as faulty:
        faulty.behave([sends(b'')])
        with in_front(faulty.url) as front:
            assert front.post(f'{ELSEWHERE}?{query}', NESTED).status_code == 502
    assert searched_records([one for one in caplog.records if one.name.startswith('cspark')]) == []


def test_a_password_in_the_address_is_refused_and_not_shown() -> None:
    with pytest.raises(Hybrid.SparkConfigError, match='user name or a password') as caught:
        Hybrid.LocalRunner(upstream=f'http://{USER}:{PASSWORD}@127.0.0.1:1').close()
    assert leaks(caught.value) == []


@pytest.mark.thorough
@pytest.mark.parametrize('packages', [(), (QUOTE,)], ids=['passed on', 'called'])
def test_authorities_are_the_configurations(ca: trustme.CA, pem: str, packages: tuple[Any, ...]) -> None:
    with secured(server_context(ca)) as (faulty, _):
        with in_front(config_of(faulty.url, token=TOKEN, verify=pem), *packages) as front:
            service = 'insurance/quote' if packages else 'no/service'
            assert front.send({'alternatives': []}, service).status_code == 200
        assert any(TOKEN.encode() in one for one in faulty.requests)


@pytest.mark.thorough
def test_without_a_configuration_no_credentials_of_the_environment_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('CSPARK_BEARER_TOKEN', TOKEN)
    monkeypatch.setenv('CSPARK_API_KEY', KEY)
    with recorded() as (front, recorder), in_front(recorder.url) as other:
        for one in (front, other):
            one.post(ELSEWHERE, NESTED)
            assert leaks(recorder.last.headers) == []


@pytest.mark.thorough
def test_clients_in_this_process_keep_their_token_too() -> None:
    with recorded() as (front, recorder), front.runner.client(token=TOKEN) as hybrid:
        hybrid.services.execute('no/service', inputs={})
        assert leaks(all_that(recorder)) == []


@pytest.mark.thorough
def test_cookies_of_the_runner_behind_stay_there() -> None:
    with recorded() as (front, recorder):
        recorder.reply(Reply(headers={'Set-Cookie': 'session=S3CRET', 'Content-Type': 'application/json'}))
        assert leaks(front.post(ELSEWHERE, NESTED).headers) == []
        front.post(ELSEWHERE, NESTED)
        assert leaks(all_that(recorder)) == []


def test_an_upstream_shows_its_address_alone() -> None:
    upstream = Upstream(config_of('http://127.0.0.1:1', token=TOKEN))
    try:
        assert repr(upstream) == "Upstream('http://127.0.0.1:1')"
        assert searched(upstream) == []
    finally:
        upstream.close()


@pytest.mark.thorough
def test_the_authorization_of_one_caller_is_not_that_of_the_next() -> None:
    with recorded(config={}, caller_credentials=True) as (front, recorder):
        front.post(ELSEWHERE, NESTED, headers=THEIRS)
        front.post(ELSEWHERE, NESTED)
        assert leaks(recorder.last.headers) == []


@pytest.mark.thorough
def test_credentials_in_the_request_of_a_model_stay_here() -> None:
    with recorded() as (_, recorder):
        upstream = Upstream(recorder.url)
        try:
            Passage(upstream, THEIRS).execute(
                'my-tenant', UriParams(folder='a', service='b'), WITH_CONTEXT, time.monotonic() + 60
            )
        finally:
            upstream.close()
        assert leaks(all_that(recorder)) == []
