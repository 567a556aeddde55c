"""The names of a service's inputs, and the check of records against them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._codec.json import is_object
from .._codec.plain import as_record
from .._suggestion import suggest
from ..config import Config
from ..errors import SparkInputError, SparkSdkError
from ..uri import Uri, UriLike, UriParams
from .descriptions import validate
from .executions import execute
from .steps import Flow

__all__ = ['check_input_names', 'input_names']


def input_names(config: Config, uri: UriLike) -> Flow[frozenset[str]]:
    """Ask a runner for the names of a service's inputs: by `validate`, which needs an id.

    Without one, a call with the defaults tells the id of the version that the name means now.

    Raises:
        SparkSdkError: The runner does not tell them.
        SparkError: A call failed.
    """
    named = Uri.validate(uri)
    if not (named.version_id or named.service_id):
        answer = yield from execute(config, uri, None, {'inputs': {}})
        named = UriParams(version_id=answer.data.get('version_id'), service_id=answer.data.get('service_id'))
    if not (named.version_id or named.service_id):
        raise SparkSdkError('strict_inputs needs the id of a version, and the runner does not tell it; name it in uri')
    ids = UriParams(version_id=named.version_id, service_id=None if named.version_id else named.service_id)
    checked = yield from validate(config, ids, {})
    data: Any = checked.data
    outputs = data.get('response_data', {}).get('outputs')
    if not is_object(outputs):
        raise SparkSdkError('strict_inputs needs the names of the inputs, and the runner does not tell them')
    return frozenset(outputs)


def check_input_names(inputs: Sequence[Any], accepted: frozenset[str]) -> None:
    """Refuse records with names that the service does not have.

    Raises:
        SparkInputError: It has the record's place, the name, and the one that may be meant.
    """
    if inputs and isinstance(inputs[0], (list, tuple)):
        _check_names(1, inputs[0], accepted)
        return
    for index, record in enumerate(inputs):
        _check_names(index, as_record(record) or {}, accepted)


def _check_names(index: int, names: Any, accepted: frozenset[str]) -> None:
    for name in names:
        if name not in accepted:
            hint = suggest(str(name), sorted(accepted), 'it has')
            raise SparkInputError(f'the service has no input {name!r}; {hint}', None, (index,))
