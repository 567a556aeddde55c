"""A package with something missing, broken or wrong in it is refused with the name of the file, and nothing is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import cspark.wasm as Hybrid
from cspark.wasm.local import PackageError
from support.calls import Api, message, serving
from support.packages import (
    CYLINDER,
    CYLINDER_150,
    TERM_LIFE,
    change,
    change_models,
    described,
    insert,
    only,
    pack,
    replace,
)

GOOD: Final = only(CYLINDER.read_bytes(), '1.5.0')
LIFE: Final = TERM_LIFE.read_bytes()
FOLDER: Final = 'my-tenant/shapes/cylinder/1.5.0'
MODEL: Final = f'{FOLDER}/{CYLINDER_150}.zip'
DEEP: Final = b'{"outputs":' + b'[' * 300 + b']' * 300 + b'}'

BROKEN: Final[dict[str, tuple[bytes, str]]] = {
    'nothing in it': (
        pack({}),
        'package.zip holds no TENANT/FOLDER/SERVICE/VERSION/VERSION_ID.zip and no compiled model',
    ),
    'a description elsewhere': (
        change(GOOD, insert('my-tenant/shapes/ModelMetaData.json', b'{}')),
        "'my-tenant/shapes/ModelMetaData.json' is not at TENANT/FOLDER/SERVICE/VERSION/",
    ),
    'no list in the manifest': (
        change(GOOD, replace('manifest.json', b'{"outputs": {}}')),
        "'my-tenant/manifest.json' has no list at outputs.service_versions",
    ),
    'a manifest that is a list': (
        change(GOOD, replace('manifest.json', b'[]')),
        "'my-tenant/manifest.json' must hold a JSON object, not a list",
    ),
    'a broken manifest': (change(GOOD, replace('manifest.json', b'{')), "'my-tenant/manifest.json' is not JSON"),
    'a broken description': (change(GOOD, replace('MetaData.json', b'{,}')), "/ModelMetaData.json' is not JSON"),
    'a description that is no text': (
        change(GOOD, replace('ModelMetaData.json', b'{"Author": "\xff"}')),
        "/ModelMetaData.json' is not UTF-8 text",
    ),
    'a description with half a character': (
        change(GOOD, replace('ModelMetaData.json', b'{"Author": "\\ud800"}')),
        "/ModelMetaData.json' is not JSON",
    ),
    'a number that is none': (
        change(GOOD, replace('DefaultValidations.json', b'{"outputs": NaN}')),
        "/DefaultValidations.json' is not JSON",
    ),
    'deeper than can be answered': (
        change(GOOD, replace('DefaultValidations.json', DEEP)),
        "/DefaultValidations.json' is nested too deeply",
    ),
    'no id': (described(GOOD, ServiceGuid=None, ServiceName='other'), 'has no ServiceGuid, and the manifest no'),
    'a date that is none': (described(GOOD, EffectiveStartDate='soon'), "has the date 'soon', which is not ISO 8601"),
    'a number for a name': (described(GOOD, ServiceName=7), 'needs text at ServiceName, not int'),
    'text for the engine': (described(GOOD, EngineInformation='x'), 'needs an object at EngineInformation'),
    'text for a table': (described(GOOD, XInputTable='x'), 'needs a list of objects at XInputTable'),
    'no model': (change(GOOD, replace('.zip', None)), f"'{FOLDER}' holds 0 compiled models"),
    'two models': (change(GOOD, insert(f'{FOLDER}/other.zip', b'')), f"'{FOLDER}' holds 2 compiled models"),
    'a model that is no zip': (change(GOOD, replace('.zip', b'PK')), f'{MODEL} is not a zip file'),
    'no script': (change_models(GOOD, replace('.js', None)), f'{MODEL} holds 0 scripts'),
    'two models in one': (
        change_models(GOOD, lambda files: files.update({'o.js': b'', 'o.wasm': files['_cylinder.wasm']})),
        f'{MODEL} holds 2 scripts',
    ),
    'a script that is no text': (change_models(GOOD, replace('.js', b'\xff')), f"{MODEL}: '_cylinder.js' is not UTF-8"),
    'no WASM': (change_models(GOOD, replace('.wasm', None)), f"{MODEL}: '_cylinder.wasm' is missing"),
    'other WASM': (change_models(GOOD, replace('.wasm', b'MZ')), f"{MODEL}: '_cylinder.wasm' is not WASM"),
    'half of the WASM': (
        change_models(GOOD, lambda files: files.update({'_cylinder.wasm': files['_cylinder.wasm'][:5000]})),
        "'_cylinder.js' cannot be loaded as a model",
    ),
    'a wrong checksum': (
        change_models(GOOD, replace('_CompilerLog.json', b'{}'), sums=False),
        f"{MODEL}: 'cylinder_CompilerLog.json' has the checksum .*, checksums.md5 says",
    ),
    'a checksum without its file': (
        change_models(GOOD, replace('_CompilerLog.json', None), sums=False),
        f"{MODEL}: 'cylinder_CompilerLog.json' is missing; checksums.md5 lists it",
    ),
    'broken metadata': (change_models(LIFE, replace('_static.json', b'{')), "'term-life_static.json' is not JSON"),
    'metadata of text': (
        change_models(LIFE, replace('_static.json', b'{"Outputs": "red"}')),
        "'term-life_static.json' needs an object at Outputs",
    ),
    'an image of text': (
        change_models(LIFE, replace('_static.json', b'{"ImageOutputs": ["Logo"]}')),
        'a list of objects at ImageOutputs',
    ),
    'a broken form': (change_models(LIFE, insert('term-life_jsonformspec.json', b'{')), 'formspec.json.* is not JSON'),
    'no data file': (change_models(LIFE, replace('.data', None)), "'_term-life.js' cannot be loaded as a model"),
}


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where uploads are kept."""
    return tmp_path_factory.mktemp('packages')


