"""How long a wait may be."""

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
"""What an answer may hold, and what it may unpack to, in bytes."""

Phase: TypeAlias = Literal['connect', 'write', 'read', 'pool']


Result = TypeVar('Result')


class OutOfTimeError(TimeoutError):
    """The time of the whole call, or of a phase of it, is over."""

    def __init__(self, *words: object) -> None:
        super().__init__(*(words or ('the time is over',)))


def time_left(deadline: float) -> float:
    """The seconds until the deadline.

    Raises:
        OutOfTimeError: There are none.
    """
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise OutOfTimeError
    return seconds


def run_until(deadline: float, function: Callable[[], Result]) -> Result:
    """Call what has no limit of its own, on a thread that is left alone when the time is over.

    Raises:
        OutOfTimeError: The time is over.
    """
    done: queue.SimpleQueue[tuple[Result | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            done.put((function(), None))
        except BaseException as error:  # noqa: BLE001 - it goes to who waits
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
    """How long a wait in this phase may be, in seconds.

    Raises:
        OutOfTimeError: The time of the whole call is over.
    """
    left = time_left(step.deadline)
    return min(step.phases.get(phase, left), left) if step.phases else left
