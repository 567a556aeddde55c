"""OpenTelemetry: spans and metrics of calls, by the conventions for HTTP clients.

It is used where `opentelemetry-api` is installed, and costs next to nothing until the program sets up an SDK.
https://opentelemetry.io/docs/specs/semconv/http/http-spans/
"""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
from __future__ import annotations

import re
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from ._about import __version__
from ._calls.observing import set_observer
from ._calls.steps import Send, Undelivered
from ._secret import HiddenHeaders
from .errors import SparkApiError, SparkError

if TYPE_CHECKING:
    from .config import Config

__all__ = ['start_telemetry']

NAMES: Final = re.compile(r'/(folders|services|service|version)/[^/]+|/(proxy)/.+')
PLACES: Final = {'folders': 'folder', 'services': 'service', 'service': 'service_id', 'version': 'version_id'}
BUCKETS: Final = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]


class _Started:
    is_done = False


def start_telemetry() -> None:
    """Watch the calls of this process from now on, if `opentelemetry-api` is installed."""
    if _Started.is_done:
        return
    _Started.is_done = True
    if find_spec('opentelemetry') is not None and find_spec('opentelemetry.trace') is not None:
        set_observer(_Telemetry())


@lru_cache(256)
def template_of(tenant: str, url: str) -> str:
    """The path of a request with the names in it replaced, so that it tells nothing of the business.

    >>> template_of('my-tenant', '/my-tenant/api/v3/folders/f/services/s[1.0]/execute')
    '/{tenant}/api/v3/folders/{folder}/services/{service}/execute'
    """
    path = url.partition('?')[0]
    first = f'/{quote(tenant, safe="")}/'
    if tenant and path.startswith(first):
        path = '/{tenant}/' + path[len(first) :]
    return NAMES.sub(lambda found: f'/{found[1]}/{{{PLACES[found[1]]}}}' if found[1] else '/proxy/{endpoint}', path)


@lru_cache(256)
def _server(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        'server.address': parts.hostname or '',
        'server.port': parts.port or (443 if parts.scheme == 'https' else 80),
    }


def _origin(url: str) -> str:
    """The scheme, host and port of an address. A prefix is left out: it may be a name, such as a tenant's."""
    parts = urlsplit(url)
    return f'{parts.scheme}://{parts.netloc}'


