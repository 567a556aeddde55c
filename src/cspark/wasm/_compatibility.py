"""Names that exist only for programs written for the published `cspark`. They keep such programs running.

Others are members of public classes and stand there: most options of `LoggerOptions`, `RunnerUrl.env` and
`RunnerUrl.service`.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import logging

__all__ = ['DEFAULT_LOGGER_FORMAT', 'get_logger', 'warn_beside_published']

DEFAULT_LOGGER_FORMAT: Final = '[%(name)s] %(asctime)s %(levelname)s - %(message)s'
"""A format for `logging.Formatter`. Nothing here uses it: formats are the application's to set."""


def get_logger(context: str | None = None, **options: Any) -> logging.Logger:
    """The logger of that name; silent with `disabled=True`.

    Args:
        context: The logger's name; None is that of this package.
        **options: Those of `LoggerOptions`. Unlike in the published client, levels, colours and formats have no effect,
            and no other library's logger is touched.

    >>> get_logger().name
    'cspark.wasm'
    """
    from .logger import LoggerOptions, logger_for

    named: dict[str, Any] = {} if context is None else {'context': context}
    return logger_for(LoggerOptions(**named, **options))


def warn_beside_published() -> None:
    """Warn where the published `cspark` is installed too: both have files of the same names."""
    package = sys.modules['cspark']
    if getattr(package, '__file__', None) or any(_has_sdk(place) for place in package.__path__):
        warnings.warn(
            "the distribution 'cspark' is installed in this environment too, and its files collide with those of "
            "'cspark-wasm'; install one of them (pip uninstall cspark, then reinstall cspark-wasm)",
            stacklevel=3,
        )


def _has_sdk(place: str) -> bool:
    return os.path.isdir(os.path.join(place, 'sdk'))  # noqa: PTH112, PTH118 - pathlib would double the time of an import
