"""What importing the package and building a client loads: nothing that the caller may never use."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from support.wire import Recorder

HEAVY = [
    *('aiohttp', 'trio', 'pandas', 'numpy', 'polars', 'pyarrow', 'py_mini_racer', 'starlette', 'uvicorn', 'sqlite3'),
    *('cspark.wasm.local', 'tkinter', 'pytest'),
]
SHOW = """
import gc, json, ssl, sys
contexts = [one for one in gc.get_objects() if isinstance(one, ssl.SSLContext)]
print(json.dumps([sorted(sys.modules), len(contexts)]))
"""
BUILT = "hybrid = Hybrid.{}(base_url='{}', tenant='t', token='open')"


def after(code: str) -> tuple[set[str], int]:
    """The modules that a program of its own has loaded, and the TLS contexts that it has built."""
    program = f'import cspark.wasm as Hybrid\n{code}\n{SHOW}'
    command = [sys.executable, '-W', 'error', '-c', program]
    # What measures coverage would be seen as well.
    environment = {name: value for name, value in os.environ.items() if not name.startswith('COVERAGE')}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    modules, contexts = json.loads(done.stdout)
    return set(modules), contexts


@pytest.mark.thorough
@pytest.mark.parametrize('code', ['', BUILT.format('Client', 'http://x'), BUILT.format('AsyncClient', 'http://x')])
def test_nothing_is_loaded_that_a_caller_may_never_use(code: str) -> None:
    modules, contexts = after(code)
    assert modules & set(HEAVY) == set()
    assert contexts == 0


@pytest.mark.thorough
def test_a_blocking_call_of_a_plain_address_needs_no_more(recorder: Recorder) -> None:
    call = "assert hybrid.services.execute('f/s', inputs={'height': 1}).status == 200\nhybrid.close()"
    modules, contexts = after(f'{BUILT.format("Client", recorder.url)}\n{call}')
    assert modules & set(HEAVY) == set()
    assert contexts == 0
    assert len(recorder.received) == 1


@pytest.mark.thorough
@pytest.mark.parametrize(
    ('code', 'loads'),
    [('import aiohttp', 'aiohttp'), ('Hybrid.LocalRunner', 'cspark.wasm.local'), ('import sqlite3', 'sqlite3')],
)
def test_what_is_loaded_is_seen(code: str, loads: str) -> None:
    assert loads in after(code)[0]


@pytest.mark.thorough
def test_a_tls_context_is_seen() -> None:
    assert after('import ssl; held = ssl.create_default_context()')[1] == 1


@pytest.mark.thorough
def test_every_public_name_can_be_asked_for_first() -> None:
    code = 'for name in Hybrid.__all__: getattr(Hybrid, name)\nassert set(Hybrid.__all__) <= set(dir(Hybrid))'
    modules, _ = after(code)
    assert 'cspark.wasm._client' in modules
