"""Read an HTTP/1.1 answer from bytes. It does no I/O, so that both kinds of connections share it.

`httptools` (llhttp, the parser of Node.js) splits the answer and rejects malformed ones. This module adds what the
parser does not check: the transfer encodings, the limits, the end of a body without a length, and bytes after the
answer.
"""

from __future__ import annotations

from typing import Final

import httptools

from .limits import LARGEST_ANSWER

__all__ = ['LONGEST_HEAD', 'MOST_HEADERS', 'MOST_INFORMATIONAL', 'AnswerReader', 'MalformedAnswerError']

LONGEST_HEAD: Final = 1 << 18
"""The largest size of an answer's head in bytes, including trailers and the heads of informational answers."""

MOST_HEADERS: Final = 500
"""The largest number of headers of an answer, including trailers."""

MOST_INFORMATIONAL: Final = 100
"""The largest number of informational answers (100, 102, 103) before an answer."""

WITHOUT_BODY: Final = frozenset({204, 304})
TLS: Final = (0x15, 0x16)
"""The first byte of a TLS record: an alert or a handshake."""

VERSIONS: Final = frozenset({'1.1', '1.0'})
LENGTH_NAME: Final = len('content-length')
ENCODING_NAME: Final = len('transfer-encoding')


class MalformedAnswerError(ConnectionError):
    """The bytes received are not an answer, or not a complete one."""


