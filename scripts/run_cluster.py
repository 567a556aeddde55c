"""Run the tests on Ray, Dask and Spark, in an environment of their own.

Run it as `python scripts/run_cluster.py [ARGUMENTS OF PYTEST]`, with `--install` to set up the environment alone, or
with `--measure` to write docs/scale.md. The engines are large, and Spark needs Java: they are in no other environment.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / '.venv-cluster'
PYTHON: Final = FOLDER / 'bin' / 'python'
PINS: Final = ROOT / 'constraints-cluster.txt'
READY: Final = FOLDER / 'ready'
LEAST_JAVA: Final = 17


def java_version() -> int:
    """The version of Java on the path; 0 if there is none."""
    found = shutil.which('java')
    if found is None:
        return 0
    told = subprocess.run([found, '-version'], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', told)
    return int(version[1]) if version else 0


def install() -> None:
    """Make the environment, unless it is there and was made of the same pins."""
    wanted = PINS.read_text() + (ROOT / 'pyproject.toml').read_text()
    if READY.exists() and READY.read_text() == wanted:
        return
    print(f'setting up {FOLDER.name} with Ray, Dask and PySpark', flush=True)
    subprocess.run([sys.executable, '-m', 'venv', '--clear', str(FOLDER)], check=True)
    pip = [str(PYTHON), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--constraint', str(PINS)]
    subprocess.run([*pip, '--upgrade', 'pip'], check=True)
    subprocess.run([*pip, '--editable', '.[local,ray,dask,spark]', '--group', 'cluster'], cwd=ROOT, check=True)
    READY.write_text(wanted)


def main(arguments: list[str]) -> int:
    """Set up the environment and run the tests."""
    if java_version() < LEAST_JAVA:
        told = f'is {java_version()}' if java_version() else 'is not on the path'
        print(f'PySpark needs Java {LEAST_JAVA} or later, and Java {told}; Debian has openjdk-17-jre-headless')
        return 1
    install()
    if arguments == ['--install']:
        return 0
    # Workers are other processes: they import what the tests send them from here.
    environment = os.environ | {'PYTHONPATH': str(ROOT / 'tests')}
    if arguments == ['--measure']:
        environment['PYTHONPATH'] += os.pathsep + str(ROOT / 'scripts')
        command = [str(PYTHON), str(ROOT / 'scripts' / 'scale' / 'measure.py')]
    else:
        command = [str(PYTHON), '-m', 'pytest', '-W', 'default', *(arguments or ['tests/cluster'])]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
