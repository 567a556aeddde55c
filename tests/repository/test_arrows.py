"""Imports run one way, and the check that says so sees those that do not."""

from __future__ import annotations

from pathlib import Path

import pytest

import check_arrows
import draw_rooms


@pytest.mark.thorough
def test_imports_run_one_way() -> None:
    files = [*check_arrows.SOURCE.rglob('*.py'), *check_arrows.GENERATED.rglob('*.py')]
    assert len(files) > 80
    assert [problem for path in files for problem in check_arrows.problems(path)] == []


@pytest.mark.thorough
def test_the_picture_of_the_rooms_shows_the_imports_as_they_are() -> None:
    assert draw_rooms.PICTURE.read_text(encoding='utf-8') == draw_rooms.draw()


@pytest.mark.parametrize(
    ('file', 'code', 'problem'),
    [
        ('uri.py', 'from ._calls import retry', 'values must not import calls'),
        ('config.py', 'from hybrid_runner_api import Client', 'values must not import generated'),
        ('_codec/json.py', 'from .._many import chunk', 'codec must not import many'),
        ('_calls/retry.py', 'from .._http import limits', 'calls must not import http'),
        ('_calls/retry.py', 'import threading', 'calls must not wait'),
        ('_http/blocking.py', 'from .._client import Client', 'http must not import faces'),
        ('_perform/blocking.py', 'from .._many import chunk', 'perform must not import many'),
        ('_client.py', 'def f() -> None:\n    from .local import LocalRunner', 'faces must not import annex'),
        ('local/engine/pool.py', 'from ..._calls import retry', 'engine must not import calls'),
        ('local/engine/pool.py', 'from ..._client import Client', 'engine must not import faces'),
        ('local/engine/pool.py', 'from ..http.app import RunnerApp', 'engine must not import server'),
        ('local/packages/store.py', 'from ..engine.pool import Pool', 'packages must not import engine'),
        ('_calls/probes.py', 'from hybrid_runner_api.api.runner.get_status import _get_kwargs', 'is private'),
        ('_calls/probes.py', 'PATH = "/api/v3/upload"', 'a path of the API is spelled here'),
    ],
)
def test_the_check_sees_an_arrow_that_runs_back(
    file: str, code: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / 'src' / 'cspark' / 'wasm'
    files = ('_calls/retry.py', '_many/chunk.py', '_http/limits.py', '_client.py', 'local/__init__.py', 'uri.py')
    for name in (*files, 'local/http/app.py', 'local/engine/pool.py', file):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).touch()
    (source / file).write_text(code)
    monkeypatch.setattr(check_arrows, 'SOURCE', source)
    monkeypatch.setattr(check_arrows, 'ROOT', tmp_path)
    assert any(problem in found for found in check_arrows.problems(source / file))
