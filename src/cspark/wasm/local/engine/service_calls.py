"""The calls that a model makes to services while it computes a record, as an instance sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from ..errors import ServiceError

__all__ = ['EXTERNAL', 'SERVICE', 'CallAnswer', 'ModelCall', 'ServiceCalls']

SERVICE: Final = 0
"""The kind of a call to another service."""

EXTERNAL: Final = 1
"""The kind of a call to an external API."""


class ModelCall(NamedTuple):
    """A call as the model makes it: its kind, and a request in JSON."""

    kind: int
    content: bytes


class CallAnswer(NamedTuple):
    """The answer to a call.

    Attributes:
        content: The answer as ASCII JSON, in the form that the model asked for.
        entry: What `service_chain` says about the call, if it was one to a service.
        refusal: An error that the record gets, whatever the model makes of the answer.
    """

    content: bytes
    entry: Mapping[str, Any] | None = None
    refusal: ServiceError | None = None


class ServiceCalls(Protocol):
    """Answers the calls of a model."""

    @property
    def until(self) -> float:
        """When the whole chain must have ended, by `time.monotonic()`."""
        ...

    def answer(self, calls: Sequence[ModelCall], until: float) -> Sequence[CallAnswer]:
        """Answer calls that a record makes at the same time, at this moment by `time.monotonic()` at the latest."""
        ...

    def overdue(self, seconds: float) -> str:
        """Explain that a record goes on calling services after its time is over."""
        ...
