"""A call gets its own answer or none: strays, bytes of an idle connection, and what an echoed id tells."""

from __future__ import annotations

import asyncio
import random
import signal
import socket
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest

import cspark.wasm as Hybrid
from support.faulty import BODY, Behaviour, answers, head
from support.sockets import counted
from support.straying import Straying, by_tasks, by_threads, outputs, straying
from support.ways import OWN, WAYS, asked, client_by, echoes, execute

CALLS = 2_000
"""How many calls each way makes among stray answers; through httpx, which takes longer, a third."""


@pytest.mark.thorough
@pytest.mark.parametrize('way', WAYS)
def test_no_call_of_many_gets_the_answer_of_another_one(way: str) -> None:
    count = CALLS if way in OWN else CALLS // 3
    with straying() as url, client_by(way, base_url=url, max_retries=8, retry_interval=0.001) as hybrid:
        awaited: Any = hybrid
        ends = awaited._loop.run(by_tasks(awaited._target, count)) if 'async' in way else by_threads(hybrid, count)
    assert ends['wrong'] == 0
    assert ends.total() == count
    assert ends['right'] > count * 0.8
    assert Straying.strays > count * 0.03


class AlarmError(Exception):
    """What the handler of a signal raises."""


@pytest.mark.thorough
@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')  # a signal may come in any `__del__`
def test_no_call_gets_the_answer_of_one_that_a_signal_ended() -> None:
    is_calling = False

    def ring(*_: object) -> None:
        if is_calling:
            raise AlarmError

    ends: list[str] = []
    before = signal.signal(signal.SIGALRM, ring)
    try:
        with straying() as url, client_by('sync', base_url=url, max_retries=8, retry_interval=0.001) as hybrid:
            for number in range(1, 501):
                got = 0
                signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0001, 0.003) if number % 3 == 0 else 0)
                try:
                    is_calling = True
                    got = hybrid.services.execute('f/s', inputs={'number': number}).output['number']
                    is_calling = False
                except (AlarmError, Hybrid.SparkConnectionError):
                    is_calling = False
                ends.append('right' if got == number else 'wrong' if got else 'none')
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert 'wrong' not in ends
    assert ends.count('right') > 300


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('other', ['of the call before', 'of nobody', 'of nobody for an id of the caller'])
def test_a_runner_that_echoed_ids_and_answers_with_another_one_answers_another_call(way: str, other: str) -> None:
    options: Any = {'timeout': 20_000, 'retry_interval': 0.001}
    mine: Any = {'headers': {'X-Request-ID': 'mine'}} if 'caller' in other else {}
    with counted() as (faulty, listener), client_by(way, base_url=faulty.url, **options) as hybrid:
        faulty.behave([echoes(faulty)])
        assert [execute(hybrid), execute(hybrid)] == [1.5, 1.5]
        wrong = asked(faulty) if 'before' in other else str(uuid.uuid4())
        faulty.behave([echoes(faulty, wrong, outputs(volume=666)), echoes(faulty)])
        with pytest.raises(Hybrid.SparkConnectionError) as caught:
            execute(hybrid, **mine)
        assert (type(caught.value), caught.value.sent, caught.value.attempts) == (Hybrid.SparkConnectionError, True, 1)
        assert execute(hybrid) == 1.5
        if way in OWN:
            assert listener.accepted == 2
        faulty.behave([echoes(faulty, wrong, outputs(volume=666)), echoes(faulty)])
        assert execute(hybrid, **mine, max_retries=2) == 1.5
    assert len(faulty.requests) == 6


@pytest.mark.parametrize('way', WAYS)
def test_an_upload_is_not_repeated_because_of_an_id(way: str) -> None:
    with counted() as (faulty, _), client_by(way, base_url=faulty.url, max_retries=3) as hybrid:
        faulty.behave([echoes(faulty)])
        hybrid.services.upload(b'zip')
        faulty.behave([echoes(faulty, str(uuid.uuid4())), echoes(faulty)])
        with pytest.raises(Hybrid.SparkConnectionError) as caught:
            hybrid.services.upload(b'zip')
        assert caught.value.sent
    assert len(faulty.requests) == 2


@pytest.mark.parametrize('way', WAYS)
def test_the_id_that_the_caller_gives_is_the_one_that_is_echoed(way: str) -> None:
    with counted() as (faulty, listener), client_by(way, base_url=faulty.url) as hybrid:
        faulty.behave([echoes(faulty)])
        mine = {'headers': {'X-Request-ID': 'mine'}}
        assert [execute(hybrid), execute(hybrid, **mine), execute(hybrid, **mine), execute(hybrid)] == [1.5] * 4
    assert listener.accepted == 1


