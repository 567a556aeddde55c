"""Translate requests of the API into those that a compiled model takes.

A model takes a v3 request. It requires some fields of `request_meta` as text and one as a list, and aborts or reports
an error for the other form. Callers may send either form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..._codec.json import encode_json, is_array, is_object
from ..._codec.large_json import collector_paused
from ..engine.execution import Requests
from ..engine.javascript_numbers import respell_numbers
from ..errors import RefusedError

__all__ = ['encode_request', 'encode_requests', 'model_meta', 'read_records', 'single_record']

Json = dict[str, Any]

TEXTS: Final = ('service_category', 'array_outputs')
"""Fields that a model takes as comma-separated text; a list makes it abort."""


def model_meta(meta: Mapping[str, Any]) -> Json:
    """Translate `request_meta` into the form that a model takes.

    Raises:
        RefusedError: 400 if a field for names holds something else.
    """
    # `_ctx` is for the server between the caller and the model; a model never gets it.
    found = {key: value for key, value in meta.items() if key != '_ctx'}
    for key in TEXTS:
        if key in found:
            found[key] = _as_text(key, found[key])
            if found[key] == '' and is_array(meta[key]):
                del found[key]  # an empty list of names
    if (requested := found.pop('requested_output', None)) is not None:
        found['requested_output'] = _as_list(requested)
    if found.get('requested_output_regex') is None:
        found.pop('requested_output_regex', None)
    if found.get('allow_range_address') in (None, False, ''):
        found['allow_range_address'] = False
    return found


def single_record(inputs: object) -> object:
    """Return the record in a list of exactly one record, which is how the TypeScript client sends a single record."""
    if is_array(inputs) and len(inputs) == 1 and is_object(inputs[0]):
        return inputs[0]
    return inputs


def encode_request(data: Mapping[str, Any], meta: Mapping[str, Any]) -> Requests:
    """Encode a v3 request for one record.

    Raises:
        RefusedError: 400 if a value cannot be encoded.
    """
    return Requests([b'{"request_data":%b,"request_meta":%b}' % (_encode(data), _encode(meta))])


@collector_paused()
def encode_requests(
    records: list[Json | RefusedError], meta: Mapping[str, Any]
) -> tuple[Requests, list[RefusedError | None]]:
    """Encode a v3 request for each valid record.

    Returns:
        The requests; and for each record its error, or None if it is valid.

    Raises:
        RefusedError: 400 if a value of `meta` cannot be encoded.
    """
    suffix = b'},"request_meta":%b}' % _encode(meta)
    parts: list[bytes] = []
    refused: list[RefusedError | None] = []
    for record in records:
        error = record if isinstance(record, RefusedError) else None
        if error is None:
            try:
                parts.append(respell_numbers(encode_json(record)))
            except (TypeError, ValueError, RecursionError) as unfit:
                error = _unfit(unfit)
        refused.append(error)
    return Requests(parts, b'{"request_data":{"inputs":', suffix), refused


def read_records(inputs: object) -> list[Json | RefusedError]:
    """Read the records of v4 inputs, in row or columnar form; an invalid record is an error in its place.

    Raises:
        RefusedError: 400 if the inputs are not a list, or the names of columns are not text.
    """
    if not is_array(inputs):
        raise RefusedError(400, 'inputs must be an array of objects, or an array of arrays that starts with the names')
    if not inputs or not is_array(inputs[0]):
        return [record if is_object(record) else RefusedError(400, 'the record must be an object') for record in inputs]
    names = inputs[0]
    if not all(isinstance(name, str) for name in names):
        raise RefusedError(400, 'the first row of columnar inputs must hold the names, as text')
    return [_read_row(names, values) for values in inputs[1:]]


def _read_row(names: list[str], values: object) -> Json | RefusedError:
    if not is_array(values) or len(values) != len(names):
        return RefusedError(400, f'the record must be an array of {len(names)} values')
    return dict(zip(names, values, strict=True))


def _as_text(key: str, value: object) -> str | None:
    if is_array(value) and all(isinstance(name, str) for name in value):
        return ','.join(value)
    if value is None or isinstance(value, str):
        return value
    raise RefusedError(400, f'{key} must be comma-separated text or a list of names, not {value!r:.100}')


def _as_list(value: object) -> object:
    if isinstance(value, str):
        return [name for name in map(str.strip, value.split(',')) if name]
    if is_array(value):
        return value
    raise RefusedError(400, f'requested_output must be comma-separated text or a list of names, not {value!r:.100}')


def _encode(value: object) -> bytes:
    try:
        return respell_numbers(encode_json(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise _unfit(error) from None


def _unfit(error: Exception) -> RefusedError:
    return RefusedError(400, f'the request cannot be passed to the model: {error}')