@pytest.fixture(scope='module')
def empty(folder: Path) -> Iterator[Api]:
    """A runner without packages that would keep uploads."""
    with serving(packages_dir=folder, timeout=5) as api:
        yield api


@pytest.mark.parametrize(('package', 'words'), BROKEN.values(), ids=list(BROKEN))
def test_a_broken_package_is_refused_and_nothing_of_it_is_kept(
    empty: Api, folder: Path, package: bytes, words: str
) -> None:
    answer = empty.upload(package)
    assert answer.status_code == 422
    assert re.search(words, message(answer))
    assert list(folder.iterdir()) == []
    assert empty.models() == {}


@pytest.mark.thorough
def test_a_package_with_one_version_that_does_not_load_is_refused_as_a_whole(empty: Api, folder: Path) -> None:
    def edit(files: dict[str, bytes]) -> None:
        (newest,) = [name for name in files if name.endswith(f'{CYLINDER_150}.zip')]
        files[newest] = change(files[newest], replace('.md5', b''))
        files[newest] = change(files[newest], replace('.js', b'throw new Error("not today")'))

    answer = empty.upload(change(CYLINDER.read_bytes(), edit))
    assert (answer.status_code, 'not today' in message(answer)) == (422, True)
    assert (list(folder.iterdir()), empty.models()) == ([], {})


@pytest.mark.thorough
def test_a_refused_package_leaves_what_is_served_as_it_is() -> None:
    with serving(CYLINDER) as api:
        assert api.upload(change_models(GOOD, replace('.wasm', None))).status_code == 422
        assert api.outputs({'height': 2, 'radius': 1, 'density': 3})['mass'] == pytest.approx(18.84956)


@pytest.mark.parametrize('package', [b'text', 'missing.zip', Path(__file__).parent], ids=str)
def test_a_runner_is_not_made_of_what_is_no_package(package: bytes | str | Path) -> None:
    with pytest.raises(PackageError, match=r'is not a zip file|cannot be read'):
        Hybrid.LocalRunner(package)
