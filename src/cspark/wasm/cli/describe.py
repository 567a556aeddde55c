"""`cspark-wasm validate` and `metadata`."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# A runner may answer anything.
from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, Final

from .._codec.json import is_object
from ..errors import SparkSdkError
from ..uri import Uri, UriParams
from .connection import connect
from .inputs import read_call, read_one_record
from .printing import print_json, print_problems, print_table, wants_json

if TYPE_CHECKING:
    from .._client import Client

__all__ = ['describe_inputs', 'find_version', 'run_metadata', 'run_validate']

INPUTS: Final = ('input', 'type', 'default', 'accepted')


def run_validate(options: argparse.Namespace) -> int:
    """Print what a service accepts, or what is wrong with inputs."""
    with connect(options) as hybrid:
        uri, given = read_call(options)
        version = find_version(hybrid, uri)
        inputs = read_one_record(options, hybrid, version)
        answer = hybrid.services.validate(version, inputs=inputs, validation_type=options.validation_type, **given)
    data: Any = answer.data
    found: Any = data.get('response_data') or {}
    if wants_json(options):
        print_json(data)
    else:
        print_table('', INPUTS, _rows(found.get('outputs')))
        print_problems(options, 'warning', found.get('warnings'))
        print_problems(options, 'error', found.get('errors'))
    return 3 if found.get('errors') else 0


def run_metadata(options: argparse.Namespace) -> int:
    """Print the metadata of a service."""
    with connect(options) as hybrid:
        data: Any = hybrid.services.get_metadata(find_version(hybrid, options.uri)).data
    if wants_json(options):
        print_json(data)
    else:
        outputs = (data.get('response_data') or {}).get('outputs')
        print_table('', ['name', 'value'], list(outputs.items()) if is_object(outputs) else [])
    return 0


def find_version(hybrid: Client, uri: str | UriParams) -> UriParams:
    """Find the id of a service's version, which validation and metadata need.

    If the URI has none, a call with the default inputs returns the id of the current version.
    """
    named = Uri.validate(uri)
    if named.version_id or named.service_id:
        return named
    version_id = hybrid.services.execute(uri, inputs={}).data.get('version_id')
    if not version_id:
        raise SparkSdkError('the runner does not tell the id of the version; give version/ID as URI')
    return UriParams(version_id=version_id)


def describe_inputs(hybrid: Client, version: UriParams) -> dict[str, Any]:
    """What a service says of each of its inputs, by name."""
    data: Any = hybrid.services.validate(version).data
    found: Any = (data.get('response_data') or {}).get('outputs')
    return found if is_object(found) else {}


def _rows(inputs: Any) -> list[list[Any]]:
    described: dict[str, Any] = inputs if is_object(inputs) else {}
    return [
        [name, rule.get('validation_type'), rule.get('default_value'), _accepted(rule)]
        for name, rule in described.items()
        if is_object(rule)
    ]


def _accepted(rule: Any) -> str:
    """What an input takes, in words."""
    if rule.get('options'):
        return ', '.join(map(str, rule['options']))
    low, high = rule.get('min'), rule.get('max')
    if low is not None and high is not None:
        return f'{low} to {high}'
    if low is not None:
        return f'from {low}'
    return f'to {high}' if high is not None else ''
