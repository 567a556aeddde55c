"""One thread that watches all workers of this process: their time, and their memory."""

from __future__ import annotations

import abc
import contextlib
import os
import threading
import time
from typing import Final

import psutil

from .worker import PATIENCE, RUNNING

__all__ = ['Watched', 'watch']

IDLE: Final = 300.0
"""A worker without a call that computes for more than half of so many seconds is ended. A large model is optimized in
the background for a while after it was loaded."""

GRACE: Final = 5.0
"""How long after its own limit a worker that says nothing is ended from outside, in seconds."""

LOOKED_AT_EVERY: Final = 0.05
"""How often the workers are looked at, in seconds."""


class Watched(abc.ABC):
    """What the watcher knows of a worker.

    Args:
        memory_limit: How much resident memory its process may have, in bytes. It is looked at every 50 ms, so a model
            that takes memory fast has more for a moment; on Linux the system itself then stops it.
        time_limit: How long it may take to say something when it is asked, in seconds.
    """

    process_id: int

    def __init__(self, memory_limit: int, time_limit: float) -> None:
        self.memory_limit = memory_limit
        self.time_limit = time_limit
        self.asked_at: float | None = None
        self.looked_at: tuple[float | None, float, float] | None = None
        self.ended_for = ''
        self.memory_bytes = 0
        self.peak_memory_bytes = 0

    @abc.abstractmethod
    def kill(self) -> None:
        """End the process without waiting."""

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
        if worker.memory_bytes > worker.memory_limit:
            _end(worker, 'memory')
        used = process.cpu_times()
        _look_at_time(worker, used.user + used.system)


def _look_at_time(worker: Watched, computed: float) -> None:
    """End a worker that is asked and says nothing, and one that computes on though nothing is asked of it.

    The worker knows best how long a record takes; this is for one that cannot tell any more. Where the machine has too
    much to do, it waits for one that gets to compute.
    """
    now, since = time.monotonic(), worker.asked_at
    if worker.looked_at is None or worker.looked_at[0] != since:
        worker.looked_at = since, now, computed
        return
    _, began, before = worker.looked_at
    passed, computed = now - began, computed - before
    if since is None:
        if passed > IDLE:
            worker.looked_at = None
            if computed > passed / 2:
                _end(worker, 'idle')
    elif passed > worker.time_limit + GRACE and (
        computed < RUNNING * passed or passed > PATIENCE * worker.time_limit + GRACE
    ):
        _end(worker, 'time')


def _end(worker: Watched, reason: str) -> None:
    worker.ended_for = worker.ended_for or reason
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
