"""Keyword arguments: misspelt names and values are errors that say what is accepted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cspark.wasm as Hybrid
from cspark.wasm import options
from support.wire import Recorder

KINDS: Final = [Hybrid.ClientOptions, Hybrid.ExecuteOptions, Hybrid.ValidateOptions, Hybrid.StaticOptions]
URI: Final = 'f/s'


@pytest.mark.parametrize(
    ('kind', 'name', 'words'),
    [
        (
            Hybrid.ExecuteOptions,
            'input',
            "execute has no argument 'input'; did you mean 'inputs'? It takes active_since, ",
        ),
        (Hybrid.ExecuteOptions, 'xyz', "execute has no argument 'xyz'. It takes active_since, call_purpose, "),
        (
            Hybrid.ClientOptions,
            'baseurl',
            "execute has no argument 'baseurl'; did you mean 'base_url'? It takes api_key",
        ),
    ],
)
def test_a_misspelt_argument_is_named_with_the_one_that_is_meant(kind: type[Any], name: str, words: str) -> None:
    with pytest.raises(Hybrid.SparkSdkError) as caught:
        options.check_options('execute', {'timeout': 1, name: 1}, kind)
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize('kind', KINDS)
def test_every_argument_that_is_documented_is_taken(kind: type[Any]) -> None:
    names = kind.__optional_keys__ | kind.__required_keys__
    assert {'timeout', 'max_retries'} <= names
    options.check_options('any', dict.fromkeys(names), kind)


def test_a_client_and_its_verbs_refuse_what_they_do_not_have(recorded: Hybrid.Client, recorder: Recorder) -> None:
    calls: dict[str, Callable[[Any], Any]] = {
        'services.execute': lambda wrong: recorded.services.execute(URI, **wrong),
        'services.validate': lambda wrong: recorded.services.validate(URI, **wrong),
        'services.get_metadata': lambda wrong: recorded.services.get_metadata(URI, **wrong),
        'services.upload': lambda wrong: recorded.services.upload(b'zip', **wrong),
        'check_health': lambda wrong: recorded.health.check(**wrong),
        'with_options': lambda wrong: recorded.with_options(**wrong),
        'a static method': lambda wrong: Hybrid.Client.health_check(recorder.url, **wrong),
        'Client': lambda wrong: Hybrid.Client(**wrong),
    }
    for method, call in calls.items():
        with pytest.raises(Hybrid.SparkSdkError, match=f"^{method} has no argument 'time_out'; did you mean 'timeout'"):
            call({'time_out': 5})
    assert recorder.received == []


CHOICES: list[tuple[str, str]] = [
    ('response_format', "response_format must be one of 'alike', 'original', not "),
    ('encoding', "encoding must be one of 'gzip', 'deflate', not "),
    ('compiler_type', "compiler_type must be one of 'Neuron', 'Type3', 'Type2', 'Type1', 'Xconnector', not "),
    ('nan', "nan must be one of 'null', 'error', not "),
    ('validation_type', "validation_type must be one of 'static', 'dynamic', not "),
]


@pytest.mark.parametrize(('name', 'words'), CHOICES)
@pytest.mark.parametrize('value', ['zip', '', 7, ['gzip'], True])
def test_a_misspelt_value_is_an_error_that_names_the_accepted_ones(
    recorded: Hybrid.Client, recorder: Recorder, name: str, words: str, value: Any
) -> None:
    call = recorded.services.validate if name == 'validation_type' else recorded.services.execute
    wrong: Any = {name: value}
    with pytest.raises(Hybrid.SparkSdkError) as caught:
        call('version/id', **wrong)
    assert str(caught.value) == words + repr(value)
    assert recorder.received == []


@pytest.mark.parametrize('accepted', ['alike', 'ALIKE', ' Alike '])
def test_a_value_is_taken_in_any_case(accepted: str) -> None:
    assert options.one_of('response_format', accepted, ('alike', 'original')) == 'alike'
    assert options.one_of('response_format', None, ('alike',)) is None


TEXTS: list[tuple[Any, str | None]] = [
    (None, None),
    ('', None),
    ('x', 'x'),
    (date(2026, 1, 31), '2026-01-31'),
    (datetime(2026, 1, 31, 12, 30, tzinfo=UTC), '2026-01-31T12:30:00+00:00'),
]


@pytest.mark.parametrize(('value', 'found'), TEXTS)
def test_text_is_text_or_a_date(value: Any, found: str | None) -> None:
    assert options.text('active_since', value) == found


@pytest.mark.parametrize('value', [7, True, b'x', ['x']])
def test_what_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(Hybrid.SparkSdkError, match=f'^active_since must be text, not {type(value).__name__}$'):
        options.text('active_since', value)


NAMES: list[tuple[Any, str | None]] = [
    (None, None),
    ('', None),
    ('a, b', 'a, b'),
    ([], None),
    (['a', 'b'], 'a,b'),
    (('a',), 'a'),
    ({'a'}, 'a'),
    (frozenset(['a']), 'a'),
]


@pytest.mark.parametrize(('value', 'found'), NAMES)
def test_names_are_joined_with_commas(value: Any, found: str | None) -> None:
    assert options.joined('selected_outputs', value) == found


@pytest.mark.parametrize('value', [7, True, b'ab', ['a', 7], {'a': 1}])
def test_what_are_no_names_is_refused(value: Any) -> None:
    with pytest.raises(Hybrid.SparkSdkError, match=r'^selected_outputs must be a list of names or a comma-separated'):
        options.joined('selected_outputs', value)


@pytest.mark.thorough
@given(st.text(), st.sampled_from(KINDS))
def test_any_name_is_known_or_an_error_with_the_names_that_are(name: str, kind: type[Any]) -> None:
    known = kind.__optional_keys__ | kind.__required_keys__
    if name in known:
        options.check_options('any', {name: 1}, kind)
        return
    with pytest.raises(Hybrid.SparkSdkError) as caught:
        options.check_options('any', {name: 1}, kind)
    assert str(caught.value).endswith(f' It takes {", ".join(sorted(known))}')
