"""Send steps through httpx, blocking or async: convert the request, the answer and the errors."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, closing
from typing import Any, Final

import anyio
import httpx

from .._address import in_ascii
from .._answer import Answer, shown
from .._calls.steps import Send, Undelivered
from .._secret import Secret
from ..errors import SparkConfigError
from .echoes import Echoes, StrayAnswerError
from .failures import (
    connection_failure,
    decode_failure,
    is_lost_link,
    masked,
    request_failure,
    timeout_failure,
    unless_from_signal_handler,
    unreachable_failure,
)
from .limits import LARGEST_ANSWER, OutOfTimeError, run_until, time_left
from .received import encodings_of, unpack_body
from .request_head import target

__all__ = ['send_through_httpx', 'send_through_httpx_async']

PYTHON_ENDS: Final = 'cannot schedule new futures'
"""The message of asyncio's error when a host is looked up while the interpreter shuts down."""

HTTPX_WRITE_SIZE: Final = 1 << 16
"""The size of the pieces in which a body is written, in bytes."""

FAILURES: Final = (httpx.RequestError, httpx.InvalidURL, ssl.SSLError, StrayAnswerError)


class _HttpxCall:
    """An exchange in progress.

    Attributes:
        sent: Whether the request may have reached the runner. httpcore reports when it connects and when it sends; a
            transport that reports nothing may have sent it.
        is_over: Whether the caller has given up.
        size: The number of bytes of the body received so far.
    """

    def __init__(self, step: Send, echoes: Echoes) -> None:
        self.step = step
        self.echoes = echoes
        self.sent = True
        self.is_over = False
        self.size = 0

    def trace(self, event: str, details: Mapping[str, Any]) -> None:
        """Called by httpcore. A CONNECT request, which asks a proxy for a tunnel, is not the request itself."""
        if event.endswith('connect_tcp.started'):
            self.sent = False
        elif event.endswith('send_request_headers.started') and details['request'].method != b'CONNECT':
            self.sent = True

    async def trace_awaited(self, event: str, details: Mapping[str, Any]) -> None:
        """Called by httpcore's async half, which awaits it."""
        self.trace(event, details)

    def build(self, http_client: httpx.Client | httpx.AsyncClient, files: Any, trace: Any) -> httpx.Request:
        """Build a new request for an attempt, so that a body that was read before starts at its beginning."""
        step = self.step
        left = time_left(step.deadline)
        phases = {name: min(seconds, left) for name, seconds in (step.phases or {}).items()}
        request = http_client.build_request(
            step.method,
            in_ascii(step.url),
            headers=step.revealed_headers(),
            content=step.content,
            files=files,
            timeout=httpx.Timeout(left, **phases),
        )
        request.extensions['trace'] = trace
        return request

    def check(self, answer: httpx.Response) -> None:
        """Check that the answer belongs to the request. Its body is unread, so a failure closes the connection."""
        headers = answer.headers.multi_items()
        origin = target(self.step.url).origin
        self.echoes.check(origin, self.step.headers, answer.status_code, headers)

    def take(self, parts: list[bytes], part: bytes) -> None:
        """Add a part of the body."""
        if self.is_over:
            raise OutOfTimeError
        time_left(self.step.deadline)
        parts.append(part)
        self.size += len(part)
        if self.size > LARGEST_ANSWER:
            raise decode_failure(ValueError(f'it is larger than {LARGEST_ANSWER:,} bytes'))

    def failure(self, error: Exception) -> Undelivered:
        """Convert an error of httpx."""
        if self.step.auth is not None and isinstance(error, httpx.RequestError):
            _hide_what_auth_gave(self.step, error.request)
        if is_lost_link(error):
            if self.sent:
                return connection_failure(error)
            return unreachable_failure(error)
        match error:
            case httpx.ConnectTimeout() | httpx.PoolTimeout():
                return timeout_failure(error, sent=False)
            case OutOfTimeError() | httpx.TimeoutException():
                return timeout_failure(error, sent=self.sent)
            case httpx.DecodingError():
                return decode_failure(masked(error, self.step))
            case httpx.ProxyError():  # its text is from the proxy, and may echo the password sent to it
                status = re.match(r'\d{3}', str(error))
                said = f'with status {status[0]}' if status else 'to connect'
                return unreachable_failure(ConnectionError(f'the proxy refuses {said}'))
            case httpx.ConnectError():
                return unreachable_failure(error)
            # `ssl.SSLError` comes from anyio's TLS, which httpx does not convert.
            case httpx.NetworkError() | httpx.RemoteProtocolError() | ssl.SSLError() | StrayAnswerError():
                failure = connection_failure if self.sent else unreachable_failure
                return failure(masked(error, self.step))
            case _:
                return request_failure(masked(error, self.step))


