"""Simulate a job on many workers and several runners, event by event: queues, refusals, failures, stragglers.

Run it as `python scripts/scale/simulation.py --help`. docs/scale.md shows where it agrees with what was measured.

A worker reads a batch, and sends its chunks, so many at a time. A runner computes the records of a chunk on its
instances. Both take time on the cores of their host, first come, first served. A runner that has as many calls as it
takes refuses further ones; the worker then waits and tries again. A runner that fails loses its calls, and is back
after some time.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

LONGEST_PAUSE: Final = 10.0
"""The longest pause of a worker after refusals, in seconds, as in `execute_many`."""


@dataclass
class Setup:
    """What is simulated. Times are in seconds.

    Attributes:
        records: The number of records.
        workers: The number of worker processes.
        runners: The number of runners.
        instances: The number of instances of the model in each runner.
        concurrency: The number of calls in flight of each worker.
        chunk: The number of records per call.
        model: The time of a record in an instance, on a core of the runner's host.
        client: The time of a record in the worker (reading, JSON, table), on a core of the worker's host.
        call: The time of a call beside its records.
        cores: The cores of each host; workers and runners are on one host if `shared`.
        shared: Whether everything is on one host.
        most: How many calls a runner takes before it refuses further ones.
        fails_every: The mean time between failures of a runner; 0 for never.
        away: How long a failed runner is away.
        slow_share: The share of chunks that are stragglers.
        slow_factor: How many times longer these take.
    """

    records: int = 100_000
    workers: int = 2
    runners: int = 1
    instances: int = 2
    concurrency: int = 2
    chunk: int = 1000
    model: float = 70e-6
    client: float = 30e-6
    call: float = 0.001
    cores: int = 2
    shared: bool = True
    most: int = 1 << 30
    fails_every: float = 0.0
    away: float = 5.0
    slow_share: float = 0.0
    slow_factor: float = 10.0


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        seconds: How long the job took.
        records_per_second: Its speed.
        refused: How many calls were refused.
        repeated: How many records were computed again, because their runner failed.
        most_flying: The largest number of calls that a runner had at a time.
    """

    seconds: float = 0.0
    records_per_second: float = 0.0
    refused: int = 0
    repeated: int = 0
    most_flying: int = 0


@dataclass
class Host:
    """A machine: so many cores, and the work that waits for one."""

    cores: int
    busy: int = 0
    waiting: deque[tuple[float, Callable[[], None]]] = field(default_factory=deque)


@dataclass
class Runner:
    """A runner: the calls that it has, its free instances, and how often it was started."""

    host: Host
    free: int
    flying: int = 0
    life: int = 0
    is_away: bool = False
    waiting: deque[Callable[[], None]] = field(default_factory=deque)


