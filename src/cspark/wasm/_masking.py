"""Mask credentials in text from a server, which may echo what it was sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from ._answer import SHOWN_HEADERS
from ._secret import Secret

__all__ = ['mask', 'secrets_in']

MASK: Final = '****'

SHORTEST_SECRET: Final = 8
"""A shorter secret is masked only as a whole word, because it may be a part of an ordinary one."""


def secrets_in(credentials: Mapping[str, Secret], headers: Mapping[str, str]) -> list[str]:
    """List the secrets of a request: its credentials, and the values of headers that may contain others.

    The longest come first, so that a secret that contains another one is masked as a whole.
    """
    # The last word, because the value of `Authorization` starts with a scheme such as `Bearer`.
    sent = [secret.reveal().rpartition(' ')[2] for secret in credentials.values()]
    further = [value for name, value in headers.items() if name.lower() not in SHOWN_HEADERS]
    return sorted({*sent, *further} - {''}, key=len, reverse=True)


def mask(said: str, secrets: Iterable[str]) -> str:
    r"""Mask secrets in a text, both as they are and as JSON escapes them.

    >>> mask('no key s3cr"et-key, s3cr\\u0022et-key or abc, but abcdef', ['s3cr"et-key', 'abc'])
    'no key ****, **** or ****, but abcdef'
    """
    for secret in secrets:
        pattern = ''.join(map(_spellings, secret))
        if len(secret) < SHORTEST_SECRET:
            pattern = rf'(?<!\w){pattern}(?!\w)'
        said = re.sub(pattern, MASK, said)
    return said


def _spellings(character: str) -> str:
    escaped = rf'\\u(?i:{ord(character):04x})'
    plain = re.escape(character)
    if character.isalnum():
        return rf'(?:{plain}|{escaped})'
    return rf'(?:\\?{plain}|{escaped})'
