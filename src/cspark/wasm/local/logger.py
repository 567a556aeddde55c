"""The logger of the local runner."""

from __future__ import annotations

import logging
from typing import Final

__all__ = ['logger']

logger: Final = logging.getLogger('cspark.wasm.local')
"""The logger is silent until an application, or the command line, adds a handler to it."""
logger.addHandler(logging.NullHandler())
