"""An upload tells how far it is, in code and on the command line, and its file is streamed."""

from __future__ import annotations

import gc
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import cspark.wasm as Hybrid
from cspark.wasm.__main__ import main
from support.packages import CYLINDER, ROOT
from support.wire import Recorder, Reply
from support.worlds import World, client_in


def test_a_callback_is_told_how_much_is_on_its_way(recorded: Hybrid.Client, recorder: Recorder) -> None:
    told: list[tuple[int, int]] = []
    content = b'x' * 300_000
    recorded.services.upload(io.BytesIO(content), progress=lambda done, total: told.append((done, total)))
    assert {total for _, total in told} == {300_000}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == 300_000
    assert len(told) > 3
    assert content in recorder.last.body


def test_a_bar_is_shown_and_the_file_stays_open(
    recorded: Hybrid.Client, recorder: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    with CYLINDER.open('rb') as file:
        recorded.services.upload(file, progress=True)
        assert not file.closed
    assert '100%' in capsys.readouterr().err
    assert CYLINDER.read_bytes() in recorder.last.body


def test_a_missing_library_and_a_pipe_are_said_before_anything_is_sent(
    recorded: Hybrid.Client, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, 'tqdm', None)
    with pytest.raises(Hybrid.SparkSdkError, match='pip install tqdm'):
        recorded.services.upload(b'zip', progress=True)

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with pytest.raises(Hybrid.SparkSdkError, match='can be rewound'):
        recorded.services.upload(Pipe(b'zip'), progress=print)
    assert not recorder.received


def test_a_pipe_is_uploaded(recorded: Hybrid.Client, recorder: Recorder) -> None:
    with subprocess.Popen(
        [sys.executable, '-c', 'import sys; sys.stdout.write("the package" * 100_000)'], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        pipe: Any = process.stdout
        recorded.services.upload(pipe)
    assert recorder.last.headers['transfer-encoding'] == 'chunked'
    assert recorder.last.body.count(b'the package') == 100_000


def test_a_pipe_is_not_sent_again_without_its_content_when_a_token_is_refused(world: World, recorder: Recorder) -> None:
    recorder.reply(Reply(401), Reply())
    read, write = os.pipe()
    with os.fdopen(write, 'wb') as file:
        file.write(b'the package')
    with (
        client_in(world, base_url=recorder.url, token=lambda: 'a-token') as hybrid,
        os.fdopen(read, 'rb') as pipe,
        pytest.raises(Hybrid.UnauthorizedError),
    ):
        hybrid.services.upload(pipe)
    assert len(recorder.received) == 1


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m cspark.wasm upload`."""
    whole = [sys.executable, '-m', 'cspark.wasm', 'upload', *arguments]
    return subprocess.run(whole, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.thorough
def test_the_command_uploads_packages_and_says_what_they_hold(url: str) -> None:
    done = command(str(CYLINDER), '--url', url)
    assert done.returncode == 0, done.stderr
    assert 'shapes/cylinder[1.5.0]' in done.stdout
    assert '100%' in done.stderr
    assert command(str(CYLINDER), '--url', url, '--quiet').stderr == ''


@pytest.mark.thorough
def test_the_command_says_what_is_wrong(url: str, tmp_path: Path) -> None:
    broken = tmp_path / 'broken.zip'
    broken.write_bytes(b'no zip')
    for arguments, words in ((('nothing.zip',), 'cannot be read'), ((str(broken),), 'not a zip file')):
        done = command(*arguments, '--url', url, '--quiet')
        assert done.returncode == 1
        assert words in done.stderr
        assert 'Traceback' not in done.stderr


@pytest.mark.thorough
def test_the_command_opens_all_packages_before_it_sends_one(url: str, recorder: Recorder) -> None:
    assert command(str(CYLINDER), 'nothing.zip', '--url', recorder.url).returncode == 1
    assert recorder.received == []


@pytest.mark.thorough
def test_the_command_takes_an_address_with_a_tenant(url: str) -> None:
    done = command(str(CYLINDER), '--url', f'{url}/my-tenant', '--quiet')
    assert done.returncode == 0 and 'shapes/cylinder' in done.stdout


@pytest.mark.thorough
def test_the_command_names_the_package_that_no_runner_takes(url: str) -> None:
    done = command(str(CYLINDER), '--url', f'{url}/no/runner/here', '--quiet')
    assert done.returncode == 1 and 'cylinder.zip: 404' in done.stderr


@pytest.mark.parametrize('form', [str, Path])
def test_a_package_is_uploaded_by_its_path(recorded: Hybrid.Client, recorder: Recorder, form: Any) -> None:
    recorder.reply(Reply(200, {'status': 'Success', 'response_data': []}))
    recorded.services.upload(form(CYLINDER))
    assert CYLINDER.read_bytes() in recorder.last.body and b'filename="cylinder.zip"' in recorder.last.body


def test_a_path_that_leads_nowhere_is_told_before_anything_is_sent(recorded: Hybrid.Client, recorder: Recorder) -> None:
    with pytest.raises(Hybrid.SparkSdkError, match=r"'no/such\.zip' cannot be read: No such file"):
        recorded.services.upload('no/such.zip')
    assert recorder.received == []


@pytest.mark.thorough
def test_the_command_needs_no_bar(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, 'tqdm', None)
    assert main(['upload', str(CYLINDER), '--url', url]) == 0
    assert 'shapes/cylinder' in capsys.readouterr().out


@pytest.mark.thorough
def test_a_bar_ends_with_an_upload_that_fails(
    recorded: Hybrid.Client, recorder: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder.reply(Reply(403))
    with pytest.raises(Hybrid.ForbiddenError):
        recorded.services.upload(b'x' * 100_000, progress=True)
    shown = capsys.readouterr().err
    gc.collect()
    assert shown.endswith('\n') and capsys.readouterr().err == ''
