"""A value comes out of the command as it came from the runner, and a name goes where it has to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command.running import Run

from support.packages import CYLINDER
from support.wire import Recorder, Reply

LARGE = 10**25


@pytest.mark.parametrize('arguments', [('execute', 'f/s'), ('execute', 'f/s', '--show-all'), ('metadata', 'version/v')])
def test_a_large_whole_number_is_printed_as_it_came(run: Run, recorder: Recorder, arguments: tuple[str, ...]) -> None:
    recorder.reply(Reply(200, {'status': 'Success', 'response_data': {'outputs': {'sum': LARGE}}}))
    done = run(*arguments, '--url', f'{recorder.url}/t')
    assert done.code == 0, done.err
    assert str(LARGE) in done.out
    assert json.loads(done.out)


def test_a_tenant_goes_with_an_upload_though_its_path_has_none(run: Run, recorder: Recorder) -> None:
    recorder.reply(Reply(200, {'response_data': []}))
    assert run('upload', str(CYLINDER), '--url', recorder.url, '--tenant', 'mine', '--quiet').code == 0
    assert recorder.last.headers['x-tenant-name'] == 'mine'
    assert recorder.last.path == '/api/v3/upload'


@pytest.mark.parametrize('name', ['inputs.json', 'inputs.txt', 'inputs'])
def test_a_file_of_inputs_may_have_any_name_that_no_file_of_records_has(
    run: Run, recorder: Recorder, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text('{"height": 3}')
    assert run('execute', 'f/s', '-i', f'@{tmp_path / name}', '--url', f'{recorder.url}/t').code == 0
    assert recorder.last.json['request_data']['inputs'] == {'height': 3}
