"""A zip is hostile until it is checked: each that is not a plain one is refused, and nothing of it is kept."""

from __future__ import annotations

import re
import stat
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cspark.wasm.local import PackageError
from cspark.wasm.local.packages.archive import Archive, Limits
from cspark.wasm.local.packages.package import read_package
from support.calls import Api, message, serving
from support.packages import CYLINDER, CYLINDER_150, Files, change, only, pack, unzip
from support.zips import add, declare

GOOD: Final = only(CYLINDER.read_bytes(), '1.5.0')
ZEROS: Final = bytes(2_000_000)
LINK: Final = stat.S_IFLNK | 0o777
MODEL: Final = f'my-tenant/shapes/cylinder/1.5.0/{CYLINDER_150}.zip'


def in_model(name: str) -> bytes:
    """The package with one more file in its compiled model."""

    def edit(files: Files) -> None:
        files[MODEL] = add(files[MODEL], name, ZEROS)

    return change(GOOD, edit)


HOSTILE: Final[dict[str, tuple[bytes, str]]] = {
    'no bytes': (b'', 'package.zip is not a zip file'),
    'text': (b'PK, but no zip', 'package.zip is not a zip file'),
    'cut off': (GOOD[:-100], 'package.zip is not a zip file'),
    'start cut off': (GOOD[3000:], 'cannot be unpacked|is not a zip file'),
    'traversal': (add(GOOD, '../evil.txt'), "'../evil.txt' leads out of the package"),
    'traversal from inside': (add(GOOD, 'my-tenant/../../evil.txt'), 'leads out of the package'),
    'traversal by backslash': (add(GOOD, '..\\evil.txt'), 'a null byte or a backslash'),
    'absolute name': (add(GOOD, '/etc/passwd'), "'/etc/passwd' is an absolute path"),
    'absolute name with a drive': (add(GOOD, 'C:/Windows/evil.dll'), 'is an absolute path'),
    'name with a null byte': (add(GOOD, 'good.txt\0/../evil'), 'a null byte or a backslash'),
    'name of a dot': (add(GOOD, '.'), "'.' leads out of the package"),
    'link': (add(GOOD, 'my-tenant/link', b'/etc/passwd', LINK), "'my-tenant/link' is a link or a device"),
    'link in litter': (add(GOOD, '__MACOSX/link', b'/etc/passwd', LINK), 'is a link or a device'),
    'device': (add(GOOD, 'my-tenant/device', b'', stat.S_IFCHR | 0o666), 'is a link or a device'),
    'name twice': (add(GOOD, 'my-tenant/manifest.json', b'{}'), "'my-tenant/manifest.json' occurs twice"),
    'encrypted': (declare(GOOD, 'my-tenant/manifest.json', flags=1), "'my-tenant/manifest.json' is encrypted"),
    'other packing': (add(GOOD, 'x', b'x', method=zipfile.ZIP_LZMA), "'x' is packed by method 14"),
    'unknown packing': (declare(GOOD, 'my-tenant/manifest.json', method=99), 'is packed by method 99'),
    'bomb by ratio': (add(GOOD, 'zeros', ZEROS), "'zeros' unpacks to more than 200 times its size, like a zip bomb"),
    'bomb by total': (
        declare(add(GOOD, 'zeros', ZEROS), 'zeros', packed=9_000_000, unpacked=600_000_000),
        'package.zip unpacks to more than 536,870,912 bytes',
    ),
    'wrong sum': (declare(GOOD, 'my-tenant/manifest.json', sum=7), "'my-tenant/manifest.json' cannot be unpacked"),
    'size that is not true': (
        declare(GOOD, 'my-tenant/manifest.json', unpacked=5),
        "'my-tenant/manifest.json' cannot be unpacked",
    ),
    'very many files': (pack({str(number): b'' for number in range(10_001)}), 'holds 10001 entries; at most 10000'),
    'traversal in the model': (in_model('../evil.txt'), f'{MODEL}: .../evil.txt'),
    'bomb in the model': (in_model('zeros'), f'{MODEL}: .zeros. unpacks to more'),
}


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where uploads are kept."""
    return tmp_path_factory.mktemp('packages')


@pytest.fixture(scope='module')
def empty(folder: Path) -> Iterator[Api]:
    """A runner without packages that would keep uploads."""
    with serving(packages_dir=folder) as api:
        yield api


@pytest.mark.parametrize(('package', 'words'), HOSTILE.values(), ids=list(HOSTILE))
def test_a_hostile_zip_is_refused_and_nothing_of_it_is_kept(
    empty: Api, folder: Path, package: bytes, words: str
) -> None:
    answer = empty.upload(package)
    assert answer.status_code == 422
    assert message(answer).startswith('package.zip')
    assert re.search(words, message(answer))
    assert list(folder.iterdir()) == []
    assert empty.models() == {}


@pytest.mark.thorough
def test_a_file_that_declares_less_than_it_unpacks_to_takes_no_more_memory_than_that() -> None:
    bomb = declare(add(pack({}), 'zeros', bytes(100_000_000)), 'zeros', unpacked=1000)
    archive = Archive(bomb, 'bomb.zip')
    tracemalloc.start()
    try:
        with pytest.raises(PackageError, match=r"'zeros' cannot be unpacked"):
            archive['zeros']
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_what_the_models_unpack_to_counts_towards_the_total_of_the_package() -> None:
    files = unzip(GOOD)
    size = sum(map(len, files.values())) + sum(map(len, unzip(files[MODEL]).values()))
    assert len(read_package(GOOD, limits=Limits(total=size))) == 1
    with pytest.raises(PackageError, match='unpacks to more than'):
        read_package(GOOD, limits=Limits(total=size - 1))


def test_folders_and_litter_do_no_harm() -> None:
    littered = GOOD
    for name in ('my-tenant/', 'my-tenant/shapes/', '__MACOSX/my-tenant/._manifest.json', 'my-tenant/.DS_Store'):
        littered = add(littered, name)
    (version,) = read_package(littered)
    assert version.uri == 'shapes/cylinder[1.5.0]'


@pytest.mark.thorough
@given(
    st.lists(
        st.tuples(
            st.one_of(st.integers(1, 700).map(lambda back: len(GOOD) - back), st.integers(0, len(GOOD) - 1)),
            st.integers(0, 255),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_is_wrong_with_a_zip_it_is_read_or_refused(changes: list[tuple[int, int]]) -> None:
    content = bytearray(GOOD)
    for place, value in changes:
        content[place] = value
    with suppress(PackageError):
        assert [version.uri for version in read_package(bytes(content))]
