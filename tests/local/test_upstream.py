"""A runner behind the runner: what is passed on, that nothing changes on the way, and what happens without it."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpx
import pytest
import trustme

import cspark.wasm as Hybrid
from cspark.wasm.local.operations.passing_on import Passage
from cspark.wasm.local.upstream import Upstream
from cspark.wasm.uri import UriParams
from support.calls import PLAIN, Api, Json, message, serving
from support.certificates import server_context
from support.faulty import Behaviour, answers, closes_later, misbehaving, says_nothing, sends
from support.models import scripted
from support.packages import (
    CYLINDER,
    CYLINDER_140,
    CYLINDER_ID,
    PACKAGES,
    TERM_LIFE,
    TERM_LIFE_030,
    TERM_LIFE_ID,
    only,
    rename,
)
from support.sockets import secured
from support.upstreams import ELSEWHERE, NESTED, config_of, in_front, raw_post, recorded, steady, still_serves
from support.wire import Recorder, Reply

QUOTE, ALTERNATIVE = PACKAGES / 'quote.zip', PACKAGES / 'alternative.zip'
MARK: Final = 'x-answered-by'
MANY: Final = {'service': 'insurance/term-life', 'inputs': [{'term_years': 10}, {'term_years': 11}]}
COLUMNAR: Final = {'service': 'insurance/term-life', 'inputs': [['term_years'], [10], [11]]}


def named(**meta: Any) -> Json:
    """The body of a v3 request that names its service."""
    return {'request_data': {'inputs': {'term_years': 12}}, 'request_meta': meta}


@pytest.fixture(scope='module')
def behind() -> Iterator[Api]:
    """A runner that has what the one in front lacks."""
    other = rename(only(CYLINDER.read_bytes(), '1.5.0'), tenant='other', version_id=TERM_LIFE_030[:-1] + '7')
    with serving(CYLINDER, TERM_LIFE, other, proxies={'quotes/life': 'insurance/term-life'}) as api:
        yield api


@pytest.fixture(scope='module')
def front(behind: Api) -> Iterator[Api]:
    """A runner that has one version of one service."""
    with in_front(behind.url, only(CYLINDER.read_bytes(), '1.5.0')) as api:
        yield api


@pytest.fixture(scope='module')
def way() -> Iterator[tuple[Api, Recorder]]:
    """A runner in front of a server that keeps what it is sent."""
    with recorded() as both:
        yield both


@pytest.mark.parametrize(
    ('path', 'body'),
    [
        (ELSEWHERE, named()),
        ('v3/public/folders/insurance/services/term-life/execute', named()),
        (f'v3/service/{TERM_LIFE_ID}', named()),
        (f'v3/version/{TERM_LIFE_030}', named()),
        (f'v3/version/{CYLINDER_140}', {'request_data': {'inputs': {'height': 3}}}),
        ('v3/folders/shapes/services/cylinder/execute', named(version='1.4.0')),
        ('v3/proxy/quotes/life', named()),
        ('v3/execute', named(service_uri='insurance/term-life')),
        ('v3/execute', named(version_id=TERM_LIFE_030)),
        ('v3', named(service_id=TERM_LIFE_ID)),
        ('v4/execute', MANY),
        ('v4/execute', COLUMNAR),
        ('v4/public/execute', MANY),
        ('v4/execute', {**MANY, 'service': f'version/{TERM_LIFE_030}'}),
        ('v3/validation', named(service_uri='insurance/term-life')),
        ('v3/validation', named(service_uri='insurance/term-life', validation_type='dynamic')),
        ('v3/metadata', named(service_uri='insurance/term-life')),
        ('v3/folders/nowhere/services/nothing/execute', named()),
        ('v3/metadata', named(service_uri='nowhere/nothing')),
    ],
)
def test_what_is_not_served_here_is_answered_by_the_runner_behind(
    behind: Api, front: Api, path: str, body: Json
) -> None:
    there, here = behind.post(path, body), front.post(path, body)
    assert steady(here) == steady(there)
    assert here.headers[MARK] == 'upstream'
    assert MARK not in there.headers


def test_another_tenant_is_passed_on(behind: Api, front: Api) -> None:
    path = 'other/api/v3/folders/shapes/services/cylinder/execute'
    answers = [raw_post(one.url, path, json=NESTED) for one in (behind, front)]
    assert steady(answers[0]) == steady(answers[1])
    assert (answers[1].status_code, answers[1].headers[MARK]) == (200, 'upstream')


@pytest.mark.thorough
def test_what_is_served_here_never_leaves(way: tuple[Api, Recorder]) -> None:
    front, recorder = way
    before = len(recorder.received)
    made = [
        front.send({'height': 1}),
        front.post('v4/execute', {'service': 'shapes/cylinder', 'inputs': [{}]}),
        front.post('v3/validation', {'request_meta': {'service_uri': 'shapes/cylinder'}}),
        front.post('v3/metadata', {'request_meta': {'service_uri': 'shapes/cylinder'}}),
        front.post('v3/execute', content=b'[', headers={'content-type': 'application/json'}),
        front.post('v3/nonsense', NESTED),
        front.post('v4/execute', {'service': 'shapes/cylinder', 'inputs': 7}),
        front.upload(b'no zip'),
    ]
    assert [one.status_code for one in made] == [200, 200, 200, 200, 400, 404, 400, 422]
    assert not any(MARK in one.headers for one in made)
    assert front.get('healthcheck') == {'msg': 'ok'}
    assert len(recorder.received) == before


BIG: Final = json.dumps({'text': 'ü' * 3_000_000}).encode()


@pytest.mark.parametrize(
    'reply',
    [
        Reply(200, b'{"a" : 1.0,"a":10000000000000000000000000001, "b":1e400,"c":NaN}\n'),
        Reply(200, '{"ünï": "\\ud800 𝄞"}'.encode()),
        Reply(400, b'{"status":"Error"}'),
        Reply(401, b'{"status":"Error"}', {'WWW-Authenticate': 'Bearer'}),
        Reply(404, b'not found', {'Content-Type': 'text/plain'}),
        Reply(422, b'[1, 2]'),
        Reply(429, b'{}', {'Retry-After': '7', 'Content-Type': 'application/json', 'X-Team': 'pricing'}),
        Reply(500, b'<html>\xff</html>', {'Content-Type': 'text/html; charset=latin-1'}),
        Reply(503, b'', {'Retry-After': '1'}),
        Reply(200, BIG),
        Reply(302, b'', {'Location': '/elsewhere'}),
        Reply(200, gzip.compress(BIG, mtime=0), {'Content-Encoding': 'gzip', 'Content-Type': 'application/json'}),
        Reply(200, b'{}', {'Content-Type': 'application/json', 'X-Words': 'm\xfcde'}),
    ],
    ids=lambda reply: f'{reply.status}-{reply.body!r:.14}',
)
@pytest.mark.parametrize('accepted', ['gzip', 'identity'])
def test_an_answer_comes_back_as_it_is(way: tuple[Api, Recorder], reply: Reply, accepted: str) -> None:
    front, recorder = way
    recorder.reply(reply)
    headers = {'accept-encoding': accepted}
    there = raw_post(recorder.url, f'my-tenant/api/{ELSEWHERE}', json=NESTED, headers=headers)
    here = front.post(ELSEWHERE, NESTED, headers=headers)
    assert (here.status_code, here.content) == (there.status_code, there.content)
    assert here.headers[MARK] == 'upstream'
    for name in ('retry-after', 'content-type', 'www-authenticate', 'x-team', 'x-words', 'location'):
        if name in there.headers:
            assert here.headers[name] == there.headers[name]


@pytest.mark.parametrize('encoding', ['', 'gzip', 'identity'])
@pytest.mark.parametrize(
    'body',
    [
        b'{"request_data" : {"inputs":{"a":12345678901234567890123,"b":1.10,"a":2}},\n "request_meta":{}}',
        '{"request_data":{"inputs":{"ünï":"\\ud834\\udd1e 𝄞 שלום"}}}'.encode(),
        b'{}',
    ],
)
def test_a_body_arrives_as_it_was_sent(way: tuple[Api, Recorder], body: bytes, encoding: str) -> None:
    front, recorder = way
    recorder.reply(Reply())
    content = gzip.compress(body) if encoding == 'gzip' else body
    headers = {'content-type': 'application/json'} | ({'content-encoding': encoding} if encoding else {})
    assert front.post(ELSEWHERE, content=content, headers=headers).status_code == 200
    assert recorder.last.body == content
    assert recorder.last.headers['content-type'] == 'application/json'
    assert recorder.last.headers.get('content-encoding', '') == encoding


@pytest.mark.thorough
@pytest.mark.parametrize(
    ('ours', 'theirs', 'sent', 'arrived'),
    [
        ('', '', 'my-tenant/api/v3/folders/a%2Fb/services/c%20d/execute?x=1&y=%2F&x=', ''),
        ('', '/deep/er', 'my-tenant/api/v3/folders/a%2Fb/services/%C3%BC/execute', ''),
        ('/mine', '', 'mine/my-tenant/api/v3/version/v%3F1?a', 'my-tenant/api/v3/version/v%3F1?a'),
        ('/mine', '/theirs', 'mine/t/api/v3/service/1', 't/api/v3/service/1'),
        ('', '', 'ten%20ant/api/v3/proxy/a/b%2Fc/d', ''),
    ],
)
def test_paths_and_queries_arrive_as_they_were_sent(
    recorder: Recorder, ours: str, theirs: str, sent: str, arrived: str
) -> None:
    with in_front(recorder.url + theirs, prefix=ours) as front:
        assert raw_post(front.url.removesuffix(ours), sent, json=NESTED).status_code == 200
    assert recorder.last.path == f'{theirs}/{arrived or sent}'


@pytest.mark.thorough
@pytest.mark.parametrize('theirs', ['their tenant', 'their%tenant', 'my-tenant'])
def test_the_tenant_may_have_another_name_there(theirs: str) -> None:
    with recorded(config={'tenant': theirs}) as (front, recorder):
        front.post(f'{ELSEWHERE}?q=1', NESTED)
        assert httpx.URL(recorder.last.path).path == f'/{theirs}/api/{ELSEWHERE}'
        assert recorder.last.path.endswith('?q=1')
        front.post('v4/execute', MANY)
        assert httpx.URL(recorder.last.path).path == f'/{theirs}/api/v4/execute'


def test_the_log_says_who_answered(front: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, 'cspark.wasm')
    front.post(ELSEWHERE, NESTED)
    front.send({})
    lines = [one for one in caplog.records if hasattr(one, 'request_id')]
    passed = [one for one in lines if getattr(one, 'answered_by', None) == 'upstream']
    assert ['answered by the upstream runner' in one.getMessage() for one in passed] == [True]


@pytest.mark.thorough
def test_the_log_does_not_say_that_a_missing_runner_answered(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, 'cspark.wasm')
    with in_front(f'http://127.0.0.1:{closed_port()}') as front:
        assert front.post(ELSEWHERE, NESTED).status_code == 502
    (line,) = [one for one in caplog.records if hasattr(one, 'request_id')]
    assert getattr(line, 'answered_by', None) is None


def test_the_status_shows_both(front: Api, behind: Api) -> None:
    told = front.get('status')
    assert told['upstream']['url'] == behind.url
    assert [one['tenant'] for one in told['upstream']['status']['models']] == ['my-tenant', 'other']
    assert [one['total_model'] for one in told['models']] == [1]
    assert 'upstream' not in behind.get('status')


@pytest.mark.parametrize('reply', [Reply(200, b'[]'), Reply(200, b'<html>'), Reply(500, b'{}'), Reply(404, b'')])
def test_the_status_says_what_is_wrong_with_the_status_behind(way: tuple[Api, Recorder], reply: Reply) -> None:
    front, recorder = way
    recorder.reply(reply)
    told = front.get('status')
    assert told['upstream'].keys() == {'url', 'error'}
    assert told['upstream']['error'] == (f'it answers {reply.status}' if reply.status >= 400 else told_wrong(told))
    assert [one['tenant'] for one in told['models']] == ['my-tenant']


def told_wrong(told: Json) -> str:
    """The words on a status that is none; they must say more than that it answers 200."""
    error: str = told['upstream']['error']
    return error if error != 'it answers 200' else 'that it is not a status'


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.create_server(('127.0.0.1', 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.mark.thorough
def test_a_refused_connection_is_502(behind: Api) -> None:
    url = f'http://127.0.0.1:{closed_port()}'
    with in_front(url) as front:
        answer = front.post(ELSEWHERE, NESTED)
        assert answer.status_code == 502
        assert 'this runner is up, but the one behind it does not answer' in message(answer)
        assert url in message(answer)
        assert MARK not in answer.headers
        assert still_serves(front)
        told = front.get('status')['upstream']
        assert (told['url'], 'status' in told) == (url, False)
        assert 'does not answer' in told['error']


@pytest.mark.thorough
@pytest.mark.parametrize(
    ('behaviour', 'status'),
    [
        (says_nothing, 504),
        (sends(b''), 502),
        (sends(b'', reset=True), 502),
        (sends(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{'), 502),
        (sends(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a"'), 502),
        (sends(b'SSH-2.0-OpenSSH_9.2\r\n'), 502),
        (answers(b'no gzip', '200 OK', 'Content-Encoding: gzip'), 502),
    ],
    ids=['silent', 'closes', 'resets', 'breaks off', 'breaks off in a chunk', 'no HTTP', 'no gzip'],
)
def test_a_runner_that_does_not_answer_well(behaviour: Behaviour, status: int) -> None:
    with misbehaving() as faulty:
        faulty.behave([behaviour])
        with in_front(config_of(faulty.url, timeout=400)) as front:
            answer = front.post(ELSEWHERE, NESTED)
            assert answer.status_code == status
            assert 'the one behind it' in message(answer)
            assert faulty.url in message(answer)
            assert still_serves(front)
            assert 'error' in front.get('status')['upstream']


@pytest.mark.thorough
def test_a_connection_that_the_other_side_closed_meanwhile_is_made_anew() -> None:
    with misbehaving() as faulty, in_front(faulty.url) as front:
        faulty.behave([closes_later])
        assert [front.post(ELSEWHERE, NESTED).status_code for _ in range(5)] == [200] * 5
        faulty.behave([answers(), sends(b''), answers()])
        assert [front.post(ELSEWHERE, NESTED).status_code for _ in range(2)] == [200] * 2


@pytest.mark.thorough
def test_a_certificate_that_is_not_trusted_is_502_and_one_that_is_works(ca: trustme.CA, pem: str) -> None:
    with secured(server_context(ca)) as (faulty, _):
        with in_front(faulty.url) as front:
            answer = front.post(ELSEWHERE, NESTED)
            assert answer.status_code == 502
            assert 'certificate' in message(answer)
            assert still_serves(front)
        with in_front(config_of(faulty.url, verify=pem)) as front:
            assert front.post(ELSEWHERE, NESTED).status_code == 200


def quote(api: Api, form: int = 2, **inputs: Any) -> Json:
    """The data of a quote."""
    data: Json = api.execute({'form': form, **inputs}, 'insurance/quote')['response_data']
    return data


def called(entries: Any) -> list[Any]:
    """The services in a chain, and those that they called."""
    return [
        (one['service_uri'], one['status'], called(one['service_chain']) if one['service_chain'] else [])
        for one in entries
    ]


@pytest.mark.thorough
@pytest.mark.parametrize('form', [1, 2, 3])
@pytest.mark.parametrize(
    ('here', 'there'),
    [((QUOTE, ALTERNATIVE), (TERM_LIFE,)), ((QUOTE,), (ALTERNATIVE, TERM_LIFE)), ((QUOTE, TERM_LIFE), (ALTERNATIVE,))],
    ids=['the last', 'all that are called', 'back and forth'],
)
def test_called_services_may_be_behind(here: tuple[Any, ...], there: tuple[Any, ...], form: int) -> None:
    with serving(QUOTE, ALTERNATIVE, TERM_LIFE) as alone:
        wanted = quote(alone, form)
    port = closed_port()
    with (
        Hybrid.LocalRunner(*there, instances=1, upstream=f'http://127.0.0.1:{port}') as last,
        last.serve() as server,
        Hybrid.LocalRunner(*here, instances=1, upstream=server.url) as first,
        first.serve(port) as front,
    ):
        found = quote(Api(front.url, first), form)
    assert found['outputs'] == wanted['outputs']
    assert (found['errors'], found['warnings']) == (wanted['errors'], wanted['warnings'])
    assert called(found['service_chain']) == called(wanted['service_chain'])


@pytest.mark.thorough
def test_the_chain_has_the_ids_of_what_was_called_behind(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, 'cspark.wasm')
    with serving(TERM_LIFE) as last, in_front(last.url, QUOTE, ALTERNATIVE) as front:
        many = front.many([{}, {}], 'insurance/quote')
        entry = quote(front)['service_chain'][0]
    assert (entry['service_id'], entry['version_id'], entry['version']) == (TERM_LIFE_ID, TERM_LIFE_030, '0.3.0')
    assert [len(one) for one in many['service_chain']] == [3, 3]
    chains = [' '.join(vars(one)['chains']) for one in caplog.records if hasattr(one, 'chains')]
    assert len(chains) == 2 and all(TERM_LIFE_030 in one for one in chains)


@pytest.mark.thorough
@pytest.mark.parametrize('form', [1, 2, 3])
@pytest.mark.parametrize(
    'reply',
    [
        Reply(500, b'{"status":"Error","response_data":null,"error":{"message":"no such table"}}'),
        Reply(429, b'{}', {'Retry-After': '1'}),
        Reply(502, b'<html>'),
        Reply(200, b'<html>'),
        Reply(200, b'[]'),
        Reply(200, b'{}'),
        Reply(200, b'{"status":"Error","response_data":null,"error":{"message":"no such table"}}'),
        Reply(200, b'{"status":"Success","response_data":null,"response_meta":null,"error":null}'),
        Reply(200, b'{"status":"Success","response_data":{"outputs":[]},"response_meta":7}'),
        Reply(204, b''),
    ],
    ids=lambda reply: f'{reply.status}-{reply.body!r:.60}',
)
def test_a_failure_behind_reaches_the_model_in_its_form(way: tuple[Api, Recorder], reply: Reply, form: int) -> None:
    _, recorder = way
    recorder.reply(reply)
    with in_front(recorder.url, QUOTE) as front:
        answer = front.send({'form': form, 'alternatives': []}, 'insurance/quote')
        assert answer.status_code == 200, message(answer)
        data = answer.json()['response_data']
        assert 'error.xcall' in json.dumps(data['errors'])
        (entry,) = data['service_chain']
        assert entry['status'] == 'Error'
        if isinstance(reply.body, bytes) and b'no such table' in reply.body:
            assert 'no such table' in json.dumps(entry['error'])


@pytest.mark.thorough
def test_a_runner_that_is_away_inside_a_chain() -> None:
    with in_front(f'http://127.0.0.1:{closed_port()}', QUOTE, ALTERNATIVE) as front:
        data = quote(front)
        assert [one['status'] for one in data['service_chain']] == ['Error', 'Success', 'Success']
        assert 'the one behind it does not answer' in data['service_chain'][0]['error']['message']


@pytest.mark.thorough
def test_a_runner_that_is_silent_inside_a_chain() -> None:
    with misbehaving() as faulty:
        faulty.behave([says_nothing])
        with in_front(config_of(faulty.url, timeout=300), QUOTE) as front:
            data = quote(front, alternatives=[])
        assert '300 ms' in data['service_chain'][0]['error']['message']


@pytest.mark.thorough
def test_a_circle_over_two_runners_ends() -> None:
    port = closed_port()
    there = rename(QUOTE.read_bytes(), service='term-life', service_id=TERM_LIFE_ID, version_id=TERM_LIFE_030)
    settings: Json = {'instances': 1, 'timeout': 4}
    with (
        Hybrid.LocalRunner(there, upstream=f'http://127.0.0.1:{port}', **settings) as last,
        last.serve() as server,
        Hybrid.LocalRunner(ALTERNATIVE, upstream=server.url, **settings) as first,
        first.serve(port) as front,
    ):
        api = Api(front.url, first)
        answer, again = (api.send({}, 'insurance/alternative') for _ in range(2))
    assert answer.status_code == again.status_code == 200
    told = json.dumps(answer.json()['response_data'])
    assert 'circle' in told or 'loop' in told


def loop(of: int) -> tuple[list[Any], str]:
    """Runners of which each one is in front of the next, and the last one in front of the first."""
    ports = [closed_port() for _ in range(of)]
    runners = [
        Hybrid.LocalRunner(CYLINDER, instances=1, upstream=f'http://127.0.0.1:{ports[(i + 1) % of]}') for i in range(of)
    ]
    return [(one, one.serve(port)) for one, port in zip(runners, ports, strict=True)], f'http://127.0.0.1:{ports[0]}'


@pytest.mark.thorough
@pytest.mark.parametrize('count', [1, 2, 3])
def test_loops_of_runners_are_noticed(count: int) -> None:
    pairs, url = loop(count)
    for _, server in pairs:
        server.__enter__()
    try:
        api = Api(url, pairs[0][0])
        with ThreadPoolExecutor(20) as threads:
            made = [one.result() for one in [threads.submit(api.post, ELSEWHERE, NESTED) for _ in range(20)]]
            many = [one.result() for one in [threads.submit(api.post, 'v4/execute', MANY) for _ in range(20)]]
        assert {one.status_code for one in (*made, *many)} == {508}
        assert 'loop' in message(made[0])
        assert still_serves(api)
        assert api.get('status')['upstream']['url']
    finally:
        for runner, server in pairs:
            server.__exit__(None, None, None)
            runner.close()


@pytest.mark.parametrize(
    ('hops', 'status'),
    [
        ('0', 200),
        ('7', 200),
        ('8', 508),
        ('99', 508),
        ('-1', 508),
        ('many', 508),
        ('1e3', 508),
        ('', 508),
        ('9' * 5000, 508),
        ('\xb2', 508),
    ],
)
def test_hops_are_counted(front: Api, hops: str, status: int) -> None:
    headers = {'x-runner-hops': hops.encode('latin-1')}
    assert front.post(ELSEWHERE, NESTED, headers=headers).status_code == status
    own = front.post('v3/folders/shapes/services/cylinder/execute', NESTED, headers=headers)
    assert own.status_code == 200


def test_hops_reach_the_next_runner(way: tuple[Api, Recorder]) -> None:
    front, recorder = way
    recorder.reply(Reply())
    for given, passed in (({}, '1'), ({'x-runner-hops': '3'}, '4')):
        front.post(ELSEWHERE, NESTED, headers=given)
        assert recorder.last.headers['x-runner-hops'] == passed


def test_a_request_id_is_one_on_the_whole_way(way: tuple[Api, Recorder]) -> None:
    front, recorder = way
    recorder.reply(Reply())
    answer = front.post(ELSEWHERE, NESTED, headers={'x-request-id': 'mine-1'})
    assert (answer.headers['x-request-id'], recorder.last.headers['x-request-id']) == ('mine-1', 'mine-1')
    answer = front.post(ELSEWHERE, NESTED)  # the runner chooses one
    assert recorder.last.headers.get('x-request-id') == answer.headers['x-request-id']


@pytest.mark.thorough
def test_clients_of_the_runner_reach_what_is_behind(front: Api) -> None:
    with front.runner.client() as hybrid:
        assert hybrid.services.execute('insurance/term-life', inputs={}).data['version'] == '0.3.0'
        assert hybrid.services.validate(version_id=TERM_LIFE_030).status == 200
        with hybrid.services.execute_many('insurance/term-life', [{'term_years': 10}] * 2000) as results:
            assert len([one for one in results if not one.errors]) == 2000

    async def ask() -> int:
        async with front.runner.async_client() as hybrid:
            return (await hybrid.services.execute('insurance/term-life', inputs={})).status

    assert asyncio.run(ask()) == 200


@pytest.mark.thorough
def test_many_records_through_two_runners_keep_their_places(front: Api) -> None:
    records = [{'term_years': 1 + i % 40} for i in range(2000)]
    with Hybrid.Client(base_url=front.url, tenant='my-tenant', token='open') as hybrid:
        answer = hybrid.services.execute('insurance/term-life', inputs=records, encoding='gzip')
    found = answer.data['outputs']
    assert [len(one['schedule']) for one in found] == [one['term_years'] + 1 for one in records]


@pytest.mark.thorough
def test_fifty_threads_at_once(front: Api) -> None:
    def ask(number: int) -> bool:
        if number % 2:
            return len(front.outputs({'term_years': number}, 'insurance/term-life')['schedule']) == number + 1
        return bool(front.outputs({'height': number, 'radius': 1})['volume'] == pytest.approx(3.14159265 * number))

    with ThreadPoolExecutor(50) as threads:
        assert list(threads.map(ask, [1 + i % 39 for i in range(100)])) == [True] * 100


def test_a_runner_without_packages_is_a_way_to_the_other(behind: Api) -> None:
    config = config_of(behind.url, 'my-tenant')
    with Hybrid.LocalRunner(upstream=config) as runner, runner.client() as hybrid:
        assert hybrid.services.execute('insurance/term-life', inputs={}).status == 200
    with Hybrid.LocalRunner(upstream=behind.url) as runner:
        with runner.client(tenant='my-tenant') as hybrid:
            assert hybrid.services.execute('insurance/term-life', inputs={}).status == 200
        with pytest.raises(Hybrid.SparkSdkError, match='tenant'):
            runner.client()


def test_the_page_works_for_what_is_behind(front: Api) -> None:
    page = front.get('ui/services')
    assert 'insurance' in [one['folder'] for one in page['services']]


def test_the_page_runs_a_file_through_a_service_behind(front: Api) -> None:
    content = b'term_years\n10\n11\n'
    file = httpx.post(f'{front.url}/ui/files?name=a.csv', content=content, **PLAIN).json()
    order = {'tenant': 'my-tenant', 'uri': 'insurance/term-life', 'columns': {'term_years': 'term_years'}}
    order |= {'file': file['id'], 'keep': [], 'format': 'csv'}
    started = httpx.post(f'{front.url}/ui/runs', json=order, **PLAIN)
    assert started.status_code == 200, started.text
    run = started.json()['id']
    until = time.monotonic() + 60
    while (told := front.get(f'ui/runs/{run}/progress'))['state'] == 'running' and time.monotonic() < until:
        time.sleep(0.05)
    assert told['state'] == 'done', told


@pytest.mark.parametrize(
    ('upstream', 'words'),
    [
        (7, 'upstream must be an address such as'),
        (b'http://x', 'upstream must be an address such as'),
        ('', 'http'),
        ('not a url', 'http'),
        ('ftp://x', 'http'),
        ('runner:3000', 'http'),
        ('http://', 'http'),
    ],
)
def test_an_address_that_is_none_is_refused(upstream: Any, words: str) -> None:
    with pytest.raises(Hybrid.SparkSdkError, match=words):
        Hybrid.LocalRunner(upstream=upstream).close()


def test_credentials_of_callers_need_somewhere_to_go() -> None:
    with pytest.raises(Hybrid.SparkSdkError, match='upstream'):
        Hybrid.LocalRunner(caller_credentials=True).close()


@pytest.mark.thorough
def test_a_version_that_is_not_in_effect_here_is_passed_on(way: tuple[Api, Recorder]) -> None:
    front, recorder = way
    recorder.reply(Reply())
    assert front.send({}, transaction_date='1999-01-01').headers[MARK] == 'upstream'
    assert front.send({}, transaction_date='no date').status_code == 400


@pytest.mark.thorough
def test_an_upload_takes_a_service_over(way: tuple[Api, Recorder]) -> None:
    _, recorder = way
    recorder.reply(Reply())
    with in_front(recorder.url) as own:
        assert own.send({'script': ''}, 'shapes/scripted').headers[MARK] == 'upstream'
        assert own.upload(scripted()).status_code == 200
        assert MARK not in own.send({'script': ''}, 'shapes/scripted').headers


@pytest.mark.thorough
def test_a_called_service_gets_what_belongs_to_the_call() -> None:
    with recorded(QUOTE, config={'tenant': 'theirs'}) as (front, recorder):
        meta: Json = {'transaction_date': '2026-01-31', 'correlation_id': 'mine', 'call_purpose': 'x'}
        body: Json = {'request_data': {'inputs': {'alternatives': []}}, 'request_meta': meta}
        headers = {'content-encoding': 'gzip', 'content-type': 'application/json', 'x-request-id': 'one'}
        content = gzip.compress(json.dumps(body).encode())
        path = 'v3/folders/insurance/services/quote/execute'
        assert front.post(path, content=content, headers=headers).status_code == 200
        (sent,) = recorder.received
        assert (sent.method, sent.path) == ('POST', '/theirs/api/v3/execute')
        meta = sent.json['request_meta']
        assert meta['service_uri'] == 'insurance/term-life'
        assert (meta['transaction_date'], meta['correlation_id']) == ('2026-01-31', 'mine')
        assert (sent.headers['x-runner-hops'], sent.headers['x-request-id']) == ('1', 'one')


@pytest.mark.thorough
def test_a_called_service_is_the_one_of_the_path_as_it_is_here(behind: Api) -> None:
    upstream = Upstream(behind.url)
    body: Json = {'request_data': {'inputs': {}}, 'request_meta': {'service_id': CYLINDER_ID}}
    named = UriParams(folder='insurance', service='term-life')
    with serving(TERM_LIFE) as alone:
        here = alone.post(ELSEWHERE, body).json()
    try:
        there = Passage(upstream, {}).execute('my-tenant', named, body, time.monotonic() + 60)
    finally:
        upstream.close()
    assert here['response_meta']['version_id'] == TERM_LIFE_030
    assert there['response_meta']['version_id'] == TERM_LIFE_030


@pytest.mark.thorough
def test_an_endpoint_of_this_runner_may_lead_to_a_service_behind() -> None:
    with serving(TERM_LIFE) as last, in_front(last.url, proxies={'quotes/life': 'insurance/term-life'}) as front:
        assert front.post('v3/proxy/quotes/life', NESTED).status_code == 200