def send_through_httpx(step: Send, http_client: httpx.Client, echoes: Echoes) -> Answer:
    """Send a step and read its answer to the end.

    httpx limits each wait but not the whole call, so an answer that arrives byte by byte could take for ever. It runs
    on a thread, which is abandoned at the deadline.

    Raises:
        Undelivered: There is no answer.
    """
    _require_open(http_client)
    under_way = _HttpxCall(step, echoes)
    try:
        return run_until(step.deadline, lambda: _send(under_way, http_client))
    except OutOfTimeError as error:
        under_way.is_over = True
        failure = timeout_failure(error, sent=under_way.sent)
    raise failure


def _send(under_way: _HttpxCall, http_client: httpx.Client) -> Answer:
    step = under_way.step
    try:
        timed = [(name, (first, _Timed(file, step), *rest)) for name, (first, file, *rest) in step.files or ()]
        request = under_way.build(http_client, timed or None, under_way.trace)
        with closing(http_client.send(request, **_sending(step))) as answer:
            under_way.check(answer)
            is_read = answer.is_stream_consumed
            parts: list[bytes] = []
            for part in () if is_read else answer.iter_raw():
                under_way.take(parts, part)
        return _received(step, answer, None if is_read else b''.join(parts))
    except (*FAILURES, OutOfTimeError) as error:
        unless_from_signal_handler(error)
        failure = under_way.failure(error)
    raise failure  # not in the `except` block: the context would keep httpx's frames alive


async def send_through_httpx_async(step: Send, http_client: httpx.AsyncClient, echoes: Echoes) -> Answer:
    """Send a step and read its answer to the end.

    Raises:
        Undelivered: There is no answer.
    """
    _require_open(http_client)
    under_way = _HttpxCall(step, echoes)
    try:
        request = under_way.build(http_client, step.files, under_way.trace_awaited)
        if step.content and len(step.content) > HTTPX_WRITE_SIZE:
            request.stream = _Pieces(step.content)
        with anyio.move_on_after(time_left(step.deadline)):
            answer = await http_client.send(request, **_sending(step))
            async with aclosing(answer):
                under_way.check(answer)
                is_read = answer.is_stream_consumed
                parts: list[bytes] = []
                if not is_read:
                    async for part in answer.aiter_raw():
                        under_way.take(parts, part)
            return _received(step, answer, None if is_read else b''.join(parts))
        failure = timeout_failure(OutOfTimeError(), sent=under_way.sent)
    except (*FAILURES, OutOfTimeError) as error:
        failure = under_way.failure(error)
    except RuntimeError as error:
        if PYTHON_ENDS not in str(error):
            raise
        failure = request_failure(error)
    raise failure


def _require_open(http_client: httpx.Client | httpx.AsyncClient) -> None:
    if http_client.is_closed:
        raise SparkConfigError('the http_client is closed; make another one')


class _Pieces(httpx.AsyncByteStream):
    """A body in pieces. httpx's write timeout applies to each piece, so a large body must not be a single one."""

    def __init__(self, content: bytes) -> None:
        self._content = memoryview(content)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), HTTPX_WRITE_SIZE):
            yield bytes(self._content[start : start + HTTPX_WRITE_SIZE])


class _Timed:
    """A file whose reads fail after the deadline of the call; httpx only limits the time of each piece."""

    def __init__(self, file: Any, step: Send) -> None:
        self._file = file
        self._step = step

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, size: int = -1) -> bytes:
        time_left(self._step.deadline)
        content: bytes = self._file.read(size)
        return content


def _sending(step: Send) -> dict[str, Any]:
    """Return the arguments of httpx's `send`: redirects are not followed, and an `httpx.Auth` is applied."""
    auth = {'auth': step.auth} if step.auth is not None else {}
    return {'stream': True, 'follow_redirects': False, **auth}


def _hide_what_auth_gave(step: Send, request: httpx.Request) -> None:
    """Treat the `Authorization` header that an `httpx.Auth` added as a credential, so that it is masked."""
    step.credentials = {name: Secret(value) for name, value in request.headers.items() if name == 'authorization'}


def _received(step: Send, answer: httpx.Response, raw: bytes | None) -> Answer:
    headers = answer.headers.multi_items()
    # If a hook or a transport of the caller has read the body, httpx has decompressed it.
    content = answer.content if raw is None else unpack_body(step, raw, encodings_of(headers))
    sent = shown(answer.request.headers)
    if step.auth is not None:
        _hide_what_auth_gave(step, answer.request)
    return Answer(step.method, step.url, sent, step.content, answer.status_code, headers, content)
