"""Execute, validate and describe services: turn requests of the API into envelopes of the API.

Each operation is a generator: it yields a pool and the requests to compute, receives the results, and returns an
envelope. The operation itself does no waiting, so its caller may block or await.

The operations follow the platform's Execute, Validation and Metadata APIs (https://docs.coherent.global/spark-apis).
What they add to a model's answer follows the vendor's own engine.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any, Final

from ..._codec.json import is_object
from ...uri import Uri, UriParams
from ..engine.call import Result
from ..engine.execution import ModelOutput, Requests
from ..engine.model_answer import ModelAnswer, cut_answer, raw, read_object
from ..engine.pool import Pool
from ..errors import RefusedError, ServiceError
from .answers import envelope, envelope_of_many, read_answers
from .caller import Caller
from .catalog import Served
from .requests import encode_request, encode_requests, model_meta, read_records, single_record
from .service_calls import ServiceCaller
from .steps import Steps

__all__ = ['describe', 'execute', 'execute_many', 'validate']

Json = dict[str, Any]

OF_MANY: Final = {
    'correlation_id': 'correlation_id',
    'source_system': 'source_system',
    'call_purpose': 'call_purpose',
    'output': 'requested_output',
    'subservice': 'service_category',
}
"""The fields of a v4 request that reach a model, and their names in `request_meta`."""

METADATA: Final = r'Metadata\..*'
"""The pattern of the names of metadata outputs; a model matches it against whole names."""


def execute(caller: Caller, named: UriParams, body: Json) -> Steps:
    """Execute one record (v3). `named` holds the names in the path, which take precedence over those in the body."""
    data, meta = _object(body, 'request_data'), _object(body, 'request_meta')
    served = caller.find(_named(named, meta), _text(meta, 'transaction_date'))
    if 'inputs' in data and not served.strict_vendor:
        data = {**data, 'inputs': single_record(data['inputs'])}
    answer, milliseconds = yield from _compute_one(caller, served, data, meta)
    warnings = _unknown_inputs(served, data.get('inputs'))
    if warnings and answer.response_data is not None:
        answer.add('warnings', warnings)
    return envelope(caller.call_id, served.version, meta, answer, milliseconds)


def validate(caller: Caller, body: Json) -> Steps:
    """Answer static validation from the package, or dynamic validation from the model."""
    meta = _object(body, 'request_meta')
    served = caller.find(_named(UriParams(), meta), _text(meta, 'transaction_date'))
    kind = _text(meta, 'validation_type') or 'default_values'
    if kind == 'dynamic':
        asked = {**meta, '__api_meta': {'api': 'dynamic_validation'}}
        return envelope(
            caller.call_id, served.version, asked, *(yield from _compute_one(caller, served, _given(body), asked))
        )
    if kind != 'default_values':
        raise RefusedError(400, f'validation_type {kind!r} is not known; give "dynamic" or "default_values"')
    validations = {name: raw(value) for name, value in served.version.validations.items()}
    return envelope(caller.call_id, served.version, meta, ModelAnswer(validations), 0)


def describe(caller: Caller, body: Json) -> Steps:
    """Answer the metadata that the model computes, and the metadata that the package holds."""
    meta = _object(body, 'request_meta')
    served = caller.find(_named(UriParams(), meta), _text(meta, 'transaction_date'))
    answer, milliseconds = yield from _compute_one(
        caller, served, _given(body), {**meta, 'requested_output_regex': METADATA}
    )
    if answer.response_data is not None:
        answer.put('outputs', {**read_object(answer.data('outputs')), **served.version.model.shown_metadata})
    return envelope(caller.call_id, served.version, meta, answer, milliseconds)


def execute_many(caller: Caller, body: Json) -> Steps:
    """Execute many records (v4), each with its own warnings and errors."""
    served = caller.find(_named_of_many(body), _text(body, 'version_by_timestamp'))
    meta = model_meta({of_model: body[name] for name, of_model in OF_MANY.items() if body.get(name) is not None})
    passed_on = {**meta, 'transaction_date': body.get('version_by_timestamp')}
    records = read_records(body.get('inputs'))
    requests, refused = encode_requests(records, meta)
    computed: list[Result] = []
    if len(requests):
        computed = yield served.pool, _with_calls(caller, served, requests, passed_on)
    rest = iter(computed)
    results = [next(rest) if error is None else error for error in refused]
    answers = read_answers(results)
    for record, result, answer in zip(records, results, answers, strict=True):
        _add_subservices(served, meta, answer)
        _add_called(result, answer)
        if warnings := _unknown_inputs(served, record):
            answer.add('warnings', warnings)
    return envelope_of_many(caller.call_id, served.version, body, results, answers)


def _compute_one(
    caller: Caller, served: Served, data: Json, meta: Json
) -> Generator[tuple[Pool, Requests], list[Result], tuple[ModelAnswer, int]]:
    given = model_meta(meta)
    (result,) = yield served.pool, _with_calls(caller, served, encode_request(data, given), meta)
    if isinstance(result, ServiceError):
        raise _explained(result, given)
    answer = cut_answer(result.content)
    _add_subservices(served, given, answer)
    _add_called(result, answer)
    return answer, result.milliseconds


def _with_calls(caller: Caller, served: Served, requests: Requests, meta: Mapping[str, Any]) -> Requests:
    """Add how a model's calls of other services are answered, if it makes any."""
    calls = ServiceCaller(caller.through(served, meta), execute) if served.pool.calls_services else None
    if calls or caller.depth:
        return replace(requests, calls=calls, depth=caller.depth)
    return requests


