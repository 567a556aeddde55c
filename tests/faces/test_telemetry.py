"""OpenTelemetry sees each call, attempt and run, and no name of the business; without it nothing is done."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import cspark.wasm as Hybrid
from cspark.wasm._calls.observing import observer_of
from cspark.wasm.telemetry import template_of
from support.faulty import misbehaving, says_nothing
from support.many import URI, Squares, execute_many, squares
from support.packages import CYLINDER
from support.wire import Recorder, Reply
from support.worlds import World, client_in

PATH = '/{tenant}/api/v3/folders/{folder}/services/{service}/execute'
MINE = 'mine'
Spans = Callable[[], list[Any]]


@pytest.fixture(scope='module')
def exporter() -> Iterator[InMemorySpanExporter]:
    """Where the spans of this process go. A provider can be set once a process; it goes again at the end."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, '_TRACER_PROVIDER', provider)
        yield exporter
    provider.shutdown()


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Spans:
    """The spans of this test."""
    exporter.clear()
    return lambda: list(exporter.get_finished_spans())


def named(spans: list[Any], name: str) -> list[Any]:
    """The spans whose name begins so."""
    return [span for span in spans if span.name.startswith(name)]


def calling(hybrid: Any, world: World, **inputs: Any) -> None:
    """Make a call within a span of the test's own."""
    tracer = trace.get_tracer(MINE)

    async def awaited() -> None:
        with tracer.start_as_current_span(MINE):
            await hybrid._target.services.execute('secret-folder/secret-service', inputs=inputs)

    if world == 'async':
        hybrid._loop.run(awaited())
    else:
        with tracer.start_as_current_span(MINE):
            hybrid.services.execute('secret-folder/secret-service', inputs=inputs)


def test_a_call_has_a_span_and_each_attempt_one_within_it(recorder: Recorder, world: World, spans: Spans) -> None:
    recorder.reply(Reply(503), Reply(503), Reply())
    with client_in(world, base_url=recorder.url, tenant='acme', retry_interval=0.001) as hybrid:
        calling(hybrid, world, x=1)
    *attempts, call, mine = spans()
    port = int(recorder.url.rpartition(':')[2])
    assert [call.name, call.kind, mine.name] == [f'execute {PATH}', SpanKind.INTERNAL, MINE]
    assert call.parent.span_id == mine.context.span_id
    assert [span.parent.span_id for span in attempts] == [call.context.span_id] * 3
    assert [(span.name, span.kind) for span in attempts] == [(f'POST {PATH}', SpanKind.CLIENT)] * 3
    assert [span.attributes['http.response.status_code'] for span in attempts] == [503, 503, 200]
    assert [span.attributes.get('http.request.resend_count') for span in attempts] == [None, 1, 2]
    assert [span.attributes.get('error.type') for span in attempts] == ['503', '503', None]
    assert [span.status.status_code for span in attempts] == [StatusCode.ERROR, StatusCode.ERROR, StatusCode.UNSET]
    assert call.status.status_code == StatusCode.UNSET
    for span, received in zip(attempts, recorder.received, strict=True):
        assert span.attributes['http.request.method'] == 'POST'
        assert span.attributes['url.template'] == PATH
        assert span.attributes['url.full'] == f'{recorder.url}{PATH}'
        assert (span.attributes['server.address'], span.attributes['server.port']) == ('127.0.0.1', port)
        assert f'{span.context.trace_id:032x}-{span.context.span_id:016x}' in received.headers['traceparent']


def test_no_name_of_the_business_is_in_a_span(recorder: Recorder, world: World, spans: Spans) -> None:
    recorder.reply(Reply(500, {'status': 'Error', 'error': {'message': 'secret premium'}}))
    with client_in(world, base_url=recorder.url, tenant='secret-tenant') as hybrid:
        with pytest.raises(Hybrid.InternalServerError):
            hybrid.services.execute('secret-folder/secret-service', inputs={'secret': 1})
        with pytest.raises(Hybrid.InternalServerError):
            hybrid.services.execute('service/0d8a5a54-6ad1-4b75-9c35-8f8d1b3c3b43', inputs={})
        with pytest.raises(Hybrid.InternalServerError):
            hybrid.services.execute('proxy/secret/endpoint', inputs={})
    found = spans()
    assert len(found) == 6
    shown = json.dumps([json.loads(span.to_json()) for span in found])
    assert 'secret' not in shown
    assert '0d8a5a54' not in shown
    assert [span.attributes['error.type'] for span in named(found, 'execute')] == ['500'] * 3


def test_a_prefix_is_in_no_span_for_it_may_be_a_name_too(recorder: Recorder, spans: Spans) -> None:
    Hybrid.Client.health_check(f'{recorder.url}/secret-tenant', 'open')
    found = spans()
    assert len(found) == 2
    assert 'secret' not in json.dumps([json.loads(span.to_json()) for span in found])


