"""Deadlines and limits."""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from collections.abc import Callable
from typing import Final, Literal, TypeAlias, TypeVar, cast

from .._calls.steps import Send

__all__ = ['LARGEST_ANSWER', 'OutOfTimeError', 'Phase', 'run_until', 'time_for', 'time_left']

LARGEST_ANSWER: Final = 1 << 30
"""The largest size of an answer's body, both as received and decompressed, in bytes."""

Phase: TypeAlias = Literal['connect', 'write', 'read', 'pool']


Result = TypeVar('Result')


class OutOfTimeError(TimeoutError):
    """The timeout of the whole call, or of one of its phases, has passed."""

    def __init__(self, *words: object) -> None:
        super().__init__(*(words or ('the time is over',)))


def time_left(deadline: float) -> float:
    """Return the time until the deadline, in seconds.

    Raises:
        OutOfTimeError: The deadline has passed.
    """
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise OutOfTimeError
    return seconds


def run_until(deadline: float, function: Callable[[], Result]) -> Result:
    """Call a function that has no timeout of its own. It runs on a thread, which is abandoned at the deadline.

    Raises:
        OutOfTimeError: The deadline has passed.
    """
    done: queue.SimpleQueue[tuple[Result | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            done.put((function(), None))
        except BaseException as error:  # noqa: BLE001 - it is raised on the waiting thread
            done.put((None, error))

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name='cspark-limited', daemon=True).start()
    try:
        result, failure = done.get(timeout=min(time_left(deadline), threading.TIMEOUT_MAX))
    except queue.Empty:
        raise OutOfTimeError from None
    if failure is not None:
        raise failure
    return cast(Result, result)


def time_for(step: Send, phase: Phase) -> float:
    """Return how long a wait in this phase may last, in seconds.

    Raises:
        OutOfTimeError: The deadline of the whole call has passed.
    """
    left = time_left(step.deadline)
    return min(step.phases.get(phase, left), left) if step.phases else left
