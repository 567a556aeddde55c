"""Executing, validating and describing a service: requests of the API in, envelopes of the API out.

It follows the platform's Execute, Validation and Metadata APIs (https://docs.coherent.global/spark-apis).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hybrid_runner_api.models import (
    ErrorAnswer,
    ErrorDescription,
    ExecuteAnswer,
    ExecuteManyAnswer,
    ResponseData,
    ResponseMeta,
)

from .._json import decode_json, encode_json, is_array, is_object
from .._large_json import collector_paused
from ..uri import Uri, UriParams
from .catalog import Catalog, Served
from .engine import Answer
from .errors import RefusedError, ServiceError
from .statistics import timestamp

__all__ = ['describe', 'execute', 'execute_many', 'failure', 'validate', 'written']

Json = dict[str, Any]

RECORD_LISTS = ('outputs', 'warnings', 'errors', 'service_chain')

LISTS = ('requested_output', 'array_outputs', 'service_category')
"""Fields that the API takes as comma-separated text or as a list, and a model as a list alone."""


def execute(catalog: Catalog, tenant: str, named: UriParams, body: Json) -> Json:
    """v3: one record. `named` is what the path says, before what the body says."""
    meta = _object(body, 'request_meta')
    served = catalog.find(tenant, _named(named, meta), _text(meta, 'transaction_date'))
    return _compute_one(served, _object(body, 'request_data'), meta)


def validate(catalog: Catalog, tenant: str, body: Json) -> Json:
    """Static validation from the package, or dynamic validation from the model."""
    meta = _object(body, 'request_meta')
    served = catalog.find(tenant, _named(UriParams(), meta), _text(meta, 'transaction_date'))
    kind = _text(meta, 'validation_type') or 'default_values'
    if kind == 'dynamic':
        return _compute_one(served, _object(body, 'request_data'), meta)
    if kind != 'default_values':
        raise RefusedError(400, f'validation_type {kind!r} is not known; give "dynamic" or "default_values"')
    return _envelope(served, meta, {'response_data': served.version.validations}, 0)


def describe(catalog: Catalog, tenant: str, body: Json) -> Json:
    """Metadata: what the model computes and what the package has ready."""
    meta = _object(body, 'request_meta')
    served = catalog.find(tenant, _named(UriParams(), meta), _text(meta, 'transaction_date'))
    answer = _compute_one(served, _object(body, 'request_data'), {**meta, 'requested_output_regex': r'^Metadata\.'})
    computed: Json = answer['response_data']['outputs'] or {}
    answer['response_data']['outputs'] = {**served.version.model.metadata, **computed}
    return answer


def execute_many(catalog: Catalog, tenant: str, body: Json) -> Json:
    """v4: many records, each with its own warnings and errors."""
    named = Uri.decode(_text(body, 'service') or '')
    if version_id := _text(body, 'version_id'):
        named = UriParams(version_id=version_id)
    served = catalog.find(tenant, named, _text(body, 'version_by_timestamp'))
    meta = {'requested_output': body.get('output'), 'service_category': body.get('subservice')}
    meta_json = _encoded(_model_meta(meta))
    requests = _requests(_records(body.get('inputs')), meta_json)
    good = [request for request in requests if isinstance(request, bytes)]
    computed = served.pool.compute(good) if good else []
    if len(good) == len(requests):
        return _envelope_of_many(served, body, computed)
    rest = iter(computed)
    return _envelope_of_many(served, body, [next(rest) if isinstance(one, bytes) else one for one in requests])


def failure(message: str) -> Json:
    """The envelope of an error."""
    return ErrorAnswer(
        status='Error',
        error=ErrorDescription(message=message),
        response_data=None,
        response_meta={'system': 'SPARK', 'request_timestamp': timestamp()},
    ).to_dict()


def _compute_one(served: Served, data: Json, meta: Json) -> Json:
    inputs = data.get('inputs')
    if inputs is not None and not is_object(inputs):
        raise RefusedError(400, f'request_data.inputs must be an object, not {type(inputs).__name__}')
    (result,) = served.pool.compute([_request(inputs or {}, _encoded(_model_meta(meta)))])
    if isinstance(result, ServiceError):
        raise result
    return _envelope(served, meta, _read_answer(result), result.milliseconds)


def _request(inputs: object, meta: bytes) -> bytes:
    return b'{"request_data":{"inputs":%b},"request_meta":%b}' % (_encoded(inputs), meta)


def _encoded(value: object) -> bytes:
    try:
        return encode_json(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise _unfit(error) from None


def _unfit(error: Exception) -> RefusedError:
    return RefusedError(400, f'the request cannot be handed to the model: {error}')


def _read_answer(answer: Answer) -> Json:
    try:
        content: Any = decode_json(answer.content)
    except ValueError as error:
        raise ServiceError(500, f'the model answered with something that is not JSON: {error}') from None
    if not _is_answer(content):
        raise ServiceError(500, 'the model answered without response_data')
    found: Json = content
    return found


def _read_answers(results: Sequence[Answer | RefusedError]) -> list[Json]:
    """What the model answered to each record, or an error in its place."""
    contents = [result.content for result in results if isinstance(result, Answer)]
    try:
        # One call for all of them. Whatever is odd about one is found out one by one.
        read: list[Json] = decode_json(b'[%b]' % b','.join(contents))
        if len(read) == len(contents) == len(results) and all(map(_is_answer, read)):
            return read
    except ValueError:
        return [_read_or_error(result) for result in results]
    return [_read_or_error(result) for result in results]


def _read_or_error(result: Answer | RefusedError) -> Json:
    try:
        if isinstance(result, Answer):
            return _read_answer(result)
        error = result
    except RefusedError as found:
        error = found
    return {'response_data': {'errors': [_error_entry(error)]}}


def _is_answer(content: object) -> bool:
    return is_object(content) and is_object(content.get('response_data'))


def written(answer: Json) -> bytes:
    """An answer as JSON. A record whose outputs are nested too deeply for that does not fail the others.

    Raises:
        ServiceError: 500, where there are no others.
    """
    try:
        return encode_json(answer)
    except TypeError:
        error = ServiceError(500, 'the model answered with values that are nested too deeply')
    if not is_array(answer.get('outputs')):
        raise error
    for index in range(len(answer['outputs'])):
        record = {name: answer[name][index] for name in RECORD_LISTS}
        try:
            encode_json([record])
        except TypeError:
            record = dict.fromkeys(RECORD_LISTS) | {'errors': [_error_entry(error)]}
        for name in RECORD_LISTS:
            answer[name][index] = record[name]
    return encode_json(answer)


def _envelope(served: Served, meta: Json, answer: Json, milliseconds: int) -> Json:
    data: Json = answer['response_data']
    about = _about(answer)
    response = ResponseData(
        outputs=data.get('outputs'),
        warnings=data.get('warnings'),
        errors=data.get('errors'),
        service_chain=data.get('service_chain'),
    )
    if 'inputs' in data:
        response.inputs = data['inputs']
    version = served.version
    return ExecuteAnswer(
        status='Success',
        error=None,
        response_data=response,
        response_meta=ResponseMeta(
            service_id=version.service_id,
            version_id=version.version_id,
            version=version.version,
            process_time=milliseconds,
            call_id=str(uuid.uuid4()),
            compiler_type=about.get('compiler_type', 'Neuron'),
            compiler_version=about.get('compiler_version'),
            source_hash=about.get('source_hash'),
            engine_id=version.model.engine_id,
            correlation_id=_text(meta, 'correlation_id'),
            system='SPARK',
            request_timestamp=timestamp(),
        ),
    ).to_dict()


def _about(answer: Json) -> Json:
    meta = answer.get('response_meta')
    return meta if is_object(meta) else {}


@collector_paused()
def _envelope_of_many(served: Served, body: Json, results: Sequence[Answer | RefusedError]) -> Json:
    answers = _read_answers(results)
    data: list[Json] = [answer['response_data'] for answer in answers]
    version = served.version
    many: Json = ExecuteManyAnswer(
        outputs=[one.get('outputs') for one in data],
        warnings=[one.get('warnings') for one in data],
        errors=[one.get('errors') for one in data],
        service_chain=[one.get('service_chain') for one in data],
        process_time=[result.milliseconds if isinstance(result, Answer) else 0 for result in results],
        service_id=version.service_id,
        version_id=version.version_id,
        version=version.version,
        call_id=str(uuid.uuid4()),
        compiler_version=next((found for one in answers if (found := _about(one).get('compiler_version'))), None),
        correlation_id=_text(body, 'correlation_id'),
        request_timestamp=timestamp(),
    ).to_dict()
    return {name: many[name] for name in ('outputs', 'process_time', 'warnings', 'errors', 'service_chain')} | many


def _error_entry(error: RefusedError) -> Json:
    """An entry of `errors` for a record that was not computed."""
    where, category = ('service', 'Service') if isinstance(error, ServiceError) else ('inputs', 'Request')
    return {
        'source_path': where,
        'error_category': category,
        'error_type': f'error.{error.status}',
        'message': error.message,
        'additional_details': None,
    }


@collector_paused()
def _requests(records: list[Json | RefusedError], meta: bytes) -> list[bytes | RefusedError]:
    """The requests as a model takes them; for what is no record, what is wrong with it."""
    start, end = b'{"request_data":{"inputs":', b'},"request_meta":%b}' % meta
    requests: list[bytes | RefusedError] = []
    for record in records:
        try:
            requests.append(start + encode_json(record) + end if isinstance(record, dict) else record)
        except (TypeError, ValueError, RecursionError) as error:
            requests.append(_unfit(error))
    return requests


def _records(inputs: object) -> list[Json | RefusedError]:
    """A record or, for one that is none, what is wrong with it; from rows and from columnar input."""
    if not is_array(inputs):
        raise RefusedError(400, 'inputs must be an array of objects, or an array of arrays that starts with the names')
    if not inputs or not is_array(inputs[0]):
        return [record if is_object(record) else RefusedError(400, 'the record must be an object') for record in inputs]
    names = inputs[0]
    if not all(isinstance(name, str) for name in names):
        raise RefusedError(400, 'the first row of columnar inputs must hold the names, as text')
    return [_row(names, values) for values in inputs[1:]]


def _row(names: list[str], values: object) -> Json | RefusedError:
    if not is_array(values) or len(values) != len(names):
        return RefusedError(400, f'the record must be an array of {len(names)} values')
    return dict(zip(names, values, strict=True))


def _model_meta(meta: Json) -> Json:
    """The request's meta as a model takes it: lists where the API also takes comma-separated text."""
    found = {key: value for key, value in meta.items() if value is not None}
    for key in LISTS:
        value = found.get(key)
        if isinstance(value, str):
            found[key] = [name for name in (part.strip() for part in value.split(',')) if name]
        if key in found and not found[key]:
            del found[key]
    return found


def _named(named: UriParams, meta: Json) -> UriParams:
    """What the path says goes before what the body says; the version is in the body alone."""
    version = _text(meta, 'version')
    version_id, service_id = _text(meta, 'version_id'), _text(meta, 'service_id')
    if named.service_uri:
        other = named.version_id is None and version_id
        return UriParams(version_id=version_id) if other else replace(named, version=version)
    return UriParams(service_id=service_id, version_id=version_id, version=version)


def _object(body: Mapping[str, Any], key: str) -> Json:
    value = body.get(key)
    if value is None:
        return {}
    if not is_object(value):
        raise RefusedError(400, f'{key} must be an object, not {type(value).__name__}')
    return value


def _text(holder: Mapping[str, Any], key: str) -> str | None:
    value = holder.get(key)
    if value is not None and not isinstance(value, str):
        raise RefusedError(400, f'{key} must be a string, not {type(value).__name__}')
    return value or None
