"""Uploads kept in a folder, so that they survive a restart."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...errors import SparkSdkError
from .package import ServiceVersion

__all__ = ['Store']

Keys = frozenset[frozenset[str]]
"""The versions in a package, each by what names it: its id, and its service with the version."""


class Store:
    """A folder of packages, for one runner.

    A package is written under another name first and renamed when it is whole: a process that dies in between leaves
    no half of one, and what it left is swept by the next. The names start with a number, which keeps the order in which
    the packages came. A package goes when later ones have all of its versions.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._keeping = threading.Lock()
        self._versions: dict[Path, Keys] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for leftover in folder.glob('*.part'):
                leftover.unlink()
        except OSError as error:
            raise SparkSdkError(f'the folder for packages, {str(folder)!r}, cannot be made: {error}') from error

    def packages(self) -> Iterator[Path]:
        """The packages, oldest first."""
        return iter(sorted(path for path in self.folder.glob('*.zip') if path.is_file()))

    def remember(self, path: Path, versions: Iterable[ServiceVersion]) -> None:
        """Know what is in a package that is there already."""
        self._versions[path] = _keys_of(versions)

    def keep(self, content: bytes, versions: Iterable[ServiceVersion] = ()) -> Path:
        """Write a package; one that was kept before becomes the newest.

        Raises:
            OSError: It cannot be written whole; then nothing of it is there.
        """
        with self._keeping:
            path = self._write(content)
            self._versions[path] = _keys_of(versions)
            self._drop_replaced()
            return path

    def _write(self, content: bytes) -> Path:
        digest = hashlib.sha256(content).hexdigest()[:16]
        earlier = list(self.folder.glob(f'*-{digest}.zip'))
        numbers = [path.name.partition('-')[0] for path in self.packages()]
        number = max((int(number) for number in numbers if number.isdecimal()), default=0) + 1
        target = self.folder / f'{number:08d}-{digest}.zip'
        handle, temporary = tempfile.mkstemp(dir=self.folder, suffix='.part')
        try:
            with os.fdopen(handle, 'wb') as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        for path in earlier:
            self._drop(path)
        return target

    def _drop_replaced(self) -> None:
        newer: set[str] = set()
        for path in reversed(list(self.packages())):
            versions = self._versions.get(path)
            if versions and all(not version.isdisjoint(newer) for version in versions):
                self._drop(path)
            newer.update(*(versions or ()))

    def _drop(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._versions.pop(path, None)


def _keys_of(versions: Iterable[ServiceVersion]) -> Keys:
    return frozenset(frozenset((f'{one.tenant}/{one.version_id}', f'{one.tenant}/{one.uri}')) for one in versions)