def _add_called(result: object, answer: ModelAnswer) -> None:
    """Add the services that were called to `service_chain`, unless the model itself has told them."""
    called = result.called if isinstance(result, ModelOutput) else ()
    if called and answer.response_data is not None and bytes(answer.data('service_chain')) == b'null':
        answer.put('service_chain', list(called))


def _add_subservices(served: Served, meta: Json, answer: ModelAnswer) -> None:
    """Add the outputs of `metadata` and `formspec`, which are not the model's, exactly as the vendor's engine does."""
    category = meta.get('service_category')
    if not category or answer.response_data is None:
        return
    names = category.lower().split(',')
    model = served.version.model
    if 'metadata' in names and model.metadata is not None:
        answer.put('outputs', {**read_object(answer.data('outputs')), **model.metadata})
    elif 'formspec' in names and model.form_spec is not None:
        answer.put('outputs', model.form_spec)


def _explained(error: ServiceError, meta: Json) -> RefusedError:
    """Return the error, or 400 if the request has an invalid regular expression, which makes every model abort."""
    pattern = meta.get('requested_output_regex')
    if error.status != 500 or pattern is None:
        return error
    try:
        re.compile(pattern)
    except (re.error, TypeError, RecursionError, OverflowError):
        return RefusedError(
            400, f'requested_output_regex {pattern!r:.100} is not a valid regular expression; {error.message}'
        )
    return error


def _unknown_inputs(served: Served, record: object) -> list[Json]:
    if served.strict_vendor or not is_object(record):
        return []
    return served.version.input_names.warnings(record)


def _given(body: Json) -> Json:
    """Return the request's data, with empty inputs if it has none: validation and metadata do not need inputs."""
    data = _object(body, 'request_data')
    inputs: Any = data.get('inputs')
    return {**data, 'inputs': {} if inputs is None else inputs}


def _named(named: UriParams, meta: Mapping[str, Any]) -> UriParams:
    """Combine the names in the path, which take precedence, with those in the body, which alone can have a version."""
    version = _text(meta, 'version')
    version_id = _text(meta, 'version_id') or _text(meta, 'version_uuid')
    if named.service_uri:
        other = named.version_id is None and version_id
        if other:
            return UriParams(version_id=version_id)
        return replace(named, version=version or named.version)
    return _located(version_id, _text(meta, 'service_id') or _text(meta, 'service_uuid'), meta, version)


def _named_of_many(body: Mapping[str, Any]) -> UriParams:
    version_id = _text(body, 'version_id') or _text(body, 'version_uuid')
    named = Uri.decode(_text(body, 'service') or '')
    if named.service_uri and not version_id:
        return named
    return _located(version_id, _text(body, 'service_id') or _text(body, 'service_uuid'), body, _text(body, 'version'))


def _located(
    version_id: str | None, service_id: str | None, holder: Mapping[str, Any], version: str | None
) -> UriParams:
    """Prefer the ids to `service_uri`, and the version in `service_uri` to the separate one."""
    if version_id or service_id:
        return UriParams(version_id=version_id, service_id=service_id, version=version)
    named = Uri.decode(_text(holder, 'service_uri') or '')
    return named if named.version else replace(named, version=version)


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
