"""Spread calls over several runners, and leave out those that do not answer or are overloaded."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

import attrs

from .._calls.probes import check_health
from .._calls.steps import Flow
from ..config import Config
from ..errors import (
    RateLimitError,
    ServiceUnavailableError,
    SparkApiError,
    SparkConnectionError,
    SparkError,
    SparkTimeoutError,
)

__all__ = ['Runners']

Result = TypeVar('Result')

FIRST_REST: Final = 1.0
LONGEST_REST: Final = 60.0
"""How long a runner is left out after a failure, in seconds: the first time, and at most. It doubles each time."""

TIME_TO_ANSWER: Final = 2000
"""The timeout of the health check before a runner is used again, in milliseconds."""

BAD_GATEWAY: Final = 502


@attrs.define
class Runner:
    """A runner, and how it is doing.

    Attributes:
        config: Its configuration.
        failures: How often it failed in a row.
        rests_until: When it may be used again, by `time.monotonic()`.
    """

    config: Config
    failures: int = 0
    rests_until: float = 0.0

    def failed(self) -> None:
        """Leave the runner out for some time."""
        self.failures += 1
        rest = min(LONGEST_REST, FIRST_REST * 2.0 ** min(self.failures - 1, 10))
        self.rests_until = time.monotonic() + rest * random.uniform(0.5, 1)  # noqa: S311 - no secret


class Runners:
    """The runners of a worker. Each worker starts with another one, and takes them in turn."""

    def __init__(self, configs: Sequence[Config]) -> None:
        self._runners = [Runner(config) for config in configs]
        self._turn = itertools.count(random.randrange(len(configs)))  # noqa: S311 - no secret

    def perform(self, call: Callable[[Config], Flow[Result]]) -> Flow[Result]:
        """Make a call on one of the runners. A call that certainly was not executed is made on the next one.

        Raises:
            SparkError: The call failed, or no runner can take it.
        """
        if len(self._runners) == 1:
            return (yield from call(self._runners[0].config))
        failures: list[SparkError] = []
        for runner in self._candidates():
            if runner.failures and (illness := (yield from _illness(runner))) is not None:
                failures.append(illness)
                continue
            try:
                result = yield from call(runner.config)
            except SparkError as error:
                if not _is_about_runner(error):
                    raise
                runner.failed()
                failures.append(error)
                if not _may_go_elsewhere(error):
                    break
            else:
                runner.failures = 0
                return result
        raise failures.pop()

    def _candidates(self) -> Iterator[Runner]:
        """The runners that may be used now; if there is none, the one that has rested longest."""
        first, count, now = next(self._turn), len(self._runners), time.monotonic()
        in_turn = [self._runners[(first + place) % count] for place in range(count)]
        awake = [one for one in in_turn if one.rests_until <= now]
        yield from awake or [min(in_turn, key=lambda one: one.rests_until)]


def _illness(runner: Runner) -> Flow[SparkError | None]:
    """Ask a runner that has rested for its health; let it rest again if it is not well."""
    try:
        yield from check_health(runner.config, {'timeout': TIME_TO_ANSWER, 'max_retries': 0})
    except SparkError as error:
        runner.failed()
        return error
    return None


def _is_about_runner(error: SparkError) -> bool:
    """Whether an error tells about the runner, and not about the call."""
    if isinstance(error, (SparkConnectionError, RateLimitError, ServiceUnavailableError)):
        return True
    if isinstance(error, SparkTimeoutError):
        return not error.sent
    return isinstance(error, SparkApiError) and error.status == BAD_GATEWAY


def _may_go_elsewhere(error: SparkError) -> bool:
    """Whether another runner can be tried at once: not if the call may have crashed this one, and would the others."""
    return not (isinstance(error, SparkConnectionError) and error.sent)
