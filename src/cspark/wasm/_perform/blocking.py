"""The blocking performer: run flows on the calling thread."""

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
    """The connections of a `Client`. Threads may share them.

    Args:
        config: The configuration; `verify`, `transport` and `max_connection_age` are used.
        http_client: A caller's own client, which then sends all requests; it is never closed here.
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
        """The httpx client. Once it has been accessed, it sends all requests: the caller may have added hooks to it."""
        self._only_httpx = True
        return self.general()

    def general(self) -> httpx.Client:
        """Return the httpx client, for the requests that our own connections cannot send."""
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
        # A boolean, not the proxy's address: it may hold a password, and error reports show the variables of frames.
        needs_httpx = bool(step.files or step.auth or self._only_httpx or self._proxies.lead_to(step.url))
        direct = None if needs_httpx or is_mocked() else self._connections()
        if direct is None:
            return through_httpx.send_through_httpx(step, self.general(), self._echoes)
        return direct.send(step)

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
        """Return separate connections that can be aborted without affecting these; these, if httpx sends everything."""
        if self._only_httpx:
            return self
        apart = Connections.__new__(Connections)
        trust = self._direct.trust if self._direct is not None else self._verify
        own = {'_starting': threading.Lock(), '_parent': self, '_own': None, '_direct': None, '_verify': trust}
        vars(apart).update(vars(self) | own)
        after_fork(apart)
        return apart

    def abort(self) -> None:
        """Abort the requests in flight on other threads, except those that httpx sends."""
        if self._direct is not None:
            self._direct.abort()

    def close(self) -> None:
        """Close all connections but those of a caller's own client. It can be called more than once."""
        self.is_closed = True
        if self._direct is not None:
            self._direct.close()
        if self._own is not None:
            self._own.close()

    def start_anew(self) -> None:
        """Reset in a forked process: drop locks that a thread of the parent may hold, and the parent's connections."""
        self._starting = threading.Lock()
        self.alone = _Alone()
        self._own = None
        if self._direct is not None:
            self._direct.start_anew()


OWN_CLIENT: Final = 'the token function calls the client that is waiting for the token; give it a client of its own'


class _Alone:
    """A lock for work that only one call of a client does at a time, such as fetching a token; it knows its holder."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.owner = 0

    def call(self, function: Callable[[], Any]) -> Any:
        """Call a function, and remember its thread: if the function uses the same client, it would wait for itself."""
        self.owner = threading.get_ident()
        try:
            return function()
        finally:
            self.owner = 0  # a later thread may get the same identifier


class Stopped(BaseException):
    """The run was stopped.

    It is no `Exception`, so that a flow, which gets failures by `except Exception`, cannot treat it as one to retry.
    """


def perform(flow: Flow[Result], connections: Connections, stop: threading.Event | None = None) -> Result:
    """Run a flow to its end: perform each step, and send its result or throw its error into the flow.

    Raises:
        Stopped: `stop` was set before the flow ended.
    """
    with closing(flow):
        try:
            step = next(flow)
            while True:
                done: list[Any] = []
                failed: list[Exception] = []
                try:
                    # In a list that is emptied: the result may be a token, and error reports show local variables.
                    done.append(_do(step, connections, stop))
                except Exception as error:  # noqa: BLE001 - the flow handles it
                    failed.append(error)
                # Not in the `except` block: the error would become the context of everything that the flow raises.
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
            if step.keep is None:
                return step.function()
            return _compute_exclusively(step, step.keep, connections, stop)
    return None


def _compute_exclusively(
    step: Compute, keep: Callable[[Any], None], connections: Connections, stop: threading.Event | None
) -> None:
    alone = connections.alone
    if alone.owner == threading.get_ident():
        raise SparkConfigError(OWN_CLIENT)
    if not alone.lock.acquire(timeout=max(0.0, step.deadline - time.monotonic())):
        raise timeout_failure(OutOfTimeError(), sent=False)
    try:
        if stop is not None and stop.is_set():
            raise Stopped
        keep(_require_plain_result(run_until(step.deadline, lambda: alone.call(step.function))))
    except OutOfTimeError as error:
        failure = timeout_failure(error, sent=False)
    else:
        return
    finally:
        alone.lock.release()
    raise failure


def _require_plain_result(result: Any) -> Any:
    if inspect.iscoroutine(result):
        result.close()
        raise SparkConfigError('the function given as token is async; give a plain function, or use AsyncClient')
    return result
