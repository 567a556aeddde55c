"""A package's script is a stranger's program: one that does not become a model is refused, and V8 gives it nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from support.calls import Api, message, serving
from support.models import record, scripted
from support.packages import CYLINDER, change_models, change_script, only, replace

GOOD: Final = only(CYLINDER.read_bytes(), '1.5.0')

SCRIPTS: Final[dict[str, tuple[str, str]]] = {
    'throws': ('throw new Error("no licence")', 'cannot be loaded as a model: .*no licence'),
    'throws text': ('throw "no licence"', 'cannot be loaded as a model: .*no licence'),
    'throws null': ('throw null', 'cannot be loaded as a model'),
    'is no JavaScript': ('var Module = (', 'cannot be loaded as a model: .*SyntaxError'),
    'needs Node': ('var Module = require("fs")', 'cannot be loaded as a model: .*require is not defined'),
    'is empty': ('', 'cannot be loaded as a model: .*Module is not defined'),
    'builds no model': ('var Module = 7', 'cannot be loaded as a model: .*Module is not a function'),
    'builds no promise': ('var Module = () => ({})', 'cannot be loaded as a model'),
    'builds an empty model': ('var Module = async () => ({})', 'cannot be loaded as a model: .*_construct'),
    'builds nothing': ('var Module = async () => null', 'cannot be loaded as a model'),
    'breaks its promise': (
        'var Module = () => Promise.reject(new Error("no licence"))',
        'cannot be loaded as a model: .*no licence',
    ),
    'never ends': ('for (;;) {}', 'does not end within 1 s when it is loaded'),
    'never ends when it is called': ('var Module = () => { for (;;) {} }', 'does not end within 1 s'),
    'never ends later': ('var Module = async () => { await null; for (;;) {} }', 'does not end within 1 s'),
    'never keeps its promise': ('var Module = () => new Promise(() => {})', 'does not end within 1 s'),
    'recurses': ('const f = () => f() + 1; f()', 'cannot be loaded as a model: .*Maximum call stack'),
}
CHANGES: Final[dict[str, tuple[str, str]]] = {
    'a workbook that throws': (
        'model._construct = () => { throw new Error("no cells") }',
        'cannot be loaded.*no cells',
    ),
    'a workbook that never ends': ('model._construct = () => { for (;;) {} }', 'does not end within 1 s'),
}


def wrapped(change: str, script: str) -> str:
    """A script whose model is changed after it was built."""
    return (
        script + f'; {{ const make = Module; Module = (o) => make(o).then((model) => {{ {change}; return model }}) }}'
    )


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where uploads are kept."""
    return tmp_path_factory.mktemp('packages')


@pytest.fixture(scope='module')
def empty(folder: Path) -> Iterator[Api]:
    """A runner without packages that waits a second for a script."""
    with serving(packages_dir=folder, timeout=1) as api:
        yield api


@pytest.mark.thorough
@pytest.mark.parametrize(
    ('package', 'words'),
    [
        *((change_models(GOOD, replace('.js', script.encode())), words) for script, words in SCRIPTS.values()),
        *((change_script(GOOD, partial(wrapped, change)), words) for change, words in CHANGES.values()),
    ],
    ids=[*SCRIPTS, *CHANGES],
)
def test_a_script_that_becomes_no_model_is_refused_and_nothing_of_it_is_kept(
    empty: Api, folder: Path, package: bytes, words: str
) -> None:
    answer = empty.upload(package)
    assert answer.status_code == 422
    assert re.search(f"'_cylinder.js' {words}", message(answer))
    assert list(folder.iterdir()) == []
    assert empty.models() == {}


@pytest.mark.thorough
def test_a_script_has_no_files_no_network_and_no_processes() -> None:
    names = 'require process module fetch XMLHttpRequest WebSocket importScripts Deno Bun read load quit os std Worker'
    seen = ', '.join(f'{name}: typeof {name}' for name in names.split())
    with serving(scripted()) as api:
        kinds = api.outputs(record(f'outputs({{{seen}}})'), 'shapes/scripted')
    assert set(kinds.values()) == {'undefined'}


@pytest.mark.thorough
def test_what_a_script_does_to_the_language_does_not_reach_the_runner_or_another_package() -> None:
    spoilt = """
        Uint8Array.prototype.set = ArrayBuffer.prototype.slice = JSON.parse = () => { throw new Error('spoilt') }
        Date.now = () => NaN; globalThis.Uint8Array = globalThis.Int32Array = null; globalThis.engine = null
    """
    with serving(CYLINDER) as api:
        api.upload(change_script(GOOD, lambda script: script + spoilt))
        before = api.outputs({'height': 1, 'radius': 1}, version='1.4')
        assert before['volume'] == pytest.approx(3.141592653589793)
