"""Continue the caller's trace: a span for a request, with child spans for the time in the queue and in the model."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
from __future__ import annotations

import importlib
import time
from functools import cache
from importlib.util import find_spec
from typing import Any

from ..engine.call import Timing
from ..operations.caller import Caller
from .request import HttpRequest

__all__ = ['RequestTrace', 'start_trace']


@cache
def _api() -> Any:
    """The module `opentelemetry.trace`, or None where it is not installed."""
    if find_spec('opentelemetry') is None or find_spec('opentelemetry.trace') is None:
        return None
    return importlib.import_module('opentelemetry.trace')


class RequestTrace:
    """The span of a request.

    Args:
        trace: The module `opentelemetry.trace`.
        request: The request, whose headers may name the caller's span.
    """

    def __init__(self, trace: Any, request: HttpRequest) -> None:
        self._trace = trace
        self._tracer = trace.get_tracer('cspark.wasm.local')
        context = importlib.import_module('opentelemetry.propagate').extract(dict(request.headers))
        kind = trace.SpanKind.SERVER
        self._span = self._tracer.start_span(request.method, context=context, kind=kind)
        self._inside = trace.set_span_in_context(self._span)

    def computed(self, timing: Timing) -> None:
        """Add the spans of a call of the model: how long it waited, and how long it was computed."""
        since = time.time_ns() - time.monotonic_ns()
        asked, began = (since + int(moment * 1e9) for moment in (timing.asked, timing.began or timing.asked))
        ended = time.time_ns()
        for name, start, end in (('queue', asked, began), ('model', began, ended)):
            self._tracer.start_span(name, context=self._inside, start_time=start).end(max(start, end))

    def _add_services(self, caller: Caller) -> None:
        """Add a span for each chain of services that was called, named by the ids of the versions."""
        since = time.time_ns() - time.monotonic_ns()
        for ids, chain in caller.called.chains().items():
            start = since + int(chain.began * 1e9)
            span = self._tracer.start_span('services', context=self._inside, start_time=start)
            span.set_attributes(
                {
                    'cspark.call_id': caller.call_id,
                    'cspark.chain': ids,
                    'cspark.calls': chain.calls,
                    'cspark.failures': chain.failures,
                }
            )
            span.end(since + int(chain.ended * 1e9))

    def end(self, request: HttpRequest, status: int) -> None:
        """End the span of the request. Its path is the matching template, so that no names get into the trace."""
        if request.caller is not None:
            self._add_services(request.caller)
        template = request.template or 'no operation'
        self._span.update_name(f'{request.method} {template}')
        self._span.set_attributes(
            {
                'http.request.method': request.method,
                'http.route': template,
                'http.response.status_code': status,
                'cspark.request_id': request.request_id,
            }
        )
        if status >= 500:
            self._span.set_attribute('error.type', str(status))
            self._span.set_status(self._trace.Status(self._trace.StatusCode.ERROR))
        self._span.end()


def start_trace(request: HttpRequest) -> RequestTrace | None:
    """Start the span of a request, if the program has set up OpenTelemetry."""
    trace = _api()
    if trace is None or getattr(trace, '_TRACER_PROVIDER', trace) is None:
        return None
    return RequestTrace(trace, request)
