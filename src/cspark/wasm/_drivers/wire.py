"""What both drivers share: a step to a request, raw bytes to an answer, httpx's errors to ours."""

from __future__ import annotations

import time

import httpx

from .._flows.flow import Send, Undelivered
from ..errors import SparkConnectionError, SparkDecodeError, SparkSdkError, SparkTimeoutError

__all__ = ['build', 'received', 'time_left', 'undelivered']


def build(step: Send, http_client: httpx.Client | httpx.AsyncClient) -> httpx.Request:
    """A new request for each attempt: a body that was read, such as a file, starts at its beginning again."""
    return http_client.build_request(
        step.method,
        step.url,
        headers=dict(step.headers),
        content=step.content,
        files=step.files,
        timeout=time_left(step),
    )


def received(answer: httpx.Response, raw: bytes) -> httpx.Response:
    """An answer with its whole body, unpacked once."""
    return httpx.Response(
        answer.status_code, headers=answer.headers, content=raw, request=answer.request, extensions=answer.extensions
    )


def time_left(step: Send) -> float:
    """The seconds until the deadline.

    Raises:
        httpx.ReadTimeout: There are none.
    """
    seconds = step.deadline - time.monotonic()
    if seconds <= 0:
        raise httpx.ReadTimeout('the time is over')
    return seconds


def undelivered(error: httpx.HTTPError) -> Undelivered:
    """The one seam between httpx's errors and ours."""
    words = str(error) or type(error).__name__
    match error:
        case httpx.TimeoutException():
            return Undelivered(
                SparkTimeoutError(words), sent=not isinstance(error, (httpx.ConnectTimeout, httpx.PoolTimeout))
            )
        case httpx.DecodingError():
            return Undelivered(SparkDecodeError(f'the answer cannot be unpacked: {words}'), sent=True)
        case httpx.ConnectError() | httpx.ProxyError():
            return Undelivered(SparkConnectionError(f'the runner cannot be reached: {words}'), sent=False)
        case httpx.NetworkError() | httpx.RemoteProtocolError():
            return Undelivered(SparkConnectionError(f'the connection broke: {words}'), sent=True)
        case _:
            return Undelivered(SparkSdkError(f'the request cannot be sent: {words}'), sent=True)
