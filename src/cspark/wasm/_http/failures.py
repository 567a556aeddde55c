"""What a failure of any way to send means to the caller.

`Undelivered.sent` is false where not a byte of the request can have reached the runner: there was no connection, or the
request is refused here. A call that may have arrived is not repeated as one that did not, but for one case: a kept
connection that breaks before a byte of an answer was most likely closed by the runner just before. It is replaced once.
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
"""What an operation on a connection raises that the other end has closed."""


def timeout_failure(error: Exception, *, sent: bool) -> Undelivered:
    """A wait took too long."""
    return _undelivered(SparkTimeoutError(_words(error)), error, sent=sent)


def unreachable_failure(error: Exception) -> Undelivered:
    """There was no connection; nothing was sent."""
    return _undelivered(SparkConnectionError(f'the runner cannot be reached: {_words(error)}'), error, sent=False)


def connection_failure(error: Exception) -> Undelivered:
    """The connection ended too early, or what came on it is no answer to the request."""
    return _undelivered(SparkConnectionError(f'the connection broke: {_words(error)}'), error, sent=True)


def decode_failure(error: Exception) -> Undelivered:
    """The answer came, and cannot be unpacked."""
    return _undelivered(SparkDecodeError(f'the answer cannot be unpacked: {_words(error)}'), error, sent=True)


def request_failure(error: Exception) -> Undelivered:
    """The request cannot be sent as it is."""
    return _undelivered(SparkSdkError(f'the request cannot be sent: {_words(error)}'), error, sent=False)


def failure_of(error: Exception, *, has_sent: bool, may_be_stale: bool) -> Undelivered | None:
    """What an error of one of our own connections means.

    Args:
        error: What went wrong.
        has_sent: Whether some of the request may have arrived.
        may_be_stale: Whether the connection was used before, and not a byte of the answer has come.

    Returns:
        None where a kept connection broke, which says nothing about the runner.
    """
    if isinstance(error, TimeoutError) and error.errno is None:  # the system's own has a number, and is a lost link
        return timeout_failure(error, sent=has_sent)
    if not isinstance(error, OSError):
        return request_failure(error)
    if may_be_stale and isinstance(error, BROKEN) and not isinstance(error, StrayAnswerError):
        return None
    return connection_failure(error) if has_sent else unreachable_failure(error)


def masked(error: Exception, step: Send) -> Exception:
    """An error without credentials in its words, which may be the server's."""
    said = str(error)
    hidden = mask(said, secrets_in(step.credentials, step.headers))
    if hidden == said:
        return error
    return (ConnectionError if isinstance(error, OSError) else ValueError)(hidden)


def is_lost_link(error: Exception) -> bool:
    """Whether the system gave a connection up, which it calls a timeout too."""
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
    """The code of a handler that is written in Python."""
    function = getattr(handler, '__func__', handler)
    if callable(handler) and not isinstance(function, types.FunctionType):
        function = type(handler).__call__
    return getattr(function, '__code__', None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and those that it was raised from."""
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
    """What is raised has a copy of the library's error as its cause: the original one drags along the frames of the
    library, where credentials stand among the local variables."""
    kind = type(error)
    try:
        found.__cause__ = kind(*error.args) if isinstance(error, OSError) else kind(_words(error))
    except TypeError:
        found.__cause__ = OSError(_words(error))
    return Undelivered(found, sent=sent)
