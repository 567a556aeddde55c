"""Fetch the libraries of the local runner's page, or check the types of its scripts.

Run it as `python scripts/page/parts.py vendor` to copy the libraries, at the versions of package.json beside it, into
the page with their licences; or as `python scripts/page/parts.py check` to check the scripts with TypeScript. Both need
npm, and its registry the first time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
WANTED: Final = Path(__file__).with_name('package.json')
PLACE: Final = ROOT / 'build' / 'page'
VENDOR: Final = ROOT / 'src' / 'cspark' / 'wasm' / 'local' / 'ui' / 'static' / 'vendor'
PARTS: Final = {
    'htm/preact/standalone.module.js': 'preact-htm.js',
    'uplot/dist/uPlot.iife.min.js': 'uplot.js',
    'uplot/dist/uPlot.min.css': 'uplot.css',
}
"""The files of the libraries, and their names in the page."""

LICENCES: Final = {
    'Preact, in preact-htm.js': 'preact/LICENSE',
    'htm, in preact-htm.js': 'htm/LICENSE',
    'uPlot, in uplot.js and uplot.css': 'uplot/LICENSE',
}


def install() -> Path:
    """Install the packages unless they are there at these versions; return the folder that they are in."""
    done = PLACE / 'package.json'
    modules = PLACE / 'node_modules'
    if not (modules.exists() and done.exists() and done.read_bytes() == WANTED.read_bytes()):
        PLACE.mkdir(parents=True, exist_ok=True)
        npm = shutil.which('npm')
        if npm is None:
            sys.exit('npm is needed, and is not on the path')
        # htm stands on preact, whose licence is wanted here; a lock file would record addresses.
        command = [npm, 'install', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts', '--silent']
        done.write_bytes(WANTED.read_bytes())
        subprocess.run(command, cwd=PLACE, check=True, env=os.environ | {'NODE_ENV': 'development'})
    return modules


def vendor() -> int:
    """Copy the libraries into the page."""
    modules = install()
    for source, name in PARTS.items():
        shutil.copy(modules / source, VENDOR / name)
    texts = [f'{title}\n\n{(modules / path).read_text().strip()}\n' for title, path in LICENCES.items()]
    (VENDOR / 'LICENSES.txt').write_text('\n\n'.join(texts))
    return 0


def check() -> int:
    """Check the types of the page's scripts."""
    compiler = install() / '.bin' / 'tsc'
    return subprocess.run([compiler, '--project', ROOT / 'tsconfig.json'], cwd=ROOT, check=False).returncode


if __name__ == '__main__':
    sys.exit({'vendor': vendor, 'check': check}[sys.argv[1]]())
