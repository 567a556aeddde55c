"""Packages whose zips no honest packer writes, beyond those of `local/test_archives.py`."""

from __future__ import annotations

import io
import struct
import zipfile
from functools import partial
from typing import Final

from hostile.model import Hostile, Rows, marked

from support.packages import Files, change, change_models, insert, pack
from support.zips import add, declare

PLAIN: Final = marked()
MANIFEST: Final = 'my-tenant/manifest.json'


def refused(content: bytes, words: str = '') -> Hostile:
    """A row whose upload is refused."""
    return Hostile(lambda: content, 'refused', words)


def taken(content: bytes) -> Hostile:
    """A row that is refused, or does no harm."""
    return Hostile(lambda: content, 'spoilt')


def overlapping() -> bytes:
    """A zip with two entries that share their data."""
    content = bytearray(add(PLAIN, 'my-tenant/other.json', b'{}'))
    last = content.rindex(b'PK\1\2')
    before = content.rindex(b'PK\1\2', 0, last)
    content[last + 42 : last + 46] = content[before + 42 : before + 46]
    return bytes(content)


def local_only(name: str, offset: int, value: int) -> bytes:
    """The zip with another field in the header that stands before an entry, which the directory does not tell."""
    content = bytearray(PLAIN)
    with zipfile.ZipFile(io.BytesIO(PLAIN)) as archive:
        start = archive.getinfo(name).header_offset
    struct.pack_into('<H', content, start + offset, value)
    return bytes(content)


def russian_doll(depth: int) -> bytes:
    """A zip in a zip in a zip."""
    content = PLAIN
    for _ in range(depth):
        content = pack({'my-tenant/hostile/target/1.0/00000000-0000-4000-8000-000000000001.zip': content})
    return content


def bombs(files: Files) -> None:
    """An edit: files in the model that unpack to more than is accepted, each of them modestly."""
    files.update({f'{number}.data': bytes(900_000) for number in range(700)})


ARCHIVES: Final[Rows] = {
    'is a zip of overlapping entries': taken(overlapping()),
    'is encrypted in its local header': taken(local_only(MANIFEST, 6, 1)),
    'is packed by another method in its local header': taken(local_only(MANIFEST, 8, 99)),
    'has another name in its local header': taken(PLAIN.replace(MANIFEST.encode(), b'my-tenant/manifest.JSON', 1)),
    'is patched': refused(declare(PLAIN, MANIFEST, flags=0x20), 'manifest.json'),
    'is strongly encrypted': refused(declare(PLAIN, MANIFEST, flags=0x40), 'manifest.json'),
    'is a zip in a zip in a zip': refused(russian_doll(2)),
    'is a zip in zips, a hundred times': refused(russian_doll(100)),
    'has bombs below the limit of one': Hostile(partial(change_models, PLAIN, bombs), 'refused', 'unpacks to more'),
    'has 10,000 entries in its model': taken(
        change_models(PLAIN, lambda files: files.update({f'{n}.txt': b'' for n in range(10_000)}))
    ),
    'has names that differ by a dot': taken(add(PLAIN, './' + MANIFEST, b'{}')),
    'has names that differ by a slash': taken(add(PLAIN, 'my-tenant//manifest.json', b'{}')),
    'has names that differ by their case': taken(add(PLAIN, MANIFEST.upper(), b'{}')),
    'has names that differ by their form': taken(add(add(PLAIN, 'a\u0301.txt'), '\u00e1.txt')),
    'has a name of 60,000 characters': taken(add(PLAIN, 'x' * 60_000)),
    'has a name of 30,000 folders': taken(add(PLAIN, 'x/' * 30_000 + 'ModelMetaData.json', b'{}')),
    'has a folder for a file': taken(add(PLAIN, MANIFEST + '/', b'')),
    'has a file for a folder': taken(add(PLAIN, 'my-tenant/hostile', b'x')),
    'has a comment that is a zip': taken(PLAIN[:-2] + struct.pack('<H', 200) + pack({'a': b'b'})[:200].ljust(200)),
    'has a zip before it': taken(pack({'a': b'b'}) + PLAIN),
    'has text behind it': taken(PLAIN + b'x' * 1000),
    'has two directories': taken(PLAIN + PLAIN[PLAIN.index(b'PK\1\2') :]),
    'has a model that is the package': refused(
        change(PLAIN, lambda files: files.update({n: PLAIN for n in files if n.endswith('.zip')}))
    ),
    'has a description of a hundred versions': refused(
        change(PLAIN, lambda files: files.update({f'a/b/c/{n}/ModelMetaData.json': b'{}' for n in range(100)})),
        'holds 0 compiled models',
    ),
    'has a script of another kind': taken(change_models(PLAIN, insert('_cylinder.JS', b'throw 1'))),
    'has a data file without a name': taken(change_models(PLAIN, insert('.data', b'x'))),
    'has data files of one name': taken(change_models(PLAIN, lambda f: f.update({'a/x.data': b'1', 'b/x.data': b'2'}))),
    'has nothing in its model': refused(
        change(PLAIN, lambda files: files.update({n: pack({}) for n in files if n.endswith('.zip')}))
    ),
    'has wasm of eight bytes': refused(
        change_models(PLAIN, lambda files: files.update({'_cylinder.wasm': b'\0asm\1\0\0\0'}))
    ),
}
