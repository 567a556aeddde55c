"""The name and version of this package, and the two headers that carry them."""

from __future__ import annotations

import platform
from typing import Final

__all__ = ['SPARK_USER_AGENT', '__title__', '__version__', 'about']

__version__: Final = '1.0.0.dev0'
"""The version of this package."""

__title__: Final = 'Coherent Spark WASM client'
"""The name of this package."""

_ENVIRONMENT: Final = f'Python/{platform.python_version()}'

about: Final = f'{__title__} {__version__} ({_ENVIRONMENT})'
"""Sent as `User-Agent`."""

SPARK_USER_AGENT: Final = f'agent=spark-python-sdk/{__version__}; env={_ENVIRONMENT}'
"""Sent as `x-spark-ua`."""
