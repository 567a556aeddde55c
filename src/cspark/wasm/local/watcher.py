"""One thread that watches all workers of this process: their time, and their memory."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import Final

import psutil

__all__ = ['Watched', 'watch']

IDLE: Final = 3.0
"""A worker without a call that computes for more than half of so many seconds is ended."""

LOOKED_AT_EVERY: Final = 0.05
"""How often the workers are looked at, in seconds."""


class Watched:
    """What the watcher knows of a worker.

    Args:
        memory_limit: How much resident memory its process may have, in bytes. It is looked at every 50 ms, so a model
            that takes memory fast has more for a moment; on Linux the system itself then stops it.
    """

    process_id: int

    def __init__(self, memory_limit: int) -> None:
        self.memory_limit = memory_limit
        self.deadline: float | None = None
        self.ended_for = ''
        self.idle_for = 0.0
        self.cpu_seconds = 0.0
        self.memory_bytes = 0
        self.peak_memory_bytes = 0

    def kill(self) -> None:
        """End the process without waiting."""
        raise NotImplementedError

    def forget(self) -> None:
        """Watch it no longer."""
        with _watcher.lock:
            _watcher.workers.pop(self, None)


class _Watcher:
    """The workers of this process and the thread that looks at them. A forked process starts with none."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.workers: dict[Watched, psutil.Process] = {}
        self.thread: threading.Thread | None = None

    def add(self, worker: Watched) -> None:
        with self.lock:
            with contextlib.suppress(psutil.Error):
                self.workers[worker] = psutil.Process(worker.process_id)
            if self.thread is None or not self.thread.is_alive():
                self.thread = threading.Thread(target=self._look, name='runner-watcher', daemon=True)
                self.thread.start()

    def _look(self) -> None:
        while True:
            time.sleep(LOOKED_AT_EVERY)
            with self.lock:
                if not self.workers:
                    self.thread = None
                    return
                workers = list(self.workers.items())
            for worker, process in workers:
                _look_at(worker, process)


def _look_at(worker: Watched, process: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        worker.memory_bytes = process.memory_info().rss
        worker.peak_memory_bytes = max(worker.peak_memory_bytes, worker.memory_bytes)
        _watch_idle(worker, process)
    if worker.memory_bytes > worker.memory_limit:
        worker.ended_for = worker.ended_for or 'memory'
        worker.kill()
    elif worker.deadline is not None and time.monotonic() > worker.deadline:
        worker.ended_for = worker.ended_for or 'time'
        worker.kill()


def _watch_idle(worker: Watched, process: psutil.Process) -> None:
    """A script can leave something behind an answer that computes on: it would cost everybody else their time."""
    if worker.deadline is not None:
        worker.idle_for = 0.0
        return
    if worker.idle_for == 0.0:
        worker.cpu_seconds = sum(process.cpu_times()[:2])
    worker.idle_for += LOOKED_AT_EVERY
    if worker.idle_for >= IDLE:
        used = sum(process.cpu_times()[:2]) - worker.cpu_seconds
        worker.idle_for = 0.0
        if used > IDLE / 2:
            worker.ended_for = worker.ended_for or 'idle'
            worker.kill()


_watcher = _Watcher()


def watch(worker: Watched) -> None:
    """Watch a worker from now on, until it is forgotten."""
    _watcher.add(worker)


def _start_anew() -> None:
    global _watcher
    _watcher = _Watcher()


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_start_anew)
