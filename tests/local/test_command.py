"""`python -m cspark.wasm serve` as a process of its own: what it prints, serves and refuses."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

import cspark.wasm as Hybrid
from cspark.wasm.__main__ import main
from support.packages import CYLINDER, CYLINDER_150, TERM_LIFE, TERM_LIFE_030, unzip

COMMAND = (sys.executable, '-m', 'cspark.wasm')
JSON = {'content-type': 'application/json'}


@contextmanager
def served(
    *arguments: object, folder: Path | None = None, environment: dict[str, str] | None = None, port: str | None = '0'
) -> Generator[tuple[str, list[str]]]:
    """The address of a runner that the command started, and the lines that it printed below it."""
    command = [*COMMAND, 'serve', *(('--port', port) if port else ()), *map(str, arguments)]
    variables = {**os.environ, **(environment or {})}
    with subprocess.Popen(
        command, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            first = process.stdout.readline()
            found = re.fullmatch(r'runner at (http://\S+)\n', first)
            assert found, first + process.stderr.read()
            lines = [process.stdout.readline()]
            while len(lines) < len([one for one in arguments if str(one).endswith('.zip')]):
                lines.append(process.stdout.readline())
            yield found[1], lines
        finally:
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (130, '')


@pytest.mark.thorough
def test_the_command_says_where_it_serves_what_and_ends_quietly_when_it_is_interrupted() -> None:
    with served(TERM_LIFE) as (url, lines):
        assert re.fullmatch(r'http://127\.0\.0\.1:\d{2,5}', url)
        assert lines == [f'  tenant my-tenant: insurance/term-life[0.3.0]  version_id {TERM_LIFE_030}\n']
        with Hybrid.Client(base_url=url, tenant='my-tenant', token='open') as hybrid:
            answer = hybrid.services.execute('insurance/term-life', inputs=[{'term_years': 1}, {'term_years': 2}])
            assert [len(output['schedule']) for output in answer.data['outputs']] == [2, 3]


@pytest.mark.thorough
def test_uploads_survive_a_restart_of_the_process(tmp_path: Path) -> None:
    with served('--packages', 'kept', folder=tmp_path) as (url, lines):
        assert lines == ['  no package yet; upload one\n']
        with Hybrid.Client(base_url=url, tenant='my-tenant', token='open') as hybrid:
            assert hybrid.services.upload(CYLINDER.read_bytes()).status == 200
    with served('--packages', 'kept', folder=tmp_path) as (url, lines):
        assert 'shapes/cylinder[1.4.0]' in lines[0]
        with Hybrid.Client(base_url=url, tenant='my-tenant', token='open') as hybrid:
            assert hybrid.services.execute(f'version/{CYLINDER_150}', inputs={'height': 1}).status == 200


@pytest.mark.thorough
def test_every_option_reaches_the_runner() -> None:
    options = ['--tenant', 'mine', '--instances', '3', '--prefix', 'mypath/torun', '--timeout', '5', '--no-upload']
    options += [
        '--body-limit',
        '2kb',
        '--proxy',
        'quotes/life=insurance/term-life',
        '--proxy',
        '/tins/=shapes/cylinder[1.4]',
    ]
    with served(CYLINDER, TERM_LIFE, *options, '--host', 'localhost') as (url, lines):
        assert url.startswith('http://localhost:')
        assert url.endswith('/mypath/torun')
        assert all(line.startswith('  tenant mine: ') for line in lines)
        with Hybrid.Client(base_url=url, tenant='mine', token='open', max_retries=0) as hybrid:
            assert hybrid.services.execute('proxy/quotes/life', inputs={}).data['version'] == '0.3.0'
            assert hybrid.services.execute('proxy/tins', inputs={}).data['version'] == '1.4.0'
            (tenant,) = hybrid.status.get().data['models']
            assert (tenant['total_model'], tenant['total_instances']) == (3, 9)
            with pytest.raises(Hybrid.SparkApiError) as refused:
                hybrid.services.upload(CYLINDER.read_bytes())
            assert refused.value.status == 403
            with pytest.raises(Hybrid.SparkApiError, match='larger than 2,048 bytes') as refused:
                hybrid.services.execute('proxy/tins', inputs={'note': 'x' * 3000})
            assert refused.value.status == 413


@pytest.mark.thorough
def test_the_variables_of_the_vendors_runner_count_where_no_argument_says_otherwise(tmp_path: Path) -> None:
    for name, content in unzip(TERM_LIFE.read_bytes()).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    variables = {
        'PORT': '0',
        'BODY_LIMIT': '2kb',
        'CUSTOM_API_ROUTE': 'mypath/torun',
        'UPLOAD_ENABLE': 'false',
        'MODEL_LOCATION': str(tmp_path),
    }
    with served(environment=variables, port=None) as (url, lines):
        assert url.endswith('/mypath/torun')
        assert 'insurance/term-life[0.3.0]' in lines[0]
        with Hybrid.Client(base_url=Hybrid.RunnerUrl(url, 'my-tenant'), token='open', max_retries=0) as hybrid:
            with pytest.raises(Hybrid.ForbiddenError):
                hybrid.services.upload(CYLINDER.read_bytes())
            with pytest.raises(Hybrid.SparkApiError, match='larger than 2,048 bytes'):
                hybrid.services.execute('insurance/term-life', inputs={'note': 'x' * 3000})
    with served('--upload', '--prefix', '/other', '--body-limit', '1mb', environment=variables, port='0') as (url, _):
        assert url.endswith('/other')
        with Hybrid.Client(base_url=Hybrid.RunnerUrl(url, 'my-tenant'), token='open') as hybrid:
            hybrid.services.execute('insurance/term-life', inputs={'note': 'x' * 3000})
            assert hybrid.services.upload(CYLINDER.read_bytes()).status == 200
    for name in ('UPLOAD_ENABLE', 'UPLOAD_ENABLED'):
        with served(environment={name: '0'}) as (_, lines):
            assert lines == ['  no package yet\n']


@pytest.mark.parametrize(
    ('name', 'value', 'words'),
    [
        ('PORT', 'http', 'PORT cannot be read'),
        ('BODY_LIMIT', 'much', 'BODY_LIMIT cannot be read'),
        ('UPLOAD_ENABLE', 'perhaps', "UPLOAD_ENABLE cannot be read: 'perhaps' is neither true nor false"),
    ],
)
def test_a_variable_that_cannot_be_read_is_an_error(
    name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    assert main(['serve']) == 1
    assert words in capsys.readouterr().err


@pytest.mark.thorough
def test_a_runner_without_packages_and_uploads_says_so() -> None:
    with served('--no-upload') as (url, lines):
        assert lines == ['  no package yet\n']
        assert httpx.get(f'{url}/healthcheck', trust_env=False).json() == {'msg': 'ok'}


@pytest.mark.thorough
@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason='this machine has no IPv6')
def test_it_listens_on_an_address_of_ipv6() -> None:
    with served('--host', '::1') as (url, _):
        assert url.startswith('http://[::1]:')
        assert httpx.get(f'{url}/healthcheck', trust_env=False).json() == {'msg': 'ok'}


@pytest.mark.thorough
def test_it_is_ended_by_the_signal_that_ends_containers() -> None:
    command = [*COMMAND, 'serve', '--port', '0', str(CYLINDER)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (-signal.SIGTERM, '')


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['missing.zip'], "'missing.zip' cannot be read: No such file or directory"),
        ([os.fspath(Path(__file__))], 'test_command.py is not a zip file'),
        (['--instances', '0'], 'instances must be a number above 0, not 0'),
        (['--timeout', '-1'], 'timeout must be a number above 0'),
        (['--timeout', 'nan'], 'timeout must be a number above 0'),
        (['--body-limit', '0'], 'body_limit must be a number above 0'),
        (['--tenant', '..'], "tenant '..'"),
        (['--prefix', 'a b'], "prefix must be a path of letters, digits and .*, not 'a b'"),
        (['--proxy', 'a=proxy/a'], "the endpoint 'a' must lead to a service, not to 'proxy/a'"),
        (['--port', '70000'], 'port 70000 of 127.0.0.1 cannot be used'),
        (['--host', '256.0.0.1', '--port', '0'], 'port 0 of 256.0.0.1 cannot be used'),
        (['--packages', '/dev/null/packages'], "the folder for packages, '/dev/null/packages', cannot be created"),
    ],
)
def test_what_cannot_be_served_is_said_in_a_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(['serve', *arguments]) == 1
    printed, errors = capsys.readouterr()
    assert printed == ''
    assert re.fullmatch(f'cspark-wasm: .*{words}.*\n', errors)


def test_a_port_that_is_in_use_is_said_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        assert main(['serve', '--port', str(port)]) == 1
    assert capsys.readouterr().err == f'cspark-wasm: port {port} of 127.0.0.1 cannot be used: it is in use\n'


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        ([], 'the following arguments are required: COMMAND'),
        (['run'], "invalid choice: 'run'"),
        (['serve', '--port', 'http'], "argument --port: invalid int value: 'http'"),
        (['serve', '--unknown'], 'there is no option --unknown; see cspark-wasm --help'),
        (['serve', '--body-limit', 'much'], "argument --body-limit: 'much' is not a size, such as 30mb"),
        (['serve', '--body-limit', ''], "argument --body-limit: '' is not a size"),
        (['serve', '--body-limit', 'inf'], "argument --body-limit: 'inf' is not a size"),
        (['serve', '--proxy', 'quotes'], "argument --proxy: 'quotes' is not ENDPOINT=FOLDER/SERVICE"),
        (['serve', '--proxy', '=shapes/cylinder'], 'is not ENDPOINT=FOLDER/SERVICE'),
    ],
)
def test_arguments_that_are_wrong_are_explained(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_it_tells_its_version_and_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, words in ((['--version'], version('cspark-wasm')), (['serve', '--help'], '--packages DIR')):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0
        assert words in capsys.readouterr().out


@pytest.mark.thorough
def test_sizes_are_written_with_units() -> None:
    with served('--body-limit', '0.5m') as (url, _):
        answers = [
            httpx.post(f'{url}/t/api/v3/execute', content=b' ' * size, headers=JSON, trust_env=False).status_code
            for size in (512 * 1024, 512 * 1024 + 1)
        ]
    assert answers == [400, 413]
