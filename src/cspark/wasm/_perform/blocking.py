"""Performs flows and blocks meanwhile."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final, TypeVar

import httpx

from .._answer import Answer
from .._calls.steps import Compute, Flow, Pause, Send, Step
from .._http import through_httpx
from .._http.echoes import Echoes
from .._http.failures import timeout_failure
from .._http.httpx_clients import check_http_client, has_core, is_mocked, make_http_client, wants_httpx
from .._http.limits import OutOfTimeError, run_until
from .._http.proxies import Proxies
from .._http.tls import trusted
from ..config import Config
from ..errors import SparkConfigError
from .forks import after_fork

if TYPE_CHECKING:
    from .._http.blocking import BlockingConnections

__all__ = ['Connections', 'Stopped', 'perform']

Result = TypeVar('Result')


class Connections:
    """What a blocking client sends through.

    Args:
        config: What to trust of a `https://` runner, what carries requests, and how old connections get.
        http_client: A caller's own client, through which everything then goes; it is never closed here.
    """

    def __init__(self, config: Config, http_client: httpx.Client | None = None) -> None:
        check_http_client(http_client, httpx.Client)
        self._config = config
        self._verify = trusted(config.verify)
        self._given = http_client
        self._own: httpx.Client | None = None
        self._only_httpx = http_client is not None or wants_httpx(config.transport) or not has_core('blocking')
        self._starting = threading.Lock()
        self._echoes = Echoes()
        self._direct: BlockingConnections | None = None
        self._proxies = Proxies()
        self._parent: Connections | None = None
        self.alone = _Alone()
        self.is_closed = False
        after_fork(self)

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
            if self._own is None:
                self._own = make_http_client(httpx.Client, self._verify, self._proxies)
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
        # As a truth value: a proxy's address may hold a password, and reports of errors show the variables of frames.
        needs_httpx = bool(step.files or step.auth or self._only_httpx or self._proxies.lead_to(step.url))
        direct = None if needs_httpx or is_mocked() else self._connections()
        if direct is None:
            return through_httpx.exchange(step, self.general(), self._echoes)
        return direct.exchange(step)

    def _connections(self) -> BlockingConnections:
        if self._direct is None:
            from .._http.blocking import BlockingConnections

            with self._starting:
                if self._direct is None:
                    age = self._config.max_connection_age
                    self._direct = BlockingConnections(self._verify, self._echoes, age)
                    if self.is_closed:
                        self._direct.close()
        return self._direct

    def apart(self) -> Connections:
        """Connections that can be ended without harm to this one's; itself, where a caller's client is all there is."""
        if self._only_httpx:
            return self
        apart = Connections.__new__(Connections)
        trust = self._direct.trust if self._direct is not None else self._verify
        own = {'_starting': threading.Lock(), '_parent': self, '_own': None, '_direct': None, '_verify': trust}
        vars(apart).update(vars(self) | own)
        after_fork(apart)
        return apart

    def abort(self) -> None:
        """End what is under way on other threads, as far as it does not go through httpx."""
        if self._direct is not None:
            self._direct.abort()

    def close(self) -> None:
        """Close all connections but those of a caller's own client; any number of times."""
        self.is_closed = True
        if self._direct is not None:
            self._direct.close()
        if self._own is not None:
            self._own.close()

    def start_anew(self) -> None:
        """In a forked process: no lock of a thread that is not there, and none of the other one's connections."""
        self._starting = threading.Lock()
        self.alone = _Alone()
        self._own = None
        if self._direct is not None:
            self._direct.start_anew()


OWN_CLIENT: Final = 'the function given as token uses the client that waits for its token; give it a client of its own'


class _Alone:
    """Who does what one call of a client does at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.owner = 0

    def call(self, function: Callable[[], Any]) -> Any:
        """Call a function that must not use the client that waits for it."""
        self.owner = threading.get_ident()
        try:
            return function()
        finally:
            self.owner = 0  # the next thread may get the number of this one


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
        raise timeout_failure(OutOfTimeError(), sent=False)
    try:
        if stop is not None and stop.is_set():
            raise Stopped
        keep(_finished(run_until(step.deadline, lambda: alone.call(step.function))))
    except OutOfTimeError as error:
        failure = timeout_failure(error, sent=False)
    else:
        return
    finally:
        alone.lock.release()
    raise failure


def _finished(result: Any) -> Any:
    if inspect.iscoroutine(result):
        result.close()
        raise SparkConfigError('the function given as token is async; give a plain one, or use AsyncClient')
    return result
