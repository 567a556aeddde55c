"""The command in this process, in a process of its own, and on a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from support.wire import Received, Recorder, Reply

COMMAND = (sys.executable, '-m', 'cspark.wasm')
COLOUR = re.compile(r'\x1b\[[0-9;]*m')

WITHOUT = """
import importlib.machinery, sys
found = importlib.machinery.PathFinder.find_spec
def find_spec(name, path=None, target=None):
    return None if name.partition('.')[0] == {name!r} else found(name, path, target)
importlib.machinery.PathFinder.find_spec = find_spec
"""
"""A `sitecustomize` of an environment in which a package is not installed."""


@dataclass(frozen=True)
class Done:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, read as JSON."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """What it printed, read as a JSON object a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def said(self) -> str:
        """Its error: one line, which begins with the name of the command."""
        assert re.fullmatch(r'cspark-wasm: [^\n]+\n', self.err), self.err
        return self.err


class Run(Protocol):
    """Runs the command in this process."""

    def __call__(self, *arguments: object) -> Done: ...


def run_process(*arguments: object, stdin: bytes = b'', variables: Mapping[str, str] | None = None) -> Done:
    """Run the command as a process of its own, whose output is piped."""
    command = [*COMMAND, *map(str, arguments)]
    environment = {**os.environ, **(variables or {})}
    done = subprocess.run(command, input=stdin, env=environment, capture_output=True, timeout=60, check=False)
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


@contextmanager
def opened(
    *arguments: object, columns: int = 120, variables: Mapping[str, str] | None = None
) -> Generator[tuple[subprocess.Popen[bytes], Callable[[str], str]]]:
    """The command on a terminal, and what reads the terminal until a text was shown, or to the end."""
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack('HHHH', 50, columns, 0, 0))
    environment = {**os.environ, 'TERM': 'xterm-256color', 'COLUMNS': str(columns), **(variables or {})}
    seen = b''

    def read(until: str) -> str:
        nonlocal seen
        while not until or until.encode() not in seen:
            try:
                part = os.read(terminal, 65536)
            except OSError:  # so a terminal ends on Linux
                part = b''
            if not part:
                assert not until, f'{until!r} was not shown, but {seen!r}'
                break
            seen += part
        return seen.decode().replace('\r\n', '\n')

    try:
        with subprocess.Popen(
            [*COMMAND, *map(str, arguments)], env=environment, stdin=end, stdout=end, stderr=end
        ) as process:
            os.close(end)
            try:
                yield process, read
            finally:
                process.kill()
    finally:
        os.close(terminal)


def on_terminal(*arguments: object, columns: int = 120, variables: Mapping[str, str] | None = None) -> tuple[int, str]:
    """The exit code of the command on a terminal, and all that the terminal was sent."""
    with opened(*arguments, columns=columns, variables=variables) as (process, read):
        text = read('')
        return process.wait(60), text


def without(package: str, folder: Path) -> dict[str, str]:
    """The variables of an environment in which a package is not installed."""
    (folder / 'sitecustomize.py').write_text(WITHOUT.format(name=package))
    return {'PYTHONPATH': os.pathsep.join(filter(None, (str(folder), os.environ.get('PYTHONPATH'))))}


def answering(
    monkeypatch: pytest.MonkeyPatch,
    recorder: Recorder,
    *,
    inputs: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | None = None,
) -> None:
    """Let the recording server answer as a service: with a description of its inputs, and with outputs."""

    def answer(received: Received) -> Reply:
        recorder.received.append(received)
        found = (inputs or {}) if received.path.endswith('/validation') else (outputs or {'volume': 1.5})
        data = {'outputs': found, 'warnings': None, 'errors': None, 'service_chain': None}
        meta = {'version': '1.2.3', 'version_id': '5c9a3f0d-2f9b-4b6e-8a55-6d1f0f1b1400', 'process_time': 1}
        meta |= {'service_id': '3a5f8a8e-6d0e-4f67-9b5e-0c2f3c6b1d10', 'system': 'SPARK'}
        return Reply(200, {'status': 'Success', 'error': None, 'response_data': data, 'response_meta': meta})

    monkeypatch.setattr(recorder, 'answer', answer)


def sent_inputs(recorder: Recorder) -> Any:
    """The inputs of the last execution."""
    return next(one for one in reversed(recorder.received) if one.path.endswith('/execute')).json['request_data'][
        'inputs'
    ]
