"""The planner of `execute_many` without any I/O: how large, how many at a time, and what a failure changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import cspark.wasm as Hybrid
from cspark.wasm._many import planner as planning
from cspark.wasm._many.chunk import Chunk
from cspark.wasm._many.planner import (
    FIRST_CONCURRENCY,
    FIRST_SIZE,
    HIGHEST_CONCURRENCY,
    LARGEST_SIZE,
    WINDOW,
    Planner,
)
from cspark.wasm.errors import SparkApiError
from cspark.wasm.records import ChunkResults


class Clock:
    """The time that the planner sees."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(planning, 'time', clock)
    return clock


def offer(planner: Planner, size: int | None = None) -> Chunk:
    """Hand in as many records as it would read, and take them to be sent."""
    planner.offer(Chunk(planner._read, list(range(planner._read, planner._read + (size or planner.size)))))
    chunk = planner.next()
    assert chunk is not None
    return chunk


def done(chunk: Chunk) -> ChunkResults:
    return results(chunk.start, [{'row': row} for row in chunk.rows])


def results(start: int, outputs: list[Any]) -> ChunkResults:
    nothing = [None] * len(outputs)
    return ChunkResults(start, outputs, nothing, nothing)


def run(
    planner: Planner, error_of: Callable[[Chunk], Hybrid.SparkError | None], chunk: Chunk | None = None
) -> list[int]:
    """Play the driver until nothing waits; the sizes that were sent."""
    sizes: list[int] = []
    while chunk := chunk or planner.next():
        sizes.append(len(chunk.rows))
        if error := error_of(chunk):
            planner.failed(chunk, error)
        else:
            planner.succeeded(chunk, done(chunk), 0.1)
        chunk = None
    return sizes


def too_many(limit: int) -> Callable[[Chunk], Hybrid.SparkError | None]:
    return lambda chunk: SparkApiError('too large', None, 413) if len(chunk.rows) > limit else None


def test_chunks_grow_while_calls_are_quick_and_no_further_than_the_largest() -> None:
    planner, sizes = Planner(None, None), list[int]()
    for _ in range(8):
        sizes.append(planner.size)
        run(planner, lambda _: None, offer(planner))
    assert sizes == [min(FIRST_SIZE << power, LARGEST_SIZE) for power in range(8)]


@pytest.mark.parametrize('seconds', [2, 19])
def test_chunks_stay_as_they_are_when_calls_take_a_while(seconds: float) -> None:
    planner = Planner(None, None)
    planner.succeeded(chunk := offer(planner), done(chunk), seconds)
    assert planner.size == FIRST_SIZE


def test_a_part_of_a_chunk_says_nothing_about_whole_ones() -> None:
    planner = Planner(None, None)
    planner.succeeded(chunk := offer(planner, 3), done(chunk), 0.01)
    assert planner.size == FIRST_SIZE


@pytest.mark.parametrize('seconds', [21, 54])
def test_chunks_shrink_before_a_call_takes_55_seconds_and_do_not_grow_back_to_there(seconds: float) -> None:
    planner = Planner(None, None)
    planner.succeeded(chunk := offer(planner), done(chunk), seconds)
    assert planner.size == FIRST_SIZE // 2
    for _ in range(3):
        run(planner, lambda _: None, offer(planner))
    assert planner.size == FIRST_SIZE // 2


