"""Which stub a call finds, by every kind of name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import cspark.wasm as Hybrid
from cspark.wasm.testing import Stub

Stubs = Callable[..., Stub]
ONE: dict[str, Any] = {'n': 1}
WAYS: tuple[Any, ...] = (ONE, [ONE, ONE])
"""The inputs of a call of version 3, and of one of version 4."""

both_versions_of_the_api = pytest.mark.parametrize('inputs', WAYS, ids=['v3', 'v4'])


def says(word: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A function that says a word."""
    return lambda inputs: {'word': word}


def words(client: Hybrid.Client, uri: Any, inputs: Any) -> set[str]:
    """What the service of that name says."""
    return {output['word'] for output in client.services.execute(uri, inputs=inputs).raise_for_errors().outputs}


@pytest.fixture
def versions(cspark_stub: Stubs) -> list[Stub]:
    """Two versions of a service, of which the last one added is the newest, and another service beside them."""
    return [
        cspark_stub('shapes/square[2.0.0]', says('two')),
        cspark_stub('shapes/square[1.0.0]', says('one')),
        cspark_stub('solids/square[9.0.0]', says('solid')),
    ]


@both_versions_of_the_api
@pytest.mark.parametrize(
    ('uri', 'word'),
    [
        ('shapes/square', 'one'),
        ('folders/shapes/services/square', 'one'),
        ('shapes/square[1.0.0]', 'one'),
        ('shapes/square[2.0.0]', 'two'),
        ('solids/square', 'solid'),
        (Hybrid.UriParams('shapes', 'square', version='2.0.0'), 'two'),
    ],
    ids=str,
)
def test_a_name_finds_its_version_or_the_last_one_added(
    versions: list[Stub], stubbed: Hybrid.Client, inputs: Any, uri: Any, word: str
) -> None:
    assert words(stubbed, uri, inputs) == {word}


@both_versions_of_the_api
def test_ids_find_a_version_and_the_newest_of_a_service(
    versions: list[Stub], stubbed: Hybrid.Client, inputs: Any
) -> None:
    two, one, solid = versions
    assert one.service_id == two.service_id != solid.service_id
    assert len({stub.version_id for stub in versions}) == 3
    for stub, word in zip(versions, ('two', 'one', 'solid'), strict=True):
        assert words(stubbed, f'version/{stub.version_id}', inputs) == {word}
    assert words(stubbed, f'service/{two.service_id}', inputs) == {'one'}
    assert words(stubbed, f'service/{solid.service_id}', inputs) == {'solid'}
    assert [len(stub.calls) for stub in versions] == [1, 2, 2]


def test_the_id_of_a_service_takes_a_version_too(versions: list[Stub], stubbed: Hybrid.Client) -> None:
    two, one, _ = versions
    assert words(stubbed, f'service/{one.service_id}[1.0.0]', ONE) == {'one'}
    assert words(stubbed, f'service/{two.service_id}[2.0.0]', ONE) == {'two'}


@both_versions_of_the_api
def test_a_replaced_stub_is_not_called_any_more(cspark_stub: Stubs, stubbed: Hybrid.Client, inputs: Any) -> None:
    before = cspark_stub('shapes/square', says('before'))
    assert words(stubbed, 'shapes/square', inputs) == {'before'}
    after = cspark_stub('shapes/square', says('after'))
    assert words(stubbed, 'shapes/square', inputs) == {'after'}
    assert words(stubbed, f'version/{before.version_id}', inputs) == {'after'}
    assert (len(before.calls), len(after.calls)) == (1, 2)


@both_versions_of_the_api
@pytest.mark.parametrize(
    'uri',
    ['my folder/my service', 'ordner/größe', 'folder/a+b&c?d#e', 'folder/50%', 'folder/a/b', 'folder/name[x][1.0.0]'],
)
def test_names_hold_any_character(cspark_stub: Stubs, stubbed: Hybrid.Client, inputs: Any, uri: str) -> None:
    stub = cspark_stub(uri, says('here'))
    assert words(stubbed, uri, inputs) == {'here'}
    assert len(stub.calls) == 1


@both_versions_of_the_api
@pytest.mark.parametrize(
    'uri',
    [
        'shapes/circle',
        'shapes/square[3.0.0]',
        'version/3a5f8a8e-6d0e-4f67-9b5e-0c2f3c6b1d10',
        'service/3a5f8a8e-6d0e-4f67-9b5e-0c2f3c6b1d10',
    ],
)
def test_an_unknown_service_is_not_found_and_the_stubs_are_named(
    versions: list[Stub], stubbed: Hybrid.Client, inputs: Any, uri: str
) -> None:
    with pytest.raises(Hybrid.NotFoundError) as caught:
        stubbed.services.execute(uri, inputs=inputs)
    assert caught.value.status == 404
    assert 'shapes/square' in f'{caught.value.message} {caught.value.details}'
    assert [stub.calls for stub in versions] == [[], [], []]


@pytest.mark.parametrize('verb', ['validate', 'get_metadata'])
def test_an_unknown_service_has_no_rules_and_no_metadata(
    versions: list[Stub], stubbed: Hybrid.Client, verb: str
) -> None:
    with pytest.raises(Hybrid.NotFoundError):
        getattr(stubbed.services, verb)('version/3a5f8a8e-6d0e-4f67-9b5e-0c2f3c6b1d10')


@both_versions_of_the_api
def test_without_any_stub_nothing_is_found(stubbed: Hybrid.Client, inputs: Any) -> None:
    with pytest.raises(Hybrid.NotFoundError):
        stubbed.services.execute('shapes/square', inputs=inputs)


@pytest.mark.parametrize('uri', ['square', '', 'service/3a5f8a8e-6d0e-4f67-9b5e-0c2f3c6b1d10', 'shapes/..'])
def test_a_stub_needs_a_folder_and_a_name(cspark_stub: Stubs, uri: str) -> None:
    with pytest.raises(Hybrid.SparkSdkError):
        cspark_stub(uri, says('nothing'))
