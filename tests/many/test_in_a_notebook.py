"""What a cell shows, computes again, is interrupted in, and hands to another process."""

from __future__ import annotations

import asyncio
import html
import importlib
import io
import pickle
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pytest

import cspark.wasm as Hybrid
from support.answering import CALL_ID, VERSION, Answers, answering, asking
from support.many import URI, Squares, areas, busy_threads, calling, execute_many, squares, until
from support.tables import LIBRARIES, attempt, read_table
from support.wire import Recorder, Reply
from support.worlds import Awaited, World, client_in

formatters: Any = importlib.import_module('IPython.core.formatters')
COUNT: Final = 1_234
ADDRESS: Final = re.compile(r' at 0x[0-9a-f]+')
ID: Final = '5c9a3f0d-2f9b-4b6e-8a55-6d1f0f1b1400'
HOSTILE: Final = '<script>alert("x")</script>'


@pytest.fixture(scope='module')
def answers() -> Iterator[Answers]:
    with answering() as started:
        yield started


def shown(thing: Any) -> tuple[str, str]:
    """What a cell shows of a thing: HTML, and text where there is no HTML."""
    target = thing._target if isinstance(thing, Awaited) else thing
    data: dict[str, str]
    data, _ = formatters.DisplayFormatter().format(target)
    assert 'text/html' in data, f'{type(target).__name__} is shown as text alone'
    assert repr(target) == data['text/plain'] and not ADDRESS.search(data['text/plain'])
    assert data['text/html'].count('<table') == data['text/html'].count('</table>')
    return data['text/html'], data['text/plain']


def words(markup: str) -> str:
    """The text of HTML."""
    return html.unescape(re.sub(r'<[^>]*>', ' ', markup))


def check_rows(text: str, count: int) -> None:
    """Assert that the first rows of so many are shown, few of them, and how many more there are."""
    found = [place for place in range(count) if f'row-{place:06}' in text]
    assert found == list(range(len(found))) and 0 < len(found) <= 100
    rest = count - len(found)
    assert not rest or f'and {rest:,} more' in text


def rows(count: int) -> list[Any]:
    return [{'label': f'row-{place:06}', 'premium': place / 2} for place in range(count)]


# what is shown of an answer


@pytest.mark.parametrize('count', [1, 3, COUNT])
def test_an_answer_shows_its_first_outputs_and_how_many_more(world: World, answers: Answers, count: int) -> None:
    records = answers.begin(rows(count))
    with asking(world, answers) as client:
        executed = client.services.execute(URI, inputs=records)
    markup, text = shown(executed)
    assert '<table' in markup
    for one in (words(markup), text):
        check_rows(one, count)
        assert all(word in one for word in ('label', 'premium', VERSION, CALL_ID))
    assert len(text.splitlines()) <= 60 and len(markup) < 100_000


@pytest.mark.parametrize('response_format', ['alike', 'original'])
def test_an_answer_to_one_record_shows_its_outputs(world: World, answers: Answers, response_format: Any) -> None:
    answers.begin(rows(1), {0: [{'message': 'old table', 'source_path': 'age'}]})
    with asking(world, answers) as client:
        executed: Any = client.services.execute(URI, inputs={'n': 0}, response_format=response_format)
    markup, text = shown(executed)
    for one in (words(markup), text):
        assert all(word in one for word in ('row-000000', 'premium', 'old table', VERSION, CALL_ID))


def test_warnings_and_errors_are_shown_beside_the_outputs(world: World, answers: Answers) -> None:
    records = answers.begin([*rows(2), None], {0: [{'message': 'old table'}]}, {2: [{'message': 'declined'}]})
    with asking(world, answers) as client:
        executed = client.services.execute(URI, inputs=records)
        results = execute_many(client, URI, records)
        results.to_pandas()
    for thing in (executed, results):
        markup, text = shown(thing)
        for one in (words(markup), text):
            assert 'old table' in one and 'declined' in one
        lines = text.splitlines()
        beside = [line for line in lines if 'row-000000' in line]
        assert beside and 'old table' in beside[0]


