"""Flows and their steps. Read this first: everything else in this folder is a flow.

A flow is a generator. It yields the steps that it needs and receives their results:

    def check_health(url: str) -> Flow[int]:
        answer = yield Send('GET', url, deadline=time.monotonic() + 10)
        if answer.status == 503:
            yield Pause(0.5)
            answer = yield Send('GET', url, deadline=time.monotonic() + 10)
        return answer.status

A performer is the loop that carries out the steps; one performer blocks, the other awaits. Both run the same flows.
A test can take its place: `next(flow)` returns the first step, and `flow.send(answer)` the next one. If a step fails,
its exception is raised at the `yield`, where `try` catches it as usual.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from .._answer import Answer
from .._secret import HiddenHeaders, Secret
from ..errors import SparkSdkError

__all__ = ['Compute', 'Flow', 'Pause', 'Send', 'Step', 'Undelivered', 'compute', 'send']

Result = TypeVar('Result')


@dataclass(slots=True)
class Send:
    """Send a request. The result is the whole `Answer`; if there is none, `Undelivered` is raised in the flow.

    Attributes:
        method: The HTTP method, in capital letters.
        url: The absolute URL.
        deadline: When the whole call must end, by `time.monotonic()`.
        headers: The headers, without credentials.
        credentials: Headers that only the runner may see; they are kept apart so that errors can leave them out.
        content: The encoded body, if there is one.
        files: The files of a form, as httpx takes them.
        phases: The limits of httpx's phases (`connect`, `write`, `read`, `pool`), in seconds.
        auth: An `httpx.Auth` that adds the credentials.
    """

    method: str
    url: str
    deadline: float
    headers: Mapping[str, str] = field(default_factory=lambda: dict[str, str](), repr=False)
    credentials: Mapping[str, Secret] = field(default_factory=lambda: dict[str, Secret]())
    content: bytes | None = field(default=None, repr=False)
    files: Sequence[tuple[str, Any]] | None = None
    phases: Mapping[str, float] | None = None
    auth: Any = None

    def revealed_headers(self) -> HiddenHeaders:
        """Return all headers, with the credentials in clear text, for whoever writes the request."""
        if not self.credentials:
            return HiddenHeaders(self.headers)
        revealed = {name: secret.reveal() for name, secret in self.credentials.items()}
        return HiddenHeaders({**self.headers, **revealed})


@dataclass(slots=True)
class Pause:
    """Wait for a number of seconds."""

    seconds: float


@dataclass(slots=True)
class Compute:
    """Call a function. The awaiting performer awaits an awaitable result, and may run a heavy function on a thread.

    With `keep`, only one call of a client does this at a time: `keep` receives the result before the next call's turn.
    If that takes longer than until `deadline`, `Undelivered` is raised in the flow.
    """

    function: Callable[[], Any]
    heavy: bool = False
    keep: Callable[[Any], None] | None = None
    deadline: float = 0.0


class Undelivered(Exception):  # noqa: N818 - it names an outcome, and never leaves this package
    """An attempt brought no answer.

    Attributes:
        error: The exception that the caller gets if the call is not retried.
        sent: Whether the request may have reached the runner.
    """

    def __init__(self, error: SparkSdkError, *, sent: bool) -> None:
        super().__init__(error, sent)
        self.error = error
        self.sent = sent


Step: TypeAlias = Send | Pause | Compute
Flow: TypeAlias = Generator[Step, Any, Result]


def send(step: Send) -> Flow[Answer]:
    """Yield a `Send` step: `yield from send(...)` has the type of the result, which a plain `yield` has not."""
    answer: Answer = yield step
    return answer


def compute(function: Callable[[], Result], *, heavy: bool = False) -> Flow[Result]:
    """Call a function: a light one at once, a heavy one as a `Compute` step, which may run on a thread.

    As with `send`, `yield from compute(...)` has the type of the result.
    """
    if not heavy:
        return function()
    result: Result = yield Compute(function, heavy)
    return result
