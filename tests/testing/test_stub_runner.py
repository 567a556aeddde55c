"""A runner of stubs without pytest, its end, and its answers by the API's document."""

from __future__ import annotations

import json
import socket
import threading
import unittest
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from contract.document import OPERATIONS, complaints, pointer_to, undeclared

import cspark.wasm as Hybrid
from cspark.wasm.testing import Stub, StubRunner
from hybrid_runner_api.api.execute import execute_by_body, execute_by_folder
from hybrid_runner_api.api.runner import check_health
from hybrid_runner_api.models import ExecuteAnswer, ExecuteRequest, RequestData, RequestMeta
from support.worlds import World, client_in

URI = 'shapes/square'
INPUTS: dict[str, Any] = {'side': 3}


def square(inputs: dict[str, Any]) -> dict[str, Any]:
    """The area of a square."""
    return {'area': inputs['side'] ** 2}


class InUnittest(unittest.TestCase):
    """A test of a program that knows nothing of pytest."""

    def setUp(self) -> None:
        self.runner = self.enterContext(StubRunner())
        self.stub = self.runner.add(URI, square)

    def runTest(self) -> None:
        with Hybrid.Client(base_url=self.runner.url, tenant='my-tenant', token='open') as client:
            assert client.services.execute(URI, inputs=INPUTS).output == {'area': 9}
        assert self.stub.records == [INPUTS]


def test_unittest_uses_it_as_a_context_manager() -> None:
    result = unittest.TestResult()
    InUnittest().run(result)
    assert result.wasSuccessful(), result
    assert result.testsRun == 1


def port_of(url: str) -> int:
    """The port of an address."""
    port = urlsplit(url).port
    assert port is not None
    return port


def threads_since(before: set[threading.Thread]) -> list[threading.Thread]:
    """The threads that were started since and do not end when they are waited for."""
    since = [thread for thread in threading.enumerate() if thread not in before]
    for thread in since:
        thread.join(10)
    return [thread for thread in since if thread.is_alive()]


def test_closing_it_frees_its_port() -> None:
    with StubRunner() as runner:
        port = port_of(runner.url)
        with socket.socket() as taken, pytest.raises(OSError, match='in use'):
            taken.bind(('127.0.0.1', port))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(('127.0.0.1', port)).close()
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(('127.0.0.1', port))


def test_closing_it_ends_its_threads_while_a_client_is_still_connected() -> None:
    before = set(threading.enumerate())
    with StubRunner() as runner:
        runner.add(URI, square)
        client = Hybrid.Client(base_url=runner.url, tenant='my-tenant', token='open')
        assert client.services.execute(URI, inputs=INPUTS).output == {'area': 9}
    with client:
        assert threads_since(before) == []


def test_closing_it_twice_does_no_harm() -> None:
    with StubRunner() as runner:
        runner.close()


def test_it_answers_nobody_once_it_is_closed(world: World) -> None:
    with StubRunner() as runner, client_in(world, base_url=runner.url, max_retries=0) as client:
        stub = runner.add(URI, square)
        assert client.services.execute(URI, inputs=INPUTS).output == {'area': 9}
        runner.close()
        with pytest.raises(Hybrid.SparkConnectionError):
            client.services.execute(URI, inputs=INPUTS)
        assert len(stub.calls) == 1


def test_closing_it_ends_a_delay() -> None:
    before = set(threading.enumerate())
    with StubRunner() as runner:
        runner.add(URI, square).delay(60)
        with (
            Hybrid.Client(base_url=runner.url, tenant='my-tenant', token='open') as client,
            pytest.raises(Hybrid.SparkTimeoutError),
        ):
            client.services.execute(URI, inputs=INPUTS, timeout=200)
    assert threads_since(before) == []


def test_runners_do_not_share_stubs() -> None:
    with StubRunner() as one, StubRunner() as other:
        assert one.url != other.url
        one.add(URI, square)
        with (
            Hybrid.Client(base_url=other.url, tenant='my-tenant', token='open') as client,
            pytest.raises(Hybrid.NotFoundError),
        ):
            client.services.execute(URI, inputs=INPUTS)


