"""Measure jobs on Ray, Dask and Spark beside a plain loop, simulate the same, and write docs/scale.md.

Run it by `make scale`. All figures come from one run, on the machine where it runs.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

import psutil
from cluster.books import OUTPUTS, URI, book, service
from cluster.conftest import CountingRunner
from cluster.engines import ENGINES
from scale.simulation import Setup, simulate

import cspark.wasm as Hybrid
from support.packages import TERM_LIFE

COUNT: Final = 60_000
CHUNK: Final = 1000
PAGE: Final = Path(__file__).resolve().parents[2] / 'docs' / 'scale.md'
CONCURRENCY: Final = 2

Row: TypeAlias = tuple[str, int, float, float]
"""An engine, its workers, and its records a second over HTTP and embedded."""

Pressed: TypeAlias = tuple[int, int, str, int, int, float]
"""Actors, calls of each, what the runner takes, its most calls in flight, refused calls, records a second."""


@dataclass
class Costs:
    """What a record costs on one core, in microseconds."""

    client: float
    model: float


@contextmanager
def runner(most: int = 1000) -> Generator[CountingRunner]:
    """A runner with two instances in another process."""
    with tempfile.TemporaryDirectory() as folder:
        started = CountingRunner(Path(folder, 'answered.jsonl'), most)
        try:
            yield started
        finally:
            started.kill()


def at(url: str, **options: Any) -> Hybrid.Batches:
    """The service on a runner."""
    return service(base_url=url, tenant='my-tenant', token='open', concurrency=CONCURRENCY, **options)


def per_second(compute: Callable[[], Any], count: int = COUNT) -> float:
    """Records a second of a computation, the better of two."""
    return max(timed(compute, count) for _ in range(2))


def timed(compute: Callable[[], Any], count: int) -> float:
    """Records a second of a computation."""
    started = time.perf_counter()
    compute()
    return count / (time.perf_counter() - started)


def loop(url: str, policies: Any) -> float:
    """A plain loop over `execute_many`."""
    options: Any = {'keep': ['policy_id'], 'selected_outputs': list(OUTPUTS), 'chunk_size': CHUNK}
    with Hybrid.Client(base_url=url, tenant='my-tenant', token='open') as client:
        many = client.services.execute_many

        def run() -> None:
            for _ in many(URI, policies, concurrency=CONCURRENCY, **options):
                pass

        run_some = policies.slice(0, 2000)
        list(many(URI, run_some, concurrency=CONCURRENCY, **options))
        return per_second(run)


def loop_embedded(policies: Any, instances: int) -> float:
    """The same loop over batches in this process."""
    with service(package=TERM_LIFE, instances=instances, concurrency=CONCURRENCY) as price:
        price(policies.slice(0, 2000))
        return per_second(lambda: list(price(iter(policies.to_batches(10_000)))))


def costs_at(started: CountingRunner, policies: Any) -> Costs:
    """What a record costs in the client and in the runner, by the time on the processor that each takes."""
    process = psutil.Process(started.process_id)

    def taken() -> float:
        times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
        return sum(one.user + one.system for one in times)

    with at(started.url) as price:
        price(policies.slice(0, 2000))
        here, there = time.process_time(), taken()
        for _ in price(iter(policies.to_batches(10_000))):
            pass
        return Costs(1e6 * (time.process_time() - here) / COUNT, 1e6 * (taken() - there) / COUNT)


def engines(policies: Any, started: CountingRunner) -> Iterator[Row]:
    """Each engine with one and two workers: records a second over HTTP and embedded."""
    for name, start in ENGINES.items():
        for workers in (1, 2):
            engine: Any = start(workers)
            try:
                found: list[float] = []
                for price in (at(started.url), service(package=TERM_LIFE, concurrency=CONCURRENCY)):
                    with price:
                        engine.compute(policies.slice(0, 20_000), price, price)
                        found.append(timed(partial(engine.compute, policies, price, price), COUNT))
                yield name, workers, found[0], found[1]
            finally:
                engine.close()


def pressure(policies: Any) -> Iterator[Pressed]:
    """Actors of Ray against one runner, with and without a limit: what it had in flight, and what it refused."""
    for workers in (2, 4):
        engine: Any = ENGINES['ray'](workers)
        try:
            for concurrency, most in ((1, 1000), (2, 1000), (2, 3)):
                with runner(most) as started, at(started.url) as price:
                    engine.compute(policies.slice(0, 20_000), price, price)
                    before = len(started.calls)
                    with service(
                        base_url=started.url, tenant='my-tenant', token='open', concurrency=concurrency
                    ) as pressed:
                        speed = timed(partial(engine.compute, policies, pressed, pressed), COUNT)
                    calls = started.calls[before:]
                    refused = sum(call['refused'] for call in calls)
                    flying = max(call['flying'] for call in calls if not call['refused'])
                    yield workers, concurrency, 'none' if most > 100 else str(most), flying, refused, speed
        finally:
            engine.close()


def main() -> None:
    """Measure everything, and write the page."""
    os.environ.setdefault('PYSPARK_PYTHON', sys.executable)
    policies = book(COUNT)
    with runner() as started:
        plain = loop(started.url, policies)
        costs = costs_at(started, policies)
        print('loop', plain, costs, flush=True)
        rows: list[Row] = []
        for row in engines(policies, started):
            print(row, flush=True)
            rows.append(row)
    embedded = {instances: loop_embedded(policies, instances) for instances in (1, 2)}
    print('embedded', embedded, flush=True)
    pressed: list[Pressed] = []
    for one in pressure(policies):
        print(one, flush=True)
        pressed.append(one)
    PAGE.write_text(page(plain, embedded, costs, rows, pressed))


def page(
    plain: float,
    embedded: dict[int, float],
    costs: Costs,
    rows: list[Row],
    pressed: list[Pressed],
) -> str:
    """The page."""
    cores = os.cpu_count() or 1
    both = Setup(
        records=COUNT,
        model=costs.model / 1e6,
        client=costs.client / 1e6,
        chunk=CHUNK,
        concurrency=CONCURRENCY,
        instances=2,
        cores=cores,
    )
    lines = [
        INTRODUCTION.format(
            day=datetime.now(UTC).date(), cores=cores, python=platform.python_version(), count=f'{COUNT:,}'
        )
    ]
    lines.append('| what | workers | over HTTP | embedded |\n|---|---:|---:|---:|')
    lines.append(f'| a plain loop | 1 | {plain:,.0f} | {embedded[1]:,.0f} (two instances: {embedded[2]:,.0f}) |')
    for name, workers, http, inside in rows:
        over, within = http / plain, inside / embedded[workers]
        lines.append(f'| {name.capitalize()} | {workers} | {http:,.0f} ({over:.0%}) | {inside:,.0f} ({within:.0%}) |')
    lines.append(LIMIT.format(client=costs.client, model=costs.model, bound=cores * 1e6 / (costs.client + costs.model)))
    lines.append(PRESSURE)
    of_ray = fitted(both, next(http for name, workers, http, _ in rows if (name, workers) == ('ray', 1)))
    for workers, concurrency, most, flying, refused, speed in pressed:
        limit = 1 << 30 if most == 'none' else int(most)
        outcome = simulate(changed(of_ray, workers=workers, concurrency=concurrency, most=limit))
        lines.append(
            f'| {workers} | {concurrency} | {"all" if most == "none" else most} | {flying} | {refused} | {speed:,.0f} '
            f'| {outcome.records_per_second:,.0f}, {outcome.most_flying} in flight, {outcome.refused} refused |'
        )
    lines.append(SIMULATION)
    lines.append(f'| a plain loop | 1 | {plain:,.0f} | {simulate(changed(both, workers=1)).records_per_second:,.0f} |')
    speeds = {(name, workers): http for name, workers, http, _ in rows}
    for (name, workers), measured in speeds.items():
        if workers > 1:
            outcome = simulate(changed(fitted(both, speeds[name, 1]), workers=workers))
            told = f'{measured:,.0f} | {outcome.records_per_second:,.0f}'
            lines.append(f'| {name.capitalize()} | {workers} | {told} |')
    lines.append(reckoning(both))
    return '\n'.join(lines) + '\n'


def fitted(setup: Setup, measured: float) -> Setup:
    """A setup in which a record costs so much in the worker that one worker is as fast as measured, engine included."""
    low, high = setup.client, 1e-2
    for _ in range(40):
        middle = (low + high) / 2
        is_fast = simulate(changed(setup, workers=1, client=middle)).records_per_second > measured
        low, high = (middle, high) if is_fast else (low, middle)
    return changed(setup, client=low)


def changed(setup: Setup, **changes: Any) -> Setup:
    """A setup with some values replaced."""
    return Setup(**{**vars(setup), **changes})


def reckoning(measured: Setup) -> str:
    """What a billion records take, by simulation."""
    lines = [RECKONING]
    for runners, workers, fails, slow in CASES:
        setup = changed(
            measured,
            records=10_000_000,
            workers=workers,
            runners=runners,
            instances=8,
            cores=8,
            shared=False,
            concurrency=4,
            chunk=8000,
            fails_every=fails,
            away=20.0,
            slow_share=slow,
        )
        told = simulate(setup)
        hours = 1e9 / told.records_per_second / 3600
        hosts = runners * 8 + workers  # a worker has one core
        cost = hosts * CORE_HOUR * hours / 1000
        away = f'every {fails:g} s' if fails else 'none'
        lines.append(
            f'| {runners} | {workers} | {away} | {slow:.0%} | {told.records_per_second:,.0f} | {hours:.1f} '
            f'| {told.repeated / setup.records:.2%} | ${cost:.3f} |'
        )
    return '\n'.join(lines)


CORE_HOUR: Final = 0.05
CASES: Final = ((4, 8, 0.0, 0.0), (16, 32, 0.0, 0.0), (16, 32, 120.0, 0.0), (16, 32, 120.0, 0.01))
INTRODUCTION: Final = """# Scale

