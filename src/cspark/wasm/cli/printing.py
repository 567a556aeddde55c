"""What the command prints: tables on a terminal, JSON in a pipe or on request, and errors in one line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

__all__ = [
    'console',
    'print_error',
    'print_json',
    'print_note',
    'print_problems',
    'print_table',
    'printable',
    'render_table',
    'wants_json',
]

WRAPPED: Final = 4
"""Long cells are wrapped in tables with at most this many columns, and cut in wider ones."""


def printable(text: str) -> str:
    """Escape control characters, so that text from a runner cannot control the terminal."""
    return ''.join(one if one.isprintable() or one == '\n' else repr(one)[1:-1] for one in text)


def wants_json(options: argparse.Namespace) -> bool:
    """Whether to print the answer as JSON: with `--json`, or if the output is not a terminal."""
    return bool(options.json) or not sys.stdout.isatty()


def print_json(value: Any) -> None:
    """Print a value as JSON, as it came: indented on a terminal, on one line otherwise."""
    if sys.stdout.isatty():
        import json

        print(json.dumps(value, indent=2, ensure_ascii=False))
    else:
        from .._codec.json import encode_json

        print(encode_json(value).decode())


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[Any]], more: int = 0) -> None:
    """Print a table: by rich on a terminal if it is installed, else as plain text."""
    table = render_table(title, header, rows, more)
    if isinstance(table, str):
        print(table)
    else:
        console().print(table)


def render_table(title: str, header: Sequence[str], rows: Iterable[Sequence[Any]], more: int = 0) -> Any:
    """Make a table: rich's on a terminal if rich is installed, else text."""
    from importlib.util import find_spec

    from .._display import Table, spell

    if not (sys.stdout.isatty() and find_spec('rich')):
        return printable(Table(title, header, rows, more).text())
    import rich.box
    import rich.table
    import rich.text

    table = rich.table.Table(
        title=rich.text.Text(title) if title else None,
        title_justify='left',
        box=rich.box.SIMPLE_HEAD,
        header_style='bold',
    )
    cells = [list(row) for row in rows]
    for index, name in enumerate(header):
        is_numeric = bool(cells) and all(isinstance(row[index], (int, float, type(None))) for row in cells)
        wide = len(header) > WRAPPED
        least = min(len(name), 10) if wide else None
        table.add_column(
            rich.text.Text(printable(name)), justify='right' if is_numeric else 'left', no_wrap=wide, min_width=least
        )
    for row in cells:
        # Text of a runner is never markup of rich.
        table.add_row(*(rich.text.Text(printable(spell(cell))) for cell in row))
    if more > 0:
        table.caption = f'and {more:,} more'
    return table


def console() -> Any:
    """The console of rich, which follows `NO_COLOR` and prints no colours into a pipe."""
    import rich.console

    return rich.console.Console(highlight=False, soft_wrap=False)


def print_note(options: argparse.Namespace, text: str) -> None:
    """Print a remark to standard error, unless `--quiet` says not to."""
    if not options.quiet:
        print(printable(text), file=sys.stderr)


def print_error(text: str) -> None:
    """Print an error in one line, red on a terminal."""
    line = printable(f'cspark-wasm: {" ".join(text.split())}')
    has_colours = sys.stderr.isatty() and not os.environ.get('NO_COLOR')
    print(f'\x1b[31m{line}\x1b[0m' if has_colours else line, file=sys.stderr)


def print_problems(options: argparse.Namespace, kind: str, entries: Any) -> None:
    """Print the warnings or the errors of a record to standard error. `--quiet` silences the warnings alone."""
    from .._display import messages

    text = messages(entries)
    if text and (kind == 'error' or not options.quiet):
        print(printable(f'{kind}: {text}'), file=sys.stderr)
