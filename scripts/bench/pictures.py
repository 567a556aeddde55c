"""Where a call's time goes, and how cost grows with the number of records: the pictures of docs/performance.md.

Run it as `make pictures`.
"""

from __future__ import annotations

import json
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent))
from run import ROOT, server

import cspark.wasm as Hybrid
from cspark.wasm._calls import executions
from cspark.wasm._calls.steps import Compute, Send
from cspark.wasm._http.blocking import BlockingConnections
from cspark.wasm._http.echoes import Echoes

OPTIONS: dict[str, Any] = {'tenant': 'my-tenant', 'token': 'open', 'logger': False}
RECORD = {'height': 10, 'radius': 2}
SIZES = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]


def least(action: Callable[[], object]) -> float:
    """Seconds of one action, in its best round."""
    rounds: list[float] = []
    for _ in range(60):
        started = time.perf_counter()
        for _ in range(50):
            action()
        rounds.append((time.perf_counter() - started) / 50)
    return min(rounds)


def parts(url: str) -> dict[str, float]:
    """Seconds of the parts of a small call."""
    hybrid = Hybrid.Client(base_url=url, **OPTIONS)
    answer = hybrid.services.execute('shapes/cylinder', inputs=RECORD)
    sent: list[Send] = []

    def flow() -> None:
        running = executions.execute(hybrid.config, 'shapes/cylinder', None, {'inputs': RECORD})
        step = next(running)
        try:
            while True:
                if isinstance(step, Send):
                    sent[:] = [step]
                    step = running.send(answer._answer)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
                else:
                    step = running.send(step.function() if isinstance(step, Compute) else None)
        except StopIteration:
            return

    flow()
    connections = BlockingConnections(True, Echoes())
    step = sent[0]
    step.deadline += 3600
    where = urlsplit(url)
    bare = socket.create_connection((where.hostname or '', where.port or 80))
    bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    content = step.content or b''
    request = b'POST /t/api/v3/x HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n' % len(content) + content

    def trip() -> None:
        bare.sendall(request)
        bare.recv(1 << 16)

    whole, exchange = least(lambda: hybrid.services.execute('shapes/cylinder', inputs=RECORD)), 0.0
    exchange = least(lambda: connections.send(step))
    network, logic = least(trip), least(flow)
    return {
        'the network and the server': network,
        'HTTP: head, answer, connections': max(0.0, exchange - network),
        'the flow: names, JSON, retries, answer': logic,
        'the rest: performer and client': max(0.0, whole - exchange - logic),
    }


def grown(url: str, count: int) -> None:
    """Execute so many records and print the seconds and the megabytes at the peak."""
    started = time.perf_counter()
    with Hybrid.Client(base_url=url, **OPTIONS) as hybrid:
        results = hybrid.services.execute_many('shapes/cylinder', (RECORD for _ in range(count)))
        if sum(1 for _ in results) != count:
            raise SystemExit('records are missing')
    seconds = time.perf_counter() - started
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def growth(url: str) -> list[tuple[float, float]]:
    """Seconds and megabytes for each of the sizes, each in a process of its own."""
    command = [sys.executable, __file__, url]
    return [tuple(json.loads(subprocess.check_output([*command, str(size)]))) for size in SIZES]


def draw(times: dict[str, float], cost: list[tuple[float, float]]) -> None:
    """Both pictures."""
    import matplotlib as mpl

    mpl.use('svg')
    mpl.rcParams.update({'svg.hashsalt': 'pictures', 'font.size': 10})
    from matplotlib import pyplot as plt

    plot: Any = plt
    figure, axis = plot.subplots(figsize=(9, 1.9))
    start = 0.0
    for (name, seconds), colour in zip(times.items(), ['#a9b4c2', '#5c80bc', '#0b6e4f', '#e0a458'], strict=True):
        axis.barh([''], [seconds * 1e6], left=[start], color=colour, label=f'{name} ({seconds * 1e6:.0f} µs)')
        start += seconds * 1e6
    axis.set_xlabel('µs of a small blocking call')
    axis.spines[['top', 'right', 'left']].set_visible(False)
    axis.legend(ncols=2, frameon=False, loc='lower center', bbox_to_anchor=(0.5, 1.0))
    figure.tight_layout()
    figure.savefig(ROOT / 'docs' / 'call.svg', metadata={'Date': None})
    figure, axes = plot.subplots(1, 2, figsize=(9, 2.8))
    for axis, index, title in zip(axes, (0, 1), ('seconds', 'MB at the peak'), strict=True):
        axis.plot(SIZES, [one[index] for one in cost], marker='o', color='#0b6e4f')
        axis.set_xscale('log')
        axis.set_title(title)
        axis.set_xlabel('records')
        axis.spines[['top', 'right']].set_visible(False)
    axes[0].set_yscale('log')
    axes[1].set_ylim(bottom=0)
    figure.tight_layout()
    figure.savefig(ROOT / 'docs' / 'growth.svg', metadata={'Date': None})


def main() -> None:
    with server() as url:
        times, cost = parts(url), growth(url)
    for name, seconds in times.items():
        print(f'{seconds * 1e6:7.0f} µs  {name}')
    for size, (seconds, megabytes) in zip(SIZES, cost, strict=True):
        print(f'{size:9,d} records  {seconds:8.3f} s  {megabytes:6.1f} MB')
    draw(times, cost)


if __name__ == '__main__':
    if len(sys.argv) > 2:
        grown(sys.argv[1], int(sys.argv[2]))
    else:
        main()
