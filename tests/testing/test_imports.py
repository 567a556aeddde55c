"""A suite that does not use the fixtures imports nothing for them."""

from __future__ import annotations

import importlib.metadata
import json
import sys

import pytest
from testing.suites import Suite

PLUGIN = 'cspark.wasm.pytest_plugin'
LATER = (
    'httpx',
    'httpcore',
    'attr',
    'attrs',
    'orjson',
    'anyio',
    'httptools',
    'isal',
    'narwhals',
    'dateutil',
    'idna',
    'hybrid_runner_api',
    'py_mini_racer',
    'starlette',
    'uvicorn',
    'msgspec',
    'psutil',
    'cspark.wasm.testing',
    'cspark.wasm.local',
    'cspark.wasm._client',
    'cspark.wasm._async_client',
    'cspark.wasm._codec',
    'cspark.wasm._http',
    'cspark.wasm._perform',
    'cspark.wasm._many',
    'cspark.wasm._calls',
    'cspark.wasm.errors',
    'cspark.wasm.config',
    'cspark.wasm.options',
    'cspark.wasm.uri',
    'cspark.wasm.cli',
)
ALONE = [f'-pno:{one.name}' for one in importlib.metadata.entry_points(group='pytest11') if one.name != 'cspark']
"""Other plugins import what they like."""

CONFTEST = """
    import json
    import pathlib
    import sys

    def pytest_sessionfinish():
        pathlib.Path('modules.json').write_text(json.dumps(sorted(sys.modules)))
"""


def modules_of(suite: Suite, *arguments: str) -> set[str]:
    """What is imported at the end of a suite."""
    suite.write('conftest.py', CONFTEST)
    suite.write('pytest.ini', '[pytest]\n')
    suite.passes(1, *ALONE, *arguments)
    found: list[str] = json.loads((suite.folder / 'modules.json').read_text(encoding='utf-8'))
    return set(found)


@pytest.fixture
def plain(suite: Suite) -> Suite:
    """A suite that knows nothing of the fixtures."""
    suite.write('test_plain.py', 'def test_plain():\n    assert 1 + 1 == 2\n')
    return suite


def test_the_plugin_is_an_entry_point_of_pytest() -> None:
    found = {one.value for one in importlib.metadata.entry_points(group='pytest11')}
    assert PLUGIN in found


@pytest.mark.parametrize('name', LATER)
def test_no_module_is_loaded_that_no_fixture_needed(loaded: set[str], name: str) -> None:
    assert not [one for one in loaded if one == name or one.startswith(f'{name}.')]


def test_the_plugin_is_loaded_without_being_named(loaded: set[str]) -> None:
    assert PLUGIN in loaded


@pytest.mark.thorough
def test_the_plugin_adds_modules_of_its_own_and_of_the_standard_library_alone(plain: Suite) -> None:
    added = modules_of(plain) - modules_of(plain, '-pno:cspark')
    others = {one.partition('.')[0] for one in added} - set(sys.stdlib_module_names)
    assert others == {'cspark'}


@pytest.fixture(scope='module')
def loaded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What is imported at the end of a suite that knows nothing of the fixtures."""
    suite = Suite(tmp_path_factory.mktemp('plain'))
    suite.write('test_plain.py', 'def test_plain():\n    assert 1 + 1 == 2\n')
    return modules_of(suite)
