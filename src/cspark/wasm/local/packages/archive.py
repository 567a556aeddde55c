"""Zip files from strangers: checked before a byte is unpacked, read into memory, never written to disk."""

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
    """How much an archive may hold.

    Args:
        files: Entries in one archive.
        total: Bytes of all files of one archive, unpacked, and of all archives within it.
        ratio: How many times larger than packed a file of more than a megabyte may be.
    """

    files: int = 10_000
    total: int = 512 * 1024 * 1024
    ratio: int = 200


class Archive(Mapping[str, bytes]):
    """The files of a zip by their paths. What macOS adds and folders are left out.

    Args:
        content: The zip.
        name: What to call it in errors.
        limits: How much it may hold.
        used: How much of the total is used already, in bytes.

    Raises:
        PackageError: It is no zip, or it holds a path, a link or a size that it should not.
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
            # orig_filename is the name as it was packed; `filename` is cut at a null byte and has slashes turned.
            if problem := _problem(entry, limits):
                raise PackageError(f'{self.name}: {entry.orig_filename!r} {problem}')
            if entry.filename in self._entries:
                raise PackageError(f'{self.name}: {entry.filename!r} is there twice')
            self._used += entry.file_size
            if self._used > limits.total:
                raise PackageError(f'{self.name} unpacks to more than {limits.total:,} bytes')
            parts = PurePosixPath(entry.filename).parts
            if not entry.is_dir() and '__MACOSX' not in parts and parts[-1] != '.DS_Store':
                self._entries[entry.filename] = entry

    def __getitem__(self, path: str) -> bytes:
        entry = self._entries[path]
        try:
            # Without a size, `read` unpacks whatever there is before it looks at the size that the archive declares.
            with self._zip.open(entry) as file:
                return file.read(entry.file_size)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
            raise PackageError(f'{self.name}: {path!r} cannot be unpacked: {error}') from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def inner(self, path: str) -> Archive:
        """A zip within the zip; what it unpacks to counts towards the total of this one.

        Raises:
            PackageError: It is no zip, or it holds something that it should not.
        """
        inner = Archive(self[path], f'{self.name}: {path}', self._limits, self._used)
        self._used = inner._used
        return inner

    def text(self, path: str) -> str:
        """A file as text.

        Raises:
            PackageError: It is not there, or it is not UTF-8.
        """
        if path not in self:
            raise PackageError(f'{self.name}: {path!r} is missing')
        try:
            return self[path].decode('utf-8-sig')
        except UnicodeDecodeError as error:
            raise PackageError(f'{self.name}: {path!r} is not UTF-8 text: {error}') from error

    def json(self, path: str) -> dict[str, Any]:
        """A file as a JSON object.

        Raises:
            PackageError: It is not there, or it is not a JSON object.
        """
        try:
            value = decode_json(self.text(path).encode())
        except (ValueError, RecursionError) as error:
            raise PackageError(f'{self.name}: {path!r} is not JSON: {error}') from error
        if not is_object(value):
            raise PackageError(f'{self.name}: {path!r} holds a {type(value).__name__} where a JSON object belongs')
        try:
            encode_json({'response_data': [{'services': [value]}]})
        except TypeError as error:
            raise PackageError(f'{self.name}: {path!r} is nested too deeply to be answered with') from error
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
