"""`cspark-wasm execute`: one record, or many from a file."""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .._codec.json import is_array, is_object
from .._display import messages
from .connection import connect
from .inputs import read_call, read_one_record
from .printing import print_json, print_note, print_problems, print_table, wants_json
from .usage import UsageError

if TYPE_CHECKING:
    from .._client import Client
    from ..records import RecordResult

__all__ = ['run_execute']

SHOWN: Final = 20
"""How many of many records a terminal shows."""

RECORDS_FAILED: Final = 3
"""The exit code where records have errors."""


def run_execute(options: argparse.Namespace) -> int:
    """Execute a service, and print or write what it answers."""
    from .._many.reading import SUFFIXES

    given: str = options.inputs or ''
    if given.startswith('@') and given.lower().endswith(SUFFIXES) and options.file is None:
        options.file, options.inputs = given[1:], None  # a file of records, spelled like one of JSON
    if options.show_all and (options.file is not None or options.output is not None):
        raise UsageError('--show-all is for one record, and prints it')
    with connect(options) as hybrid:
        if options.file is not None:
            if options.inputs is not None or options.params:
                raise UsageError('a file of records, or inputs by -i and -p: give one of them')
            return _execute_many(hybrid, options, Path(options.file))
        inputs = read_one_record(options, hybrid, options.uri)
        if not is_object(inputs):
            if options.show_all:
                raise UsageError('--show-all is for one record')
            return _execute_many(hybrid, options, inputs)
        return _execute_one(hybrid, options, inputs)


def _execute_one(hybrid: Client, options: argparse.Namespace, inputs: Any) -> int:
    if options.output is not None:
        return _execute_many(hybrid, options, [inputs])
    uri, metadata = read_call(options)
    answer = hybrid.services.execute(uri, inputs=inputs, **metadata)
    if options.show_all:
        print_json(answer.data)
    elif wants_json(options):
        print_json(answer.output)
    else:
        print_table('', ['output', 'value'], list(answer.output.items()))
    (errors,) = answer.errors or [None]
    if not options.show_all:
        for warnings in answer.warnings:
            print_problems(options, 'warning', warnings)
    print_problems(options, 'error', errors)
    return RECORDS_FAILED if errors else 0


def _execute_many(hybrid: Client, options: argparse.Namespace, inputs: Any) -> int:
    names = ('checkpoint', 'on_error', 'keep', 'missing', 'chunk_size', 'concurrency', 'delimiter', 'sheet')
    chosen = {name: getattr(options, name, None) for name in (*names, 'file_encoding')}
    settings: Any = {name: value for name, value in chosen.items() if value is not None}
    if getattr(options, 'strict_inputs', False):
        settings['strict_inputs'] = True
    uri, metadata = read_call(options)
    # The bar is a person's; it needs tqdm, which is optional.
    has_bar = not options.quiet and sys.stderr.isatty() and importlib.util.find_spec('tqdm') is not None
    results = hybrid.services.execute_many(uri, inputs, progress=has_bar, **settings, **metadata)
    counted = _Counted(results)
    with results:
        if options.output is not None:
            count = results.write(options.output)
            written = '1 record' if count == 1 else f'{count:,} records'
            print_note(options, f'{written} written to {options.output}')
            return _say_failed(options, results.failed)
        if wants_json(options):
            for one in counted:
                print_json(one.row)
        else:
            _print_first(counted)
    return _say_failed(options, counted.failed)


class _Counted:
    """Results that are counted while they are read.

    Args:
        results: The results.
    """

    def __init__(self, results: Iterator[RecordResult]) -> None:
        self._results = results
        self.count = self.failed = 0

    def __iter__(self) -> Iterator[RecordResult]:
        for one in self._results:
            self.count += 1
            self.failed += bool(one.errors)
            yield one


def _print_first(results: _Counted) -> None:
    """Print the first records as a table; read all."""
    stream = iter(results)
    first = [
        {**{name: _short(value) for name, value in one.row.items()}, 'errors': messages(one.errors)}
        for one in itertools.islice(stream, SHOWN)
    ]
    for _ in stream:
        pass
    # Most records have the same warnings, about inputs that took their defaults; output files contain them all.
    header = list(dict.fromkeys(name for row in first for name in row if name != 'warnings'))
    rows = [[row.get(name) for name in header] for row in first]
    print_table('', header, rows, results.count - len(first))


def _short(value: Any) -> Any:
    """A value for a cell; a table within a record is shown as its number of rows."""
    if not is_array(value):
        return value
    return '1 row' if len(value) == 1 else f'{len(value)} rows'


def _say_failed(options: argparse.Namespace, failed: int) -> int:
    if not failed:
        return 0
    counted = '1 record has errors' if failed == 1 else f'{failed:,} records have errors'
    print_note(options, f'{counted}; the column "errors" says which')
    return RECORDS_FAILED
