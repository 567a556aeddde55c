"""Requests for an instance of a model, and what came of them."""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import ServiceError
from .service_calls import ModelCall, ServiceCalls
from .worker import RECORD, TOLD

__all__ = ['Execution', 'ModelOutput', 'OverdueError', 'Requests']


class OverdueError(Exception):
    """A record goes on calling services although its time is over."""


class ModelOutput(NamedTuple):
    """A model's answer to one request as JSON, its time in milliseconds, and the services that it called."""

    content: bytes
    milliseconds: int
    called: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Requests:
    """v3 requests as UTF-8 JSON: the parts that differ, and the prefix and suffix that all of them share.

    Each request must be a JSON object: anything else makes a model abort. `calls` answers the services that the model
    calls; a model that calls none needs no `calls`. `depth` is the number of services that called each other before.
    """

    parts: Sequence[bytes]
    prefix: bytes = b''
    suffix: bytes = b''
    calls: ServiceCalls | None = None
    depth: int = 0

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, chosen: slice) -> Requests:
        return Requests(self.parts[chosen], self.prefix, self.suffix, self.calls, self.depth)


class Execution:
    """The answers to requests, in order, and the reason why the first request without an answer failed.

    If the process `died`, a later request may have failed: the process may have computed answers that it did not send.

    Args:
        requests: The requests.
        timeout: How long the services that a record calls may take together, in seconds.
        failure: Why no request has an answer.
    """

    def __init__(self, requests: Requests, timeout: float, failure: str = '') -> None:
        self.answers: list[ModelOutput | ServiceError] = []
        self.failure = failure
        self.timed_out = False
        self.died = False
        self._requests = requests
        self._timeout = timeout
        self._calling: dict[int, _Calling] = {}

    def take_answers(self, count: int, content: bytes) -> None:
        """Append answers, after checking their number and lengths: the model may have corrupted the memory.

        Raises:
            ValueError: They are not as many or as long as they should be.
        """
        if len(self.answers) + count > len(self._requests):
            raise ValueError(f'{len(self.answers) + count} answers to {len(self._requests)} requests')
        answers = _unpack(content)
        if len(answers) != count:
            raise ValueError(f'{len(answers)} answers in place of {count}')
        for answer, milliseconds in answers:
            calling = self._calling.pop(len(self.answers), None)
            if calling is None:
                self.answers.append(ModelOutput(answer, milliseconds))
            else:
                self.answers.append(calling.refusal or ModelOutput(answer, milliseconds, calling.called))

    def error(self) -> ServiceError:
        """Return the error of the first request without an answer."""
        calling = self._calling.get(len(self.answers))
        if calling is not None and calling.refusal is not None:
            return calling.refusal
        return ServiceError(504 if self.timed_out else 500, self.failure)

    def call_services(self, asked: bytes) -> tuple[bytes, ...]:
        """Call the services that a record asks for, and return the answers as the worker takes them.

        Args:
            asked: The number of the record, and its requests, as the worker packs them.

        Raises:
            OverdueError: The record goes on calling services although its time is over.
            ValueError: The requests are not packed as they should be, or nobody answers calls.
        """
        services = self._requests.calls
        if services is None:
            raise ValueError('it calls services')
        (number,), asked = struct.unpack_from('<I', asked), asked[4:]
        if number not in self._calling:
            self._calling[number] = _Calling(min(time.monotonic() + self._timeout, services.until))
        calls = [ModelCall(kind, each) for each, kind in _unpack(asked)]
        contents = self._calling[number].answer(services, calls)
        if contents is None:
            raise OverdueError(services.overdue(self._timeout))
        lengths = struct.pack(f'<{len(contents)}i', *map(len, contents))
        return TOLD.pack(len(contents), sum(map(len, contents))), lengths, *contents


class _Calling:
    """The calls that the record in progress has made."""

    def __init__(self, until: float) -> None:
        self.until = until
        self.called: list[Mapping[str, Any]] = []
        self.refusal: ServiceError | None = None
        self._was_late = False

    def answer(self, services: ServiceCalls, calls: list[ModelCall]) -> list[bytes] | None:
        """Answer calls. The first late ones are answered, by saying so; after these there is no answer any more."""
        if self._was_late:
            return None
        answers = services.answer(calls, self.until)
        self._was_late = time.monotonic() >= self.until
        for answer in answers:
            if answer.entry is not None:
                self.called.append(answer.entry)
            self.refusal = self.refusal or answer.refusal
        return [answer.content for answer in answers]


def _unpack(content: bytes) -> list[tuple[bytes, int]]:
    """Split packed answers or requests: the bytes of each, and the number in its header.

    Raises:
        ValueError: They are not packed as they should be.
    """
    found: list[tuple[bytes, int]] = []
    start = 0
    while start < len(content):
        length, number = RECORD.unpack_from(content, start)
        end = start + RECORD.size + length
        if length < 0 or end > len(content):
            raise ValueError(f'an answer of {length} bytes')
        found.append((content[start + RECORD.size : end], number))
        start = end + 3 & ~3  # the next one starts at a multiple of four
    if start != len(content):
        raise ValueError('bytes are missing after the last answer')
    return found
