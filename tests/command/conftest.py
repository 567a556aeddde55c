"""Fixtures of the tests of the command."""

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
    named = ('XDG_CONFIG_HOME', 'NO_COLOR', 'FORCE_COLOR', 'COLUMNS', 'PYTHONUNBUFFERED', 'PORT', 'MODEL_LOCATION')
    for name in (*named, *(one for one in os.environ if one.startswith(('CSPARK_', '_ARGCOMPLETE')))):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('HOME', str(folder))
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """What runs the command in this process."""

    def run_here(*arguments: object) -> Done:
        capsys.readouterr()
        code: object
        try:
            code = main([str(one) for one in arguments])
        except SystemExit as ended:
            code = ended.code
        assert isinstance(code, int)
        printed, errors = capsys.readouterr()
        return Done(code, printed, errors)

    return run_here
