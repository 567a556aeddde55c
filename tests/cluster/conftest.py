"""What the tests on clusters share: a book, what a plain loop makes of it, a runner that counts, and the engines."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster.books import SOME, book, computed_in_a_loop
from cluster.engines import ENGINES

import cspark.wasm as Hybrid
from support.packages import CYLINDER, TERM_LIFE

os.environ['PYSPARK_PYTHON'] = sys.executable  # Spark's workers would start the first `python3` of the path
os.environ['SPARK_LOCAL_IP'] = '127.0.0.1'  # its parts would talk to each other by the machine's address
os.environ['RAY_USAGE_STATS_ENABLED'] = '0'


class CountingRunner:
    """A runner in another process that can be killed and started again, and that remembers what it has answered."""

    def __init__(self, file: Path, most: int = 1000) -> None:
        self._file = file
        self._file.touch()
        self._most = most
        with socket.create_server(('127.0.0.1', 0)) as server:
            self._port: int = server.getsockname()[1]
        self.url = f'http://127.0.0.1:{self._port}'
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, and wait until it is healthy."""
        program = [sys.executable, str(Path(__file__).with_name('counting_runner.py'))]
        places = [str(self._port), str(self._file), str(self._most), str(TERM_LIFE), str(CYLINDER)]
        self._process = subprocess.Popen([*program, *places])
        Hybrid.Client.health_check(self.url, max_retries=Hybrid.RetryPolicy(max_retries=100, interval=0.1))

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    @property
    def process_id(self) -> int:
        """The id of its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The calls that were answered."""
        return [json.loads(line) for line in self._file.read_text().splitlines() if line.endswith('}')]

    @property
    def answered(self) -> Counter[str]:
        """How often each record was answered."""
        return Counter(one for call in self.calls for one in call['ids'])

    def wait_for(self, calls: int) -> None:
        """Wait until so many calls are answered."""
        while len(self.calls) < calls:
            time.sleep(0.05)


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[CountingRunner]:
    """A runner that counts."""
    runner = CountingRunner(tmp_path / 'answered.jsonl')
    yield runner
    runner.kill()


@pytest.fixture(scope='session')
def policies() -> Any:
    """A hundred thousand policies."""
    return book()


@pytest.fixture(scope='session')
def some(policies: Any) -> Any:
    """The first of them."""
    return policies.slice(0, SOME)


@pytest.fixture(scope='session')
def expected(policies: Any) -> Any:
    """What a plain loop computes."""
    return computed_in_a_loop(policies)


@pytest.fixture(scope='session', params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each engine."""
    started = ENGINES[request.param]()
    yield started
    started.close()
