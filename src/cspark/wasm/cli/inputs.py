"""Inputs from the command line: `NAME=VALUE`, JSON text, files and standard input."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# A runner may answer anything.
from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .._codec.json import decode_json, is_array, is_object
from ..errors import SparkError, SparkSdkError
from ..uri import Uri, UriParams
from .usage import UsageError

if TYPE_CHECKING:
    from .._client import Client

__all__ = ['read_call', 'read_one_record']

IN_URI: Final = ('version', 'version_id', 'service_id')
ELSEWHERE: Final = {
    'uri': 'it is the first argument',
    'inputs': 'give them by -i',
    'outputs': 'it is for type checkers',
    'headers': 'give them by -H',
    'timeout': 'give it by --timeout',
    'max_retries': 'give it by --retries',
    'response_format': 'see --show-all',
    'progress': 'see --quiet',
    'columns': 'it is for programs',
}
"""Options of a call that are separate arguments of the command, or that a command does not need."""


def read_one_record(options: argparse.Namespace, hybrid: Client, version: UriParams | str) -> Any:
    """Return the inputs given by `-i` and `-p`: one record or several. Without either, return an empty record.

    Args:
        options: The arguments.
        hybrid: The client, which asks the service for the types of `-p`.
        version: The service.

    Raises:
        SparkSdkError: The JSON is broken, or a value is not of the input's type.
    """
    inputs: Any = _read_json(options.inputs) if options.inputs is not None else {}
    if not is_object(inputs) and not is_array(inputs):
        raise SparkSdkError('inputs must be a JSON object, or an array of objects')
    if not options.params:
        return inputs
    if not is_object(inputs):
        raise UsageError('-p adds to one record, and -i gives something else; give one of them')
    return {**inputs, **_typed(options.params, _rules(hybrid, version))}


def read_call(options: argparse.Namespace) -> tuple[str | UriParams, dict[str, Any]]:
    """Return the service, and the options given by `-m`. Their values are read as JSON or, failing that, as text.

    Among the options may be those of a URI, such as `version=1.0`, as in the published command.

    Raises:
        UsageError: An option has an argument of its own, or is not written as NAME=VALUE.
    """
    given = {name: _guess(text) for name, text in map(_split, options.metadata)}
    for name, instead in ELSEWHERE.items():
        if name in given:
            raise UsageError(f'{name} is no option of -m or -p here; {instead}')
    named: dict[str, Any] = {name: str(given.pop(name)) for name in IN_URI if name in given}
    return replace(Uri.validate(options.uri), **named) if named else options.uri, given


def _read_json(given: str) -> Any:
    if given == '-':
        source, text = 'standard input', sys.stdin.buffer.read()
    elif given.startswith('@'):
        source = given[1:]
        try:
            text = Path(source).read_bytes()
        except OSError as error:
            raise SparkSdkError(f'{source!r} cannot be read: {error.strerror}') from None
    else:
        source, text = 'the text of -i', given.encode()
    try:
        return decode_json(text)
    except ValueError as error:
        raise SparkSdkError(f'{source} is not JSON: {error}') from None


def _split(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition('=')
    if not equals or not name.strip():
        raise UsageError(f'{pair!r} is not NAME=VALUE')
    return name.strip(), value


def _typed(pairs: Iterable[str], rules: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, text in map(_split, pairs):
        rule = rules.get(name)
        found[name] = _guess(text) if rule is None else _convert(name, text, rule)
    return found


def _convert(name: str, text: str, rule: Mapping[str, Any]) -> Any:
    """Read a value as the service describes its input."""
    kind, default = rule.get('validation_type'), rule.get('default_value')
    is_decimal = '.' in text and re.fullmatch(r'[+-]?(\d+\.?\d*|\.\d+)', text)
    value = float(text) if is_decimal else _guess(text)
    if isinstance(value, (dict, list)) or value is None:
        return value  # a table, or a cell that is empty
    if kind in ('whole_number', 'decimal') or (isinstance(default, (int, float)) and not isinstance(default, bool)):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise SparkSdkError(f'{name} must be a number, not {text!r}')
        return value
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise SparkSdkError(f'{name} must be true or false, not {text!r}')
        return value
    if kind == 'list':
        return next((one for one in rule.get('options') or () if str(one) == text), text)
    if kind in ('date', 'time', 'text_length') or isinstance(default, str):
        return text
    return value


def _guess(text: str) -> Any:
    try:
        return decode_json(text.encode())
    except ValueError:
        return text


def _rules(hybrid: Client, version: UriParams | str) -> dict[str, Any]:
    """The service's description of its inputs; empty if there is none, because a call may still work."""
    from .describe import describe_inputs, find_version

    try:
        return describe_inputs(hybrid, find_version(hybrid, version) if isinstance(version, str) else version)
    except SparkError:
        return {}
