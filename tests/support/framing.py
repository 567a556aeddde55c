"""Answers of servers byte by byte: what is refused, what is read, what ends too early, and what is followed by more."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from typing import Literal

from support.faulty import BODY, Behaviour, head

After = Literal['stays', 'ends', 'breaks off', 'resets']
"""What a server does with the connection then. It `ends` in order (over TLS with `close_notify`) or `breaks off`."""

LENGTH = f'Content-Length: {len(BODY)}'
CHUNKED = 'Transfer-Encoding: chunked'
CHUNK = b'%x\r\n' % len(BODY) + BODY + b'\r\n'
END = b'0\r\n\r\n'
OTHER = BODY.replace(b'1.5', b'9.5')
"""What answers nobody's call."""

NEXT_BODY = BODY.replace(b'1.5', b'2.5')
NEXT = head(len(NEXT_BODY)) + NEXT_BODY
"""What answers the second call."""


def told(*headers: str | bytes, body: bytes = BODY, start: str = 'HTTP/1.1 200 OK', end: bytes = b'\r\n') -> bytes:
    """An answer with exactly these headers, and a body that may be something else than they say."""
    lines = [start.encode(), *(line.encode('latin-1') if isinstance(line, str) else line for line in headers)]
    return end.join([*lines, b'', body])


def chunked(body: bytes) -> bytes:
    """An answer whose body says to be in chunks."""
    return told(CHUNKED, body=body)


