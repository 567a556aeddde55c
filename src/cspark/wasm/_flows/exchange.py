"""One call: encode, send, retry, raise, decode."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .._about import SPARK_USER_AGENT, about
from .._json import decode_json, is_object
from ..config import Config
from ..errors import (
    ApiErrorCause,
    ErrorRequest,
    SparkDecodeError,
    SparkTimeoutError,
    api_error,
    error_response,
    shorten,
)
from ..options import Encoding
from ..results import HttpResponse
from .encoding import encode_body
from .flow import Flow, Pause, Send, Undelivered, compute, send
from .retry import Retry, after_answer, after_failure

if TYPE_CHECKING:
    import httpx

__all__ = ['Call', 'caller', 'exchange']

HEAVY_ANSWER: Final = 256 * 1024


@dataclass(frozen=True)
class Call:
    """A request as a generated builder gives it, and how it may be sent.

    Attributes:
        request: `method`, `url`, `headers` and `json` or `files`.
        encoding: How to compress the body.
        heavy: Whether encoding it takes long.
        safe: Whether it can be repeated without harm.
    """

    request: Mapping[str, Any]
    encoding: Encoding | None = None
    heavy: bool = False
    safe: bool = True


def caller(config: Config) -> dict[str, Any]:
    """The arguments of every generated builder that say who calls; the id is new for each call."""
    tenant = {'x_tenant_name': config.base_url.tenant} if config.base_url.tenant else {}
    return {'x_request_id': str(uuid.uuid4()), 'x_spark_ua': SPARK_USER_AGENT, **tenant}


def exchange(config: Config, call: Call) -> Flow[HttpResponse[Any]]:
    """Carry out a call until there is an answer, an error, or no time left.

    Raises:
        SparkApiError: The runner refused or failed.
        SparkConnectionError, SparkTimeoutError: It could not be reached, or not in time.
        SparkDecodeError: What came back is not an answer of a runner.
        SparkSdkError: The inputs cannot be encoded.
    """
    request = call.request
    content = None
    deadline = time.monotonic() + config.timeout_in_sec
    if 'json' in request:
        content = yield from compute(lambda: encode_body(request['json'], call.encoding), heavy=call.heavy)
    step = Send(
        method=request['method'].upper(),
        url=config.base_url.value + request['url'],
        deadline=deadline,
        headers={**config.extra_headers, 'User-Agent': about, **request.get('headers', {}), **config.auth.as_header},
        content=content,
        files=request.get('files'),
    )
    answer = yield from _attempts(config, step, safe=call.safe)
    return (yield from _read(step, answer))


def _attempts(config: Config, step: Send, *, safe: bool) -> Flow[httpx.Response]:
    tried = 0
    while True:
        tried += 1
        failure: Undelivered | None = None
        try:
            answer = yield from send(step)
            retry = after_answer(config, tried, answer.status_code, answer.headers, safe=safe)
            if retry is None or not _has_time(step, retry):
                return answer
        except Undelivered as error:
            failure = error
            retry = after_failure(config, tried, failure, safe=safe)
        if failure and (retry is None or not _has_time(step, retry)):
            failure.error.cause = ApiErrorCause(_described(step))
            if isinstance(failure.error, SparkTimeoutError):
                failure.error.message = f'{_line(step)} did not answer within {config.timeout:g} ms'
            else:
                failure.error.message = f'{_line(step)}: {failure.error.message}'
            raise failure.error
        assert retry is not None  # noqa: S101 - for the type checkers
        config.logger.info('%s: trying again in %.1f s after %s', _line(step), retry.pause, retry.reason)
        yield Pause(retry.pause)


def _read(step: Send, answer: httpx.Response) -> Flow[HttpResponse[Any]]:
    content = answer.content
    response = error_response(answer.status_code, answer.headers, content) if not answer.is_success else None
    if response is not None:
        raise api_error(_described(step), response)
    try:
        data = yield from compute(lambda: decode_json(content), heavy=len(content) > HEAVY_ANSWER)
    except ValueError as error:
        raise _not_an_answer(step, answer, f'it is not JSON ({error})') from error
    if not is_object(data):
        raise _not_an_answer(step, answer, f'it is a JSON {type(data).__name__} where an object belongs')
    if data.get('status') == 'Error':
        raise api_error(_described(step), error_response(answer.status_code, answer.headers, content))
    return HttpResponse(answer.status_code, data, content, answer.headers, answer.request, answer)


def _not_an_answer(step: Send, answer: httpx.Response, problem: str) -> SparkDecodeError:
    kind = answer.headers.get('content-type', 'no content type')
    start = shorten(answer.content[:400].decode('utf-8', 'replace'), 100)
    response = error_response(answer.status_code, answer.headers, answer.content)
    words = f'answered {answer.status_code} with what is not an answer of a runner'
    message = f'{_line(step)} {words}: {problem}; {kind}: {start!r}'
    return SparkDecodeError(message, ApiErrorCause(_described(step), response))


def _has_time(step: Send, retry: Retry) -> bool:
    return time.monotonic() + retry.pause < step.deadline


def _line(step: Send) -> str:
    return f'{step.method} {step.url}'


def _described(step: Send) -> ErrorRequest:
    """The request for an error: without its body and without credentials."""
    shown = ('x-request-id', 'x-tenant-name', 'x-spark-ua', 'user-agent', 'content-type', 'content-encoding')
    return ErrorRequest(step.method, step.url, {k.lower(): v for k, v in step.headers.items() if k.lower() in shown})
