"""Run one instance of a compiled model in a process of its own.

`instance.py` starts this process and talks to it over pipes. It runs this module as a file, so that it imports
mini-racer and little else. Messages in both directions are frames: a header with the sizes, then the data. `engine.js`
is the counterpart inside V8, where the package runs. V8 gives a package no access to files, network or processes; all
that a package can crash is this process.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

MORE, DONE, FAILED, TIMED_OUT, CALLING = range(5)
"""The kinds of a reply: more replies follow, all records are done, the next record failed, it took too long, or it
waits for the answers of services that it calls."""

ORDER = struct.Struct('<IIIII')
"""The header of a call: the sizes of the prefix and the suffix of each record, the number of records, how many
milliseconds to compute before a reply is sent, and the size of the data that follows."""

REPLY = struct.Struct('<IIII')
"""The header of a reply: its kind, the number of answers, their size, and the size of what follows them: a text, or the
requests of the services that a record calls. The reply about loading has 1 as number if the model calls services."""

TOLD = struct.Struct('<II')
"""The header of the answers to the services that a record calls: their number, and their size. It is followed by the
length of each, and by the answers as ASCII JSON."""

RECORD = struct.Struct('<ii')
"""The header of a record's answer: its size, and the milliseconds that it took. Answers are padded to a multiple of
four bytes."""

WORDS = (
    *('done', 'used', 'needed', 'loaded', 'first', 'count', 'prefix', 'suffix', 'slice', 'size'),
    *('state', 'asked', 'calls', 'caller'),
)
ASYNCHRONOUS = 2
"""What the word `loaded` says of a model that calls other services."""

RUNNING_RECORD, SETTLED, ASKING, BROKEN = range(4)
"""What the word `state` says of a model that calls other services: it computes, it has done what it could, it waits for
the answers of services, or it threw."""

SMALLEST_BOX = 1 << 20
LARGEST_ANSWER = 1 << 29
SLICE = 250
"""How long one crossing into V8 computes records before it returns their answers, in milliseconds. If the process ends
during a crossing, the answers of that crossing are lost."""

FUNCTIONS = ('run', 'load', 'inbox', 'outbox', 'callbox', 'mailbox', 'requests', 'resume', 'reason', 'said')
"""The functions of `engine.js` that take no arguments."""

LOOKED_AT_EVERY = 0.02
"""The interval between two checks of the time limit and of the parent process, in seconds."""

RUNNING = 0.02
"""A process that gets less than this share of a processor is waiting, not computing: even an overloaded machine gives a
computing process more."""

PATIENCE = 10
"""How many times its limit a record may take at most, however overloaded the machine is."""

OVERHEAD = 512 << 20
"""The memory that Python, V8 and the stacks of their threads may take in addition to the model, in bytes."""

V8_FLAGS = ('--no-wasm-dynamic-tiering',)
"""Compiles WASM with the optimizing compiler at once. With mini-racer's default, `--single-threaded`, V8 never does."""


