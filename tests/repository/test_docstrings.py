"""The examples in docstrings run, and every public name has a docstring."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

import cspark.wasm
from support.packages import ROOT

MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(cspark.wasm.__path__, 'cspark.wasm.')
    if not found.name.endswith('__main__')
]


@pytest.mark.parametrize('module', [cspark.wasm, *MODULES], ids=lambda module: str(module.__name__))
def test_examples_in_docstrings_run(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize('module', [cspark.wasm, *MODULES], ids=lambda module: str(module.__name__))
def test_every_public_name_says_what_it_is(module: ModuleType) -> None:
    assert inspect.getdoc(module)
    for name, member in vars(module).items():
        if name.startswith('_') or getattr(member, '__module__', None) != module.__name__:
            continue
        assert inspect.getdoc(member), name
        for inner, value in vars(member).items() if inspect.isclass(member) else ():
            if not inner.startswith('_') and (inspect.isfunction(value) or isinstance(value, property)):
                assert inspect.getdoc(getattr(member, inner)), f'{name}.{inner}'
