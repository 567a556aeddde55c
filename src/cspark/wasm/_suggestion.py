"""Say what a name that is not known may have been meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Final

__all__ = ['suggest']

MOST_NAMES: Final = 50
"""How many names a message lists; a workbook can have thousands."""


def suggest(name: str, accepted: Collection[str], verb: str) -> str:
    """Name the most similar of the accepted names, or list them.

    Args:
        name: The name that is not known.
        accepted: The names that are.
        verb: What goes before the list.

    >>> suggest('hieght', ['height', 'radius'], 'it has')
    "did you mean 'height'?"
    >>> suggest('colour', ['height', 'radius'], 'it has')
    'it has height, radius'
    """
    close = difflib.get_close_matches(name, accepted, 1)
    if close:
        return f'did you mean {close[0]!r}?'
    names = list(accepted)
    rest = f' and {len(names) - MOST_NAMES:,} more' if len(names) > MOST_NAMES else ''
    return f'{verb} {", ".join(names[:MOST_NAMES])}{rest}'
