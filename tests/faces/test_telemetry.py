"""OpenTelemetry's own instrumentation of httpx sees the calls, and docs/telemetry.md says truly what it can show."""

from __future__ import annotations

import ast
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import cspark.wasm as Hybrid
from check_docs import python_blocks
from support.callers import sending_through
from support.packages import ROOT
from support.wire import Recorder, Reply
from support.worlds import World

PAGE = ROOT / 'docs' / 'telemetry.md'
ID = '00000000-0000-0000-0000-000000000001'


@pytest.fixture(scope='module')
def page() -> dict[str, Any]:
    """The functions that the page defines."""
    (code,) = [code for _, code in python_blocks(PAGE) if 'def route' in code]
    kept = (ast.Import, ast.ImportFrom, ast.FunctionDef)
    body = [one for one in ast.parse(code).body if isinstance(one, kept) or 'NAMED' in ast.unparse(one)]
    names: dict[str, Any] = {}
    exec(compile(ast.Module(body, []), PAGE.name, 'exec'), names)
    return names


@contextmanager
def traced(world: World, recorder: Recorder, hook: Callable[..., Any] | None = None) -> Generator[tuple[Any, Any, Any]]:
    """A client of either kind, the spans that its requests leave, and who makes spans."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    async def awaited(*arguments: Any) -> None:
        assert hook
        hook(*arguments)

    options = {'base_url': recorder.url, 'tenant': 'acme', 'retry_interval': 0.001}
    with sending_through(world, {}, **options) as (hybrid, beneath):
        chosen = hook if world == 'sync' or not hook else awaited
        HTTPXClientInstrumentor.instrument_client(beneath, tracer_provider=provider, request_hook=chosen)
        yield hybrid, exporter.get_finished_spans, provider
    provider.shutdown()


def test_a_call_has_one_span_and_tells_the_runner_of_it(recorder: Recorder, world: World) -> None:
    with traced(world, recorder) as (hybrid, spans, _):
        hybrid.services.execute('secret-folder/secret-service', inputs={'x': 1})
        (span,) = spans()
    assert span.name == 'POST'
    assert 'acme' in span.attributes['http.url']
    assert f'{span.context.trace_id:032x}-{span.context.span_id:016x}' in recorder.last.headers['traceparent']


def test_each_attempt_has_a_span_within_that_of_the_caller(recorder: Recorder, world: World) -> None:
    recorder.reply(Reply(503), Reply(503), Reply())
    with traced(world, recorder) as (hybrid, spans, provider):
        tracer = provider.get_tracer('mine')

        async def awaited() -> None:
            with tracer.start_as_current_span('price'):
                await hybrid._target.services.execute('f/s', inputs={'x': 1})

        if world == 'async':
            hybrid._loop.run(awaited())
        else:
            with tracer.start_as_current_span('price'):
                hybrid.services.execute('f/s', inputs={'x': 1})
        first, second, third, price = spans()
    assert price.name == 'price'
    assert {one.parent.span_id for one in (first, second, third)} == {price.context.span_id}
    assert [one.attributes['http.status_code'] for one in (first, second, third)] == [503, 503, 200]


def test_the_pages_hook_replaces_the_names_of_the_tenant(
    recorder: Recorder, world: World, page: dict[str, Any]
) -> None:
    with traced(world, recorder, page['without_names']) as (hybrid, spans, _):
        hybrid.services.execute('secret-folder/secret-service', inputs={'x': 1})
        (span,) = spans()
    template = '/{tenant}/api/v3/folders/{}/services/{}/execute'
    assert span.name == f'POST {template}'
    assert span.attributes['url.template'] == template
    shown = f'{span.name} {dict(span.attributes)}'
    assert 'acme' not in shown
    assert 'secret-' not in shown


PATHS: dict[str, tuple[dict[str, Any], str]] = {
    'folder/service': ({'inputs': {}}, '/{tenant}/api/v3/folders/{}/services/{}/execute'),
    'services/services': ({'inputs': {}}, '/{tenant}/api/v3/folders/{}/services/{}/execute'),
    'a b/ü%2F[1.2]': ({'inputs': {}}, '/{tenant}/api/v3/folders/{}/services/{}/execute'),
    f'service/{ID}': ({'inputs': {}}, '/{tenant}/api/v3/service/{}'),
    f'version/{ID}': ({'inputs': {}}, '/{tenant}/api/v3/version/{}'),
    'proxy/a/b/c': ({'inputs': {}}, '/{tenant}/api/v3/proxy/{}'),
    'folder/service[1.2]': ({'inputs': [{}]}, '/{tenant}/api/v4/execute'),
}


@pytest.mark.parametrize('uri', PATHS)
def test_the_pages_templates_are_those_of_the_api(recorder: Recorder, page: dict[str, Any], uri: str) -> None:
    options, template = PATHS[uri]
    with Hybrid.Client(base_url=recorder.url, tenant='acme', token='open') as hybrid:
        hybrid.services.execute(uri, **options)
    assert page['route'](recorder.last.path) == template
    assert page['route'](recorder.last.path.replace('/acme/', '/services/')) == template


@pytest.mark.parametrize('path', ['/healthcheck', '/version', '/status', '/api/v3/upload', '/upload'])
def test_paths_without_names_are_their_own_templates(page: dict[str, Any], path: str) -> None:
    assert page['route'](path) == path
