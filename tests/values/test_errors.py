"""Errors: their tree, what they say, and that they are plain data, short, and free of what was sent."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError
from inspect import Parameter, signature
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import cspark.wasm as Hybrid
from cspark.wasm import ApiErrorCause, SparkApiError, SparkError, SparkSdkError, errors
from cspark.wasm.errors import ErrorRequest, ErrorResponse, api_error, error_response, runner_message, shorten

STATUSES: dict[int, type[SparkApiError]] = {
    400: Hybrid.BadRequestError,
    401: Hybrid.UnauthorizedError,
    403: Hybrid.ForbiddenError,
    404: Hybrid.NotFoundError,
    409: Hybrid.ConflictError,
    415: Hybrid.UnsupportedMediaTypeError,
    422: Hybrid.UnprocessableEntityError,
    429: Hybrid.RateLimitError,
    500: Hybrid.InternalServerError,
    503: Hybrid.ServiceUnavailableError,
    504: Hybrid.GatewayTimeoutError,
}
TREE: list[tuple[type[SparkError], tuple[type[BaseException], ...]]] = [
    (SparkError, (Exception,)),
    (SparkSdkError, (SparkError,)),
    (Hybrid.SparkInputError, (SparkSdkError, ValueError)),
    (Hybrid.RetryTimeoutError, (SparkSdkError,)),
    (Hybrid.SparkConfigError, (SparkSdkError, ValueError)),
    (Hybrid.SparkConnectionError, (SparkSdkError, ConnectionError)),
    (Hybrid.SparkTimeoutError, (SparkSdkError, TimeoutError)),
    (Hybrid.SparkDecodeError, (SparkSdkError, ValueError)),
    (Hybrid.SparkExecutionError, (SparkError,)),
    (SparkApiError, (SparkError,)),
    *[(kind, (SparkApiError,)) for kind in (*STATUSES.values(), Hybrid.UnknownApiError)],
]
REQUEST = ErrorRequest('POST', 'http://h/t/api/v3/folders/f/services/s/execute', {'x-request-id': 'id-1'})


def failed(status: int, content: bytes = b'', kind: str = 'application/json') -> SparkApiError:
    """The error for an answer."""
    return api_error(ApiErrorCause(REQUEST, error_response(status, {'content-type': kind}, content), 3, 1.23456))


@pytest.mark.parametrize(('kind', 'bases'), TREE, ids=lambda value: getattr(value, '__name__', ''))
def test_each_error_is_what_it_is_and_the_built_in_that_fits(
    kind: type[SparkError], bases: tuple[type[BaseException], ...]
) -> None:
    assert kind.__bases__ == bases
    assert kind.__name__ in errors.__all__
    assert getattr(Hybrid, kind.__name__) is kind
    made = kind('what went wrong', OSError('why'))
    assert (made.name, made.message, str(made), made.details) == (kind.__name__, 'what went wrong', made.message, 'why')
    assert repr(made) == f"{kind.__name__}('what went wrong')"
    assert (made.request_id, made.attempts, made.elapsed) == ('', 0, 0.0)
    assert kind('no cause').details == ''
    if isinstance(made, OSError):
        assert (made.errno, made.strerror, made.filename) == (None, None, None)


def test_every_error_of_the_package_is_in_the_tree() -> None:
    def below(kind: type[SparkError]) -> set[type[SparkError]]:
        return {kind}.union(*map(below, kind.__subclasses__()))

    ours = {kind for kind in below(SparkError) if kind.__module__ == errors.__name__}
    assert ours == {kind for kind, _ in TREE}


def test_every_status_has_its_class_and_keeps_its_number() -> None:
    for status in range(100, 1000):
        error = failed(status)
        assert type(error) is STATUSES.get(status, Hybrid.UnknownApiError)
        assert error.status == error.to_dict()['status'] == status
        assert str(error).startswith(f'{status} from POST {REQUEST.url}')


def test_a_class_knows_its_status_without_an_answer() -> None:
    assert {kind: kind.status for kind in STATUSES.values()} == {kind: status for status, kind in STATUSES.items()}
    assert {kind('x').status for kind in STATUSES.values()} == set(STATUSES)
    assert (Hybrid.UnknownApiError('x').status, Hybrid.NotFoundError('x', None, 200).status) == (0, 200)


WORDS: list[tuple[Any, str]] = [
    ({'status': 'Error', 'error': {'message': 'the model failed'}}, 'the model failed'),
    ({'error': 'uploads are switched off'}, 'uploads are switched off'),
    ({'message': 'no tenant'}, 'no tenant'),
    ({'detail': 'not here'}, 'not here'),
    ({'message': 'second', 'error': 'first'}, 'first'),
    ({'detail': 'third', 'message': 'second'}, 'second'),
    ({'error': None, 'message': 'second'}, 'second'),
    ({'error': {'code': 7}, 'message': 'second'}, 'second'),
    ({'error': ' ', 'message': 'second'}, 'second'),
    ({'error': {'error': {'error': {'message': 'deep'}}}}, 'deep'),
    ({'error': {'error': {'error': {'error': {'message': 'fifth'}}}}}, 'fifth'),
    ({'error': {'error': {'error': {'error': {'error': {'message': 'too deep'}}}}}}, ''),
    ({'error': ['a list'], 'other': 'unknown'}, ''),
    (['a list'], ''),
    ('text', ''),
    (None, ''),
    ({'message': 'x' * 501}, 'x' * 500 + '... (1 more characters)'),
    ({'message': 'x' * 500}, 'x' * 500),
]


@pytest.mark.parametrize(('data', 'words'), WORDS, ids=lambda value: str(value)[:50])
def test_the_runners_own_words_are_in_the_text(data: Any, words: str) -> None:
    assert runner_message(data) == words
    text = f'400 from POST {REQUEST.url}' + (f': {words}' if words else '')
    assert str(failed(400, json.dumps(data).encode())) == text


BODIES: list[tuple[int, bytes, str, str]] = [
    (502, b'<html>\n  Bad   Gateway</html>', 'text/html', ': <html> Bad Gateway</html>'),
    (502, b'y' * 101, 'text/plain', ': ' + 'y' * 100 + '... (1 more characters)'),
    (502, b'y' * 100, '', ': ' + 'y' * 100),
    (500, b'{"status": "Error"}', 'application/json; charset=utf-8', ''),
    (500, b'', 'text/html', ''),
    (413, b'<html>', 'text/html', ': the body is too large for the runner; send fewer records a call, compress it, or'),
    (413, b'{"message": "at most 30mb"}', 'application/json', ': at most 30mb'),
    *[(status, b'<html>', 'text/html', ': redirects are not followed; use the') for status in (301, 302, 307, 308)],
    (300, b'<html>', 'text/html', ': <html>'),
]


@pytest.mark.parametrize(('status', 'content', 'kind', 'words'), BODIES)
def test_what_came_instead_of_words_is_shown_or_what_to_do(status: int, content: bytes, kind: str, words: str) -> None:
    text = str(failed(status, content, kind)).removeprefix(f'{status} from POST {REQUEST.url}')
    assert text == words if status not in (413, 301, 302, 307, 308) else text.startswith(words)


def test_an_answer_without_a_content_type_is_shown_too() -> None:
    cause = ApiErrorCause(REQUEST, ErrorResponse(502, {}, 'bad gateway'))
    assert str(api_error(cause)) == f'502 from POST {REQUEST.url}: bad gateway'


def test_no_answer_at_all_is_said() -> None:
    error = api_error(ApiErrorCause(REQUEST))
    assert type(error) is Hybrid.UnknownApiError
    assert (str(error), error.data, error.status) == (f'no answer from POST {REQUEST.url}', None, 0)
    assert error.details == f'POST {REQUEST.url}'
    assert isinstance(error.cause, ApiErrorCause)
    assert (error.attempts, error.elapsed) == (1, 0.0)


@pytest.mark.parametrize('size', [0, 1, 499, 500, 501, 1999, 2000, 2001, 999_998, 1_000_000, 1_000_001, 5_000_000])
@pytest.mark.parametrize('character', ['x', 'ß', '名', '\N{GRINNING FACE}'])
def test_the_text_is_short_whatever_the_size_and_says_how_large_the_body_is(size: int, character: str) -> None:
    content = (character * size).encode()[:size]
    error = failed(500, content, 'text/plain')
    assert len(str(error)) < 300
    assert len(error.details) < 700
    assert len(json.dumps(error.to_dict())) < 12_000
    assert isinstance(error.cause, ApiErrorCause)
    assert error.cause.response
    body, whole = error.cause.response.body, content.decode('utf-8', 'replace')
    assert body == (whole if len(whole) <= 500 and size <= 2000 else f'{whole[:500]}... (of {size} bytes)')


def test_a_body_that_parses_is_data_up_to_a_megabyte() -> None:
    assert failed(400, b'{"a": [1]}', 'text/html').data == {'a': [1]}
    assert failed(400, b'"' + b'x' * 999_998 + b'"').data == 'x' * 999_998
    assert failed(400, b'"' + b'x' * 999_999 + b'"').data is None
    for broken in (b'', b'{"a"', b'\xff\xfe', b'<html>', b'[' * 100_000, b'1' * 5000):
        assert failed(400, broken).data is None
    assert SparkApiError('made by hand').data is None


@pytest.mark.thorough
@given(st.binary(max_size=3000), st.integers(100, 999), st.sampled_from(['application/json', 'text/html', '']))
@example(b'{"error":' * 5000, 500, '')
@example(b'{"error":' * 300 + b'"x"' + b'}' * 300, 500, '')
def test_no_answer_is_too_odd_for_an_error(content: bytes, status: int, kind: str) -> None:
    error = failed(status, content, kind)
    assert len(str(error)) < 700
    json.dumps(error.to_dict())
    assert pickle.loads(pickle.dumps(error)).details == error.details


def test_an_error_of_the_api_says_all_about_the_call() -> None:
    error = failed(404, b'{"message": "no service", "known": ["f/t"]}')
    assert (error.request_id, error.attempts, error.elapsed) == ('id-1', 3, 1.23456)
    assert error.data == {'message': 'no service', 'known': ['f/t']}
    assert isinstance(error.cause, ApiErrorCause)
    assert (error.cause.request.method, error.cause.request.url) == ('POST', REQUEST.url)
    assert error.details == f'POST {REQUEST.url} answered 404: {{"message": "no service", "known": ["f/t"]}}'
    assert error.to_dict() == {
        'name': 'NotFoundError',
        'message': f'404 from POST {REQUEST.url}: no service',
        'cause': error.details,
        'status': 404,
        'request_id': 'id-1',
        'attempts': 3,
        'elapsed': 1.235,
    }


def test_what_is_behind_an_error_does_not_change() -> None:
    cause: Any = failed(404).cause
    for part, name in ((cause, 'attempts'), (cause.request, 'url'), (cause.response, 'body')):
        with pytest.raises(FrozenInstanceError):
            setattr(part, name, 'another')


def test_an_error_of_this_side_says_when_and_why() -> None:
    error = Hybrid.RetryTimeoutError('too long', 'x' * 501, retries=2, interval=1.5)
    shown = error.to_dict()
    assert shown.pop('timestamp') == error.timestamp
    assert error.timestamp.endswith('+00:00')
    cause = 'x' * 500 + '... (1 more characters)'
    unsent = {'attempts': 0, 'elapsed': 0.0, 'request_id': ''}
    named = {'name': 'RetryTimeoutError', 'message': 'too long', 'cause': cause, 'retries': 2, 'interval': 1.5}
    assert shown == named | unsent
    assert signature(Hybrid.RetryTimeoutError).parameters['retries'].kind is Parameter.KEYWORD_ONLY
    assert (Hybrid.RetryTimeoutError('x').retries, Hybrid.RetryTimeoutError('x').interval) == (0, 0.0)
    sent = SparkSdkError('no connection', ApiErrorCause(REQUEST, None, 2, 0.5))
    assert (sent.request_id, sent.attempts, sent.elapsed) == ('id-1', 2, 0.5)
    assert SparkSdkError('x', ApiErrorCause(ErrorRequest('GET', 'http://h'))).request_id == ''


EVERY = [
    *[kind('what', ApiErrorCause(REQUEST, error_response(500, {'a': 'b'}, b'{}'), 2, 0.5)) for kind, _ in TREE],
    *[kind('what') for kind, _ in TREE],
    failed(418, b'{"message": "teapot"}'),
    Hybrid.RetryTimeoutError('what', 'why', retries=2, interval=1.5),
    Hybrid.SparkExecutionError.of({3: [{'message': 'too old'}]}, 5, 'call-1'),
    SparkSdkError('what', ValueError('why')),
]


@pytest.mark.parametrize('error', EVERY, ids=lambda error: str(error.name))
def test_errors_pickle_copy_and_log(error: SparkError) -> None:
    copies = [pickle.loads(pickle.dumps(error, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for other in (*copies, copy.copy(error), copy.deepcopy(error)):
        assert type(other) is type(error)
        assert (str(other), repr(other), other.details) == (str(error), repr(error), error.details)
        assert other.to_dict() == error.to_dict() == json.loads(json.dumps(error.to_dict()))
        assert {**vars(other), 'cause': 0} == {**vars(error), 'cause': 0}


def test_errors_of_records_are_raised_with_the_first_and_all_of_them() -> None:
    records: dict[int, Any] = {1: [{'message': 'too old'}, {'message': 'and more'}], 4: 'broken'}
    error = Hybrid.SparkExecutionError.of(records, 5, 'call-1')
    assert str(error) == '2 of 5 records have errors; the first is record 1: too old (call call-1)'
    assert error.records == records
    assert error.to_dict()['records'] == {'1': records[1], '4': 'broken'}
    assert str(Hybrid.SparkExecutionError.of({0: 'broken'}, 1, None)).endswith('record 0: broken')
    long = str(Hybrid.SparkExecutionError.of({0: [{'code': 'x' * 500}]}, 1, None))
    assert long.endswith("record 0: {'code': '" + 'x' * 90 + '... (412 more characters)')
    assert Hybrid.SparkExecutionError('by hand').records == {}


@pytest.mark.thorough
@given(st.text(), st.integers(0, 50))
def test_a_text_is_cut_where_it_is_too_long_and_says_how_much_is_missing(text: str, limit: int) -> None:
    cut = shorten(text, limit)
    rest = len(text) - limit
    assert cut == (text if rest <= 0 else text[:limit] + f'... ({rest} more characters)')


def test_another_message_leaves_the_error_as_it_is_where_dask_changes_how_errors_are_copied() -> None:
    program = """
import cspark.wasm as Hybrid, tblib.pickling_support
errors = Hybrid.SparkApiError('no', None, 500), Hybrid.SparkTimeoutError('no'), Hybrid.SparkInputError('no', path=(1,))
tblib.pickling_support.install()
for error in errors:
    changed = error.with_message('yes')
    assert (error.message[-2:], changed.message, type(changed)) == ('no', 'yes', type(error)), changed
    assert getattr(changed, 'status', 0) == getattr(error, 'status', 0)
"""
    subprocess.run([sys.executable, '-c', program], check=True)
