"""The runner's logger."""

from __future__ import annotations

import logging
from typing import Final

__all__ = ['logger']

logger: Final = logging.getLogger('cspark.wasm.local')
"""Silent until an application, or the command, gives it a handler."""
logger.addHandler(logging.NullHandler())