BODY: dict[str, Any] = {'request_data': {'inputs': INPUTS}, 'request_meta': {}}
MANY: dict[str, Any] = {'service': URI, 'inputs': [INPUTS, {}]}
SERVICE = '/{tenant}/api/v3/folders/{folder}/services/{service}/execute'
REQUESTS: list[Any] = [
    ('get', '/healthcheck', None),
    ('get', '/version', None),
    ('get', '/status', None),
    ('post', SERVICE, BODY),
    ('post', SERVICE, {'request_data': {'inputs': {}}, 'request_meta': {}}),
    ('post', '/{tenant}/api/v3/service/{service_id}', BODY),
    ('post', '/{tenant}/api/v3/version/{version_id}', BODY),
    ('post', '/{tenant}/api/v3/execute', {**BODY, 'request_meta': {'service_uri': URI}}),
    ('post', '/{tenant}/api/v4/execute', MANY),
    ('post', '/{tenant}/api/v4/execute', {**MANY, 'inputs': [['side'], [1], [2], [None]]}),
    ('post', '/{tenant}/api/v3/validation', BODY),
    ('post', '/{tenant}/api/v3/metadata', BODY),
]


def send(runner: StubRunner, stub: Stub, method: str, path: str, body: Any) -> httpx.Response:
    """Send a request of the document to a stub."""
    names = {'folder': stub.folder, 'service': stub.service, 'tenant': 'my-tenant'}
    filled = path.format(service_id=stub.service_id, version_id=stub.version_id, **names)
    if 'validation' in path or 'metadata' in path:
        body = {**body, 'request_meta': {'version_id': stub.version_id}}
    answer = httpx.request(method, runner.url + filled, json=body, trust_env=False)
    assert json.loads(answer.content) is not None
    return answer


@pytest.mark.parametrize(('method', 'path', 'body'), REQUESTS)
def test_answers_are_those_of_the_document(cspark_stub_runner: StubRunner, method: str, path: str, body: Any) -> None:
    operation = next(one for one in OPERATIONS if (one.method, one.path) == (method, path))
    stub = cspark_stub_runner.add(URI, square)
    answer = send(cspark_stub_runner, stub, method, path, body)
    assert answer.status_code == 200
    assert complaints(pointer_to(operation, 200), answer.json()) == []
    schema = operation.answers['200']['application/json']['schema']
    assert list(undeclared(schema, answer.json())) == []


@pytest.mark.parametrize(('method', 'path', 'body'), [one for one in REQUESTS if one[0] == 'post'])
@pytest.mark.parametrize('status', [400, 401, 404, 429, 500, 503])
def test_failures_are_those_of_the_document(
    cspark_stub_runner: StubRunner, method: str, path: str, body: Any, status: int
) -> None:
    operation = next(one for one in OPERATIONS if (one.method, one.path) == (method, path))
    if str(status) not in operation.answers:
        pytest.skip('the document has no such answer')
    stub = cspark_stub_runner.add(URI, square)
    stub.fail(status, 'as told')
    answer = send(cspark_stub_runner, stub, method, path, body)
    assert answer.status_code == status
    if 'application/json' in operation.answers[str(status)]:
        assert complaints(pointer_to(operation, status), answer.json()) == []


def test_an_unknown_service_is_refused_as_in_the_document(cspark_stub_runner: StubRunner) -> None:
    operation = next(one for one in OPERATIONS if one.path == SERVICE)
    stub = cspark_stub_runner.add(URI, square)
    answer = send(cspark_stub_runner, Stub('no/such', square), 'post', SERVICE, BODY)
    assert answer.status_code == 404
    assert complaints(pointer_to(operation, 404), answer.json()) == []
    assert stub.uri in answer.text


def test_the_raw_client_reaches_a_stub(cspark_stub_runner: StubRunner) -> None:
    stub = cspark_stub_runner.add(URI, square)
    body = ExecuteRequest(request_data=RequestData(inputs=INPUTS), request_meta=RequestMeta(version_id=stub.version_id))
    with Hybrid.Client(base_url=cspark_stub_runner.url, tenant='my-tenant', token='open') as client:
        found = [
            execute_by_body.sync('my-tenant', client=client.raw, body=body),
            execute_by_folder.sync('my-tenant', stub.folder, stub.service, client=client.raw, body=body),
        ]
        assert check_health.sync(client=client.raw) is not None
    for answer in found:
        assert isinstance(answer, ExecuteAnswer)
        assert answer.status == 'Success'
        assert answer.to_dict()['response_data']['outputs'] == {'area': 9}
    assert stub.records == [INPUTS, INPUTS]
