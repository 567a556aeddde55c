"""Code from pages, run as a reader would run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from check_docs import python_blocks


def blocks(*pages: Path) -> list[object]:
    """The Python blocks of pages, named by page and line."""
    return [pytest.param(code, id=f'{page.name}:{line}') for page in pages for line, code in python_blocks(page)]


def run(code: str, folder: Path, **variables: str) -> str:
    """Run a block as a program of its own, with these variables of its environment; what it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith('CSPARK_')} | variables
    command = [sys.executable, '-c', code]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
