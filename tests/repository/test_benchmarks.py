"""The benchmarks run, and what the README says of them is what they wrote; no clock is looked at."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from support.packages import ROOT

pytestmark = pytest.mark.thorough

SCRIPT = ROOT / 'scripts' / 'bench' / 'run.py'


def test_every_measurement_of_ours_runs() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), '--smoke'], capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr
    ours = ('small', 'at_once', 'build', 'encode', 'many', 'stall', 'layouts', 'instances', 'seconds', 'narrow', 'wide')
    for name in (*ours, 'small_by_http_client', 'at_once_by_aiohttp'):
        assert f"'{name}'" in done.stdout


def test_the_figures_of_the_readme_are_those_of_the_benchmarks() -> None:
    rows = re.findall(r'^\| .* \|$', (ROOT / 'docs' / 'benchmarks.md').read_text(), re.MULTILINE)
    speed = (ROOT / 'README.md').read_text().partition('| what | goal | measured | holds |')[2].partition('\n\n')[0]
    shown = [row for row in speed.splitlines() if row.startswith('| ')]
    assert len(shown) >= 4
    assert set(shown) <= set(rows)
