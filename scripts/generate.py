"""Write `generated/hybrid_runner_api` from `openapi/runner.yaml`, or check that it is what the generator writes.

Run it as `python scripts/generate.py` or, to compare only, `python scripts/generate.py --check`.
"""

from __future__ import annotations

import argparse
import filecmp
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / 'generated' / 'hybrid_runner_api'
DOCUMENT = ROOT / 'openapi' / 'runner.yaml'
SHOWN = ROOT / 'src' / 'cspark' / 'wasm' / 'local' / 'ui' / 'static'
"""Where the local runner has the document, which it serves as JSON and as YAML."""

PINS = {'openapi-python-client': '0.29.1', 'ruff': '0.17.6'}
"""Another generator or another formatter writes other bytes, so these two are exact."""


def check_pins() -> None:
    """Stop where another version than the pinned one is installed."""
    for name, wanted in PINS.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            sys.exit(f'{name}=={wanted} is needed and not installed; run `make generate`, which installs it')
        if found != wanted:
            sys.exit(f'{name}=={wanted} is needed, {found} is installed')


def generate(target: Path) -> None:
    """Write the package into a folder that is not there yet; a warning of the generator is a failure."""
    scripts = sysconfig.get_path('scripts')
    subprocess.run(
        [
            Path(scripts, 'openapi-python-client'), 'generate',
            '--path', DOCUMENT,
            '--config', ROOT / 'openapi' / 'generator.yaml',
            '--custom-template-path', ROOT / 'openapi' / 'templates',
            '--meta', 'none', '--output-path', target, '--fail-on-warning',
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, 'PATH': f'{scripts}{os.pathsep}{os.environ.get("PATH", "")}'},
    )  # fmt: skip
    (target / 'py.typed').touch()


def files(folder: Path) -> set[Path]:
    """The paths of a package's files, without what Python caches beside them."""
    return {
        path.relative_to(folder) for path in folder.rglob('*') if path.is_file() and '__pycache__' not in path.parts
    }


def differences(fresh: Path, committed: Path) -> list[str]:
    """What is different in the committed package: one line a file."""
    wanted, found = files(fresh), files(committed)
    lines = [f'missing: {path}' for path in sorted(wanted - found)]
    lines += [f'stray: {path}' for path in sorted(found - wanted)]
    both = sorted(wanted & found)
    return lines + [
        f'different: {path}' for path in both if not filecmp.cmp(fresh / path, committed / path, shallow=False)
    ]


def documents() -> dict[Path, bytes]:
    """The document as the local runner serves it."""
    text = DOCUMENT.read_bytes()
    as_json = json.dumps(yaml.safe_load(text), ensure_ascii=False, separators=(',', ':')).encode()
    return {SHOWN / 'openapi.json': as_json + b'\n', SHOWN / 'openapi.yaml': text}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--check', action='store_true', help='write nothing; fail if something would change')
    arguments = parser.parse_args()
    check_pins()
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder, TARGET.name)
        generate(fresh)
        changes = differences(fresh, TARGET)
        old = [path for path, content in documents().items() if not path.exists() or path.read_bytes() != content]
        changes += [f'different: {path.name} of the local runner' for path in old]
        if arguments.check:
            for line in changes:
                print(f'generated/{TARGET.name}: {line}', file=sys.stderr)
            if changes:
                print('openapi/ and generated/ do not belong together; run `make generate`', file=sys.stderr)
            return 1 if changes else 0
        for path, content in documents().items():
            path.write_bytes(content)
        shutil.rmtree(TARGET, ignore_errors=True)
        shutil.copytree(fresh, TARGET)
        print(f'wrote {len(files(TARGET))} files, {len(changes)} of them changed')
    return 0


if __name__ == '__main__':
    sys.exit(main())
