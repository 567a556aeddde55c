"""The local runner beside a small Node server around the vendor's engine, in turn, with the same requests.

Run it as `python scripts/bench/vendor.py [ROUNDS]`; `make bench` does. It prints a row a figure, as JSON. Both have two
instances of the model, and share the machine with the load.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from load import calls_a_second, seconds_a_call

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from vendor_engine import INSTALLED, install, node

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
ENGINE: Final = INSTALLED / 'node_modules' / '@coherentglobal' / 'wasm-runner'

SAMPLES: Final[dict[str, tuple[str, list[dict[str, Any]]]]] = {
    'cylinder': ('shapes/cylinder', [{'height': i % 50 + 1, 'radius': 2, 'density': 3} for i in range(500)]),
    'term-life': (
        'insurance/term-life',
        [{'birth_date': f'{1950 + i % 50}-03-01', 'sum_assured': 100_000 + i} for i in range(200)],
    ),
    'projection': ('insurance/projection', [{'age': 20 + i % 50, 'months': 300} for i in range(40)]),
}


@contextmanager
def started(command: list[str], pattern: str) -> Generator[int]:
    """The port of a server, which it prints."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout  # noqa: S101
            for line in process.stdout:
                if found := re.search(pattern, line):
                    yield int(found[1])
                    break
        finally:
            process.kill()


@contextmanager
def runner(name: str, instances: int) -> Generator[int]:
    """The local runner with one sample."""
    package = ROOT / 'samples' / 'packages' / f'{name}.zip'
    command = [sys.executable, '-m', 'cspark.wasm', 'serve', str(package), '--port', '0', '--instances', str(instances)]
    with started(command, r'http://127\.0\.0\.1:(\d+)') as port:
        yield port


@contextmanager
def vendor(name: str, workers: int) -> Generator[int]:
    """A Node server around the vendor's engine with the newest version of one sample."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(ROOT / 'samples' / 'packages' / f'{name}.zip') as archive:
            *_, model = sorted(path for path in archive.namelist() if path.endswith('.zip'))
            path = Path(folder) / 'model.zip'
            path.write_bytes(archive.read(model))
        command = [node(), str(HERE / 'vendor_server.js'), str(ENGINE), str(path), str(workers)]
        with started(command, r'^port (\d+)') as port:
            yield port


def figures(port: int, name: str) -> dict[str, float]:
    """Records a second in chunks of v4, v3 calls a second at 50 in flight, and the time of one v3 call alone."""
    service, records = SAMPLES[name]
    many = json.dumps({'service': service, 'inputs': records}).encode()
    folder, _, of = service.partition('/')
    one = json.dumps({'request_data': {'inputs': records[0]}, 'request_meta': {}}).encode()
    path = f'/my-tenant/api/v3/folders/{folder}/services/{of}/execute'
    chunks = calls_a_second(port, '/my-tenant/api/v4/execute', many, connections=2, calls=8)
    return {
        'records_a_second': chunks * len(records),
        'calls_a_second': calls_a_second(port, path, one, connections=50, calls=max(200, 3 * len(records))),
        'seconds_a_call': seconds_a_call(port, path, one, calls=len(records)),
    }


def main(rounds: int = 3) -> int:
    install()
    for name in SAMPLES:
        with ExitStack() as stack:
            ports = {
                'one': stack.enter_context(runner(name, 1)),
                'two': stack.enter_context(runner(name, 2)),
                'vendor': stack.enter_context(vendor(name, 2)),
            }
            for port in ports.values():
                figures(port, name)
            found = [{who: figures(port, name) for who, port in ports.items()} for _ in range(rounds)]
        best = {
            who: {
                what: (min if what == 'seconds_a_call' else max)(one[who][what] for one in found)
                for what in found[0][who]
            }
            for who in ports
        }
        print(json.dumps({'sample': name, **best}), flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main(*map(int, sys.argv[1:])))
