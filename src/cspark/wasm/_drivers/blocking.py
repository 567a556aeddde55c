"""Performs flows and blocks meanwhile."""

from __future__ import annotations

import inspect
import os
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, TypeVar

import httpx

from .._flows.flow import Compute, Flow, Pause, Send, Step
from ..answer import Answer
from ..errors import SparkConfigError
from . import through_httpx
from .direct import DirectConnections
from .proxies import Proxies
from .wire import OWN_CLIENT, OutOfTimeError, Verify, check_http_client, late, own_http_client, trusted

__all__ = ['Connections', 'Stopped', 'perform']

Result = TypeVar('Result')


class Connections:
    """What a blocking client sends through.

    Args:
        http_client: A caller's own client, through which everything then goes; it is never closed here.
        verify: What to trust of a `https://` runner: see `tls_context`.
    """

    def __init__(self, http_client: httpx.Client | None = None, verify: Verify = True) -> None:
        check_http_client(http_client, httpx.Client)
        self._verify = trusted(verify)
        self._given = http_client
        self._own: httpx.Client | None = None
        self._only_httpx = http_client is not None
        self._starting = threading.Lock()
        self._process = os.getpid()
        self._direct = DirectConnections(self._verify)
        self._proxies = Proxies()
        self._parent: Connections | None = None
        self.alone = _Alone()
        self.is_closed = False

    @property
    def http_client(self) -> httpx.Client:
        """The client of httpx. Once it was asked for, everything goes through it: it may have got hooks or headers."""
        self._only_httpx = True
        return self.general()

    def general(self) -> httpx.Client:
        """The client of httpx, for what takes no faster way."""
        with self._starting:
            if self._given is not None:
                return self._given
            if self._own is None or self._process != os.getpid():  # a forked process makes its own
                self._process = os.getpid()
                self._own = own_http_client(httpx.Client, self._verify)
                if self.is_closed:
                    self._own.close()
            return self._own

    def send(self, step: Send) -> Answer:
        """Send a step and read its answer to the end.

        Raises:
            Undelivered: There is no answer.
        """
        if (self.is_closed and self._given is None) or (self._parent and self._parent.is_closed):
            raise SparkConfigError('the client is closed; make another one')
        if self._only_httpx or step.files or step.auth is not None or self._proxies.lead_to(step.url):
            return through_httpx.exchange(step, self.general())
        return self._direct.exchange(step)

    def apart(self) -> Connections:
        """Connections that can be ended without harm to this one's; itself, where a caller's client is all there is."""
        if self._only_httpx:
            return self
        apart = Connections(verify=self._verify)
        apart._parent, apart.alone = self, self.alone
        return apart

    def abort(self) -> None:
        """End what is under way on other threads, as far as it does not go through httpx."""
        self._direct.abort()

    def close(self) -> None:
        """Close all connections but those of a caller's own client; any number of times."""
        self.is_closed = True
        self._direct.close()
        if self._own is not None:
            self._own.close()


class _Alone:
    """Who does what one call of a client does at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.owner = 0


class Stopped(BaseException):
    """The flow was told to stop."""


def perform(flow: Flow[Result], connections: Connections, stop: threading.Event | None = None) -> Result:
    """Run a flow to its end: do each step, hand in the result or throw in the error.

    Raises:
        Stopped: `stop` was set before the end.
    """
    with closing(flow):
        try:
            step = next(flow)
            while True:
                done: list[Any] = []
                failed: list[Exception] = []
                try:
                    # In a list that is emptied: it may be a token, and reports show the variables of frames.
                    done.append(_do(step, connections, stop))
                except Exception as error:  # noqa: BLE001 - it is the flow's to handle
                    failed.append(error)
                # Not in the `except` above: what failed would be behind all that the flow raises.
                step = flow.throw(failed.pop()) if failed else flow.send(done.pop())
        except StopIteration as end:
            final: Result = end.value
            return final


def _do(step: Step, connections: Connections, stop: threading.Event | None) -> Any:
    if stop is not None and (stop.wait(step.seconds) if isinstance(step, Pause) else stop.is_set()):
        raise Stopped
    match step:
        case Send():
            return connections.send(step)
        case Pause():
            if stop is None:
                time.sleep(step.seconds)
        case Compute():
            return _finished(step.function()) if step.keep is None else _kept(step, step.keep, connections, stop)
    return None


def _kept(step: Compute, keep: Callable[[Any], None], connections: Connections, stop: threading.Event | None) -> None:
    alone = connections.alone
    if alone.owner == threading.get_ident():
        raise SparkConfigError(OWN_CLIENT)
    if not alone.lock.acquire(timeout=max(0.0, step.deadline - time.monotonic())):
        raise late(OutOfTimeError(), sent=False)
    try:
        if stop is not None and stop.is_set():
            raise Stopped
        alone.owner = threading.get_ident()
        keep(_finished(step.function()))
    finally:
        alone.owner = 0
        alone.lock.release()


def _finished(result: Any) -> Any:
    if inspect.iscoroutine(result):
        result.close()
        raise SparkConfigError('the function given as token is async; give a plain one, or use AsyncClient')
    return result
