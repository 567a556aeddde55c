"""Which version a request means: by its number, the start of one, a moment, an endpoint; and whose it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

import cspark.wasm as Hybrid
from support.calls import Api, Json, message, serving
from support.packages import CYLINDER, CYLINDER_140, CYLINDER_150, CYLINDER_ID, TERM_LIFE, described, only, rename

FORM: Final = only(CYLINDER.read_bytes(), '1.5.0')
VERSIONS: Final = ('1.4.0', '1.4.2', '1.4.10', '1.9', '1.10.0', '1.40.0', '2.0.0-beta', '01.3')


def made(version: str, **names: Any) -> bytes:
    """`shapes/tin` in this version, which is also its id."""
    names = {'service': 'tin', 'service_id': 'tin', 'version_id': f'tin-{version}', **names}
    return rename(FORM, version=version, **names)


@pytest.fixture(scope='module')
def api() -> Iterator[Api]:
    """A runner with many versions of a service, added in an order that is not theirs."""
    with serving(CYLINDER, *(made(version) for version in reversed(VERSIONS))) as started:
        yield started


@pytest.mark.thorough
@pytest.mark.parametrize(
    ('asked', 'runs'),
    [
        (None, '2.0.0-beta'),
        ('1', '1.40.0'),
        ('1.4', '1.4.10'),
        ('1.4.0', '1.4.0'),
        ('1.4.1', None),
        ('1.10', '1.10.0'),
        ('1.9', '1.9'),
        ('1.9.0', None),
        ('1.3', '01.3'),
        ('2', '2.0.0-beta'),
        ('3', None),
        ('x', None),
    ],
)
def test_the_newest_version_runs_that_starts_with_what_is_asked_for(
    api: Api, asked: str | None, runs: str | None
) -> None:
    answer = api.send({}, 'shapes/tin', **{'version': asked} if asked else {})
    many = api.post('v4/execute', {'inputs': [{}], 'service': f'shapes/tin[{asked}]' if asked else 'shapes/tin'})
    if runs is None:
        assert (answer.status_code, many.status_code) == (404, 404)
        assert re.search(rf"no version '{asked}' of 'shapes/tin'; known: .*shapes/tin\[1\.40\.0\]", message(answer))
    else:
        assert (answer.json()['response_meta']['version'], many.json()['version']) == (runs, runs)


@pytest.mark.parametrize(
    ('moment', 'runs'),
    [
        ('2024-01-01', '1.4.0'),
        ('2024-12-31T23:59:59.999Z', '1.4.0'),
        ('2025-01-01T00:00:00Z', '1.5.0'),
        ('2025-01-01T01:00:00+02:00', '1.4.0'),
        ('2030-06-15T12:00:00', '1.5.0'),
        ('20300615', '1.5.0'),
        ('2023-12-31', None),
        ('2044-01-01', None),
    ],
)
def test_the_version_runs_that_is_in_effect_at_a_moment(api: Api, moment: str, runs: str | None) -> None:
    answer = api.send({}, transaction_date=moment)
    body: Json = {'inputs': [{}], 'service': 'shapes/cylinder', 'version_by_timestamp': moment}
    many = api.post('v4/execute', body)
    if runs is None:
        assert (answer.status_code, many.status_code) == (404, 404)
        assert f'no version in effect at {moment}' in message(answer)
    else:
        assert (answer.json()['response_meta']['version'], many.json()['version']) == (runs, runs)


@pytest.mark.thorough
def test_the_newest_of_several_versions_in_effect_runs_and_a_version_can_be_asked_for_with_a_moment() -> None:
    dates = {'effective_from': '2020-01-01', 'effective_until': '2030-01-01'}
    always = {'effective_from': None, 'effective_until': None}
    with serving(made('1.0', **dates), made('1.1', **dates), made('0.9', **always)) as api:
        found = {
            (moment, version): api.send({}, 'shapes/tin', transaction_date=moment, version=version).json()
            for moment, version in (('2025-01-01', None), ('2025-01-01', '1.0'), ('1900-01-01', None))
        }
    versions = [answer['response_meta']['version'] for answer in found.values()]
    assert versions == ['1.1', '1.0', '0.9']


@pytest.mark.parametrize('moment', ['yesterday', '2025-13-01', '2025-1-1', '1735689600', '2025-01-01T25:00'])
def test_a_moment_that_is_none_is_refused(api: Api, moment: str) -> None:
    answer = api.send({}, transaction_date=moment)
    assert answer.status_code == 400
    assert 'is not a moment in ISO 8601' in message(answer)


@pytest.mark.parametrize(
    ('path', 'meta'),
    [
        (f'v3/service/{CYLINDER_ID}', {}),
        (f'v3/public/service/{CYLINDER_ID}', {'version': '1.5'}),
        (f'v3/version/{CYLINDER_150}', {'transaction_date': '2024-06-01', 'version': '1.4'}),
        ('v3/folders/shapes/services/cylinder/execute', {'version_id': CYLINDER_150}),
        ('v3/public/folders/shapes/services/cylinder/execute', {'version': '1.5.0'}),
        ('v3/execute', {'service_id': CYLINDER_ID}),
        ('v3', {'version_id': CYLINDER_150}),
        ('v3/public/execute', {'version_id': CYLINDER_150}),
        ('v3/public', {'service_id': CYLINDER_ID, 'version': '1'}),
    ],
)
def test_a_service_is_found_by_every_path_and_by_the_body_alone(api: Api, path: str, meta: Json) -> None:
    answer = api.post(path, {'request_data': {'inputs': {}}, 'request_meta': meta})
    assert answer.json()['response_meta']['version_id'] == CYLINDER_150


def test_an_id_of_a_version_goes_before_the_version_that_the_service_has_by_name(api: Api) -> None:
    assert api.execute({}, version_id=CYLINDER_140, version='1.5')['response_meta']['version'] == '1.4.0'


@pytest.mark.parametrize(
    ('path', 'meta', 'status', 'words'),
    [
        ('v3/folders/shapes/services/cube/execute', {}, 404, "no service 'shapes/cube' for tenant 'my-tenant'; known:"),
        ('v3/folders/Shapes/services/cylinder/execute', {}, 404, "no service 'Shapes/cylinder'"),
        ('v3/service/unknown', {}, 404, "no service 'service/unknown'"),
        ('v3/version/unknown', {}, 404, "no service 'version/unknown'"),
        ('v3/execute', {'service_id': 'unknown'}, 404, "no service 'service/unknown'"),
        ('v3/execute', {}, 400, 'no service is named'),
        ('v3/execute', {'service_id': 7}, 400, 'service_id must be a string, not int'),
        ('v3/proxy/quotes', {}, 404, "no endpoint 'quotes' on this runner; known: none"),
    ],
)
def test_what_names_no_service_is_refused_and_the_runner_says_what_there_is(
    api: Api, path: str, meta: Json, status: int, words: str
) -> None:
    answer = api.post(path, {'request_meta': meta})
    assert answer.status_code == status
    assert words in message(answer)


@pytest.mark.thorough
def test_endpoints_lead_to_services_and_versions_with_slashes_and_without() -> None:
    proxies = {
        'quotes/life': 'insurance/term-life',
        '/tins/': 'shapes/cylinder[1.4]',
        'by-id': f'service/{CYLINDER_ID}',
    }
    with serving(CYLINDER, TERM_LIFE, proxies=proxies) as api:
        for path, version in (
            ('v3/proxy/quotes/life', '0.3.0'),
            ('v3/public/proxy/quotes/life', '0.3.0'),
            ('v3/proxy/tins', '1.4.0'),
            ('v3/proxy/by-id', '1.5.0'),
        ):
            assert api.post(path, {}).json()['response_meta']['version'] == version
        assert "no endpoint 'quotes'" in message(api.post('v3/proxy/quotes', {}))


@pytest.mark.parametrize(
    'setting',
    [
        {'proxies': {'a': 'proxy/a'}},
        {'proxies': {'a': 'cylinder'}},
        {'proxies': {'': 'shapes/cylinder'}},
        {'proxies': {'a/../b': 'shapes/cylinder'}},
        {'tenant': '..'},
        {'tenant': ''},
        {'instances': 0},
        {'instances': 1.5},
        {'instances': True},
        {'timeout': float('nan')},
        {'timeout': 0},
        {'timeout': '1'},
        {'body_limit': -1},
        {'body_limit': float('inf')},
        {'prefix': 'a b'},
        {'prefix': '/runner?x=1'},
    ],
    ids=str,
)
def test_a_setting_that_cannot_work_is_refused_when_the_runner_is_made(setting: Json) -> None:
    with pytest.raises(Hybrid.SparkSdkError):
        Hybrid.LocalRunner(**setting)


@pytest.mark.thorough
def test_each_tenant_has_its_own_services() -> None:
    other = rename(FORM, tenant='other')
    with serving(CYLINDER, other) as api:
        assert api.runner.tenants == ['my-tenant', 'other']
        theirs = Api(api.url, api.runner, 'other')
        assert api.outputs({'height': 1, 'radius': 1})['volume'] == theirs.outputs({'height': 1, 'radius': 1})['volume']
        assert theirs.send({}, version='1.4').status_code == 404
        nobody = Api(api.url, api.runner, 'nobody').send({})
        assert (nobody.status_code, message(nobody)) == (
            404,
            "no tenant 'nobody' on this runner; known: 'my-tenant', 'other'",
        )
        assert [tenant['total_model'] for tenant in api.get('status')['models']] == [2, 1]
        with pytest.raises(Hybrid.SparkSdkError, match='the runner has 2 tenants: my-tenant, other'):
            api.runner.client()


@pytest.mark.thorough
def test_everything_is_served_under_the_tenant_that_the_runner_is_given() -> None:
    with serving(CYLINDER, rename(FORM, tenant='other', service='tin', version_id='x'), tenant='mine & co') as api:
        mine = Api(api.url, api.runner, 'mine%20&%20co')
        assert mine.outputs({}, 'shapes/tin') == mine.outputs({}, 'shapes/cylinder')
        assert api.send({}).status_code == 404
        with api.runner.client() as hybrid:
            assert hybrid.services.execute('shapes/tin', inputs={}).status == 200


@pytest.mark.thorough
def test_a_version_that_comes_again_takes_the_place_of_the_earlier_one() -> None:
    again = rename(FORM, version='1.4.0', version_id='new')
    with serving(CYLINDER) as api:
        assert api.upload(again).status_code == 200
        assert 'mass' in api.outputs({}, version='1.4')
        assert set(api.models()) == {CYLINDER_150, 'new'}
        assert api.post(f'v3/version/{CYLINDER_140}', {}).status_code == 404


@pytest.mark.thorough
def test_names_with_spaces_slashes_and_other_letters_are_found_as_they_are() -> None:
    package = described(FORM, ProductName='Mein Ordner', ServiceName='a/b ünï€')
    with serving(package) as api:
        path = 'v3/folders/Mein%20Ordner/services/a%2Fb%20%C3%BCn%C3%AF%E2%82%AC/execute'
        assert api.post(path, {}).json()['response_meta']['version'] == '1.5.0'
