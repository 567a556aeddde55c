"""A compiled model without a package around it, as the platform's file manager gives it."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

import cspark.wasm as Hybrid
from support.calls import Json, message, serving
from support.packages import CYLINDER, CYLINDER_150, TERM_LIFE, Files, pack, unzip


def inner(package: Path = CYLINDER, end: str = f'{CYLINDER_150}.zip') -> Files:
    """The files of the compiled model in a package."""
    (content,) = [content for name, content in unzip(package.read_bytes()).items() if name.endswith(end)]
    return unzip(content)


def old(files: Files) -> Files:
    """The same model as a compiler of 2023 packed it: no underscores, no checksums, no log."""
    renamed = {re.sub(r'^_', '', name): content for name, content in files.items()}
    script = renamed['cylinder.js'].replace(b'_cylinder.', b'cylinder.')
    return {
        'cylinder.js': script,
        'cylinder.wasm': renamed['cylinder.wasm'],
        'cylinderDefaultValidations.json': renamed['cylinderDefaultValidations.json'],
    }


@pytest.mark.thorough
@pytest.mark.parametrize('form', ['new', 'old', 'in a folder'])
def test_a_model_alone_is_served_under_its_files_name(tmp_path: Path, form: str) -> None:
    files = inner() if form == 'new' else old(inner())
    if form == 'in a folder':
        files = {f'model/{name}': content for name, content in files.items()}
    path = tmp_path / 'Tin Can.zip'
    path.write_bytes(pack(files))
    with Hybrid.LocalRunner(path, instances=1) as runner, runner.client() as hybrid:
        assert runner.services == {'my-tenant': ['models/Tin Can[1.0.0]']}
        answer = hybrid.services.execute('models/Tin Can', inputs={'height': 1, 'radius': 1, 'density': 2})
        assert answer.data['outputs'][0]['mass'] == pytest.approx(6.283185307)
        version_id = answer.data['version_id']
        static = hybrid.services.validate(version_id=version_id, validation_type='static').data
        assert static['response_data']['outputs']['density']['default_value'] == 1


@pytest.mark.thorough
def test_a_model_alone_is_served_under_the_names_that_are_given(tmp_path: Path) -> None:
    path = tmp_path / f'{CYLINDER_150}.zip'
    path.write_bytes(pack(inner()))
    with Hybrid.LocalRunner(path, tenant='acme', folder='tins', service='can', instances=1) as runner:
        assert runner.services == {'acme': ['tins/can[1.0.0]']}
        with runner.client() as hybrid:
            assert hybrid.services.execute(f'version/{CYLINDER_150}', inputs={}).data['version'] == '1.0.0'


@pytest.mark.thorough
def test_a_file_without_a_name_of_its_own_leaves_it_to_the_script(tmp_path: Path) -> None:
    for name in (f'{CYLINDER_150}.zip', 'package.zip'):
        (tmp_path / name).write_bytes(pack(inner()))
        with Hybrid.LocalRunner(tmp_path / name, instances=1) as runner:
            assert runner.services == {'my-tenant': ['models/cylinder[1.0.0]']}


@pytest.mark.thorough
def test_a_model_alone_can_be_uploaded_under_the_callers_tenant() -> None:
    with serving() as api:
        files = {'file': ('life.zip', pack(inner(TERM_LIFE, '.zip')), 'application/zip')}
        headers = {'x-tenant-name': 'acme'}
        answer = httpx.post(f'{api.url}/upload', files=files, headers=headers, timeout=60, trust_env=False).json()
        (tenant,) = answer['response_data']
        (service,) = tenant['services']
        engine = service['EngineInformation']
        assert (tenant['tenant'], engine['ProductName'], engine['ServiceName']) == ('acme', 'models', 'life')
        assert [row['Input Name'] for row in service['XInputTable']][:2] == ['birth_date', 'start_date']
        body: Json = {'request_data': {'inputs': {}}, 'request_meta': {'service_uri': 'models/life'}}
        sent = httpx.post(f'{api.url}/acme/api/v3/execute', json=body, timeout=60, trust_env=False)
        assert sent.json()['response_data']['outputs']['age'] == 35


@pytest.mark.thorough
def test_a_model_alone_without_validations_is_served_all_the_same() -> None:
    files = {name: content for name, content in inner().items() if name.endswith(('.js', '.wasm'))}
    with serving(pack(files)) as api:
        assert api.outputs({'height': 1, 'radius': 1}, 'models/cylinder')['volume'] == pytest.approx(3.14159265)
        (version_id,) = api.models()
        answer = api.post('v3/validation', {'request_meta': {'version_id': version_id}}).json()
        assert answer['response_data']['outputs'] is None


@pytest.mark.thorough
def test_a_model_without_is_async_loads() -> None:
    files = inner()
    files['_cylinder.js'] += b';{const make=Module;Module=(o)=>make(o).then((m)=>{delete m._is_async;return m})}'
    del files['checksums.md5']
    with serving(pack(files)) as api:
        assert api.outputs({'height': 1, 'radius': 1}, 'models/cylinder')['volume'] == pytest.approx(3.14159265)


def test_a_name_that_cannot_stand_in_a_path_is_refused_before_anything_starts() -> None:
    with pytest.raises(Hybrid.SparkSdkError, match='folder'):
        Hybrid.LocalRunner(folder='..')


def test_a_zip_of_something_else_says_what_belongs_there() -> None:
    with serving() as api:
        answer = api.upload(pack({'readme.txt': b'x'}), 'notes.zip')
        assert answer.status_code == 422
        assert 'notes.zip holds no TENANT/FOLDER/SERVICE/VERSION/VERSION_ID.zip and no compiled model' in message(
            answer
        )
