"""Uploads kept in a folder, so that they survive a restart."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from ..errors import SparkSdkError

__all__ = ['Store']


class Store:
    """A folder of packages.

    A package is written under another name first and renamed when it is whole: a process that dies in between leaves
    no half of one. The names start with a number, which keeps the order in which the packages came.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._keeping = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SparkSdkError(f'the folder for packages, {str(folder)!r}, cannot be made: {error}') from error

    def packages(self) -> Iterator[Path]:
        """The packages, oldest first."""
        return iter(sorted(path for path in self.folder.glob('*.zip') if path.is_file()))

    def keep(self, content: bytes) -> Path:
        """Write a package; one that was kept before becomes the newest."""
        with self._keeping:
            return self._keep(content)

    def _keep(self, content: bytes) -> Path:
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
            path.unlink(missing_ok=True)
        return target
