"""Watch the time and memory of all workers of this process, in one thread."""

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
"""A worker that computes for more than half of this time without a call is ended, in seconds. The time is long because
a large model is optimized in the background for a while after it was loaded."""

GRACE: Final = 5.0
"""How long after its own limit a worker that does not answer is ended from outside, in seconds."""

LOOKED_AT_EVERY: Final = 0.05
"""The interval between two checks of the workers, in seconds."""


class Watched(abc.ABC):
    """A worker as the watcher sees it.

    Args:
        memory_limit: The limit of the process's resident memory, in bytes. It is checked every 50 ms, so a model that
            takes memory fast can exceed it for a moment; on Linux the system then stops it.
        time_limit: How long the worker may take to answer, in seconds.
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
        """Stop watching this worker."""
        with _watcher.lock:
            _watcher.workers.pop(self, None)


class _Watcher:
    """The workers of this process and the thread that checks them. A forked process starts without workers."""

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
    """End a worker that does not answer, and one that keeps computing without a request.

    A worker enforces its time limit itself; this check is for workers that no longer can. On an overloaded machine, a
    worker that still gets some processor time is given longer.
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
    """Watch a worker until its `forget` is called."""
    _watcher.add(worker)


def _start_anew() -> None:
    global _watcher
    _watcher = _Watcher()


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_start_anew)
