"""Start a worker process with one instance of a compiled model, and talk to it."""

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
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ...errors import SparkSdkError
from ..errors import PackageError, ServiceError
from ..packages.compiled_model import CompiledModel
from .execution import Execution, OverdueError, Requests
from .watcher import Watched, watch
from .worker import CALLING, DONE, FAILED, MORE, ORDER, REPLY, SLICE, TIMED_OUT

__all__ = ['Instance']

ENVIRONMENT: Final = ('PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'SYSTEMROOT', 'TEMP', 'TMP', 'TMPDIR', 'LANG')
"""The environment variables that Python needs to start."""

PIPE: Final = 1 << 20
"""The capacity of a pipe to a worker, in bytes. It is the default maximum of Linux for unprivileged users."""

WORKER: Final = Path(__file__).with_name('worker.py')


class Instance(Watched):
    """An instance of a model in a process of its own, used by one thread at a time.

    After a failed run, close the instance and create another one. Its process ends when this process does, however that
    happens.

    Args:
        model: The compiled model.
        timeout: The time limit for loading the model and for each record, in seconds.
        memory: The memory limit of the process, in bytes.

    Raises:
        PackageError: The script throws, does not end, or is not a model; the message has the script's own message.
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
            kind, asynchronous, _, told = self._receive()
            self.calls_services, failure = bool(asynchronous), _text(told)
        except (OSError, EOFError):
            kind, failure = FAILED, self._reason('it ended its process')
        if kind == TIMED_OUT or self.ended_for == 'time':
            raise PackageError(f'{self.file!r} does not end within {self.timeout:g} s when it is loaded')
        if kind != DONE:
            raise PackageError(f'{self.file!r} cannot be loaded as a model: {failure}')

    def run(self, requests: Requests, *, singly: bool = False) -> Execution:
        """Compute requests in order.

        Args:
            requests: The requests.
            singly: Whether the worker sends each answer as soon as it is computed, which is slower.

        Returns:
            The answers. If there are fewer answers than requests, the first request without one failed.

        Raises:
            ServiceError: 500, in a process that was forked from the one that created this instance.
        """
        if self._owner != os.getpid():
            raise ServiceError(500, 'a LocalRunner cannot be used in a forked process; make one in each process')
        run = Execution(requests, self.timeout)
        kind, told = MORE, b''
        try:
            lengths = struct.pack(f'<{len(requests)}i', *map(len, requests.parts))
            beside = requests.prefix + requests.suffix
            beside += bytes(-len(beside) % 4)  # the lengths are read as 32-bit words, which must be aligned
            size = len(beside) + len(lengths) + sum(map(len, requests.parts))
            milliseconds = 0 if singly else SLICE
            head = ORDER.pack(len(requests.prefix), len(requests.suffix), len(requests), milliseconds, size)
            self._send(head, beside, lengths, *requests.parts)
            while kind in (MORE, CALLING):
                kind, count, content, told = self._receive()
                run.take_answers(count, content)
                if kind == CALLING:
                    self._send(*run.call_services(told))
            run.timed_out = kind == TIMED_OUT
            run.failure = f'the model takes longer than {self.timeout:g} s' if run.timed_out else _text(told)
        except OverdueError as error:
            run.timed_out, run.failure = True, str(error)
        except (OSError, EOFError):
            run.timed_out = self.ended_for == 'time'
            run.died = True
            run.failure = self._reason('the model ended its process')
        except (ValueError, struct.error) as error:
            run.failure = f'the model corrupted its memory: {error}'
        if len(run.answers) < len(requests) and not run.failure:
            run.failure = 'the model ended its process'
        return run

    def ended_between_calls(self) -> str:
        """Return why the process has ended between calls, or an empty string while it runs."""
        if self._process.poll() is None and not self.ended_for:
            return ''
        return self._reason('the model ended its process')

    def close(self) -> None:
        """End the process, whatever it is doing. Closing a closed instance does nothing."""
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
        """Kill the process without waiting for its end, which a thread that reads from it will notice."""
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
        assert pipe is not None  # noqa: S101 - `_start` requests it
        self.asked_at = time.monotonic()
        pipe.write(b''.join(parts))
        pipe.flush()

    def _receive(self) -> tuple[int, int, bytes, bytes]:
        self.asked_at = time.monotonic()
        kind, count, size, words = REPLY.unpack(self._read(REPLY.size))
        content, told = self._read(size), self._read(words)
        self.asked_at = None
        return kind, count, content, told

    def _read(self, size: int) -> bytes:
        pipe = self._process.stdout
        assert pipe is not None  # noqa: S101 - `_start` requests it
        content = pipe.read(size)
        if len(content) < size:
            raise EOFError
        return content

    def _reason(self, otherwise: str) -> str:
        """Explain why the process has ended; `otherwise` is the reason if nothing else is known."""
        if self.ended_for == 'memory':
            return f'the model needs more memory than its limit of {self.memory_limit >> 20:,} MB'
        if self.ended_for == 'time':
            return f'the model takes longer than {self.timeout:g} s'
        if self.ended_for == 'idle':
            return 'the model kept computing after it had answered'
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(1)
            with contextlib.suppress(ValueError):
                return f'{otherwise} ({signal.Signals(-code).name}); too little memory is the usual reason'
        return otherwise


def _text(told: bytes) -> str:
    return told.decode('utf-8', 'replace')


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
    """Enlarge the pipes on Linux, so that large requests and answers pass in few pieces."""
    if sys.platform == 'linux':
        import fcntl

        for pipe in filter(None, (process.stdin, process.stdout)):
            with contextlib.suppress(OSError):  # the system may allow this user less
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE)


def _start() -> subprocess.Popen[bytes]:
    # A process group of its own: Ctrl-C in a terminal reaches only the runner, which ends its workers after answering.
    group: int = getattr(subprocess, 'CREATE_NEW_PROCESS_GROUP', 0) | getattr(subprocess, 'CREATE_NO_WINDOW', 0)
    command = _command()
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    # No other variables: a package runs in this process, so its environment must not hold credentials.
    variables = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    if sys.platform == 'win32':
        return subprocess.Popen(  # noqa: S603
            command, stdin=pipe, stdout=pipe, stderr=nowhere, env=variables, creationflags=group
        )
    return subprocess.Popen(  # noqa: S603
        command, stdin=pipe, stdout=pipe, stderr=nowhere, env=variables, process_group=0
    )
