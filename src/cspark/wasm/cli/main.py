"""The entry point of the command."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence

from .parser import build_parser
from .printing import print_error
from .usage import UsageError

__all__ = ['main']


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code.

    Args:
        arguments: The arguments; None takes those of the process.
    """
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()  # here, because an error at the end of the process would be said by Python
    except BrokenPipeError:
        # The reader has closed the pipe; nothing may be written when Python flushes the output at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130  # 128 + SIGINT, as shells have it


def _run(arguments: Sequence[str] | None) -> int:
    parser = build_parser()
    if '_ARGCOMPLETE' in os.environ:
        from .completion import complete

        complete(parser)
    options = parser.parse_args(arguments)
    module, _, name = options.run.partition(':')
    try:
        run: Callable[[argparse.Namespace], int] = getattr(importlib.import_module(f'.{module}', __package__), name)
        return run(options)
    except UsageError as error:
        print_error(f'{error}; see {options.prog} --help')
        return 2
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except Exception as error:
        from ..errors import SparkError

        if not isinstance(error, (SparkError, ModuleNotFoundError)):
            raise
        print_error(f'{error}{_way_out(error)}')
        return 1


def _way_out(error: Exception) -> str:
    from ..errors import SparkConnectionError

    if isinstance(error, SparkConnectionError) and not error.sent:
        return '; is a runner there? Start one by: cspark-wasm serve PACKAGE.zip'
    return ''
