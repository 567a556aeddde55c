"""A worker process that holds one instance of a compiled model, seen from the process that started it."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import json
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from ...errors import SparkSdkError
from ..errors import PackageError, ServiceError
from ..packages.compiled_model import CompiledModel
from .watcher import Watched, watch
from .worker import DONE, FAILED, MORE, ORDER, RECORD, REPLY, SLICE, TIMED_OUT

__all__ = ['Answer', 'Instance', 'Requests', 'Run']

ENVIRONMENT: Final = ('PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'SYSTEMROOT', 'TEMP', 'TMP', 'TMPDIR', 'LANG')
"""The variables that a Python needs to start."""

PIPE: Final = 1 << 20
"""How much a pipe to a worker holds, in bytes."""

WORKER: Final = Path(__file__).with_name('worker.py')


class Answer(NamedTuple):
    """A model's answer to one request, as JSON, and the milliseconds that it took."""

    content: bytes
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Requests:
    """v3 requests as JSON in UTF-8: what all of them have before and behind the part that differs, and these parts.

    Anything but an object makes a model abort.
    """

    parts: Sequence[bytes]
    prefix: bytes = b''
    suffix: bytes = b''

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, chosen: slice) -> Requests:
        return Requests(self.parts[chosen], self.prefix, self.suffix)


@dataclass(slots=True)
class Run:
    """What became of some requests: their answers in order and, where some have none, why the next one failed.

    Where the process `died`, it had perhaps computed more than it had handed over: it may be a later one that failed.
    """

    answers: list[Answer] = field(default_factory=lambda: list[Answer]())
    failure: str = ''
    timed_out: bool = False
    died: bool = False


class Instance(Watched):
    """An instance of a model in a process of its own, used by one thread at a time.

    After a failed run it must be closed and another one made. The process ends with this one, however that ends.

    Args:
        model: The compiled model.
        timeout: The limit for loading it and for each record, in seconds.
        memory: The limit of the process's memory, in bytes.

    Raises:
        PackageError: The script throws, does not end, or is no model; the text has its words.
    """

    def __init__(self, model: CompiledModel, timeout: float, memory: int) -> None:
        super().__init__(memory, timeout)
        started = time.perf_counter()
        self.timeout = timeout
        self.file = f'{model.name}.js'
        self._owner = os.getpid()
        self._process = _start()
        _widen(self._process)
        self.process_id = self._process.pid
        watch(self)
        try:
            self._load(model)
        except BaseException:
            self.close()
            raise
        self.started = time.monotonic()
        self.init_time_ms = (time.perf_counter() - started) * 1000
        self.init_memory_bytes = self.memory_bytes

    def _load(self, model: CompiledModel) -> None:
        parts = {'script': model.script.encode(), '': model.wasm, **model.files}
        settings = {
            'timeout': self.timeout,
            'memory': self.memory_limit,
            'parent': os.getpid(),
            'parts': [[name, len(content)] for name, content in parts.items()],
        }
        described = json.dumps(settings).encode()
        try:
            self._send(struct.pack('<I', len(described)), described, *parts.values())
            kind, _, _, failure = self._receive()
        except (OSError, EOFError):
            kind, failure = FAILED, self._reason('it ended its process')
        if kind == TIMED_OUT or self.ended_for == 'time':
            raise PackageError(f'{self.file!r} does not end within {self.timeout:g} s when it is loaded')
        if kind != DONE:
            raise PackageError(f'{self.file!r} cannot be loaded as a model: {failure}')

    def run(self, requests: Requests, *, singly: bool = False) -> Run:
        """Compute requests in order.

        Args:
            requests: The requests.
            singly: Whether to hand over each answer as soon as it is there, which costs time.

        Returns:
            Fewer answers than requests mean that the first one without an answer failed.

        Raises:
            ServiceError: 500, in a process that was forked from the one that made this.
        """
        if self._owner != os.getpid():
            raise ServiceError(500, 'a LocalRunner cannot be used in a forked process; make one in each process')
        run = Run()
        kind, text = MORE, ''
        try:
            lengths = struct.pack(f'<{len(requests)}i', *map(len, requests.parts))
            beside = requests.prefix + requests.suffix
            beside += bytes(-len(beside) % 4)
            size = len(beside) + len(lengths) + sum(map(len, requests.parts))
            milliseconds = 0 if singly else SLICE
            head = ORDER.pack(len(requests.prefix), len(requests.suffix), len(requests), milliseconds, size)
            self._send(head, beside, lengths, *requests.parts)
            while kind == MORE:
                kind, count, content, text = self._receive()
                _take_answers(run, count, content, len(requests))
            run.timed_out = kind == TIMED_OUT
            run.failure = f'the model takes longer than {self.timeout:g} s' if run.timed_out else text
        except (OSError, EOFError):
            run.timed_out = self.ended_for == 'time'
            run.died = True
            run.failure = self._reason('the model ended its process')
        except (ValueError, struct.error) as error:
            run.failure = f'the model destroyed its memory: {error}'
        if len(run.answers) < len(requests) and not run.failure:
            run.failure = 'the model ended its process'
        return run

    def ended_between_calls(self) -> str:
        """Why the process has ended though nothing was asked of it; empty while it is there."""
        if self._process.poll() is None and not self.ended_for:
            return ''
        return self._reason('the model ended its process')

    def close(self) -> None:
        """End the process, whatever it is doing; any number of times."""
        self.forget()
        if self._owner != os.getpid():
            return
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe:
                    pipe.close()
        self._process.wait()

    def kill(self) -> None:
        """End the process without waiting: whoever reads from it then sees that it has ended."""
        with contextlib.suppress(OSError):
            self._process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, *parts: bytes) -> None:
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - it was asked for
        self.asked_at = time.monotonic()
        pipe.write(b''.join(parts))
        pipe.flush()

    def _receive(self) -> tuple[int, int, bytes, str]:
        self.asked_at = time.monotonic()
        kind, count, size, words = REPLY.unpack(self._read(REPLY.size))
        content, text = self._read(size), self._read(words)
        self.asked_at = None
        return kind, count, content, text.decode('utf-8', 'replace')

    def _read(self, size: int) -> bytes:
        pipe = self._process.stdout
        assert pipe is not None  # noqa: S101 - it was asked for
        content = pipe.read(size)
        if len(content) < size:
            raise EOFError
        return content

    def _reason(self, otherwise: str) -> str:
        """Why the process has ended."""
        if self.ended_for == 'memory':
            return f'the model needs more memory than the {self.memory_limit >> 20:,} MB that it may have'
        if self.ended_for == 'time':
            return f'the model takes longer than {self.timeout:g} s'
        if self.ended_for == 'idle':
            return 'the model computed on after it had answered'
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(1)
            with contextlib.suppress(ValueError):
                return f'{otherwise} ({signal.Signals(-code).name}); too little memory is the usual reason'
        return otherwise


