"""The vendor's engine: npm's `@coherentglobal/wasm-runner`, driven by `vendor_engine.js` in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
import zipfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeAlias

import pytest

from support.packages import PACKAGES
from vendor_engine import OutOfReachError, install, node

Json = dict[str, Any]

Question: TypeAlias = tuple[str, str]
"""The id of a model's version, and a request as JSON in ASCII on one line."""

DRIVER: Final = Path(__file__).with_name('vendor_engine.js')
ANSWER: Final = 'ANSWER '
"""How an answer's line begins; other lines are what the engine itself prints."""


def install_engine() -> Path:
    """The folder of the engine; where npm's registry is out of reach the test is skipped, or fails in CI."""
    try:
        return install()
    except OutOfReachError as error:
        if os.environ.get('CI'):
            pytest.fail(str(error))
        pytest.skip(str(error))


def extract_models(folder: Path) -> list[str]:
    """Extract the compiled models of the sample packages, and describe each as the engine's driver takes it."""
    models: list[str] = []
    for package in sorted(PACKAGES.glob('*.zip')):
        with zipfile.ZipFile(package) as archive:
            for name in archive.namelist():
                path = PurePosixPath(name)
                if path.suffix == '.zip':
                    model = folder / path.name
                    model.write_bytes(archive.read(name))
                    models.append(f'{path.stem}={"/".join(path.parts[1:3])}={model}')
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
        models = extract_models(Path(folder))
        folders = dict.fromkeys(('TMPDIR', 'TEMP', 'TMP'), folder)
        environment = {**os.environ, **folders, 'LOG_ENABLED': 'false'}
        errors = Path(folder, 'errors.txt')
        with errors.open('w', encoding='utf-8') as log:
            process = subprocess.Popen(
                [node(), str(DRIVER), *models],
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
