"""Where a client logs: quiet by default, and nobody else's logger is touched."""

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
    """The logger's options as they are today. `context` names the logger, `disabled` silences this client.

    The others are accepted and have no effect: levels, colours and formats are the application's to set.
    """

    context: str = LOGGER_NAME
    disabled: bool = False
    level: int = logging.DEBUG
    datefmt: str = ''
    colorful: bool = True
    timestamp: bool = True

    @staticmethod
    def when(options: bool | Mapping[str, Any] | LoggerOptions) -> LoggerOptions:
        """The options that a boolean or a mapping means.

        Raises:
            SparkConfigError: It is neither, or the mapping has a key that is no option.
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
"""A logger, or what says which: True for `cspark.wasm`, False for none."""


def logger_for(logger: LoggerLike) -> logging.Logger:
    """The logger to use.

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
    """A logger that says nothing; unlike others it is no part of the tree, by which others are pickled."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.disabled = True

    def __reduce__(self) -> tuple[type[_Silent], tuple[str]]:
        return _Silent, (self.name,)
