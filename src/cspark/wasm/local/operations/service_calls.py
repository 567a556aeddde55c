"""Answer the calls that a model makes to services and to external APIs while it computes a record."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, Protocol, TypeVar

from ..._codec.json import is_object
from ...uri import UriParams
from ..engine.service_calls import EXTERNAL, SERVICE, CallAnswer, ModelCall
from ..errors import NotServedError, RefusedError, ServiceError
from ..logger import logger
from .answers import error_envelope
from .caller import Caller
from .service_requests import ServiceRequest, read_service_request, write_answer
from .steps import Steps

__all__ = ['Execute', 'ServiceCaller']

T = TypeVar('T')
Json = dict[str, Any]

NO_EXTERNAL: Final = (
    'the model calls an external API; this runner answers such calls only if it has a function for them: '
    'LocalRunner(external=...)'
)


class Execute(Protocol):
    """The operation by which a called service is executed."""

    def __call__(self, caller: Caller, named: UriParams, body: Json) -> Steps: ...


class ServiceCaller:
    """Answers the calls of a model.

    Args:
        caller: The model, as the caller of services.
        execute: The operation by which a service is executed.
    """

    def __init__(self, caller: Caller, execute: Execute) -> None:
        self._caller = caller
        self._execute = execute
        self.until = caller.until

    def answer(self, calls: Sequence[ModelCall], until: float) -> Sequence[CallAnswer]:
        """Answer calls that a record makes at the same time; they are computed at the same time, too."""
        caller = replace(self._caller, until=min(until, self.until))
        begun = [_begin(caller, self._execute, call) for call in calls]
        return [end() for end in begun]

    def overdue(self, seconds: float) -> str:
        """Explain that a record goes on calling services after its time is over."""
        return f'the services that the record calls take longer than {seconds:g} s: {self._caller.chain()}'


def _begin(caller: Caller, execute: Execute, call: ModelCall) -> Callable[[], CallAnswer]:
    """Begin a call, and return a function that waits for its answer."""
    began = time.monotonic()
    try:
        request = read_service_request(call.kind, call.content)
    except RefusedError as error:
        unread = ServiceRequest(call.kind, 1, {})
        return lambda error=error: _failed(caller, unread, began, error)  # type: ignore[misc]
    if call.kind == EXTERNAL:
        return _begin_external(caller, request, began)
    try:
        if call.kind != SERVICE:
            raise RefusedError(400, f'a call of kind {call.kind} is not known; 0 is a service, 1 an external API')
        if request.tenant not in ('', caller.tenant):
            raise RefusedError(403, 'a service of another tenant cannot be called')
        result = _begin_service(caller, execute, request)
    except RefusedError as error:
        return lambda error=error: _failed(caller, request, began, error)  # type: ignore[misc]

    def end() -> CallAnswer:
        try:
            return _answered(caller, request, began, result())
        except RefusedError as error:
            return _failed(caller, request, began, error)
        except Exception as error:  # noqa: BLE001 - the error is logged, and the model gets an answer
            logger.exception('a service that a model called failed, call %s', caller.call_id)
            failure = ServiceError(500, f'the runner failed: {type(error).__name__}')
            return _failed(caller, request, began, failure)

    return end


def _begin_service(caller: Caller, execute: Execute, request: ServiceRequest) -> Callable[[], Json]:
    """Begin to execute a service, here or on the runner behind this one; the result waits for its answer."""
    body = request.body(caller.passed_on)
    steps = execute(caller, request.named, body)
    try:
        pool, requests = next(steps)
    except NotServedError:
        passage = caller.passage
        if passage is None:
            raise
        passed = _on_thread(lambda: passage.execute(caller.tenant, request.named, body, caller.until, caller.ids))
        return lambda: _wait_for(passed, caller.until)
    computing = pool.submit(requests)

    def result() -> Json:
        asked = computing
        try:
            while True:
                pool, requests = steps.send(_wait_for(asked, caller.until))
                asked = pool.submit(requests)
        except StopIteration as ended:
            envelope: Json = ended.value
            return envelope

    return result


def _wait_for(future: Future[T], until: float) -> T:
    """Wait for a result until this moment.

    Raises:
        ServiceError: 504 if it takes longer.
    """
    wait([future], max(0.0, until - time.monotonic()))
    if not future.done():
        future.cancel()
        raise ServiceError(504, 'it does not answer within the time of the record that calls it')
    return future.result()


def _answered(caller: Caller, request: ServiceRequest, began: float, envelope: Json) -> CallAnswer:
    milliseconds = _milliseconds_since(began)
    meta: Any = envelope['response_meta']
    caller.count(str(meta.get('version_id')), began, failed=False)
    try:
        content = write_answer(request, envelope, milliseconds)
    except TypeError as error:
        return _failed(caller, request, began, ServiceError(500, f'the answer cannot be passed on: {error}'))
    data: Any = envelope['response_data']
    entry = _entry(caller, request, milliseconds) | {
        'service_id': meta.get('service_id'),
        'version_id': meta.get('version_id'),
        'version': meta.get('version'),
        'call_id': meta.get('call_id'),
        'status': envelope['status'],
        'service_chain': data.get('service_chain') if is_object(data) else None,
    }
    return CallAnswer(content, entry)


def _failed(caller: Caller, request: ServiceRequest, began: float, error: RefusedError) -> CallAnswer:
    milliseconds = _milliseconds_since(began)
    caller.count('failed', began, failed=True)
    logger.warning('a service that a model called failed with %d, call %s', error.status, caller.call_id)
    content = write_answer(request, error_envelope(error.message), milliseconds, error)
    entry = _entry(caller, request, milliseconds) | {'status': 'Error', 'error': {'message': error.message}}
    return CallAnswer(content, entry if request.kind == SERVICE else None)


def _entry(caller: Caller, request: ServiceRequest, milliseconds: int) -> Json:
    """Build the entry of a call in `service_chain`."""
    return {
        'service_uri': request.named.service_uri or request.name,
        'service_id': None,
        'version_id': None,
        'version': None,
        'call_id': caller.call_id,
        'status': None,
        'error': None,
        'process_time': milliseconds,
        'service_chain': None,
    }


def _begin_external(caller: Caller, request: ServiceRequest, began: float) -> Callable[[], CallAnswer]:
    if caller.external is None:
        refusal = ServiceError(422, NO_EXTERNAL)
        return lambda: _failed(caller, request, began, refusal)._replace(refusal=refusal)
    external = caller.external

    def ask() -> Mapping[str, Any]:
        try:
            return external(request.content)
        except BaseException as error:  # noqa: BLE001
            # The function can raise anything, even what ends programs; its text may hold a secret.
            logger.exception('the function for external APIs failed')
            words = f'the function for external APIs failed: {type(error).__name__}'
            raise ServiceError(500, words) from None

    answering = _on_thread(ask)

    def end() -> CallAnswer:
        try:
            answer: object = _wait_for(answering, caller.until)
            if not isinstance(answer, Mapping):
                raise RefusedError(
                    500, f'the function for external APIs returned {type(answer).__name__}, not a mapping'
                )
            return CallAnswer(write_answer(request, answer, _milliseconds_since(began)))
        except RefusedError as error:
            return _failed(caller, request, began, error)
        except TypeError as error:
            failure = ServiceError(500, f'the answer of the function for external APIs is not JSON: {error}')
            return _failed(caller, request, began, failure)

    return end


def _on_thread(function: Callable[[], T]) -> Future[T]:
    """Call a function on a thread of its own, which does not keep the program from ending if it never returns."""
    future: Future[T] = Future()

    def call() -> None:
        with suppress(InvalidStateError):  # nobody may wait for it any more
            try:
                future.set_result(function())
            except InvalidStateError:
                raise
            except Exception as error:  # noqa: BLE001 - whoever waits for the future gets it
                future.set_exception(error)

    try:
        threading.Thread(target=call, name='runner-call', daemon=True).start()
    except RuntimeError as error:
        future.set_exception(ServiceError(503, f'the call needs a thread: {error}'))
    return future


def _milliseconds_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
