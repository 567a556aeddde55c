"""Progress bars on the terminal, and files that report how much of them has been read."""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable
from typing import BinaryIO, TypeAlias, cast

from .errors import SparkSdkError

__all__ = ['Bar', 'UploadProgress', 'watched']

UploadProgress: TypeAlias = bool | Callable[[int, int], object]
"""False for none, True for a progress bar on the terminal (needs `tqdm`), or a function that is called after each piece
with the number of bytes sent so far and the total."""


class Bar:
    """A progress bar on the terminal.

    Args:
        unit: The unit that is counted.
        total: The total, if it is known.

    Raises:
        SparkSdkError: `tqdm` is not installed.
    """

    def __init__(self, unit: str, total: int | None = None) -> None:
        try:
            importlib.import_module('tqdm')
            library = importlib.import_module('tqdm.auto')  # the notebook's bar, where there is one
        except ModuleNotFoundError as error:
            raise SparkSdkError('progress=True needs tqdm, which is not installed: pip install tqdm') from error
        self._bar = library.tqdm(total=total, unit=unit, unit_scale=True)

    def show(self, done: int, total: int | None) -> None:
        """Update the bar."""
        self._bar.total = total
        self._bar.update(done - self._bar.n)
        if done == total:
            self._bar.close()

    def close(self) -> None:
        """Close the bar, leaving its last state on the terminal."""
        self._bar.close()


class _WatchedFile(io.RawIOBase):
    """A file that reports how much of it has been read."""

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
        """Do nothing: the file belongs to the caller, and stays open."""


def watched(file: BinaryIO, progress: Bar | Callable[[int, int], object]) -> BinaryIO:
    """Wrap a file so that it reports how much of it has been read.

    Raises:
        SparkSdkError: The file cannot be rewound, so its size is unknown.
    """
    if not file.seekable():
        raise SparkSdkError('progress needs a file that can be rewound')
    return cast('BinaryIO', _WatchedFile(file, progress.show if isinstance(progress, Bar) else progress))
