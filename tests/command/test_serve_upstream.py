"""`cspark-wasm serve --upstream`: a runner in front of another, as a process of its own."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from command.running import COMMAND, Run

from support.calls import PLAIN
from support.certificates import server_context
from support.packages import CYLINDER
from support.secrets import EXTRA, KEY, TOKEN, leaks
from support.sockets import secured
from support.upstreams import ELSEWHERE, NESTED, raw_post
from support.wire import Recorder

USAGE = 2


@contextmanager
def served(*arguments: object) -> Generator[tuple[str, list[str]]]:
    """The command in front of a runner: its address, and the other lines that it prints."""
    command = [*COMMAND, 'serve', str(CYLINDER), '--port', '0', '--instances', '1', *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        lines: list[str] = []
        try:
            assert process.stdout
            url = process.stdout.readline().split()[-1]
            while 'everything else' not in (lines or [''])[-1]:
                lines.append(process.stdout.readline())
                assert lines[-1]
            yield url, lines
        finally:
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
            assert 'Traceback' not in errors and not leaks(errors)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of profiles that the environment names."""
    path = tmp_path / 'profiles.toml'
    monkeypatch.setenv('CSPARK_CONFIG', str(path))
    return path


def ask(url: str, **headers: str) -> int:
    """The status of a call of what the command does not serve."""
    return raw_post(url, f'my-tenant/api/{ELSEWHERE}', json=NESTED, headers=headers, **PLAIN).status_code


@pytest.mark.thorough
@pytest.mark.parametrize(
    ('given', 'name', 'value'),
    [
        ((), 'authorization', None),
        (('--upstream-token', TOKEN), 'authorization', f'Bearer {TOKEN}'),
        (('--upstream-api-key', KEY), 'x-synthetic-key', KEY),
        (('--upstream-token', TOKEN, '--caller-credentials'), 'authorization', 'Bearer callers'),
    ],
)
def test_the_credentials_of_the_options_are_sent(
    recorder: Recorder, given: tuple[str, ...], name: str, value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('CSPARK_BEARER_TOKEN', f'{TOKEN}-of-a-client')
    with served('--upstream', recorder.url, *given) as (url, lines):
        assert ask(url, authorization='Bearer callers') == 200
    assert recorder.last.headers.get(name) == value
    assert lines[-1] == f'  everything else: {recorder.url}\n'
    assert leaks(lines) == []


@pytest.mark.thorough
def test_the_tenant_and_the_prefix_there(recorder: Recorder) -> None:
    with served('--upstream', f'{recorder.url}/deep', '--upstream-tenant', 'theirs') as (url, _):
        assert ask(url) == 200
    assert recorder.last.path == f'/deep/theirs/api/{ELSEWHERE}'


@pytest.mark.thorough
def test_a_certificate_authority(ca: trustme.CA, pem: str) -> None:
    with secured(server_context(ca)) as (faulty, _):
        with served('--upstream', faulty.url, '--upstream-ca', pem) as (url, _):
            assert ask(url) == 200
        with served('--upstream', faulty.url) as (url, _):
            assert ask(url) == 502


@pytest.mark.thorough
def test_a_profile_has_everything(recorder: Recorder, config: Path) -> None:
    config.write_text(
        f'[estate]\nurl = "{recorder.url}"\ntenant = "theirs"\ntoken = "{TOKEN}"\ntimeout = 5000\n'
        f'headers = {{"X-Team" = "{EXTRA}"}}\n'
    )
    with served('--upstream-profile', 'estate') as (url, _):
        assert ask(url) == 200
        headers = recorder.last.headers
        assert (headers['authorization'], headers['x-team']) == (f'Bearer {TOKEN}', EXTRA)
        assert recorder.last.path.startswith('/theirs/')
    with served('--upstream-profile', 'estate', '--upstream-api-key', KEY, '--upstream-tenant', 'm') as (url, _):
        assert ask(url) == 200
        assert recorder.last.headers['x-synthetic-key'] == KEY
        assert 'authorization' not in recorder.last.headers
        assert recorder.last.path.startswith('/m/')


def serve_nothing(_server: object, **_options: object) -> None:
    """Stands for `Server.run`, where an argument that should be refused would start a runner."""


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (('--upstream-token', TOKEN), 'the URL of the upstream runner is missing; give --upstream URL'),
        (('--upstream-api-key', KEY), 'the URL of the upstream runner is missing'),
        (('--upstream-tenant', 'mine'), 'the URL of the upstream runner is missing'),
        (('--upstream-ca', 'a.pem'), 'the URL of the upstream runner is missing'),
        (('--caller-credentials',), 'the URL of the upstream runner is missing'),
        (('--upstream', ''), 'the URL of the upstream runner is missing'),
        (('--upstream-profile', 'empty'), 'the URL of the upstream runner is missing'),
        (('--upstream-profile', 'nobody'), "no profile 'nobody'"),
        (('--upstream-profile', ''), 'profile'),
        (('--upstream', 'not a url'), 'http'),
        (('--upstream', 'ftp://x'), 'http'),
        (('--upstream', '7'), 'http'),
        (('--upstream', 'http://u:p-S3CRET@x'), 'user name or a password'),
        (('--upstream', 'http://x', '--upstream-tenant', '..'), 'tenant'),
        (('--upstream', 'https://x', '--upstream-ca', '/nowhere/ca.pem'), '/nowhere/ca.pem'),
    ],
    ids=str,
)
def test_a_wrong_argument_is_named(
    run: Run, config: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    config.write_text('[empty]\ntoken = "x"\n[default]\nurl = "http://127.0.0.1:1"\n')
    monkeypatch.setattr('cspark.wasm.local.http.server.Server.run', serve_nothing)
    done = run('serve', CYLINDER, '--port', '0', *arguments)
    assert done.code in (1, USAGE), done
    assert words in done.err
    assert leaks(done.err) == []
