"""An answer that is read quickly is read as the standard library reads it; what is odd is left to that."""

from __future__ import annotations

import http.client
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cspark.wasm._drivers.small_answer import small_answer

GOOD = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}'


class Socket:
    """What `http.client` needs of one."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self.content)


def by_the_library(content: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body, and an error unless the connection goes on."""
    socket: Any = Socket(content)
    answer = http.client.HTTPResponse(socket, method='POST')
    answer.begin()
    body = answer.read()
    assert not answer.will_close
    return answer.status, answer.getheaders(), body


def test_a_plain_answer_is_read() -> None:
    assert small_answer(GOOD) == by_the_library(GOOD)


ODD = {
    'nothing': b'',
    'half a head': GOOD[:40],
    'half a body': GOOD[:-1],
    'more than it says': GOOD + b'x',
    'no length': GOOD.replace(b'Content-Length: 2\r\n', b''),
    'two lengths': GOOD.replace(b'Content-Length: 2', b'Content-Length: 2\r\nContent-Length: 2'),
    'a length that is no number': GOOD.replace(b': 2', b': +2'),
    'chunks': GOOD.replace(b'\r\n\r\n', b'\r\nTransfer-Encoding: chunked\r\n\r\n'),
    'an end': GOOD.replace(b'keep-alive', b'close'),
    'HTTP/1.0': GOOD.replace(b'HTTP/1.1', b'HTTP/1.0'),
    'an answer for later': GOOD.replace(b'200 OK', b'100 Continue'),
    'no body': GOOD.replace(b'200 OK', b'204 No Content'),
    'a folded header': GOOD.replace(b'application/json', b'application\r\n /json'),
    'a bare line feed': GOOD.replace(b'application/json', b'application\n/json'),
    'a space before the colon': GOOD.replace(b'Type:', b'Type :'),
    'no colon': GOOD.replace(b'Content-Type: ', b'Content-Type '),
    'not HTTP': b'SSH-2.0-OpenSSH_9.2\r\n\r\n',
}


@pytest.mark.parametrize('kind', ODD)
def test_what_is_odd_is_left_to_the_library(kind: str) -> None:
    assert small_answer(ODD[kind]) is None


@given(place=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255))
def test_whatever_is_read_is_what_the_library_reads(place: int, byte: int) -> None:
    changed = bytearray(GOOD)
    changed[place] = byte
    found = small_answer(bytes(changed))
    assert found is None or found == by_the_library(bytes(changed))
