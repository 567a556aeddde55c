"""Create ids of calls and requests."""

from __future__ import annotations

import random
import uuid
from typing import Final

__all__ = ['new_id']

GENERATOR: Final = random.Random(random.SystemRandom().getrandbits(256))  # noqa: S311 - an id is no secret


def new_id() -> str:
    """Return a new UUID of version 4."""
    # The generator is seeded by the system once: reading system randomness for each id takes longer than a small call.
    return str(uuid.UUID(int=GENERATOR.getrandbits(128), version=4))
