"""The exceptions of this package, and the function that turns an error answer into one.

`SparkError` is the base class. `SparkSdkError` means that there was no usable answer: an argument was wrong, the
connection failed, the call timed out. `SparkApiError` means that the runner answered with an error; it has a subclass
for each of the common statuses.

Errors are plain data: they can be pickled, hold no credentials, and their text is short even if the body is large.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Self, cast

from ._codec.json import whole_characters

__all__ = [
    'ApiErrorCause',
    'BadRequestError',
    'ConflictError',
    'ErrorRequest',
    'ErrorResponse',
    'ForbiddenError',
    'GatewayTimeoutError',
    'InternalServerError',
    'NotFoundError',
    'RateLimitError',
    'RetryTimeoutError',
    'ServiceUnavailableError',
    'SparkApiError',
    'SparkConfigError',
    'SparkConnectionError',
    'SparkDecodeError',
    'SparkError',
    'SparkExecutionError',
    'SparkInputError',
    'SparkSdkError',
    'SparkTimeoutError',
    'UnauthorizedError',
    'UnknownApiError',
    'UnprocessableEntityError',
    'UnsupportedMediaTypeError',
]

LONGEST_EXCERPT: Final = 500
"""How much of a body an error shows, in characters."""


def shorten(text: str, limit: int = LONGEST_EXCERPT) -> str:
    """Truncate a text, and say how much is missing.

    >>> shorten('abcdef', 3)
    'abc... (3 more characters)'
    """
    if len(text) <= limit:
        return text
    return f'{text[:limit]}... ({len(text) - limit} more characters)'


@dataclass(frozen=True)
class ErrorRequest:
    """The request that was sent, without credentials and without the body, which may contain personal data."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=lambda: dict[str, str]())


@dataclass(frozen=True)
class ErrorResponse:
    """The answer: its body as truncated text, and decoded if it is JSON of reasonable size."""

    status: int
    headers: Mapping[str, str]
    body: str
    data: Any = None


@dataclass(frozen=True)
class ApiErrorCause:
    """The request and the response behind an error, with the number of attempts and the elapsed time in seconds."""

    request: ErrorRequest
    response: ErrorResponse | None = None
    attempts: int = 1
    elapsed: float = 0.0


class SparkError(Exception):
    """The base class of all errors that this package raises.

    Attributes:
        message: What went wrong, in a sentence or two.
        cause: The cause of the error: an `ApiErrorCause`, another exception, or None.
    """

    def __init__(self, message: str, cause: object = None) -> None:
        super().__init__(message)  # only one argument: a subclass of OSError takes the first of two as its errno
        self.args = (message, cause)
        self.message = message
        self.cause = cause

    @property
    def name(self) -> str:
        """The name of the class."""
        return type(self).__name__

    @property
    def details(self) -> str:
        """The cause as text; empty if there is none."""
        if isinstance(self.cause, ApiErrorCause):
            request, response = self.cause.request, self.cause.response
            text = f'{request.method} {request.url}'
            if response:
                return f'{text} answered {response.status}: {response.body}'
            return text
        return '' if self.cause is None else shorten(str(self.cause))

    @property
    def request_id(self) -> str:
        """The `x-request-id` of the call, for finding it in the runner's log; empty if nothing was sent."""
        if not isinstance(self.cause, ApiErrorCause):
            return ''
        return self.cause.request.headers.get('x-request-id', '')

    @property
    def attempts(self) -> int:
        """How many times the call was sent."""
        if isinstance(self.cause, ApiErrorCause):
            return self.cause.attempts
        return 0

    @property
    def elapsed(self) -> float:
        """How long the call took, pauses included, in seconds."""
        if isinstance(self.cause, ApiErrorCause):
            return self.cause.elapsed
        return 0.0

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f'{self.name}({self.message!r})'

    def _repr_html_(self) -> str:
        from ._display import table_of_error  # in a notebook alone

        return table_of_error(self).html()

    def to_dict(self) -> dict[str, Any]:
        """Return the error as a dictionary of JSON values, for logs.

        >>> SparkError('no tenant').to_dict()['message']
        'no tenant'
        """
        return {
            'name': self.name,
            'message': self.message,
            'cause': self.details,
            'attempts': self.attempts,
            'elapsed': self.elapsed,
            'request_id': self.request_id,
        }

    def with_message(self, message: str, cause: object = None) -> Self:
        """A copy of the error with another message and, where it is given, another cause."""
        # Not `copy.copy`: programs that send errors to other processes change how errors are pickled, and so copied.
        kind = type(self)
        changed = kind.__new__(kind)
        vars(changed).update(vars(self))
        changed.message = message
        changed.cause = self.cause if cause is None else cause
        changed.args = (message, changed.cause, *self.args[2:])
        return changed


