"""Whatever a package says: the module is Python, and names arrive as they were."""

from __future__ import annotations

import typing
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, example, given, settings
from types_of_services.odd import BUILT_IN, KINDS, NAMES, OPTIONS, SERVICES, TABLES, TEXTS, choice, odd_services
from types_of_services.writing import keys_in, keys_of, service, written

from cspark.wasm.service_types.module import write_module

ODD = odd_services()
TEXT = (
    st.text(min_size=1, max_size=12)
    | st.sampled_from([*NAMES, *BUILT_IN])
    | st.text('_aA1\\"\'\n .', min_size=1, max_size=6)
)
CHOICES = st.lists(
    st.text(max_size=6) | st.integers() | st.booleans() | st.floats(allow_nan=False) | st.none(), max_size=5
)
RULES = st.sampled_from(KINDS) | CHOICES.map(choice)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6
)


@pytest.mark.parametrize('case', ODD)
def test_an_odd_service_has_a_module_with_its_names(case: str) -> None:
    module = written(ODD[case])
    assert list(module.inputs) == [one.name for one in ODD[case].inputs]
    assert keys_in(module.outputs, ODD[case].outputs) == keys_of(ODD[case].outputs)


@pytest.mark.thorough
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    rules=st.dictionaries(TEXT, RULES, max_size=4),
    outputs=st.dictionaries(TEXT, VALUES, max_size=4),
    name=TEXT | st.sampled_from(SERVICES),
    text=st.text(max_size=20) | st.sampled_from(TEXTS),
)
@example(rules={'__a': {}}, outputs={'__b': 1}, name='x', text='\\')
@example(rules={}, outputs={'a b': [{'c': 1}], 'a-b': [{'d': 1}]}, name='x', text='')
def test_any_service_has_a_module_with_its_names(
    rules: dict[str, Any], outputs: dict[str, Any], name: str, text: str
) -> None:
    described = service(rules, outputs, name=name, text=text, texts=dict.fromkeys(rules, text))
    module = written(described)
    assert list(module.inputs) == list(rules)
    assert list(module.outputs_by_name) == list(outputs)
    assert keys_in(module.outputs, outputs) == keys_of(outputs)
    assert write_module(described) == module.text


@pytest.mark.parametrize('options', OPTIONS, ids=repr)
@pytest.mark.parametrize('name', ['frequency', 'the frequency'])
def test_choices_are_a_literal_where_they_can_be(options: list[Any], name: str) -> None:
    hint = written(service({name: choice(options)})).inputs[name]
    fit = bool(options) and all(type(one) in (str, int, bool) for one in options) and 10**30 not in options
    assert (typing.get_origin(hint) is typing.Literal) == fit
    if fit:
        assert [repr(one) for one in typing.get_args(hint)] == list(dict.fromkeys(map(repr, options)))


@pytest.mark.parametrize(
    ('rule', 'expected'),
    [
        ({'validation_type': 'whole_number', 'default_value': 1}, int),
        ({'validation_type': 'decimal', 'default_value': 1}, float),
        ({'validation_type': 'decimal', 'default_value': None}, float),
        ({'validation_type': 'list', 'options': [0.5, 1.5], 'default_value': 0.5}, float),
        ({'validation_type': 'text_length', 'default_value': 'x'}, str),
        ({'default_value': 'x'}, str),
        ({'default_value': True}, bool),
        ({}, Any),
    ],
    ids=str,
)
def test_an_input_has_the_type_that_its_rule_says(rule: dict[str, Any], expected: Any) -> None:
    assert written(service({'one': rule})).inputs['one'] == expected


@pytest.mark.parametrize('name', ['riders', 'the riders'])
def test_a_table_is_a_list_of_records(name: str) -> None:
    assert written(service({name: {}}, tables=(name,))).inputs[name] == list[dict[str, Any]]


@pytest.mark.parametrize(
    ('value', 'expected'),
    [
        (1, float),
        (1.5, float),
        (True, bool),
        ('2026-01-01', str),
        (None, Any),
        ([], list[Any]),
        ([1, 2.5], list[float]),
    ],
    ids=repr,
)
@pytest.mark.parametrize('name', ['one', 'the one'])
def test_an_output_has_the_widened_type_of_its_value(name: str, value: object, expected: Any) -> None:
    assert written(service(outputs={name: value})).outputs_by_name[name] == expected


def test_a_cell_that_is_empty_in_one_row_has_the_type_of_another() -> None:
    hint = written(service(outputs={'schedule': TABLES['schedule']})).outputs_by_name['schedule']
    found = typing.get_type_hints(typing.get_args(hint)[0])
    assert found['year'] is float
    assert str in (found['note'], *typing.get_args(found['note']))


@pytest.mark.parametrize('text', [text for text in TEXTS if len(text.strip()) > 1], ids=repr)
def test_descriptions_are_told_as_they_are(text: str) -> None:
    module = written(service({'height': KINDS[0]}, texts={'height': text}, text=text))
    said = ' '.join(text.replace('\x00', ' ').split()).rstrip('.')
    if '"""' not in text and '\x00' not in text:
        assert said.rstrip('"\\') in ' '.join((module.module.__doc__ or '').split())
    assert 'default' in module.text
