"""What all ways to send share: where a URL leads, how long a wait may be, unpacking, and what a failure becomes."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Final, Literal, TypeAlias, TypeVar

import httpx

from .._compression import ENCODINGS, unpack
from .._flows.flow import Send, Undelivered
from ..errors import SparkConfigError, SparkConnectionError, SparkDecodeError, SparkSdkError, SparkTimeoutError, shorten

__all__ = [
    'DEFAULT_HEADERS',
    'LARGEST_ANSWER',
    'LONGEST_IDLE',
    'OWN_CLIENT',
    'OutOfTimeError',
    'Phase',
    'Target',
    'Verify',
    'broken',
    'check_http_client',
    'late',
    'limit',
    'own_http_client',
    'target',
    'time_left',
    'tls_context',
    'trusted',
    'undecodable',
    'unpacked',
    'unreachable',
    'unsent',
]

LARGEST_ANSWER: Final = 1 << 30
"""What an answer may unpack to, in bytes."""

LONGEST_IDLE: Final = 5.0
"""How long a connection is kept that nobody uses, in seconds: as long as httpx keeps one, and Node.js at its end."""

DEFAULT_HEADERS: Final = {'Accept': '*/*', 'Accept-Encoding': ', '.join(ENCODINGS), 'Connection': 'keep-alive'}

OWN_CLIENT: Final = 'the function given as token uses the client that waits for its token; give it a client of its own'

Verify: TypeAlias = bool | str | ssl.SSLContext
HttpClient = TypeVar('HttpClient', httpx.Client, httpx.AsyncClient)
Phase: TypeAlias = Literal['connect', 'write', 'read', 'pool']


class OutOfTimeError(TimeoutError):
    """The time of the whole call is over."""

    def __init__(self, *words: object) -> None:
        super().__init__(*(words or ('the time is over',)))


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads."""

    scheme: str
    host: str
    port: int
    path: str
    authority: str


@lru_cache(1024)
def target(url: str) -> Target:
    """The parts of an absolute URL, as httpx reads it.

    >>> target('http://localhost:3000/t/api/v4/execute').path
    '/t/api/v4/execute'
    """
    parsed = httpx.URL(url)
    port = parsed.port or (443 if parsed.scheme == 'https' else 80)
    return Target(parsed.scheme, parsed.raw_host.decode(), port, parsed.raw_path.decode(), parsed.netloc.decode())


def tls_context(verify: Verify) -> ssl.SSLContext:
    """What a client of a `https://` runner trusts. `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured.

    Raises:
        SparkConfigError: A file of certificates cannot be read.
    """
    if isinstance(verify, ssl.SSLContext):
        return verify
    if isinstance(verify, bool):
        try:
            return httpx.create_ssl_context(verify=verify)
        except OSError as error:
            raise SparkConfigError(f'SSL_CERT_FILE or SSL_CERT_DIR cannot be read: {error}') from None
    try:
        return ssl.create_default_context(cafile=Path(verify))  # an empty text is a folder then, and not the default
    except OSError as error:
        raise SparkConfigError(f'verify: {verify!r} cannot be read as a file of certificates: {error}') from None


def trusted(verify: Verify) -> Verify:
    """The same with a file of certificates read, so that one that cannot be read is refused at once.

    Raises:
        SparkConfigError: A file of certificates cannot be read.
    """
    return tls_context(verify) if isinstance(verify, str) else verify


def check_http_client(given: object, kind: type[httpx.Client | httpx.AsyncClient]) -> None:
    """Refuse what is not a caller's own client of this kind.

    Raises:
        SparkConfigError: It is something else, such as the client of the other world.
    """
    if given is not None and not isinstance(given, kind):
        raise SparkConfigError(f'http_client must be an httpx.{kind.__name__} here, not {type(given).__name__}')


def own_http_client(kind: type[HttpClient], verify: Verify) -> HttpClient:
    """An httpx client of our own: it keeps no cookies, and its limits come with each request.

    Raises:
        SparkConfigError: The environment names a proxy that is none. Its address is not shown: it may hold a password.
    """
    refusing = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    context = tls_context(verify)
    try:
        return kind(verify=context, timeout=None, cookies=refusing)
    except (httpx.InvalidURL, ValueError):
        problem = (
            'HTTP_PROXY, HTTPS_PROXY or ALL_PROXY is no address of a proxy, such as http://proxy:8080, '
            'or NO_PROXY no list of hosts, such as localhost,::1,.example.com'
        )
    except ImportError:
        problem = 'HTTP_PROXY, HTTPS_PROXY or ALL_PROXY is a SOCKS proxy, which needs `pip install httpx[socks]`'
    raise SparkConfigError(problem)  # here, and not above: httpx's frames hold the address


def time_left(deadline: float) -> float:
    """The seconds until the deadline.

    Raises:
        OutOfTimeError: There are none.
    """
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise OutOfTimeError
    return seconds


def limit(step: Send, phase: Phase) -> float:
    """How long a wait in this phase may be, in seconds.

    Raises:
        OutOfTimeError: The time of the whole call is over.
    """
    left = time_left(step.deadline)
    return min(step.phases.get(phase, left), left) if step.phases else left


def unpacked(content: bytes, encoding: str) -> bytes:
    """A body as it was before it was compressed, once and within limits.

    Raises:
        Undelivered: It is not what its `Content-Encoding` says, or too large.
    """
    encoding = encoding.strip().lower()
    if encoding not in ENCODINGS or not content:
        return content
    try:
        return unpack(content, 'gzip' if encoding == 'gzip' else 'deflate', LARGEST_ANSWER, raw_too=True)
    except ValueError as error:
        raise undecodable(error) from None


def undecodable(error: Exception) -> Undelivered:
    """The answer came, and cannot be unpacked."""
    return _undelivered(SparkDecodeError(f'the answer cannot be unpacked: {_words(error)}'), error, sent=True)


def late(error: Exception, *, sent: bool) -> Undelivered:
    """A wait took too long."""
    return _undelivered(SparkTimeoutError(_words(error)), error, sent=sent)


def unreachable(error: Exception) -> Undelivered:
    """There was no connection; nothing was sent."""
    return _undelivered(SparkConnectionError(f'the runner cannot be reached: {_words(error)}'), error, sent=False)


def broken(error: Exception) -> Undelivered:
    """The connection ended too early."""
    return _undelivered(SparkConnectionError(f'the connection broke: {_words(error)}'), error, sent=True)


def unsent(error: Exception) -> Undelivered:
    """The request is none that could be sent."""
    return _undelivered(SparkSdkError(f'the request cannot be sent: {_words(error)}'), error, sent=False)


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
