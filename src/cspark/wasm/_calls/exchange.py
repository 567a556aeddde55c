"""One call: encode, send, retry, raise, decode."""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from .._about import about
from .._answer import Answer
from .._codec.json import decode_answer, is_object
from .._secret import HiddenHeaders
from ..config import Config
from ..errors import (
    SparkConnectionError,
    SparkDecodeError,
    SparkTimeoutError,
    api_error,
    shorten,
)
from ..options import CallOptions
from .attempts import Attempts
from .call import Call
from .observing import CallWatch, Observer, observer_of
from .retry import after_answer, after_failure
from .steps import Compute, Flow, Pause, Send, Undelivered, compute, send

__all__ = ['make_call', 'not_sent', 'pass_on', 'with_call_options']

HEAVY_ANSWER: Final = 256 * 1024
HALF_A_CHARACTER: Final = 'the answer holds half a character (a lone surrogate), which is read as U+FFFD'

MASKED_BEFORE_CUT: Final = 4000
"""How many bytes of an answer are searched for secrets before the excerpt is cut. The search runs over more than the
excerpt shows, so that a secret that the cut would split is still found."""


def with_call_options(config: Config, options: CallOptions) -> Config:
    """The client's configuration with the options of one call applied."""
    timeout, retries, headers = options.get('timeout'), options.get('max_retries'), options.get('headers')
    if timeout is None and retries is None and not headers:
        return config
    given: Any = headers or {}
    further = HiddenHeaders(_merged(config.extra_headers, given)) if headers else None
    changes: Any = {'timeout': timeout, 'max_retries': retries, 'extra_headers': further}
    return config.copy_with(**changes)


def _merged(ours: Mapping[str, str], theirs: Mapping[str, str]) -> Mapping[str, str]:
    """Merge our headers with the caller's, which take precedence; names are compared in any case.

    If the caller has none, the result is `ours` itself.
    """
    if not theirs:
        return ours
    named = {name.lower() for name in theirs}
    return {**{name: value for name, value in ours.items() if name.lower() not in named}, **theirs}


def not_sent(config: Config, call: Call) -> Answer:
    """Make an answer for a call that has nothing to send; it shows the request that would be sent."""
    return Answer(call.request['method'].upper(), config.base_url.value + call.request['url'], {}, None, 200, [], b'')


def make_call(config: Config, call: Call) -> Flow[tuple[Answer, Any]]:
    """Make a call: encode the body, send it, retry as the policy says, and decode the answer.

    Returns:
        The answer as received, and its decoded body.

    Raises:
        SparkApiError: The runner answered with an error.
        SparkConnectionError: The runner could not be reached, or the connection broke.
        SparkTimeoutError: There was no answer within the timeout.
        SparkDecodeError: The answer did not come from a runner, or is not valid.
        SparkSdkError: The inputs cannot be encoded.
    """
    observer = observer_of(config)
    if observer is None:
        return _make_call(config, call, None)
    return _make_watched_call(config, call, observer)


def pass_on(
    config: Config, method: str, path: str, headers: Mapping[str, str], content: bytes | None, deadline: float
) -> Flow[Answer]:
    """Send a request of somebody else once, and return the answer, whatever its status.

    Args:
        config: The address, the credentials, and the headers that are sent beside those of the request.
        method: The HTTP method.
        path: The path behind the address, with the query.
        headers: The headers of the request.
        content: The body.
        deadline: When the answer must be there, by `time.monotonic()`.

    Raises:
        SparkSdkError: There is no answer.
    """
    step = Send(
        method=method,
        url=config.base_url.value + path,
        deadline=deadline,
        headers=_merged({'User-Agent': about, **headers}, config.extra_headers),
        content=content,
        phases=config.phases,
        auth=config.auth.auth,
    )
    attempts = Attempts(step, time.monotonic(), tried=1)
    answer = yield from _send_once(config, attempts)
    if isinstance(answer, Undelivered):
        _give_up(config, attempts, answer)
    return answer


def _make_watched_call(config: Config, call: Call, observer: Observer) -> Flow[tuple[Answer, Any]]:
    with observer.call(call.verb, config, call.request['url']) as watch:
        return (yield from _make_call(config, call, watch))


def _make_call(config: Config, call: Call, watch: CallWatch | None) -> Flow[tuple[Answer, Any]]:
    request = call.request
    started = time.monotonic()
    content = (yield from compute(call.body, heavy=call.heavy)) if call.body else None
    step = Send(
        method=request['method'].upper(),
        url=config.base_url.value + request['url'],
        deadline=started + config.timeout_in_sec,
        headers=_merged({'User-Agent': about, **request.get('headers', {})}, config.extra_headers),
        content=content,
        files=request.get('files'),
        phases=config.phases,
        auth=config.auth.auth,
    )
    attempts = Attempts(step, started, once=call.once, watch=watch)
    answer = yield from _deliver(config, attempts, safe=call.safe)
    return (yield from _read(config, attempts, answer))


