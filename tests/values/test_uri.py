"""What names a service: every documented form, the parts of it, and text that reads back as it was written."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import FrozenInstanceError, dataclass, fields
from inspect import Parameter, getattr_static, signature
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import cspark.wasm as Hybrid
from cspark.wasm import Uri, UriParams
from support.names import NAMES, PLAIN, TEXT, VERSIONS, carried
from support.names import SERVICE_ID as ID

DECODED: list[tuple[str, UriParams]] = [
    ('my-folder/my-service', UriParams('my-folder', 'my-service')),
    ('my-folder/my-service[1.2.3]', UriParams('my-folder', 'my-service', version='1.2.3')),
    ('f/s[1]', UriParams('f', 's', version='1')),
    ('f/s[]', UriParams('f', 's')),
    ('f/s[ ]', UriParams('f', 's')),
    ('f/s[1][2]', UriParams('f', 's[1]', version='2')),
    ('f/s[1][]', UriParams('f', 's[1]')),
    ('f/[1]', UriParams('f', '[1]')),
    ('f/[1][2]', UriParams('f', '[1]', version='2')),
    ('f/s[1]/t', UriParams('f', 's[1]/t')),
    ('f/a/b[2]', UriParams('f', 'a/b', version='2')),
    ('//f///s//', UriParams('f', 's')),
    (' f / s ', UriParams(' f ', ' s ')),
    ('folders/f/services/s', UriParams('f', 's')),
    ('/folders/f//services/s[1.2]/', UriParams('f', 's', version='1.2')),
    ('folders/f/services/a/b', UriParams('f', 'a/b')),
    ('folders/version/services/s', UriParams('version', 's')),
    ('aaa/f/services/s', UriParams('aaa', 'f/services/s')),
    ('zzz/f/services/s', UriParams('zzz', 'f/services/s')),
    ('folders/f/aaa/s', UriParams('folders', 'f/aaa/s')),
    ('folders/f/zzz/s', UriParams('folders', 'f/zzz/s')),
    ('folders/f/s', UriParams('folders', 'f/s')),
    ('folders/f/services', UriParams('folders', 'f/services')),
    ('folders/services', UriParams('folders', 'services')),
    ('my.folders/my.services', UriParams('my.folders', 'my.services')),
    (f'service/{ID}', UriParams(service_id=ID)),
    (f'version/{ID}', UriParams(version_id=ID)),
    ('version/a/b', UriParams(version_id='a/b')),
    ('Service/s', UriParams('Service', 's')),
    ('proxy/quotes', UriParams(proxy='quotes')),
    ('proxy/quotes/motor/', UriParams(proxy='quotes/motor')),
    (ID, UriParams(service_id=ID)),
    (ID.upper(), UriParams(service_id=ID.upper())),
    (f'/{ID}/', UriParams(service_id=ID)),
    (f'{ID}/s', UriParams(ID, 's')),
    (ID.replace('-', ''), UriParams()),
    (f'7b-{ID[2:]}', UriParams()),
    ('just-a-name', UriParams()),
    ('', UriParams()),
    ('///', UriParams()),
]


@pytest.mark.parametrize(('text', 'parts'), DECODED)
def test_every_form_of_text_is_read(text: str, parts: UriParams) -> None:
    assert Uri.decode(text) == Uri.to_params(text) == Uri.to_params(Uri(text)) == parts


@dataclass
class Foreign:
    """Another package's class with the same attributes."""

    folder: Any = None
    service: Any = None
    service_id: Any = None
    version: Any = None
    version_id: Any = None
    proxy: Any = None
    public: Any = None
    tag: str = 'of its own'


SAME: list[tuple[Any, UriParams]] = [
    (UUID(ID), UriParams(service_id=ID)),
    ({'folder': 'f', 'service': 's'}, UriParams('f', 's')),
    (OrderedDict(service_id=UUID(ID)), UriParams(service_id=ID)),
    ({'version_id': ID, 'folder': '', 'public': True}, UriParams(version_id=ID, public=True)),
    (UriParams(version_id=UUID(ID)), UriParams(version_id=ID)),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    (UriParams('f', 's', version=''), UriParams('f', 's')),
    (Foreign('f', 's', version='1', public=False), UriParams('f', 's', version='1')),
    (Foreign(proxy='quotes', public=True), UriParams(proxy='quotes', public=True)),
]


@pytest.mark.parametrize(('given', 'parts'), SAME, ids=lambda value: type(value).__name__)
def test_anything_that_has_the_parts_is_taken(given: Any, parts: UriParams) -> None:
    found = Uri.validate(given)
    assert type(found) is UriParams
    assert {**vars(found), 'public': bool(found.public)} == vars(parts)


