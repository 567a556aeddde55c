"""One exchange with a runner: what was sent and what came back, before it is read."""

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
"""The headers of a request that are kept after it was sent. Any other one may hold a secret of the caller's."""


def shown(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that may be kept, by their names in lower case."""
    return {known: headers[name] for name, known in _shown_names(*headers)}


@lru_cache(256)
def _shown_names(*names: str) -> list[tuple[str, str]]:
    """Those of these names that may be kept, each with its spelling in lower case."""
    return [(name, name.lower()) for name in names if name.lower() in SHOWN_HEADERS]


@dataclass(eq=False, slots=True)
class Answer:
    """The answer to a request. Most callers never look at more than `status` and `content`, so that httpx's objects
    are made when they are asked for.

    Attributes:
        method: The request's method.
        url: The request's absolute URL.
        sent_headers: Those of the request's headers that hold no secret; see `shown`.
        sent_content: The request's body; None where it was streamed.
        status: The HTTP status.
        header_list: The answer's headers in the order in which they came.
        content: The answer's body, whole and unpacked.
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
        """Whether the status is one of the 200s."""
        return 200 <= self.status < 300

    @property
    def headers(self) -> httpx.Headers:
        """The answer's headers, found in any case."""
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
        """The answer as httpx has it; its content is unpacked, whatever its `Content-Encoding` says."""
        if self._response is None:
            import httpx

            kept = [(name, value) for name, value in self.header_list if name.lower() != 'content-encoding']
            self._response = httpx.Response(self.status, headers=kept, content=self.content, request=self.request)
            self._response.headers = self.headers
        return self._response
