"""A stub that fails as it is told, and what the client makes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import cspark.wasm as Hybrid
from cspark.wasm.testing import Stub, StubRunner

URI = 'shapes/square'
ONE: dict[str, Any] = {'side': 3}
Stubs = Callable[..., Stub]


def square(inputs: dict[str, Any]) -> dict[str, Any]:
    """The area of a square."""
    return {'area': inputs['side'] ** 2}


@pytest.fixture
def stub(cspark_stub: Stubs) -> Stub:
    """A service that computes areas."""
    return cspark_stub(URI, square)


def area(client: Hybrid.Client, **options: Any) -> int:
    """The area, from a call."""
    found: int = client.services.execute(URI, inputs=ONE, **options).output['area']
    return found


RETRIED: list[Any] = [
    (408, Hybrid.UnknownApiError),
    (429, Hybrid.RateLimitError),
    (502, Hybrid.UnknownApiError),
    (503, Hybrid.ServiceUnavailableError),
    (504, Hybrid.GatewayTimeoutError),
]
FINAL: list[Any] = [
    (302, Hybrid.UnknownApiError),
    (400, Hybrid.BadRequestError),
    (401, Hybrid.UnauthorizedError),
    (403, Hybrid.ForbiddenError),
    (404, Hybrid.NotFoundError),
    (409, Hybrid.ConflictError),
    (413, Hybrid.UnknownApiError),
    (422, Hybrid.UnprocessableEntityError),
    (499, Hybrid.UnknownApiError),
    (500, Hybrid.InternalServerError),
]


@pytest.mark.parametrize(('status', 'error'), RETRIED)
def test_a_status_that_is_retried_is_seen_three_times(
    stub: Stub, stubbed: Hybrid.Client, status: int, error: type[Hybrid.SparkApiError]
) -> None:
    stub.fail(status, 'not now', times=3)
    with pytest.raises(error) as caught:
        area(stubbed)
    assert caught.value.status == status
    assert caught.value.attempts == len(stub.calls) == 3
    assert len({call.headers['x-request-id'] for call in stub.calls}) == 1
    assert area(stubbed) == 9


@pytest.mark.parametrize(('status', 'error'), FINAL)
def test_a_status_that_is_final_is_raised_with_its_message(
    stub: Stub, stubbed: Hybrid.Client, status: int, error: type[Hybrid.SparkApiError]
) -> None:
    stub.fail(status, 'this is what it says')
    with pytest.raises(error) as caught:
        area(stubbed)
    assert caught.value.status == status
    assert 'this is what it says' in f'{caught.value.message} {caught.value.details}'
    assert caught.value.attempts == len(stub.calls) == 1
    assert area(stubbed) == 9


@pytest.mark.parametrize('inputs', [ONE, [ONE, ONE]], ids=['v3', 'v4'])
def test_a_call_succeeds_after_two_failures(stub: Stub, stubbed: Hybrid.Client, inputs: Any) -> None:
    stub.fail(503, times=2)
    assert stubbed.services.execute(URI, inputs=inputs).outputs[0] == {'area': 9}
    assert len(stub.calls) == 3


def test_a_missing_service_says_what_the_test_says(stub: Stub, stubbed: Hybrid.Client) -> None:
    stub.fail(404, 'no such service, says the test')
    with pytest.raises(Hybrid.NotFoundError, match='no such service, says the test'):
        area(stubbed)


@pytest.mark.parametrize('status', [429, 503])
def test_retry_after_is_obeyed(stub: Stub, stubbed: Hybrid.Client, status: int) -> None:
    stub.fail(status, retry_after=0)
    assert area(stubbed) == 9
    assert len(stub.calls) == 2


@pytest.mark.parametrize('seconds', [7, 0, 86_400])
def test_retry_after_is_a_header_of_the_answer(stub: Stub, unretried: Hybrid.Client, seconds: int) -> None:
    stub.fail(429, retry_after=seconds)
    with pytest.raises(Hybrid.RateLimitError) as caught:
        area(unretried)
    assert isinstance(caught.value.cause, Hybrid.ApiErrorCause)
    assert caught.value.cause.response is not None
    headers = {name.lower(): value for name, value in caught.value.cause.response.headers.items()}
    assert headers['retry-after'] == str(seconds)


def test_without_retry_after_there_is_no_such_header(stub: Stub, unretried: Hybrid.Client) -> None:
    stub.fail(429)
    with pytest.raises(Hybrid.RateLimitError) as caught:
        area(unretried)
    assert 'retry-after' not in caught.value.details.lower()
    assert isinstance(caught.value.cause, Hybrid.ApiErrorCause)
    assert caught.value.cause.response is not None
    assert 'retry-after' not in {name.lower() for name in caught.value.cause.response.headers}


def test_a_pause_of_a_day_is_not_waited_for(stub: Stub, stubbed: Hybrid.Client) -> None:
    stub.fail(429, retry_after=86_400)
    with pytest.raises(Hybrid.RateLimitError):
        area(stubbed)
    assert len(stub.calls) == 1


def test_dropped_connections_are_an_error_in_the_end(stub: Stub, stubbed: Hybrid.Client) -> None:
    stub.drop(times=3)
    with pytest.raises(Hybrid.SparkConnectionError) as caught:
        area(stubbed)
    assert caught.value.sent
    assert caught.value.attempts == len(stub.calls) == 3
    assert area(stubbed) == 9


@pytest.mark.parametrize('inputs', [ONE, [ONE, ONE]], ids=['v3', 'v4'])
def test_a_call_succeeds_after_one_dropped_connection(stub: Stub, stubbed: Hybrid.Client, inputs: Any) -> None:
    stub.drop(times=1)
    assert stubbed.services.execute(URI, inputs=inputs).outputs[0] == {'area': 9}
    assert len(stub.calls) == 2


@pytest.mark.parametrize('inputs', [ONE, [ONE, ONE]], ids=['v3', 'v4'])
def test_a_malformed_answer_cannot_be_decoded(stub: Stub, stubbed: Hybrid.Client, inputs: Any) -> None:
    stub.answer_malformed()
    with pytest.raises(Hybrid.SparkDecodeError):
        stubbed.services.execute(URI, inputs=inputs)
    assert len(stub.calls) == 1
    assert area(stubbed) == 9


def test_a_delay_beyond_the_timeout_is_a_timeout(stub: Stub, stubbed: Hybrid.Client) -> None:
    stub.delay(2)
    with pytest.raises(Hybrid.SparkTimeoutError):
        area(stubbed, timeout=200)
    assert area(stubbed) == 9
    assert len(stub.calls) == 2


def test_a_delay_within_the_timeout_is_no_failure(stub: Stub, stubbed: Hybrid.Client) -> None:
    stub.delay(0.05, times=2)
    assert [area(stubbed), area(stubbed), area(stubbed)] == [9, 9, 9]
    assert len(stub.calls) == 3


def outcome(client: Hybrid.Client) -> str:
    """How a call ends."""
    try:
        return f'{area(client)}'
    except Hybrid.SparkApiError as error:
        return f'{error.status} {error.message}'
    except Hybrid.SparkSdkError as error:
        return error.name


def test_failures_queue_up_in_their_order(stub: Stub, unretried: Hybrid.Client) -> None:
    stub.drop()
    stub.fail(404, 'first', times=2)
    stub.answer_malformed()
    stub.delay(0.01)
    stub.fail(401, 'second')
    found = [outcome(unretried) for _ in range(8)]
    for number, words in {1: '404', 2: '404', 5: '401'}.items():
        assert found[number].startswith(words)
    assert found[0] == 'SparkConnectionError'
    assert found[3:5] == ['SparkDecodeError', '9']
    assert found[6:] == ['9', '9']
    assert len(stub.calls) == 8


def test_one_call_goes_through_all_failures_that_are_retried(stub: Stub, stubbed: Hybrid.Client) -> None:
    stub.fail(503)
    stub.fail(429, retry_after=0)
    assert area(stubbed) == 9
    assert len(stub.calls) == 3


def test_failures_are_those_of_one_stub_alone(cspark_stub: Stubs, stub: Stub, unretried: Hybrid.Client) -> None:
    other = cspark_stub('shapes/cube[2.0.0]', square)
    stub.fail(500)
    assert unretried.services.execute('shapes/cube', inputs=ONE).output == {'area': 9}
    with pytest.raises(Hybrid.InternalServerError):
        area(unretried)
    assert (len(stub.calls), len(other.calls)) == (1, 1)


@pytest.mark.parametrize('verb', ['validate', 'get_metadata'])
def test_validation_and_metadata_fail_too(stub: Stub, stubbed: Hybrid.Client, verb: str) -> None:
    called: Any = getattr(stubbed.services, verb)
    stub.fail(503, times=2)
    assert called(version_id=stub.version_id).status == 200
    stub.fail(500)
    with pytest.raises(Hybrid.InternalServerError):
        called(version_id=stub.version_id)
    assert len(stub.calls) == 4


def test_a_failed_call_is_kept_with_its_records_and_computes_nothing(
    cspark_stub: Stubs, unretried: Hybrid.Client
) -> None:
    computed: list[Any] = []

    def compute(inputs: dict[str, Any]) -> dict[str, Any]:
        computed.append(inputs)
        return {}

    stub = cspark_stub(URI, compute)
    stub.fail(500)
    with pytest.raises(Hybrid.InternalServerError):
        unretried.services.execute(URI, inputs=[ONE, ONE])
    assert stub.records == [ONE, ONE]
    assert computed == []


def test_faults_reach_clients_that_send_through_httpx(stub: Stub, cspark_stub_runner: StubRunner) -> None:
    options: Any = {'base_url': cspark_stub_runner.url, 'tenant': 'my-tenant', 'token': 'open', 'retry_interval': 0.01}
    with Hybrid.Client(transport='httpx', **options) as client:
        stub.fail(503)
        stub.drop()
        assert area(client) == 9
        stub.answer_malformed()
        assert outcome(client) == 'SparkDecodeError'
    assert len(stub.calls) == 4
