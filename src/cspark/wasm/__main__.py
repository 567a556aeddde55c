"""`python -m cspark.wasm` is the command `cspark-wasm`."""

from __future__ import annotations

import sys

from .cli.main import main

__all__ = ['main']

if __name__ == '__main__':
    sys.exit(main())
