"""Credentials: an API key, a bearer token, or none (`open`)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from ._secret import Secret, hide
from .errors import SparkConfigError

__all__ = ['Authorization', 'TokenLike']

OPEN: Final = Secret('open')
"""The word that stands for no credentials."""

WAS_LEFT: Final = (
    'the credentials were not pickled with the configuration; give them again with copy_with(api_key=...) or '
    'copy_with(token=...), or pickle config.with_credentials_in_pickles(), which includes them in clear text'
)
API_KEY_HEADER: Final = 'x-synthetic-key'

TokenLike: TypeAlias = str | Callable[[], str] | Callable[[], Awaitable[str]]
"""A bearer token, or a function that fetches one: a plain function for both clients, an async one for `AsyncClient`."""


class Authorization:
    """The credentials of a client.

    `token='open'` or `api_key='open'` (exactly that word) sends no credentials. With both a key and a token, only
    the key is sent.

    Args:
        api_key: An API key of the platform, sent as `x-synthetic-key`.
        token: A bearer token, with or without a leading `Bearer`, sent as `Authorization`; or a function that fetches
            one, which is called before the first request and again when the runner answers 401.
        auth: An `httpx.Auth`, which then provides all credentials.

    Raises:
        SparkConfigError: No credentials are given, or one cannot be sent in a header.

    >>> Authorization(api_key='4f1a6b0c-secret')
    Authorization(api_key='********cret', token=None)
    >>> Authorization(token='open').is_open
    True
    """

    __slots__ = ('_api_key', '_source', '_token', '_travels', '_was_left', 'auth')

    def __init__(
        self, *, api_key: str | Secret | None = None, token: TokenLike | Secret | None = None, auth: Any = None
    ) -> None:
        api_key, token = hide(api_key), hide(token)
        self.auth = auth
        self._api_key = self._token = self._source = None
        self._travels = self._was_left = False
        if auth is not None and not hasattr(auth, 'auth_flow'):
            raise SparkConfigError(f'auth must be an httpx.Auth, not {type(auth).__name__}')
        self._api_key = _checked('api_key', api_key)
        self._source = token if callable(token) else None
        self._token = None if callable(token) else _checked_token(token)
        if not (self._api_key or self._token or self._source) and auth is None:
            raise SparkConfigError(
                'credentials are missing; give token=... or api_key=..., or token="open" for a runner that needs none '
                '(the environment variables CSPARK_BEARER_TOKEN and CSPARK_API_KEY are read too)'
            )

    @property
    def is_open(self) -> bool:
        """Whether no credentials are sent."""
        return OPEN in (self._api_key, self._token)

    @property
    def api_key(self) -> str | None:
        """The API key, masked: its last four characters at most."""
        return _masked(self._api_key)

    @property
    def token(self) -> str | None:
        """The bearer token as it is sent, in clear text; None until it has been fetched."""
        return self._token.reveal() if self._token else None

    @property
    def as_header(self) -> dict[str, str]:
        """The header with the credentials in clear text; empty where `credentials` is."""
        return {name: secret.reveal() for name, secret in self.credentials.items()}

    @property
    def credentials(self) -> dict[str, Secret]:
        """The header with the credentials; empty if none are sent, if an `httpx.Auth` adds them, or before a fetch."""
        if self._was_left:
            raise SparkConfigError(WAS_LEFT)
        if self.is_open or self.auth is not None:
            return {}
        if self._api_key:
            return {API_KEY_HEADER: self._api_key}
        if self._token:
            return {'Authorization': Secret(f'Bearer {self._token.reveal()}')}
        return {}

    @property
    def source(self) -> Callable[[], Any] | None:
        """The function that fetches a token, unless an API key or an `httpx.Auth` takes precedence."""
        return None if self._api_key or self.auth is not None else self._source

    def keep(self, token: object) -> None:
        """Store a fetched token.

        Raises:
            SparkConfigError: The value is not a token that can be sent.
        """
        token = hide(token)
        self._token = _checked_token(token)
        if not self._token:
            raise SparkConfigError('the function given as token returned no token')

    def replace(
        self, *, api_key: str | Secret | None = None, token: TokenLike | Secret | None = None, auth: Any = None
    ) -> Authorization:
        """Return new credentials if any are given, else these."""
        api_key, token = hide(api_key), hide(token)
        if api_key is None and token is None and auth is None:
            return self
        return Authorization(api_key=api_key, token=token, auth=auth)

    @property
    def travels(self) -> bool:
        """Whether pickles contain the credentials."""
        return self._travels

    def left_behind(self) -> Authorization:
        """Return the placeholder that a pickle contains instead of these credentials."""
        left = Authorization(token=OPEN)
        left.__setstate__(self.__getstate__() | {'_api_key': None, '_token': None, '_source': None, '_was_left': True})
        return left

    def travelling(self) -> Authorization:
        """Return a copy whose pickles contain the credentials in clear text."""
        copy = self.__copy__()
        copy._travels = True  # noqa: SLF001 - its own
        return copy

    def __copy__(self) -> Authorization:
        copy = Authorization.__new__(Authorization)
        for name in self.__slots__:
            setattr(copy, name, getattr(self, name))
        return copy

    def __deepcopy__(self, _memo: object) -> Authorization:
        return self.__copy__()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the credentials out of a pickle, unless they were asked to travel: pickles are stored and shared."""
        if self._travels or self.is_open or self._was_left:
            return {name: getattr(self, name) for name in self.__slots__}
        return dict.fromkeys(('_api_key', '_source', '_token', 'auth')) | {'_travels': False, '_was_left': True}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Authorization) and all(
            getattr(self, name) == getattr(other, name) for name in ('_api_key', '_source', '_token', 'auth')
        )

    def __hash__(self) -> int:
        return hash((self._api_key, self._source))

    def __repr__(self) -> str:
        token = repr(_masked(self._token))
        if self._source:
            token = f'<{getattr(self._source, "__name__", "function")}>'
        return f'Authorization(api_key={self.api_key!r}, token={token})'


def _checked_token(token: Any) -> Secret | None:
    """Check a token; return it without a leading `Bearer`, and None for an empty one."""
    checked = _checked('token', token)
    if not checked:
        return None
    return Secret(re.sub(r'^bearer(\s+|$)', '', checked.reveal(), flags=re.IGNORECASE).strip())


def _checked(name: str, secret: Any) -> Secret | None:
    """Check a credential that `hide` has returned."""
    if secret is None:
        return None
    hidden: Secret = secret
    if hidden.problem:
        raise SparkConfigError(f'{name} {hidden.problem}')
    return Secret(hidden.reveal().strip())


def _masked(secret: Secret | None) -> str | None:
    if not secret or secret == OPEN:
        return 'open' if secret else None
    return secret.mask