@pytest.mark.parametrize('nothing', [None, 7, b'f/s', ['f', 's'], ('f', 's'), object(), Foreign(), UriParams, {}])
def test_what_has_no_parts_is_refused_with_the_forms_that_are_taken(nothing: Any) -> None:
    with pytest.raises(Hybrid.SparkSdkError, match=r'"folder/service\[version\]".*"proxy/ENDPOINT"'):
        Uri.validate(nothing)


@pytest.mark.parametrize(
    ('given', 'words'),
    [
        ('', 'no service is named'),
        ('f', 'no service is named'),
        (UriParams(folder='f'), 'service name is missing'),
        (UriParams(service='s'), 'folder name is missing'),
        (UriParams('f', '', version='1'), 'service name is missing'),
        (UriParams(version='1'), 'no service is named'),
        ({'servcie': 's', 'fodler': 'f'}, "'servcie' is not a part of a service name"),
    ],
)
def test_what_is_missing_is_said(given: Any, words: str) -> None:
    with pytest.raises(Hybrid.SparkSdkError, match=f'^{words}'):
        Uri.validate(given)


@pytest.mark.parametrize('name', ['folder', 'service', 'service_id', 'version', 'version_id'])
@pytest.mark.parametrize('value', ['a/', '/a', '/a/b/'])
def test_slashes_are_forgiven_around_an_endpoint_alone(name: str, value: str) -> None:
    assert Uri.validate({'proxy': value}).proxy == value
    with pytest.raises(Hybrid.SparkSdkError, match=f'^{name} .* cannot stand in a path'):
        Uri.validate({'folder': 'f', 'service': 's', name: value})


@pytest.mark.parametrize('name', ['of', 'partial', 'decode', 'encode', 'to_params', 'validate'])
def test_what_reads_and_writes_needs_no_object(name: str) -> None:
    assert isinstance(getattr_static(Uri, name), staticmethod)
    options = [
        one.kind for key, one in signature(getattr(Uri, name)).parameters.items() if key in ('base_url', 'endpoint')
    ]
    assert set(options) <= {Parameter.KEYWORD_ONLY}


def test_a_message_of_the_callers_own_comes_first() -> None:
    with pytest.raises(Hybrid.SparkSdkError, match=r'^which service\?: got \'f\'; '):
        Uri.validate('f', 'which service?')


def test_the_parts_are_in_the_order_of_today_and_frozen() -> None:
    names = ['folder', 'service', 'service_id', 'version', 'version_id', 'proxy', 'public']
    assert [field.name for field in fields(UriParams)] == names
    params = UriParams('f', 's', ID, '1', ID, 'p', True)
    assert list(vars(params).values()) == ['f', 's', ID, '1', ID, 'p', True]
    assert vars(UriParams()) == {**dict.fromkeys(names), 'public': False}
    with pytest.raises(FrozenInstanceError):
        params.folder = 'g'  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    assert len({params, UriParams('f', 's', ID, '1', ID, 'p', True)}) == 1


def test_parts_are_picked_and_omitted_by_name() -> None:
    params = UriParams('f', 's', version='1', public=True)
    assert params.pick('folder', 'service', 'nothing') == UriParams('f', 's')
    assert params.pick() == UriParams()
    assert params.pick('public') == UriParams(public=True)
    assert params.omit('version') == UriParams('f', 's', public=True)
    assert params.omit('public', 'nothing') == UriParams('f', 's', version='1')
    assert params.omit() == params


ENCODED: list[tuple[UriParams, str, str]] = [
    (UriParams('f', 's', 'sid', '1', 'vid', 'p', True), 'version/vid', 'version/vid'),
    (UriParams('f', 's', 'sid', '1', proxy='p'), 'service/sid[1]', 'service/sid[1]'),
    (UriParams('f', 's', version='1', proxy='p'), 'folders/f/services/s[1]', 'f/s[1]'),
    (UriParams('f', 's'), 'folders/f/services/s', 'f/s'),
    (UriParams('f', 's[1]'), 'folders/f/services/s[1][]', 'f/s[1][]'),
    (UriParams('version', 's'), 'folders/version/services/s', 'folders/version/services/s'),
    (UriParams('folders', 's'), 'folders/folders/services/s', 'folders/folders/services/s'),
    (UriParams('f', proxy='a/b'), 'proxy/a/b', 'proxy/a/b'),
    (UriParams('f'), '', ''),
    (UriParams(service='s', version='1'), '', ''),
    (UriParams(), '', ''),
]


@pytest.mark.parametrize(('params', 'long', 'short'), ENCODED)
def test_parts_are_written_long_and_short(params: UriParams, long: str, short: str) -> None:
    assert params.encode() == params.encode(long=True) == Uri.encode(params) == Uri.encode(params, True) == long
    assert params.service_uri == params.encode(long=False) == Uri.encode(params, long=False) == short


