"""Where `orjson` and `isal` have no wheel, the standard library serves, and everything reads and writes alike."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.packages import ROOT

WITHOUT = """
import sys
sys.modules['orjson'] = sys.modules['isal'] = None
import pytest
sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', *sys.argv[1:]]))
"""


@pytest.mark.parametrize('tests', ['tests/values/test_input_values.py', 'tests/values/test_inputs.py'])
def test_the_tests_of_inputs_pass_on_the_standard_library(tests: str) -> None:
    done = subprocess.run(
        [sys.executable, '-c', WITHOUT, tests], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_wire_format_is_the_same_on_the_standard_library() -> None:
    done = subprocess.run(
        [sys.executable, '-c', WITHOUT, 'tests/faces/test_wire_format.py', 'tests/faces/test_verbs.py'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_many_records_and_their_checkpoint_are_the_same_on_the_standard_library() -> None:
    chosen = 'of_every_form or torn or values_of_all_kinds or goes_on_where_it_was'
    tests = ['tests/many/test_execute_many.py', 'tests/many/test_checkpoint.py', '-k', chosen]
    done = subprocess.run(
        [sys.executable, '-c', WITHOUT, *tests], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout
