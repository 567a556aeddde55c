"""`health`, `version`, `status`, `services`, `upload`, `validate` and `metadata`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command.running import Run

import cspark.wasm as Hybrid
from support.packages import CYLINDER, CYLINDER_140, CYLINDER_150, TERM_LIFE, TERM_LIFE_030
from support.wire import Recorder, Reply


@pytest.fixture
def empty() -> Hybrid.LocalRunner:
    """A runner without packages."""
    return Hybrid.LocalRunner()


@pytest.mark.parametrize('tenant', ['', '/my-tenant'])
def test_a_healthy_runner_says_so(run: Run, url: str, tenant: str) -> None:
    done = run('health', '--url', f'{url}{tenant}')
    assert (done.code, done.out, done.err) == (0, 'ok\n', '')
    for arguments in (('health', '--json'), ('--json', 'health')):
        assert run(*arguments, '--url', f'{url}{tenant}').json == {'msg': 'ok'}


def test_a_runner_that_is_not_healthy_ends_with_1(run: Run, recorder: Recorder) -> None:
    recorder.reply(Reply(200, {'msg': 'starting'}))
    assert run('health', '--url', recorder.url).code == 1
    recorder.reply(Reply(503, {}))
    done = run('health', '--url', recorder.url, '--retries', '0')
    assert done.code == 1 and '503' in done.said


@pytest.mark.parametrize('command', ['health', 'version', 'status', 'services'])
def test_a_runner_that_is_not_there_is_an_error_of_one_line(run: Run, command: str) -> None:
    done = run(command, '--url', 'http://127.0.0.1:1', '--retries', '0')
    assert (done.code, done.out) == (1, '')
    assert '127.0.0.1:1' in done.said


@pytest.mark.parametrize('command', ['health', 'version', 'status', 'services'])
@pytest.mark.parametrize('body', [b'', b'<html>', b'[]', b'3', b'null', b'{"models": 3}'])
def test_an_answer_of_another_kind_is_not_a_traceback(run: Run, recorder: Recorder, command: str, body: bytes) -> None:
    recorder.reply(Reply(200, body))
    done = run(command, '--url', recorder.url, '--retries', '0')
    assert done.code in (0, 1)
    if done.err:
        assert done.said


def test_the_version_of_a_runner_is_printed(run: Run, url: str) -> None:
    done = run('version', '--url', url)
    assert done.code == 0 and 'version' in done.json
    assert run('version', '--json', '--url', url).json == done.json


def test_the_services_of_a_runner_are_listed(run: Run, url: str) -> None:
    done = run('services', '--url', url)
    assert done.code == 0
    for text in ('my-tenant', 'shapes/cylinder[1.4.0]', 'insurance/term-life[0.3.0]', CYLINDER_150, TERM_LIFE_030):
        assert text in done.out
    assert isinstance(done.json, list)


def test_the_status_of_a_runner_is_printed(run: Run, url: str) -> None:
    done = run('status', '--url', f'{url}/my-tenant')
    assert done.code == 0
    (tenant,) = done.json['models']
    assert {one['id'] for one in tenant['model_stats']} >= {CYLINDER_140, CYLINDER_150, TERM_LIFE_030}


@pytest.mark.thorough
def test_packages_are_uploaded_and_then_executed(run: Run, empty: Hybrid.LocalRunner) -> None:
    with empty, empty.serve() as server:
        done = run('upload', CYLINDER, TERM_LIFE, '--url', f'{server.url}/my-tenant', '--quiet')
        assert (done.code, done.err) == (0, '')
        for text in ('shapes/cylinder[1.5.0]', 'insurance/term-life[0.3.0]', TERM_LIFE_030):
            assert text in done.out
        as_json = run('upload', CYLINDER, '--json', '--quiet', '--url', server.url)
        assert {one['service'] for one in as_json.json} == {'shapes/cylinder[1.4.0]', 'shapes/cylinder[1.5.0]'}
        assert run('execute', 'shapes/cylinder', '--url', f'{server.url}/my-tenant').code == 0


@pytest.mark.parametrize('content', [None, b'', b'no zip'])
def test_a_package_that_cannot_be_uploaded_is_an_error_of_one_line(
    run: Run, url: str, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / 'package.zip'
    if content is not None:
        path.write_bytes(content)
    done = run('upload', path, '--url', url, '--quiet')
    assert (done.code, done.out) == (1, '')
    assert 'package.zip' in done.said


@pytest.mark.parametrize('uri', ['insurance/term-life', 'insurance/term-life[0.3]', f'version/{TERM_LIFE_030}'])
def test_what_a_service_accepts_is_printed(run: Run, url: str, uri: str) -> None:
    done = run('validate', uri, '--url', f'{url}/my-tenant')
    assert (done.code, done.err) == (0, '')
    assert done.json['response_data']['outputs']['smoker']['options'] == ['yes', 'no']


@pytest.mark.parametrize('given', [('-p', 'term_years=99'), ('-i', json.dumps({'term_years': 99}))])
def test_inputs_are_validated(run: Run, url: str, given: tuple[str, str]) -> None:
    arguments = ('validate', 'insurance/term-life', *given, '--url', f'{url}/my-tenant')
    dynamic = run(*arguments, '--validation-type', 'dynamic')
    assert dynamic.code in (0, 3)
    assert dynamic.json['status'] == 'Success'


@pytest.mark.parametrize(('kind', 'sent'), [('static', 'default_values'), ('dynamic', 'dynamic')])
def test_the_kind_of_validation_arrives(run: Run, recorder: Recorder, kind: str, sent: str) -> None:
    arguments = ('-i', '{"x": 1}', '--validation-type', kind)
    done = run('validate', f'version/{CYLINDER_140}', *arguments, '--url', recorder.url, '--tenant', 't')
    assert done.code == 0
    assert recorder.last.json['request_meta']['validation_type'] == sent
    assert recorder.last.json['request_data']['inputs'] == {'x': 1}


@pytest.mark.parametrize('uri', ['shapes/cylinder', 'shapes/cylinder[1.4]', f'version/{CYLINDER_150}'])
def test_metadata_is_printed(run: Run, url: str, uri: str) -> None:
    done = run('metadata', uri, '--url', f'{url}/my-tenant')
    assert (done.code, done.err) == (0, '')
    expected = CYLINDER_140 if '1.4' in uri else CYLINDER_150
    assert done.json['response_meta']['version_id'] == expected


@pytest.mark.parametrize('command', ['validate', 'metadata'])
def test_a_service_that_is_not_there_is_an_error_of_one_line(run: Run, url: str, command: str) -> None:
    done = run(command, 'shapes/nothing', '--url', f'{url}/my-tenant')
    assert (done.code, done.out) == (1, '')
    assert 'shapes/nothing' in done.said