def test_what_is_answered_is_text_in_html_and_never_markup(world: World, answers: Answers) -> None:
    outputs = [{HOSTILE: HOSTILE, 'plan': [{HOSTILE: HOSTILE}]}]
    records = answers.begin(outputs, {0: [{'message': HOSTILE}]}, {0: [{'message': HOSTILE}]})
    with asking(world, answers) as client:
        executed = client.services.execute(URI, inputs=records)
        results = execute_many(client, URI, records)
        one = next(iter(execute_many(client, URI, records)))
        results.to_pandas()
    for thing in (executed, results, one):
        markup, _ = shown(thing)
        assert '<script' not in markup.lower() and 'alert' in words(markup)


@pytest.mark.thorough
def test_large_outputs_are_shown_short(world: World, answers: Answers) -> None:
    plan = [{'year': year, 'premium': year / 3} for year in range(20_000)]
    wide = {f'column {number}': number for number in range(2_000)}
    records = answers.begin([{'plan': plan, 'text': 'x' * 1_000_000}, wide])
    with asking(world, answers) as client:
        executed = client.services.execute(URI, inputs=records)
        results = execute_many(client, URI, records)
        single = next(iter(execute_many(client, URI, records)))
        results.to_pandas()
    for thing in (executed, results, single):
        markup, text = shown(thing)
        assert len(markup) < 200_000 and len(text) < 20_000


def test_an_answer_without_records_is_shown_as_such(world: World, answers: Answers) -> None:
    answers.begin([])
    with asking(world, answers) as client:
        executed = client.services.execute(URI, inputs=[])
        results = execute_many(client, URI, [])
        results.to_pandas()
    for thing in (executed, results):
        markup, text = shown(thing)
        assert re.search(r'\b(no|0) records', words(markup)) and re.search(r'\b(no|0) records', text)


# what is shown of many results


def test_results_are_shown_before_a_run_without_starting_it(world: World, answers: Answers) -> None:
    records = answers.begin(rows(COUNT))
    with asking(world, answers) as client:
        results = execute_many(client, URI, records)
        markup, text = shown(results)
        assert answers.calls == 0
        for one in (words(markup), text):
            assert 'to_pandas' in one and 'row-' not in one
        assert len(list(results)) == COUNT


def test_results_are_shown_during_a_run_without_taking_any(world: World, answers: Answers) -> None:
    records = answers.begin(rows(COUNT))
    with asking(world, answers) as client, execute_many(client, URI, records) as results:
        read = [next(results).index for _ in range(321)]
        for _ in range(2):
            markup, text = shown(results)
            assert '321' in words(markup) and '321' in text
            assert '1,234' in words(markup) and '1,234' in text
        read += [one.index for one in results]
    assert read == list(range(COUNT))


def test_results_that_were_made_a_table_are_shown_as_one(world: World, answers: Answers) -> None:
    records = answers.begin(rows(COUNT), {0: [{'message': 'old table'}]}, {7: [{'message': 'declined'}]})
    with asking(world, answers) as client:
        results = execute_many(client, URI, records)
        results.to_polars()
        calls = answers.calls
        markup, text = shown(results)
        assert '<table' in markup
        for one in (words(markup), text):
            check_rows(one, COUNT)
            assert all(word in one for word in ('label', 'premium', 'old table', VERSION, CALL_ID))
        assert answers.calls == calls


@pytest.mark.parametrize('way', ['loop', 'write', 'close'])
def test_results_that_are_over_say_so(world: World, answers: Answers, way: str, tmp_path: Path) -> None:
    records = answers.begin(rows(COUNT))
    with asking(world, answers) as client:
        results = execute_many(client, URI, records)
        if way == 'loop':
            assert len(list(results)) == COUNT
        elif way == 'write':
            results.write(tmp_path / 'out.csv')
        else:
            next(results)
            results.close()
        markup, text = shown(results)
    for one in (words(markup), text):
        assert ('1,234' in one) if way != 'close' else ('closed' in one and re.search(r'\b1\b', one))


