"""Models call other services: who is found, what is passed on, and how the answers and failures reach the caller."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, NoReturn

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from support.calling_models import calling, id_of, script
from support.calls import Api, Json, message, serving
from support.models import ABORT, HANG, THROW, scripted
from support.packages import PACKAGES, TERM_LIFE

A, B, C = 'calls/a', 'calls/b', 'calls/c'
CALLERS: Final = [calling(name, effective_from='2000-01-01T00:00:00Z') for name in 'abc']
PERIODS: Final = {
    '1.0': ('2020-01-01T00:00:00Z', '2022-01-01T00:00:00Z'),
    '1.1': ('2022-01-01T00:00:00Z', '2024-01-01T00:00:00Z'),
    '2.0': ('2024-01-01T00:00:00Z', '9999-12-31T00:00:00Z'),
}
DATED: Final = [
    calling('dated', f'return {{ found: "{version}" }}', version, effective_from=since, effective_until=until)
    for version, (since, until) in PERIODS.items()
]
FORMS: Final[list[tuple[Any, int]]] = [
    (None, 1),
    (1, 1),
    ('1', 1),
    (7, 1),
    ('nonsense', 1),
    ([], 1),
    (2, 2),
    ('2', 2),
    (3, 3),
    ('3', 3),
]


@pytest.fixture(scope='module')
def api() -> Iterator[Api]:
    """A runner with models that do what their records say, and one that has three versions."""
    proxies = {'some/endpoint': 'calls/dated'}
    with serving(*CALLERS, *DATED, timeout=60, proxies=proxies) as started:
        yield started


@pytest.fixture(scope='module')
def failing() -> Iterator[Api]:
    """A runner with little patience and memory."""
    with serving(*CALLERS, scripted(), calling('elsewhere', tenant='others'), timeout=2, memory=200 << 20) as started:
        yield started


class Told(NamedTuple):
    """What a model was told about a call."""

    name: str
    status: int
    details: str
    answer: Json


def call(service: str, inputs: Any = None, **more: Any) -> str:
    """A script that answers with the whole answer to a call."""
    return f'return call({json.dumps(service)}, {json.dumps(inputs or {})}, {json.dumps(more)})'


def found(api: Api, body: Any = None, meta: Mapping[str, Any] | None = None, **more: Any) -> Any:
    """The version that a model finds by these members of its request."""
    request: Json = {'folder_name': None, 'service_name': None, 'request_body': body or {}, **more}
    answer = api.outputs(script(call('', **request)), A, **(meta or {}))
    return answer['response_data']['outputs']['found'] if answer['response_data'] else answer['error']['message']


def told(answer: Json, form: int) -> Told:
    """What an answer in this form says, which must have exactly the members that it should have."""
    if form == 1:
        assert answer.keys() == {'metadata', 'data'}
        about, data = answer['metadata'], answer['data']
        assert about.keys() == {'calltype', 'name', 'status', 'error_code', 'response_time'}
        assert about['response_time'] >= 0
        return Told(about['name'], about['status'], about['error_code'], data)
    data = dict(answer)
    about = data.pop('xcall_meta')
    assert about.keys() == {'http_status_code', 'http_response_time', 'error_details'}
    assert about['http_response_time'] >= 0
    return Told('', about['http_status_code'], about['error_details'], data)


def wait_for(get: Callable[[], Any]) -> Any:
    """What there is in the end: logs and spans come after the answer."""
    until = time.monotonic() + 20
    while not (value := get()) and time.monotonic() < until:
        time.sleep(0.01)
    return value


NAMED: Final[list[tuple[Json, str]]] = [
    ({'folder_name': 'calls', 'service_name': 'dated'}, '2.0'),
    ({'service_uri': 'calls/dated'}, '2.0'),
    ({'service_uri': 'calls/dated[1]'}, '1.1'),
    ({'service_uri': 'folders/calls/services/dated'}, '2.0'),
    ({'service_uri': '/folders/calls/services/dated[1.0]'}, '1.0'),
    ({'service_uri': f'version/{id_of("dated", "1.1")}'}, '1.1'),
    ({'service_uri': 'service/dated-id'}, '2.0'),
    ({'service_uri': 'service/dated-id[1.0]'}, '1.0'),
    ({'service_uri': 'proxy/some/endpoint'}, '2.0'),
    ({'service_uri': 'my-tenant/api/v3/folders/calls/services/dated[1.0]'}, '1.0'),
    ({'service_uri': 'https://spark.example/my-tenant/api/v3/folders/calls/services/dated[1.0]'}, '1.0'),
    ({'service_uri': 'calls/dated[1.0]', 'folder_name': 'calls', 'service_name': 'a'}, '1.0'),
]
IN_THE_META: Final[list[tuple[Json, Json, str]]] = [
    ({'service_uri': 'calls/dated'}, {'version': '1'}, '1.1'),
    ({'folder_name': 'calls', 'service_name': 'dated'}, {'version': '1.0'}, '1.0'),
    ({'folder_name': 'calls', 'service_name': 'dated'}, {'version_id': id_of('dated', '1.0')}, '1.0'),
    ({}, {'version_uuid': id_of('dated', '1.1')}, '1.1'),
    ({}, {'service_id': 'dated-id'}, '2.0'),
    ({}, {'service_uri': 'calls/dated[1.0]'}, '1.0'),
]


@pytest.mark.parametrize(('named', 'version'), NAMED)
def test_a_service_is_found_by_each_of_its_names(api: Api, named: Json, version: str) -> None:
    assert found(api, **named) == version


@pytest.mark.parametrize(('named', 'meta', 'version'), IN_THE_META)
def test_the_request_for_the_service_can_name_it_and_its_version(
    api: Api, named: Json, meta: Json, version: str
) -> None:
    assert found(api, {'request_data': {}, 'request_meta': meta}, **named) == version


@pytest.mark.parametrize('as_text', [True, False])
def test_the_request_for_the_service_is_an_object_or_its_text(api: Api, as_text: bool) -> None:
    body: Json = {'request_data': {'inputs': {'name': 'Žofie 保険 😀'}}, 'request_meta': {}}
    answer = api.outputs(script(call('b', request_body=json.dumps(body) if as_text else body)), A)
    assert answer['response_data']['outputs']['name'] == 'Žofie 保険 😀'


def test_numbers_and_unicode_pass_through_a_chain_unchanged(api: Api) -> None:
    values = {
        'text': 'ü"\\\n\u2028\u0000😀',
        'numbers': [0.1, 1e-300, 1.7976931348623157e308, -0.0, 2**53],
        'x' * 999: None,
    }
    at_the_end = script('return { values: inputs.values }', values=values)
    outer = script('return outputs("b", inputs.of_b)', of_b=script('return outputs("c", inputs.of_c)', of_c=at_the_end))
    assert api.outputs(outer, A)['values'] == values


@pytest.mark.parametrize(('moment', 'version'), [('2021-05-05', '1.0'), ('2023-05-05', '1.1'), ('2025-05-05', '2.0')])
def test_a_called_service_is_the_one_in_effect_at_the_callers_transaction_date(
    api: Api, moment: str, version: str
) -> None:
    named = {'folder_name': 'calls', 'service_name': 'dated'}
    assert found(api, meta={'transaction_date': moment}, **named) == version
    own = {'request_meta': {'transaction_date': moment}}
    assert found(api, own, meta={'transaction_date': '2001-01-01'}, **named) == version
    many = api.many([script(call('dated'))], A, version_by_timestamp=moment)
    assert many['outputs'][0]['response_data']['outputs']['found'] == version


@pytest.mark.parametrize('named', [{'service_uri': 'calls/dated[1.0]'}, {'service_uri': f'version/{id_of("dated")}'}])
def test_a_version_that_is_named_needs_not_be_in_effect(api: Api, named: Json) -> None:
    assert found(api, meta={'transaction_date': '2025-05-05'}, **named) == '1.0'


def test_no_version_in_effect_is_an_error_for_the_caller(api: Api) -> None:
    named = {'folder_name': 'calls', 'service_name': 'dated'}
    assert 'in effect at 2001-01-01' in found(api, meta={'transaction_date': '2001-01-01'}, **named)


def test_the_transaction_date_and_correlation_id_reach_the_end_of_a_chain(api: Api) -> None:
    outer = script('return outputs("b", inputs.of_b)', of_b=script('return outputs("c", {})'))
    meta = api.outputs(outer, A, correlation_id='mine', transaction_date='2025-05-05', _ctx={'secretkey': 'hush'})[
        'meta'
    ]
    assert (meta['correlation_id'], meta['transaction_date']) == ('mine', '2025-05-05')
    assert '_ctx' not in meta
    (many,) = api.many([outer], A, correlation_id='mine', version_by_timestamp='2025-05-05')['outputs']
    assert (many['meta']['correlation_id'], many['meta']['transaction_date']) == ('mine', '2025-05-05')


def test_what_the_model_says_itself_goes_first(api: Api) -> None:
    body: Json = {'request_data': {'inputs': {}}, 'request_meta': {'correlation_id': 'its own'}}
    answer = api.outputs(script(call('b', request_body=body)), A, correlation_id='mine')
    assert answer['response_data']['outputs']['meta']['correlation_id'] == 'its own'


def test_what_a_caller_asks_for_is_not_asked_of_called_services(api: Api) -> None:
    given = {'requested_output': ['x'], 'service_category': 'x', 'version': '1.0', 'version_id': id_of('a')}
    meta = api.outputs(script('return outputs("b", {})'), A, **given)['meta']
    assert not meta.keys() & given.keys()


@pytest.mark.parametrize(('version', 'form'), FORMS)
def test_an_answer_has_the_form_that_the_model_asks_for(api: Api, version: Any, form: int) -> None:
    answer = told(api.outputs(script(call('b', {'x': 1}, xcall_version=version)), A), form)
    assert (answer.status, answer.details) == (202, '')
    assert answer.answer.keys() == {'status', 'error', 'response_data', 'response_meta'}
    assert answer.answer['response_data']['outputs']['x'] == 1
    assert answer.answer['response_meta']['version_id'] == id_of('b')


@pytest.mark.parametrize('uri', ['calls/b', 'folders/calls/services/b[1.0]', 'calls/nobody'])
def test_the_first_form_repeats_the_name_of_the_service(api: Api, uri: str) -> None:
    answer = api.outputs(script(call('', service_uri=uri, xcall_version=1)), A)
    assert (answer['metadata']['calltype'], answer['metadata']['name']) == ('SparkService', uri)
    answer = api.outputs(script(call('b', xcall_version=1)), A)
    assert answer['metadata']['name'] == 'folders/calls/services/b'


DIES: Final = 'const all = []; for (;;) all.push(new Array(1e7).fill(1.5))'
FAILURES: Final[dict[str, tuple[str, int, str]]] = {
    'an unknown service': (call('nobody'), 404, 'no service'),
    'an unknown version': (call('', service_uri='calls/b[7.7]'), 404, "no version '7.7'"),
    'no service': (call('', folder_name=None, service_name=None), 400, 'no service is named'),
    'a service by a number': (call('', service_name=7), 400, 'no service is named'),
    'a version that is a number': (
        call('b', request_body={'request_meta': {'version': 1}}),
        400,
        'version must be a string',
    ),
    'a request that is text but not JSON': (call('b', request_body='{'), 400, 'request_body of a call is not JSON'),
    'a request that is a list': (call('b', request_body=[]), 400, 'request_body must be an object'),
    'a request with meta that is a list': (
        call('b', request_body={'request_meta': []}),
        400,
        'request_meta must be an object',
    ),
    'data that is text': (call('b', request_body={'request_data': 'x'}), 400, 'request_data must be an object'),
    'a moment that is none': (
        call('b', request_body={'request_meta': {'transaction_date': 'soon'}}),
        400,
        'not a moment',
    ),
    'another kind of call': ('return JSON.parse(await send(7, JSON.stringify(REQUEST)))', 400, 'kind 7 is not known'),
    'another tenant by its URI': (
        call('', service_uri='others/api/v3/folders/calls/services/elsewhere'),
        403,
        'another tenant',
    ),
    'another tenant by an address': (
        call('', service_uri='https://spark.example/others/api/v3/folders/calls/services/elsewhere'),
        403,
        'another tenant',
    ),
    'another tenant by its name': (call('elsewhere', tenant='others'), 403, 'another tenant'),
    'the version of another tenant': (call('', service_uri=f'version/{id_of("elsewhere")}'), 404, 'no service'),
    'a service of another tenant': (call('elsewhere'), 404, 'no service'),
    'a model that throws': (call('b', script('throw new Error("no such table")')), 500, 'no such table'),
    'a model that throws at once': (
        call('', {'script': THROW}, folder_name='shapes', service_name='scripted'),
        500,
        'no such mortality table',
    ),
    'a compiled model that aborts': (
        call('', {'script': ABORT}, folder_name='shapes', service_name='scripted'),
        500,
        'the model aborted',
    ),
    'a model that answers nonsense': (call('b', script('return "{"')), 500, 'not JSON'),
    'a model that answers nothing': (call('b', script('return "[]"')), 500, 'without response_data'),
    'a model that dies': (call('b', script(DIES)), 500, 'memory'),
    'a model that hangs': (call('', {'script': HANG}, folder_name='shapes', service_name='scripted'), 504, ''),
    'a model that never settles': (call('b', script('return new Promise(() => {})')), 504, ''),
}


@pytest.mark.thorough
@pytest.mark.parametrize('form', [1, 2, 3])
@pytest.mark.parametrize(('code', 'status', 'words'), FAILURES.values(), ids=list(FAILURES))
def test_failures_reach_the_caller_in_the_form_that_it_asks_for(
    failing: Api, code: str, status: int, words: str, form: int
) -> None:
    request = {'folder_name': 'calls', 'service_name': 'b', 'xcall_version': form}
    text = code.replace('REQUEST', json.dumps(request))
    text = text.replace('call(', 'call_in(', 1) if 'REQUEST' not in code else text
    call_in = f'const call_in = (one, two, three) => call(one, two, {{ ...three, xcall_version: {form} }}); '
    envelope = failing.execute(script(call_in + text), A)
    answer = told(envelope['response_data']['outputs'], form)
    assert answer.status == status
    assert (answer.answer['status'], answer.answer['response_data']) == ('Error', None)
    assert words in answer.answer['error']['message']
    if form != 1:
        assert answer.details == answer.answer['error']['message']
    else:
        assert answer.details
    assert envelope['response_data']['errors'] is None
    assert failing.outputs({'x': 1}, B)['x'] == 1


@pytest.mark.parametrize(
    'text', ['', '{', '[]', '7', 'null', '"text"', '\\ud800', '[' * 9999, '{"folder_name": 1e999}']
)
def test_a_request_that_is_not_one_is_answered_in_the_first_form(failing: Api, text: str) -> None:
    answer = failing.outputs(script('return JSON.parse(await send(0, inputs.text))', text=text), A)
    assert told(answer, 1).status == 400


@pytest.mark.thorough
def test_a_record_that_fails_after_a_call_harms_no_other(failing: Api) -> None:
    records = [
        script(
            'const found = await outputs("b", { n: inputs.n }); if (inputs.n == 2) throw new Error("no"); return found',
            n=n,
        )
        for n in range(5)
    ]
    many = failing.many(records, A)
    assert [output and output['n'] for output in many['outputs']] == [0, 1, None, 3, 4]
    assert many['errors'][2][0]['error_type'] == 'error.500'


def test_a_chain_tells_who_was_called_in_order_with_times(api: Api) -> None:
    inner = script('await call("c", {}); return outputs("dated", {})')
    outer = script('await call("b", inputs.of_b); await call("nobody", {}); return outputs("c", {})', of_b=inner)
    for envelope in (api.execute(outer, A)['response_data'], one_of(api.many([outer], A))):
        chain = envelope['service_chain']
        assert [entry['service_uri'] for entry in chain] == ['calls/b', 'calls/nobody', 'calls/c']
        assert [entry['status'] for entry in chain] == ['Success', 'Error', 'Success']
        assert [entry['version_id'] for entry in chain] == [id_of('b'), None, id_of('c')]
        assert 'calls/nobody' in chain[1]['error']['message']
        below = chain[0]['service_chain']
        assert [(entry['service_uri'], entry['version']) for entry in below] == [
            ('calls/c', '1.0'),
            ('calls/dated', '2.0'),
        ]
        assert [entry['service_chain'] for entry in (*below, *chain[1:])] == [None] * 4
        for entry in (*chain, *below):
            assert isinstance(entry['process_time'], int)
            assert entry['process_time'] >= 0
        assert chain[0]['process_time'] + 2 >= sum(entry['process_time'] for entry in below)


def one_of(many: Json) -> Json:
    """The only record of many."""
    return {name: many[name][0] for name in ('outputs', 'service_chain', 'errors', 'warnings')}


def test_the_time_of_a_record_has_that_of_its_calls_in_it(api: Api) -> None:
    envelope = api.execute(script('return outputs("b", inputs.of_b)', of_b=script('await sleep(300); return {}')), A)
    (entry,) = envelope['response_data']['service_chain']
    assert entry['process_time'] >= 290
    assert envelope['response_meta']['process_time'] >= 290


def test_each_record_of_many_has_its_own_chain(api: Api) -> None:
    text = 'for (let i = 0; i < inputs.n; i++) await call("b", {}); return { n: inputs.n }'
    many = api.many([script(text, n=n) for n in (2, 0, 1, 3)], A)
    assert [chain and len(chain) for chain in many['service_chain']] == [2, None, 1, 3]
    assert [output['n'] for output in many['outputs']] == [2, 0, 1, 3]


def test_a_chain_that_the_model_tells_itself_stays(api: Api) -> None:
    own = [{'service_name': 'mine'}]
    text = 'await call("b", {}); return JSON.stringify({ response_data: { outputs: {}, service_chain: inputs.own } })'
    assert api.execute(script(text, own=own), A)['response_data']['service_chain'] == own


def test_validation_and_metadata_of_a_model_can_call_services_too(api: Api) -> None:
    meta: Json = {'service_uri': A, 'validation_type': 'dynamic'}
    body = {'request_data': {'inputs': script('return outputs("b", { x: 1 })')}, 'request_meta': meta}
    for path in ('v3/validation', 'v3/metadata'):
        answer = api.post(path, body).raise_for_status().json()
        assert answer['response_data']['outputs']['x'] == 1
        assert [entry['service_uri'] for entry in answer['response_data']['service_chain']] == ['calls/b']


def test_all_calls_of_a_chain_have_one_call_id(api: Api) -> None:
    of_b = script('return { inner: (await call("c", {})).response_meta.call_id }')
    text = """
        const { response_data: data, response_meta: meta } = await call('b', inputs.of_b)
        return { ...data.outputs, outer: meta.call_id }
    """
    envelope = api.execute(script(text, of_b=of_b), A)
    outputs, (entry,) = envelope['response_data']['outputs'], envelope['response_data']['service_chain']
    ids = {outputs['inner'], outputs['outer'], entry['call_id'], entry['service_chain'][0]['call_id']}
    assert ids == {envelope['response_meta']['call_id']}
    many = api.many([script(text, of_b=of_b)] * 3, A)
    found = {output[name] for output in many['outputs'] for name in ('inner', 'outer')}
    assert found == {many['call_id']}
    assert many['call_id'] != envelope['response_meta']['call_id']


def test_the_access_log_tells_the_chains_by_ids_alone(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    of_b = script('await call("c", {}); return outputs("c", {})')
    with caplog.at_level(logging.INFO, 'cspark.wasm.local'):
        envelope = api.execute(script('await call("nobody", {}); return outputs("b", inputs.of_b)', of_b=of_b), A)
        line = wait_for(lambda: [one for one in caplog.records if hasattr(one, 'services_called')])[0]
    a, b, c = map(id_of, 'abc')
    assert line.call_id == envelope['response_meta']['call_id']
    assert line.services_called == 4
    assert sorted(line.chains) == sorted([f'{a} > {b}', f'{a} > {b} > {c}', f'{a} > failed'])
    assert line.call_id in line.getMessage()
    assert 'nobody' not in line.getMessage() + str(line.chains)


def test_a_request_without_calls_is_logged_as_ever(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, 'cspark.wasm.local'):
        api.execute({}, A)
        (line,) = wait_for(lambda: [one for one in caplog.records if hasattr(one, 'path')])
    assert not hasattr(line, 'chains')


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    """Where the spans of this process go."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, '_TRACER_PROVIDER', provider)
        yield exporter
    provider.shutdown()


