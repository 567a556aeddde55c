"""Inputs from the command line: `NAME=VALUE`, JSON text, files and standard input."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# A runner may answer anything.
from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._codec.json import decode_json, is_object
from ..errors import SparkError, SparkSdkError

if TYPE_CHECKING:
    from .._client import Client
    from ..uri import UriParams

__all__ = ['read_one_record', 'read_pairs']


def read_one_record(options: argparse.Namespace, hybrid: Client, version: UriParams | str) -> Any:
    """The inputs that `-i` and `-p` give: a record, or records. Without either they are empty.

    Args:
        options: The arguments.
        hybrid: The client, which asks the service for the types of `-p`.
        version: The service.

    Raises:
        SparkSdkError: The JSON is broken, or a value is not of the input's type.
    """
    inputs: Any = _read_json(options.inputs) if options.inputs is not None else {}
    if not options.params:
        return inputs
    if not is_object(inputs):
        raise SparkSdkError('-p adds to one record, and -i gives something else; give one of them')
    return {**inputs, **_typed(options.params, _rules(hybrid, version))}


def read_pairs(pairs: Iterable[str]) -> dict[str, Any]:
    """Read `NAME=VALUE`s whose types nobody knows: a value that is JSON is what it says, and others are text."""
    return {name: _guess(text) for name, text in map(_split, pairs)}


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
        raise SparkSdkError(f'{pair!r} is not NAME=VALUE')
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
    value = _guess(text)
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
    return text if kind in ('date', 'time', 'text_length') or isinstance(default, str) else value


def _guess(text: str) -> Any:
    try:
        return decode_json(text.encode())
    except ValueError:
        return text


def _rules(hybrid: Client, version: UriParams | str) -> dict[str, Any]:
    """What the service says of its inputs; nothing if it does not say, because a call may work all the same."""
    from .describe import describe_inputs, find_version

    try:
        return describe_inputs(hybrid, find_version(hybrid, version) if isinstance(version, str) else version)
    except SparkError:
        return {}
