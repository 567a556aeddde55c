"""The options of a client: arguments and the environment, before the command and after, and what arrives."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
import trustme
from command.running import Run

from support.wire import Recorder, Reply

TOKEN = 'token-of-a-test-4711'
KEY = 'key-of-a-test-0815'
OPTIONS = {
    '--url': 'CSPARK_RUNNER_URL',
    '--tenant': 'CSPARK_TENANT',
    '--token': 'CSPARK_BEARER_TOKEN',
    '--api-key': 'CSPARK_API_KEY',
    '--ca': 'CSPARK_CA',
    '--timeout': 'CSPARK_TIMEOUT',
    '--retries': 'CSPARK_RETRIES',
    '-H': 'CSPARK_HEADERS',
    '--profile': 'CSPARK_PROFILE',
}
CALLERS = ('health', 'version', 'status', 'services', 'upload', 'execute', 'validate', 'metadata')


@pytest.mark.parametrize('command', [(), *((one,) for one in CALLERS)], ids=' '.join)
def test_help_names_each_option_and_its_variable(run: Run, command: tuple[str, ...]) -> None:
    done = run(*command, '--help')
    assert (done.code, done.err) == (0, '')
    for option, variable in OPTIONS.items():
        assert option in done.out and variable in done.out, option


@pytest.mark.parametrize('place', ['before', 'after', 'both'])
def test_options_stand_before_the_command_or_after_it(run: Run, recorder: Recorder, place: str) -> None:
    where = ('--url', recorder.url, '--tenant', 'mine', '--retries', '0')
    who = ('--token', TOKEN, '-H', 'X-Team: pricing', '--header', 'X-Trace:a:b')
    call = ('execute', 'a/b')
    match place:
        case 'before':
            done = run(*where, *who, *call)
        case 'after':
            done = run(*call, *where, *who)
        case _:
            done = run(*where, *call, *who)
    assert done.code == 0, done.err
    assert recorder.last.path == '/mine/api/v3/folders/a/services/b/execute'
    assert recorder.last.headers['authorization'] == f'Bearer {TOKEN}'
    assert recorder.last.headers['x-team'] == 'pricing'
    assert recorder.last.headers['x-trace'] == 'a:b'
    assert recorder.last.headers['x-tenant-name'] == 'mine'


def test_the_environment_says_how_to_reach_a_runner(
    run: Run, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {'RUNNER_URL': recorder.url, 'TENANT': 'mine', 'API_KEY': KEY, 'RETRIES': '0', 'TIMEOUT': '5000'}
    for name, value in variables.items():
        monkeypatch.setenv(f'CSPARK_{name}', value)
    monkeypatch.setenv('CSPARK_HEADERS', 'X-Team: pricing\nX-Trace: a:b\n')
    assert run('execute', 'a/b').code == 0
    headers = recorder.last.headers
    assert recorder.last.path == '/mine/api/v3/folders/a/services/b/execute'
    assert (headers['x-synthetic-key'], headers['x-team'], headers['x-trace']) == (KEY, 'pricing', 'a:b')
    assert 'authorization' not in headers


@pytest.mark.parametrize(
    ('variable', 'stored', 'argument', 'header', 'value'),
    [
        ('CSPARK_API_KEY', KEY, ('--token', TOKEN), 'authorization', f'Bearer {TOKEN}'),
        ('CSPARK_BEARER_TOKEN', TOKEN, ('--api-key', KEY), 'x-synthetic-key', KEY),
        ('CSPARK_BEARER_TOKEN', 'other-token', ('--token', TOKEN), 'authorization', f'Bearer {TOKEN}'),
    ],
)
def test_a_credential_of_an_argument_replaces_that_of_the_environment(
    run: Run,
    recorder: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    stored: str,
    argument: tuple[str, ...],
    header: str,
    value: str,
) -> None:
    monkeypatch.setenv(variable, stored)
    assert run('execute', 'a/b', *argument, '--url', recorder.url, '--tenant', 't').code == 0
    headers = recorder.last.headers
    assert headers[header] == value
    assert len({'authorization', 'x-synthetic-key'} & set(headers)) == 1


def test_an_argument_comes_before_the_environment(
    run: Run, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('CSPARK_RUNNER_URL', 'http://127.0.0.1:1')
    monkeypatch.setenv('CSPARK_TENANT', 'other')
    monkeypatch.setenv('CSPARK_RETRIES', '0')
    assert run('execute', 'a/b', '--url', recorder.url, '--tenant', 'mine').code == 0
    assert recorder.last.path.startswith('/mine/')


@pytest.mark.parametrize('way', ['argument', 'environment'])
@pytest.mark.parametrize(('retries', 'calls'), [('0', 1), ('2', 3)])
def test_a_call_is_repeated_as_often_as_it_is_told(
    run: Run, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, way: str, retries: str, calls: int
) -> None:
    recorder.reply(Reply(503, headers={'Content-Type': 'application/json', 'Retry-After': '0'}))
    if way == 'environment':
        monkeypatch.setenv('CSPARK_RETRIES', retries)
    given = ('--retries', retries) if way == 'argument' else ()
    done = run('health', *given, '--url', recorder.url)
    assert (done.code, done.out) == (1, '')
    assert '503' in done.said
    assert len(recorder.received) == calls


@pytest.mark.parametrize('way', ['argument', 'environment'])
def test_a_runner_that_does_not_answer_is_left_after_the_timeout(
    run: Run, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    with socket.create_server(('127.0.0.1', 0)) as silent:
        port = silent.getsockname()[1]
        if way == 'environment':
            monkeypatch.setenv('CSPARK_TIMEOUT', '50')
        given = ('--timeout', '50') if way == 'argument' else ()
        done = run('health', *given, '--retries', '0', '--url', f'http://127.0.0.1:{port}')
    assert (done.code, done.out) == (1, '')
    assert done.said


@pytest.mark.parametrize('way', ['argument', 'environment'])
def test_a_runner_is_vouched_for_by_a_file_of_certificates(
    run: Run, ca: trustme.CA, pem: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str
) -> None:
    import cspark.wasm as Hybrid

    issued = ca.issue_cert('127.0.0.1', 'localhost')
    certificate, key = tmp_path / 'chain.pem', tmp_path / 'key.pem'
    certificate.write_bytes(b''.join(blob.bytes() for blob in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(key)
    options: dict[str, Any] = {'certificate': str(certificate), 'key': str(key)}
    with Hybrid.LocalRunner() as runner, runner.serve(**options) as server:
        arguments = ('health', '--url', server.url, '--retries', '0')
        refused = run(*arguments)
        assert (refused.code, refused.out) == (1, '')
        assert refused.said
        if way == 'environment':
            monkeypatch.setenv('CSPARK_CA', pem)
        done = run(*arguments, *(('--ca', pem) if way == 'argument' else ()))
    assert (done.code, done.out, done.err) == (0, 'ok\n', '')


@pytest.mark.parametrize(
    ('variable', 'value'),
    [
        ('CSPARK_TIMEOUT', 'soon'),
        ('CSPARK_TIMEOUT', '-1'),
        ('CSPARK_RETRIES', '1.5'),
        ('CSPARK_RETRIES', '-1'),
        ('CSPARK_HEADERS', 'no colon'),
        ('CSPARK_CA', '/nowhere/ca.pem'),
        ('CSPARK_RUNNER_URL', 'ftp://127.0.0.1'),
        ('CSPARK_RUNNER_URL', 'nonsense'),
    ],
)
def test_a_variable_that_cannot_be_used_is_an_error_of_one_line(
    run: Run, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    given = () if variable == 'CSPARK_RUNNER_URL' else ('--url', recorder.url)
    done = run('health', *given)
    assert (done.code, done.out) == (1, '')
    assert done.said
    assert recorder.received == []


def test_a_tenant_that_is_missing_is_said_with_the_way_out(run: Run, recorder: Recorder) -> None:
    done = run('execute', 'a/b', '--url', recorder.url)
    assert (done.code, done.out) == (1, '')
    assert 'tenant' in done.said
    assert recorder.received == []
