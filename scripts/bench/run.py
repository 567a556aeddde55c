"""Measure this package beside the published `cspark`, bare httpx, aiohttp and `http.client`, in one run.

Run it as `make bench`: it installs `cspark` into an environment of its own (the two packages' files collide), starts a
server that does nothing but answer, and writes docs/benchmarks.md and docs/benchmarks.svg. With `--smoke` it calls
everything once without `cspark` and writes nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
INCUMBENT = ROOT / '.venv-cspark'
ROUNDS = 3


@dataclass(frozen=True)
class Row:
    """A figure with its goal."""

    what: str
    goal: str
    holds: bool | None
    shown: str


@contextmanager
def server(*settings: str, certificate: str = '') -> Generator[str]:
    """The address of a server that only answers."""
    command = [sys.executable, str(HERE / 'server.py'), '0', *settings]
    environment = {**os.environ, 'BENCH_CERTIFICATE': certificate}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout  # noqa: S101
            port = process.stdout.readline().strip()
            yield f'https://localhost:{port}' if certificate else f'http://127.0.0.1:{port}'
        finally:
            process.terminate()


class Measured:
    """A process that measures what it is told to."""

    def __init__(self, stack: ExitStack, python: Path | str, script: str, *urls: str, **settings: str) -> None:
        command = [str(python), '-W', 'ignore', str(HERE / script), *urls]
        environment = {**os.environ, **settings}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
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


def installed(environment: Path, *packages: str) -> Path:
    """The Python of an environment that has these packages, and nothing of ours."""
    python = environment / 'bin' / 'python'
    if not (environment / 'ready').exists():
        subprocess.run([sys.executable, '-m', 'venv', str(environment)], check=True)
        subprocess.run([str(python), '-m', 'pip', 'install', '--quiet', *packages], check=True)
        (environment / 'ready').touch()
    return python


def row(what: str, goal: str, found: float, holds: bool | None, unit: str = '') -> Row:
    """A row of the table; a figure without a goal is there to compare with."""
    return Row(what, goal, holds, f'{found:.3g}{unit}')


class Everything:
    """The processes that measure: this package's, the published client's, and what people would use instead."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.urls = stack.enter_context(server()), stack.enter_context(server('0.02', '8'))
        self.ours = Measured(stack, sys.executable, 'calls.py', *self.urls)
        self.others = self.another()
        self.theirs = Measured(stack, installed(INCUMBENT, 'cspark==0.3.3'), 'calls.py', *self.urls)

    def another(self) -> Measured:
        """A process of its own, for what a process had once is not given back."""
        return Measured(self._stack, sys.executable, 'others.py', *self.urls)

    @staticmethod
    def least(**measured: tuple[Measured, str]) -> dict[str, float]:
        """The best of some rounds in which everything takes its turn."""
        rounds = [{name: by(what) for name, (by, what) in measured.items()} for _ in range(ROUNDS)]
        return {name: min(one[name] for one in rounds) for name in measured}

    def small_calls(self) -> tuple[list[Row], dict[str, dict[str, float]]]:
        """The rows of small calls, and the figures for the picture."""
        ours, theirs, others = self.ours, self.theirs, self.others
        small = self.least(
            cspark=(theirs, 'small'),
            ours=(ours, 'small'),
            httpx=(others, 'small_by_httpx'),
            http_client=(others, 'small_by_http_client'),
            socket=(others, 'small_by_socket'),
        )
        at_once = self.least(
            cspark=(theirs, 'at_once'),
            ours=(ours, 'at_once'),
            httpx=(others, 'at_once_by_httpx'),
            aiohttp=(others, 'at_once_by_aiohttp'),
        )
        of_socket, of_aiohttp = small['ours'] / small['socket'], at_once['aiohttp'] / at_once['ours']
        threads = self.least(cspark=(theirs, 'threads'), ours=(ours, 'threads'))
        by_threads = threads['cspark'] / threads['ours']
        build = self.least(cspark=(theirs, 'build'), ours=(ours, 'build'))
        httpx_alone, whole, with_client = others('imports')
        beyond = (whole - httpx_alone) * 1e3
        ratio, rate = small['ours'] / small['cspark'], at_once['cspark'] / at_once['ours']
        call, calls = 'a small blocking call', 'calls a second at 50 in flight'
        rows = [
            row(f"{call}, of `cspark`'s time", 'at most 0.40', ratio, ratio <= 0.40),
            row(f"{call}, of bare httpx's time", '', small['ours'] / small['httpx'], None),
            row(f"{call}, of bare `http.client`'s time", '', small['ours'] / small['http_client'], None),
            row(f"{call}, of a bare socket's time for the same bytes", 'at most 1.6', of_socket, of_socket <= 1.6),
            row(f"{calls}, of `cspark`'s", 'at least 25', rate, rate >= 25),
            row(f"{calls}, of bare httpx's", '', at_once['httpx'] / at_once['ours'], None),
            row(f"{calls}, of bare aiohttp's", 'at least 1', of_aiohttp, of_aiohttp >= 1),
            row("calls a second of 8 threads on one client, of `cspark`'s", 'at least 5', by_threads, by_threads >= 5),
            *self.over_tls(),
            row('building a client', 'below 1 ms', build['ours'] * 1e3, build['ours'] < 0.001, ' ms'),
            row("building a client, of `cspark`'s time", '', build['ours'] / build['cspark'], None),
            row('importing, beyond importing httpx', 'at most 0 ms', beyond, beyond <= 0, ' ms'),
            row("importing with the client, of httpx's time", '', with_client / httpx_alone, None),
            *self.around(),
        ]
        return rows, {'a small blocking call, µs': small, 'an async call at 50 in flight, µs': at_once}

    def around(self) -> list[Row]:
        """The rows of the command and of telemetry."""
        python, command = self.others('start')
        watched, off = self.others('telemetry')
        start, share = (command - python) * 1e3, watched / off
        call = 'a small call with the API of OpenTelemetry and no SDK, of one with telemetry switched off'
        return [
            row('`cspark-wasm --version`, beyond Python itself', 'below 100 ms', start, start < 100, ' ms'),
            row(call, 'at most 1.03', share, share <= 1.03),
        ]

    def over_tls(self) -> list[Row]:
        """The rows of small calls over TLS."""
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            authority = trustme.CA()
            authority.cert_pem.write_to_path(folder / 'authority.pem')
            authority.issue_cert('localhost').private_key_and_cert_chain_pem.write_to_path(folder / 'server.pem')
            url = stack.enter_context(server(certificate=str(folder / 'server.pem')))
            trust = {'SSL_CERT_FILE': str(folder / 'authority.pem')}
            ours = Measured(stack, sys.executable, 'calls.py', url, url, **trust)
            theirs = Measured(stack, installed(INCUMBENT, 'cspark==0.3.3'), 'calls.py', url, url, **trust)
            small = self.least(cspark=(theirs, 'small'), ours=(ours, 'small'))
            at_once = self.least(cspark=(theirs, 'at_once'), ours=(ours, 'at_once'))
        share, rate = small['ours'] / small['cspark'], at_once['cspark'] / at_once['ours']
        return [
            row("a small blocking call over TLS, of `cspark`'s time", 'at most 0.40', share, share <= 0.40),
            row("calls a second at 50 in flight over TLS, of `cspark`'s", 'at least 25', rate, rate >= 25),
        ]

    def large_calls(self) -> list[Row]:
        """The rows of calls with many records, and of uploads."""
        encode = self.least(cspark=(self.theirs, 'encode'), ours=(self.ours, 'encode'))
        coding = encode['ours'] / encode['cspark']
        batch = self.least(cspark=(self.theirs, 'batch'), ours=(self.ours, 'batch'))
        whole = batch['ours'] / batch['cspark']
        stop = self.others('stall')[0] * 1e3
        memory = max(self.another()('batch_memory'), self.another()('batch_memory_async'))
        upload = max(self.another()('upload_memory')) / 1e6
        layouts = self.others('layouts')
        columnar = [of / by for of, by in zip(layouts['columnar'], layouts['rows'], strict=True)]
        records = '100,000 records'
        return [
            row(f"encoding {records} with gzip, of `cspark`'s time", 'at most 0.05', coding, coding <= 0.05),
            row(f"a whole call with {records} and gzip, of `cspark`'s time", 'at most 0.06', whole, whole <= 0.06),
            row(f'the longest stop of an event loop, {records}', 'at most 20 ms', stop, stop <= 20, ' ms'),
            row(f'peak memory of {records} with gzip, of their JSON', 'at most 3', memory, memory <= 3),
            row(f'{records} with gzip columnar, of the time by rows', '', columnar[0], None),
            row(f'{records} with gzip columnar, of the bytes by rows', '', columnar[1], None),
            row('memory that an upload of 300 MB adds', 'below 16 MB', upload, upload < 16, ' MB'),
        ]

    def many_records(self) -> list[Row]:
        """The rows of `execute_many` and of the local runner."""
        of_loop = self.ours('many') / self.theirs('loop')
        rates = json.loads(subprocess.check_output([sys.executable, str(HERE / 'instances.py')]))
        *_, most = rates
        gain = rates[most] / rates['1']
        share = float(subprocess.check_output([sys.executable, str(HERE / 'bare.py')], cwd=ROOT))
        bare = "the local runner's records a second, of a bare V8 loop's"
        instances = f"the insurance sample by `execute_many`, {most} instances, of one's records a second"
        return [
            row("100,000 records by `execute_many`, of the loop's time", 'at most 0.167', of_loop, of_loop <= 1 / 6),
            row(instances, 'above 1', gain, gain > 1),
            row(bare, 'at least 0.85', share, share >= 0.85),
        ]