def test_spans_show_the_chains_under_one_call_id(api: Api, exporter: InMemorySpanExporter) -> None:
    def ended() -> list[Any]:
        spans = list(exporter.get_finished_spans())
        return spans if any(span.name.startswith('POST') for span in spans) else []

    of_b = script('await call("c", {}); await call("nobody", {}); return outputs("c", {})')
    envelope = api.execute(script('return outputs("b", inputs.of_b)', of_b=of_b), A)
    spans = wait_for(ended)
    (request,) = [span for span in spans if span.name.startswith('POST')]
    services = {span.attributes['cspark.chain']: span for span in spans if span.name == 'services'}
    a, b, c = map(id_of, 'abc')
    assert services.keys() == {f'{a} > {b}', f'{a} > {b} > {c}', f'{a} > {b} > failed'}
    for span in services.values():
        assert span.attributes['cspark.call_id'] == envelope['response_meta']['call_id']
        assert span.parent.span_id == request.context.span_id
        assert span.start_time <= span.end_time <= request.end_time
    counts = {
        ids: (span.attributes['cspark.calls'], span.attributes['cspark.failures']) for ids, span in services.items()
    }
    assert counts == {f'{a} > {b}': (1, 0), f'{a} > {b} > {c}': (2, 0), f'{a} > {b} > failed': (1, 1)}


