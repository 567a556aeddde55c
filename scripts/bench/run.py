"""Measure this package beside the published `cspark`, bare httpx, aiohttp and `http.client`, in one run.

Run it as `make bench`: it installs `cspark` into an environment of its own (the two packages' files collide), starts a
server that does nothing but answer, and writes docs/benchmarks.md and docs/benchmarks.svg. With `--smoke` it calls
everything once without `cspark` and writes nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
INCUMBENT = ROOT / '.venv-cspark'
ROUNDS = 3


@dataclass(frozen=True)
class Row:
    """A figure with its goal."""

    what: str
    goal: str
    found: float
    holds: bool
    shown: str


@contextmanager
def server(*settings: str) -> Generator[str]:
    """The address of a server that only answers."""
    command = [sys.executable, str(HERE / 'server.py'), '0', *settings]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout  # noqa: S101
            yield f'http://127.0.0.1:{process.stdout.readline().strip()}'
        finally:
            process.terminate()


class Measured:
    """A process that measures what it is told to."""

    def __init__(self, stack: ExitStack, python: Path | str, script: str, *urls: str) -> None:
        command = [str(python), '-W', 'ignore', str(HERE / script), *urls]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        stack.callback(self._process.wait, 60)
        stack.callback(self._process.kill)
        self._answer()

    def _answer(self) -> str:
        assert self._process.stdout  # noqa: S101
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit('a measurement failed; its words stand above')
        return line

    def __call__(self, name: str) -> Any:
        assert self._process.stdin  # noqa: S101
        print(name, file=self._process.stdin, flush=True)
        return json.loads(self._answer())


def incumbent() -> Path:
    """The published client, in an environment of its own."""
    python = INCUMBENT / 'bin' / 'python'
    if not (INCUMBENT / 'ready').exists():
        subprocess.run([sys.executable, '-m', 'venv', str(INCUMBENT)], check=True)
        subprocess.run([str(python), '-m', 'pip', 'install', '--quiet', 'cspark==0.3.3'], check=True)
        (INCUMBENT / 'ready').touch()
    return python


def measure(stack: ExitStack) -> tuple[list[Row], dict[str, dict[str, float]]]:
    """All figures with a goal, and those for the picture."""
    urls = stack.enter_context(server()), stack.enter_context(server('0.02', '8'))
    ours = Measured(stack, sys.executable, 'calls.py', *urls)
    others = Measured(stack, sys.executable, 'others.py', *urls)
    theirs = Measured(stack, incumbent(), 'calls.py', *urls)

    def least(**measured: tuple[Measured, str]) -> dict[str, float]:
        """The best of some rounds in which everything takes its turn."""
        rounds = [{name: by(what) for name, (by, what) in measured.items()} for _ in range(ROUNDS)]
        return {name: min(one[name] for one in rounds) for name in measured}

    small = least(
        cspark=(theirs, 'small'),
        ours=(ours, 'small'),
        httpx=(others, 'small_by_httpx'),
        http_client=(others, 'small_by_http_client'),
    )
    at_once = least(
        cspark=(theirs, 'at_once'),
        ours=(ours, 'at_once'),
        httpx=(others, 'at_once_by_httpx'),
        aiohttp=(others, 'at_once_by_aiohttp'),
    )
    encode = least(cspark=(theirs, 'encode'), ours=(ours, 'encode'))
    build = least(cspark=(theirs, 'build'), ours=(ours, 'build'))
    loop, many = theirs('loop'), ours('many')
    imported = others('imports')
    longest, _ = others('stall')
    # Memory is measured in processes of their own: what a process had once is not given back.
    batch = Measured(stack, sys.executable, 'others.py', *urls)('batch_memory')
    upload = Measured(stack, sys.executable, 'others.py', *urls)('upload_memory')
    share = float(subprocess.check_output([sys.executable, str(HERE / 'bare.py')], cwd=ROOT))

    def row(what: str, goal: str, found: float, holds: bool, unit: str = '') -> Row:
        return Row(what, goal, found, holds, f'{found:.3g}{unit}')

    ratio = small['ours'] / small['cspark']
    rate = at_once['cspark'] / at_once['ours']
    coding = encode['ours'] / encode['cspark']
    rows = [
        row("a small blocking call, of `cspark`'s time", 'at most 0.40', ratio, ratio <= 0.40),
        row("calls a second at 50 in flight, of `cspark`'s", 'at least 8', rate, rate >= 8),
        row("encoding 100,000 records with gzip, of `cspark`'s time", 'at most 0.05', coding, coding <= 0.05),
        row(
            "100,000 records by `execute_many`, of the loop's time", 'at most 0.167', many / loop, many / loop <= 1 / 6
        ),
        row('building a client', 'below 1 ms', build['ours'] * 1e3, build['ours'] < 0.001, ' ms'),
        row(
            'importing, beyond importing httpx',
            'at most 15 ms',
            (imported[1] - imported[0]) * 1e3,
            imported[1] - imported[0] <= 0.015,
            ' ms',
        ),
        row(
            'the longest stop of an event loop, 100,000 records', 'at most 20 ms', longest * 1e3, longest <= 0.02, ' ms'
        ),
        row('peak memory of sending 100,000 records, of their JSON', 'at most 3', batch, batch <= 3),
        row('memory that an upload of 300 MB adds', 'below 16 MB', max(upload) / 1e6, max(upload) < 16e6, ' MB'),
        row("the local runner's records a second, of a bare V8 loop's", 'at least 0.85', share, share >= 0.85),
    ]
    return rows, {'a small blocking call, µs': small, 'an async call at 50 in flight, µs': at_once}


def table(rows: list[Row]) -> str:
    """The figures as a table in Markdown."""
    lines = ['| what | goal | measured | holds |', '|---|---|---|---|']
    lines += [f'| {row.what} | {row.goal} | {row.shown} | {"yes" if row.holds else "no"} |' for row in rows]
    return '\n'.join(lines)


def draw(groups: dict[str, dict[str, float]]) -> None:
    """The picture: two groups of bars."""
    import matplotlib as mpl

    mpl.use('svg')
    mpl.rcParams.update({'svg.hashsalt': 'benchmarks', 'font.size': 10})
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 2.8))
    names = {'ours': 'cspark-wasm', 'http_client': 'http.client'}
    for axis, (title, times) in zip(axes, groups.items(), strict=True):
        labels = [names.get(name, name) for name in times]
        colours = ['#0b6e4f' if name == 'ours' else '#a9b4c2' for name in times]
        bars = axis.barh(labels, [seconds * 1e6 for seconds in times.values()], color=colours)
        axis.bar_label(bars, fmt='%.0f', padding=3)
        axis.set_title(title)
        axis.spines[['top', 'right']].set_visible(False)
        axis.margins(x=0.15)
        axis.invert_yaxis()
    figure.tight_layout()
    figure.savefig(  # pyright: ignore[reportUnknownMemberType]
        ROOT / 'docs' / 'benchmarks.svg', metadata={'Date': None}
    )


PAGE = """# Benchmarks