def by_source() -> list[Row]:
    """The rows of what `execute_many` costs by the kind of its inputs, and of its memory."""
    with ExitStack() as stack:
        url = stack.enter_context(server())
        rows_of = Measured(stack, sys.executable, 'sources.py', url, '20000')
        times = rows_of('seconds')
        narrow = Measured(stack, sys.executable, 'sources.py', url, '200000')('narrow')
        wide = Measured(stack, sys.executable, 'sources.py', url, '200000')('wide')
    usual = times.pop('dictionaries')
    return [
        *(row(f"20,000 records from {kind}, of the time from dictionaries", '', of / usual, None)
          for kind, of in times.items()),
        row('memory that 200,000 records of 5 names add', 'below 300 MB', narrow, narrow < 300, ' MB'),
        row('memory that 4,000 records of 2,000 names add', 'below 300 MB', wide, wide < 300, ' MB'),
    ]  # fmt: skip


def beside_vendor() -> list[Row]:
    """The rows of the local runner beside the vendor's engine behind a small Node server."""
    printed = subprocess.check_output([sys.executable, str(HERE / 'vendor.py')], text=True)
    found: dict[str, Any] = {line['sample']: line for line in map(json.loads, printed.splitlines())}

    def ratio(sample: str, what: str, of: str = 'vendor') -> float:
        share: float = found[sample]['two'][what] / found[sample][of][what]
        return share

    chunks = "records a second in chunks, of the vendor's engine in Node"
    calls = 'v3 calls a second at 50 in flight, of the same'
    rows = [row(f'`{sample}`: {chunks}', f'at least {goal}', share := ratio(sample, 'records_a_second'), share >= goal)
            for sample, goal in (('projection', 1.4), ('cylinder', 1.0), ('term-life', 1.0))]  # fmt: skip
    gain = ratio('projection', 'records_a_second', 'one')
    rows.append(row('`projection`: two instances, of the records a second of one', 'at least 1.7', gain, gain >= 1.7))
    for sample in found:
        share, times = ratio(sample, 'calls_a_second'), ratio(sample, 'seconds_a_call')
        rows.append(row(f'`{sample}`: {calls}', 'at least 0.35', share, share >= 0.35))
        rows.append(row(f'`{sample}`: the time of one v3 call alone, of the same', 'at most 3', times, times <= 3))
    return rows


