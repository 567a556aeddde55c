"""An input name that a service does not have is told, with the name that may be meant."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from support.calls import Api, Json, serving
from support.packages import CYLINDER, change, change_models, insert, only, replace


@pytest.fixture(scope='module')
def api() -> Iterator[Api]:
    """A runner with the cylinder."""
    with serving(CYLINDER) as started:
        yield started


def told(warnings: list[Json] | None) -> list[str]:
    """The warnings of names that the service does not have."""
    messages: list[str] = [warning['message'] for warning in warnings or ()]
    return [text for text in messages if text.startswith('The service has no input')]


@pytest.mark.parametrize(
    ('inputs', 'expected'),
    [
        ({'heigth': 1}, ["The service has no input 'heigth'; its value is not used. Did you mean 'height'?"]),
        ({'HEIGTH': 1}, ["The service has no input 'HEIGTH'; its value is not used. Did you mean 'height'?"]),
        ({'premium': 1}, ["The service has no input 'premium'; its value is not used."]),
        ({'height': 1, 'RADIUS': 2, 'Density': 3}, []),
        ({'height ': 1}, ["The service has no input 'height '; its value is not used. Did you mean 'height'?"]),
        ({}, []),
    ],
    ids=str,
)
def test_an_unknown_name_is_a_warning_of_its_record(api: Api, inputs: Json, expected: list[str]) -> None:
    assert told(api.execute(inputs)['response_data']['warnings']) == expected
    many = api.many([{'height': 1, 'radius': 1, 'density': 1}, inputs])['warnings']
    assert [told(warnings) for warnings in many] == [[], expected]


def test_columns_are_names_too(api: Api) -> None:
    many = api.many([['height', 'radus'], [1, 2], [3, 4]])['warnings']
    assert [len(told(warnings)) for warnings in many] == [1, 1]


def test_a_warning_names_its_input_and_does_not_repeat_a_novel(api: Api) -> None:
    name = 'x' * 5000
    (warning,) = [w for w in api.execute({name: 1})['response_data']['warnings'] if w['source_path'] == name]
    assert len(warning['message']) < 200


@pytest.mark.thorough
def test_the_vendors_engine_says_nothing_of_them() -> None:
    with serving(CYLINDER, strict_vendor=True) as api:
        assert told(api.execute({'heigth': 1})['response_data']['warnings']) == []
        assert told(api.many([{'heigth': 1}])['warnings'][0]) == []


@pytest.mark.thorough
def test_nothing_is_said_where_the_package_does_not_know_the_names() -> None:
    def edit(files: dict[str, bytes]) -> None:
        replace('DefaultValidations.json', None)(files)
        (path,) = [name for name in files if name.endswith('ModelMetaData.json')]
        description: dict[str, Any] = json.loads(files[path])
        files[path] = json.dumps(description | {'XInputTable': None}).encode()

    package = change(only(CYLINDER.read_bytes(), '1.5.0'), edit)
    with serving(change_models(package, replace('DefaultValidations.json', None))) as api:
        assert told(api.execute({'heigth': 1})['response_data']['warnings']) == []


@pytest.mark.thorough
def test_models_of_old_compilers_take_names_only_as_they_are_written() -> None:
    log = insert('cylinder_CompilerLog.json', b'{"CompilerVersion": "1.3.7"}')
    with serving(change_models(CYLINDER.read_bytes(), log)) as api:
        assert told(api.execute({'HEIGHT': 1})['response_data']['warnings']) == [
            "The service has no input 'HEIGHT'; its value is not used. Did you mean 'height'?"
        ]
