"""Answers of a compiled model as the API gives them: what it says is passed on, what it does not know is added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hybrid_runner_api.models import ErrorAnswer, ErrorDescription, ExecuteManyAnswer, ResponseMeta

from .._json import decode_json, encode_json, is_array, is_object
from .._large_json import collector_paused
from .errors import RefusedError, ServiceError
from .ids import new_id
from .instance import Answer
from .package import ServiceVersion
from .statistics import timestamp

__all__ = ['encode_answer', 'envelope', 'envelope_of_many', 'error_envelope', 'read_answer', 'read_answers']

Json = dict[str, Any]

RECORD_LISTS: Final = ('outputs', 'warnings', 'errors', 'service_chain')


def read_answer(answer: Answer) -> Json:
    """What a model answered to one request.

    Raises:
        ServiceError: 500 where that is no answer.
    """
    try:
        content: Any = decode_json(answer.content)
    except (ValueError, RecursionError) as error:
        raise ServiceError(500, f'the model answered with something that is not JSON: {error}') from None
    if not _is_answer(content):
        raise ServiceError(500, 'the model answered without response_data')
    found: Json = content
    return found


def read_answers(results: Sequence[Answer | RefusedError]) -> list[Json]:
    """What a model answered to each request, or an error in its place."""
    contents = [result.content for result in results if isinstance(result, Answer)]
    try:
        # One call for all of them. Whatever is odd about one is found out one by one.
        read: list[Json] = decode_json(b'[%b]' % b','.join(contents))
        if len(read) == len(contents) == len(results) and all(map(_is_answer, read)):
            return read
    except (ValueError, RecursionError):
        return [_read_or_error(result) for result in results]
    return [_read_or_error(result) for result in results]


def _read_or_error(result: Answer | RefusedError) -> Json:
    try:
        if isinstance(result, Answer):
            return read_answer(result)
        error = result
    except RefusedError as found:
        error = found
    return {'response_data': {'errors': [_error_entry(error)]}}


def _is_answer(content: object) -> bool:
    return is_object(content) and (is_object(content.get('response_data')) or _has_failed(content))


def _has_failed(answer: Mapping[str, Any]) -> bool:
    """Whether the model itself says that it failed."""
    return answer.get('status') not in (None, 'Success') or answer.get('error') is not None


def envelope(version: ServiceVersion, meta: Mapping[str, Any], answer: Json, milliseconds: int) -> Json:
    """The v3 envelope of a model's answer."""
    data = answer.get('response_data')
    about = _about(answer)
    response = ResponseMeta(
        service_id=version.service_id,
        version_id=version.version_id,
        version=version.version,
        process_time=milliseconds,
        call_id=new_id(),
        compiler_type=about.get('compiler_type', 'Neuron'),
        compiler_version=about.get('compiler_version'),
        source_hash=about.get('source_hash'),
        engine_id=version.model.engine_id,
        correlation_id=meta.get('correlation_id', about.get('correlation_id')),
        system='SPARK',
        request_timestamp=timestamp(),
    ).to_dict()
    said = answer.get('status')
    otherwise = 'Error' if _has_failed(answer) else 'Success'
    return {
        'status': said if isinstance(said, str) and said else otherwise,
        'error': answer.get('error'),
        'response_data': dict.fromkeys(RECORD_LISTS) | data if is_object(data) else None,
        'response_meta': response | {name: value for name, value in about.items() if name not in response},
    }


def _about(answer: Json) -> Json:
    meta = answer.get('response_meta')
    return meta if is_object(meta) else {}


@collector_paused()
def envelope_of_many(
    version: ServiceVersion, body: Mapping[str, Any], results: Sequence[Answer | RefusedError], answers: list[Json]
) -> Json:
    """The v4 envelope of what a model answered to many requests."""
    data = [_record_of(answer) for answer in answers]
    many: Json = ExecuteManyAnswer(
        outputs=[one.get('outputs') for one in data],
        warnings=[one.get('warnings') for one in data],
        errors=[one.get('errors') for one in data],
        service_chain=[one.get('service_chain') for one in data],
        process_time=[result.milliseconds if isinstance(result, Answer) else 0 for result in results],
        service_id=version.service_id,
        version_id=version.version_id,
        version=version.version,
        call_id=new_id(),
        compiler_version=next(filter(None, map(_compiler_version, answers)), None),
        correlation_id=body.get('correlation_id'),
        request_timestamp=timestamp(),
    ).to_dict()
    return {name: many[name] for name in ('outputs', 'process_time', 'warnings', 'errors', 'service_chain')} | many


def _compiler_version(answer: Json) -> str | None:
    found = _about(answer).get('compiler_version')
    return found if isinstance(found, str) else None


def _record_of(answer: Json) -> Json:
    """One record's part of a v4 answer: there, a model that failed says so among the record's errors."""
    data = answer.get('response_data')
    record: Json = data if is_object(data) else {}
    if not _has_failed(answer):
        return record
    error: Any = answer.get('error')
    told = error.get('message') if is_object(error) else error
    failed = _error_entry(ServiceError(500, told if isinstance(told, str) and told else 'the model failed'))
    others: Any = record.get('errors')
    return {**record, 'errors': [failed, *(others if is_array(others) else ())]}


def error_envelope(message: str) -> Json:
    """The envelope of an error that is no model's."""
    return ErrorAnswer(
        status='Error',
        error=ErrorDescription(message=message),
        response_data=None,
        response_meta={'system': 'SPARK', 'request_timestamp': timestamp()},
    ).to_dict()


def encode_answer(answer: Json) -> bytes:
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
