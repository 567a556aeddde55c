"""Packing and unpacking: limits, several members, what is cut off."""

from __future__ import annotations

import gzip
import zlib
from typing import Literal

import pytest

from cspark.wasm._codec.compression import TooLargeError, pack, unpack

CONTENT = bytes(range(256)) * 3000


@pytest.mark.parametrize('encoding', ['gzip', 'deflate'])
@pytest.mark.parametrize('size', [0, 1, 1000, 1024, 1025, len(CONTENT)])
def test_what_is_packed_is_unpacked(encoding: Literal['gzip', 'deflate'], size: int) -> None:
    assert unpack(pack(CONTENT[:size], encoding), encoding, size) == CONTENT[:size]
    if size:
        with pytest.raises(TooLargeError):
            unpack(pack(CONTENT[:size], encoding), encoding, size - 1)
        with pytest.raises(ValueError, match='cut off'):
            unpack(pack(CONTENT[:size], encoding)[:-1], encoding, size)


@pytest.mark.thorough
def test_members_follow_each_other_and_many_empty_ones_take_no_long_time() -> None:
    assert unpack(gzip.compress(CONTENT) + gzip.compress(b'end'), 'gzip', 10**6) == CONTENT + b'end'
    many = gzip.compress(b'', mtime=0) * 100_000 + gzip.compress(b'end')
    assert unpack(many, 'gzip', 10) == b'end'
    with pytest.raises(ValueError, match='not gzip'):
        unpack(gzip.compress(b'one') + b'and what is none', 'gzip', 100)


def test_deflate_without_its_head_is_read_where_that_is_wanted() -> None:
    packer = zlib.compressobj(wbits=-15)
    raw = packer.compress(CONTENT) + packer.flush()
    assert unpack(raw, 'deflate', len(CONTENT), raw_too=True) == CONTENT
    assert unpack(zlib.compress(CONTENT), 'deflate', len(CONTENT), raw_too=True) == CONTENT
    with pytest.raises(ValueError, match='not deflate'):
        unpack(raw, 'deflate', len(CONTENT))
