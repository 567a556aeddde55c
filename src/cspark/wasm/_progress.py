"""Bars on the terminal, and files that tell how much of them was read."""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable
from typing import BinaryIO, TypeAlias, cast

from .errors import SparkSdkError

__all__ = ['Bar', 'UploadProgress', 'watched']

UploadProgress: TypeAlias = bool | Callable[[int, int], object]
"""False for none, True for a bar on the terminal (it needs `tqdm`), or a function that is told after each piece how
many bytes are on their way, and of how many."""


class Bar:
    """A bar on the terminal.

    Args:
        unit: What is counted.
        total: How much there is, if that is known.

    Raises:
        SparkSdkError: `tqdm` is not installed.
    """

    def __init__(self, unit: str, total: int | None = None) -> None:
        try:
            library = importlib.import_module('tqdm')
        except ModuleNotFoundError as error:
            raise SparkSdkError('progress=True needs tqdm, which is not installed: pip install tqdm') from error
        self._bar = library.tqdm(total=total, unit=unit, unit_scale=True)

    def show(self, done: int, total: int | None) -> None:
        """Show how far it is."""
        self._bar.total = total
        self._bar.update(done - self._bar.n)
        if done == total:
            self._bar.close()

    def close(self) -> None:
        """Leave it as it is."""
        self._bar.close()


class _WatchedFile(io.RawIOBase):
    """A file that tells how far it was read."""

    def __init__(self, file: BinaryIO, tell: Callable[[int, int], object]) -> None:
        self._file = file
        self._tell = tell
        self._total = file.seek(0, io.SEEK_END)
        file.seek(0)

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        if content:
            self._tell(self._file.tell(), self._total)
        return content

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        """The file stays open: it is the caller's."""


def watched(file: BinaryIO, progress: Bar | Callable[[int, int], object]) -> BinaryIO:
    """The file, telling how far it was read.

    Raises:
        SparkSdkError: It cannot be rewound, so that nobody knows how much there is.
    """
    if not file.seekable():
        raise SparkSdkError('progress needs a file that can be rewound')
    return cast('BinaryIO', _WatchedFile(file, progress.show if isinstance(progress, Bar) else progress))
