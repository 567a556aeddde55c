"""The logger of a client. It adds no handlers, sets no levels, and touches no other library's logger."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from .errors import SparkConfigError

__all__ = ['LoggerLike', 'LoggerOptions', 'logger_for']

LOGGER_NAME: Final = 'cspark.wasm'


@dataclass(frozen=True)
class LoggerOptions:
    """The logger's options of the published client. `context` names the logger, `disabled` turns logging off.

    The other options are accepted for compatibility and have no effect: the application sets levels and formats.
    """

    context: str = LOGGER_NAME
    disabled: bool = False
    level: int = logging.DEBUG
    datefmt: str = ''
    colorful: bool = True
    timestamp: bool = True

    @staticmethod
    def when(options: bool | Mapping[str, Any] | LoggerOptions) -> LoggerOptions:
        """Convert a boolean or a mapping to options.

        Raises:
            SparkConfigError: The value is neither, or the mapping has an unknown key.
        """
        if isinstance(options, LoggerOptions):
            return options
        if isinstance(options, bool):
            return LoggerOptions(disabled=not options)
        if not isinstance(options, Mapping):
            raise SparkConfigError(f'logger must be a logger, a boolean or a mapping, not {type(options).__name__}')
        if unknown := set(options) - set(LoggerOptions.__dataclass_fields__):
            raise SparkConfigError(
                f'logger has unknown options {sorted(unknown)}; it takes {list(LoggerOptions.__dataclass_fields__)}'
            )
        return LoggerOptions(**options)


LoggerLike: TypeAlias = bool | Mapping[str, Any] | LoggerOptions | logging.Logger
"""A logger, options for one, True for the logger `cspark.wasm`, or False to log nothing."""


def logger_for(logger: LoggerLike) -> logging.Logger:
    """Return the logger to use.

    >>> logger_for(True).name
    'cspark.wasm'
    """
    if isinstance(logger, logging.Logger):
        return logger
    options = LoggerOptions.when(logger)
    if not options.disabled:
        return logging.getLogger(options.context)
    return _Silent(options.context)


class _Silent(logging.Logger):
    """A logger that discards everything. It is not registered with `logging`, so it needs its own way to be pickled."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.disabled = True

    def __reduce__(self) -> tuple[type[_Silent], tuple[str]]:
        return _Silent, (self.name,)
