"""What the local runner, as a server, changes in a request before a model gets it. Each stands in docs/congruence.md.

The vendor's engine is then asked with the changed request: it must answer to that what the local runner answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from cspark.wasm._codec.json import is_array, is_object

__all__ = ['TRANSLATIONS']

Json = dict[str, Any]


def _with_meta(content: Json, changes: Json) -> Json:
    """The same request with other fields in `request_meta`."""
    return {**content, 'request_meta': {**content['request_meta'], **changes}}


def fill_parts(content: Json) -> Json:
    """Put `{}` where the request has no `request_data` or `request_meta`."""
    missing: Json = {name: {} for name in ('request_data', 'request_meta') if content.get(name) is None}
    return {**content, **missing} if missing else content


def take_one_record(content: Json) -> Json:
    """Take the record out of a list of one record."""
    data = content.get('request_data')
    inputs: Any = data.get('inputs') if is_object(data) else None
    if is_object(data) and is_array(inputs) and len(inputs) == 1 and is_object(inputs[0]):
        return {**content, 'request_data': {**data, 'inputs': inputs[0]}}
    return content


def split_requested_output(content: Json) -> Json:
    """Make a list of the comma-separated text in `requested_output`."""
    meta = content.get('request_meta')
    requested = meta.get('requested_output') if is_object(meta) else None
    if not isinstance(requested, str):
        return content
    return _with_meta(content, {'requested_output': [name.strip() for name in requested.split(',') if name.strip()]})


def join_names(content: Json) -> Json:
    """Make comma-separated text of the lists in `service_category` and `array_outputs`; an empty one is left out."""
    meta = content.get('request_meta')
    if not is_object(meta):
        return content
    for name in ('service_category', 'array_outputs'):
        names: Any = meta.get(name)
        if not is_array(names):
            continue
        text = ','.join(map(str, names))
        meta = {key: value for key, value in meta.items() if key != name} | ({name: text} if text else {})
    return content if meta is content['request_meta'] else {**content, 'request_meta': meta}


TRANSLATIONS: Final[Mapping[str, Callable[[Json], Json]]] = {
    'missing parts': fill_parts,
    'list of one record': take_one_record,
    'requested_output as text': split_requested_output,
    'names as a list': join_names,
}
"""By the names that the page gives them."""
