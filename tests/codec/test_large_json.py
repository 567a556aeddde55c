"""Large JSON that is read in pieces is what a parser reads in one go, whatever it holds."""

from __future__ import annotations

import gc
import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cspark.wasm._codec import large_json
from cspark.wasm._codec.json import decode_json
from cspark.wasm._codec.large_json import read_in_pieces

TEXT = st.text(st.characters(codec='utf-8'), max_size=8) | st.sampled_from(['},{"a":', '],"', '\\', '"', '[{', ','])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=40,
)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of a few bytes, so that small texts are cut everywhere."""
    monkeypatch.setattr(large_json, 'DECODE_SIZE', 16)


@pytest.mark.thorough
@settings(max_examples=500, deadline=None)
@given(value=JSON, indent=st.sampled_from([None, 1]))
def test_what_is_read_is_what_was_written(value: Any, indent: int | None) -> None:
    content = json.dumps({'outputs': [value] * 3, 'rest': value}, indent=indent, ensure_ascii=False).encode()
    assert read_in_pieces(content, orjson.loads) == orjson.loads(content)


@pytest.mark.thorough
@settings(max_examples=300, deadline=None)
@given(value=JSON, place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_broken_text_is_refused_as_by_the_parser(value: Any, place: int, byte: int) -> None:
    content = bytearray(json.dumps({'outputs': [value] * 3}).encode())
    content[place % len(content)] = byte
    broken = bytes(content)
    try:
        expected = orjson.loads(broken)
    except ValueError:
        with pytest.raises(ValueError):
            read_in_pieces(broken, orjson.loads)
    else:
        assert read_in_pieces(broken, orjson.loads) == expected


ROWS = [
    {'volume': index / 3, 'schedule': [{'year': 1}, {'year': 2}], 'name': 'a "},{"volume":'} for index in range(999)
]
SHAPES: dict[str, Any] = {
    'many records': {'outputs': ROWS, 'process_time': [1] * 999, 'warnings': [None, [{'m': [1]}]] * 500, 'call_id': ''},
    'one record with a long table': {
        'response_data': {'outputs': {'schedule': ROWS}},
        'response_meta': {'version': '1'},
    },
    'columnar outputs': {'outputs': [['volume'], *([index] for index in range(999))]},
}


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize('indent', [None, 2])
def test_answers_are_really_read_in_pieces(monkeypatch: pytest.MonkeyPatch, shape: str, indent: int | None) -> None:
    monkeypatch.setattr(large_json, 'DECODE_SIZE', 1000)
    content = json.dumps(SHAPES[shape], indent=indent).encode()
    sizes: list[int] = []

    def loads(piece: bytes) -> Any:
        sizes.append(len(piece))
        return orjson.loads(piece)

    assert read_in_pieces(content, loads) == SHAPES[shape]
    assert max(sizes) < 3000 < len(content)


def test_long_whole_numbers_survive_and_the_garbage_collector_goes_on() -> None:
    record = {'policy': 123456789012345678901234567890}
    content = json.dumps({'outputs': [record] * 40_000}).encode()
    assert decode_json(content)['outputs'][-1] == record
    assert gc.isenabled()
