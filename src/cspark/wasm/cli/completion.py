"""Completion of the command in bash, zsh and fish, by argcomplete."""

from __future__ import annotations

import argparse
import importlib
from typing import Any

from ..errors import SparkSdkError

__all__ = ['complete', 'run_completion']


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer a shell's request for completions, and exit. Return if argcomplete is not installed."""
    try:
        library: Any = importlib.import_module('argcomplete')
    except ModuleNotFoundError:
        return
    library.autocomplete(parser)


def run_completion(options: argparse.Namespace) -> int:
    """Print the lines that a shell runs to complete this command."""
    try:
        library: Any = importlib.import_module('argcomplete')
    except ModuleNotFoundError as error:
        raise SparkSdkError('completion needs argcomplete: pip install "cspark-wasm[cli]"') from error
    print(library.shellcode(['cspark-wasm'], shell=options.shell))
    return 0