@pytest.mark.parametrize(
    ('url', 'template'),
    [
        ('/t/api/v3/folders/f/services/s%5B1%5D/execute', PATH),
        ('/t/api/v3/public/version/x', '/{tenant}/api/v3/public/version/{version_id}'),
        ('/t/api/v3/service/x', '/{tenant}/api/v3/service/{service_id}'),
        ('/t/api/v3/proxy/a/b', '/{tenant}/api/v3/proxy/{endpoint}'),
        ('/t/api/v4/execute?x=1', '/{tenant}/api/v4/execute'),
        ('/healthcheck', '/healthcheck'),
    ],
)
def test_a_template_has_no_names(url: str, template: str) -> None:
    assert template_of('t', url) == template


def test_each_verb_has_its_name(recorder: Recorder, world: World, spans: Spans) -> None:
    with client_in(world, base_url=recorder.url) as hybrid:
        hybrid.health.check()
        hybrid.version.get()
        hybrid.services.validate(version_id='v')
        hybrid.services.get_metadata(version_id='v')
        hybrid.services.upload(b'zip')
    calls = [span.name.partition(' ')[0] for span in spans() if span.kind == SpanKind.INTERNAL]
    assert calls == ['check_health', 'get_version', 'validate', 'get_metadata', 'upload']


def test_a_call_without_an_answer_says_what_happened(world: World, spans: Spans) -> None:
    with misbehaving() as faulty, client_in(world, base_url=faulty.url, timeout=200, max_retries=0) as hybrid:
        faulty.behave([says_nothing])
        with pytest.raises(Hybrid.SparkTimeoutError):
            hybrid.services.execute('f/s', inputs={})
    attempt, call = spans()
    for span in (attempt, call):
        assert span.attributes['error.type'] == 'SparkTimeoutError'
        assert span.status.status_code == StatusCode.ERROR
        assert not span.events


def test_concurrent_calls_are_children_of_their_own_tasks(recorder: Recorder, spans: Spans) -> None:
    async def one(hybrid: Hybrid.AsyncClient, number: int) -> None:
        with trace.get_tracer(MINE).start_as_current_span(f'{MINE} {number}'):
            await hybrid.services.execute('f/s', inputs={'x': number})

    async def main() -> None:
        async with Hybrid.AsyncClient(base_url=recorder.url, tenant='t', token='open') as hybrid:
            await asyncio.gather(*(one(hybrid, number) for number in range(8)))

    asyncio.run(main())
    found = spans()
    mine = {span.context.span_id: span for span in named(found, MINE)}
    calls = named(found, 'execute')
    assert len(mine) == len(calls) == 8
    assert {span.parent.span_id for span in calls} == mine.keys()
    assert all(span.context.trace_id == mine[span.parent.span_id].context.trace_id for span in calls)


def test_a_run_has_a_span_with_its_calls_whatever_thread_makes_them(
    world: World, squarer: Squares, spans: Spans
) -> None:
    tracer = trace.get_tracer(MINE)
    with client_in(world, base_url=squarer.url) as hybrid, tracer.start_as_current_span(MINE) as mine:
        assert len(list(execute_many(hybrid, URI, squares(500), chunk_size=100, concurrency=3))) == 500
    (run,) = named(spans(), 'execute_many')
    assert run.parent.span_id == mine.get_span_context().span_id
    calls = named(spans(), 'execute /')
    assert len(calls) == len(squarer.sizes) > 4
    assert {span.parent.span_id for span in calls} == {run.context.span_id}