def test_a_result_of_one_record_is_shown(world: World, answers: Answers) -> None:
    records = answers.begin([*rows(1), None], {0: [{'message': 'old table'}]}, {1: [{'message': 'declined'}]})
    with asking(world, answers) as client:
        good, bad = execute_many(client, URI, records)
    markup, text = shown(good)
    for one in (words(markup), text):
        assert all(word in one for word in ('row-000000', 'premium', 'old table', CALL_ID))
        assert re.search(r'\b0\b', one)
    markup, text = shown(bad)
    for one in (words(markup), text):
        assert 'declined' in one and re.search(r'\b1\b', one)


# what is shown of the rest


STATE: Final[dict[str, Any]] = {
    'models': [
        {
            'tenant': 'my-tenant',
            'total_model': 1,
            'total_instances': 2,
            'model_stats': [
                {
                    'id': '5c9a3f0d-2f9b-4b6e-8a55-6d1f0f1b1400',
                    'thread_stats': {'1': {'current_memory_mb': 76.14}},
                    'memory_usage_mb': 152.25,
                    'mean_time_ms': 3.125,
                    'busy': 1,
                    'size': 2,
                    'completed_count': 4711,
                }
            ],
        }
    ],
    'memory_usage_mb': 512.5,
    'memory_limit_mb': 2048.0,
}


def test_the_state_of_a_runner_is_shown_by_model(recorder: Recorder, recorded: Hybrid.Client) -> None:
    recorder.reply(Reply(body=STATE))
    markup, text = shown(recorded.status.get())
    assert '<table' in markup
    for one in (words(markup), text):
        assert all(word in one for word in ('my-tenant', '5c9a3f0d', '4711', '152.25', '512.5'))


VALIDATION: Final[dict[str, Any]] = {
    'status': 'Success',
    'error': None,
    'response_data': {
        'outputs': {
            'term_years': {'validation_type': 'whole_number', 'operator': 'between', 'min': 1, 'max': 40},
            'smoker': {'validation_type': 'list', 'default_value': 'no', 'options': ['yes', 'no']},
            'age': None,
        },
        'warnings': [{'source_path': 'Default Values', 'message': 'term_years is missing'}],
        'errors': None,
    },
    'response_meta': {'version': VERSION, 'call_id': CALL_ID, 'process_time': 2},
}


def test_what_a_service_accepts_is_shown_by_input(recorder: Recorder, recorded: Hybrid.Client) -> None:
    recorder.reply(Reply(body=VALIDATION))
    markup, text = shown(recorded.services.validate(version_id=ID, inputs={}))
    assert '<table' in markup
    for one in (words(markup), text):
        assert all(word in one for word in ('term_years', 'whole_number', '40', 'smoker', 'yes', 'age'))
        assert 'term_years is missing' in one and VERSION in one


def test_an_answer_of_a_shape_that_nobody_knows_is_shown_all_the_same(
    recorder: Recorder, recorded: Hybrid.Client
) -> None:
    for body in ({}, {'models': 5}, {'models': [None, {'model_stats': 'x'}]}, {'response_data': None}):
        recorder.reply(Reply(body=body))
        for thing in (recorded.status.get(), recorded.services.validate(version_id=ID, inputs={})):
            assert repr(thing) and isinstance(getattr(thing, '_repr_html_')(), str)  # noqa: B009 - it has no type yet


@pytest.mark.parametrize('status', [400, 401, 404, 500])
def test_an_error_is_shown_with_what_happened_and_nothing_secret(world: World, recorder: Recorder, status: int) -> None:
    recorder.reply(Reply(status, {'error': {'message': f'no {HOSTILE}'}}))
    options: dict[str, Any] = {'base_url': recorder.url, 'token': 'Bearer s3cr3t-t0ken'}
    with client_in(world, **options, max_retries=0) as client, pytest.raises(Hybrid.SparkApiError) as caught:
        client.services.execute(URI, inputs={'n': 0})
    markup, text = shown(caught.value)
    assert '<script' not in markup.lower()
    for one in (words(markup), text):
        assert all(word in one for word in (type(caught.value).__name__, str(status), 'alert'))
    assert caught.value.request_id in markup
    assert 's3cr3t' not in markup + text


