"""The runner behind this one, as this project's own client calls it."""

from __future__ import annotations

import time
from collections.abc import Mapping

from .._answer import Answer
from .._calls.exchange import pass_on
from .._perform.blocking import Connections, perform
from ..config import Config, RunnerUrl
from ..errors import SparkConfigError, SparkSdkError

__all__ = ['Upstream']


def _config_of(runner: object) -> Config:
    if isinstance(runner, Config):
        return runner
    if isinstance(runner, str) and runner.strip():
        return Config(base_url=RunnerUrl(runner), token='open')  # noqa: S106 - no credentials
    given = 'an empty text' if isinstance(runner, str) else type(runner).__name__
    raise SparkConfigError(f'upstream must be an address such as "http://runner:3000", or a Config, not {given}')


class Upstream:
    """The runner behind this one. Threads may share it.

    Args:
        runner: Its address, or a whole configuration with credentials, tenant, certificates and timeout.
        caller_credentials: Whether the credentials of callers are passed on; they take the place of its own.

    Raises:
        SparkSdkError: The address is not valid.
    """

    def __init__(self, runner: str | Config, *, caller_credentials: bool = False) -> None:
        self._config = _config_of(runner)
        self._open = self._config.copy_with(token='open')  # noqa: S106 - no credentials
        self._connections = Connections(self._config)
        self.caller_credentials = caller_credentials
        self.address = self._config.base_url.value
        self.tenant = self._config.base_url.tenant

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        content: bytes | None = None,
        *,
        until: float = float('inf'),
        own_credentials: bool = True,
    ) -> Answer:
        """Send a request once.

        Args:
            method: The HTTP method.
            path: The path, with the query.
            headers: The headers to send beside those of the configuration.
            content: The body.
            until: When the answer must be there, by `time.monotonic()`; the timeout of the configuration holds too.
            own_credentials: Whether to send the credentials of the configuration.

        Raises:
            SparkSdkError: There is no answer.
        """
        config = self._config if own_credentials else self._open
        deadline = min(time.monotonic() + config.timeout_in_sec, until)
        flow = pass_on(config, method, path, headers, content, deadline)
        try:
            return perform(flow, self._connections)
        except SparkSdkError:
            raise
        except Exception as error:
            # A function for tokens, or an `httpx.Auth`, can raise anything; its text may hold a credential.
            words = f'{self.address}: the function for its token, or its httpx.Auth, failed with {type(error).__name__}'
            raise SparkSdkError(words) from error

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def __repr__(self) -> str:
        return f'Upstream({self.address!r})'
