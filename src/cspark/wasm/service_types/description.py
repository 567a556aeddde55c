"""The inputs and outputs of a service, from validation, from the description in its package, and from one execution."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# A runner may answer anything.
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from .._codec.json import is_array, is_object
from ..errors import SparkSdkError
from ..uri import Uri, UriParams

if TYPE_CHECKING:
    from .._client import Client

__all__ = ['Input', 'Service', 'describe_service']


@attrs.frozen
class Input:
    """An input of a service.

    Args:
        name: Its name.
        rule: Its rule from `validate`: type, default, limits and choices; empty if there is no rule.
        text: Its description in the package.
        is_table: Whether it has several cells.
    """

    name: str
    rule: Mapping[str, Any] = attrs.field(factory=dict)
    text: str = ''
    is_table: bool = False


@attrs.frozen
class Service:
    """A version of a service.

    Args:
        uri: The URI that executes it.
        version_id: The id that validates it.
        name: The name of the service, without its folder; empty if it is not known.
        text: Its description in the package.
        inputs: Its inputs.
        outputs: The outputs of an execution with the defaults; None if there was none.
    """

    uri: str
    version_id: str | None
    name: str
    text: str
    inputs: tuple[Input, ...]
    outputs: Mapping[str, Any] | None


def describe_service(
    hybrid: Client, uri: str, *, package: Mapping[str, Any] | None = None, probe: bool = True
) -> Service:
    """Describe the version of a service that a URI means now.

    Args:
        hybrid: The client of a runner that has the service.
        uri: The URI of the service.
        package: The description of the version in its package, as in an upload's answer.
        probe: Whether to execute the service with its defaults, for the types of its outputs. If neither the URI nor
            the package has an id, it is executed in any case, because only the answer contains the id.

    Raises:
        SparkSdkError: The runner does not return the id of the version.
        SparkError: A call failed.
    """
    named, engine = Uri.validate(uri), dict((package or {}).get('EngineInformation') or {})
    version_id, version = named.version_id or engine.get('ServiceVersionGuid'), engine.get('Revision')
    outputs: Mapping[str, Any] | None = None
    warnings: Any = None
    if probe or not (version_id or named.service_id):
        answer = hybrid.services.execute(uri, inputs={}).raise_for_errors()
        outputs, warnings = answer.output, answer.warnings[0]
        version_id = version_id or answer.data.get('version_id')
        version = version or answer.data.get('version')
    if not (version_id or named.service_id):
        raise SparkSdkError('the runner does not tell the id of the version, which its validation needs')
    ids = UriParams(version_id=version_id, service_id=None if version_id else named.service_id)
    checked: Any = hybrid.services.validate(ids).data
    rules = (checked.get('response_data') or {}).get('outputs')
    return Service(
        uri=_bound_uri(named, version, version_id) or uri,
        version_id=version_id,
        name=named.service or '',
        text=engine.get('Description') or '',
        inputs=tuple(_inputs(rules if is_object(rules) else {}, package, warnings)),
        outputs=outputs if probe else None,
    )


def _bound_uri(named: UriParams, version: str | None, version_id: str | None) -> str | None:
    """A URI of this version alone, so that a newer version does not change what the types describe."""
    if named.folder and named.service and version:
        return f'{named.folder}/{named.service}[{version}]'
    if version_id and not named.folder:
        return f'version/{version_id}'
    return None


def _inputs(rules: Mapping[str, Any], package: Mapping[str, Any] | None, warnings: Any) -> list[Input]:
    """The inputs in the order of the package, if there is one, and others after them."""
    described: dict[str, Input] = {}
    for cell in (package or {}).get('XInputTable') or []:
        name = cell.get('Input Name')
        if isinstance(name, str) and name:
            is_table = ':' in str(cell.get('Address') or '')
            described[name] = Input(name, rules.get(name) or {}, cell.get('Description') or '', is_table)
    for name, rule in rules.items():
        described.setdefault(name, Input(name, rule if is_object(rule) else {}))
    for name in _names_of_defaults(warnings):
        described.setdefault(name, Input(name))
    return list(described.values())


def _names_of_defaults(warnings: Any) -> list[str]:
    """The inputs that the model's warnings say took their defaults, which include those without a rule."""
    found = list[str]()
    for warning in warnings if is_array(warnings) else ():
        if is_object(warning) and warning.get('source_path') == 'Default Values':
            found += re.findall(r"for '(.+)'\.", str(warning.get('message')))[:1]
    return found
