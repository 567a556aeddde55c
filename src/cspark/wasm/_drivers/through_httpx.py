"""Sending through httpx: a step to a request, an answer to ours, httpx's errors to ours; for both worlds."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import aclosing, closing
from typing import Any, Final

import anyio
import httpx

from .._flows.flow import Send, Undelivered
from ..answer import Answer, shown
from ..errors import SparkConfigError
from .wire import OutOfTimeError, broken, late, time_left, undecodable, unpacked, unreachable, unsent

__all__ = ['exchange', 'exchange_async']

PIECE: Final = 1 << 16


def exchange(step: Send, http_client: httpx.Client) -> Answer:
    """Send a step and read its answer to the end.

    Raises:
        Undelivered: There is no answer.
    """
    _require_open(http_client)
    try:
        timed = [(name, (first, _Timed(file, step), *rest)) for name, (first, file, *rest) in step.files or ()]
        request = _build(step, http_client, timed or None)
        with closing(http_client.send(request, **_sending(step))) as answer:
            is_read = answer.is_stream_consumed
            parts: list[bytes] = []
            for part in () if is_read else answer.iter_raw():
                parts.append(part)
                time_left(step.deadline)
        return _received(step, answer, None if is_read else b''.join(parts))
    except (httpx.RequestError, httpx.InvalidURL, ssl.SSLError) as error:
        failure = _undelivered(error)
    except OutOfTimeError as error:
        failure = late(error, sent=True)
    raise failure  # here, and not above: what is raised there keeps httpx's frames alive


async def exchange_async(step: Send, http_client: httpx.AsyncClient) -> Answer:
    """Send a step and read its answer to the end.

    Raises:
        Undelivered: There is no answer.
    """
    _require_open(http_client)
    try:
        request = _build(step, http_client, step.files)
        if step.content and len(step.content) > PIECE:
            request.stream = _Pieces(step.content)
        with anyio.move_on_after(time_left(step.deadline)):
            answer = await http_client.send(request, **_sending(step))
            async with aclosing(answer):
                is_read = answer.is_stream_consumed
                parts = [] if is_read else [part async for part in answer.aiter_raw()]
            return _received(step, answer, None if is_read else b''.join(parts))
        failure = late(OutOfTimeError(), sent=True)
    except (httpx.RequestError, httpx.InvalidURL, ssl.SSLError) as error:
        failure = _undelivered(error)
    except OutOfTimeError as error:
        failure = late(error, sent=False)
    raise failure


def _require_open(http_client: httpx.Client | httpx.AsyncClient) -> None:
    if http_client.is_closed:
        raise SparkConfigError('the http_client is closed; make another one')


class _Pieces(httpx.AsyncByteStream):
    """A body in pieces: httpx limits the time of each, and one piece would be all of it."""

    def __init__(self, content: bytes) -> None:
        self._content = memoryview(content)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), PIECE):
            yield bytes(self._content[start : start + PIECE])


class _Timed:
    """A file that is read only until the time of the whole call is over; httpx knows a limit for each piece alone."""

    def __init__(self, file: Any, step: Send) -> None:
        self._file = file
        self._step = step

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, size: int = -1) -> bytes:
        time_left(self._step.deadline)
        content: bytes = self._file.read(size)
        return content


def _build(step: Send, http_client: httpx.Client | httpx.AsyncClient, files: Any) -> httpx.Request:
    """A new request for each attempt: a body that was read, such as a file, starts at its beginning again."""
    left = time_left(step.deadline)
    phases = {name: min(seconds, left) for name, seconds in (step.phases or {}).items()}
    return http_client.build_request(
        step.method,
        step.url,
        headers={**step.headers, **step.credentials},
        content=step.content,
        files=files,
        timeout=httpx.Timeout(left, **phases),
    )


def _sending(step: Send) -> dict[str, Any]:
    """How a request is sent: redirects are the caller's affair, credentials may be an `httpx.Auth`'s."""
    auth = {'auth': step.auth} if step.auth is not None else {}
    return {'stream': True, 'follow_redirects': False, **auth}


def _received(step: Send, answer: httpx.Response, raw: bytes | None) -> Answer:
    # What a hook or a transport of the caller's has read, httpx has unpacked.
    content = answer.content if raw is None else unpacked(raw, answer.headers.get('content-encoding', ''))
    headers = answer.headers.multi_items()
    sent = shown(answer.request.headers)
    if step.auth is not None:  # what it gave is not to be shown either
        step.credentials = {name: value for name, value in answer.request.headers.items() if name == 'authorization'}
    return Answer(step.method, step.url, sent, step.content, answer.status_code, headers, content)


def _undelivered(error: httpx.RequestError | httpx.InvalidURL | ssl.SSLError) -> Undelivered:
    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return late(error, sent=False)
        case httpx.TimeoutException():
            return late(error, sent=True)
        case httpx.DecodingError():
            return undecodable(error)
        case httpx.ConnectError() | httpx.ProxyError():
            return unreachable(error)
        case httpx.NetworkError() | httpx.RemoteProtocolError() | ssl.SSLError():  # anyio's TLS raises the last one
            return broken(error)
        case _:
            return unsent(error)