class SparkSdkError(SparkError):
    """A call failed without a usable answer: an argument was wrong, or the runner could not be reached."""

    def __init__(self, message: str, cause: object = None) -> None:
        super().__init__(message, cause)
        self.timestamp = datetime.now(UTC).isoformat()

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), 'timestamp': self.timestamp}


class SparkInputError(SparkSdkError, ValueError):
    """A value of the inputs cannot be sent.

    Attributes:
        problem: What is wrong with the value, and what to do.
        path: Where the value is: names and places from the inputs down to it.

    >>> SparkInputError('a duration has no form in JSON', path=(3, 'term')).message
    'inputs[3].term: a duration has no form in JSON'
    """

    def __init__(self, problem: str, cause: object = None, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(f'{spell_path(path)}: {problem}' if path else problem, cause)
        self.args = (problem, cause, path)
        self.problem = problem
        self.path = path

    def with_message(self, message: str, cause: object = None) -> Self:
        changed = super().with_message(message, cause)
        changed.args = self.args
        return changed

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), 'path': list(self.path), 'problem': self.problem}


def spell_path(path: tuple[str | int, ...], start: str = 'inputs') -> str:
    """The place of a value as Python spells it.

    >>> spell_path((0, 'riders', 2, 'sum assured'))
    "inputs[0].riders[2]['sum assured']"
    """
    return start + ''.join(f'.{one}' if isinstance(one, str) and one.isidentifier() else f'[{one!r}]' for one in path)


class RetryTimeoutError(SparkSdkError):
    """A call still failed after its last attempt."""

    def __init__(self, message: str, cause: object = None, *, retries: int = 0, interval: float = 0.0) -> None:
        super().__init__(message, cause)
        self.retries = retries
        self.interval = interval

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), 'retries': self.retries, 'interval': self.interval}


class SparkConfigError(SparkSdkError, ValueError):
    """The configuration of a client is not valid: its address, tenant, credentials or limits."""


class SparkConnectionError(SparkSdkError, ConnectionError):
    """The runner could not be reached, or the connection broke.

    Attributes:
        sent: Whether the runner may have received the last attempt.
    """

    sent: bool = True


class SparkTimeoutError(SparkSdkError, TimeoutError):
    """The call took longer than its `timeout`.

    Attributes:
        sent: Whether the runner may have received the last attempt.
    """

    sent: bool = True


class SparkDecodeError(SparkSdkError, ValueError):
    """The answer cannot be read: it is not JSON, it is truncated, or it does not come from a runner."""


class SparkExecutionError(SparkError):
    """A model reported errors for records. Only `raise_for_errors()` raises it; otherwise a model's errors are data.

    Attributes:
        records: The errors, by the index of the record in the inputs.
    """

    def __init__(self, message: str, cause: object = None, records: Mapping[int, Any] | None = None) -> None:
        super().__init__(message, cause)
        self.args = (message, cause, records)
        self.records = dict(records or {})

    @classmethod
    def of(cls, records: Mapping[int, Any], total: int, call_id: str | None) -> SparkExecutionError:
        """Build the error for the failed records of an answer."""
        index, errors = next(iter(records.items()))
        first: Any = errors[0] if isinstance(errors, list) else errors  # pyright: ignore[reportUnknownVariableType]
        words = runner_message(first) or shorten(str(first), 100)  # pyright: ignore[reportUnknownArgumentType]
        message = f'{len(records)} of {total} records have errors; the first is record {index}: {words}'
        return cls(f'{message} (call {call_id})' if call_id else message, None, records)

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), 'records': {str(index): errors for index, errors in self.records.items()}}


class SparkApiError(SparkError):
    """The runner answered that the call failed.

    Attributes:
        status: The HTTP status. It is 200 if the runner reported the failure with that status.
        cause: The request and the response (`ApiErrorCause`).
    """

    status: int = 0

    def __init__(self, message: str, cause: object = None, status: int | None = None) -> None:
        super().__init__(message, cause)
        self.status = type(self).status if status is None else status
        self.args = (message, cause, self.status)

    @property
    def data(self) -> Any:
        """The decoded body of the answer; None if it is not JSON."""
        response = self.cause.response if isinstance(self.cause, ApiErrorCause) else None
        return response.data if response else None

    def to_dict(self) -> dict[str, Any]:
        sent = {'request_id': self.request_id, 'attempts': self.attempts, 'elapsed': round(self.elapsed, 3)}
        return {**super().to_dict(), 'status': self.status, **sent}


