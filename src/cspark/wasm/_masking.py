"""Hides credentials in what a server said: it may say again what it was sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from ._answer import SHOWN_HEADERS

__all__ = ['mask', 'secrets_in']

MASK: Final = '****'

SHORTEST_SECRET: Final = 8
"""A shorter one is masked only where it stands as a word: it may be a part of any other."""


def secrets_in(credentials: Mapping[str, str], headers: Mapping[str, str]) -> list[str]:
    """What of a request nobody but the runner may see: credentials, and headers that may hold others."""
    sent = [value.rpartition(' ')[2] for value in credentials.values()]
    further = [value for name, value in headers.items() if name.lower() not in SHOWN_HEADERS]
    return sorted({*sent, *further} - {''}, key=len, reverse=True)


def mask(said: str, secrets: Iterable[str]) -> str:
    r"""A text without secrets, be they spelled as they are or as JSON spells them.

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
    return rf'(?:{plain}|{escaped})' if character.isalnum() else rf'(?:\\?{plain}|{escaped})'
