"""A folder of models as production mounts it: read at the start, and followed."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import cspark.wasm as Hybrid
from support.packages import CYLINDER, CYLINDER_140, CYLINDER_150, TERM_LIFE, TERM_LIFE_030, unzip


def mount(folder: Path, package: Path, *, described: bool = True) -> None:
    """Lay the files of a package into a folder, with or without its JSON files."""
    for name, content in unzip(package.read_bytes()).items():
        if described or name.endswith('.zip'):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for what the runner notices by itself."""
    until = time.monotonic() + 60
    while not true():
        assert time.monotonic() < until, 'the runner did not notice'
        time.sleep(0.05)


@pytest.mark.thorough
def test_models_are_served_with_and_without_the_files_beside_them(tmp_path: Path) -> None:
    mount(tmp_path, CYLINDER)
    mount(tmp_path, TERM_LIFE, described=False)
    (tmp_path / 'my-tenant' / 'notes.txt').write_text('not a model')
    with Hybrid.LocalRunner(models_dir=tmp_path, instances=1) as runner, runner.client() as hybrid:
        assert sorted(runner.services['my-tenant']) == [
            'insurance/term-life[0.3.0]',
            'shapes/cylinder[1.4.0]',
            'shapes/cylinder[1.5.0]',
        ]
        assert hybrid.services.execute('insurance/term-life', inputs={}).data['version_id'] == TERM_LIFE_030
        assert hybrid.services.execute(f'version/{CYLINDER_140}', inputs={'height': 1}).data['version'] == '1.4.0'
        static = hybrid.services.validate(version_id=TERM_LIFE_030, validation_type='static').data
        assert static['response_data']['outputs']['term_years']['max'] == 40


@pytest.mark.thorough
def test_the_folder_is_followed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), Hybrid.LocalRunner(models_dir=tmp_path, instances=1) as runner:
        assert runner.services == {}
        mount(tmp_path, CYLINDER, described=False)
        wait_until(lambda: len(runner.services.get('my-tenant', [])) == 2)
        broken = tmp_path / 'my-tenant/shapes/cylinder/1.6.0/5c9a3f0d-2f9b-4b6e-8a55-6d1f0f1b1600.zip'
        broken.parent.mkdir()
        broken.write_bytes(b'PK half of a copy')
        wait_until(lambda: 'is not a zip file' in caplog.text)
        assert len(runner.services['my-tenant']) == 2
        broken.write_bytes((tmp_path / f'my-tenant/shapes/cylinder/1.5.0/{CYLINDER_150}.zip').read_bytes())
        wait_until(lambda: 'shapes/cylinder[1.6.0]' in runner.services['my-tenant'])
        with runner.client(tenant='my-tenant') as hybrid:
            assert hybrid.services.execute('shapes/cylinder', inputs={'height': 1}).data['version'] == '1.6.0'
            shutil.rmtree(broken.parent)
            wait_until(lambda: 'shapes/cylinder[1.6.0]' not in runner.services['my-tenant'])
            assert hybrid.services.execute('shapes/cylinder', inputs={'height': 1}).data['version'] == '1.5.0'


@pytest.mark.thorough
def test_a_replaced_model_that_does_not_load_leaves_the_earlier_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mount(tmp_path, TERM_LIFE)
    with caplog.at_level(logging.WARNING), Hybrid.LocalRunner(models_dir=tmp_path, instances=1) as runner:
        (model,) = tmp_path.glob('*/*/*/*/*.zip')
        model.write_bytes(b'PK')
        wait_until(lambda: 'is not served' in caplog.text)
        with runner.client() as hybrid:
            assert hybrid.services.execute('insurance/term-life', inputs={}).data['version'] == '0.3.0'


def test_a_folder_that_is_not_there_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(Hybrid.SparkSdkError, match=r'the folder for models, .* does not exist'):
        Hybrid.LocalRunner(models_dir=tmp_path / 'missing')
