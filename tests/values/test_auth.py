"""Credentials as values: which header they become, and that nothing shows them."""

from __future__ import annotations

import copy
import pickle
import re
import traceback
from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import cspark.wasm as Hybrid
from cspark.wasm import Authorization

HEADERS: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({'token': 'open'}, {}),
    ({'api_key': 'open'}, {}),
    ({'token': 'open', 'api_key': 'k'}, {}),
    ({'token': 't', 'api_key': 'open'}, {}),
    ({'token': 'OPEN'}, {'Authorization': 'Bearer OPEN'}),
    ({'api_key': 'Open'}, {'x-synthetic-key': 'Open'}),
    ({'token': 'opened'}, {'Authorization': 'Bearer opened'}),
    ({'token': 't'}, {'Authorization': 'Bearer t'}),
    ({'token': ' t\n'}, {'Authorization': 'Bearer t'}),
    ({'token': 'Bearer t'}, {'Authorization': 'Bearer t'}),
    ({'token': 'bEARER   t'}, {'Authorization': 'Bearer t'}),
    ({'token': 'Bearer open'}, {}),
    ({'token': 'Bearer Bearer t'}, {'Authorization': 'Bearer Bearer t'}),
    ({'token': 't.Bearer.u Bearer'}, {'Authorization': 'Bearer t.Bearer.u Bearer'}),
    ({'token': 'bearert'}, {'Authorization': 'Bearer bearert'}),
    ({'api_key': 'k'}, {'x-synthetic-key': 'k'}),
    ({'api_key': ' k '}, {'x-synthetic-key': 'k'}),
    ({'api_key': 'Bearer k'}, {'x-synthetic-key': 'Bearer k'}),
    ({'api_key': 'k', 'token': 't'}, {'x-synthetic-key': 'k'}),
    ({'api_key': '', 'token': 't'}, {'Authorization': 'Bearer t'}),
    ({'auth': httpx.BasicAuth('u', 'p')}, {}),
    ({'auth': httpx.BasicAuth('u', 'p'), 'api_key': 'k'}, {}),
    ({'auth': httpx.BasicAuth('u', 'p'), 'token': 't'}, {}),
]


@pytest.mark.parametrize(
    ('credentials', 'header'), HEADERS, ids=lambda value: re.sub(' at 0x[0-9a-f]+', '', ascii(value))[:60]
)
def test_credentials_become_one_header(credentials: dict[str, Any], header: dict[str, str]) -> None:
    auth = Authorization(**credentials)
    assert auth.as_header == header
    assert auth.is_open == ('open' in str(credentials).replace('opened', '') and not header)


@pytest.mark.parametrize(
    'credentials', [{}, {'token': ''}, {'token': ' '}, {'token': 'Bearer'}, {'token': 'bearer '}, {'api_key': ''}]
)
def test_no_credentials_are_an_error(credentials: dict[str, str]) -> None:
    with pytest.raises(Hybrid.SparkConfigError, match=r'^credentials are missing; give token='):
        Authorization(**credentials)


def test_credentials_are_given_by_name_so_that_none_is_taken_for_another() -> None:
    for taken in (Authorization, Authorization.replace):
        kinds = {parameter.kind for name, parameter in signature(taken).parameters.items() if name != 'self'}
        assert kinds == {Parameter.KEYWORD_ONLY}


SECRET = 'h1dden-s3cret'


@pytest.mark.parametrize('name', ['token', 'api_key'])
@pytest.mark.parametrize(
    ('value', 'words'),
    [
        (f'{SECRET}\r\nx-evil: 1', 'contains a character that is not allowed in a header'),
        (f'{SECRET}\x00', 'contains a character that is not allowed in a header'),
        (f'{SECRET}ä', 'contains a character that is not allowed in a header'),
        (SECRET.encode(), 'must be text, not bytes'),
        ([SECRET], 'must be text, not list'),
    ],
)
def test_what_no_header_can_carry_is_refused_without_showing_it(name: str, value: Any, words: str) -> None:
    with pytest.raises(Hybrid.SparkConfigError, match=f'^{name} {words}$') as caught:
        Authorization(**{name: value})
    shown = ''.join(traceback.format_exception(caught.value)) + str(caught.value.to_dict()) + repr(caught.value)
    assert SECRET not in shown


NO_AUTH: list[Any] = [object(), ('u', SECRET), SECRET, SECRET.encode]


@pytest.mark.parametrize('auth', NO_AUTH, ids=['object', 'tuple', 'text', 'function'])
def test_an_auth_that_is_none_is_refused_without_showing_it(auth: Any) -> None:
    with pytest.raises(Hybrid.SparkConfigError, match=r'^auth must be an httpx\.Auth, not \w+$'):
        Authorization(auth=auth)