What jobs on [Ray, Dask and Spark](clusters.md) reach, measured on one machine and reckoned for more. `make scale`
writes this page; all figures are of one run.

## From one worker to two cores

{count} policies of the [insurance sample](../samples/README.md) with five outputs, in chunks of 1,000 records, two
calls in flight a worker; {day}, {cores} cores, Python {python}. The runner (two instances), the engine and its
workers share these cores. Records a second, and in parentheses the share of a plain loop over the same:
`execute_many` over HTTP, and `Batches` in one process with as many instances as there are workers.
"""
LIMIT: Final = """
**Where the limit is.** A record takes {client:.0f} µs on a core in the worker (table, JSON, HTTP) and {model:.0f}
µs in the runner (JSON, the model). All cores together can thus make {bound:,.0f} records a second over HTTP at
most. What is missing is what the engine takes for itself. With a model that takes longer, its time is all that
counts, and the rest disappears beside it.
"""
PRESSURE: Final = """## Pressure

Actors of Ray against one runner with two instances. The last rows of each have a runner that answers 503 beyond
three calls: the actors wait and try again, and every record arrives. More calls in flight than instances bring
little; they wait in the runner.

| actors | `concurrency` | the runner takes | most in flight | refused | records a second | simulated |
|---:|---:|---:|---:|---:|---:|---|"""
SIMULATION: Final = """
## The simulation

`python scripts/scale/simulation.py` simulates a job event by event: queues for cores and instances, refusals and
pauses, failed runners, stragglers. It knows the two times above. What an engine adds is fitted to its one worker;
two workers are then simulated, and so are the rows on pressure. The simulation takes all that an engine does for work
on each record. In truth a part of it is work on each job, which varies from run to run: Ray's own rows differ among
each other as much as from the simulation.

| what | workers | measured | simulated |
|---|---:|---:|---:|"""
RECKONING: Final = f"""
## A billion records

By the same simulation, with 10 million records and the hours for a billion in proportion. Assumed: runners with
eight cores and eight instances each on hosts of their own; a core for each worker; four calls of 8,000 records in
flight a worker; the times on a core as measured here; a network that is not the limit; ${CORE_HOUR:.2f} for a core
and an hour; a runner that fails is back after 20 s, and its calls are made again; a straggler takes ten times as
long. Not contained: reading and writing the records, and the engine.

| runners | workers | a runner fails | stragglers | records a second | hours | computed again | a million cost |
|---:|---:|---|---:|---:|---:|---:|---:|"""


if __name__ == '__main__':
    main()
