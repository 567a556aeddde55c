"""Projects with tests of their own, run by pytest in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Final

from support.packages import CYLINDER

INI: Final = """
    [pytest]
    cspark_packages = packages/cylinder.zip
"""
LEAKS: Final = ('ResourceWarning', 'Exception ignored', 'Traceback (most recent call last)')


class Suite:
    """A project in a folder.

    Args:
        folder: The folder, which exists.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project, without the indentation of the text."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding='utf-8')
        return path

    def package(self, name: str = 'packages/cylinder.zip', package: Path | bytes = CYLINDER) -> Path:
        """Put a package into the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(package, Path):
            shutil.copy(package, path)
        else:
            path.write_bytes(package)
        return path

    def run(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run pytest in the project, where every warning is an error."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(('PYTEST_', 'CSPARK_', 'COVERAGE_', 'COV_', 'PYTHONWARNINGS'))
        }
        command = [sys.executable, '-X', 'dev', '-m', 'pytest', '-W', 'error', '-p', 'no:cacheprovider', *arguments]
        return subprocess.run(
            command, cwd=cwd or self.folder, env=environment, capture_output=True, text=True, timeout=110, check=False
        )

    def passes(self, count: int, *arguments: str, cwd: Path | None = None) -> str:
        """Run pytest; assert that so many tests pass and that nothing is left open; return what it prints."""
        done = self.run(*arguments, cwd=cwd)
        printed = done.stdout + done.stderr
        assert done.returncode == 0, printed
        assert f'{count} passed' in done.stdout, printed
        assert not [leak for leak in LEAKS if leak in printed], printed
        return done.stdout
