"""Credentials: open, an API key or a bearer token. They live here alone, and show themselves to nobody."""

from __future__ import annotations

import re
from typing import Final

from .errors import SparkSdkError

__all__ = ['Authorization']

OPEN: Final = 'open'
API_KEY_HEADER: Final = 'x-synthetic-key'


class Authorization:
    """How a client says who it is.

    `token='open'` or `api_key='open'` (exactly so) sends no credentials. With a key and a token, the key alone is sent.

    Args:
        api_key: An API key of the platform, sent as `x-synthetic-key`.
        token: A bearer token, with or without a leading `Bearer`, sent as `Authorization`.

    Raises:
        SparkSdkError: Neither is given, or one cannot be sent in a header.

    >>> Authorization(api_key='4f1a6b0c-secret')
    Authorization(api_key='4f1a****', token=None)
    >>> Authorization(token='open').is_open
    True
    """

    __slots__ = ('_api_key', '_token')

    def __init__(self, *, api_key: str | None = None, token: str | None = None) -> None:
        self._api_key = _checked('api_key', api_key)
        token = _checked('token', token)
        self._token = re.sub(r'^bearer\s+', '', token, flags=re.IGNORECASE).strip() if token else None
        if not self._api_key and not self._token:
            raise SparkSdkError(
                'credentials are missing; give token=... or api_key=..., or token="open" for a runner that asks for '
                'none (the environment variables CSPARK_BEARER_TOKEN and CSPARK_API_KEY are read too)'
            )

    @property
    def is_open(self) -> bool:
        """Whether no credentials are sent."""
        return OPEN in (self._api_key, self._token)

    @property
    def api_key(self) -> str | None:
        """The API key, masked: its first four characters at most."""
        return _masked(self._api_key)

    @property
    def token(self) -> str | None:
        """The bearer token as it is sent. Unlike the rest of this class, it is in clear."""
        return self._token

    @property
    def as_header(self) -> dict[str, str]:
        """The header to send; none where authorization is open."""
        if self.is_open:
            return {}
        return {API_KEY_HEADER: self._api_key} if self._api_key else {'Authorization': f'Bearer {self._token}'}

    def replace(self, *, api_key: str | None = None, token: str | None = None) -> Authorization:
        """Other credentials where some are given, else these."""
        return Authorization(api_key=api_key, token=token) if api_key or token else self

    def __repr__(self) -> str:
        return f'Authorization(api_key={self.api_key!r}, token={_masked(self._token)!r})'


def _checked(name: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise SparkSdkError(f'{name} must be text, not {type(value).__name__}')
    value = value.strip()
    if not value.isascii() or not value.isprintable():
        raise SparkSdkError(f'{name} holds a character that cannot stand in a header')
    return value


def _masked(secret: str | None) -> str | None:
    if not secret or secret == OPEN:
        return secret or None
    return f'{secret[:4] if len(secret) > 8 else ""}****'
