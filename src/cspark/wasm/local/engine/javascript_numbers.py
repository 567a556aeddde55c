"""Write the numbers in JSON as JavaScript writes them.

The vendor's engine parses a request and serializes it again before the model gets it. If a number is given where the
model expects text, the model sees its spelling: 2024.0, which Python writes for a column of floats, must read 2024.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

__all__ = ['respell_numbers']

SUSPECT: Final = re.compile(rb'\d\.\d*0(?!\d)|\d[eE]|-0|0\.0000')
"""Matches numbers whose spelling may differ, and little else, so that a single search lets most requests through."""

TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?')


def respell_numbers(content: bytes) -> bytes:
    """Rewrite the fractions, exponents and zeros of a JSON text as JavaScript does. Whole numbers keep every digit.

    >>> respell_numbers(b'{"year": 2024.0, "rate": 1e-06, "text": "1.0", "long": 12345678901234567890}')
    b'{"year": 2024, "rate": 0.000001, "text": "1.0", "long": 12345678901234567890}'
    """
    if SUSPECT.search(content):
        return TOKEN.sub(_respell, content)
    return content


def _respell(found: re.Match[bytes]) -> bytes:
    token = found[0]
    if token[:1] == b'"' or (token.lstrip(b'-').isdigit() and token != b'-0'):
        return token
    return spell(float(token)).encode()


def spell(number: float) -> str:
    """A number as JavaScript's `String` writes it.

    >>> spell(1e21), spell(1e20), spell(-0.0), spell(1.5e-7)
    ('1e+21', '100000000000000000000', '0', '1.5e-7')
    """
    if number == 0:
        return '0'
    size = abs(number)
    if 1e-6 <= size < 1e21:
        plain = format(Decimal(repr(number)), 'f')
        return plain.removesuffix('.0')
    mantissa, _, power = repr(number).partition('e')
    return f'{mantissa.removesuffix(".0")}e{int(power):+d}'