def measure(stack: ExitStack) -> tuple[list[Row], dict[str, dict[str, float]]]:
    """All figures, and those for the picture."""
    everything = Everything(stack)
    small, groups = everything.small_calls()
    return [*small, *everything.large_calls(), *everything.many_records(), *by_source(), *beside_vendor()], groups


def table(rows: list[Row]) -> str:
    """The figures as a table in Markdown."""
    lines = ['| what | goal | measured | holds |', '|---|---|---|---|']
    words = {True: 'yes', False: 'no', None: ''}
    lines += [f'| {row.what} | {row.goal} | {row.shown} | {words[row.holds]} |' for row in rows]
    return '\n'.join(lines)


def draw(groups: dict[str, dict[str, float]]) -> None:
    """The picture: two groups of bars."""
    import matplotlib as mpl

    mpl.use('svg')
    mpl.rcParams.update({'svg.hashsalt': 'benchmarks', 'font.size': 10})
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 2.8))
    names = {'ours': 'cspark-wasm', 'http_client': 'http.client', 'socket': 'bare socket'}
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

Written by `make bench`: {version}, Python {python}, {cores} cores.
Client and server are on one machine, and all is measured in one run and in turns. Compare the ratios; the times are
this machine's. `cspark` is the published client, 0.3.3. The server answers a fixed body at once; for the loop it takes
20 ms a call and serves eight at a time, and a call has 500 records. A row without a goal is there to compare with.

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
        print(
            {
                name: others(name)
                for name in ('small_by_http_client', 'at_once_by_aiohttp', 'stall', 'layouts', 'start', 'telemetry')
            }
        )
        by_kind = Measured(stack, sys.executable, 'sources.py', urls[0], '500')
        print({name: by_kind(name) for name in ('seconds', 'narrow', 'wide')})
    print({'instances': subprocess.check_output([sys.executable, str(HERE / 'instances.py'), '200', '1'], text=True)})
    return 0


def main() -> int:
    if '--smoke' in sys.argv:
        return smoke()
    with ExitStack() as stack:
        rows, groups = measure(stack)
    print(table(rows))
    from cspark.wasm import __version__

    draw(groups)
    python, cores = sys.version.split()[0], os.cpu_count()
    page = PAGE.format(version=f'cspark-wasm {__version__}', python=python, cores=cores, table=table(rows))
    (ROOT / 'docs' / 'benchmarks.md').write_text(page)
    return 0 if all(row.holds is not False for row in rows) else 1


if __name__ == '__main__':
    sys.exit(main())
