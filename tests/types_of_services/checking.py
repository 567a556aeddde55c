"""Type checkers and ruff as programs, each run once over a folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from support.packages import ROOT

Reports = dict[tuple[str, str], dict[int, str]]
"""What a tool says of a file: a text by line."""

BIN = Path(sys.executable).parent
MODULES = os.pathsep.join(str(ROOT / name) for name in ('src', 'generated'))


def check_types(folder: Path) -> Reports:
    """What both checkers say of the files of a folder."""
    (folder / 'pyrightconfig.json').write_text(
        json.dumps(
            {
                'typeCheckingMode': 'strict',
                'pythonVersion': '3.11',
                'extraPaths': [str(folder), *MODULES.split(os.pathsep)],
            }
        )
    )
    return mypy(folder) | pyright(folder)


def mypy(folder: Path) -> Reports:
    """What mypy says, as strict as it can be."""
    options = [
        '--strict',
        '--python-version=3.11',
        '--cache-dir=/dev/null',
        '--follow-imports=silent',
        '--config-file=',
    ]
    names = sorted(path.name for path in folder.glob('*.py'))
    said = run([str(BIN / 'mypy'), *options, '--no-pretty', *names], folder, MYPYPATH=f'{folder}{os.pathsep}{MODULES}')
    assert 'found' in said.lower() or 'Success' in said, said
    found: Reports = {}
    for line in said.splitlines():
        if told := re.match(r'([^:]+\.py):(\d+): (?:error|note): (.*)', line):
            add(found, 'mypy', told[1], int(told[2]), told[3])
    assert found or 'Success' in said, said
    return found


def pyright(folder: Path) -> Reports:
    """What basedpyright says, in its strict mode."""
    said = run([str(BIN / 'basedpyright'), '--outputjson', '--pythonpath', sys.executable, '-p', str(folder)], folder)
    found: Reports = {}
    for one in json.loads(said)['generalDiagnostics']:
        if one['severity'] != 'information':
            add(found, 'pyright', Path(one['file']).name, one['range']['start']['line'] + 1, one['message'])
    return found


def ruff(folder: Path) -> Reports:
    """What would be formatted, and what the linter says."""
    found: Reports = {}
    said = run([str(BIN / 'ruff'), 'format', '--isolated', '--no-cache', '--check', '.'], folder)
    for line in said.splitlines():
        if told := re.match(r'(?:Would reformat: |.*-->? )(\S+\.py)', line):
            add(found, 'format', told[1], 0, line)
    check = ['check', '--isolated', '--no-cache', '--select', 'E,F,I,UP,B', '--line-length', '120']
    said = run([str(BIN / 'ruff'), *check, '--output-format', 'json', '.'], folder)
    for one in json.loads(said):
        add(found, 'check', Path(one['filename']).name, one['location']['row'], f'{one["code"]} {one["message"]}')
    return found


def add(found: Reports, tool: str, file: str, line: int, text: str) -> None:
    """Add to what a tool says of a line."""
    lines = found.setdefault((tool, file), {})
    lines[line] = f'{lines[line]}\n{text}' if line in lines else text


def run(command: Sequence[str], folder: Path, **variables: str) -> str:
    """What a program prints."""
    environment = {**os.environ, **variables}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False).stdout