def _deliver(config: Config, attempts: Attempts, *, safe: bool) -> Flow[Answer]:
    """Send the request until it succeeds or is not to be retried; return the last answer.

    Raises:
        SparkSdkError: The last attempt brought no answer.
    """
    while True:
        attempts.tried += 1
        answer = yield from _send_once(config, attempts)
        if isinstance(answer, Answer) and answer.is_success:
            return answer
        if isinstance(answer, Undelivered):
            retry = after_failure(config.retry, attempts.tried, answer, safe=safe)
        else:
            retry = after_answer(config.retry, attempts.tried, answer.status, answer.headers, safe=safe)
        if retry is None or not attempts.has_time_for(retry):
            if isinstance(answer, Undelivered):
                _give_up(config, attempts, answer)
            return answer
        config.logger.info(
            '%s: trying again in %.1f s after %s',
            attempts.line,
            retry.pause,
            retry.reason,
            extra={'spark': {'attempt': attempts.tried, 'pause': retry.pause, 'reason': retry.reason}},
        )
        if attempts.watch is not None:
            attempts.watch.retrying()
        yield Pause(retry.pause)


def _send_once(config: Config, attempts: Attempts) -> Flow[Answer | Undelivered]:
    """Make one attempt; return the answer, or the failure. A refused token is replaced once a call."""
    step = attempts.step
    started = time.monotonic()
    try:
        if config.auth.source and not config.auth.token:
            yield from _fetch_token(config, step)
        attempts.sent += 1
        step.credentials = config.auth.credentials
        answer: Answer
        if attempts.watch is None:
            answer = yield step
        else:
            answer = yield from _send_watched(attempts, attempts.watch)
        must_renew = answer.status == 401 and config.auth.source and not (attempts.renewed or attempts.once)
        if must_renew:
            yield from _fetch_token(config, step)
    except Undelivered as failure:
        return failure
    if config.logger.isEnabledFor(logging.DEBUG):
        _log_answer(config, attempts, answer, started)
    if must_renew:
        attempts.renewed = True
        return (yield from _send_once(config, attempts))
    return answer


def _send_watched(attempts: Attempts, watching: CallWatch) -> Flow[Answer]:
    with watching.attempt(attempts.step, attempts.sent - 1) as watch:
        answer = yield from send(attempts.step)
        watch.answered(answer.status)
    return answer


def _log_answer(config: Config, attempts: Attempts, answer: Answer, started: float) -> None:
    seen = {'status': answer.status, 'seconds': time.monotonic() - started, 'bytes': len(answer.content)}
    config.logger.debug('%s answered %d', attempts.line, answer.status, extra={'spark': seen})


def _fetch_token(config: Config, step: Send) -> Flow[None]:
    """Fetch a token, or replace a refused one, unless another call has already done so."""
    auth = config.auth

    def fetch() -> Any:
        is_new = auth.token and auth.credentials != step.credentials
        return auth.token if is_new or auth.source is None else auth.source()

    blocks = not inspect.iscoroutinefunction(auth.source)
    yield Compute(fetch, heavy=blocks, keep=auth.keep, deadline=step.deadline)


def _give_up(config: Config, attempts: Attempts, failure: Undelivered) -> NoReturn:
    error = failure.error
    words = error.message
    # With limits for the phases, the message names the one that was exceeded, unless the whole call ran out of time.
    if isinstance(error, SparkTimeoutError) and (not config.phases or time.monotonic() >= attempts.step.deadline):
        words = f'did not answer within {config.timeout:g} ms'
    times = f' (tried {attempts.sent} times)' if attempts.sent > 1 else ''
    error = error.with_message(f'{attempts.line}: {words}{times}', attempts.cause())
    if isinstance(error, (SparkConnectionError, SparkTimeoutError)):
        error.sent = failure.sent
    raise error


def _read(config: Config, attempts: Attempts, answer: Answer) -> Flow[tuple[Answer, Any]]:
    # The body is kept out of local variables: it may echo credentials, and error reports show the variables of frames.
    if not answer.is_success:
        raise api_error(attempts.cause(answer))
    problem = ''
    data: Any = None
    try:
        data, repaired = yield from compute(
            lambda: decode_answer(answer.content), heavy=len(answer.content) > HEAVY_ANSWER
        )
        if repaired:
            config.logger.warning('%s: %s', attempts.line, HALF_A_CHARACTER)
    except (ValueError, RecursionError) as error:
        problem = f'it is not JSON ({shorten(str(error), 100)})' if answer.content else 'it is empty'
    if not problem and not is_object(data):
        problem = f'it is a JSON {type(data).__name__}, not an object'
    if problem:
        kind = attempts.masked(answer.headers.get('content-type', 'no content type'))
        start = shorten(attempts.masked(answer.content[:MASKED_BEFORE_CUT].decode('utf-8', 'replace')), 100)
        words = f'answered {answer.status}, but not as a runner does'
        raise SparkDecodeError(f'{attempts.line} {words}: {problem}; {kind}: {start!r}', attempts.cause(answer))
    if data.get('status') == 'Error':  # a runner can report a failure with status 200
        data = None
        raise api_error(attempts.cause(answer))
    return answer, data
