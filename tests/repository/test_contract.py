"""What code written for the published client relies on, row by row, where no test of another room holds it."""

from __future__ import annotations

import asyncio
import inspect
import io
import logging
import pickle
from typing import Any

import httpx
import pytest

import cspark.wasm as Hybrid
from support.wire import SUCCESS, Recorder, Reply
from support.worlds import World, client_in, in_world

NAMES = [
    'Client',
    'AsyncClient',
    'Config',
    'RunnerUrl',
    'Uri',
    'UriParams',
    'HttpResponse',
    'ServiceExecuted',
    'LoggerOptions',
    'ApiErrorCause',
    'SparkError',
    'SparkSdkError',
    'RetryTimeoutError',
    'SparkApiError',
    'BadRequestError',
    'UnauthorizedError',
    'ForbiddenError',
    'NotFoundError',
    'ConflictError',
    'UnsupportedMediaTypeError',
    'UnprocessableEntityError',
    'RateLimitError',
    'InternalServerError',
    'ServiceUnavailableError',
    'GatewayTimeoutError',
    'UnknownApiError',
    'Authorization',
    'DEFAULT_TIMEOUT_IN_MS',
    'DEFAULT_MAX_RETRIES',
    'DEFAULT_RETRY_INTERVAL',
    'DEFAULT_RUNNER_URL',
    'ENV_VARS',
    'SPARK_SDK',
    'about',
    '__title__',
    '__version__',
]
CLIENTS: list[Any] = [Hybrid.Client, Hybrid.AsyncClient]


@pytest.mark.parametrize('name', NAMES)
def test_every_name_of_today_comes_from_one_module(name: str) -> None:
    assert name in Hybrid.__all__
    assert getattr(Hybrid, name) is not None


def test_constants_have_the_values_of_today() -> None:
    assert Hybrid.DEFAULT_RUNNER_URL == 'http://localhost:3000'
    assert Hybrid.SPARK_SDK == 'Spark Python SDK'
    environment = {name: value for name, value in vars(Hybrid.ENV_VARS).items() if not name.startswith('_')}
    assert environment == {
        'RUNNER_URL': 'CSPARK_RUNNER_URL',
        'API_KEY': 'CSPARK_API_KEY',
        'BEARER_TOKEN': 'CSPARK_BEARER_TOKEN',
    }
    assert Hybrid.about.startswith(f'{Hybrid.__title__} {Hybrid.__version__} ')


@pytest.mark.parametrize('client', CLIENTS)
def test_a_client_has_the_members_of_today(client: Any) -> None:
    options = {'base_url': Hybrid.RunnerUrl(url='http://h/p', tenant='ten'), 'token': 'Bearer abc', 'logger': False}
    made = client(**options, timeout=500, max_retries=1, retry_interval=0.5, http_client=None)
    config = made.config
    assert (config.base_url.value, config.base_url.full, config.base_url.tenant) == (
        'http://h/p',
        'http://h/p/ten',
        'ten',
    )
    assert (config.auth.token, config.auth.api_key, config.auth.is_open) == ('abc', None, False)
    assert (config.timeout, config.timeout_in_sec, config.max_retries, config.retry_interval) == (500, 0.5, 1, 0.5)
    assert isinstance(config.logger, logging.Logger)
    assert not config.has_headers
    assert made.http_client is made.http_client
    for resource, verbs in {
        'health': ['check'],
        'version': ['get'],
        'status': ['get'],
        'services': ['upload', 'execute', 'validate', 'get_metadata'],
    }.items():
        assert all(callable(getattr(getattr(made, resource), verb)) for verb in verbs)


@pytest.mark.parametrize('client', CLIENTS)
@pytest.mark.parametrize('name', ['health_check', 'get_version', 'get_status'])
def test_static_methods_take_what_they_take_today(client: Any, name: str) -> None:
    assert isinstance(inspect.getattr_static(client, name), staticmethod)
    parameters = inspect.signature(getattr(client, name)).parameters
    assert list(parameters)[:3] == ['base_url', 'token', 'http_client']
    assert parameters['token'].default == 'open'
    assert inspect.iscoroutinefunction(getattr(client, name)) is (client is Hybrid.AsyncClient)


