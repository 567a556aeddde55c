"""The spelling of the published command: `health check`, `services execute` and the like."""

from __future__ import annotations

import json

import pytest
from command.running import Run

from support.packages import CYLINDER_140
from support.wire import Recorder

INPUTS = json.dumps({'height': 10, 'radius': 2, 'density': 1})


@pytest.mark.thorough
def test_health_check_is_health(run: Run, url: str) -> None:
    done = run('health', 'check', '--url', url)
    assert (done.code, done.out, done.err) == (0, 'ok\n', '')
    assert run('health', 'check', '--json', '--url', url).json == {'msg': 'ok'}


@pytest.mark.parametrize('place', ['first', 'middle', 'last'])
def test_options_stand_anywhere(run: Run, recorder: Recorder, place: str) -> None:
    where = ('--url', recorder.url, '--tenant', 'mine', '--token', 'a-token')
    call = ('services', 'execute', 'a/b', '-i', INPUTS)
    done = run(*{'first': (*where, *call), 'middle': (call[0], *where, *call[1:]), 'last': (*call, *where)}[place])
    assert (done.code, done.json) == (0, {'volume': 1.5})
    assert recorder.last.path.startswith('/mine/')
    assert recorder.last.headers['authorization'] == 'Bearer a-token'
    assert len(recorder.received) == 1


def test_a_parameter_is_an_option_of_the_call(run: Run, recorder: Recorder) -> None:
    parameters = ('-p', 'call_purpose=test', '-p', 'source_system=my command')
    done = run('services', 'execute', 'a/b', '-i', INPUTS, *parameters, '--url', recorder.url, '--tenant', 't')
    assert done.code == 0, done.err
    sent = recorder.last.json
    assert sent['request_data']['inputs'] == json.loads(INPUTS)
    assert sent['request_meta']['call_purpose'] == 'test'
    assert sent['request_meta']['source_system'] == 'my command'


@pytest.mark.parametrize('version', ['1.4.0', '1.4'])
def test_a_parameter_chooses_the_version(run: Run, url: str, version: str) -> None:
    arguments = ('-i', INPUTS, '-p', f'version={version}', '--show-all', '--url', f'{url}/my-tenant')
    done = run('services', 'execute', 'shapes/cylinder', *arguments)
    assert done.code == 0, done.err
    assert done.json['version'] == '1.4.0'


def test_a_parameter_that_no_call_has_is_an_error_of_one_line(run: Run, url: str) -> None:
    done = run('services', 'execute', 'shapes/cylinder', '-p', 'height=3', '--url', f'{url}/my-tenant')
    assert (done.code, done.out) == (1, '')
    assert 'height' in done.said


@pytest.mark.parametrize('command', [('services', 'execute'), ('execute',)])
def test_the_whole_answer_is_shown(run: Run, url: str, command: tuple[str, ...]) -> None:
    done = run(*command, 'shapes/cylinder', '-i', INPUTS, '--show-all', '--url', f'{url}/my-tenant')
    assert done.code == 0, done.err
    assert done.json['version'] == '1.5.0'
    assert done.json['outputs'][0]['volume'] == pytest.approx(125.663706)
    assert {'call_id', 'version_id', 'process_time'} <= set(done.json)


@pytest.mark.thorough
def test_services_execute_prints_what_execute_prints(run: Run, url: str) -> None:
    both = [
        run(*command, 'shapes/cylinder', '-i', INPUTS, '--url', f'{url}/my-tenant')
        for command in (('services', 'execute'), ('execute',))
    ]
    assert both[0] == both[1]


def test_services_validate_validates(run: Run, recorder: Recorder) -> None:
    arguments = ('-i', INPUTS, '--validation-type', 'dynamic', '--url', recorder.url, '--tenant', 't')
    done = run('services', 'validate', f'version/{CYLINDER_140}', *arguments)
    assert done.code == 0, done.err
    assert recorder.last.path == '/t/api/v3/validation'
    assert recorder.last.json['request_meta']['validation_type'] == 'dynamic'
    assert recorder.last.json['request_data']['inputs'] == json.loads(INPUTS)


def test_services_validate_takes_a_name(run: Run, url: str) -> None:
    arguments = ('-i', '{"height": 1}', '--validation-type', 'dynamic', '--url', f'{url}/my-tenant')
    done = run('services', 'validate', 'shapes/cylinder[1.4.0]', *arguments)
    assert done.code == 0, done.err
    assert done.json['response_meta']['version_id'] == CYLINDER_140


def test_services_metadata_is_metadata(run: Run, url: str) -> None:
    done = run('services', 'metadata', 'shapes/cylinder[1.4.0]', '--url', f'{url}/my-tenant')
    assert (done.code, done.err) == (0, '')
    assert done.json['response_meta']['version_id'] == CYLINDER_140


def test_services_alone_lists_them(run: Run, url: str) -> None:
    assert 'shapes/cylinder[1.4.0]' in run('services', '--url', url).out


@pytest.mark.parametrize(
    'pair', ['inputs=3', 'uri=a/c', 'headers=abc', 'timeout=abc', 'progress=1', 'call_purpos=test']
)
@pytest.mark.parametrize(
    'command', [('services', 'execute', 'a/b', '-p'), ('services', 'validate', f'version/{CYLINDER_140}', '-p')]
)
def test_a_parameter_that_cannot_be_used_is_an_error_of_one_line(
    run: Run, recorder: Recorder, command: tuple[str, ...], pair: str
) -> None:
    done = run(*command, pair, '-i', INPUTS, '--url', recorder.url, '--tenant', 't')
    assert done.code in (1, 2)
    assert done.out == ''
    assert pair.partition('=')[0] in done.said
    assert recorder.received == []
