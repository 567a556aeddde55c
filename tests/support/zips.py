"""Zips that no honest packer writes."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile

_FIELDS = {'flags': (8, '<H'), 'method': (10, '<H'), 'sum': (16, '<I'), 'packed': (20, '<I'), 'unpacked': (24, '<I')}
"""Where the fields of an entry stand in the directory of a zip."""


def add(archive: bytes, name: str, data: bytes = b'', mode: int = 0, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The same zip with one more entry; its name goes in as it is, even if there is one of that name."""
    content = io.BytesIO(archive)
    with zipfile.ZipFile(content, 'a') as opened, warnings.catch_warnings():
        warnings.simplefilter('ignore', UserWarning)
        entry = zipfile.ZipInfo('name')
        entry.filename = entry.orig_filename = name
        entry.external_attr = mode << 16
        opened.writestr(entry, data, method)
    return content.getvalue()


def declare(archive: bytes, name: str, **values: int) -> bytes:
    """The same zip with other fields in its directory, which are not true."""
    content = bytearray(archive)
    start = content.rindex(b'PK\1\2')
    while not content.startswith(name.encode(), start + 46):
        start = content.rindex(b'PK\1\2', 0, start)
    for field, value in values.items():
        offset, kind = _FIELDS[field]
        struct.pack_into(kind, content, start + offset, value)
    return bytes(content)