def test_verbs_take_their_arguments_in_todays_places() -> None:
    services = type(Hybrid.Client(base_url='http://h/t', token='open').services)
    for name, places in {
        'upload': ['file', 'file_name'],
        'execute': ['uri'],
        'validate': ['uri'],
        'get_metadata': ['uri'],
    }.items():
        parameters = inspect.signature(getattr(services, name)).parameters.values()
        positional = [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
        assert positional == ['self', *places]


def test_a_configuration_that_is_there_makes_either_client(world: World, recorder: Recorder) -> None:
    config = Hybrid.Config(base_url=recorder.url, tenant='t', api_key='the-key-1234', max_retries=0)
    made = Hybrid.Client.use(config, None) if world == 'sync' else Hybrid.AsyncClient.use(config)
    with in_world(world, made) as hybrid:
        assert hybrid.config is config
        hybrid.health.check()
    assert recorder.last.headers['x-synthetic-key'] == 'the-key-1234'


def test_the_awaited_client_may_be_awaited_where_it_is_made_as_today(recorder: Recorder) -> None:
    async def check() -> int:
        use: Any = Hybrid.AsyncClient.use
        async with await use(Hybrid.Config(base_url=recorder.url, tenant='t', token='open')) as hybrid:
            status: int = (await hybrid.health.check()).status
            return status

    assert asyncio.run(check()) == 200


def test_a_client_is_closed_any_number_of_times(world: World, recorder: Recorder) -> None:
    with client_in(world, base_url=recorder.url) as hybrid:
        hybrid.health.check()
        for _ in range(3):
            hybrid.close()


def test_headers_of_the_configuration_are_sent_with_every_request(world: World, recorder: Recorder) -> None:
    with client_in(world, base_url=recorder.url, extra_headers={'x-mine': '1'}) as hybrid:
        assert hybrid.config.has_headers
        hybrid.health.check()
        hybrid.services.execute('f/s', inputs={})
        hybrid.services.upload(b'zip')
    assert [received.headers['x-mine'] for received in recorder.received] == ['1'] * 3


def test_the_identity_of_a_call_stays_the_same_across_its_retries(world: World, recorder: Recorder) -> None:
    recorder.reply(Reply(429), Reply(408), Reply(), Reply())
    with client_in(world, base_url=recorder.url, retry_interval=0.01) as hybrid:
        hybrid.services.execute('f/s')
        hybrid.services.execute('f/s')
    identities = [received.headers['x-request-id'] for received in recorder.received]
    assert len(identities) == 4
    assert len(set(identities[:3])) == 1
    assert identities[3] != identities[0]


def test_a_file_is_streamed_from_its_start_again_and_left_open(world: World, recorder: Recorder) -> None:
    recorder.reply(Reply(429), Reply())
    file = io.BytesIO(b'the package')
    with client_in(world, base_url=recorder.url, retry_interval=0.01) as hybrid:
        hybrid.services.upload(file)
    assert not file.closed
    assert [received.body.count(b'the package') for received in recorder.received] == [1, 1]
    assert all(b'filename="package.zip"' in received.body for received in recorder.received)


def test_a_refused_token_is_not_tried_again(world: World, recorder: Recorder) -> None:
    recorder.reply(Reply(401))
    with client_in(world, base_url=recorder.url, token='secret') as hybrid, pytest.raises(Hybrid.UnauthorizedError):
        hybrid.health.check()
    assert len(recorder.received) == 1


def test_a_callers_own_client_keeps_its_cookies_headers_and_hooks(recorder: Recorder) -> None:
    seen: list[str] = []

    def see(seen_on_the_way: httpx.Request | httpx.Response) -> None:
        seen.append(str(seen_on_the_way))

    hooks: dict[str, Any] = {'request': [see], 'response': [see]}
    with httpx.Client(headers={'x-mine': '1'}, cookies={'a': 'b'}, event_hooks=hooks) as mine:
        with Hybrid.Client(base_url=recorder.url, tenant='t', token='open', http_client=mine) as hybrid:
            hybrid.services.execute('f/s')
        assert hybrid.http_client is mine
    assert (recorder.last.headers['x-mine'], recorder.last.headers['cookie']) == ('1', 'a=b')
    assert seen == [f"<Request('POST', '{recorder.url}{recorder.last.path}')>", '<Response [200 OK]>']


def test_an_answer_has_the_attributes_of_today_copies_and_pickles(recorded: Hybrid.Client, recorder: Recorder) -> None:
    answer = recorded.services.execute('f/s', inputs={}, response_format='original')
    assert isinstance(answer, Hybrid.ServiceExecuted)
    assert isinstance(answer, Hybrid.HttpResponse)
    assert (answer.status, answer.data) == (200, SUCCESS)
    assert answer.headers['Content-Type'] == 'application/json'
    assert str(answer.raw_request.url) == f'{recorder.url}{recorder.last.path}'
    assert answer.raw_response.json() == SUCCESS
    assert answer.raw_response.content == answer.buffer
    copied: Any = answer.copy_with(status=201, data='x', request=None)
    assert (copied.status, copied.data, copied.raw_request, copied.buffer) == (201, 'x', None, answer.buffer)
    assert (answer.status, answer.data) == (200, SUCCESS)
    again = pickle.loads(pickle.dumps(answer))
    assert (again.status, again.data, again.buffer) == (answer.status, answer.data, answer.buffer)
    assert (again.headers, str(again.raw_request.url)) == (answer.headers, str(answer.raw_request.url))


ALIKE = [
    'outputs',
    'process_time',
    'warnings',
    'errors',
    'service_chain',
    'service_id',
    'version_id',
    'version',
    'call_id',
    'compiler_version',
    'correlation_id',
    'request_timestamp',
]


def test_alike_has_lists_of_one_and_its_keys_in_the_documented_order(recorded: Hybrid.Client) -> None:
    options: list[dict[str, Any]] = [{}, {'response_format': 'alike'}, {'response_format': None}]
    for chosen in options:
        data: Any = recorded.services.execute('f/s', inputs={'a': 1}, **chosen).data
        assert list(data) == ALIKE
        assert [data[name] for name in ALIKE[:5]] == [[{'volume': 1.5}], [1], [None], [None], [None]]
        assert data['version'] == '1.2.3'


def test_an_answer_to_many_records_is_passed_on_as_it_came(recorded: Hybrid.Client, recorder: Recorder) -> None:
    body = {
        'outputs': [{'a': 2**70}],
        'errors': [[{'message': 'e'}]],
        'warnings': ['w'],
        'of its own': [1, {'b': None}],
    }
    recorder.reply(Reply(body=body))
    for chosen in ('alike', 'original'):
        options: Any = {'response_format': chosen}
        answer: Any = recorded.services.execute('f/s', inputs=[{}], **options)
        assert answer.data == body


def test_validate_and_metadata_return_the_envelope_itself(recorded: Hybrid.Client) -> None:
    assert recorded.services.validate(version_id='v').data == SUCCESS
    assert recorded.services.get_metadata(service_id='s').data == SUCCESS


def test_errors_and_warnings_within_an_answer_are_not_raised(recorded: Hybrid.Client, recorder: Recorder) -> None:
    found: dict[str, Any] = {
        'outputs': {},
        'errors': [{'message': 'too old'}],
        'warnings': [{'message': 'default used'}],
    }
    recorder.reply(Reply(body={**SUCCESS, 'response_data': found}))
    data = recorded.services.execute('f/s').data
    assert (data['errors'], data['warnings']) == ([found['errors']], [found['warnings']])


@pytest.mark.parametrize(
    ('arguments', 'options', 'named'),
    [
        ((None,), {'version_id': 'v'}, ('v', None, None)),
        (('',), {'service_id': 's'}, (None, 's', None)),
        ((), {'version_id': 'v', 'service_id': 's'}, ('v', 's', None)),
        (('version/v',), {}, ('v', None, None)),
        (('service/s',), {}, (None, 's', None)),
        ((Hybrid.UriParams(service_id='s', version='1.2'),), {}, (None, 's', '1.2')),
    ],
)
def test_validate_finds_its_service_in_every_way_of_today(
    recorded: Hybrid.Client, recorder: Recorder, arguments: Any, options: Any, named: tuple[Any, ...]
) -> None:
    recorded.services.validate(*arguments, **options)
    meta = recorder.last.json['request_meta']
    assert (meta['version_id'], meta['service_id'], meta['version']) == named


def test_an_error_has_the_attributes_of_today(recorded: Hybrid.Client, recorder: Recorder) -> None:
    recorder.reply(Reply(404, {'message': 'no such service'}))
    with pytest.raises(Hybrid.NotFoundError) as caught:
        recorded.services.execute('f/s', inputs={'name': 'Miller'})
    error = caught.value
    assert (error.name, error.status, error.request_id) == ('NotFoundError', 404, recorder.last.headers['x-request-id'])
    assert isinstance(error.cause, Hybrid.ApiErrorCause)
    assert error.cause.response
    assert (error.cause.request.method, error.cause.request.url) == ('POST', recorder.url + recorder.last.path)
    assert error.cause.request.headers['x-request-id'] == error.request_id
    assert error.cause.response.headers['content-type'] == 'application/json'
    assert 'no such service' in error.cause.response.body
    assert {'name', 'message', 'cause', 'status'} <= set(error.to_dict())
    assert 'no such service' in error.message
    assert 'Miller' not in str(error) + error.details + str(error.to_dict())