class Engine:
    """The model in V8, and the buffers that V8 and this process share."""

    def __init__(self, v8: Any, javascript: str) -> None:
        functions = v8.eval(javascript)
        self._call = {name: _prepared(v8, functions[name]) for name in FUNCTIONS}
        self._head = functions['head']().cast('i')
        self._inbox = self._make('inbox', SMALLEST_BOX)
        self._outbox = self._make('outbox', SMALLEST_BOX)
        self._callbox = self._make('callbox', 4)
        self._mailbox = self._make('mailbox', 4)
        self._taken = self._taken_bytes = 0
        self._v8 = v8

    @property
    def calls_services(self) -> bool:
        """Whether the model calls other services."""
        return self.word('loaded') == ASYNCHRONOUS

    def said(self) -> str:
        """Return what the model printed while it computed the last record."""
        return str(self._call['said']())

    def word(self, name: str) -> int:
        """Read a word of the head buffer."""
        return int(self._head[WORDS.index(name)])

    def write(self, **words: int) -> None:
        """Write words of the head buffer."""
        for name, value in words.items():
            self._head[WORDS.index(name)] = value

    def load(self, script: str, files: dict[str, bytes]) -> str:
        """Load the model and return why it cannot be loaded, or an empty string.

        This waits for ever if the script's promise never settles; the time limit then ends the process.
        """
        self._v8.eval(f'{script}\n;0')
        described = json.dumps([[name, len(content)] for name, content in files.items()]).encode()
        self.fill(described + b''.join(files.values()))
        self.write(size=len(described))
        self._call['load']()
        self._wait('loaded')
        if self.word('loaded') > 0:
            return ''
        return self._reason() or 'it is not a model'

    def _wait(self, name: str) -> None:
        """Wait until a word is no longer 0, while V8 may work on promises."""
        waiting = 0.001
        while not self.word(name):
            time.sleep(waiting)
            waiting = min(2 * waiting, LOOKED_AT_EVERY)

    def _reason(self) -> str:
        return str(self._call['reason']())

    def fill(self, content: bytes) -> None:
        """Copy data into the inbox, which grows if necessary."""
        if len(content) > len(self._inbox):
            self._inbox = self._make('inbox', 2 * len(content))
        self._inbox[: len(content)] = content

    def cross(self, first: int, count: int, prefix: int, suffix: int, milliseconds: int) -> None:
        """Compute records from `first` on: at least one, and as many as fit into the time.

        It also returns when a record calls services: while `requests` returns any, `resume` must follow.
        """
        self.write(done=0, used=0, needed=0, first=first, count=count, prefix=prefix, suffix=suffix)
        self.write(slice=milliseconds)
        self._taken = self._taken_bytes = 0
        self._call['run']()
        self.settle()

    def settle(self) -> None:
        """Wait until a model that calls services has done what it can."""
        if self.calls_services:
            if not self.word('state'):
                self._call['said']()  # V8 goes on with promises before it takes another call; waiting takes longer
            self._wait('state')
            if self.word('state') == BROKEN:
                raise RuntimeError(self._reason())

    @property
    def is_asking(self) -> bool:
        """Whether a record waits for the answers of services."""
        return self.calls_services and self.word('state') == ASKING

    def requests(self) -> bytes:
        """Return the requests of the services that a record calls, packed like answers; their kinds are in the place of
        the milliseconds. There are none if the record ended without waiting for them."""
        self._call['requests']()
        if self.word('calls') > len(self._callbox):
            if self.word('calls') > LARGEST_ANSWER:
                raise ValueError(f'calls of services with {self.word("calls")} bytes')
            self._callbox = self._make('callbox', 2 * self.word('calls'))
            self._call['requests']()
        return bytes(self._callbox[: self.word('calls')])

    def resume(self, lengths: bytes, content: bytes) -> None:
        """Hand a record the answers of the services that it called."""
        size = len(lengths) + len(content)
        if size > len(self._mailbox):
            self._mailbox = self._make('mailbox', 2 * size)
        self._mailbox[:size] = lengths + content
        self._call['resume']()
        self.settle()

    def grow(self) -> None:
        """Enlarge the outbox for an answer that did not fit."""
        needed = self.word('needed')
        if not len(self._outbox) < needed <= LARGEST_ANSWER:
            raise ValueError(f'an answer of {needed} bytes')
        self._outbox = self._make('outbox', 2 * needed)

    def _make(self, name: str, size: int) -> memoryview:
        """Create a buffer of this size in V8 and return its memory."""
        self.write(size=size)
        memory: Any = self._call[name]()
        if not isinstance(memory, memoryview):
            raise TypeError(f'{size} bytes cannot be allocated')
        return cast('memoryview', memory)

    def answers(self, most: int) -> tuple[int, bytes]:
        """Return how many answers the crossing has made since the last call, and the answers; both are checked.

        A model that calls services may be adding the next one at this moment, so that each is read with its length.
        """
        done, used = self.word('done'), self.word('used')
        if not (0 <= done - self._taken <= most and 0 <= used <= len(self._outbox)):
            raise ValueError(f'{done} answers of {used} bytes')
        start, end, count = self._taken_bytes, used, done - self._taken
        if self.calls_services:
            end = start
            for _ in range(count):
                length, _ = RECORD.unpack_from(self._outbox, end)
                end = end + RECORD.size + length + 3 & ~3
                if length < 0 or end > used:
                    raise ValueError(f'an answer of {length} bytes')
        self._taken, self._taken_bytes = done, end
        return count, bytes(self._outbox[start:end])


