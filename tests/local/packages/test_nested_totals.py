"""What a package unpacks to is the sum of all zips in it: no number of small bombs gets past the limit of one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest

from support.calls import Api, message, serving
from support.packages import CYLINDER, Files, change, insert, only, pack, replace
from support.zips import add, declare

TOTAL: Final = 512 * 1024 * 1024
BOTH: Final = CYLINDER.read_bytes()
TOO_MUCH: Final = f'unpacks to more than {TOTAL:,} bytes'


@pytest.fixture(scope='module')
def empty() -> Iterator[Api]:
    """A runner without packages."""
    with serving() as api:
        yield api


def with_large_file(archive: bytes, size: int) -> bytes:
    """The same zip with one more file, which declares this size."""
    return declare(add(archive, 'large.bin'), 'large.bin', packed=size // 100, unpacked=size)


def with_large_models(package: bytes, *sizes: int) -> bytes:
    """The same package with a file of these sizes in its compiled models, in their order."""

    def edit(files: Files) -> None:
        models = sorted(name for name in files if name.endswith('.zip'))
        for name, size in zip(models, sizes, strict=True):
            files[name] = with_large_file(files[name], size)

    return change(package, edit)


def test_models_that_are_small_enough_one_by_one_may_be_too_large_together(empty: Api) -> None:
    answer = empty.upload(with_large_models(BOTH, TOTAL // 2, TOTAL // 2))
    assert answer.status_code == 422
    assert TOO_MUCH in message(answer)
    assert empty.models() == {}


def test_the_package_s_own_files_count_too(empty: Api) -> None:
    answer = empty.upload(with_large_file(with_large_models(only(BOTH, '1.5.0'), TOTAL // 2), TOTAL // 2))
    assert answer.status_code == 422
    assert TOO_MUCH in message(answer)
    assert empty.models() == {}


@pytest.mark.thorough
def test_models_that_fit_together_are_served() -> None:
    package = with_large_file(with_large_models(BOTH, TOTAL // 4, TOTAL // 4), TOTAL // 4)
    with serving() as api:
        assert api.upload(package).is_success
        assert len(api.models()) == 2


@pytest.mark.thorough
def test_as_many_entries_as_are_accepted_are_no_reason_to_refuse_a_package(empty: Api) -> None:
    for count, is_too_many in ((10_000, False), (10_001, True)):
        answer = empty.upload(pack({str(number): b'' for number in range(count)}))
        assert answer.status_code == 422
        assert ('entries' in message(answer)) is is_too_many


@pytest.mark.parametrize(('count', 'words'), [(200, 'is missing|compiled models'), (201, '201 versions')])
def test_a_package_holds_200_versions_at_most(empty: Api, count: int, words: str) -> None:
    answer = empty.upload(pack({f't/f/s/1.0.{number}/ModelMetaData.json': b'{}' for number in range(count)}))
    assert answer.status_code == 422
    assert re.search(words, message(answer))


@pytest.mark.thorough
@pytest.mark.parametrize('path', ['my-tenant/shapes/notes/1.0.0/readme.txt', 'my-tenant/notes.zip', 'a/b/c/d/e/f.zip'])
def test_files_that_belong_to_no_version_make_none(path: str) -> None:
    with serving() as api:
        assert api.upload(change(only(BOTH, '1.5.0'), insert(path, b'anything'))).is_success
        assert len(api.models()) == 1


def test_a_manifest_is_an_object(empty: Api) -> None:
    answer = empty.upload(change(only(BOTH, '1.5.0'), replace('manifest.json', b'[]')))
    assert answer.status_code == 422
    assert re.search(r"manifest\.json' .*\blist\b", message(answer))


@pytest.mark.thorough
def test_a_service_that_nothing_in_its_package_gives_an_id_has_one_that_stays() -> None:
    def strip(files: Files) -> None:
        for end in ('ModelMetaData.json', 'manifest.json'):
            replace(end, None)(files)

    package = change(only(BOTH, '1.5.0'), strip)
    found: list[str] = []
    for _ in range(2):
        with serving() as api:
            assert api.upload(package).is_success
            answer = api.execute({'height': 1})
            found.append(answer['response_meta']['service_id'])
            assert api.many([{'height': 1}], service=found[-1])['outputs'][0] == answer['response_data']['outputs']
    assert found[0] and found[0] == found[1]
