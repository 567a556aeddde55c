"""`execute` with one record: where its inputs come from, how they are typed, and what is printed."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from command.running import Run, answering, run_process, sent_inputs

from support.wire import Recorder, Reply

CYLINDER = {'height': 10, 'radius': 2, 'density': 1}
INPUTS = {
    'age': {'validation_type': 'whole_number', 'default_value': 35},
    'rate': {'validation_type': 'decimal', 'default_value': 0.02},
    'smoker': {'validation_type': 'list', 'default_value': 'no', 'options': ['yes', 'no']},
    'plan': {'validation_type': 'list', 'default_value': 1, 'options': [1, 2]},
    'code': {'default_value': 'A1'},
    'since': {'validation_type': 'date', 'default_value': '2026-01-01'},
}


def test_a_piped_answer_is_the_outputs_as_one_json_object(run: Run, url: str) -> None:
    done = run('execute', 'shapes/cylinder', '-i', json.dumps(CYLINDER), '--url', url, '--tenant', 'my-tenant')
    assert done.code == 0
    assert len(done.out.splitlines()) == 1
    assert done.json['volume'] == pytest.approx(125.663706)
    assert set(done.json) == {'volume', 'surface', 'mass'}
    assert done.err == ''


@pytest.mark.parametrize('named', ['.json', '.JSON'])
def test_inputs_come_from_a_file(run: Run, url: str, tmp_path: Path, named: str) -> None:
    path = tmp_path / f'inputs{named}'
    path.write_text(json.dumps(CYLINDER))
    done = run('execute', 'shapes/cylinder', '-i', f'@{path}', '--url', f'{url}/my-tenant')
    assert done.code == 0, done.err
    assert done.json['mass'] == pytest.approx(125.663706)


def test_inputs_come_from_standard_input(run: Run, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, 'stdin', io.TextIOWrapper(io.BytesIO(json.dumps(CYLINDER).encode())))
    done = run('execute', 'shapes/cylinder', '-i', '-', '--url', f'{url}/my-tenant')
    assert done.code == 0, done.err
    assert done.json['volume'] == pytest.approx(125.663706)


@pytest.mark.thorough
def test_standard_input_reaches_a_process(url: str) -> None:
    arguments = ('execute', 'shapes/cylinder', '-i', '-', '--url', f'{url}/my-tenant')
    done = run_process(*arguments, stdin=json.dumps(CYLINDER).encode())
    assert (done.code, done.err) == (0, '')
    assert done.json['volume'] == pytest.approx(125.663706)


def test_inputs_by_name_take_the_types_of_the_service(run: Run, url: str) -> None:
    named = ('-p', 'smoker=no', '-p', 'term_years=3', '-p', 'start_date=2030-01-01')
    done = run('execute', 'insurance/term-life', *named, '--url', f'{url}/my-tenant')
    assert done.code == 0, done.err
    assert done.json['risk_class'] == 'non-smoker'
    assert done.json['end_date'] == '2033-01-01'
    assert len(done.json['schedule']) == 4


@pytest.mark.parametrize(
    ('pair', 'sent'),
    [
        ('smoker=no', {'smoker': 'no'}),
        ('age=3', {'age': 3}),
        ('rate=0.05', {'rate': 0.05}),
        ('rate=-1e-3', {'rate': -0.001}),
        ('code=12', {'code': '12'}),
        ('code=0012', {'code': '0012'}),
        ('code=1.50', {'code': '1.50'}),
        ('code=true', {'code': 'true'}),
        ('code=a=b', {'code': 'a=b'}),
        ('code=', {'code': ''}),
        ('since=2030', {'since': '2030'}),
        ('smoker=1', {'smoker': '1'}),
        ('plan=2', {'plan': 2}),
        ('unknown=7', {'unknown': 7}),
        ('unknown=seven', {'unknown': 'seven'}),
    ],
)
def test_a_value_is_sent_as_the_service_describes_its_input(
    run: Run, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, pair: str, sent: dict[str, Any]
) -> None:
    answering(monkeypatch, recorder, inputs=INPUTS)
    done = run('execute', 'a/b', '-p', pair, '--url', recorder.url, '--tenant', 't')
    assert done.code == 0, done.err
    given = sent_inputs(recorder)
    assert given == sent
    assert {name: type(value) for name, value in given.items()} == {n: type(value) for n, value in sent.items()}


@pytest.mark.parametrize('pair', ['age=abc', 'rate=much', 'age=', 'age=true', 'rate=12px'])
def test_text_where_a_number_is_expected_is_refused(
    run: Run, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, pair: str
) -> None:
    answering(monkeypatch, recorder, inputs=INPUTS)
    done = run('execute', 'a/b', '-p', pair, '--url', recorder.url, '--tenant', 't')
    assert (done.code, done.out) == (1, '')
    name, _, value = pair.partition('=')
    assert name in done.said and repr(value) in done.said


def test_the_sample_refuses_a_term_that_is_no_number(run: Run, url: str) -> None:
    done = run('execute', 'insurance/term-life', '-p', 'term_years=abc', '--url', f'{url}/my-tenant')
    assert (done.code, done.out) == (1, '')
    assert 'term_years' in done.said and 'abc' in done.said


def test_inputs_by_name_go_over_those_of_the_text(
    run: Run, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, recorder, inputs=INPUTS)
    arguments = ('-i', '{"age": 1, "rate": 2}', '-p', 'age=3', '-p', 'code=4')
    assert run('execute', 'a/b', *arguments, '--url', recorder.url, '--tenant', 't').code == 0
    assert sent_inputs(recorder) == {'age': 3, 'rate': 2, 'code': '4'}


def test_a_service_that_describes_nothing_is_executed_all_the_same(run: Run, recorder: Recorder) -> None:
    done = run('execute', 'a/b', '-p', 'age=3', '-p', 'smoker=no', '--url', recorder.url, '--tenant', 't')
    assert (done.code, done.json) == (0, {'volume': 1.5})
    assert sent_inputs(recorder) == {'age': 3, 'smoker': 'no'}


@pytest.mark.parametrize(
    ('given', 'words'),
    [('{', 'JSON'), ("{'a': 1}", 'JSON'), ('', 'JSON'), ('@missing.json', 'missing.json'), ('3', ''), ('null', '')],
)
def test_inputs_that_cannot_be_read_are_an_error_of_one_line(
    run: Run, recorder: Recorder, given: str, words: str
) -> None:
    done = run('execute', 'a/b', '-i', given, '--url', recorder.url, '--tenant', 't')
    assert (done.code, done.out) == (1, '')
    assert words in done.said
    assert recorder.received == []


def test_a_record_with_errors_ends_with_3(run: Run, recorder: Recorder) -> None:
    data: dict[str, Any] = {
        'outputs': {},
        'warnings': None,
        'errors': [{'message': 'the term is too long'}],
        'service_chain': None,
    }
    meta = {'version': '1.2.3', 'process_time': 1, 'system': 'SPARK'}
    recorder.reply(
        Reply(200, {'status': 'Success', 'error': None, 'response_data': data, 'response_meta': meta}),
    )
    done = run('execute', 'a/b', '-i', '{}', '--url', recorder.url, '--tenant', 't')
    assert done.code == 3
    assert 'the term is too long' in done.err


def test_warnings_are_silenced_by_quiet(run: Run, url: str) -> None:
    arguments = ('execute', 'shapes/cylinder', '-i', '{}', '--url', f'{url}/my-tenant')
    assert 'warning' in run(*arguments).err
    for quiet in ((*arguments, '--quiet'), ('--quiet', *arguments)):
        done = run(*quiet)
        assert (done.code, done.err) == (0, '')
        assert done.json['volume'] > 0


@pytest.mark.parametrize(
    ('uri', 'words'), [('shapes/nothing', 'shapes/nothing'), ('nothing', 'nothing'), ('version/zero', 'zero')]
)
def test_a_service_that_is_not_there_is_an_error_of_one_line(run: Run, url: str, uri: str, words: str) -> None:
    done = run('execute', uri, '--url', f'{url}/my-tenant', '--retries', '0')
    assert (done.code, done.out) == (1, '')
    assert words in done.said
