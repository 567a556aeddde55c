"""An exchange with a runner: the request that was sent and the answer, not yet decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import httpx

__all__ = ['SHOWN_HEADERS', 'Answer', 'shown']

SHOWN_HEADERS: Final = frozenset(
    {'x-request-id', 'x-tenant-name', 'x-spark-ua', 'user-agent', 'content-type', 'content-encoding'}
)
"""The request headers that are kept after the request was sent. Any other header may contain a secret."""


def shown(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that may be kept, with their names in lower case."""
    return {known: headers[name] for name, known in _shown_names(*headers)}


@lru_cache(256)
def _shown_names(*names: str) -> list[tuple[str, str]]:
    """Select the names of headers that may be kept, each with its lower-case spelling."""
    return [(name, name.lower()) for name in names if name.lower() in SHOWN_HEADERS]


@dataclass(eq=False, slots=True)
class Answer:
    """The answer to a request. The objects of httpx are built on access, because most callers never need them.

    Attributes:
        method: The request's method.
        url: The request's absolute URL.
        sent_headers: The request's headers that contain no secret; see `shown`.
        sent_content: The request's body; None if it was streamed.
        status: The HTTP status.
        header_list: The answer's headers, in the order received.
        content: The answer's body, complete and decompressed.
    """

    method: str
    url: str
    sent_headers: Mapping[str, str] = field(repr=False)
    sent_content: bytes | None = field(repr=False)
    status: int
    header_list: Sequence[tuple[str, str]] = field(repr=False)
    content: bytes = field(repr=False)
    _headers: httpx.Headers | None = field(default=None, repr=False)
    _request: httpx.Request | None = field(default=None, repr=False)
    _response: httpx.Response | None = field(default=None, repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def headers(self) -> httpx.Headers:
        """The answer's headers, with case-insensitive names."""
        if self._headers is None:
            import httpx

            self._headers = httpx.Headers(list(self.header_list))
        return self._headers

    @property
    def request(self) -> httpx.Request:
        """The request, without the headers that may hold secrets."""
        if self._request is None:
            import httpx

            headers = dict(self.sent_headers)
            self._request = httpx.Request(self.method, self.url, headers=headers, content=self.sent_content)
        return self._request

    @property
    def response(self) -> httpx.Response:
        """The answer as an `httpx.Response`. Its content is decompressed, whatever its `Content-Encoding` says."""
        if self._response is None:
            import httpx

            # httpx would decompress the content again if it saw this header, so it is added afterwards.
            kept = [(name, value) for name, value in self.header_list if name.lower() != 'content-encoding']
            self._response = httpx.Response(self.status, headers=kept, content=self.content, request=self.request)
            self._response.headers = self.headers
        return self._response
