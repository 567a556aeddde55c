"""An operation in progress."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeAlias

from ..engine.call import Result
from ..engine.execution import Requests
from ..engine.pool import Pool

__all__ = ['Steps']

Steps: TypeAlias = Generator[tuple[Pool, Requests], list[Result], dict[str, Any]]
"""A generator that yields a pool and the requests to compute, receives the results, and returns an envelope."""