def test_an_external_api_is_refused_for_that_record_alone(api: Api) -> None:
    answer = api.send(script('return { rate: await external({}) }'), A)
    assert answer.status_code == 422
    assert 'LocalRunner(external=...)' in message(answer)
    many = api.many([script('if (inputs.n == 1) await external({}); return { n: inputs.n }', n=n) for n in range(3)], A)
    assert [output and output['n'] for output in many['outputs']] == [0, None, 2]
    (error,) = many['errors'][1]
    assert error['error_type'] == 'error.422'
    assert 'LocalRunner(external=...)' in error['message']


ENDINGS: Final = {
    'throws at the answer': 'await external({}); throw new Error("no rate")',
    'cannot read the answer': 'const { rate } = (await external({})).data; return { rate }',
    'answers nonsense': 'await external({}); return "{"',
    'calls a service next': 'await external({}); return outputs("b", {})',
}


@pytest.mark.parametrize('code', ENDINGS.values(), ids=list(ENDINGS))
def test_the_refusal_is_clear_whatever_the_model_makes_of_it(api: Api, code: str) -> None:
    answer = api.send(script(code), A)
    assert 'LocalRunner(external=...)' in message(answer)
    assert answer.status_code == 422


def test_a_service_that_is_refused_an_external_api_fails_for_its_caller(api: Api) -> None:
    answer = told(api.outputs(script(call('b', script('return external({})'))), A), 2)
    assert answer.status == 422
    assert 'LocalRunner(external=...)' in answer.details


