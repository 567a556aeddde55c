"""Read the options of a client, and check them: each function returns what a configuration holds."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Mapping
from types import MappingProxyType, NoneType
from typing import TYPE_CHECKING, Any, Final, Literal

from ._secret import HiddenHeaders
from .errors import SparkConfigError

if TYPE_CHECKING:
    import ssl

__all__ = [
    'DEFAULT_CONNECTION_AGE',
    'DEFAULT_TIMEOUT_IN_MS',
    'read_connection_age',
    'read_headers',
    'read_telemetry',
    'read_timeout',
    'read_transport',
    'read_verify',
]

DEFAULT_TIMEOUT_IN_MS: Final = 60_000
"""The limit of a whole call, retries included, in milliseconds."""

SHORTEST_TIMEOUT_IN_MS: Final = 10
"""The smallest timeout that is accepted, in milliseconds: a smaller number is most likely meant as seconds."""

SHORTEST_PHASE: Final = 0.001
"""The smallest timeout of a phase of an `httpx.Timeout`, in seconds."""

DEFAULT_CONNECTION_AGE: Final = 300.0
"""How long a connection is used, in seconds."""

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
RESERVED: Final = frozenset(
    {'authorization', 'x-synthetic-key', 'host'}
    | {'content-length', 'content-encoding', 'content-type', 'transfer-encoding'}
)
"""Headers that only the client may set: credentials, and those that describe the connection or the body."""


def read_verify(verify: Any) -> bool | str | ssl.SSLContext:
    """Read how to verify a certificate; None is by what the machine trusts.

    Raises:
        SparkConfigError: The value is not valid.
    """
    if verify is None:
        return True
    if isinstance(verify, (bool, str)) or ('ssl' in sys.modules and isinstance(verify, sys.modules['ssl'].SSLContext)):
        trusted: bool | str | ssl.SSLContext = verify
        return trusted
    raise SparkConfigError(
        f'verify must be True, False, the path of a file of certificates or an ssl.SSLContext, not {verify!r}'
    )


def read_transport(transport: Any) -> Literal['httpx'] | None:
    """Read what sends requests: `httpx`, or None for this client's own connections.

    Raises:
        SparkConfigError: The value is not valid.
    """
    if transport not in (None, 'httpx'):
        raise SparkConfigError(f"transport must be 'httpx' or not be given, not {transport!r:.100}")
    chosen: Literal['httpx'] | None = transport
    return chosen


def read_connection_age(seconds: Any) -> float:
    """Read how long a connection is used, in seconds.

    Raises:
        SparkConfigError: The value is not valid.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds > 0:
        raise SparkConfigError(f'max_connection_age must be a number of seconds above 0, not {seconds!r:.100}')
    return float(seconds)


def read_telemetry(telemetry: Any) -> bool:
    """Read whether calls have spans and metrics; None asks the environment.

    Raises:
        SparkConfigError: The value is not valid.
    """
    if telemetry is None:
        return os.environ.get('CSPARK_TELEMETRY', '').lower() not in ('0', 'false', 'no', 'off')
    if not isinstance(telemetry, bool):
        raise SparkConfigError(f'telemetry must be True or False, not {telemetry!r:.100}')
    return telemetry


def read_headers(headers: Mapping[str, str] | None) -> Mapping[str, str]:
    """Read headers, which become immutable; their `repr` hides the values.

    Raises:
        SparkConfigError: The value is not valid.
    """
    if problem := _problem_of_headers(headers):
        raise SparkConfigError(problem)
    return MappingProxyType(HiddenHeaders(headers or {}))


def _problem_of_headers(headers: Any) -> str:
    """Why these headers cannot be sent. No error is raised here, because its traceback would show the values."""
    if not isinstance(headers, (Mapping, NoneType)):
        return f'headers must be a mapping of names to text, not {type(headers).__name__}'
    given: Mapping[Any, Any] = headers or {}  # pyright: ignore[reportUnknownVariableType]
    for name, value in given.items():
        if not all(isinstance(part, str) for part in (name, value)):
            return f'headers must be text, not {type(value).__name__}: {name!r}'
        if not _HEADER_NAME.fullmatch(name):
            return f'{name!r} is not a valid header name'
        if name.lower() in RESERVED:
            return f'the header {name!r} is set by the client; give credentials as api_key=... or token=...'
        if not value.isascii() or not value.isprintable():
            return f'the header {name!r} contains a character that cannot be sent'
    return ''


def read_timeout(timeout: Any) -> tuple[float, Mapping[str, float] | None]:
    """Read a timeout: that of the whole call in milliseconds and, if there are any, those of the phases in seconds.

    Raises:
        SparkConfigError: The value is not valid.
    """
    if timeout is None:
        return DEFAULT_TIMEOUT_IN_MS, None
    if hasattr(timeout, 'as_dict'):
        phases: dict[str, float | None] = timeout.as_dict()
        given = {name: limit for name, limit in phases.items() if limit is not None}
        if len(given) < len(phases):
            missing = ', '.join(sorted(phases.keys() - given.keys()))
            raise SparkConfigError(f'timeout has no limit for {missing}; give one, so that no call waits for ever')
        if short := [f'{name}={limit!r}' for name, limit in given.items() if not limit >= SHORTEST_PHASE]:
            raise SparkConfigError(
                f'timeout has {", ".join(short)}, which is less than a millisecond: an httpx.Timeout holds seconds'
            )
        return max(DEFAULT_TIMEOUT_IN_MS, 1000 * sum(given.values())), given
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout < math.inf:
        raise SparkConfigError(
            f'timeout must be a number of milliseconds above 0, or an httpx.Timeout, not {timeout!r}'
        )
    if timeout < SHORTEST_TIMEOUT_IN_MS:
        raise SparkConfigError(
            f'timeout={timeout!r} is in milliseconds, too short for any answer; for {timeout:g} seconds, '
            f'give {1000 * timeout:g}'
        )
    return timeout, None
