"""A secret that no `repr`, log or traceback shows. It is revealed to write a request and to mask an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ['HiddenHeaders', 'Secret', 'hide', 'hide_address', 'hide_headers']

LONGEST_HIDDEN: Final = 8
"""A secret of up to so many characters is hidden as a whole: four of them would be too much of it."""


class Secret:
    """A credential. Its `repr` shows the last four characters at most, as the published client does.

    A function that receives a credential hides it in its first line: error reports show the variables of frames.
    Where a client takes a key, a token or an address as text, it takes a `Secret` too.

    Args:
        value: The credential.

    >>> Secret('4f1a6b0c-secret')
    Secret('********cret')
    """

    __slots__ = ('_value',)

    def __init__(self, value: object) -> None:
        self._value = value

    @property
    def problem(self) -> str:
        """Why this cannot be sent in a header; empty if it can be."""
        if not isinstance(self._value, str):
            return f'must be text, not {self.kind}'
        text = self._value.strip()
        if not text.isascii() or not text.isprintable():
            return 'contains a character that is not allowed in a header'
        return ''

    @property
    def kind(self) -> str:
        """The name of its type, which is `str` unless something else was given by mistake."""
        return type(self._value).__name__

    @property
    def mask(self) -> str:
        """The secret as it may be shown."""
        text = str(self._value)
        if len(text) <= LONGEST_HIDDEN:
            return '****'
        return f'{"*" * min(len(text) - 4, 8)}{text[-4:]}'

    def reveal(self) -> str:
        """Return the secret in clear text. Only what writes a request, or masks an answer, needs it."""
        return str(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return f'Secret({self.mask!r})'


class HiddenHeaders(dict[str, str]):
    """Headers whose `repr` hides the values, which may be credentials and would appear in error reports."""

    def __repr__(self) -> str:
        return f'<headers {sorted(self)}>'


def hide(value: Any) -> Any:
    """Wrap a credential in a `Secret`. None, functions and what is wrapped already are returned as they are."""
    if value is None or callable(value) or isinstance(value, Secret):
        return value
    return Secret(value)


def hide_address(address: Any) -> Any:
    """Wrap an address in a `Secret`, because it may have a password, or anything that is given in its place by mistake.

    None, a `RunnerUrl` and what is wrapped already are returned as they are.
    """
    if address is None or hasattr(address, 'full') or isinstance(address, Secret):
        return address
    return Secret(address)


def hide_headers(headers: Any) -> Any:
    """Wrap a mapping of headers so that its `repr` hides the values. Anything else is returned as it is."""
    return HiddenHeaders(headers) if isinstance(headers, Mapping) else headers  # pyright: ignore[reportUnknownArgumentType]
