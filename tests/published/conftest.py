"""What these tests start: the runner by its command, and the published client in an environment of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from support.packages import CYLINDER, ROOT, TERM_LIFE
from support.worlds import WORLDS

VERSION: Final = '0.3.3'
ENVIRONMENT: Final = ROOT / '.venv-cspark'
"""Shared with scripts/bench/run.py, which makes it alike: `ready` is a file that says that everything is in it."""
PYTHON: Final = ENVIRONMENT / 'bin' / 'python'
INSTALL_TIMEOUT: Final = 90.0
"""Below the limit of a test, so that an index that never answers leads to the reason and not to a timeout."""

PROXIES: Final = '--proxy', 'quotes/life=insurance/term-life', '--proxy', 'tins=shapes/cylinder[1.4.0]'
RUNNER_VARIABLES: Final = {
    'PORT',
    'MODEL_LOCATION',
    'BODY_LIMIT',
    'UPLOAD_ENABLE',
    'UPLOAD_ENABLED',
    'CUSTOM_API_ROUTE',
}


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without what steers a client, a runner or a proxy."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith('CSPARK_') and not name.lower().endswith('_proxy') and name not in RUNNER_VARIABLES
    }
    return kept | more


@pytest.fixture(scope='package')
def runner_url() -> Iterator[str]:
    """The address of a runner that `python -m cspark.wasm serve` started; at the end it must have had no complaints."""
    command = [sys.executable, '-m', 'cspark.wasm', 'serve', '--port', '0', '--instances', '1', '--upload', *PROXIES]
    command += ['--log-level', 'error']  # refused uploads and aborts, which some tests want, are warnings
    command += [str(CYLINDER), str(TERM_LIFE)]
    with subprocess.Popen(
        command, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            first = process.stdout.readline()
            found = re.fullmatch(r'runner at (http://127\.0\.0\.1:\d+)\n', first)
            assert found, first + process.stderr.read()
            yield found[1]
        finally:
            process.send_signal(signal.SIGINT)
            try:
                _, errors = process.communicate(timeout=20)
            finally:
                process.kill()
    assert (process.returncode, errors) == (130, '')


@pytest.fixture(scope='session')
def cspark_python() -> Path:
    """The Python of an environment that has the published client and nothing of this project."""
    if installed_version() == VERSION:
        return PYTHON
    try:
        install()
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        words = str(error.stderr or error).strip().splitlines()[-1]
        reason = f'cspark {VERSION} cannot be installed; is the package index out of reach? {words}'
        if 'CI' in os.environ:
            pytest.fail(reason)
        pytest.skip(reason)
    assert installed_version() == VERSION
    return PYTHON


def installed_version() -> str | None:
    """The version of the published client in its environment; None where that is not there or not finished."""
    if not (ENVIRONMENT / 'ready').exists():
        return None
    program = 'from importlib.metadata import version; print(version("cspark"))'
    try:
        done = subprocess.run([PYTHON, '-I', '-c', program], capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return None
    return done.stdout.strip()


def install() -> None:
    """Make the environment of the published client."""
    make = [sys.executable, '-m', 'venv', '--clear', str(ENVIRONMENT)]
    pip = [str(PYTHON), '-I', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--retries', '1']
    pip += ['--constraint', str(ROOT / 'constraints.txt'), f'cspark=={VERSION}']
    for command in (make, pip):
        subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_TIMEOUT, check=True)
    (ENVIRONMENT / 'ready').touch()


@pytest.fixture(scope='package', params=WORLDS)
def call(request: pytest.FixtureRequest, cspark_python: Path, runner_url: str) -> Iterator[Callable[..., Any]]:
    """A function that calls a method of a published client, blocking or awaited, in a process of its own.

    It takes the method's name, as in `services.execute`, and the method's arguments; `client` are the options of the
    client. The answer has `status`, `data`, `path`, and the headers that were `sent` and `received`. An error of the
    client becomes a `RuntimeError` with its name and its words.
    """
    kind = 'Client' if request.param == 'sync' else 'AsyncClient'
    program = Path(__file__).with_name('calls_of_cspark.py')
    usual = {'base_url': runner_url, 'tenant': 'my-tenant', 'token': 'open'}
    with subprocess.Popen(
        [cspark_python, '-I', program, kind],
        env=clean_environment(CSPARK_RUNNER_URL=runner_url),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        to_program, from_program = process.stdin, process.stdout

        def read() -> dict[str, Any]:
            line = from_program.readline()
            assert line, 'the program of the published client ended; its words stand in the captured errors'
            answer: dict[str, Any] = json.loads(line)
            return answer

        def ask(method: str, *arguments: Any, client: dict[str, str] | None = None, **options: Any) -> SimpleNamespace:
            asked = {'method': method, 'client': client or usual, 'arguments': arguments, 'options': options}
            print(json.dumps(asked), file=to_program, flush=True)
            answer = read()
            if 'error' in answer:
                raise RuntimeError(answer['error'])
            return SimpleNamespace(**answer)

        about = read()
        assert about['version'] == VERSION
        assert Path(about['module']).is_relative_to(ENVIRONMENT)
        try:
            yield ask
        finally:
            to_program.close()
            try:
                assert process.wait(timeout=20) == 0
            finally:
                process.kill()