def raising(error: BaseException) -> Any:
    """A function for external APIs that raises this."""

    def external(request: Json) -> NoReturn:
        raise error

    return external


@pytest.mark.thorough
@pytest.mark.parametrize('form', [1, 2, 3])
def test_a_function_answers_for_external_apis(form: int) -> None:
    got: list[Json] = []

    def external(request: Json) -> Mapping[str, Any]:
        got.append(request)
        return {'rate': 1.25, 'currency': request['request_body']['currency'] + '€'}

    with serving(calling('a'), external=external, timeout=60) as own:
        text = 'return external({ currency: "ž" }, { xcall_version: inputs.form, url: "https://rates.example" })'
        envelope = own.execute(script(text, form=form), A)
    assert got == [{'xcall_version': form, 'request_body': {'currency': 'ž'}, 'url': 'https://rates.example'}]
    answer = told(envelope['response_data']['outputs'], form)
    assert (answer.status, answer.details) == (202, '')
    assert answer.answer == {'rate': 1.25, 'currency': 'ž€'}
    assert envelope['response_data']['errors'] is None


def returning(value: object) -> Callable[[Json], Any]:
    """A function that returns this."""

    def answer(_request: Json) -> Any:
        return value

    return answer


def itself() -> Json:
    """A mapping that is in itself."""
    found: Json = {}
    found['found'] = found
    return found


