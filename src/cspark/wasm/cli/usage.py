"""Wrong usage that the parser cannot see, because it depends on several arguments."""

from __future__ import annotations

__all__ = ['UsageError']


class UsageError(Exception):
    """Arguments that cannot be combined, or that are malformed. The exit code is 2."""
