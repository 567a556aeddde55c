"""No secret is shown by an object, by what an error shows, or by an error about pickling."""

from __future__ import annotations

import importlib
import pickle
import ssl
import traceback
from typing import Any

import pytest

import cspark.wasm as Hybrid
from support.many import URI, Squares, of_side

pa: Any = importlib.import_module('pyarrow')

SECRET = 'sk-' + 'live' + '-4711-0815'


def hide() -> str:
    return SECRET


GIVEN: dict[str, dict[str, Any]] = {
    'token': {'token': SECRET},
    'key': {'api_key': SECRET, 'token': None},
    'header': {'token': 'open', 'headers': {'Authorization-Of-Gateway': SECRET}},
    'function': {'token': hide},
}


def made(url: Any, **options: Any) -> Hybrid.Batches:
    settings: dict[str, Any] = {'tenant': 'my-tenant', 'outputs': {'area': 'integer'}, 'max_retries': 0, **options}
    return Hybrid.Batches(URI, base_url=url, **settings)


def safely(value: object) -> str:
    """The text of a value, if it has one: there is a test of its own for an object that has none."""
    try:
        return repr(value)
    except AttributeError:
        return ''


def shown(error: BaseException | None, above: str = 'cspark') -> str:
    """An error as error reports show it, with the local variables of this package."""
    lines: list[str] = []
    while error is not None:
        lines.append(str(error) + repr(error) + repr(error.args))
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if above in frame.f_code.co_filename and 'tests' not in frame.f_code.co_filename:
                lines.extend(map(safely, frame.f_locals.values()))
        error = error.__cause__ or error.__context__
    return '\n'.join(lines)


@pytest.mark.parametrize('kind', GIVEN)
def test_the_object_shows_none(squarer: Squares, kind: str) -> None:
    batches = made(squarer.url, **GIVEN[kind])
    actor = batches.actor
    for text in (repr(batches), str(batches), repr(vars(batches)), repr(actor), repr(actor()), repr(vars(actor))):
        assert SECRET not in text
    batches.close()


@pytest.mark.thorough
@pytest.mark.parametrize('kind', GIVEN)
@pytest.mark.parametrize('status', [401, 500, 503, 0])
def test_a_call_that_fails_shows_none(squarer: Squares, kind: str, status: int) -> None:
    squarer.poison, squarer.status = of_side(1), status
    if status == 503:
        squarer.poison, squarer.status = of_side(1), 400
    with made(squarer.url, **GIVEN[kind]) as batches, pytest.raises(Hybrid.SparkError) as caught:
        batches(pa.table({'side': [0, 1]}))
    assert SECRET not in shown(caught.value)


WRONG: list[dict[str, Any]] = [
    {'outputs': {}},
    {'outputs': {'area': 'float'}},
    {'on_error': 'x'},
    {'concurrency': 'x'},
    {'keep': 5},
    {'no_such_option': 1},
    {'verify': ssl.create_default_context()},
    {'package': 'no-such-file.zip'},
    {'instances': 0},
    {'timeout': 'x'},
]


@pytest.mark.parametrize('wrong', WRONG, ids=lambda wrong: next(iter(wrong)))
@pytest.mark.parametrize('kind', GIVEN)
def test_a_wrong_argument_shows_none(squarer: Squares, kind: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(Hybrid.SparkError) as caught:
        made(squarer.url, **{**GIVEN[kind], **wrong})
    assert SECRET not in shown(caught.value)


ADDRESSES: list[Any] = [
    f'http://user:{SECRET}@127.0.0.1:9/my-tenant',
    [f'http://user:{SECRET}@127.0.0.1:9'],
    ['http://127.0.0.1:9', f'http://user:{SECRET}@127.0.0.1:9'],
    (f'ftp://user:{SECRET}@127.0.0.1:9',),
    [[f'http://user:{SECRET}@127.0.0.1:9']],
    {f'http://user:{SECRET}@127.0.0.1:9'},
    [{'url': f'http://user:{SECRET}@127.0.0.1:9'}],
]


@pytest.mark.parametrize('number', range(len(ADDRESSES)))
def test_an_address_with_a_password_shows_none(number: int) -> None:
    with pytest.raises(Hybrid.SparkError) as caught:
        made(ADDRESSES[number], token='open')
    assert SECRET not in shown(caught.value)


def test_a_function_that_cannot_be_pickled_is_an_error_without_secrets(squarer: Squares) -> None:
    batches = made(squarer.url, token=lambda: SECRET, headers={'Of-Gateway': SECRET})
    with pytest.raises((Hybrid.SparkError, pickle.PicklingError, AttributeError)) as caught:
        pickle.dumps(batches)
    assert SECRET not in shown(caught.value)


def test_a_context_of_ssl_is_refused_with_what_to_give_instead(squarer: Squares) -> None:
    with pytest.raises(Hybrid.SparkConfigError, match='path of a file'):
        made(squarer.url, token='open', verify=ssl.create_default_context())


def test_credentials_travel_in_pickles(squarer: Squares) -> None:
    copy = pickle.loads(pickle.dumps(made(squarer.url, token=SECRET)))
    with copy:
        assert copy(pa.table({'side': [2]})).column('area').to_pylist() == [4]
    assert SECRET not in repr(copy)


def test_an_object_that_was_not_made_can_be_shown_in_a_traceback() -> None:
    with pytest.raises(Hybrid.SparkError) as caught:
        made(5, token='open')
    text = ''.join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert 'base_url' in text
