"""What is written for the samples: types, limits, defaults, and a version that stays."""

from __future__ import annotations

import inspect
import subprocess
import sys
import typing
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pytest
from command.running import Run
from types_of_services.writing import Module, load, read

from support.packages import CYLINDER, PROJECTION, ROOT, TERM_LIFE, TERM_LIFE_030, only

INPUTS = {
    'birth_date': date | str,
    'start_date': date | str,
    'smoker': Literal['yes', 'no'],
    'sum_assured': float,
    'term_years': int,
    'interest_rate': float,
    'frequency': Literal['annual', 'half-yearly', 'quarterly', 'monthly'],
    'riders': list[dict[str, Any]],
}
SCALARS = {
    'age': float,
    'net_premium': float,
    'annual_premium': float,
    'instalment': float,
    'end_date': str,
    'risk_class': str,
}
TABLES: dict[str, dict[str, Any]] = {
    'rider_premiums': {'rider': str, 'sum_assured': float, 'premium': float},
    'schedule': {'year': float, 'date': str, 'age': float, 'in_force': float, 'reserve': float},
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The cylinder in one version."""
    path = tmp_path / 'cylinder.zip'
    path.write_bytes(only(CYLINDER.read_bytes(), '1.5.0'))
    return path


@pytest.fixture
def term_life(run: Run, tmp_path: Path) -> Module:
    """The module of the term life policy."""
    assert run('types', TERM_LIFE, '-o', tmp_path / 'term_life.py').code == 0
    return read(tmp_path / 'term_life.py')


def row(hint: Any) -> dict[str, Any]:
    """The types of the columns of a table."""
    assert typing.get_origin(hint) is list
    return typing.get_type_hints(typing.get_args(hint)[0])


@pytest.mark.thorough
def test_inputs_have_their_types(term_life: Module) -> None:
    assert term_life.inputs == INPUTS
    assert list(term_life.inputs) == list(INPUTS)


@pytest.mark.thorough
def test_any_input_may_be_left_out_and_no_output(term_life: Module) -> None:
    assert term_life.module.TermLifeInputs.__required_keys__ == frozenset()
    assert term_life.outputs.__optional_keys__ == frozenset()


@pytest.mark.thorough
def test_outputs_have_the_types_of_an_execution_with_the_defaults(term_life: Module) -> None:
    found = term_life.outputs_by_name
    assert set(found) == {*SCALARS, *TABLES}
    assert {name: found[name] for name in SCALARS} == SCALARS
    assert {name: row(found[name]) for name in TABLES} == TABLES


@pytest.mark.thorough
@pytest.mark.parametrize('whole', ['age,year', 'age, year', ' year , age ,'])
def test_whole_numbers_are_told_by_name(run: Run, whole: str) -> None:
    found = load(run('types', TERM_LIFE, '--whole', whole).out).outputs_by_name
    assert [found['age'], found['net_premium']] == [int, float]
    assert row(found['schedule']) == {**TABLES['schedule'], 'age': int, 'year': int}


@pytest.mark.thorough
@pytest.mark.parametrize(
    'said',
    ['1900-01-01', '2044-01-01', '1990-06-15', '10000', '2000000', '250000', '0.1', '0.02', 'monthly', '40', '20'],
)
def test_limits_and_defaults_are_in_its_docstrings(term_life: Module, said: str) -> None:
    start, _, rest = term_life.text.partition('class TermLifeInputs')
    docstrings = rest.partition('\nclass ')[0].split('"""')[1::2]
    assert start
    assert any(said in text for text in docstrings)


@pytest.mark.thorough
def test_outputs_are_open_without_a_probe(run: Run) -> None:
    found = load(run('types', TERM_LIFE, '--no-probe').out)
    assert found.outputs == dict[str, Any]
    assert found.inputs == INPUTS


@pytest.mark.thorough
def test_the_classes_are_named_after_the_service_and_bound_to_its_version(term_life: Module) -> None:
    assert (term_life.blocking.__name__, term_life.awaited.__name__) == ('TermLife', 'AsyncTermLife')
    assert term_life.uri == 'insurance/term-life[0.3.0]'
    assert TERM_LIFE_030 in term_life.text


@pytest.mark.thorough
@pytest.mark.parametrize('method', ['execute', 'execute_many', 'validate'])
def test_both_classes_have_the_same_methods_with_docstrings(term_life: Module, method: str) -> None:
    methods: list[Any] = [vars(one)[method] for one in (term_life.blocking, term_life.awaited)]
    blocking, awaited = methods
    assert inspect.signature(blocking).parameters.keys() == inspect.signature(awaited).parameters.keys()
    assert blocking.__doc__
    assert awaited.__doc__
    assert not inspect.iscoroutinefunction(blocking)
    assert inspect.iscoroutinefunction(awaited) is (method != 'execute_many')


@pytest.mark.thorough
@pytest.mark.parametrize('options', [[], ['--no-probe']], ids=['probed', 'open'])
def test_the_same_package_gives_the_same_text(run: Run, options: list[str]) -> None:
    first, again = (run('types', TERM_LIFE, *options).out for _ in range(2))
    assert first == again
    assert first.endswith('\n')
    assert not any(line != line.rstrip() for line in first.splitlines())


@pytest.mark.thorough
def test_the_example_is_what_is_written(run: Run) -> None:
    example = ROOT / 'examples' / 'term_life.py'
    done = run('types', 'samples/packages/term-life.zip' if Path.cwd() == ROOT else TERM_LIFE, '-o', example, '--check')
    assert (done.code, done.err) == (0, '')
    assert run('types', TERM_LIFE).out == example.read_text(encoding='utf-8')


@pytest.mark.thorough
@pytest.mark.parametrize('options', [[], ['--no-probe'], ['--whole', 'mass,age']], ids=['probed', 'open', 'whole'])
@pytest.mark.parametrize('sample', ['cylinder', TERM_LIFE, PROJECTION], ids=['cylinder', 'term-life', 'projection'])
def test_it_is_formatted_and_clean_as_ruff_sees_it(
    run: Run, tmp_path: Path, package: Path, sample: Path | str, options: list[str]
) -> None:
    path = tmp_path / 'written.py'
    assert run('types', package if sample == 'cylinder' else sample, '-o', path, *options).code == 0
    ruff = [str(Path(sys.executable).parent / 'ruff')]
    for command in (
        ['format', '--isolated', '--diff'],
        ['check', '--isolated', '--no-cache', '--select', 'E,F,I,UP,B', '--line-length', '120'],
    ):
        done = subprocess.run([*ruff, *command, str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
