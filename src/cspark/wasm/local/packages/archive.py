"""Read untrusted zip files: check them before anything is unpacked, and unpack into memory, never to disk."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from ..._codec.json import decode_json, encode_json, is_object
from ..errors import PackageError

__all__ = ['Archive', 'Limits']


@dataclass(frozen=True)
class Limits:
    """Limits of an archive's contents.

    Args:
        files: The number of entries in one archive.
        total: The unpacked size of all files of an archive and of the archives within it, in bytes.
        ratio: How many times its compressed size a file of more than a megabyte may unpack to.
    """

    files: int = 10_000
    total: int = 512 * 1024 * 1024
    ratio: int = 200


class Archive(Mapping[str, bytes]):
    """A mapping from the paths in a zip file to the contents. Folders and the files that macOS adds are left out.

    Args:
        content: The zip file.
        name: The name of the archive in error messages.
        limits: The limits of its contents.
        used: The part of the total limit that is used already, in bytes.

    Raises:
        PackageError: It is not a zip file, or an entry has a forbidden path, type or size.
    """

    def __init__(self, content: bytes, name: str, limits: Limits | None = None, used: int = 0) -> None:
        self.name = name
        self._limits = limits or Limits()
        self._used = used
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise PackageError(f'{name} is not a zip file: {error}') from error
        self._entries: dict[str, zipfile.ZipInfo] = {}
        self._check(self._zip.infolist(), self._limits)

    def _check(self, entries: list[zipfile.ZipInfo], limits: Limits) -> None:
        if len(entries) > limits.files:
            raise PackageError(f'{self.name} holds {len(entries)} entries; at most {limits.files} are accepted')
        for entry in entries:
            # `orig_filename` is the name as packed; `filename` is cut at a null byte, and its slashes are normalized.
            if problem := _problem(entry, limits):
                raise PackageError(f'{self.name}: {entry.orig_filename!r} {problem}')
            if entry.filename in self._entries:
                raise PackageError(f'{self.name}: {entry.filename!r} occurs twice')
            self._used += entry.file_size
            if self._used > limits.total:
                raise PackageError(f'{self.name} unpacks to more than {limits.total:,} bytes')
            parts = PurePosixPath(entry.filename).parts
            if not entry.is_dir() and '__MACOSX' not in parts and parts[-1] != '.DS_Store':
                self._entries[entry.filename] = entry

    def __getitem__(self, path: str) -> bytes:
        entry = self._entries[path]
        try:
            # Without a size, `read` unpacks all data before it compares the size with the declared one.
            with self._zip.open(entry) as file:
                return file.read(entry.file_size)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
            raise PackageError(f'{self.name}: {path!r} cannot be unpacked: {error}') from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def inner(self, path: str) -> Archive:
        """Open a zip file within this one; its unpacked size counts towards the total of this archive.

        Raises:
            PackageError: It is not a zip file, or an entry has a forbidden path, type or size.
        """
        inner = Archive(self[path], f'{self.name}: {path}', self._limits, self._used)
        self._used = inner._used
        return inner

    def text(self, path: str) -> str:
        """Read a file as text.

        Raises:
            PackageError: The file is missing or is not UTF-8.
        """
        if path not in self:
            raise PackageError(f'{self.name}: {path!r} is missing')
        try:
            return self[path].decode('utf-8-sig')
        except UnicodeDecodeError as error:
            raise PackageError(f'{self.name}: {path!r} is not UTF-8 text: {error}') from error

    def json(self, path: str) -> dict[str, Any]:
        """Read a file as a JSON object.

        Raises:
            PackageError: The file is missing, is not a JSON object, or is nested too deeply.
        """
        try:
            value = decode_json(self.text(path).encode())
        except (ValueError, RecursionError) as error:
            raise PackageError(f'{self.name}: {path!r} is not JSON: {error}') from error
        if not is_object(value):
            raise PackageError(f'{self.name}: {path!r} must hold a JSON object, not a {type(value).__name__}')
        try:
            # The answer to an upload repeats the description at this depth, so it must be possible to write it there.
            encode_json({'response_data': [{'services': [value]}]})
        except TypeError as error:
            raise PackageError(f'{self.name}: {path!r} is nested too deeply to be repeated in an answer') from error
        return value


def _problem(entry: zipfile.ZipInfo, limits: Limits) -> str:
    name = entry.orig_filename
    if '\0' in name or '\\' in name:
        return 'has a null byte or a backslash in its name'
    if name.startswith('/') or ':' in name.partition('/')[0]:
        return 'is an absolute path'
    if '..' in PurePosixPath(name).parts or not PurePosixPath(name).parts:
        return 'leads out of the package'
    mode = entry.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return 'is a link or a device'
    if entry.flag_bits & 1:
        return 'is encrypted'
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f'is packed by method {entry.compress_type}; deflate (8) and none (0) are accepted'
    if entry.file_size > 1_000_000 and entry.file_size > limits.ratio * max(1, entry.compress_size):
        return f'unpacks to more than {limits.ratio} times its size, like a zip bomb'
    return ''
