"""One instance of a compiled model, in a process of its own.

`instance.py` starts it and speaks to it over pipes. It is run as a file, so that it imports mini-racer and
little else. What it is told and what it answers are frames: a header that says how much follows, and that. `engine.js`
is its other half, inside V8, where the package is. V8 gives a package no files, no network and no processes; what it
can crash is this process.
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

MORE, DONE, FAILED, TIMED_OUT = range(4)
"""What an answer says: more of it follows, that was all, the next record failed, or it took too long."""

ORDER = struct.Struct('<IIIII')
"""How a call begins: the bytes before each record, those behind it, how many records, for how many milliseconds to
compute before answers are handed over, and all bytes that follow."""

REPLY = struct.Struct('<IIII')
"""How an answer begins: what it says, its answers, the bytes of these, and the bytes of a text that follows them."""

RECORD = struct.Struct('<ii')
"""How each record's answer begins: its bytes, and the milliseconds that it took. It ends at a multiple of four."""

WORDS = ('done', 'used', 'needed', 'loaded', 'first', 'count', 'prefix', 'suffix', 'slice', 'size')
SMALLEST_BOX = 1 << 20
LARGEST_ANSWER = 1 << 29
SLICE = 250
"""How long one crossing into V8 works through records before it hands over its answers, in milliseconds. What a process
that ends had computed in it is lost."""

LOOKED_AT_EVERY = 0.02
"""How often the time of a record and the process that started this one are looked at, in seconds."""

RUNNING = 0.02
"""A process that has less than this share of a processor waits for something; one that computes gets more anywhere."""

PATIENCE = 10
"""So many times its limit nothing takes, however much the machine has to do."""

OVERHEAD = 512 << 20
"""What Python, V8 and the stacks of their threads may take beside the model, in bytes."""

V8_FLAGS = ('--no-wasm-dynamic-tiering',)
"""Compile WASM by the optimizing compiler at once. mini-racer's own default, `--single-threaded`, never does."""


class Engine:
    """The model in V8, and the memory that both sides see."""

    def __init__(self, v8: Any, javascript: str) -> None:
        functions = v8.eval(javascript)
        called = {name: _prepared(v8, functions[name]) for name in ('run', 'load', 'inbox', 'outbox', 'reason', 'said')}
        self._run, self._load, self._new_inbox, self._new_outbox, self.reason, self.said = called.values()
        self._head = functions['head']().cast('i')
        self._inbox = self._make(self._new_inbox, SMALLEST_BOX)
        self._outbox = self._make(self._new_outbox, SMALLEST_BOX)
        self._v8 = v8

    def word(self, name: str) -> int:
        """A word of the head."""
        return int(self._head[WORDS.index(name)])

    def write(self, **words: int) -> None:
        """Set words of the head."""
        for name, value in words.items():
            self._head[WORDS.index(name)] = value

    def load(self, script: str, files: dict[str, bytes]) -> str:
        """Load the model; the result is why it cannot be loaded, or empty. A promise may keep this waiting for ever."""
        self._v8.eval(f'{script}\n;0')
        described = json.dumps([[name, len(content)] for name, content in files.items()]).encode()
        self.fill(described + b''.join(files.values()))
        self.write(size=len(described))
        self._load()
        waiting = 0.001
        while not self.word('loaded'):
            time.sleep(waiting)
            waiting = min(2 * waiting, LOOKED_AT_EVERY)
        return '' if self.word('loaded') > 0 else str(self.reason()) or 'it is no model'

    def fill(self, content: bytes) -> None:
        """Put this into the inbox."""
        if len(content) > len(self._inbox):
            self._inbox = self._make(self._new_inbox, 2 * len(content))
        self._inbox[: len(content)] = content

    def cross(self, first: int, count: int, prefix: int, suffix: int, milliseconds: int) -> None:
        """Compute records from `first` on, as many as fit into this time and at least one."""
        self.write(done=0, used=0, needed=0, first=first, count=count, prefix=prefix, suffix=suffix)
        self.write(slice=milliseconds)
        self._run()

    def grow(self) -> None:
        """Make room for the answer that did not fit."""
        needed = self.word('needed')
        if not len(self._outbox) < needed <= LARGEST_ANSWER:
            raise ValueError(f'an answer of {needed} bytes')
        self._outbox = self._make(self._new_outbox, 2 * needed)

    def _make(self, function: Callable[[], object], size: int) -> memoryview:
        """A buffer of this size, as memory."""
        self.write(size=size)
        memory: Any = function()
        if not isinstance(memory, memoryview):
            raise TypeError(f'{size} bytes cannot be had')
        return cast('memoryview', memory)

    def answers(self, most: int) -> tuple[int, bytes]:
        """How many records the last crossing answered, and the answers; both are checked against what was asked."""
        count, used = self.word('done'), self.word('used')
        if not (0 <= count <= most and 0 <= used <= len(self._outbox)):
            raise ValueError(f'{count} answers of {used} bytes')
        return count, bytes(self._outbox[:used])


def _prepared(v8: Any, function: Any) -> Callable[[], object]:
    """A function of V8, ready to be called: what mini-racer prepares anew for each call takes three times the call.

    It is called by its handle. A name could be called, or replaced, by the package.
    """
    from py_mini_racer import JSUndefined

    context = v8._ctx  # noqa: SLF001 - mini-racer has no way to prepare a call; its version is held to one minor release
    handles = [context._python_to_value_handle(value) for value in (function, JSUndefined, v8.eval('[]'))]  # noqa: SLF001
    raw = [handle.raw for handle in handles]

    def call(_kept: object = handles) -> object:
        return context._run_uncancelable_mr_task(context._dll.mr_call_function, *raw)  # noqa: SLF001

    return call


