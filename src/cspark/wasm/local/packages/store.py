"""Keep uploads in a folder, so that they survive a restart."""

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
"""The versions in a package, each as a set of two names: by its id, and by its service and version."""


class Store:
    """A folder of packages, used by one runner.

    A package is written under a temporary name and renamed when it is complete. A process that dies in between leaves
    no incomplete package, and the next one removes the temporary file. The file names start with a number, which keeps
    the packages in the order of their upload. A package is deleted when later ones contain all of its versions.
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
            raise SparkSdkError(f'the folder for packages, {str(folder)!r}, cannot be created: {error}') from error

    def packages(self) -> Iterator[Path]:
        """The packages, oldest first."""
        return iter(sorted(path for path in self.folder.glob('*.zip') if path.is_file()))

    def remember(self, path: Path, versions: Iterable[ServiceVersion]) -> None:
        """Record which versions a package in the folder contains."""
        self._versions[path] = _keys_of(versions)

    def keep(self, content: bytes, versions: Iterable[ServiceVersion] = ()) -> Path:
        """Write a package; one with the same content that was kept before becomes the newest.

        Raises:
            OSError: The package cannot be written; then no part of it remains.
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