class Simulation:
    """The state of a simulated job."""

    def __init__(self, setup: Setup, seed: int = 1) -> None:
        self.setup = setup
        self.outcome = Outcome()
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._now = 0.0
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._chunks = -(-setup.records // setup.chunk)
        self._done = 0
        here = Host(setup.cores)
        self._hosts = [here if setup.shared else Host(setup.cores) for _ in range(setup.workers)]
        self._runners = [
            Runner(here if setup.shared else Host(setup.cores), setup.instances) for _ in range(setup.runners)
        ]
        self._turn = itertools.count()

    def run(self) -> Outcome:
        """Simulate the job to its end."""
        for worker in range(self.setup.workers):
            for _ in range(self.setup.concurrency):
                self._next_chunk(worker)
        for runner in self._runners:
            self._plan_failure(runner)
        while self._events and self._done < -(-self.setup.records // self.setup.chunk):
            self._now, _, happen = heapq.heappop(self._events)
            happen()
        self.outcome.seconds = self._now
        self.outcome.records_per_second = self.setup.records / self._now
        return self.outcome

    def _later(self, seconds: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self._now + seconds, next(self._order), happen))

    def _work(self, host: Host, seconds: float, done: Callable[[], None]) -> None:
        """Take a core for some time; wait for one if all are busy."""
        if host.busy >= host.cores:
            host.waiting.append((seconds, done))
            return
        host.busy += 1

        def end() -> None:
            host.busy -= 1
            if host.waiting:
                self._work(host, *host.waiting.popleft())
            done()

        self._later(seconds, end)

    def _next_chunk(self, worker: int) -> None:
        if self._chunks:
            self._chunks -= 1
            half = self.setup.client * self.setup.chunk / 2
            self._work(self._hosts[worker], half, lambda: self._send(worker, 0))

    def _send(self, worker: int, refusals: int) -> None:
        runner = self._choose()
        if runner is None or runner.flying >= self.setup.most:
            self.outcome.refused += 1
            longest = min(LONGEST_PAUSE, 0.1 * 2.0 ** (min(refusals, 10) + 1))
            self._later(self._random.uniform(longest / 2, longest), lambda: self._send(worker, refusals + 1))
            return
        runner.flying += 1
        life = runner.life
        self.outcome.most_flying = max(self.outcome.most_flying, runner.flying)
        self._later(self.setup.call, lambda: self._compute(worker, runner, life))

    def _choose(self) -> Runner | None:
        """The next runner that is there, in turn; the others if it refuses."""
        first = next(self._turn)
        in_turn = [self._runners[(first + place) % len(self._runners)] for place in range(len(self._runners))]
        there = [one for one in in_turn if not one.is_away]
        return next((one for one in there if one.flying < self.setup.most), there[0] if there else None)

    def _compute(self, worker: int, runner: Runner, life: int) -> None:
        """Compute a chunk in as many pieces as there are instances, as the pool of the local runner does."""
        pieces = self.setup.instances
        seconds = self.setup.model * self.setup.chunk / pieces
        if self._random.random() < self.setup.slow_share:
            seconds *= self.setup.slow_factor
        left = [pieces]

        def done() -> None:
            runner.free += 1
            if runner.waiting:
                runner.waiting.popleft()()
            left[0] -= 1
            if not left[0]:
                self._answer(worker, runner, life)

        def start() -> None:
            runner.free -= 1
            self._work(runner.host, seconds, done)

        for _ in range(pieces):
            if runner.free > 0:
                start()
            else:
                runner.waiting.append(start)

    def _answer(self, worker: int, runner: Runner, life: int) -> None:
        if runner.life != life:  # it failed meanwhile, and the call with it
            self.outcome.repeated += self.setup.chunk
            self._send(worker, 0)
            return
        runner.flying -= 1
        half = self.setup.client * self.setup.chunk / 2
        self._work(self._hosts[worker], half, lambda: self._end_chunk(worker))

    def _end_chunk(self, worker: int) -> None:
        self._done += 1
        self._next_chunk(worker)

    def _plan_failure(self, runner: Runner) -> None:
        if not self.setup.fails_every:
            return

        def fail() -> None:
            runner.life += 1
            runner.flying = 0
            runner.is_away = True
            self._later(self.setup.away, come_back)

        def come_back() -> None:
            runner.is_away = False
            self._plan_failure(runner)

        self._later(self._random.expovariate(1 / self.setup.fails_every), fail)


def simulate(setup: Setup) -> Outcome:
    """Simulate a job.

    >>> round(simulate(Setup(records=10_000, workers=1, runners=1, instances=1, concurrency=1, call=0)).seconds, 3)
    1.0
    """
    return Simulation(setup).run()


def main() -> None:
    """Simulate what the command line says, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    defaults = Setup()
    value: Any
    for name, value in vars(defaults).items():
        option = f'--{name.replace("_", "-")}'
        if isinstance(value, bool):
            parser.add_argument(option, action=argparse.BooleanOptionalAction, default=value, help=f'({value})')
        else:
            kind: Any = value.__class__
            parser.add_argument(option, type=kind, default=value, help=f'({value})')
    print(simulate(Setup(**vars(parser.parse_args()))))


if __name__ == '__main__':
    main()