class Worker:
    """Takes calls from one pipe and answers on the other, until the first one ends."""

    def __init__(self, asked: BinaryIO, answered: BinaryIO) -> None:
        self._asked, self._answered = asked, answered
        self._writing = threading.Lock()
        self._limit: tuple[float, float, float] | None = None
        self.engine: Engine | None = None
        self.timeout = 0.0

    def settings(self) -> dict[str, Any]:
        """How to serve: the first that is said."""
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
        except Exception as error:  # noqa: BLE001 - whatever the package does is told
            failure = describe(error)
        self._limit = None
        self._reply(FAILED if failure else DONE, 0, b'', failure)
        if failure:
            return
        while head := self._asked.read(ORDER.size):
            prefix, suffix, count, milliseconds, size = ORDER.unpack(head)
            content = self._read(size)
            try:
                self._answer(engine, prefix, suffix, count, milliseconds, content)
            except (ValueError, TypeError) as error:
                self._limit = None
                self._reply(FAILED, 0, b'', f'the model destroyed its memory: {describe(error)}')

    def _answer(self, engine: Engine, prefix: int, suffix: int, count: int, milliseconds: int, content: bytes) -> None:
        seconds = self.timeout + milliseconds / 1000
        self._start_limit(seconds)
        engine.fill(content)
        done, failure = 0, ''
        while done < count and not failure:
            self._start_limit(seconds)
            try:
                engine.cross(done, count, prefix, suffix, milliseconds)
            except Exception as error:  # noqa: BLE001 - the package's own
                failure = self._explain(error)
            answered, answers = engine.answers(count - done)
            if not answered and not failure:
                engine.grow()
                continue
            self._limit = None
            done += answered
            self._reply(FAILED if failure else DONE if done == count else MORE, answered, answers, failure)

    def _explain(self, error: Exception) -> str:
        """Why a model aborted, in words. What C++ throws is the address of an exception, whose text stays in WASM."""
        if type(error).__name__ == 'JSOOMException':
            return 'the model needs more memory than it may have'
        thrown = describe(error)
        try:
            said = str(self.engine.said()).strip() if self.engine else ''
        except Exception:  # noqa: BLE001 - V8 may be past answering
            said = ''
        if re.fullmatch(r'(Uncaught )?-?\d+', thrown):
            thrown = (
                'it threw an exception without a text; a value of a kind that it does not expect is the usual reason'
            )
        return f'the model aborted: {thrown}' + (f'; it said: {said}' if said and said not in thrown else '')

    def _start_limit(self, seconds: float) -> None:
        """From now on, something may take so long."""
        self._limit = seconds, time.monotonic(), time.process_time()

    def _watch(self, parent: int) -> None:
        """End this process when a record takes too long, and when the one that started it is gone."""
        while _is_there(parent):
            time.sleep(LOOKED_AT_EVERY)
            with self._writing:
                if self._limit is not None and _is_over(*self._limit):
                    self._give_up()
        os._exit(0)

    def _give_up(self) -> None:
        """Hand over what is computed already, which stands in memory that V8 does not move, and end."""
        try:
            loaded = self.engine is not None and self.engine.word('loaded') > 0
            count, answers = self.engine.answers(1 << 30) if self.engine and loaded else (0, b'')
        except ValueError:
            count, answers = 0, b''
        self._send(TIMED_OUT, count, answers, '')
        os._exit(0)

    def _reply(self, kind: int, count: int, answers: bytes, text: str) -> None:
        with self._writing:
            self._send(kind, count, answers, text)

    def _send(self, kind: int, count: int, answers: bytes, text: str) -> None:
        words = text.encode('utf-8', 'replace')[:4000]
        self._answered.write(REPLY.pack(kind, count, len(answers), len(words)) + answers + words)
        self._answered.flush()

    def _read(self, size: int) -> bytes:
        content = self._asked.read(size)
        if len(content) < size:
            sys.exit(0)
        return content


def describe(error: BaseException) -> str:
    """The first line of what V8 says, without the place in a script that nobody has."""
    lines = [line.strip() for line in str(error)[:4000].splitlines() if line.strip()]
    return re.sub(r'^(<anonymous>|undefined):\d+: ', '', lines[0])[:500] if lines else type(error).__name__


def _is_over(seconds: float, began: float, computed: float) -> bool:
    """Whether something takes longer than so many seconds.

    On a machine that has too much to do, what gets little of it is given more time; what only waits gets none.
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
    """Hold this process to so many bytes where the system can: Linux counts what may be written to, not what is
    reserved."""
    if sys.platform == 'linux':
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (limit + OVERHEAD, limit + OVERHEAD))


async def main() -> None:
    """Serve until the parent closes the pipe."""
    from py_mini_racer import init_mini_racer, mini_racer

    asked, answered = sys.stdin.buffer, os.fdopen(os.dup(1), 'wb')
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # nothing that is printed gets between the answers
    worker = Worker(asked, answered)
    settings = worker.settings()
    limit_memory(settings['memory'])
    init_mini_racer(flags=V8_FLAGS)
    # On the loop that mini-racer reports to, its functions are called directly: no thread stands in between.
    with mini_racer(asyncio.get_running_loop()) as v8:
        worker.serve(settings, v8)
        os._exit(0)  # V8's threads are not waited for


if __name__ == '__main__':
    sys.path.append(sys.argv[1])
    asyncio.run(main())