BAD_FUNCTIONS: Final[dict[str, tuple[Any, str]]] = {
    'raises': (raising(ValueError('secret-url')), 'failed: ValueError'),
    'raises what ends programs': (raising(SystemExit(1)), 'SystemExit'),
    'raises an interrupt': (raising(KeyboardInterrupt()), 'KeyboardInterrupt'),
    'raises what cancels tasks': (raising(asyncio.CancelledError()), 'CancelledError'),
    'raises StopIteration': (raising(StopIteration()), 'StopIteration'),
    'raises TimeoutError': (raising(TimeoutError()), 'TimeoutError'),
    'returns nothing': (returning(None), 'returned NoneType'),
    'returns text': (returning('{}'), 'returned str'),
    'returns a list': (returning([]), 'returned list'),
    'returns what JSON has not': (returning({'x': object()}), 'is not JSON'),
    'returns half a letter': (returning({'x': '\ud800'}), 'is not JSON'),
    'returns itself': (returning(itself()), 'is not JSON'),
    'takes no request': (itself, 'failed: TypeError'),
}


@pytest.mark.thorough
@pytest.mark.parametrize(('function', 'words'), BAD_FUNCTIONS.values(), ids=list(BAD_FUNCTIONS))
def test_a_function_that_fails_is_a_failed_call_and_no_more(function: Any, words: str) -> None:
    with serving(calling('a'), external=function, timeout=5) as own:
        body = {'request_data': {'inputs': script('return external({})')}}
        answer = httpx.post(
            f'{own.url}/my-tenant/api/v3/folders/calls/services/a/execute', json=body, timeout=10, trust_env=False
        )
        assert answer.status_code == 200, answer.text
        failed = told(answer.json()['response_data']['outputs'], 2)
        assert failed.status == 500
        assert words in failed.details
        assert 'secret' not in answer.text
        assert own.outputs({'x': 1}, A)['x'] == 1


