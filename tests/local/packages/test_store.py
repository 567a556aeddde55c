"""Uploads that are kept in a folder: whole or not at all, in the order in which they came, and over a restart."""

from __future__ import annotations

import errno
import logging
import resource
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

import cspark.wasm as Hybrid
from cspark.wasm.local.packages.store import Store
from support.calls import message, serving
from support.packages import CYLINDER, CYLINDER_140, CYLINDER_150, TERM_LIFE, TERM_LIFE_030, only, rename

CONTENT = CYLINDER.read_bytes()


@contextmanager
def full_disk(size: int) -> Generator[None]:
    """Files of this process may not grow beyond this size, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.thorough
def test_an_upload_survives_a_restart_byte_by_byte(tmp_path: Path) -> None:
    folder = tmp_path / 'new' / 'packages'
    with serving(packages_dir=folder) as api:
        assert api.upload(CONTENT).status_code == 200
        before = api.outputs({'height': 3, 'radius': 1})
    assert [path.read_bytes() for path in folder.iterdir()] == [CONTENT]
    with serving(packages_dir=folder) as api:
        assert api.outputs({'height': 3, 'radius': 1}) == before
        assert set(api.models()) == {CYLINDER_140, CYLINDER_150}


@pytest.mark.thorough
def test_without_a_folder_an_upload_ends_with_the_runner() -> None:
    with serving() as api:
        assert api.upload(CONTENT).status_code == 200
    with serving() as api:
        assert api.models() == {}


@pytest.mark.thorough
def test_what_the_runner_is_started_with_is_not_kept(tmp_path: Path) -> None:
    with serving(CYLINDER, packages_dir=tmp_path):
        assert list(tmp_path.iterdir()) == []


@pytest.mark.thorough
def test_the_newest_upload_of_a_version_is_the_one_after_a_restart(tmp_path: Path) -> None:
    versions = [rename(only(CONTENT, '1.5.0'), version_id=f'id-{number}') for number in range(12)]
    with serving(packages_dir=tmp_path) as api:
        for package in (*versions, versions[0]):
            api.upload(package)
        assert list(api.models()) == ['id-0']
    (kept,) = tmp_path.iterdir()
    assert kept.read_bytes() == versions[0]
    with serving(packages_dir=tmp_path) as api:
        assert list(api.models()) == ['id-0']


@pytest.mark.thorough
def test_packages_of_others_in_the_folder_are_served_and_do_not_disturb_the_order(tmp_path: Path) -> None:
    (tmp_path / 'term-life.zip').write_bytes(TERM_LIFE.read_bytes())
    (tmp_path / 'folder.zip').mkdir()
    (tmp_path / 'notes.txt').write_text('no package')
    store = Store(tmp_path)
    kept = [store.keep(content) for content in (b'one', b'two', b'three')]
    assert [path.name.partition('-')[0] for path in kept] == ['00000001', '00000002', '00000003']
    for path in kept:
        path.unlink()
    with serving(packages_dir=tmp_path) as api:
        assert list(api.models()) == [TERM_LIFE_030]


def test_a_package_that_cannot_be_written_whole_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    earlier = store.keep(b'earlier')
    with full_disk(10_000), pytest.raises(OSError, match='too large') as caught:
        store.keep(CONTENT)
    assert caught.value.errno == errno.EFBIG
    assert list(tmp_path.iterdir()) == [earlier]
    assert store.keep(CONTENT).read_bytes() == CONTENT


def test_uploads_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    contents = [bytes([number]) * 100_000 for number in range(20)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(store.keep, contents * 2))
    assert sorted(path.read_bytes() for path in store.packages()) == contents


@pytest.mark.thorough
def test_a_package_goes_when_later_ones_have_all_of_its_versions(tmp_path: Path) -> None:
    with serving(packages_dir=tmp_path) as api:
        older, newer = only(CONTENT, '1.4.0'), only(CONTENT, '1.5.0')
        for package in (CONTENT, older, TERM_LIFE.read_bytes()):
            api.upload(package)
        assert len(list(tmp_path.iterdir())) == 3
    with serving(packages_dir=tmp_path) as api:
        api.upload(newer)
        assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == sorted(
            [older, TERM_LIFE.read_bytes(), newer]
        )
        assert set(api.models()) == {CYLINDER_140, CYLINDER_150, TERM_LIFE_030}


@pytest.mark.thorough
def test_a_package_that_cannot_be_stored_is_not_served(tmp_path: Path) -> None:
    with serving(packages_dir=tmp_path) as api:
        assert api.upload(TERM_LIFE.read_bytes()).status_code == 200
        with full_disk(10_000):
            answer = api.upload(CONTENT)
        assert (answer.status_code, message(answer)) == (500, 'the package cannot be stored: File too large')
        assert set(api.models()) == {TERM_LIFE_030}
        assert len(list(tmp_path.iterdir())) == 1
        assert api.upload(CONTENT).status_code == 200


def test_what_a_process_left_half_written_is_swept(tmp_path: Path) -> None:
    (tmp_path / 'tmpabc.part').write_bytes(CONTENT[:100])
    Store(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.thorough
def test_a_stored_package_that_does_not_load_is_skipped_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / '00000001-x.zip').write_bytes(CONTENT)
    (tmp_path / '00000002-x.zip').write_bytes(CONTENT[:5000])
    with caplog.at_level(logging.WARNING), serving(packages_dir=tmp_path) as api:
        assert set(api.models()) == {CYLINDER_140, CYLINDER_150}
    assert '00000002-x.zip is not a zip file' in caplog.text
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    with pytest.raises(Hybrid.SparkSdkError, match='cannot be created'):
        Hybrid.LocalRunner(packages_dir=tmp_path / 'file' / 'packages')
