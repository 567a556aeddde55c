"""Whether an answer belongs to the request: by the id that a runner sends back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from .request_head import Origin

__all__ = ['Echoes', 'StrayAnswerError']

GATEWAY_FAILED: Final = 500
"""From this status on, a gateway may have answered in the runner's place, with an id of its own."""


NAME_LENGTH: Final = len('x-request-id')


class StrayAnswerError(ConnectionError):
    """The answer belongs to another request."""


class Echoes:
    """Who sends the ids of requests back.

    A runner that did once answers another call when it comes with another id. A gateway that sets ids of its own says
    nothing by them.
    """

    def __init__(self) -> None:
        self._who_repeats: set[Origin] = set()

    def check(self, origin: Origin, sent: Mapping[str, str], status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Compare the ids in the headers of a request and of the answer to it.

        Raises:
            StrayAnswerError: It is another request's.
        """
        asked, answered = _id_in(sent.items()), _id_in(headers)
        if asked is None or answered is None:
            return
        if asked == answered:
            self._who_repeats.add(origin)
        elif origin in self._who_repeats and status < GATEWAY_FAILED:
            raise StrayAnswerError('the answer is that to another request')


def _id_in(headers: Iterable[tuple[str, str]]) -> str | None:
    for name, value in headers:
        if len(name) == NAME_LENGTH and name.lower() == 'x-request-id':
            return value
    return None
