"""A change of the document is led through by the type checker: it reports each line of the facade that must follow."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.packages import ROOT

pytestmark = pytest.mark.thorough

MODELS = 'generated/hybrid_runner_api/models'
RENAMED = [
    ('health_status', 'msg', '_calls/answers_as_documented.py'),
    ('runner_version', 'last_pull_date', '_calls/answers_as_documented.py'),
    ('runner_status', 'memory_limit_mb', '_calls/answers_as_documented.py'),
    ('upload_answer', 'response_data', '_calls/answers_as_documented.py'),
    ('execute_answer', 'error', '_calls/answers_as_documented.py'),
    ('execute_many_answer', 'warnings', '_calls/answers_as_documented.py'),
    ('response_meta', 'compiler_version', '_calls/answers_as_documented.py'),
    ('response_data', 'service_chain', '_calls/answers_as_documented.py'),
    ('request_meta', 'requested_output_regex', '_calls/execute_requests.py'),
]


@pytest.fixture(scope='module')
def changed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What mypy reports where a field of each of these models has another name."""
    copy = tmp_path_factory.mktemp('repository')
    for folder in ('src', 'generated'):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns('__pycache__', 'local'))
    for model, field, _ in RENAMED:
        file = copy / MODELS / f'{model}.py'
        source = file.read_text()
        assert re.search(rf'\b{field}\b', source), f'{model} has no {field}'
        file.write_text(re.sub(rf'\b{field}\b', f'{field}_of_tomorrow', source))
    # The facade is checked alone: the local runner reads no answers.
    checked = [sys.executable, '-m', 'mypy', '--strict', '--explicit-package-bases', '--namespace-packages']
    files = ['src/cspark/wasm/_calls/answers_as_documented.py', 'src/cspark/wasm/_calls/execute_requests.py']
    return subprocess.run(
        [*checked, '--cache-dir=/dev/null', '--follow-imports=silent', *files],
        cwd=copy,
        env={**os.environ, 'MYPYPATH': os.pathsep.join([str(copy / 'src'), str(copy / 'generated')])},
        capture_output=True,
        text=True,
        check=False,
    ).stdout


@pytest.mark.parametrize(('model', 'field', 'file'), RENAMED)
def test_a_renamed_field_is_an_error_in_the_facade(changed: str, model: str, field: str, file: str) -> None:
    name = ''.join(word.title() for word in model.split('_'))
    reported = [line for line in changed.splitlines() if f'"{name}"' in line and f'"{field}"' in line]
    assert [Path(line.partition(':')[0]).as_posix() for line in reported][:1] == [f'src/cspark/wasm/{file}'], changed
