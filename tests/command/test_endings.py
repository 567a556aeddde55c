"""How the process ends: with its exit code, when it is interrupted, and when nobody reads on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from command.running import COMMAND, Run, run_process

from support.packages import CYLINDER

INTERRUPTED = 130


@pytest.mark.thorough
@pytest.mark.parametrize('unbuffered', ['', '1'])
@pytest.mark.parametrize(
    'arguments',
    [
        ('health',),
        ('version',),
        ('services',),
        ('status', '--json'),
        ('execute', 'shapes/cylinder', '--quiet'),
        ('execute', 'shapes/cylinder', 'BOOK', '--quiet'),
        ('--help',),
        ('--version',),
        ('completion', 'bash'),
    ],
    ids=' '.join,
)
def test_output_that_nobody_reads_ends_the_command_quietly(
    url: str, tmp_path: Path, unbuffered: str, arguments: tuple[str, ...]
) -> None:
    book = tmp_path / 'book.csv'
    book.write_text('height\n' + '1\n' * 3000)
    given = [str(book) if one == 'BOOK' else one for one in arguments]
    read, write = os.pipe()
    os.close(read)
    variables = {'CSPARK_RUNNER_URL': f'{url}/my-tenant', 'PYTHONUNBUFFERED': unbuffered}
    environment = {**os.environ, **variables}
    try:
        done = subprocess.run(
            [*COMMAND, *given], env=environment, stdout=write, stderr=subprocess.PIPE, timeout=100, check=False
        )
    finally:
        os.close(write)
    assert done.stderr == b''
    assert done.returncode in (0, 1, 128 + signal.SIGPIPE, -signal.SIGPIPE)


@pytest.mark.thorough
def test_the_head_of_many_records_is_enough(url: str, tmp_path: Path) -> None:
    book = tmp_path / 'book.csv'
    book.write_text('height\n' + '1\n' * 3000)
    command = [*COMMAND, 'execute', 'shapes/cylinder', str(book), '--quiet', '--url', f'{url}/my-tenant']
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        assert process.stdout.readline().startswith(b'{')
        process.stdout.close()
        assert process.stderr.read() == b''
        assert process.wait(60) in (0, 1, 128 + signal.SIGPIPE, -signal.SIGPIPE)


@pytest.mark.thorough
@pytest.mark.parametrize('command', [('health',), ('execute', 'a/b', '-i', '{}'), ('execute', 'a/b', '-i', '[{}]')])
def test_an_interrupted_call_ends_with_130(command: tuple[str, ...]) -> None:
    with socket.create_server(('127.0.0.1', 0)) as silent:
        port = silent.getsockname()[1]
        arguments = [*COMMAND, *command, '--url', f'http://127.0.0.1:{port}', '--tenant', 't']
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            connection, _ = silent.accept()
            with connection:
                connection.recv(1)  # the call is under way
                process.send_signal(signal.SIGINT)
                printed, errors = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED, errors
    assert printed == b''
    assert b'Traceback' not in errors


@pytest.mark.thorough
@pytest.mark.parametrize(
    ('arguments', 'code'),
    [
        (('health',), 0),
        (('execute', 'shapes/nothing'), 1),
        (('execute',), 2),
        (('execute', 'insurance/term-life', '-i', '[{"term_years": "abc"}]'), 3),
        (('execute', 'insurance/term-life', '-i', '{"term_years": "abc"}'), 3),
    ],
)
def test_the_exit_code_of_the_process_is_that_of_the_command(url: str, arguments: tuple[str, ...], code: int) -> None:
    done = run_process(*arguments, '--url', f'{url}/my-tenant')
    assert done.code == code, done.err
    assert 'Traceback' not in done.err


@pytest.mark.thorough
def test_serve_serves_until_it_is_interrupted(run: Run) -> None:
    command = [*COMMAND, 'serve', str(CYLINDER), '--port', '0']
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().split()[-1]
            assert run('health', '--url', url).out == 'ok\n'
            assert 'shapes/cylinder[1.5.0]' in run('services', '--url', url).out
        finally:
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (INTERRUPTED, '')