class BadRequestError(SparkApiError):
    """400: the request is not valid for the operation."""

    status = 400


class UnauthorizedError(SparkApiError):
    """401: the credentials are missing or were refused."""

    status = 401


class ForbiddenError(SparkApiError):
    """403: the call is not allowed, such as an upload to a runner that was started without uploads."""

    status = 403


class NotFoundError(SparkApiError):
    """404: the tenant, folder, service or version does not exist."""

    status = 404


class ConflictError(SparkApiError):
    """409: the call conflicts with the state of the runner."""

    status = 409


class UnsupportedMediaTypeError(SparkApiError):
    """415: the runner does not accept the media type or the content encoding."""

    status = 415


class UnprocessableEntityError(SparkApiError):
    """422: the request is well formed but its content was refused, such as a broken package."""

    status = 422


class RateLimitError(SparkApiError):
    """429: too many requests."""

    status = 429


class InternalServerError(SparkApiError):
    """500: the runner, or the service that it executed, failed."""

    status = 500


class ServiceUnavailableError(SparkApiError):
    """503: the runner cannot take the call now."""

    status = 503


class GatewayTimeoutError(SparkApiError):
    """504: the service took longer than the runner allows."""

    status = 504


class UnknownApiError(SparkApiError):
    """Any other status; `status` holds it."""


STATUSES: Final[Mapping[int, type[SparkApiError]]] = {
    kind.status: kind
    for kind in (
        BadRequestError,
        UnauthorizedError,
        ForbiddenError,
        NotFoundError,
        ConflictError,
        UnsupportedMediaTypeError,
        UnprocessableEntityError,
        RateLimitError,
        InternalServerError,
        ServiceUnavailableError,
        GatewayTimeoutError,
    )
}

_HINTS: Final[Mapping[int, str]] = {
    301: 'redirects are not followed; use the address that it points to',
    302: 'redirects are not followed; use the address that it points to',
    307: 'redirects are not followed; use the address that it points to',
    308: 'redirects are not followed; use the address that it points to',
    413: 'the body is too large for the runner; send fewer records a call, compress it, or raise its BODY_LIMIT',
}


def runner_message(data: object) -> str:
    """Extract the runner's message from an error answer; return an empty string if there is none.

    >>> runner_message({'status': 'Error', 'error': {'message': 'no such service'}})
    'no such service'
    """
    return _message(data, 5)  # at most five levels: the nesting of an answer is not to be trusted


def _message(data: Any, levels: int) -> str:
    for key in ('error', 'message', 'detail') if isinstance(data, Mapping) and levels else ():
        found: Any = cast('Mapping[str, Any]', data).get(key)
        if isinstance(found, str) and found.strip():
            return shorten(found)
        if words := _message(found, levels - 1):
            return words
    return ''


def error_response(status: int, headers: Mapping[str, str], content: bytes) -> ErrorResponse:
    """Build the part of an answer that an error keeps. The body is decoded if it is JSON of reasonable size."""
    data = None
    if len(content) <= 1_000_000:
        try:
            data = json.loads(whole_characters(content))
        except (ValueError, RecursionError):
            data = None
    body = content[: LONGEST_EXCERPT * 4].decode('utf-8', 'replace')  # a character has up to four bytes in UTF-8
    if len(body) > LONGEST_EXCERPT or len(content) > LONGEST_EXCERPT * 4:
        body = f'{body[:LONGEST_EXCERPT]}... (of {len(content)} bytes)'
    return ErrorResponse(status, dict(headers), body, data)


def api_error(cause: ApiErrorCause) -> SparkApiError:
    """Build the exception for an error answer. This is the only place that maps statuses to classes."""
    request, response = cause.request, cause.response
    if response is None:
        return UnknownApiError(f'no answer from {request.method} {request.url}', cause)
    status = response.status
    words = runner_message(response.data) or _HINTS.get(status, '')
    if not words and response.body and 'json' not in response.headers.get('content-type', ''):
        words = shorten(' '.join(response.body.split()), 100)
    message = f'{status} from {request.method} {request.url}'
    if words:
        message += f': {words}'
    return STATUSES.get(status, UnknownApiError)(message, cause, status)