def raw(content: bytes, after: After = 'stays', pieces: int = 1) -> Behaviour:
    """Send these bytes, perhaps in many pieces, and go on like this."""
    size = max(1, -(-len(content) // pieces))

    def behave(connection: socket.socket) -> bool:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what is sent has arrived then, on loopback
        for start in range(0, len(content), size):
            connection.sendall(content[start : start + size])
        if after == 'resets':
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        if after == 'ends' and isinstance(connection, ssl.SSLSocket):
            connection.settimeout(0)  # say that it ends, and do not wait for what the client says to it
            connection.unwrap()
        return after == 'stays'

    return behave


def endless(content: bytes, pause: float, seconds: float = 15) -> Behaviour:
    """Send the same bytes again and again until the client leaves; no longer than so many seconds."""

    def behave(connection: socket.socket) -> bool:
        over = time.monotonic() + seconds
        while time.monotonic() < over:
            connection.sendall(content)
            time.sleep(pause)
        return False

    return behave


SIZE = len(BODY)
READS, BROKEN, GARBLED, LATE = 'reads 1.5', 'SparkConnectionError, sent', 'SparkDecodeError', 'SparkTimeoutError, sent'
EITHER = (READS, BROKEN)
"""What a standard leaves open; our own two ways decide it alike."""

STRAY = head(len(OTHER)) + OTHER
"""A whole answer to nobody's call."""

HALF = BODY[: SIZE // 2]
HINTS = b'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n'

Row = tuple[bytes, After, tuple[str, ...]]
"""An answer, what the server does then, and what the caller may get."""

MALFORMED: dict[str, bytes] = {
    'unequal lengths': told(LENGTH, f'Content-Length: {SIZE - 1}'),
    'unequal lengths in one line': told(f'Content-Length: {SIZE}, {SIZE + 1}'),
    'a length of +n': told(f'Content-Length: +{SIZE}'),
    'a length of -5': told('Content-Length: -5'),
    'a length of 20 nines': told(f'Content-Length: {"9" * 20}'),
    'a length that overflows to the right one': told(f'Content-Length: {2**64 + SIZE}'),
    'a length of 400 digits': told(f'Content-Length: {"9" * 400}'),
    'a length in words': told('Content-Length: many'),
    'a length in hexadecimal digits': told(f'Content-Length: 0x{SIZE:x}'),
    'a length with an underscore': told(f'Content-Length: 0_{SIZE}'),
    'a length with a fraction': told(f'Content-Length: {SIZE}.0'),
    'two lengths without a comma': told(f'Content-Length: {SIZE} {SIZE}'),
    'an empty length': told('Content-Length: '),
    'a length and then chunks': told(LENGTH, CHUNKED, body=CHUNK + END),
    'chunks and then a length': told(CHUNKED, LENGTH, body=CHUNK + END),
    'Transfer-Encoding gzip, chunked': told('Transfer-Encoding: gzip, chunked', body=CHUNK + END),
    'Transfer-Encoding chunked, gzip': told('Transfer-Encoding: chunked, gzip', body=CHUNK + END),
    'Transfer-Encoding gzip': told('Transfer-Encoding: gzip'),
    'Transfer-Encoding xchunked': told('Transfer-Encoding: xchunked', body=CHUNK + END),
    'Transfer-Encoding identity, and a length': told('Transfer-Encoding: identity', LENGTH),
    'Transfer-Encoding identity': told('Transfer-Encoding: identity'),
    'twice chunked': told('Transfer-Encoding: chunked, chunked', body=CHUNK + END),
    'twice chunked in two lines': told(CHUNKED, CHUNKED, body=CHUNK + END),
    'a chunk of -5': chunked(b'-5\r\n' + BODY + b'\r\n' + END),
    'a second chunk of -5': chunked(b'5\r\n' + BODY[:5] + b'\r\n-5\r\n' + BODY[5:] + b'\r\n' + END),
    'a chunk of +n': chunked(b'+' + CHUNK + END),
    'a chunk without a size': chunked(b'\r\n' + BODY + b'\r\n' + END),
    'a chunk of 0x5': chunked(b'0x5\r\n' + BODY[:5] + b'\r\n' + END),
    'a chunk whose size is a word': chunked(b'size\r\n' + BODY + b'\r\n' + END),
    'a chunk of 17 f': chunked(b'f' * 17 + b'\r\n' + BODY + b'\r\n' + END),
    'a chunk that overflows to the right size': chunked(b'1%016x\r\n' % SIZE + BODY + b'\r\n' + END),
    'a space before the size of a chunk': chunked(b' ' + CHUNK + END),
    'a space within the size of a chunk': chunked(b'0 ' + CHUNK + END),
    'no line end after a chunk': chunked(CHUNK[:-2] + END),
    'a chunk longer than its size': chunked(b'5\r\n' + BODY + b'\r\n' + END),
    'chunks that are none': chunked(BODY + b'\r\n\r\n'),
    'a trailer without a colon': chunked(CHUNK + b'0\r\ngarbage\r\n\r\n'),
    'a trailer of NULs': chunked(CHUNK + b'0\r\n\0\1: \2\r\n\r\n'),
    'a header without a colon': told('garbage', LENGTH),
    'a space before the colon': told('X-One : 1', LENGTH),
    'a space before the colon of a length': told(f'Content-Length : {SIZE}'),
    'a header without a name': told(': one', LENGTH),
    'a name with a space': told('X One: 1', LENGTH),
    'a first header that begins with a space': told(' X-One: 1', LENGTH),
    'a NUL in a value': told('X-One: a\0b', LENGTH),
    'a NUL in a name': told('X\0One: 1', LENGTH),
    'a lone CR in a value': told('X-One: a\rb', LENGTH),
    'a lone CR before a length': told(f'X-One: 1\r{LENGTH}'),
    'the text HTTP/2.0': told(LENGTH, start='HTTP/2.0 200 OK'),
    'the text HTTP/2': told(LENGTH, start='HTTP/2 200 OK'),
    'the text HTTP/3.7': told(LENGTH, start='HTTP/3.7 200 OK'),
    'the text HTTP/0.9': told(LENGTH, start='HTTP/0.9 200 OK'),
    'a status of four digits': told(LENGTH, start='HTTP/1.1 2000 OK'),
    'a status of two digits': told(LENGTH, start='HTTP/1.1 20 OK'),
    'a status of -200': told(LENGTH, start='HTTP/1.1 -200 OK'),
    'the status 000': told(LENGTH, start='HTTP/1.1 000 OK'),
    'no status': told(LENGTH, start='HTTP/1.1'),
    'a reason without a status': told(LENGTH, start='HTTP/1.1 OK'),
    'ICY 200 OK': told(LENGTH, start='ICY 200 OK'),
    'another protocol': b'SSH-2.0-OpenSSH_9.2\r\n',
    'a body without a head': BODY + b'\r\n',
    'a switch of protocols': told(
        'Upgrade: websocket', 'Connection: Upgrade', start='HTTP/1.1 101 Switching Protocols'
    ),
    'a switch of protocols to none': told(start='HTTP/1.1 101 Switching Protocols', body=STRAY),
    '5,000 headers': told(*[f'X-{number}: 1' for number in range(5000)], LENGTH),
    'a header of 2 MB': told(f'X-One: {"1" * 2_000_000}', LENGTH),
    'a reason of 2 MB': told(LENGTH, start=f'HTTP/1.1 200 {"O" * 2_000_000}'),
    'a head of 2 MB that does not end': told(*[f'X-{number}: {"1" * 10_000}' for number in range(200)], body=b'')[:-2],
}
"""What is malformed: a broken connection at once, though the server keeps its end open."""

REFUSED: dict[str, Row] = {name: (content, 'stays', (BROKEN,)) for name, content in MALFORMED.items()}
READ: dict[str, Row] = {
    'a length': (told(LENGTH), 'stays', (READS,)),
    'a length with zeros before it': (told(f'Content-Length: 000{SIZE}'), 'stays', (READS,)),
    'equal lengths': (told(LENGTH, LENGTH), 'stays', EITHER),
    'equal lengths in one line': (told(f'Content-Length: {SIZE}, {SIZE}'), 'stays', EITHER),
    'chunks': (chunked(CHUNK + END), 'stays', (READS,)),
    'chunks named in capitals': (told('TRANSFER-ENCODING: Chunked', body=CHUNK + END), 'stays', (READS,)),
    'a chunk with an extension': (chunked(CHUNK.replace(b'\r\n', b';a="b"\r\n', 1) + END), 'stays', (READS,)),
    'a trailer': (chunked(CHUNK + b'0\r\nX-One: 1\r\n\r\n'), 'stays', (READS,)),
    'a space after the size of a chunk': (chunked(CHUNK.replace(b'\r\n', b'  \r\n', 1) + END), 'stays', EITHER),
    'lone LFs in chunks': (chunked((CHUNK + END).replace(b'\r\n', b'\n')), 'stays', EITHER),
    'lone LFs in the head': (told(LENGTH, end=b'\n'), 'stays', EITHER),
    'a folded header': (told('X-One: a', ' b', LENGTH), 'stays', EITHER),
    'a control character in a value': (told('X-One: \x01', LENGTH), 'stays', EITHER),
    'an empty line before the answer': (b'\r\n' + told(LENGTH), 'stays', EITHER),
    'Latin-1 in a value': (told('X-One: \xe9', LENGTH), 'stays', (READS,)),
    'no reason': (told(LENGTH, start='HTTP/1.1 200'), 'stays', (READS,)),
    'the status 999': (told(LENGTH, start='HTTP/1.1 999 Odd'), 'stays', ('UnknownApiError 999',)),
    '60 headers': (told(*[f'X-{number}: 1' for number in range(60)], LENGTH), 'stays', (READS,)),
    '150 headers': (told(*[f'X-{number}: 1' for number in range(150)], LENGTH), 'stays', EITHER),
    'a header of 70 KB': (told(f'X-One: {"1" * 70_000}', LENGTH), 'stays', EITHER),
    'an offer to upgrade': (told('Upgrade: h2,h2c', 'Connection: Upgrade', LENGTH), 'stays', (READS,)),
    'hints': (HINTS * 3 + told(LENGTH), 'stays', (READS,)),
    '100 with a length': (told('Content-Length: 5', start='HTTP/1.1 100 Go', body=told(LENGTH)), 'stays', (READS,)),
    'HTTP/1.0': (told(LENGTH, start='HTTP/1.0 200 OK'), 'ends', (READS,)),
    'HTTP/1.0 that stays': (told(LENGTH, start='HTTP/1.0 200 OK'), 'stays', (READS,)),
    'HTTP/1.0 with keep-alive': (told(LENGTH, 'Connection: keep-alive', start='HTTP/1.0 200 OK'), 'stays', (READS,)),
    'HTTP/1.0 with keep-alive and no length': (
        told('Connection: keep-alive', start='HTTP/1.0 200 OK'), 'ends', (READS,),
    ),
    'HTTP/1.0 in chunks': (told(CHUNKED, start='HTTP/1.0 200 OK', body=CHUNK + END), 'ends', EITHER),
    'no length': (told(), 'ends', (READS,)),
    'no length and no notice of the end': (told(), 'breaks off', EITHER),
}  # fmt: skip
"""What is read, or may be."""

CUT: dict[str, Row] = {
    'half of what the length says': (told(LENGTH, body=HALF), 'breaks off', (BROKEN,)),
    'half of what the length says, in order': (told(LENGTH, body=HALF), 'ends', (BROKEN,)),
    'half of what the length says, reset': (told(LENGTH, body=HALF), 'resets', (BROKEN,)),
    'nothing of what the length says': (told(LENGTH, body=b''), 'breaks off', (BROKEN,)),
    'half a chunk': (chunked(CHUNK[: SIZE // 2]), 'breaks off', (BROKEN,)),
    'half a chunk, in order': (chunked(CHUNK[: SIZE // 2]), 'ends', (BROKEN,)),
    'no last chunk': (chunked(CHUNK), 'breaks off', (BROKEN,)),
    'no last chunk, in order': (chunked(CHUNK), 'ends', (BROKEN,)),
    'half of the last chunk': (chunked(CHUNK + END[:3]), 'ends', (BROKEN,)),
    'half a head': (told(LENGTH)[:20], 'ends', (BROKEN,)),
    'only hints': (HINTS, 'ends', (BROKEN,)),
    'nothing': (b'', 'ends', (BROKEN,)),
    'half a body without a length': (told(body=HALF), 'ends', (GARBLED,)),
    'half a body without a length, broken off': (told(body=HALF), 'breaks off', (GARBLED,)),
    'half a body without a length, reset': (told(body=HALF), 'resets', (BROKEN,)),
}
"""What ends too early. Without a length only TLS can tell an end from a loss."""

EMPTY = ('SparkDecodeError', 'UnknownApiError 204', BROKEN)
UNCHANGED = ('UnknownApiError 304', BROKEN)
FOLLOWED: dict[str, Row] = {
    'two answers at once': (told(LENGTH) + STRAY, 'stays', (READS,)),
    'an answer after chunks': (chunked(CHUNK + END) + STRAY, 'stays', (READS,)),
    'an answer after one that closes': (told(LENGTH, 'Connection: close') + STRAY, 'stays', (READS,)),
    'half an answer after an answer': (told(LENGTH) + STRAY[:-9], 'stays', (READS,)),
    'hints after an answer': (told(LENGTH) + HINTS, 'stays', (READS,)),
    'garbage after an answer': (told(LENGTH) + b'garbage', 'stays', (READS,)),
    'a line end after an answer': (told(LENGTH) + b'\r\n', 'stays', (READS,)),
    'a length that is too small': (told(f'Content-Length: {SIZE - 9}'), 'stays', (GARBLED, BROKEN)),
    'a body after 204': (told(LENGTH, start='HTTP/1.1 204 No Content'), 'stays', EMPTY),
    'chunks after 204': (told(CHUNKED, start='HTTP/1.1 204 No Content', body=CHUNK + END), 'stays', EMPTY),
    'an answer after 204': (told(start='HTTP/1.1 204 No Content', body=STRAY), 'stays', EMPTY),
    'a body after 304': (told(LENGTH, start='HTTP/1.1 304 Not Modified'), 'stays', UNCHANGED),
    'an answer after 304': (told(start='HTTP/1.1 304 Not Modified', body=STRAY), 'stays', UNCHANGED),
}  # fmt: skip
"""What is followed by more: that is no other call's answer, and the connection ends."""

OVER_TLS: dict[str, tuple[str, ...]] = {'half a body without a length, broken off': (BROKEN,)}
"""What TLS can tell and a plain connection cannot."""
