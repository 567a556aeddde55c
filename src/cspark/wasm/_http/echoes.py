"""Check that an answer belongs to its request, by the `x-request-id` that a runner returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from .request_head import Origin

__all__ = ['Echoes', 'StrayAnswerError']

GATEWAY_FAILED: Final = 500
"""From this status on, the answer may come from a gateway in front of the runner, with an id of its own."""


NAME_LENGTH: Final = len('x-request-id')


class StrayAnswerError(ConnectionError):
    """The answer belongs to another request."""


class Echoes:
    """Remembers which runners return the ids of requests.

    If a runner has returned an id before, an answer with a different one belongs to another request. A server that
    never returned one, such as a gateway that sets its own ids, is not checked.
    """

    def __init__(self) -> None:
        self._who_repeats: set[Origin] = set()

    def check(self, origin: Origin, sent: Mapping[str, str], status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Compare the ids in the headers of a request and of its answer.

        Raises:
            StrayAnswerError: The answer belongs to another request.
        """
        answered = _id_in(headers)
        if answered is None:
            return
        asked = _id_in(sent.items())
        if asked is None:
            return
        if asked == answered:
            self._who_repeats.add(origin)
        elif origin in self._who_repeats and status < GATEWAY_FAILED:
            raise StrayAnswerError('the answer belongs to another request')


def _id_in(headers: Iterable[tuple[str, str]]) -> str | None:
    for name, value in headers:
        if len(name) == NAME_LENGTH and name.lower() == 'x-request-id':
            return value
    return None