class _Telemetry:
    """Spans and metrics, by whatever SDK the program has set up."""

    def __init__(self) -> None:
        from opentelemetry import context, metrics, propagate, trace

        self.context, self.propagate, self.trace = context, propagate, trace
        # By this key, instrumentations of HTTP clients know that the request has a span already.
        self.suppressed: str = getattr(context, '_SUPPRESS_HTTP_INSTRUMENTATION_KEY', 'suppress_instrumentation')
        self.tracer = trace.get_tracer('cspark.wasm', __version__)
        self._metrics = import_module('opentelemetry.metrics._internal')
        meter = metrics.get_meter('cspark.wasm', __version__)
        self.duration = meter.create_histogram(
            'http.client.request.duration',
            's',
            'Duration of HTTP client requests.',
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        self.retries = meter.create_counter('cspark.client.retries', '{retry}', 'Calls that were tried again.')
        many = 'cspark.execute_many'
        self.records = meter.create_counter(f'{many}.records', '{record}', 'Records that have their results.')
        self.failed = meter.create_counter(f'{many}.failed', '{record}', 'Records that have errors.')
        self.splits = meter.create_counter(f'{many}.splits', '{split}', 'Chunks that were sent again in halves.')
        self.in_flight = meter.create_up_down_counter(f'{many}.in_flight', '{call}', 'Calls under way.')
        self.chunk_size = meter.create_histogram(f'{many}.chunk_size', '{record}', 'Records of a call.')

    def is_active(self) -> bool:
        """Whether the program has set up a provider.

        The public functions would work too, but they read the environment each time, which takes a tenth of the time of
        a small call. If a future release lacks these variables, return true: the API's own providers then do nothing.
        """
        return (
            getattr(self.trace, '_TRACER_PROVIDER', self) is not None
            or getattr(self._metrics, '_METER_PROVIDER', self) is not None
        )

    @contextmanager
    def current(self, context: Any) -> Generator[None]:
        """Make a context the current one, for logs and for the caller's own spans."""
        token = self.context.attach(context)
        try:
            yield
        finally:
            self.context.detach(token)

    @contextmanager
    def call(self, verb: str, config: Config, url: str) -> Generator[_Call]:
        """An INTERNAL span for a call, whatever its attempts."""
        template = template_of(config.base_url.tenant, url)
        span = self.tracer.start_span(f'{verb} {template}', attributes={'url.template': template})
        with self.current(self.trace.set_span_in_context(span)):
            try:
                yield _Call(self, config, template)
            except SparkError as error:
                self.fail(span, _kind(error))
                raise
            finally:
                span.end()

    def fail(self, span: Any, kind: str) -> None:
        """Mark a span as failed. The runner's message is left out, because it may contain business data."""
        span.set_attribute('error.type', kind)
        span.set_status(self.trace.Status(self.trace.StatusCode.ERROR))

    def run(self, config: Config) -> _Run:
        """An INTERNAL span for a run of `execute_many`: the parent of its calls, on whatever thread they are made."""
        return _Run(self, config)


def _kind(error: SparkError) -> str:
    if isinstance(error, SparkApiError):
        return str(error.status)
    return type(error).__qualname__


class _Call:
    def __init__(self, telemetry: _Telemetry, config: Config, template: str) -> None:
        self._telemetry = telemetry
        self._template = template
        self._base = config.base_url.value

    @contextmanager
    def attempt(self, step: Send, number: int) -> Generator[_Attempt]:
        """A CLIENT span for an attempt, whose id goes to the runner, and the time that it took."""
        telemetry = self._telemetry
        common = {'http.request.method': step.method, 'url.template': self._template, **_server(self._base)}
        again = {'http.request.resend_count': number} if number else {}
        span = telemetry.tracer.start_span(
            f'{step.method} {self._template}',
            kind=telemetry.trace.SpanKind.CLIENT,
            attributes={**common, 'url.full': f'{_origin(self._base)}{self._template}', **again},
        )
        context = telemetry.trace.set_span_in_context(span)
        headers = HiddenHeaders(step.headers)
        telemetry.propagate.inject(headers, context=context)
        step.headers = headers
        attempt, started = _Attempt(telemetry, span), time.perf_counter()
        with telemetry.current(telemetry.context.set_value(telemetry.suppressed, True, context)):
            try:
                yield attempt
            except Undelivered as failure:
                attempt.failed(type(failure.error).__qualname__)
                raise
            finally:
                span.end()
                telemetry.duration.record(time.perf_counter() - started, {**common, **attempt.outcome})

    def retrying(self) -> None:
        """Count a retry."""
        self._telemetry.retries.add(1, {'url.template': self._template})


class _Attempt:
    def __init__(self, telemetry: _Telemetry, span: Any) -> None:
        self._telemetry = telemetry
        self._span = span
        self.outcome: dict[str, Any] = {}

    def answered(self, status: int) -> None:
        """Note the status; one from 400 on is an error."""
        self.outcome['http.response.status_code'] = status
        self._span.set_attribute('http.response.status_code', status)
        if status >= 400:
            self.failed(str(status))

    def failed(self, kind: str) -> None:
        """Note why there was no good answer."""
        self.outcome['error.type'] = kind
        self._telemetry.fail(self._span, kind)


class _Run:
    def __init__(self, telemetry: _Telemetry, config: Config) -> None:
        self._telemetry = telemetry
        self._labels = _server(config.base_url.value)
        self._context = telemetry.context.get_current()
        self._span: Any = None
        self._failed = 0

    def begin(self) -> None:
        """Start the span of the run, within the span that was current when `execute_many` was called."""
        if self._span is None:
            self._span = self._telemetry.tracer.start_span('execute_many', context=self._context)
            self._context = self._telemetry.trace.set_span_in_context(self._span, self._context)

    @contextmanager
    def chunk(self, count: int) -> Generator[None]:
        """A call of a run: its span is a child of the run's, on this thread or task too."""
        telemetry = self._telemetry
        telemetry.chunk_size.record(count, self._labels)
        telemetry.in_flight.add(1, self._labels)
        try:
            with telemetry.current(self._context):
                yield
        finally:
            telemetry.in_flight.add(-1, self._labels)

    def counted(self, records: int, failed: int) -> None:
        """Count records, and those that have errors."""
        self._failed += failed
        self._telemetry.records.add(records, self._labels)
        if failed:
            self._telemetry.failed.add(failed, self._labels)

    def split(self) -> None:
        """Count a chunk that is sent in halves."""
        self._telemetry.splits.add(1, self._labels)

    def end(self) -> None:
        """End the span of the run."""
        if self._span is not None and self._span.is_recording():
            self._span.set_attribute('cspark.records.failed', self._failed)
            self._span.end()