def _prepared(v8: Any, function: Any) -> Callable[[], object]:
    """Prepare a V8 function once, because mini-racer's preparation takes three times as long as the call itself.

    The function is called by its handle, because a package could call or replace a function that has a name.
    """
    from py_mini_racer import JSUndefined

    context = v8._ctx  # noqa: SLF001 - mini-racer cannot prepare a call publicly; pinned to a minor release
    handles = [context._python_to_value_handle(value) for value in (function, JSUndefined, v8.eval('[]'))]  # noqa: SLF001
    raw = [handle.raw for handle in handles]

    def call(_kept: object = handles) -> object:
        return context._run_uncancelable_mr_task(context._dll.mr_call_function, *raw)  # noqa: SLF001

    return call


class Worker:
    """Reads calls from one pipe and writes replies to the other, until the first one is closed."""

    def __init__(self, asked: BinaryIO, answered: BinaryIO) -> None:
        self._asked, self._answered = asked, answered
        self._writing = threading.Lock()
        self._limit: tuple[float, float, float] | None = None
        self.engine: Engine | None = None
        self.timeout = 0.0

    def settings(self) -> dict[str, Any]:
        """Read the settings, which are the first message."""
        (size,) = struct.unpack('<I', self._read(4))
        settings: dict[str, Any] = json.loads(self._read(size))
        return settings

    def serve(self, settings: dict[str, Any], v8: Any) -> None:
        """Load the model, then answer calls."""
        self.timeout = settings['timeout']
        parts = {name: self._read(size) for name, size in settings['parts']}
        script = parts.pop('script').decode()
        threading.Thread(target=self._watch, args=(settings['parent'],), daemon=True).start()
        v8.set_hard_memory_limit(settings['memory'])
        javascript = Path(__file__).with_name('engine.js').read_text(encoding='utf-8')
        self.engine = engine = Engine(v8, javascript)
        self._start_limit(self.timeout)
        try:
            failure = engine.load(script, parts)
        except Exception as error:  # noqa: BLE001 - whatever the package raises is reported
            failure = describe(error)
        self._limit = None
        self._reply(FAILED if failure else DONE, int(engine.calls_services), b'', failure)
        if failure:
            return
        while head := self._asked.read(ORDER.size):
            prefix, suffix, count, milliseconds, size = ORDER.unpack(head)
            content = self._read(size)
            try:
                self._answer(engine, prefix, suffix, count, milliseconds, content)
            except (ValueError, TypeError) as error:
                self._limit = None
                self._reply(FAILED, 0, b'', f'the model corrupted its memory: {describe(error)}')

    def _answer(self, engine: Engine, prefix: int, suffix: int, count: int, milliseconds: int, content: bytes) -> None:
        seconds = self.timeout + milliseconds / 1000
        self._start_limit(seconds)
        engine.fill(content)
        done, failure = 0, ''
        while done < count and not failure:
            self._start_limit(seconds)
            before = done
            try:
                engine.cross(done, count, prefix, suffix, milliseconds)
                while engine.is_asking:
                    done += self._call_services(engine, count - done, seconds)
            except Exception as error:  # noqa: BLE001 - the package can raise anything
                failure = self._explain(error)
            self._limit = None  # answers that are taken must be sent: nothing may end the process in between
            answered, answers = engine.answers(count - done)
            done += answered
            if done == before and not failure:
                engine.grow()
                continue
            kind = DONE if done == count else MORE
            self._reply(FAILED if failure else kind, answered, answers, failure)

    def _call_services(self, engine: Engine, remaining: int, seconds: float) -> int:
        """Send the answers of earlier records, let the parent call services, and return how many answers were sent."""
        self._limit = None
        answered, answers = engine.answers(remaining)
        if answered:
            self._reply(MORE, answered, answers, '')  # before anything can go wrong with this record
        self._start_limit(seconds)
        asked = engine.requests()
        if not asked:  # the record ended without waiting for them
            engine.settle()
            return answered
        self._limit = None  # the parent limits the time of the services
        self._reply(CALLING, 0, b'', struct.pack('<I', engine.word('caller')) + asked)
        count, size = TOLD.unpack(self._read(TOLD.size))
        lengths, content = self._read(4 * count), self._read(size)
        self._start_limit(seconds)
        engine.resume(lengths, content)
        return answered

    def _explain(self, error: Exception) -> str:
        """Explain why a model aborted."""
        if type(error).__name__ == 'JSOOMException':
            return 'the model needs more memory than its limit'
        thrown = describe(error)
        try:
            said = str(self.engine.said()).strip() if self.engine else ''
        except Exception:  # noqa: BLE001 - V8 may be past answering
            said = ''
        # A C++ exception arrives as its address only; its text stays in WASM.
        if re.fullmatch(r'(Uncaught )?-?\d+', thrown):
            thrown = 'it threw an exception without a text; the usual reason is a value of an unexpected type'
        return f'the model aborted: {thrown}' + (f'; it said: {said}' if said and said not in thrown else '')

    def _start_limit(self, seconds: float) -> None:
        """Start a time limit for what follows."""
        self._limit = seconds, time.monotonic(), time.process_time()

    def _watch(self, parent: int) -> None:
        """End this process when a record takes too long or when the parent process has ended."""
        while _is_there(parent):
            time.sleep(LOOKED_AT_EVERY)
            with self._writing:
                if self._limit is not None and _is_over(*self._limit):
                    self._give_up()
        os._exit(0)

    def _give_up(self) -> None:
        """Send the answers computed so far, which are in memory that V8 does not move, and end the process."""
        try:
            loaded = self.engine is not None and self.engine.word('loaded') > 0
            count, answers = self.engine.answers(1 << 30) if self.engine and loaded else (0, b'')
        except ValueError:
            count, answers = 0, b''
        self._send(TIMED_OUT, count, answers, '')
        os._exit(0)

    def _reply(self, kind: int, count: int, answers: bytes, text: str | bytes) -> None:
        with self._writing:
            self._send(kind, count, answers, text)

    def _send(self, kind: int, count: int, answers: bytes, text: str | bytes) -> None:
        words = text if isinstance(text, bytes) else text.encode('utf-8', 'replace')[:4000]
        self._answered.write(REPLY.pack(kind, count, len(answers), len(words)) + answers + words)
        self._answered.flush()

    def _read(self, size: int) -> bytes:
        content = self._asked.read(size)
        if len(content) < size:
            sys.exit(0)
        return content


