"""Wrong usage that the parser cannot see, because it depends on several arguments."""

from __future__ import annotations

__all__ = ['UsageError']


class UsageError(Exception):
    """Arguments that do not go together, or that are not written as they have to be. The exit code is 2."""