@pytest.mark.thorough
def test_a_function_that_hangs_ends_with_the_time_of_the_record() -> None:
    def external(request: Json) -> Mapping[str, Any]:
        time.sleep(8)
        return {}

    with serving(calling('a'), external=external, timeout=1) as own:
        failed = told(own.outputs(script('return external({})'), A), 2)
        assert failed.status == 504
        assert own.outputs({'x': 1}, A)['x'] == 1


@pytest.mark.thorough
def test_functions_for_calls_at_the_same_time_run_at_the_same_time() -> None:
    together = threading.Barrier(5, timeout=20)

    def external(request: Json) -> Mapping[str, Any]:
        together.wait()
        return {'n': request['request_body']['n']}

    with serving(calling('a'), external=external, timeout=60) as own:
        text = 'return { all: await Promise.all([1, 2, 3, 4, 5].map((n) => external({ n }))) }'
        assert [one['n'] for one in own.outputs(script(text), A)['all']] == [1, 2, 3, 4, 5]


@pytest.fixture(scope='module')
def samples() -> Iterator[Api]:
    """A runner with the samples that call others."""
    packages = [PACKAGES / 'quote.zip', PACKAGES / 'alternative.zip', TERM_LIFE]
    with serving(*packages, timeout=60, external=returning({'rate': 2})) as started:
        yield started