@pytest.mark.parametrize('way', WAYS)
def test_a_gateway_that_sets_ids_of_its_own_never_fails_a_call(way: str) -> None:
    def sets_its_own(connection: socket.socket) -> bool:
        return answers(BODY, '200 OK', f'X-Request-Id: {uuid.uuid4()}')(connection)

    same = answers(BODY, '200 OK', 'X-Request-Id: gateway-1')
    with counted() as (faulty, listener), client_by(way, base_url=faulty.url) as hybrid:
        for behaviour in (sets_its_own, same):
            faulty.behave([behaviour])
            assert [execute(hybrid) for _ in range(5)] == [1.5] * 5
        assert listener.accepted == 1


@pytest.mark.parametrize('way', WAYS)
def test_an_answer_without_an_id_never_fails_a_call(way: str) -> None:
    with counted() as (faulty, listener), client_by(way, base_url=faulty.url) as hybrid:
        assert [execute(hybrid) for _ in range(5)] == [1.5] * 5
        faulty.behave([echoes(faulty), answers(), answers(b'', '503 Service Unavailable'), echoes(faulty)])
        assert [execute(hybrid), execute(hybrid)] == [1.5, 1.5]
        with pytest.raises(Hybrid.ServiceUnavailableError):
            execute(hybrid)
        assert execute(hybrid) == 1.5
        assert listener.accepted == 1


def sends_later(first: Behaviour, content: bytes, idle: threading.Event, sent: threading.Event) -> Behaviour:
    """Answer, and send something once the connection is idle."""

    def behave(connection: socket.socket) -> bool:
        first(connection)
        assert idle.wait(20)
        connection.sendall(content)
        sent.set()
        return True

    return behave


STRAY = outputs(volume=666)
STRAYS = {
    'a whole answer': head(len(STRAY)) + STRAY,
    'two answers': (head(len(STRAY)) + STRAY) * 2,
    'a refusal for being idle': head(0, '408 Request Timeout', 'Connection: close'),
    'the end of a line': b'\r\n',
    'one byte': b'H',
}


def called_twice(way: str, content: bytes, echoing: bool, between: Callable[[Any], None]) -> tuple[Any, int]:
    """What a call gets on a connection on which something came while it was idle; and how many there were."""
    idle, sent = threading.Event(), threading.Event()
    with counted() as (faulty, listener), client_by(way, base_url=faulty.url, timeout=20_000) as hybrid:
        answer = echoes(faulty) if echoing else answers()
        faulty.behave([sends_later(answer, content, idle, sent), answer])
        assert execute(hybrid) == 1.5
        idle.set()
        assert sent.wait(20)
        between(hybrid)
        try:
            return execute(hybrid), listener.accepted
        except Hybrid.SparkConnectionError:
            return 'none', listener.accepted


def runs_meanwhile(hybrid: Any) -> None:
    """Let the event loop of a client run for a while."""
    hybrid._loop.run(asyncio.sleep(0.05))


def stands_still(_: object) -> None:
    """The event loop has no turn; a blocking client has none."""


@pytest.mark.parametrize('stray', STRAYS)
@pytest.mark.parametrize(
    ('way', 'between'), [('sync', stands_still), ('async', stands_still), ('async', runs_meanwhile)]
)
def test_bytes_that_came_while_a_connection_was_idle_end_it(
    way: str, between: Callable[[Any], None], stray: str
) -> None:
    assert called_twice(way, STRAYS[stray], echoing=False, between=between) == (1.5, 2)


@pytest.mark.parametrize(
    ('way', 'between'), [('httpx', stands_still), ('httpx async', stands_still), ('httpx async', runs_meanwhile)]
)
def test_a_stray_answer_of_an_idle_connection_answers_nobody_through_httpx(
    way: str, between: Callable[[Any], None]
) -> None:
    stray = head(len(STRAY), '200 OK', f'X-Request-Id: {uuid.uuid4()}') + STRAY
    assert called_twice(way, stray, echoing=True, between=between)[0] in (1.5, 'none')


@pytest.mark.parametrize('stray', STRAYS)
@pytest.mark.parametrize('way', OWN)
def test_bytes_that_follow_an_answer_end_the_connection(way: str, stray: str) -> None:
    follow = answers()
    whole = head(len(BODY)) + BODY + STRAYS[stray]

    def behave(connection: socket.socket) -> bool:
        connection.sendall(whole)
        return True

    with counted(behave, follow) as (faulty, listener), client_by(way, base_url=faulty.url) as hybrid:
        assert [execute(hybrid), execute(hybrid)] == [1.5, 1.5]
        assert (listener.accepted, len(faulty.requests)) == (2, 2)


@pytest.mark.parametrize('way', ['httpx', 'httpx async'])
def test_what_follows_an_answer_answers_nobody_through_httpx(way: str) -> None:
    stray = head(len(STRAY), '200 OK', f'X-Request-Id: {uuid.uuid4()}') + STRAY
    with counted() as (faulty, _), client_by(way, base_url=faulty.url) as hybrid:
        faulty.behave([echoes(faulty, then=stray), echoes(faulty)])
        assert execute(hybrid) == 1.5
        try:
            assert execute(hybrid) == 1.5
        except Hybrid.SparkConnectionError:
            assert execute(hybrid) == 1.5