def test_an_error_of_records_is_shown_with_them(world: World, answers: Answers) -> None:
    records = answers.begin(rows(3), errors={1: [{'message': 'declined'}], 2: [{'message': HOSTILE}]})
    with asking(world, answers) as client:
        executed = client.services.execute(URI, inputs=records)
    with pytest.raises(Hybrid.SparkExecutionError) as caught:
        executed.raise_for_errors()
    markup, text = shown(caught.value)
    assert 'declined' in words(markup) and 'declined' in text and '<script' not in markup.lower()
    assert re.search(r'\b2\b', words(markup))


# what a cell computed


MAKERS: Final = tuple(f'to_{library}' for library in LIBRARIES)


@pytest.mark.parametrize('second', MAKERS)
@pytest.mark.parametrize('first', [*MAKERS, 'write'])
def test_results_that_were_read_as_a_whole_are_there_again(
    world: World, answers: Answers, first: str, second: str, tmp_path: Path
) -> None:
    records = answers.begin(rows(300))
    with asking(world, answers) as client:
        results = execute_many(client, URI, records)
        made = getattr(results, first)(*([tmp_path / 'out.csv'] if first == 'write' else []))
        again = read_table(getattr(results, second)())
        if first != 'write':
            assert list(read_table(made)) == list(again)
        assert again['index'] == list(range(300))
        assert again['label'] == [one['label'] for one in rows(300)]
        assert results.write(tmp_path / 'again.jsonl') == 300
    assert set(answers.executed.values()) == {1}


def test_a_second_frame_is_equal_and_the_caller_s_changes_are_not_in_it(world: World, answers: Answers) -> None:
    records = answers.begin([{'a': place, 'plan': [place]} for place in range(50)])
    with asking(world, answers) as client:
        results = execute_many(client, URI, records, chunk_size=7, concurrency=3, ordered=False)
        first = results.to_pandas()
        kept = first.copy(deep=True)
        first['a'] = 0
        first['plan'].iloc[0].append('mine')
        del first['index']
        second = results.to_pandas()
    assert second['plan'].iloc[0] == [0]
    pd.testing.assert_frame_equal(second[['index', 'a']], kept[['index', 'a']])


def test_the_rest_of_a_run_is_the_same_rest_again(world: World, answers: Answers) -> None:
    records = answers.begin(rows(100))
    with asking(world, answers) as client:
        results = execute_many(client, URI, records)
        assert [next(results).index for _ in range(3)] == [0, 1, 2]
        for _ in range(2):
            assert results.to_pandas()['index'].tolist() == list(range(3, 100))


def test_results_are_kept_when_the_client_is_closed(world: World, answers: Answers) -> None:
    records = answers.begin(rows(100))
    with asking(world, answers) as client:
        results = execute_many(client, URI, records)
        first = results.to_pandas()
        results.close()
        pd.testing.assert_frame_equal(results.to_pandas(), first)


def test_results_that_are_too_large_to_keep_say_what_to_do(world: World, answers: Answers) -> None:
    records = answers.begin([{'text': f'{place}' * 50_000} for place in range(100, 140)])
    with asking(world, answers) as client:
        results = execute_many(client, URI, records, max_bytes=200_000)
        first = results.to_pandas()
        assert len(first) == 40
        second, refusal = attempt(results.to_pandas)
    if refusal:
        assert 'write' in refusal and 'checkpoint' in refusal
    else:
        pd.testing.assert_frame_equal(second, first)


def test_a_run_that_failed_is_no_table_when_it_is_asked_again(world: World, squarer: Squares) -> None:
    squarer.poison = lambda record: record['side'] == 50
    with calling(world, squarer) as client:
        results = execute_many(client, URI, squares(100), chunk_size=10, concurrency=1)
        with pytest.raises(Hybrid.InternalServerError, match='record 50'):
            results.to_pandas()
        with pytest.raises(Hybrid.SparkError):
            results.to_pandas()


# leaving a cell


