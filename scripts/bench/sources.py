"""Measure the time of `execute_many` for each kind of input, and its memory with narrow and with wide records.

`scripts/bench/run.py` starts it, sends it the names of measurements, one per line, and reads the results as JSON. By
hand, start `python scripts/bench/sources.py URL COUNT` and type `seconds`, `narrow` or `wide`. Measure memory in a new
process each time, because the peak of a process never goes down.
"""

from __future__ import annotations

import datetime as dt
import importlib
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cspark.wasm as Hybrid

URL, COUNT = sys.argv[1], int(sys.argv[2])
OPTIONS: dict[str, Any] = {'base_url': URL, 'tenant': 'my-tenant', 'token': 'open', 'logger': False}
ROUNDS = 3
START = dt.date(1950, 1, 1)


def record(number: int) -> dict[str, Any]:
    """A policy."""
    return {
        'policy': f'P{number:07d}',
        'birth_date': (START + dt.timedelta(days=number % 20_000)).isoformat(),
        'sum_assured': 50_000 + number % 900 * 1000,
        'discount': number % 1000 / 1000,
        'smoker': number % 7 == 0,
    }


def sources(folder: Path) -> dict[str, Callable[[], Any]]:
    """The same records in each kind of source."""
    pd: Any = importlib.import_module('pandas')
    pl: Any = importlib.import_module('polars')
    pa: Any = importlib.import_module('pyarrow')
    parquet: Any = importlib.import_module('pyarrow.parquet')
    records = [record(number) for number in range(COUNT)]
    frame = pd.DataFrame(records)
    dated = frame.assign(birth_date=pd.to_datetime(frame['birth_date']))
    polars, array = pl.from_pandas(frame), dated.to_records(index=False)
    table = pa.Table.from_pylist(records)
    frame.to_csv(folder / 'in.csv', index=False)
    frame.to_excel(folder / 'in.xlsx', index=False)
    parquet.write_table(table, folder / 'in.parquet')
    (folder / 'in.jsonl').write_text(''.join(json.dumps(one) + '\n' for one in records))
    return {
        'dictionaries': lambda: records,
        'a pandas frame': lambda: frame,
        'a pandas frame with dates': lambda: dated,
        'a polars frame': lambda: polars,
        'an Arrow table': lambda: table,
        'a structured numpy array': lambda: array,
        'a Parquet file': lambda: folder / 'in.parquet',
        'a JSON Lines file': lambda: folder / 'in.jsonl',
        'a CSV file': lambda: folder / 'in.csv',
        'an Excel file': lambda: folder / 'in.xlsx',
    }


def seconds() -> dict[str, float]:
    """The seconds of a whole run by kind of source: the best of some rounds in which each takes its turn."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name, Hybrid.Client(**OPTIONS) as hybrid:
        kinds = sources(Path(name))
        for _ in range(ROUNDS):
            for kind, source in kinds.items():
                started = time.perf_counter()
                done = sum(1 for _ in hybrid.services.execute_many('insurance/term-life', source(), chunk_size=5000))
                assert done == COUNT  # noqa: S101
                found[kind] = min(found.get(kind, float('inf')), time.perf_counter() - started)
    return found


def _peak(records: Iterator[dict[str, Any]]) -> float:
    """The megabytes that a run of these adds to what a small run took."""
    with Hybrid.Client(**OPTIONS) as hybrid:
        list(hybrid.services.execute_many('f/s', [record(0)] * 10))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in hybrid.services.execute_many('f/s', records):
            pass
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def narrow() -> float:
    """The megabytes that a run with `COUNT` generated records of 5 fields takes."""
    return _peak(record(number) for number in range(COUNT))


def wide() -> float:
    """The megabytes that a run with a fiftieth as many generated records of 2,000 fields takes."""
    return _peak({f'name {name}': name * number / 7 for name in range(2000)} for number in range(COUNT // 50))


if __name__ == '__main__':
    print('ready', flush=True)
    for line in sys.stdin:
        print(json.dumps(globals()[line.strip()]()), flush=True)
