"""Build the answers of the API from those of a model: pass on its fields, and add those that it does not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from hybrid_runner_api.models import ErrorAnswer, ErrorDescription, ExecuteManyAnswer, ResponseMeta

from ..._codec.json import Fragment, encode_json, is_object
from ..engine.execution import ModelOutput
from ..engine.model_answer import ModelAnswer, cut_answer, read
from ..engine.statistics import timestamp
from ..errors import RefusedError, ServiceError
from ..packages.package import ServiceVersion

__all__ = ['encode_answer', 'envelope', 'envelope_of_many', 'error_envelope', 'read_answers']

Json = dict[str, Any]

RECORD_LISTS: Final = ('outputs', 'warnings', 'errors', 'service_chain')


class Members(list[msgspec.Raw]):
    """One member of each of many answers. They are copied once, when the whole answer is encoded."""

    def pieces(self) -> Iterator[bytes | msgspec.Raw]:
        """Yield the pieces of a JSON array."""
        yield b'['
        for index, member in enumerate(self):
            if index:
                yield b','
            yield member
        yield b']'


def read_answers(results: Sequence[ModelOutput | RefusedError]) -> list[ModelAnswer]:
    """Read the answer to each request. A refused or failed request gets an answer with an entry in `errors`."""
    return [_read_or_error(result) for result in results]


def _read_or_error(result: ModelOutput | RefusedError) -> ModelAnswer:
    try:
        if isinstance(result, RefusedError):
            raise result
        answer = cut_answer(result.content)
        if answer.has_failed:
            answer.add('errors', [_error_entry(ServiceError(500, _words_of(answer)))], first=True)
    except RefusedError as error:
        answer = ModelAnswer()
        answer.put('errors', [_error_entry(error)])
    return answer


def _words_of(answer: ModelAnswer) -> str:
    """Return the model's own message about its failure."""
    error = read(answer.error)
    told = error.get('message') if is_object(error) else error
    return told if isinstance(told, str) and told else 'the model failed'


def envelope(
    call_id: str, version: ServiceVersion, meta: Mapping[str, Any], answer: ModelAnswer, milliseconds: int
) -> Json:
    """Build the v3 envelope of a model's answer."""
    about = answer.about
    response = ResponseMeta(
        service_id=version.service_id,
        version_id=version.version_id,
        version=version.version,
        process_time=milliseconds,
        call_id=call_id,
        compiler_type=about.get('compiler_type', 'Neuron'),
        compiler_version=about.get('compiler_version'),
        source_hash=about.get('source_hash'),
        engine_id=version.model.engine_id,
        correlation_id=meta.get('correlation_id', about.get('correlation_id')),
        system='SPARK',
        request_timestamp=timestamp(),
    ).to_dict()
    said = read(answer.status)
    otherwise = 'Error' if answer.has_failed else 'Success'
    data: Json | None = None
    if answer.response_data is not None:
        members = {name: _as_it_stands(member) for name, member in answer.response_data.items()}
        data = dict.fromkeys(RECORD_LISTS) | members
    return {
        'status': said if isinstance(said, str) and said else otherwise,
        'error': _as_it_stands(answer.error),
        'response_data': data,
        'response_meta': response | {name: value for name, value in about.items() if name not in response},
    }


def envelope_of_many(
    call_id: str,
    version: ServiceVersion,
    body: Mapping[str, Any],
    results: Sequence[ModelOutput | RefusedError],
    answers: Sequence[ModelAnswer],
) -> Json:
    """Build the v4 envelope of a model's answers to many requests."""
    many: Json = ExecuteManyAnswer(
        outputs=[],
        warnings=[],
        errors=[],
        service_chain=[],
        process_time=[result.milliseconds if isinstance(result, ModelOutput) else 0 for result in results],
        service_id=version.service_id,
        version_id=version.version_id,
        version=version.version,
        call_id=call_id,
        compiler_version=next(filter(None, map(_compiler_version, answers)), None),
        correlation_id=body.get('correlation_id'),
        request_timestamp=timestamp(),
    ).to_dict()
    for name in RECORD_LISTS:
        many[name] = Members(answer.data(name) for answer in answers)
    return {name: many[name] for name in ('outputs', 'process_time', 'warnings', 'errors', 'service_chain')} | many


def _compiler_version(answer: ModelAnswer) -> str | None:
    found = answer.about.get('compiler_version')
    return found if isinstance(found, str) else None


def _as_it_stands(member: msgspec.Raw) -> Any:
    return Fragment(bytes(member))


def error_envelope(message: str) -> Json:
    """Build the envelope of an error that does not come from a model."""
    return ErrorAnswer(
        status='Error',
        error=ErrorDescription(message=message),
        response_data=None,
        response_meta={'system': 'SPARK', 'request_timestamp': timestamp()},
    ).to_dict()


def encode_answer(answer: Json) -> bytes:
    """Encode an answer as JSON.

    Raises:
        ServiceError: 500 if it repeats a part of the request that is nested too deeply.
    """
    try:
        if not any(isinstance(value, Members) for value in answer.values()):
            return encode_json(answer)
        pieces: list[bytes | msgspec.Raw] = []
        for name, value in answer.items():
            pieces += [b',' if pieces else b'{', encode_json(name), b':']
            pieces += value.pieces() if isinstance(value, Members) else [encode_json(value)]
        return b''.join([*pieces, b'}'])
    except TypeError as error:
        raise ServiceError(500, f'the answer cannot be written: {error}') from None


def _error_entry(error: RefusedError) -> Json:
    """Build the entry of `errors` for a record that was not computed."""
    where, category = ('service', 'Service') if isinstance(error, ServiceError) else ('inputs', 'Request')
    return {
        'source_path': where,
        'error_category': category,
        'error_type': f'error.{error.status}',
        'message': error.message,
        'additional_details': None,
    }