class AnswerReader:
    """Reads the answer to one request.

    Args:
        method: The request's method; the answer to HEAD has no body.

    Attributes:
        has_started: Whether any byte of an answer has been received.
        has_rest: Whether something follows the answer, so that the connection cannot be used again.
        is_complete: Whether the answer is complete.
        status: The answer's status, once its head has been read.
        headers: The answer's headers, in the order received.
    """

    has_started = has_rest = is_complete = False
    status = 0
    _has_head = _ends_with_connection = _keeps_alive = False
    _head_size = _head_received = _informational = _size = 0
    _length = -1
    _start = b''
    _problem = ''

    def __init__(self, method: str) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._is_head_request = method == 'HEAD'
        self._parts: list[bytes] = []
        self._encodings: list[bytes] = []
        self.headers: list[tuple[str, str]] = []

    @property
    def content(self) -> bytes:
        """The body as received, still compressed."""
        if len(self._parts) == 1:
            return self._parts[0]
        return b''.join(self._parts)

    @property
    def may_go_on(self) -> bool:
        """Whether the connection can be used again: it stays open, and nothing follows the answer."""
        return self._keeps_alive and not self.has_rest

    def feed(self, data: bytes) -> None:
        """Read the next bytes.

        Raises:
            MalformedAnswerError: They are not part of an answer.
        """
        if self._is_whole():
            self.has_rest = True
            return
        self.has_started = True
        if len(self._start) < 7:
            self._check_start(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._problem = 'the runner switched to another protocol'
        except httptools.HttpParserError as error:
            self._note(error)
        if self._is_whole():
            self.has_rest = self.has_rest or self._parser_skipped(data)
            # The parser and this object hold each other; without this, only the garbage collector would free them.
            del self._parser
        if not self._has_head:
            self._head_received += len(data)
            self._check_head()
        if self._problem:
            raise MalformedAnswerError(self._problem)

    def receive(self, data: bytes) -> None:
        """Read what a socket returned: the next bytes, or none if the server has ended the connection.

        Raises:
            MalformedAnswerError: They are not part of an answer, or the answer is not complete.
        """
        if data:
            self.feed(data)
        else:
            self.end()

    def end(self) -> None:
        """Note that the server has ended the connection.

        Raises:
            MalformedAnswerError: The answer is not complete.
        """
        if self._ends_with_connection:
            self.is_complete = True
        if not self.is_complete:
            raise MalformedAnswerError(
                f'it ended after {self._size:,} bytes of the answer' if self._has_head else 'it ended without an answer'
            )

    def _note(self, error: Exception) -> None:
        """Note an error of the parser. After a complete answer, the error is in the bytes that follow it."""
        self.has_rest = True
        if not self.is_complete:
            self._problem = self._problem or f'the answer is not HTTP: {error}'

    def _is_whole(self) -> bool:
        """Return `is_complete`. The parser's callbacks change it, which type checkers do not expect of an attribute."""
        return self.is_complete

    def _parser_skipped(self, data: bytes) -> bool:
        """Whether line breaks follow the answer; the parser ignores them."""
        if self._length > 0 and self._parts:
            return not data.endswith(self._parts[-1])
        return data.endswith(b'\r\n\r\n\r\n')

    def _check_start(self, data: bytes) -> None:
        self._start = (self._start + data[:64]).lstrip(b'\r\n')
        if not b'HTTP/1.'.startswith(self._start[:7]):
            raise MalformedAnswerError(f'the answer is not HTTP/1{"; it is TLS" if self._start[0] in TLS else ""}')

    def _check_head(self) -> None:
        if max(self._head_size, self._head_received) > LONGEST_HEAD:
            self._problem = f'the head of the answer is larger than {LONGEST_HEAD:,} bytes'
        if len(self.headers) > MOST_HEADERS:
            self._problem = f'the answer has more than {MOST_HEADERS} headers'

    # The parser calls the methods below. They note a problem instead of raising: the parser would wrap an exception.

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called for each header and trailer."""
        if self.is_complete:
            self.has_rest = True
            return
        self.headers.append((name.decode('latin-1'), value.decode('latin-1')))
        self._head_size += len(name) + len(value) + 4
        if len(name) == ENCODING_NAME and name.lower() == b'transfer-encoding':
            self._encodings.append(value.strip().lower())
        elif len(name) == LENGTH_NAME and name.lower() == b'content-length':
            self._length = int(value)
        if self._has_head:
            self._check_head()  # a trailer

    def on_headers_complete(self) -> None:
        """Called at the end of a head."""
        if self.is_complete:
            self.has_rest = True
            return
        status = self._parser.get_status_code()
        self._check_head()
        if 100 <= status < 200:
            self._informational += 1
            if self._informational > MOST_INFORMATIONAL:
                self._problem = f'more than {MOST_INFORMATIONAL} informational answers came before an answer'
            return
        self.status = status
        self._has_head = True
        self._problem = self._problem or self._problem_of_head(status)
        if self._is_head_request:
            self.is_complete = True  # the parser still expects a body, so the connection is not used again

    def _problem_of_head(self, status: int) -> str:
        """Check a head and return its problem, or an empty string; note whether the body ends with the connection."""
        version = self._parser.get_http_version()
        if not 100 <= status < 1000 or version not in VERSIONS:
            return f'the answer has the status {status} of HTTP/{version}'
        if self._encodings and self._encodings != [b'chunked']:
            return 'the answer has a transfer encoding other than `chunked`'
        if self._length > LARGEST_ANSWER:
            return f'the answer is larger than {LARGEST_ANSWER:,} bytes'
        has_end = self._encodings or self._length >= 0 or status in WITHOUT_BODY
        self._ends_with_connection = not has_end
        return ''

    def on_body(self, data: bytes) -> None:
        """Called for each part of the body."""
        if self.is_complete:
            return
        self._parts.append(data)
        self._size += len(data)
        if self._size > LARGEST_ANSWER:
            self._problem = f'the answer is larger than {LARGEST_ANSWER:,} bytes'

    def on_message_complete(self) -> None:
        """Called at the end of an answer, including an informational one."""
        if self.is_complete:
            return
        if self._has_head:
            self.is_complete = True
            self._keeps_alive = self._parser.should_keep_alive()
        else:
            # Forget the headers of an informational answer: they do not apply to the final one.
            self.headers.clear()
            self._encodings.clear()
            self._length = -1
