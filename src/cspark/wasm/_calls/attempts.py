"""The attempts of one call, and what an error says of them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from .._answer import Answer, shown
from .._masking import mask, secrets_in
from ..errors import ApiErrorCause, ErrorRequest, error_response
from .observing import CallWatch
from .retry import Retry
from .steps import Send

__all__ = ['Attempts']


@dataclass(slots=True)
class Attempts:
    """The attempts of one call.

    Attributes:
        step: The request; each attempt sends it again.
        started: When the call began, by `time.monotonic()`.
        tried: How many attempts were made, including those that sent nothing; the retry policy counts these.
        sent: How many times the request was sent, which is what an error reports as its attempts.
        renewed: Whether a refused token was already replaced in this call.
        once: Whether the body can be read only once.
        watch: What watches the call, if anybody does.
    """

    step: Send
    started: float
    tried: int = 0
    sent: int = 0
    renewed: bool = False
    once: bool = False
    watch: CallWatch | None = None

    def cause(self, answer: Answer | None = None) -> ApiErrorCause:
        """Describe the call for an error, without its body and without credentials."""
        request = ErrorRequest(self.step.method, self.step.url, shown(self.step.headers))
        response = None
        if answer:
            headers = {name: self.masked(value) for name, value in answer.headers.items()}
            # Latin-1 maps each byte to one character and back, whatever the real encoding of the body is.
            content = self.masked(answer.content.decode('latin-1')).encode('latin-1')
            response = error_response(answer.status, headers, content)
        return ApiErrorCause(request, response, self.sent, time.monotonic() - self.started)

    def masked(self, said: str) -> str:
        """Mask the credentials of this call in text from a runner, which may echo what it was sent."""
        return mask(said, secrets_in(self.step.credentials, self.step.headers))

    @property
    def line(self) -> str:
        """The method and URL of the request, for messages."""
        return f'{self.step.method} {self.step.url}'

    def has_time_for(self, retry: Retry) -> bool:
        """Whether the pause before this retry ends before the deadline."""
        return time.monotonic() + retry.pause < self.step.deadline