def _take_answers(run: Run, count: int, content: bytes, asked: int) -> None:
    """Add answers; their number, lengths and end must be what was asked for and sent."""
    if len(run.answers) + count > asked:
        raise ValueError(f'{len(run.answers) + count} answers to {asked} requests')
    start = 0
    for _ in range(count):
        length, milliseconds = RECORD.unpack_from(content, start)
        end = start + RECORD.size + length
        if length < 0 or end > len(content):
            raise ValueError(f'an answer of {length} bytes')
        run.answers.append(Answer(content[start + RECORD.size : end], milliseconds))
        start = end + 3 & ~3
    if start != len(content):
        raise ValueError('bytes behind the last answer')


@functools.cache
def _command() -> list[str]:
    found = importlib.util.find_spec('py_mini_racer')
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(
            'the local runner needs \'py_mini_racer\', which is not installed: pip install "cspark-wasm[local]"',
            name='py_mini_racer',
        )
    if not sys.executable:
        raise SparkSdkError('sys.executable is empty: this interpreter cannot start the workers of a local runner')
    beside = Path(next(iter(found.submodule_search_locations))).parent
    return [sys.executable, '-I', '-S', str(WORKER), str(beside)]


def _widen(process: subprocess.Popen[bytes]) -> None:
    """Let large requests and answers through the pipes in few pieces, where the system can."""
    if sys.platform == 'linux':
        import fcntl

        for pipe in filter(None, (process.stdin, process.stdout)):
            with contextlib.suppress(OSError):  # it is more than the system lets this user have
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE)


def _start() -> subprocess.Popen[bytes]:
    # A group of its own: Ctrl-C in a terminal goes to the runner, which ends its workers when it has answered.
    group: int = getattr(subprocess, 'CREATE_NEW_PROCESS_GROUP', 0) | getattr(subprocess, 'CREATE_NO_WINDOW', 0)
    command = _command()
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    # What a package could crash has no credentials in its environment.
    variables = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    if sys.platform == 'win32':
        return subprocess.Popen(  # noqa: S603
            command, stdin=pipe, stdout=pipe, stderr=nowhere, env=variables, creationflags=group
        )
    return subprocess.Popen(  # noqa: S603
        command, stdin=pipe, stdout=pipe, stderr=nowhere, env=variables, process_group=0
    )