@pytest.mark.parametrize(
    ('secret', 'masked'),
    [
        ('12345678', '****'),
        ('123456789', '*****6789'),
        ('some-api-key', '********-key'),
        ('s', '****'),
        ('open', 'open'),
    ],
)
def test_a_key_shows_four_characters_at_most_and_of_a_long_one_alone(secret: str, masked: str) -> None:
    assert Authorization(api_key=secret).api_key == masked
    assert repr(Authorization(api_key=secret)) == f'Authorization(api_key={masked!r}, token=None)'
    assert repr(Authorization(token=secret)) == f'Authorization(api_key=None, token={masked!r})'


def fetch_token() -> str:
    """A token of a function."""
    return SECRET


class Tokens:
    """A callable without a name of its own."""

    def __call__(self) -> str:
        return SECRET


SHOWN: list[tuple[Callable[[], str], str]] = [(fetch_token, '<fetch_token>'), (Tokens(), '<function>')]


@pytest.mark.parametrize(('source', 'shown'), SHOWN)
def test_a_function_is_asked_for_its_token_by_the_client_and_not_by_the_value(
    source: Callable[[], str], shown: str
) -> None:
    auth = Authorization(token=source)
    assert (auth.source, auth.token, auth.as_header, auth.is_open) == (source, None, {}, False)
    auth.keep(f'bearer {SECRET}')
    assert auth.as_header == {'Authorization': f'Bearer {SECRET}'}
    assert auth.token == SECRET
    assert repr(auth) == f'Authorization(api_key=None, token={shown})'


NO_TOKEN = 'the function given as token returned no token$'


@pytest.mark.parametrize(
    ('token', 'words'),
    [(None, NO_TOKEN), ('', NO_TOKEN), ('Bearer ', NO_TOKEN), (7, 'token must be text')],
)
def test_a_function_that_fetches_no_token_is_an_error(token: Any, words: str) -> None:
    with pytest.raises(Hybrid.SparkConfigError, match=f'^{words}'):
        Authorization(token=fetch_token).keep(token)


def test_a_function_is_not_asked_where_something_else_goes_before_it() -> None:
    assert Authorization(token=fetch_token, api_key='k').source is None
    assert Authorization(token=fetch_token, auth=httpx.BasicAuth('u', 'p')).source is None


def test_other_credentials_take_the_place_of_all_that_were_there() -> None:
    auth = Authorization(api_key='k', token='t')
    other = httpx.BasicAuth('u', 'p')
    assert auth.replace() is auth
    assert auth.replace(token='new').as_header == {'Authorization': 'Bearer new'}
    assert auth.replace(api_key='new').as_header == {'x-synthetic-key': 'new'}
    assert auth.replace(auth=other).auth is other
    assert Authorization(auth=other).replace(token='new').auth is None
    for empty in ('token', 'api_key'):
        with pytest.raises(Hybrid.SparkConfigError, match='credentials are missing'):
            auth.replace(**{empty: ''})


def test_credentials_are_equal_by_all_that_they_hold() -> None:
    other = httpx.BasicAuth('u', 'p')
    kinds: list[dict[str, Any]] = [{'token': 't'}, {'token': 'u'}, {'api_key': 't'}, {'token': fetch_token}]
    kinds += [{'auth': other}, {'token': 't', 'api_key': 't'}]
    for one in kinds:
        for another in kinds:
            assert (Authorization(**one) == Authorization(**another)) is (one is another)
        assert hash(Authorization(**one)) == hash(Authorization(**one))
    assert len({hash(Authorization(**one)) for one in kinds}) > 2
    assert Authorization(token='t') != 't'
    assert len({Authorization(api_key='a'), Authorization(api_key='b'), Authorization(api_key='a')}) == 2


def test_credentials_have_no_dictionary_to_look_into_and_copy_whole() -> None:
    auth = Authorization(api_key='the-key', token='the-token')
    with pytest.raises(TypeError):
        vars(auth)
    travelled = pickle.loads(pickle.dumps(auth.travelling()))
    for other in (copy.copy(auth), copy.deepcopy(auth), travelled):
        assert other == auth


PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1)


@pytest.mark.thorough
@given(PRINTABLE)
@example('Bearer x')
@example('open')
def test_any_printable_token_goes_out_as_it_is_and_is_not_shown(token: str) -> None:
    bare = token.strip()
    bare = bare[6:].strip() if bare[:7].strip().lower() == 'bearer' else bare
    if not bare:
        return
    auth = Authorization(token=token)
    masked = 'open' if bare == 'open' else f'{"*" * min(len(bare) - 4, 8)}{bare[-4:]}' if len(bare) > 8 else '****'
    assert auth.as_header == ({} if bare == 'open' else {'Authorization': f'Bearer {bare}'})
    assert repr(auth) == f'Authorization(api_key=None, token={masked!r})'
