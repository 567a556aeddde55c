"""The vocabulary of flows. Read this first; the rest of this folder is written in it.

A flow is a generator. It yields a step that it wants done and receives the result of it:

    def check_health(url: str) -> Flow[int]:
        answer = yield Send('GET', url, deadline=time.monotonic() + 10)
        if answer.status == 503:
            yield Pause(0.5)
            answer = yield Send('GET', url, deadline=time.monotonic() + 10)
        return answer.status

A performer is the loop that does the steps: one of them blocks, the other awaits. The flow is the same for both, and
so a test can take its place: `next(flow)` gives the first step, `flow.send(answer)` the next. A step that fails is
thrown into the flow at its `yield`, where `try` catches it as usual.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from .._answer import Answer
from ..errors import SparkSdkError

__all__ = ['Compute', 'Flow', 'Pause', 'Send', 'Step', 'Undelivered', 'compute', 'send']

Result = TypeVar('Result')


@dataclass(slots=True)
class Send:
    """Send a request; the result is the whole `Answer`, or `Undelivered` is thrown.

    `url` is absolute, `deadline` is a moment of `time.monotonic()`, `phases` are limits of httpx's phases in seconds,
    `credentials` are headers that nobody but the runner sees.
    """

    method: str
    url: str
    deadline: float
    headers: Mapping[str, str] = field(default_factory=lambda: dict[str, str](), repr=False)
    credentials: Mapping[str, str] = field(default_factory=lambda: dict[str, str](), repr=False)
    content: bytes | None = field(default=None, repr=False)
    files: Sequence[tuple[str, Any]] | None = None
    phases: Mapping[str, float] | None = None
    auth: Any = None


@dataclass(slots=True)
class Pause:
    """Wait for so many seconds."""

    seconds: float


@dataclass(slots=True)
class Compute:
    """Call a function; the awaiting performer awaits what is awaitable. What is heavy may run on a thread there.

    With `keep`, one call of a client does this at a time, until `deadline` at the longest: `keep` receives the result
    before the next one has its turn. Where the time is over, `Undelivered` is thrown.
    """

    function: Callable[[], Any]
    heavy: bool = False
    keep: Callable[[Any], None] | None = None
    deadline: float = 0.0


class Undelivered(Exception):  # noqa: N818 - it says what happened; nobody outside sees it
    """There is no answer. `error` is what the caller gets to see; `sent` says whether the request may have arrived."""

    def __init__(self, error: SparkSdkError, *, sent: bool) -> None:
        super().__init__(error, sent)
        self.error = error
        self.sent = sent


Step: TypeAlias = Send | Pause | Compute
Flow: TypeAlias = Generator[Step, Any, Result]


def send(step: Send) -> Flow[Answer]:
    """`yield from send(...)`: the step with the type of its result."""
    answer: Answer = yield step
    return answer


def compute(function: Callable[[], Result], *, heavy: bool = False) -> Flow[Result]:
    """`yield from compute(...)`: the step with the type of its result."""
    result: Result = yield Compute(function, heavy)
    return result
