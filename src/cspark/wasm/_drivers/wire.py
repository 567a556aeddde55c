"""What both drivers share: a step to a request, raw bytes to an answer, httpx's errors to ours."""

from __future__ import annotations

import time
from typing import Any, Final

import httpx

from .._compression import ENCODINGS, unpack
from .._flows.flow import Send, Undelivered
from ..errors import SparkConnectionError, SparkDecodeError, SparkSdkError, SparkTimeoutError

LARGEST_ANSWER: Final = 1 << 30
"""What an answer may unpack to, in bytes."""

__all__ = ['build', 'received', 'sending', 'time_left', 'undelivered']


def build(step: Send, http_client: httpx.Client | httpx.AsyncClient) -> httpx.Request:
    """A new request for each attempt: a body that was read, such as a file, starts at its beginning again."""
    return http_client.build_request(
        step.method,
        step.url,
        headers=dict(step.headers),
        content=step.content,
        files=step.files,
        timeout=_timeout(step),
    )


def sending(step: Send) -> dict[str, Any]:
    """How a request is sent: redirects are the caller's affair, credentials may be an `httpx.Auth`'s."""
    auth = {'auth': step.auth} if step.auth is not None else {}
    return {'stream': True, 'follow_redirects': False, **auth}


def _timeout(step: Send) -> httpx.Timeout:
    left = time_left(step)
    phases = step.phases or {}
    return httpx.Timeout(left, **{name: min(limit, left) for name, limit in phases.items()})


def received(answer: httpx.Response, raw: bytes) -> httpx.Response:
    """An answer with its whole body, unpacked once and within limits.

    Raises:
        httpx.DecodingError: It is not what its `Content-Encoding` says, or too large.
    """
    encoding = answer.headers.get('content-encoding', '').strip().lower()
    headers = answer.headers.copy()
    if encoding in ENCODINGS:
        try:
            raw = unpack(raw, encoding, LARGEST_ANSWER)
        except ValueError as error:
            raise httpx.DecodingError(str(error)) from None
        del headers['content-encoding']
    whole = httpx.Response(
        answer.status_code, headers=headers, content=raw, request=answer.request, extensions=answer.extensions
    )
    whole.headers = answer.headers
    return whole


def time_left(step: Send) -> float:
    """The seconds until the deadline.

    Raises:
        httpx.ReadTimeout: There are none.
    """
    seconds = step.deadline - time.monotonic()
    if seconds <= 0:
        raise httpx.ReadTimeout('the time is over')
    return seconds


def undelivered(error: httpx.HTTPError | httpx.InvalidURL) -> Undelivered:
    """The one seam between httpx's errors and ours.

    What is raised has a copy of httpx's error as its cause: the original one drags along the frames of httpx, where
    credentials stand among the local variables.
    """
    words = str(error) or type(error).__name__
    found: SparkSdkError
    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            found, sent = SparkTimeoutError(words), False
        case httpx.TimeoutException():
            found, sent = SparkTimeoutError(words), True
        case httpx.DecodingError():
            found, sent = SparkDecodeError(f'the answer cannot be unpacked: {words}'), True
        case httpx.ConnectError() | httpx.ProxyError():
            found, sent = SparkConnectionError(f'the runner cannot be reached: {words}'), False
        case httpx.NetworkError() | httpx.RemoteProtocolError():
            found, sent = SparkConnectionError(f'the connection broke: {words}'), True
        case _:
            found, sent = SparkSdkError(f'the request cannot be sent: {words}'), False
    found.__cause__ = type(error)(words)
    return Undelivered(found, sent=sent)