def describe(error: BaseException) -> str:
    """Return the first line of V8's message, without the position in a script that users do not have."""
    lines = [line.strip() for line in str(error)[:4000].splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    return re.sub(r'^(<anonymous>|undefined):\d+: ', '', lines[0])[:500]


def _is_over(seconds: float, began: float, computed: float) -> bool:
    """Whether a time limit is exceeded.

    On an overloaded machine, a process that gets little processor time has more time; one that only waits has not.
    """
    passed = time.monotonic() - began
    if passed < seconds:
        return False
    used = time.process_time() - computed
    return used >= seconds / 2 or used < RUNNING * passed or passed >= PATIENCE * seconds


def _is_there(parent: int) -> bool:
    if sys.platform == 'win32':
        return _is_running(parent)
    return os.getppid() == parent


if sys.platform == 'win32':
    import ctypes

    _STILL_RUNNING = 258

    def _is_running(process: int) -> bool:
        synchronize = 0x00100000
        handle = ctypes.windll.kernel32.OpenProcess(synchronize, False, process)
        if not handle:
            return False
        try:
            return ctypes.windll.kernel32.WaitForSingleObject(handle, 0) == _STILL_RUNNING
        finally:
            ctypes.windll.kernel32.CloseHandle(handle)


def limit_memory(limit: int) -> None:
    """Limit the memory of this process on Linux, which counts writable memory, not reserved address space."""
    if sys.platform == 'linux':
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (limit + OVERHEAD, limit + OVERHEAD))


async def main() -> None:
    """Serve calls until the parent closes the pipe."""
    from py_mini_racer import init_mini_racer, mini_racer

    asked, answered = sys.stdin.buffer, os.fdopen(os.dup(1), 'wb')
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # so that nothing printed can corrupt the replies
    worker = Worker(asked, answered)
    settings = worker.settings()
    limit_memory(settings['memory'])
    init_mini_racer(flags=V8_FLAGS)
    # Calls from the event loop that mini-racer uses go directly to V8, without a thread in between.
    with mini_racer(asyncio.get_running_loop()) as v8:
        worker.serve(settings, v8)
        os._exit(0)  # without waiting for V8's threads


if __name__ == '__main__':
    sys.path.append(sys.argv[1])
    asyncio.run(main())
