"""Run the tests on every supported Python that is installed, each in an environment of its own.

Run it as `python scripts/run_matrix.py [--only VERSION] [PATH ...]`; without paths it runs the rooms whose
code differs by version.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
VERSIONS: Final = ('3.11', '3.12', '3.13', '3.14')
ROOMS: Final = ('tests/values', 'tests/codec', 'tests/calls', 'tests/faces', 'tests/perform')


def find_python(version: str) -> str | None:
    """The program of a version, on the path or beside the one that runs this; None if it is not installed."""
    if version == '.'.join(map(str, sys.version_info[:2])):
        return sys.executable
    if (found := shutil.which(f'python{version}')) and works(found):
        return found
    beside = Path(sys.base_prefix).parent  # where pyenv and the like keep one version beside the other
    places = sorted(beside.glob(f'{version}.*/bin/python'))
    return str(places[-1]) if places and works(str(places[-1])) else None


def works(python: str) -> bool:
    """Whether a program starts and can make environments."""
    done = subprocess.run([python, '-c', 'import ensurepip, ssl, venv'], capture_output=True, check=False)
    return done.returncode == 0


def run(version: str, python: str, tests: list[str]) -> bool:
    """Run the tests on one version; whether they pass."""
    print(f'Python {version}: {python}', flush=True)
    folder = ROOT / f'.venv-{version}'
    inside = folder / ('Scripts' if os.name == 'nt' else 'bin') / 'python'
    if not inside.exists():
        subprocess.run([python, '-m', 'venv', str(folder)], check=True)
    install = [str(inside), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
    pins = ['--constraint', str(ROOT / 'constraints.txt')]
    subprocess.run([*install, *pins, '--upgrade', 'pip'], check=True)
    subprocess.run([*install, *pins, '--editable', '.[local]', '--group', 'dev'], cwd=ROOT, check=True)
    command = [str(inside), '-m', 'pytest', '-q', '-n', '4', '--dist', 'loadfile', *tests]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def main(arguments: list[str]) -> int:
    """Run the tests on each version, and say which ones failed."""
    wanted: tuple[str, ...] = VERSIONS
    if arguments[:1] == ['--only']:
        wanted, arguments = (arguments[1],), arguments[2:]
    found = {version: python for version in wanted if (python := find_python(version))}
    print('found', ', '.join(found), '- not installed', ', '.join(sorted({*wanted} - found.keys())) or 'none')
    failed = [version for version, python in found.items() if not run(version, python, arguments or list(ROOMS))]
    if failed:
        print('failed on', ', '.join(failed))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