@pytest.mark.parametrize(
    'error',
    [*[SparkApiError('too much', None, status) for status in (408, 413, 504)], Hybrid.SparkTimeoutError('late')],
    ids=repr,
)
def test_what_is_too_much_is_split_and_the_next_chunks_are_smaller(error: Hybrid.SparkError) -> None:
    planner = Planner(None, None)
    planner.failed(offer(planner), error)
    assert [len(chunk.rows) for chunk in planner.waiting] == [FIRST_SIZE // 2] * 2
    assert [chunk.start for chunk in planner.waiting] == [0, FIRST_SIZE // 2]
    assert planner.size == FIRST_SIZE // 2


def test_a_runner_that_takes_few_records_is_asked_too_much_of_only_until_its_limit_is_known() -> None:
    planner = Planner(None, None)
    sizes = [size for _ in range(20) for size in run(planner, too_many(50), offer(planner))]
    assert len([size for size in sizes if size > 50]) == 1 + 2 + 4
    assert all(size <= 50 for size in sizes[1 + 2 + 4 + 8 :])
    assert sorted(one.index for one in planner.pop_ready()) == list(range(planner._read))


@pytest.mark.parametrize('poison', [0, 1, 100, 254, 255])
@pytest.mark.parametrize('status', [400, 422, 500])
def test_one_bad_record_is_found_by_halves_and_the_rest_is_executed(poison: int, status: int) -> None:
    planner = Planner(None, None, on_error='collect')
    error = SparkApiError('no such rate', None, status)
    sizes = run(planner, lambda chunk: error if poison in chunk.rows else None, offer(planner))
    results = list(planner.pop_ready())
    assert [one.index for one in results] == list(range(FIRST_SIZE))
    assert [one.index for one in results if one.errors] == [poison]
    assert results[poison].outputs is None and 'no such rate' in str(results[poison].errors)
    assert len(sizes) == 1 + 2 * 8


def test_one_bad_record_makes_the_later_chunks_no_smaller() -> None:
    planner = Planner(None, None, on_error='collect')
    bad = SparkApiError('no such rate', None, 500)
    run(planner, lambda chunk: bad if 77 in chunk.rows else None, offer(planner))
    for _ in range(6):
        run(planner, lambda _: None, offer(planner))
    assert planner.size == LARGEST_SIZE


def test_one_record_that_is_too_large_for_the_runner_is_its_own_fault() -> None:
    planner = Planner(None, None, on_error='collect')
    large = SparkApiError('too large', None, 413)
    run(planner, lambda chunk: large if 77 in chunk.rows else None, offer(planner))
    assert [one.index for one in planner.pop_ready() if one.errors] == [77]
    for _ in range(15):
        run(planner, lambda _: None, offer(planner))
    assert planner.size == LARGEST_SIZE


def test_a_bad_record_ends_the_run_with_its_place_when_errors_are_raised() -> None:
    planner = Planner(None, None)
    error = SparkApiError('no such rate', None, 500)
    with pytest.raises(SparkApiError, match=r'^record 200: no such rate$') as caught:
        run(planner, lambda chunk: error if 200 in chunk.rows else None, offer(planner))
    assert (caught.value.status, caught.value.args[0]) == (500, caught.value.message)
    assert error.message == 'no such rate'


@pytest.mark.parametrize('status', [*sorted(planning.NEVER_BY_A_RECORD), 302, 307])
@pytest.mark.parametrize('on_error', ['raise', 'collect'])
def test_what_no_record_can_be_the_reason_of_ends_the_run_unsplit(status: int, on_error: Any) -> None:
    planner = Planner(None, None, on_error=on_error)
    with pytest.raises(SparkApiError, match=r'^not here$'):
        planner.failed(offer(planner), SparkApiError('not here', None, status))
    assert not planner.waiting


@pytest.mark.parametrize('error', [Hybrid.RateLimitError('slower'), Hybrid.ServiceUnavailableError('busy')], ids=repr)
def test_a_busy_runner_gets_half_the_calls_after_a_pause_and_then_one_more_at_a_time(
    error: Hybrid.SparkError, clock: Clock
) -> None:
    planner = Planner(None, None)
    chunks = [offer(planner, 10) for _ in range(8)]
    assert not planner.wants_rows
    for chunk in chunks[:5]:
        planner.failed(chunk, error)  # those that fail together count as one
    assert planner.limit == FIRST_CONCURRENCY // 2 and 0 < planner.pause < 1
    assert planner.next() is None and not planner.wants_rows
    for chunk in chunks[5:]:
        planner.succeeded(chunk, done(chunk), 0.1)
    clock.now += planner.pause
    assert [planner.next() is not None for _ in range(5)] == [True] * 4 + [False]
    planner.succeeded(chunks[0], done(chunks[0]), 0.1)
    assert planner.limit == FIRST_CONCURRENCY // 2 + 1


def test_pauses_grow_and_have_an_end(clock: Clock) -> None:
    planner, pauses = Planner(None, None), list[float]()
    chunk = offer(planner)
    planner.succeeded(chunk, done(chunk), 0.1)
    chunk = offer(planner)
    while sum(pauses) <= planning.PATIENCE:
        planner.failed(chunk, Hybrid.ServiceUnavailableError('busy'))
        pauses.append(planner.pause)
        clock.now += planner.pause
        assert planner.next() is chunk
    with pytest.raises(Hybrid.ServiceUnavailableError):
        planner.failed(chunk, Hybrid.ServiceUnavailableError('busy'))
    assert pauses[0] <= 0.2 < 5 <= pauses[-1] <= planning.LONGEST_PAUSE
    assert planner.limit == 1


def gone(kind: str) -> Hybrid.SparkError:
    """A failure that says that there is no runner now."""
    if kind == '502':
        return SparkApiError('bad gateway', None, 502)
    error = Hybrid.SparkTimeoutError('connect') if kind == 'unreached' else Hybrid.SparkConnectionError(kind)
    error.sent = kind == 'reset'
    return error


@pytest.mark.parametrize('kind', ['502', 'unreached', 'refused'])
def test_an_outage_is_waited_for_and_is_nobody_s_fault(clock: Clock, kind: str) -> None:
    planner = Planner(None, None, on_error='collect')
    run(planner, lambda _: None, offer(planner))
    offered = offer(planner)
    planner.waiting.appendleft(offered)
    planner.flying -= 1
    end = clock.now + planning.PATIENCE - 20
    while clock.now < end:
        while (chunk := planner.next()) is not None:
            planner.failed(chunk, gone(kind))
        clock.now += planner.pause
    sizes = run(planner, lambda _: None)
    results = sorted(planner.pop_ready(), key=lambda one: one.index)
    assert [one.index for one in results] == list(range(planner._read))
    assert not any(one.errors for one in results)
    assert len(sizes) < 20  # it was not split into single records meanwhile


@pytest.mark.parametrize('kind', ['502', 'reset'])
def test_a_record_that_ends_the_runner_each_time_is_found(clock: Clock, kind: str) -> None:
    planner = Planner(None, None, on_error='collect')
    run(planner, lambda _: None, offer(planner))
    bad = planner._read + 77
    planner.offer(Chunk(planner._read, list(range(planner._read, planner._read + planner.size))))
    while planner.waiting:
        run(planner, lambda chunk: gone(kind) if bad in chunk.rows else None)
        clock.now += planner.pause
    results = sorted(planner.pop_ready(), key=lambda one: one.index)
    assert [one.index for one in results if one.errors] == [bad]
    assert len(results) == planner._read


def test_patience_is_counted_from_the_first_failure_on_and_not_while_the_results_are_used(clock: Clock) -> None:
    planner = Planner(None, None)
    run(planner, lambda _: None, offer(planner))
    clock.now += 2 * planning.PATIENCE
    planner.failed(offer(planner), gone('reset'))
    assert len(planner.waiting) == 1


@pytest.mark.parametrize(
    'error', [Hybrid.SparkConfigError('closed'), Hybrid.SparkDecodeError('a login page')], ids=repr
)
def test_what_will_not_pass_ends_the_run_whatever_the_records(error: Hybrid.SparkError) -> None:
    planner = Planner(None, None, on_error='collect')
    with pytest.raises(type(error)):
        planner.failed(offer(planner), error)


@pytest.mark.parametrize(
    ('names', 'path', 'told'),
    [
        (None, (0, 'height'), 'height: no'),
        (None, (0, 'a b'), "['a b']: no"),
        (None, (0,), 'no'),
        (('age', 'height'), (1, 1), 'height: no'),
        (('age', 'height'), (1, 1, 'x'), 'height.x: no'),
    ],
)
def test_an_error_of_a_record_names_its_place_once(names: Any, path: Any, told: str) -> None:
    error = Hybrid.SparkInputError('no', None, path)
    for on_error in ('raise', 'collect'):
        planner = Planner(None, None, on_error=on_error)
        planner.offer(Chunk(300, [[1, 2]], names))
        chunk = planner.next()
        assert chunk
        if on_error == 'collect':
            results = planner.failed(chunk, error)
            assert results and results.errors[0][0]['message'] == told
        else:
            with pytest.raises(Hybrid.SparkSdkError) as caught:
                planner.failed(chunk, error)
            assert caught.value.message == f'record 300: {told}'


def test_numbers_of_other_libraries_are_numbers() -> None:
    assert planning.check_settings(np.int64(5), np.int32(2), 'raise') == (5, 2)
    for wrong in (True, 0, 1.5, 'many', None):
        with pytest.raises(Hybrid.SparkSdkError, match='chunk_size must be a whole number'):
            planning.check_settings(wrong, 1, 'raise')


def test_a_first_call_that_fails_is_sent_again_if_another_one_is_answered(clock: Clock) -> None:
    planner = Planner(None, None)
    chunks = [offer(planner, 10) for _ in range(3)]
    planner.failed(chunks[0], gone('reset'))
    planner.failed(chunks[1], gone('502'))
    clock.now += 10
    assert planner.next() is None
    planner.succeeded(chunks[2], done(chunks[2]), 0.1)
    assert [planner.next(), planner.next()] == [chunks[0], chunks[1]]


@pytest.mark.parametrize('kind', ['refused', '502', 'unreached'])
def test_first_calls_that_all_fail_end_the_run(kind: str) -> None:
    planner = Planner(None, None)
    chunks = [offer(planner, 10) for _ in range(3)]
    planner.failed(chunks[0], gone(kind))
    planner.failed(chunks[1], gone(kind))
    with pytest.raises((Hybrid.SparkConnectionError, Hybrid.SparkTimeoutError, SparkApiError)):
        planner.failed(chunks[2], gone(kind))


def test_a_runner_that_takes_connections_and_never_answers_is_waited_for_a_little(clock: Clock) -> None:
    planner, started = Planner(None, None), clock.now
    planner.offer(Chunk(0, list(range(10))))
    with pytest.raises(Hybrid.SparkConnectionError):  # noqa: PT012 - it is a loop
        while True:
            run(planner, lambda _: gone('reset'))
            clock.now += planner.pause
    assert clock.now - started < planning.PATIENCE


@pytest.mark.parametrize('settings', [(None, None), (4, 1), (1, 1)])
@pytest.mark.parametrize('bad', [0, 4, 9])
def test_a_record_that_breaks_the_connection_is_found_wherever_it_is(clock: Clock, settings: Any, bad: int) -> None:
    planner = Planner(settings[0], settings[1], on_error='collect')
    size = settings[0] or 10
    for start in range(0, 10, size):
        planner.offer(Chunk(start, list(range(start, min(10, start + size)))))
    started = clock.now
    while planner.waiting:
        run(planner, lambda chunk: gone('reset') if bad in chunk.rows else None)
        clock.now += planner.pause
    results = sorted(planner.pop_ready(), key=lambda one: one.index)
    assert [one.index for one in results] == list(range(10))
    assert [one.index for one in results if one.errors] == [bad]
    assert clock.now - started < planning.PATIENCE


@pytest.mark.thorough
@pytest.mark.parametrize('chunk_size', [None, 100])
def test_chunks_that_shrank_by_a_stall_grow_again(chunk_size: int | None) -> None:
    planner = Planner(chunk_size, 4, on_error='collect')
    while planner.size > 1:
        planner.failed(offer(planner, 64), Hybrid.SparkTimeoutError('late'))
        planner.waiting.clear()
        planner._largest = planner.size = max(1, planner.size // 2)
    for _ in range(20 * planning.AGAIN):
        run(planner, lambda _: None, offer(planner))
    assert planner.size == (chunk_size or LARGEST_SIZE)


def test_a_slow_call_with_few_records_says_nothing_of_the_size() -> None:
    planner = Planner(None, None)
    planner.succeeded(chunk := offer(planner, 1), done(chunk), 25)
    assert planner.size == FIRST_SIZE


def test_a_page_of_a_gateway_in_the_middle_of_a_run_is_waited_out(clock: Clock) -> None:
    planner = Planner(None, None, on_error='collect')
    run(planner, lambda _: None, offer(planner))
    end = clock.now + 30
    planner.offer(Chunk(planner._read, list(range(planner._read, planner._read + 100))))
    while planner.waiting:
        run(planner, lambda _: Hybrid.SparkDecodeError('a page') if clock.now < end else None)
        clock.now += planner.pause
    assert not any(one.errors for one in planner.pop_ready())


def test_a_runner_that_was_never_there_is_not_waited_for() -> None:
    planner = Planner(None, None)
    with pytest.raises(Hybrid.SparkConnectionError):
        planner.failed(offer(planner), gone('refused'))


def test_a_runner_that_goes_away_is_waited_for(clock: Clock) -> None:
    planner = Planner(None, None)
    planner.succeeded(chunk := offer(planner), done(chunk), 0.1)
    planner.failed(chunk := offer(planner), Hybrid.SparkConnectionError('refused'))
    clock.now += planner.pause
    assert planner.next() is chunk


def test_concurrency_grows_when_all_calls_are_used_and_no_further_than_the_highest() -> None:
    planner = Planner(1, None)
    for _ in range(50):
        chunks = [offer(planner, 1) for _ in range(planner.limit)]
        planner.succeeded(chunks[0], done(chunks[0]), 0.1)
        planner.flying = 0
    assert planner.limit == HIGHEST_CONCURRENCY


@pytest.mark.parametrize('concurrency', [1, 3])
def test_a_number_that_was_given_is_never_exceeded(concurrency: int) -> None:
    planner = Planner(7, concurrency)
    for _ in range(4):
        chunks = [offer(planner) for _ in range(concurrency)]
        assert not planner.wants_rows
        for chunk in chunks:
            assert len(chunk.rows) == 7
            planner.succeeded(chunk, done(chunk), 0.001)
    assert (planner.size, planner.limit) == (7, concurrency)


@pytest.mark.parametrize('ordered', [True, False])
def test_results_leave_in_order_or_as_they_are_ready(ordered: bool) -> None:
    planner = Planner(2, 3, ordered=ordered)
    first, second, third = (offer(planner) for _ in range(3))
    left = list[list[int]]()
    for chunk in (third, first, second):
        planner.succeeded(chunk, done(chunk), 0.1)
        left.append([one.index for one in planner.pop_ready()])
    assert left == ([[], [0, 1], [2, 3, 4, 5]] if ordered else [[4, 5], [0, 1], [2, 3]])


def test_results_that_wait_for_an_earlier_one_stop_the_reading_and_so_bound_the_memory() -> None:
    planner = Planner(10, 4)
    first = offer(planner)
    while planner.wants_rows:
        planner.succeeded(chunk := offer(planner), done(chunk), 0.1)
    assert planner._read == WINDOW * 4 * 10
    planner.succeeded(first, done(first), 0.1)
    assert not planner.wants_rows  # nobody has taken them yet
    assert len(list(planner.pop_ready())) == planner._read
    assert planner.wants_rows


def test_results_of_an_earlier_run_stop_the_reading_too() -> None:
    planner, count = Planner(10, 4), 0
    while planner.wants_rows and count < 100:
        count += 1
        planner.known(results(planner._read, [{}] * 10))
    assert count == WINDOW * 4


def test_a_run_is_finished_when_the_last_result_has_left() -> None:
    planner = Planner(10, 4)
    chunk = offer(planner)
    planner.exhausted = True
    assert not planner.is_finished
    planner.succeeded(chunk, done(chunk), 0.1)
    assert not planner.is_finished
    assert len(list(planner.pop_ready())) == 10
    assert planner.is_finished


def broken(*, sent: bool = True) -> Hybrid.SparkConnectionError:
    """A connection that broke while the runner may have had the request."""
    error = Hybrid.SparkConnectionError('it broke')
    error.sent = sent
    return error


def test_a_chunk_is_split_at_the_fifth_broken_connection_and_not_before() -> None:
    planner = Planner(10, 1)
    planner.succeeded(first := offer(planner), done(first), 0.1)
    chunk = offer(planner)
    for tries in range(1, 6):
        planner.not_before = 0
        assert planner.failed(chunk, broken()) is None
        planner.not_before = 0
        following = planner.next()
        assert following is not None
        assert len(following.rows) == (10 if tries < 5 else 5)
        chunk = following


def test_chunks_that_shrank_grow_at_the_64th_good_call_and_not_before() -> None:
    planner = Planner(None, 1)
    while planner.size < 512:
        planner.succeeded(chunk := offer(planner), done(chunk), 0.1)
    planner.failed(offer(planner), SparkApiError('too large', None, 413))
    assert planner.size == 256
    while halves := planner.next():
        planner.succeeded(halves, done(halves), 0.1)
    sizes: list[int] = []
    while planner.size == 256:
        planner.succeeded(chunk := offer(planner), done(chunk), 0.1)
        sizes.append(planner.size)
    assert sizes[:-1] == [256] * (len(sizes) - 1)
    assert planning.AGAIN - 2 <= len(sizes) <= planning.AGAIN + 1
    assert planning.AGAIN == 64


@pytest.mark.parametrize(('concurrency', 'most'), [(1, 2), (2, 2 * WINDOW), (8, 8 * WINDOW)])
def test_so_many_chunks_are_read_ahead_and_no_more(concurrency: int, most: int) -> None:
    planner = Planner(10, concurrency)
    planner.offer(first := Chunk(0, list(range(10))))
    assert planner.next() is first
    held = 1
    while planner.wants_rows or planner.waiting:
        chunk = planner.next() if planner.waiting else None
        if chunk is None:
            planner.offer(Chunk(planner._read, list(range(10))))
            continue
        # The first call stays under way; the others are answered, and their results wait for it.
        planner.succeeded(chunk, done(chunk), 0.1)
        held += 1
        assert held < 1000
    assert held == (1 if concurrency == 1 else most)
