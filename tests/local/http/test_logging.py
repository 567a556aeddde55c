"""What the runner logs: silent in a program; a line a request, uploads and lost instances in the command."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable
from typing import Any, TypeAlias

import httpx
import pytest

from support.calls import Json, serving
from support.models import THROW, record, scripted
from support.packages import CYLINDER, CYLINDER_150

Run: TypeAlias = Callable[..., tuple[list[str], list[str]]]


@pytest.fixture
def scripted_path(tmp_path: Any) -> str:
    """The file of a model that can be made to fail."""
    path = tmp_path / 'scripted.zip'
    path.write_bytes(scripted())
    return str(path)


@pytest.fixture
def run(scripted_path: str) -> Run:
    """Run the command, make some requests, and read what it logged."""

    def ran(*options: str) -> tuple[list[str], list[str]]:
        command = [
            sys.executable,
            '-m',
            'cspark.wasm',
            'serve',
            scripted_path,
            '--port',
            '0',
            '--instances',
            '1',
            *options,
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            url = process.stdout.readline().removeprefix('runner at ').strip()
            with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
                ids = [
                    client.get('/healthcheck', headers=[(b'x-request-id', 'my "id"\u00a0'.encode('latin-1'))]).headers,
                    client.post('/upload', files={'file': ('tins.zip', CYLINDER.read_bytes())}).headers,
                    client.post('/upload', files={'file': ('bad.zip', b'PK')}).headers,
                    client.post('/secret-tenant/api/v3/folders/secret-folder/services/x/execute', json={}).headers,
                    client.post(
                        '/my-tenant/api/v3/execute',
                        json={
                            'request_data': {'inputs': record(THROW)},
                            'request_meta': {'service_uri': 'shapes/scripted'},
                        },
                    ).headers,
                ]
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        return errors.splitlines(), [headers['x-request-id'] for headers in ids]

    return ran


@pytest.mark.thorough
def test_a_line_of_text_a_request_names_nobody_but_the_id(run: Run) -> None:
    lines, ids = run('--log-level', 'info')
    text = '\n'.join(lines)
    assert 'INFO GET /healthcheck 200 in ' in lines[0]
    assert lines[0].endswith('request my "id"?')
    assert "uploaded 'tins.zip': my-tenant: shapes/cylinder[1.4.0], my-tenant: shapes/cylinder[1.5.0]" in text
    assert "WARNING the upload of 'bad.zip' was refused: bad.zip is not a zip file" in text
    assert 'POST /{tenant}/api/v3/folders/{folder}/services/{service}/execute 404' in text
    assert 'secret-folder' not in text
    assert 'WARNING an instance of shapes/scripted[1.0] was lost: the model aborted: Error: no such' in text
    assert all(one in text for one in ids[1:])


@pytest.mark.thorough
def test_json_has_a_field_for_each_thing(run: Run) -> None:
    lines, ids = run('--log-level', 'info', '--log-format', 'json')
    told: list[Json] = [json.loads(line) for line in lines]
    health, *_ = told
    assert {name: health[name] for name in ('level', 'method', 'path', 'status', 'bytes', 'tenant')} == {
        'level': 'info',
        'method': 'GET',
        'path': '/healthcheck',
        'status': 200,
        'bytes': 12,
        'tenant': '',
    }
    assert health['request_id'] == ids[0]
    assert health['milliseconds'] >= 0
    (missing,) = [one for one in told if one.get('status') == 404]
    assert missing['tenant'] == 'secret-tenant'


@pytest.mark.thorough
def test_warnings_alone_are_logged_by_default(run: Run) -> None:
    lines, _ = run()
    assert len(lines) == 2
    assert all('WARNING' in line for line in lines)


@pytest.mark.thorough
def test_an_id_is_made_where_none_was_sent_and_one_that_was_comes_back() -> None:
    with serving(CYLINDER) as api:
        made = httpx.get(f'{api.url}/version', timeout=60, trust_env=False).headers['x-request-id']
        assert uuid.UUID(made).version == 4
        for path in ('version', 'nothing'):
            sent = httpx.get(f'{api.url}/{path}', headers={'x-request-id': 'mine'}, timeout=60, trust_env=False)
            assert sent.headers['x-request-id'] == 'mine'


@pytest.mark.thorough
def test_a_runner_in_a_program_is_silent() -> None:
    program = f"""
import cspark.wasm as Hybrid
with Hybrid.LocalRunner({str(CYLINDER)!r}, instances=1) as runner, runner.client(max_retries=0) as hybrid:
    hybrid.services.execute('version/{CYLINDER_150}', inputs={{}})
    try:
        hybrid.services.upload(b'PK')
    except Hybrid.SparkApiError:
        pass
"""
    ended = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, timeout=120, check=True)
    assert (ended.stdout, ended.stderr) == ('', '')


@pytest.mark.thorough
def test_a_program_can_listen(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, 'cspark.wasm.local'), serving(CYLINDER) as api:
        api.outputs({'height': 1})
    (line,) = [one for one in caplog.records if getattr(one, 'path', '').endswith('/execute')]
    assert (line.__dict__['tenant'], line.__dict__['status']) == ('my-tenant', 200)
