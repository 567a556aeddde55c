"""Where `isal` has no wheel, zlib compresses, and the wire is the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.packages import ROOT

WITHOUT = """
import os, sys
os.environ['PYTEST_DISABLE_PLUGIN_AUTOLOAD'] = '1'
sys.modules['isal'] = None
import pytest
sys.exit(pytest.main(['-q', *'-p no:cacheprovider -p anyio -p pytest_timeout'.split(), *sys.argv[1:]]))
"""


@pytest.mark.thorough
def test_the_wire_format_is_the_same_without_isal() -> None:
    tests = ['tests/calls/test_wire_format.py', 'tests/codec/test_compression.py']
    done = subprocess.run(
        [sys.executable, '-c', WITHOUT, *tests], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout
