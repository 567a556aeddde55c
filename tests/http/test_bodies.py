"""What the body of an answer may be: how it is packed, what is behind it, and what its JSON holds; on every way."""

from __future__ import annotations

import gzip
import json
import logging
import re
import sys
import zlib
from typing import Any

import pytest

import cspark.wasm as Hybrid
from support.faulty import BODY, Behaviour, Faulty, answers, head
from support.many import URI, Squares, execute_many, squares
from support.ways import WAYS, client_by

PACKED = gzip.compress(BODY)
HALF = b'\\ud83d'
"""Half an emoji, as `JSON.stringify` writes it."""
READ: dict[str, tuple[bytes, tuple[str, ...]]] = {
    'x-gzip': (PACKED, ('x-gzip',)),
    'X-GZIP': (PACKED, ('X-GZIP',)),
    'gzip, identity': (PACKED, ('gzip, identity',)),
    'identity, gzip': (PACKED, ('identity, gzip',)),
    'gzip,identity without a blank': (PACKED, ('gzip,identity',)),
    'gzip and identity in two lines': (PACKED, ('gzip', 'identity')),
    'identity and gzip in two lines': (PACKED, ('identity', 'gzip')),
    'identity': (BODY, ('identity',)),
    'identity twice': (BODY, ('identity', 'identity')),
    'nothing': (BODY, ('',)),
    'an empty member': (PACKED, (', gzip',)),
    'deflate, identity': (zlib.compress(BODY), ('deflate, identity',)),
}
BEHIND: dict[str, bytes] = {
    'a NUL': b'\0',
    'a block of NULs': b'\0' * 512,
    'many NULs': b'\0' * 100_000,
    'a line end': b'\r\n',
    'two line ends': b'\r\n\r\n',
    'a line feed': b'\n',
}
UNASKED = ('br', 'zstd', 'BR', 'compress', 'gzip, br', 'br, gzip', 'identity, zstd')


def encoded(content: bytes, *lines: str) -> Behaviour:
    """An answer with such lines of `Content-Encoding`."""
    return answers(content, '200 OK', *(f'Content-Encoding: {line}' for line in lines))


def outputs(way: str, faulty: Faulty, behaviour: Behaviour) -> dict[str, Any]:
    """What a call gets of such an answer, twice, the second time perhaps on the same connection."""
    faulty.behave([behaviour])
    with client_by(way, base_url=faulty.url) as hybrid:
        first: dict[str, Any] = hybrid.services.execute('f/s', inputs={}).output
        assert hybrid.services.execute('f/s', inputs={}).output == first
    return first


def answered(text: bytes) -> bytes:
    """An answer whose output `text` is this, as JSON has it."""
    return BODY.replace(b'1.5', b'1.5, "text": "' + text + b'"')


@pytest.mark.parametrize('encoding', READ)
def test_an_answer_is_unpacked_as_its_encodings_say(way: str, faulty: Faulty, encoding: str) -> None:
    content, lines = READ[encoding]
    assert outputs(way, faulty, encoded(content, *lines)) == {'volume': 1.5}


@pytest.mark.parametrize(
    ('times', 'lines'), [(2, ('gzip, gzip',)), (2, ('gzip', 'gzip')), (1, ('gzip', 'gzip')), (1, ('gzip, gzip',))]
)
def test_an_encoding_that_is_said_twice_is_read_or_named_and_the_same_everywhere(
    faulty: Faulty, times: int, lines: tuple[str, ...]
) -> None:
    found: set[str] = set()
    for way in WAYS:
        try:
            content = gzip.compress(PACKED) if times == 2 else PACKED
            found.add(str(outputs(way, faulty, encoded(content, *lines))))
        except Hybrid.SparkDecodeError as error:
            found.add('named' if 'gzip' in str(error) else str(error))
    assert found in ({'named'}, {"{'volume': 1.5}"})


@pytest.mark.parametrize('encoding', UNASKED)
def test_an_encoding_that_nobody_asked_for_is_named(way: str, faulty: Faulty, encoding: str) -> None:
    faulty.behave([encoded(b'\x8b\x02\x80what nobody can read\x03', *encoding.split(' and '))])
    with client_by(way, base_url=faulty.url) as hybrid, pytest.raises(Hybrid.SparkDecodeError) as caught:
        hybrid.services.execute('f/s', inputs={})
    named = re.findall(r'br|zstd|compress', encoding, re.IGNORECASE)[0]
    assert re.search(rf'\b{named}\b', str(caught.value), re.IGNORECASE)
    assert type(caught.value) is Hybrid.SparkDecodeError
    asked = re.findall(rb'(?i)\r\naccept-encoding: *([^\r]*)', faulty.requests[0])
    assert not re.search(rb'br|zstd', b','.join(asked))


@pytest.mark.parametrize('behind', BEHIND)
@pytest.mark.parametrize('chunked', [False, True], ids=['with a length', 'chunked'])
def test_what_is_behind_a_member_of_gzip_is_no_error(way: str, faulty: Faulty, behind: str, chunked: bool) -> None:
    content = PACKED + BEHIND[behind]

    def in_chunks(connection: Any) -> bool:
        connection.sendall(head(None, '200 OK', 'Content-Encoding: gzip', 'Transfer-Encoding: chunked'))
        for part in (PACKED, BEHIND[behind]):
            connection.sendall(b'%x\r\n' % len(part) + part + b'\r\n')
        connection.sendall(b'0\r\n\r\n')
        return True

    assert outputs(way, faulty, in_chunks if chunked else encoded(content, 'gzip')) == {'volume': 1.5}


def test_several_members_and_what_is_behind_them_are_one_body(way: str, faulty: Faulty) -> None:
    members = gzip.compress(BODY[:10]) + gzip.compress(b'') + gzip.compress(BODY[10:])
    assert outputs(way, faulty, encoded(members, 'gzip')) == {'volume': 1.5}
    assert outputs(way, faulty, encoded(members + b'\0' * 10, 'gzip')) == {'volume': 1.5}


@pytest.mark.thorough
def test_a_large_body_is_read_whatever_is_behind_it(way: str, faulty: Faulty) -> None:
    large = answered(b'x' * 3_000_000)
    assert len(outputs(way, faulty, encoded(gzip.compress(large, 1) + b'\0' * 700, 'x-gzip'))['text']) == 3_000_000


@pytest.mark.parametrize('encoding', ['gzip', 'x-gzip', 'deflate'])
def test_a_limit_is_told_as_it_was_set(
    way: str, faulty: Faulty, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    modules = [module for name, module in sys.modules.items() if name.startswith('cspark.wasm')]
    limited = [module for module in modules if hasattr(module, 'LARGEST_ANSWER')]
    assert limited
    for module in limited:
        monkeypatch.setattr(module, 'LARGEST_ANSWER', 2_000_000)
    packer = zlib.compressobj(wbits=15 if encoding == 'deflate' else 31)
    bomb = packer.compress(BODY + b' ' * 3_000_000) + packer.flush()
    faulty.behave([encoded(bomb, encoding)])
    with client_by(way, base_url=faulty.url) as hybrid, pytest.raises(Hybrid.SparkDecodeError) as caught:
        hybrid.services.execute('f/s', inputs={})
    assert re.search(r'\b2[,_ ]?000[,_ ]?000\b|\b2 ?MB\b', str(caught.value)), str(caught.value)
    assert not re.search(r'more than -?\d{1,3}\b(?![,_])', str(caught.value))


@pytest.mark.parametrize('packs', [False, True], ids=['plain', 'packed'])
def test_json_with_a_byte_order_mark_is_read(way: str, faulty: Faulty, packs: bool) -> None:
    content = b'\xef\xbb\xbf' + BODY
    behaviour = encoded(gzip.compress(content), 'gzip') if packs else answers(content)
    assert outputs(way, faulty, behaviour) == {'volume': 1.5}


def test_the_words_of_an_error_with_a_byte_order_mark_are_read(way: str, faulty: Faulty) -> None:
    faulty.behave([answers(b'\xef\xbb\xbf{"error": {"message": "no height"}}', '422 Unprocessable Entity')])
    with (
        client_by(way, base_url=faulty.url) as hybrid,
        pytest.raises(Hybrid.UnprocessableEntityError, match='no height'),
    ):
        hybrid.services.execute('f/s', inputs={})


HALVES: dict[bytes, str] = {
    HALF: '\ufffd',
    b'\\uD83D': '\ufffd',
    b'\\ude00': '\ufffd',
    b'cut ' + HALF: 'cut \ufffd',
    HALF + b' and \\ud83d\\ude00': '\ufffd and 😀',
    b'\\ud83d\\ud83d\\ude00': '\ufffd😀',
    b'\\ude00\\ud83d': '\ufffd\ufffd',
    HALF + '😀'.encode(): '\ufffd😀',
    HALF + b' \\\\ud83d': '\ufffd \\ud83d',
    HALF + b' \\"\\u0000': '\ufffd "\0',
}


def warned(caplog: pytest.LogCaptureFixture) -> int:
    """How many warnings of this package were logged."""
    return sum(record.name == 'cspark.wasm' and record.levelno == logging.WARNING for record in caplog.records)


@pytest.mark.parametrize(
    'text',
    HALVES,
    ids=lambda text: text.decode('unicode_escape', 'replace').encode('ascii', 'backslashreplace').decode(),
)
def test_half_a_character_becomes_the_replacement_and_is_told(
    way: str, faulty: Faulty, caplog: pytest.LogCaptureFixture, text: bytes
) -> None:
    found = outputs(way, faulty, answers(answered(text)))
    assert found == {'volume': 1.5, 'text': HALVES[text]}
    assert warned(caplog) >= 1


def test_the_rest_of_such_an_answer_is_as_it_was(way: str, faulty: Faulty, caplog: pytest.LogCaptureFixture) -> None:
    content = answered(HALF).replace(b'"volume": 1.5', b'"vol' + HALF + b'": 123456789012345678901234567890, "b": 1e-7')
    found = outputs(way, faulty, answers(content))
    assert found == {'vol\ufffd': 123456789012345678901234567890, 'b': 1e-7, 'text': '\ufffd'}
    assert warned(caplog) >= 1


@pytest.mark.parametrize('text', [b'\\ud83d\\ude00', b'\\\\ud83d', '😀'.encode(), b'\\ufffd'])
def test_whole_characters_are_left_alone_and_nothing_is_told(
    way: str, faulty: Faulty, caplog: pytest.LogCaptureFixture, text: bytes
) -> None:
    assert outputs(way, faulty, answers(answered(text)))['text'] == json.loads(b'"' + text + b'"')
    assert warned(caplog) == 0


def test_half_a_character_in_the_words_of_an_error_can_be_shown(way: str, faulty: Faulty) -> None:
    content = b'{"error": {"message": "no height ' + HALF + b'"}}'
    faulty.behave([answers(content, '422 Unprocessable Entity')])
    with client_by(way, base_url=faulty.url) as hybrid, pytest.raises(Hybrid.UnprocessableEntityError) as caught:
        hybrid.services.execute('f/s', inputs={})
    assert 'no height' in str(caught.value)
    for shown in (str(caught.value), repr(caught.value), f'{caught.value.to_dict()}', caught.value.details):
        shown.encode()


@pytest.mark.parametrize('chunk_size', [100])
def test_half_a_character_does_not_cost_the_other_records_their_call(
    way: str,
    squarer: Squares,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    chunk_size: int,
) -> None:
    real = squarer.answer

    def named(inputs: list[Any]) -> tuple[int, Any]:
        status, data = real(inputs)
        for output in data['outputs']:
            output['name'] = 'half \ud83d' if output['side'] == 77 else 'whole \U0001f600'
        return status, data

    monkeypatch.setattr(squarer, 'answer', named)
    with client_by(way, base_url=squarer.url, retry_interval=0.01, timeout=10_000) as hybrid:
        results = list(execute_many(hybrid, URI, squares(100), chunk_size=chunk_size))
    names: list[Any] = [one.outputs and (one.outputs['area'], one.outputs['name']) for one in results]
    assert names == [(side**2, 'half \ufffd' if side == 77 else 'whole 😀') for side in range(100)]
    assert sum(squarer.executed.values()) == 100
    assert warned(caplog) >= 1