def interrupting(records: list[Any], place: int) -> Iterator[Any]:
    """Records, and the stop button before one of them."""
    for number, record in enumerate(records):
        if number == place:
            signal.raise_signal(signal.SIGINT)
        yield record


def interrupted(call: Callable[[], Any]) -> str:
    """What a person reads when a cell is interrupted: what is printed, and the error's text and notes."""
    printed = io.StringIO()
    with redirect_stderr(printed), redirect_stdout(printed), pytest.raises(KeyboardInterrupt) as caught:
        call()
    return '\n'.join([printed.getvalue(), str(caught.value), *getattr(caught.value, '__notes__', [])]).strip()


@pytest.mark.parametrize('way', ['to_pandas', 'to_polars', 'to_arrow', 'write', 'loop'])
def test_interrupting_a_cell_says_how_many_records_are_done(squarer: Squares, way: str, tmp_path: Path) -> None:
    settings: dict[str, Any] = {'chunk_size': 10, 'concurrency': 1}
    with calling('sync', squarer) as client:
        results = execute_many(client, URI, interrupting(squares(1_000), 500), **settings)
        act = {'write': lambda: results.write(tmp_path / 'out.csv'), 'loop': lambda: list(results)}
        text = interrupted(act.get(way) or getattr(results, way))
        done = re.search(r'(\d[\d,]*)(?: of [\d,]+)? records', text)
        assert done, text
        assert 0 < int(done[1].replace(',', '')) <= 500
        assert 'checkpoint' in text and len(text.splitlines()) <= 5 and len(text) < 600
        assert busy_threads() == [] and list(tmp_path.iterdir()) == []
        assert areas(execute_many(client, URI, squares(10))) == [side**2 for side in range(10)]


@pytest.mark.thorough
def test_an_interrupted_run_says_what_its_checkpoint_kept_and_goes_on(squarer: Squares, tmp_path: Path) -> None:
    settings: dict[str, Any] = {'chunk_size': 10, 'concurrency': 1, 'checkpoint': tmp_path / 'book.run'}
    with calling('sync', squarer) as client:
        results = execute_many(client, URI, interrupting(squares(1_000), 500), **settings)
        text = interrupted(results.to_pandas)
        assert 'book.run' in text and re.search(r'\bagain\b', text)
        with pytest.raises(Hybrid.SparkSdkError):
            results.to_pandas()
        before = sum(squarer.executed.values())
        frame = execute_many(client, URI, iter(squares(1_000)), **settings).to_pandas()
    assert frame['area'].tolist() == [side**2 for side in range(1_000)]
    assert sum(squarer.executed.values()) - before < 1_000


def test_an_interrupted_run_shows_how_far_it_got(squarer: Squares) -> None:
    with calling('sync', squarer) as client:
        results = execute_many(client, URI, interrupting(squares(1_000), 500), chunk_size=10, concurrency=1)
        interrupted(results.to_pandas)
        markup, text = shown(results)
    for one in (words(markup), text):
        assert 'interrupted' in one or 'closed' in one
        assert re.search(r'\d+(?: of [\d,]+)? records', one)


@pytest.mark.parametrize('way', ['loop', 'to_pandas', 'write'])
def test_closing_from_another_thread_ends_a_run(squarer: Squares, way: str, tmp_path: Path) -> None:
    outcome: list[Any] = []

    def read(results: Hybrid.ManyResults) -> None:
        try:
            if way == 'write':
                outcome.append(results.write(tmp_path / 'out.csv'))
            else:
                outcome.append(list(results) if way == 'loop' else results.to_pandas())
        except Exception as error:  # noqa: BLE001 - it is what is judged
            outcome.append(error)

    with calling('sync', squarer) as client:
        squarer.gate.clear()
        results = execute_many(client, URI, squares(1_000), chunk_size=10, concurrency=2)
        thread = threading.Thread(target=read, args=(results,), daemon=True)
        thread.start()
        assert until(lambda: squarer.under_way == 2)
        results.close()
        thread.join(20)
        assert not thread.is_alive()
        squarer.gate.set()
        assert until(lambda: busy_threads() == [])
        results.close()
        assert areas(execute_many(client, URI, squares(10))) == [side**2 for side in range(10)]
    (end,) = outcome
    # A loop may just end. What is made as a whole must not look whole.
    assert end == [] if isinstance(end, list) else isinstance(end, Hybrid.SparkSdkError)
    assert way == 'loop' or isinstance(end, Hybrid.SparkSdkError)
    assert list(tmp_path.iterdir()) == []


