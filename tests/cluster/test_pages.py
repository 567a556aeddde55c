"""The examples of the guide run as they stand there, against a runner on the port that they name."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from cluster.conftest import CountingRunner

from support.packages import ROOT

BLOCK = re.compile(r'^```(?:python|\{code-block\} python)\n(.*?)^```$', re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall((ROOT / 'docs' / 'clusters.md').read_text())


@pytest.mark.timeout(200)
@pytest.mark.parametrize('code', BLOCKS, ids=['threads', 'dask', 'ray', 'spark'])
def test_the_example_runs(code: str, counting: CountingRunner) -> None:
    told = code.replace('http://localhost:3000', counting.url)
    assert told != code
    run = subprocess.run(
        [sys.executable, '-c', told], cwd=ROOT, capture_output=True, text=True, timeout=180, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()
