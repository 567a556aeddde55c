"""One instance of a compiled model in a V8 of its own, inside this process.

V8 gives the script no files, no network and no processes. `engine.js` is the other half.
"""

from __future__ import annotations

import array
import asyncio
import json
import re
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import TracebackType
from typing import Final, NamedTuple, Self

from py_mini_racer import JSEvalException, JSOOMException, JSTimeoutException, mini_racer

from .._large_json import collector_paused
from .errors import PackageError
from .package import CompiledModel

__all__ = ['Answer', 'Engine', 'Run']

HEAD_WORDS: Final = ('done', 'used', 'needed', 'heap', 'loaded')
INBOX: Final = 1 << 16
OUTBOX: Final = 1 << 20
LARGEST_ANSWER: Final = 1 << 29
SLICE: Final = 0.25
"""How long one crossing into V8 works through records before it reports back, in seconds."""


class Answer(NamedTuple):
    """A model's answer to one request, as JSON, and the milliseconds that it took."""

    content: bytes
    milliseconds: int


@dataclass(slots=True)
class Run:
    """What became of some requests: their answers in order and, where some have none, why the next one failed."""

    answers: list[Answer] = field(default_factory=lambda: list[Answer]())
    failure: str = ''
    timed_out: bool = False


class Engine:
    """An instance of a model, used by one thread at a time. After a failed run it must be closed and built anew.

    Args:
        model: The compiled model.
        timeout: The limit for loading it and for each record, in seconds.
        heap_limit: The limit of its JavaScript heap, in bytes.

    Raises:
        PackageError: The script throws, does not end, or is no model; the text has its words.
    """

    def __init__(self, model: CompiledModel, timeout: float, heap_limit: int = 1 << 30) -> None:
        self.timeout = timeout
        self.model = model
        started = time.perf_counter()
        self._resources = ExitStack()
        self._v8 = self._resources.enter_context(mini_racer(_loop()))
        try:
            self._v8.set_hard_memory_limit(heap_limit)
            self._load()
        except BaseException:
            self.close()
            raise
        self.javascript_bytes = self._heap_used()
        self.started = time.monotonic()
        self.init_memory_bytes = self.memory_bytes
        self.init_time_ms = (time.perf_counter() - started) * 1000

    def _load(self) -> None:
        file = f'{self.model.name}.js'
        try:
            # Ours goes first: what the script does to V8's own objects cannot reach what we took from them before.
            self._v8.eval(
                f'const engine = {files("cspark.wasm.local").joinpath("engine.js").read_text()}',
                timeout_sec=self.timeout,
            )
            self._head = self._memory('engine.head()').cast('i')
            self._v8.eval(f'{self.model.script}\n;0', timeout_sec=self.timeout)
            parts = {'': self.model.wasm, **self.model.files}
            self._inbox = self._memory('engine.inbox(4)')
            self._fill_inbox(b''.join(parts.values()))
            self._resize_outbox(OUTBOX)
            sizes = json.dumps([[name, len(content)] for name, content in parts.items()])
            self._v8.eval(f'engine.load({sizes});0', timeout_sec=self.timeout)
            until = time.monotonic() + self.timeout
            while not self._word('loaded'):
                if time.monotonic() > until:
                    raise TimeoutError
                time.sleep(0.001)
            if self._word('loaded') < 0:
                raise JSEvalException(str(self._v8.eval('engine.reason()', timeout_sec=self.timeout)))
            self._inbox = self._memory(f'engine.inbox({INBOX})')
        except (JSTimeoutException, TimeoutError) as error:
            raise PackageError(f'{file!r} does not end within {self.timeout:g} s when it is loaded') from error
        except (JSEvalException, TypeError) as error:
            raise PackageError(f'{file!r} cannot be loaded as a model: {_first_line(error)}') from error

    def run(self, requests: Sequence[bytes]) -> Run:
        """Compute requests in order: one crossing into V8 for as many as `SLICE` allows.

        Args:
            requests: v3 requests as JSON objects in UTF-8. Anything but an object makes a model abort.

        Returns:
            Fewer answers than requests mean that the first one without an answer failed.
        """
        run = Run()
        try:
            self._fill_inbox(array.array('i', map(len, requests)).tobytes() + b''.join(requests))
            while len(run.answers) < len(requests) and not run.failure:
                self._cross(run, len(requests))
        except (JSEvalException, TypeError, ValueError, IndexError) as error:
            run.failure = f'the model destroyed its memory: {_first_line(error)}'
        return run

    def _cross(self, run: Run, count: int) -> None:
        done = len(run.answers)
        try:
            self._v8.eval(f'engine.run({done}, {count}, {SLICE * 1000:g})', timeout_sec=self.timeout + SLICE)
        except JSTimeoutException:
            run.timed_out = True
            run.failure = f'the model takes longer than {self.timeout:g} s'
        except JSOOMException:
            run.failure = 'the model needs more memory than it may have'
        except JSEvalException as error:
            run.failure = f'the model aborted: {_first_line(error)}'
        self._take_answers(run, self._word('done') - done)
        if len(run.answers) == done and not run.failure:
            needed = self._word('needed')
            if not len(self._outbox) < needed <= LARGEST_ANSWER:
                raise ValueError(f'an answer of {needed} bytes')
            self._resize_outbox(needed * 2)

    @property
    def memory_bytes(self) -> int:
        """The model's own memory and the JavaScript heap as it was after loading."""
        return self._word('heap') + self.javascript_bytes

    def close(self) -> None:
        """End the instance, whatever it is doing."""
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _word(self, name: str) -> int:
        return int(self._head[HEAD_WORDS.index(name)])

    def _memory(self, expression: str) -> memoryview:
        memory = self._v8.eval(expression, timeout_sec=self.timeout)
        if not isinstance(memory, memoryview):
            raise TypeError(f'{expression} is no memory')
        return memory

    def _fill_inbox(self, content: bytes) -> None:
        if len(content) > len(self._inbox):
            self._inbox = self._memory(f'engine.inbox({max(INBOX, len(content))})')
        self._inbox[: len(content)] = content

    def _resize_outbox(self, size: int) -> None:
        self._outbox = self._memory(f'engine.outbox({size})')

    @collector_paused()
    def _take_answers(self, run: Run, count: int) -> None:
        content = bytes(self._outbox[: self._word('used')])
        words = memoryview(content).cast('i')
        start = 0
        for _ in range(count):
            end = start + 8 + words[start >> 2]
            run.answers.append(Answer(content[start + 8 : end], words[(start >> 2) + 1]))
            start = end + 3 & ~3

    def _heap_used(self) -> int:
        return int(self._v8.heap_stats().get('total_heap_size', 0))


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """Where V8 reports back, for all instances: it outlives them, as reports of stopped work come late."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name='runner-v8', daemon=True).start()
    return loop


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return re.sub(r'^<anonymous>:\d+: ', '', lines[0])[:500] if lines else type(error).__name__