@pytest.mark.thorough
@pytest.mark.parametrize('form', [1, 2, 3])
def test_the_quote_has_what_the_services_say_that_it_calls(samples: Api, form: int) -> None:
    premiums = {
        years: samples.outputs({'term_years': years}, 'insurance/term-life')['annual_premium'] for years in (10, 20, 30)
    }
    envelope = samples.execute({'form': form, 'currency': 'USD'}, 'insurance/quote')
    outputs, chain = envelope['response_data']['outputs'], envelope['response_data']['service_chain']
    assert outputs['annual_premium'] == pytest.approx(2 * premiums[20])
    assert [row['annual_premium'] for row in outputs['alternatives']] == pytest.approx(
        [2 * premiums[10], 2 * premiums[30]]
    )
    assert [entry['service_uri'] for entry in chain] == ['insurance/term-life', *['insurance/alternative'] * 2]
    below: list[list[Json]] = [entry['service_chain'] for entry in chain[1:]]
    assert [[one['service_uri'] for one in entries] for entries in below] == [['insurance/term-life']] * 2


@pytest.mark.thorough
def test_a_quote_without_the_services_that_it_needs_has_errors() -> None:
    with serving(PACKAGES / 'quote.zip', timeout=60) as own:
        data = own.execute({}, 'insurance/quote')['response_data']
        assert {error['source_path'] for error in data['errors']} == {
            'insurance/term-life',
            'insurance/alternative',
        } or data['errors']
        assert [entry['status'] for entry in data['service_chain']] == ['Error'] * 3
