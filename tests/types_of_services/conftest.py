"""Fixtures of the tests of typed services."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from command.running import Done, Run

from cspark.wasm.cli.main import main


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home without profiles, and an environment that says nothing about the command."""
    folder = tmp_path_factory.mktemp('home')
    for name in [one for one in os.environ if one.startswith(('CSPARK_', '_ARGCOMPLETE', 'XDG_CONFIG'))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv('HOME', str(folder))
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """What runs the command in this process."""

    def run_here(*arguments: object) -> Done:
        capsys.readouterr()
        code = main([str(one) for one in arguments])
        printed, errors = capsys.readouterr()
        return Done(code, printed, errors)

    return run_here
