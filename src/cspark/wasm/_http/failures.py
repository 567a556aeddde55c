"""Convert the failures of all transports to `Undelivered`.

`Undelivered.sent` is false if no byte of the request can have reached the runner: there was no connection, or the
request could not be written. A request that may have arrived is only repeated if that is safe, with one exception: if a
kept connection breaks before the first byte of the answer, the runner most likely closed it just before. It is replaced
once.
"""

from __future__ import annotations

import errno
import signal
import ssl
import types
from collections.abc import Iterator
from typing import Any, Final

from .._calls.steps import Send, Undelivered
from .._masking import mask, secrets_in
from ..errors import SparkConnectionError, SparkDecodeError, SparkSdkError, SparkTimeoutError, shorten
from .echoes import StrayAnswerError

__all__ = [
    'BROKEN',
    'connection_failure',
    'decode_failure',
    'failure_of',
    'is_lost_link',
    'masked',
    'request_failure',
    'timeout_failure',
    'unless_from_signal_handler',
    'unreachable_failure',
]

BROKEN: Final = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""The exceptions that operations raise on a connection that the server has closed."""


def timeout_failure(error: Exception, *, sent: bool) -> Undelivered:
    """Build the failure for a wait that took too long."""
    return _undelivered(SparkTimeoutError(_words(error)), error, sent=sent)


def unreachable_failure(error: Exception) -> Undelivered:
    """Build the failure for a connection that could not be made; nothing was sent."""
    return _undelivered(SparkConnectionError(f'the runner cannot be reached: {_words(error)}'), error, sent=False)


def connection_failure(error: Exception) -> Undelivered:
    """Build the failure for a connection that broke, or that carried something other than the answer."""
    return _undelivered(SparkConnectionError(f'the connection broke: {_words(error)}'), error, sent=True)


def decode_failure(error: Exception) -> Undelivered:
    """Build the failure for an answer that cannot be decompressed."""
    return _undelivered(SparkDecodeError(f'the answer cannot be decompressed: {_words(error)}'), error, sent=True)


def request_failure(error: Exception) -> Undelivered:
    """Build the failure for a request that cannot be written, such as one with an invalid header."""
    return _undelivered(SparkSdkError(f'the request cannot be sent: {_words(error)}'), error, sent=False)


def failure_of(error: Exception, *, has_sent: bool, may_be_stale: bool) -> Undelivered | None:
    """Convert an error of one of our own connections.

    Args:
        error: The error.
        has_sent: Whether a part of the request may have reached the runner.
        may_be_stale: Whether the connection was used before, and no byte of the answer has been received.

    Returns:
        The failure; None if a kept connection was stale, so that the request should be sent on a new one.
    """
    if isinstance(error, TimeoutError) and error.errno is None:  # the system's ETIMEDOUT is a lost link
        return timeout_failure(error, sent=has_sent)
    if not isinstance(error, OSError):
        return request_failure(error)
    if may_be_stale and isinstance(error, BROKEN) and not isinstance(error, StrayAnswerError):
        return None
    if has_sent:
        return connection_failure(error)
    return unreachable_failure(error)


def masked(error: Exception, step: Send) -> Exception:
    """Return an error without credentials in its text, which may quote the server."""
    said = str(error)
    hidden = mask(said, secrets_in(step.credentials, step.headers))
    if hidden == said:
        return error
    return (ConnectionError if isinstance(error, OSError) else ValueError)(hidden)


def is_lost_link(error: Exception) -> bool:
    """Whether the system gave up the connection; it reports that as a timeout too (ETIMEDOUT)."""
    return any(isinstance(one, TimeoutError) and one.errno == errno.ETIMEDOUT for one in _chain(error))


def unless_from_signal_handler(error: BaseException) -> None:
    """Raise what a handler of a signal raised: it is the program's own, and says nothing about the runner.

    It comes out of whatever was running, and may be of the same kinds as the failures of sockets; the handler's code
    stands in its traceback.
    """
    handlers = {_code(signal.getsignal(number)) for number in signal.valid_signals()} - {None}
    for one in _chain(error) if handlers else ():
        trace = one.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code in handlers:
                raise one
            trace = trace.tb_next


def _code(handler: Any) -> types.CodeType | None:
    """Return the code object of a handler that is written in Python."""
    function = getattr(handler, '__func__', handler)
    if callable(handler) and not isinstance(function, types.FunctionType):
        function = type(handler).__call__
    return getattr(function, '__code__', None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all errors in its chain of causes and contexts."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += filter(None, (one.__cause__, one.__context__))


def _words(error: Exception) -> str:
    return shorten(' '.join(str(error).split()), 200) or type(error).__name__


def _undelivered(found: SparkSdkError, error: Exception, *, sent: bool) -> Undelivered:
    """Build an `Undelivered` with a copy of the library's error as the cause.

    The original error would keep the frames of the library alive, with credentials among their local variables.
    """
    kind = type(error)
    try:
        found.__cause__ = kind(*error.args) if isinstance(error, OSError) else kind(_words(error))
    except TypeError:
        found.__cause__ = OSError(_words(error))
    return Undelivered(found, sent=sent)