def test_closing_from_another_thread_ends_a_run_whose_records_do_not_come(squarer: Squares) -> None:
    asked, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def stalling() -> Iterator[Any]:
        yield from squares(10)
        asked.set()
        go_on.wait(20)
        yield from squares(10, 10)

    def read(results: Hybrid.ManyResults) -> None:
        try:
            list(results)
        except Hybrid.SparkSdkError:
            pass
        finally:
            ended.set()

    with calling('sync', squarer) as client:
        results = execute_many(client, URI, stalling(), chunk_size=5, concurrency=1)
        thread = threading.Thread(target=read, args=(results,), daemon=True)
        thread.start()
        assert asked.wait(20)
        closing = threading.Thread(target=results.close, daemon=True)
        closing.start()
        go_on.set()
        assert ended.wait(20)
        closing.join(20)
        thread.join(20)
        assert not closing.is_alive() and busy_threads() == []


@pytest.mark.anyio
async def test_closing_from_another_task_ends_a_run(squarer: Squares) -> None:
    squarer.gate.clear()
    async with Hybrid.AsyncClient(base_url=squarer.url, tenant='my-tenant', token='open', max_retries=0) as client:
        results = client.services.execute_many(URI, squares(1_000), chunk_size=10, concurrency=2)
        task = asyncio.ensure_future(results.to_pandas())
        async with asyncio.timeout(20):
            assert await asyncio.to_thread(until, lambda: squarer.under_way == 2)
            await results.close()
            with pytest.raises(Hybrid.SparkSdkError):
                await task
        squarer.gate.set()
        frame = await client.services.execute_many(URI, squares(10)).to_pandas()
    assert frame['area'].tolist() == [side**2 for side in range(10)]


# handing a client to another process


@pytest.mark.parametrize('part', ['client', 'services', 'services.execute', 'with_options', 'partial'])
@pytest.mark.parametrize('kind', [Hybrid.Client, Hybrid.AsyncClient])
def test_a_client_says_why_it_does_not_pickle_and_what_to_do(kind: Any, part: str) -> None:
    import functools

    client: Any = kind(base_url='http://localhost:1/my-tenant', token='Bearer s3cr3t-t0ken')
    parts: dict[str, Callable[[], Any]] = {
        'client': lambda: client,
        'services': lambda: client.services,
        'services.execute': lambda: client.services.execute,
        'with_options': lambda: client.with_options(timeout=5000),
        'partial': lambda: functools.partial(client.services.execute, URI),
    }
    with pytest.raises((TypeError, pickle.PicklingError, Hybrid.SparkSdkError)) as caught:
        pickle.dumps(parts[part]())
    text = str(caught.value)
    assert kind.__name__ in text and 'connections' in text
    assert re.search(r'each (process|worker)', text), text
    assert 's3cr3t' not in text


def test_results_that_are_computed_while_they_are_read_say_why_they_do_not_pickle(
    world: World, answers: Answers
) -> None:
    records = answers.begin(rows(3))
    with asking(world, answers) as client:
        results: Any = execute_many(client, URI, records)
        with pytest.raises((TypeError, pickle.PicklingError, Hybrid.SparkSdkError), match='to_pandas'):
            pickle.dumps(getattr(results, '_target', results))
        assert len(list(results)) == 3


def test_what_a_client_answers_pickles_and_is_shown_as_before(world: World, answers: Answers) -> None:
    records = answers.begin(rows(3), {0: [{'message': 'old table'}]})
    with asking(world, answers) as client:
        executed = client.services.execute(URI, inputs=records)
        single = next(iter(execute_many(client, URI, records)))
    for thing in (executed, single):
        assert shown(pickle.loads(pickle.dumps(thing))) == shown(thing)