Written by `make bench`: {version}, Python {python}, 2 cores, client and server on one machine, all in one run and in
turns. Compare the ratios; the times are this machine's. `cspark` is the published client, 0.3.3. The server answers a
fixed body at once; for `execute_many` it takes 20 ms a call and serves eight at a time, and a call has 500 records.

{table}

![Times of a call](benchmarks.svg)

What is behind the figures, and what was tried instead: [performance](performance.md).
"""


def smoke() -> int:
    """Call everything that is ours once, and look at no clock."""
    with ExitStack() as stack:
        urls = stack.enter_context(server()), stack.enter_context(server('0.001', '8'))
        ours = Measured(stack, sys.executable, 'calls.py', *urls)
        others = Measured(stack, sys.executable, 'others.py', *urls)
        names = ('small', 'at_once', 'build', 'encode', 'many')
        print({name: ours(name) for name in names})
        print({name: others(name) for name in ('small_by_http_client', 'at_once_by_aiohttp', 'stall')})
    return 0


def main() -> int:
    if '--smoke' in sys.argv:
        return smoke()
    with ExitStack() as stack:
        rows, groups = measure(stack)
    print(table(rows))
    from cspark.wasm import __version__

    draw(groups)
    page = PAGE.format(version=f'cspark-wasm {__version__}', python=sys.version.split()[0], table=table(rows))
    (ROOT / 'docs' / 'benchmarks.md').write_text(page)
    return 0 if all(row.holds for row in rows) else 1


if __name__ == '__main__':
    sys.exit(main())