def test_logs_within_a_call_belong_to_its_trace(
    recorder: Recorder, world: World, spans: Spans, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[int] = []

    class Noting(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            seen.append(trace.get_current_span().get_span_context().trace_id)
            return True

    noting = Noting()
    logging.getLogger('cspark.wasm').addFilter(noting)
    recorder.reply(Reply(503), Reply())
    try:
        with caplog.at_level(logging.DEBUG), client_in(world, base_url=recorder.url, retry_interval=0.001) as hybrid:
            calling(hybrid, world)
    finally:
        logging.getLogger('cspark.wasm').removeFilter(noting)
    assert len(seen) >= 3
    assert set(seen) == {spans()[-1].context.trace_id}


@pytest.mark.parametrize('switch', ['argument', 'variable'])
def test_it_can_be_switched_off(
    recorder: Recorder, world: World, spans: Spans, monkeypatch: pytest.MonkeyPatch, switch: str
) -> None:
    if switch == 'variable':
        monkeypatch.setenv('CSPARK_TELEMETRY', 'false')
    options: dict[str, Any] = {'telemetry': False} if switch == 'argument' else {}
    with client_in(world, base_url=recorder.url, **options) as hybrid:
        hybrid.services.execute('f/s', inputs={})
    assert spans() == []
    assert 'traceparent' not in recorder.last.headers


def test_a_switch_is_true_or_false() -> None:
    wrong: Any = 'yes'
    with pytest.raises(Hybrid.SparkConfigError, match='telemetry must be True or False'):
        Hybrid.Client(base_url='http://localhost/t', token='open', telemetry=wrong)


def test_an_instrumented_httpx_makes_no_second_span(recorder: Recorder, spans: Spans) -> None:
    with httpx.Client() as http_client:
        HTTPXClientInstrumentor.instrument_client(http_client)
        options: Any = {'base_url': recorder.url, 'tenant': 't', 'token': 'open', 'http_client': http_client}
        with Hybrid.Client(**options) as hybrid:
            hybrid.services.execute('f/s', inputs={})
    assert [span.kind for span in spans()] == [SpanKind.CLIENT, SpanKind.INTERNAL]
    assert f'{spans()[0].context.span_id:016x}' in recorder.last.headers['traceparent']


@pytest.mark.thorough
def test_the_local_runner_goes_on_with_the_trace(spans: Spans, world: World) -> None:
    with (
        Hybrid.LocalRunner(CYLINDER, instances=1) as runner,
        runner.serve(0) as server,
        client_in(world, base_url=server.url, tenant='my-tenant') as hybrid,
    ):
        assert hybrid.services.execute('shapes/cylinder', inputs={'height': 2}).output
    found = spans()
    (attempt,) = [span for span in found if span.kind == SpanKind.CLIENT]
    (served,) = [span for span in found if span.kind == SpanKind.SERVER]
    assert served.parent.span_id == attempt.context.span_id
    assert served.name == f'POST {PATH}'
    assert served.attributes['http.response.status_code'] == 200
    inner = [span for span in found if span.parent and span.parent.span_id == served.context.span_id]
    assert [span.name for span in inner] == ['queue', 'model']
    queue, model = inner
    assert queue.start_time <= queue.end_time == model.start_time <= model.end_time


def test_metrics_count_what_a_run_does(squarer: Squares, world: World) -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('opentelemetry.metrics._internal._METER_PROVIDER', provider)
        patch.setattr('cspark.wasm.telemetry._Started.is_done', False)
        patch.setattr('cspark.wasm._calls.observing._Seam.observer', None)
        squarer.poison, squarer.status = is_seven, 400
        with client_in(world, base_url=squarer.url, max_retries=0) as hybrid:
            list(execute_many(hybrid, URI, squares(100), chunk_size=50, concurrency=1, on_error='collect'))
        points = read(reader)
    many = 'cspark.execute_many.'
    assert sum(points[f'{many}records']) == 100
    assert sum(points[f'{many}failed']) == 1
    assert sum(points[f'{many}splits']) >= 5
    assert sum(points[f'{many}in_flight']) == 0
    assert sum(points[f'{many}chunk_size']) == sum(points['http.client.request.duration']) >= 7
    provider.shutdown()


def is_seven(record: dict[str, Any]) -> bool:
    """Whether a record is the one that fails."""
    return bool(record['side'] == 7)


def read(reader: InMemoryMetricReader) -> dict[str, list[Any]]:
    """The values, or the counts of values, of each metric."""
    data: Any = reader.get_metrics_data()
    return {
        metric.name: [getattr(point, 'value', getattr(point, 'count', None)) for point in metric.data.data_points]
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


WITHOUT = """
import sys
sys.modules['opentelemetry'] = None
import cspark.wasm as Hybrid
with Hybrid.Client(base_url=sys.argv[1], tenant='t', token='open') as hybrid:
    assert hybrid.services.execute('f/s', inputs={}).status == 200
"""
WITHOUT_SDK = """
import sys
import cspark.wasm as Hybrid
from cspark.wasm._calls.observing import observer_of
with Hybrid.Client(base_url=sys.argv[1], tenant='t', token='open') as hybrid:
    assert hybrid.services.execute('f/s', inputs={}).status == 200
    assert observer_of(hybrid.config) is None
assert 'opentelemetry.sdk' not in sys.modules
"""


@pytest.mark.thorough
@pytest.mark.parametrize('program', [WITHOUT, WITHOUT_SDK], ids=['without the API', 'without an SDK'])
def test_nothing_is_needed_and_nothing_is_done_without_it(recorder: Recorder, program: str) -> None:
    done = subprocess.run(
        [sys.executable, '-W', 'error', '-c', program, recorder.url],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert 'traceparent' not in recorder.last.headers


def test_a_client_of_an_instrumented_program_is_watched(spans: Spans) -> None:
    with Hybrid.Client(base_url='http://localhost/t', token='open') as hybrid:
        assert observer_of(hybrid.config) is not None
        assert observer_of(hybrid.config.copy_with(telemetry=False)) is None
    assert spans() == []
