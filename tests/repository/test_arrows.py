"""Imports run one way, and the check that says so sees those that do not."""

from __future__ import annotations

from pathlib import Path

import pytest

import check_arrows


def test_imports_run_one_way() -> None:
    files = [*check_arrows.SOURCE.rglob('*.py'), *check_arrows.GENERATED.rglob('*.py')]
    assert len(files) > 80
    assert [problem for path in files for problem in check_arrows.problems(path)] == []


@pytest.mark.parametrize(
    ('file', 'code', 'problem'),
    [
        ('uri.py', 'from ._flows import retry', 'values must not import flows'),
        ('config.py', 'from hybrid_runner_api import Client', 'values must not import generated'),
        ('_flows/retry.py', 'from .._http import limits', 'flows must not import http'),
        ('_flows/retry.py', 'import threading', 'flows must not wait'),
        ('_http/blocking.py', 'from .._client import Client', 'http must not import faces'),
        ('_client.py', 'def f() -> None:\n    from .local import LocalRunner', 'faces must not import annex'),
        ('local/pool.py', 'from .._flows import flow', 'annex must not import flows'),
        ('local/pool.py', 'from .._client import Client', 'annex must not import faces'),
        ('_flows/probes.py', 'from hybrid_runner_api.api.runner.get_status import _get_kwargs', 'is private'),
        ('_flows/probes.py', 'PATH = "/api/v3/upload"', 'a path of the API is spelled here'),
    ],
)
def test_the_check_sees_an_arrow_that_runs_back(
    file: str, code: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / 'src' / 'cspark' / 'wasm'
    for name in ('_flows/retry.py', '_http/blocking.py', 'local/pool.py', '_client.py', 'uri.py', file):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).touch()
    (source / file).write_text(code)
    monkeypatch.setattr(check_arrows, 'SOURCE', source)
    monkeypatch.setattr(check_arrows, 'ROOT', tmp_path)
    assert any(problem in found for found in check_arrows.problems(source / file))
