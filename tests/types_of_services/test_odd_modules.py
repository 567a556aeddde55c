"""Whatever a package says: the module is clean for both type checkers and as formatted as ruff has it."""

from __future__ import annotations

import pytest
from types_of_services.checking import Reports, check_types, ruff
from types_of_services.odd import odd_services

from cspark.wasm.service_types.module import write_module

pytestmark = pytest.mark.thorough

ODD = odd_services()


@pytest.fixture(scope='module')
def reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """What the tools say of all of the modules."""
    folder = tmp_path_factory.mktemp('odd')
    for case, described in ODD.items():
        text = write_module(described)
        try:
            compile(text, case, 'exec')
        except (SyntaxError, ValueError):
            text = 'BROKEN: int = "does not compile"\n'  # mypy would stop at it, and say nothing of the others
        (folder / f'odd_{case}.py').write_text(text, encoding='utf-8', newline='\n')
    return ruff(folder) | check_types(folder)


@pytest.mark.parametrize('tool', ['mypy', 'pyright', 'check', 'format'])
@pytest.mark.parametrize('case', ODD)
def test_an_odd_module_is_clean(case: str, tool: str, reports: Reports) -> None:
    found = reports.get((tool, f'odd_{case}.py'), {})
    # ruff does not know that Python changes some identifiers, and nobody can break a text without a space.
    accepted = {'name_8': 'UP013', 'odd_texts': 'E501'}.get(case, 'nothing')
    assert {line: said for line, said in found.items() if not said.startswith(accepted)} == {}