Part = UriParams | str | None
ADDRESSES: list[tuple[Part, dict[str, str], str]] = [
    (None, {}, '/api/v3'),
    (UriParams('f', 's'), {}, '/api/v3/folders/f/services/s'),
    (None, {'base_url': 'http://h/t', 'version': 'api/v4', 'endpoint': 'execute'}, 'http://h/t/api/v4/execute'),
    (UriParams(public=True), {'base_url': 'http://h/', 'endpoint': 'x'}, 'http://h/api/v3/public/x'),
    (UriParams('f', 'ä b/c', public=True), {}, '/api/v3/public/folders/f/services/%C3%A4%20b%2Fc'),
    (UriParams('a/b', 's'), {'endpoint': 'execute'}, '/api/v3/folders/a%2Fb/services/s/execute'),
    (UriParams(service_id='a/b'), {'endpoint': 'x'}, '/api/v3/service/a%2Fb/x'),
    (UriParams(version_id='a/b'), {}, '/api/v3/version/a%2Fb'),
    (UriParams('f', proxy='/a b/c/'), {'endpoint': 'execute'}, '/api/v3/proxy/a%20b/c'),
    (UriParams('f'), {'endpoint': 'x'}, '/api/v3/x'),
    (UriParams(proxy='/X/'), {'base_url': 'http://h/X/'}, 'http://h/X/api/v3/proxy/X'),
    ('//a//b/', {'base_url': 'http://h/t', 'endpoint': 'x'}, 'http://h/t/api/v3/a/b/x'),
    ('proxy/a b', {'version': ''}, '/proxy/a%20b'),
    ('a%20b/ü?x=1', {'base_url': 'http://h//'}, 'http://h/api/v3/a%20b/%C3%BC?x=1'),
]


@pytest.mark.parametrize(('named', 'options', 'text'), ADDRESSES)
def test_an_address_is_built_of_parts_or_of_a_path(named: Part, options: dict[str, str], text: str) -> None:
    address = Uri.partial(named, **options) if isinstance(named, str) else Uri.of(named, **options)
    assert address.value == str(address) == text
    assert repr(address) == f'<Uri: {text}>'


def test_addresses_are_equal_by_their_text() -> None:
    assert Uri('a/b') == Uri('/'.join('ab'))
    assert Uri('a/b') != Uri('a/c') != Uri('a/b')
    assert Uri('a/b') != 'a/b'
    assert len({Uri('a/b'), Uri('a/b')}) == 1
    assert len({hash(Uri(name)) for name in 'abc'}) > 1


@pytest.mark.thorough
@given(PLAIN, NAMES, st.none() | VERSIONS)
@example('service', 'x', None)
@example('folders', 'x/services/y', None)
@example('f', 'b[x]', None)
@example('f', '[x]', '1')
@example('f', 'b[]', None)
@example('proxy', ID, '1')
def test_parts_that_are_written_read_back_the_same(folder: str, service: str, version: str | None) -> None:
    params = UriParams(folder, service, version=version)
    assert Uri.validate(params) == params
    assert Uri.decode(params.encode()) == params
    assert Uri.decode(params.service_uri) == params


@pytest.mark.thorough
@given(NAMES)
def test_ids_and_endpoints_that_are_written_read_back_the_same(name: str) -> None:
    for params in (UriParams(service_id=name), UriParams(version_id=name), UriParams(proxy=name)):
        assert Uri.decode(Uri.validate(params).service_uri) == params


@given(st.text(st.characters() | st.sampled_from('/[].% ')))
@example('folders/version/services/x')
@example('f/b[][]')
@example('a/b/[1]')
def test_any_text_is_refused_or_reads_back_as_what_it_was_read_as(text: str) -> None:
    params = Uri.decode(text)
    assert Uri.decode(text) == params
    try:
        checked = Uri.validate(text)
    except Hybrid.SparkSdkError:
        return
    assert checked == params
    assert Uri.decode(params.encode()) == Uri.decode(params.service_uri) == params


@given(NAMES, NAMES)
def test_an_address_decodes_to_the_names_it_was_built_of(folder: str, service: str) -> None:
    path = Uri.of(UriParams(folder, service), endpoint='execute').value
    parts = ['', 'api', 'v3', 'folders', folder, 'services', service, 'execute']
    assert [unquote(part) for part in path.split('/')] == parts


@pytest.mark.thorough
@given(TEXT)
def test_a_name_is_taken_exactly_if_it_can_stand_in_a_path(name: str) -> None:
    params = UriParams('f', name)
    if carried(name):
        assert Uri.validate(params) == params
    else:
        with pytest.raises(Hybrid.SparkSdkError, match=r'^service .* cannot stand in a path'):
            Uri.validate(params)
