"""A package that someone else's compiler made: the same format, other names, other company, and less in it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import cspark.wasm as Hybrid
from support.packages import CYLINDER, CYLINDER_150, CYLINDER_ID, TERM_LIFE, Files, change, described, only, pack, unzip
from support.worlds import World, client_in, in_world

FOLDER: Final = 'my-tenant/shapes/cylinder/1.5.0'
LITTER: Final = {
    '__MACOSX/my-tenant/._manifest.json': b'\0\5\x16\7',
    f'__MACOSX/{FOLDER}/._ModelMetaData.json': b'\0\5\x16\7',
    f'__MACOSX/{FOLDER}/._{CYLINDER_150}.zip': b'\0\5\x16\7',
    'my-tenant/.DS_Store': b'Bud1',
    f'{FOLDER}/.DS_Store': b'Bud1',
    f'{FOLDER}/notes.txt': b'made elsewhere',
    f'{FOLDER}/docs/other.zip': b'no model',
    'README': b'',
}


def model(files: Files) -> Files:
    """The compiled model under another name, with sums as another tool writes them, and with litter."""
    renamed = {
        '_Tin Can_2024.js': files['_cylinder.js'],
        '_Tin Can_2024.wasm': files['_cylinder.wasm'],
        'Tin CanDefaultValidations.json': b'\xef\xbb\xbf' + files['cylinderDefaultValidations.json'],
        'Tin Can_jsonformspec.json': b'{}',
    }
    sums = [f'{hashlib.md5(data).hexdigest().upper()} *./{name}' for name, data in renamed.items()]
    return renamed | {'checksums.md5': '\r\n'.join(['', *sums, '']).encode(), '__MACOSX/._Tin Can_2024.js': b'\0\5'}


def edit(files: Files) -> None:
    """Leave out what a runner can do without, and add what others leave lying about."""
    del files[f'{FOLDER}/WASMMetaData.json'], files[f'{FOLDER}/DefaultValidations.json']
    files[f'{FOLDER}/{CYLINDER_150}.zip'] = pack(model(unzip(files[f'{FOLDER}/{CYLINDER_150}.zip'])))
    files |= LITTER


DESCRIBED: Final = described(
    only(CYLINDER.read_bytes(), '1.5.0'),
    ServiceGuid=None,
    VersionId=None,
    HasSignatureChain=True,
    CompilerVersion=None,
    EffectiveStartDate='2024-05-01T00:00:00',
    EffectiveEndDate=None,
    UploaderEmail='someone@example.com',
    Tags={'team': ['a', 'b']},
)
OTHERS: Final = change(DESCRIBED, edit)


@pytest.fixture(params=['in process', 'over a socket'])
def hybrid(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Iterator[Hybrid.Client]:
    """Each client of a runner that has nothing but this package, from a file."""
    path = tmp_path / 'Tin Can 2024.zip'
    path.write_bytes(OTHERS)
    with Hybrid.LocalRunner(path, instances=1) as runner:
        if request.param == 'in process':
            with in_world(world, runner.client() if world == 'sync' else runner.async_client()) as client:
                yield client
        else:
            with runner.serve() as server, client_in(world, base_url=server.url) as client:
                yield client


@pytest.mark.thorough
def test_a_package_of_someone_elses_compiler_gives_its_own_numbers(hybrid: Hybrid.Client) -> None:
    answer = hybrid.services.execute('shapes/cylinder', inputs=[{'height': 10, 'radius': 2, 'density': 3}, {}])
    first, second = answer.data['outputs']
    assert (first['mass'], second['volume']) == (pytest.approx(math.pi * 120), pytest.approx(math.pi * 196))
    assert (answer.data['service_id'], answer.data['version_id']) == (CYLINDER_ID, CYLINDER_150)


@pytest.mark.thorough
def test_ids_that_the_description_lacks_come_from_the_manifest_or_the_name_of_the_file(hybrid: Hybrid.Client) -> None:
    for uri in (f'service/{CYLINDER_ID}', f'version/{CYLINDER_150}'):
        assert hybrid.services.execute(uri, inputs={}, active_since='2060-01-01').data['version'] == '1.5.0'


@pytest.mark.thorough
def test_validations_come_from_the_compiled_model_where_there_are_none_beside_it(hybrid: Hybrid.Client) -> None:
    answer = hybrid.services.validate(version_id=CYLINDER_150, validation_type='static')
    assert answer.data['response_data']['outputs']['density']['default_value'] == 1


@pytest.mark.thorough
def test_an_archive_may_hold_several_services_and_tenants() -> None:
    other = {f'other-company/{name.partition("/")[2]}': data for name, data in unzip(TERM_LIFE.read_bytes()).items()}
    with Hybrid.LocalRunner(pack({**unzip(CYLINDER.read_bytes()), **other}), instances=1) as runner:
        assert set(runner.tenants) == {'my-tenant', 'other-company'}
        with runner.client(tenant='other-company') as hybrid:
            assert hybrid.services.execute('insurance/term-life', inputs={}).data['version'] == '0.3.0'
        with runner.client(tenant='my-tenant') as hybrid:
            assert hybrid.services.execute('shapes/cylinder[1.4]', inputs={}).data['version'] == '1.4.0'
            with pytest.raises(Hybrid.NotFoundError):
                hybrid.services.execute('insurance/term-life', inputs={})
