"""`Retry-After` as a date counts from the answer's `Date`: the server's clock says when, and not this machine's."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import pytest

import cspark.wasm as Hybrid
from support.ways import client_by
from support.wire import Recorder, Reply, recording
from support.worlds import World

KIND = {'Content-Type': 'application/json'}
NEVER = Hybrid.RetryPolicy(max_retries=1, interval=1000, longest_pause=1000)
"""A pause of this policy's own is longer than any call here lasts, so that such a call fails at once."""
CLOCKS = {'right': timedelta(), 'a year ahead': timedelta(days=365), 'a year behind': timedelta(days=-365)}


def http_date(moment: datetime, form: str = 'now') -> str:
    """A date as a header has it, in the form of today or in one of the two of old."""
    match form:
        case 'asctime':
            return time.asctime(moment.timetuple())
        case 'RFC 850':
            return moment.strftime('%A, %d-%b-%y %H:%M:%S GMT')
        case _:
            return format_datetime(moment, usegmt=True)


class Dated(Recorder):
    """A server with a clock of its own that is busy once."""

    def __init__(self, off: timedelta, after: float, form: str = 'now', status: int = 503) -> None:
        super().__init__()
        moment = datetime.now(UTC).replace(microsecond=0) + off
        wish = http_date(moment + timedelta(seconds=after), form)
        self.busy = Reply(status, {'message': 'busy'}, {**KIND, 'Date': http_date(moment, form), 'Retry-After': wish})


def tried(recorder: Recorder, way: str, *replies: Reply, timeout: float = 60_000) -> int:
    """How often a call was sent that was refused at first, and whose own pauses are too long."""
    recorder.received.clear()
    recorder.reply(*replies, Reply())
    with client_by(way, base_url=recorder.url, max_retries=NEVER, timeout=timeout) as hybrid:
        try:
            ended = (hybrid.services.execute('f/s', inputs={}).status, 2)
        except Hybrid.SparkApiError as error:
            ended = (error.status, error.attempts)
    assert ended in ((200, 2), (replies[0].status, 1))
    assert ended[1] == len(recorder.received)
    return ended[1]


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Generator[Recorder]:
    """A recording server that adds no `Date` of its own."""

    def send_response(self: Any, code: int, message: str | None = None) -> None:
        self.send_response_only(code, message)

    monkeypatch.setattr(BaseHTTPRequestHandler, 'send_response', send_response)
    with recording() as started:
        yield started


@pytest.mark.parametrize('clock', CLOCKS)
@pytest.mark.parametrize('status', [429, 503])
def test_a_moment_that_has_come_by_the_servers_clock_is_now(
    way: str, recorder: Recorder, clock: str, status: int
) -> None:
    assert tried(recorder, way, Dated(CLOCKS[clock], 0, status=status).busy) == 2
    assert tried(recorder, way, Dated(CLOCKS[clock], -3600, status=status).busy) == 2


@pytest.mark.parametrize('clock', CLOCKS)
def test_a_moment_that_is_far_by_the_servers_clock_is_not_waited_for(way: str, recorder: Recorder, clock: str) -> None:
    assert tried(recorder, way, Dated(CLOCKS[clock], 1000).busy) == 1
    assert tried(recorder, way, Dated(CLOCKS[clock], 100).busy, timeout=30_000) == 1


@pytest.mark.parametrize('form', ['asctime', 'RFC 850'])
@pytest.mark.parametrize('clock', CLOCKS)
def test_dates_of_old_forms_are_read(recorder: Recorder, world: World, clock: str, form: str) -> None:
    assert tried(recorder, world, Dated(CLOCKS[clock], 0, form).busy) == 2
    assert tried(recorder, world, Dated(CLOCKS[clock], 1000, form).busy) == 1


@pytest.mark.parametrize('date', [None, 'yesterday', ''])
def test_without_a_date_the_clock_of_this_machine_is_what_there_is(
    recorder: Recorder, world: World, date: str | None
) -> None:
    dated = {} if date is None else {'Date': date}
    for after, times in ((-60, 2), (3600, 1)):
        wish = http_date(datetime.now(UTC) + timedelta(seconds=after))
        assert tried(recorder, world, Reply(503, {}, {**KIND, **dated, 'Retry-After': wish})) == times


def test_seconds_are_seconds_whatever_the_date_says(recorder: Recorder, world: World) -> None:
    dated = {**KIND, 'Date': http_date(datetime.now(UTC) - timedelta(days=365))}
    assert tried(recorder, world, Reply(503, {}, {**dated, 'Retry-After': '0'})) == 2
    assert tried(recorder, world, Reply(503, {}, {**dated, 'Retry-After': '1000'})) == 1


@pytest.mark.thorough
@pytest.mark.parametrize('clock', CLOCKS)
def test_the_pause_is_what_lies_between_the_two_dates(
    recorder: Recorder, world: World, caplog: pytest.LogCaptureFixture, clock: str
) -> None:
    with caplog.at_level(logging.INFO, 'cspark.wasm'):
        assert tried(recorder, world, Dated(CLOCKS[clock], 1).busy) == 2
    pauses = [record.__dict__['spark']['pause'] for record in caplog.records if record.name == 'cspark.wasm']
    assert pauses == [1.0]


def test_a_date_of_httpx_is_the_answers_own(recorder: Recorder) -> None:
    """The tests above mean something only if the server says its own time."""
    recorder.reply(Dated(CLOCKS['a year ahead'], 0).busy)
    answer = httpx.get(recorder.url, trust_env=False)
    assert answer.headers.get_list('date') == answer.headers.get_list('retry-after')
