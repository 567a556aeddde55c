"""A model's answer is cut into members that stand as they were, and nothing broken gets through."""

from __future__ import annotations

import json
from typing import Any, Final

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cspark.wasm.local.engine.model_answer import ModelAnswer, cut_answer
from cspark.wasm.local.errors import ServiceError

TEXT: Final = st.text(st.characters(exclude_categories=['Cs']))
JSON_VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)

SPELLINGS: Final = (
    '{"a":1.50,"b":1e2,"c":-0,"d":12345678901234567890123}',
    '{"list":[1,false,123],"0e000":"5e999"}',
    '{"text":"\\u00e4 \\ud83d\\ude00 \\\\ \\" {[","é":"ü"}',
    '[{"a":[]},[],{}]',
    'null',
    '"a text"',
)

BROKEN: Final = {
    'no JSON': b'{"a":',
    'a number beyond all numbers': b'{"a":1e999}',
    'a number of too many digits': b'{"a":' + b'9' * 400 + b'}',
    'half a character': b'"\\ud83d"',
    'the other half': b'"\\ude00"',
    'bytes that are no UTF-8': b'"\xff"',
    'a control character': b'"\x01"',
    'NaN': b'NaN',
    'a comma too many': b'[1,]',
    'levels without end': b'[' * 100_000 + b']' * 100_000,
    'levels that a reader takes and a writer does not': b'[' * 600 + b']' * 600,
    'brackets that do not close': b'[[[',
}


def answer_of(outputs: bytes, *, more: bytes = b'') -> bytes:
    return b'{"response_data":{"outputs":%b}%b}' % (outputs, more)


@pytest.mark.parametrize('spelling', SPELLINGS)
def test_a_member_stands_as_the_model_wrote_it(spelling: str) -> None:
    found = bytes(cut_answer(answer_of(spelling.encode())).data('outputs'))
    assert json.loads(found) == json.loads(spelling)
    if '\\' not in spelling and '0e000' not in spelling:
        assert found == spelling.encode()


@pytest.mark.parametrize('outputs', BROKEN.values(), ids=list(BROKEN))
def test_what_a_caller_could_not_read_is_an_error(outputs: bytes) -> None:
    with pytest.raises(ServiceError, match=r'not JSON|nested too deeply'):
        cut_answer(answer_of(outputs))


@pytest.mark.parametrize('content', [b'[]', b'null', b'{}', b'{"response_data":[]}', b'{"status":"Success"}'])
def test_what_has_neither_data_nor_a_failure_is_no_answer(content: bytes) -> None:
    with pytest.raises(ServiceError, match='without response_data'):
        cut_answer(content)


@pytest.mark.parametrize(
    ('more', 'failed'),
    [
        (b'', False),
        (b',"status":null,"error":null', False),
        (b',"status":"Success"', False),
        (b',"status":"\\u0053uccess"', False),
        (b',"status":"Error"', True),
        (b',"status":7', True),
        (b',"error":{"message":"no"}', True),
    ],
)
def test_a_model_that_says_that_it_failed_has_failed(more: bytes, failed: bool) -> None:
    assert cut_answer(answer_of(b'{}', more=more)).has_failed is failed


@pytest.mark.thorough
@given(data=st.dictionaries(TEXT, JSON_VALUES, max_size=4), meta=JSON_VALUES, status=JSON_VALUES)
def test_every_member_has_its_value(data: dict[str, Any], meta: Any, status: Any) -> None:
    content = json.dumps({'response_data': data, 'response_meta': meta, 'status': status}).encode()
    answer = cut_answer(content)
    found = {name: json.loads(bytes(member)) for name, member in (answer.response_data or {}).items()}
    assert found == data
    assert answer.about == (meta if isinstance(meta, dict) else {})


@pytest.mark.thorough
@settings(max_examples=600)
@given(value=JSON_VALUES, at=st.integers(0, 10_000), new=st.binary(max_size=3), cut=st.integers(0, 3))
def test_no_damage_gets_through(value: Any, at: int, new: bytes, cut: int) -> None:
    outputs = json.dumps(value, ensure_ascii=False).encode('utf-8', 'surrogatepass')
    at %= len(outputs) + 1
    content = answer_of(outputs[:at] + new + outputs[at + cut :])
    try:
        answer = cut_answer(content)
    except ServiceError:
        return
    for member in (answer.response_data or {}).values():
        orjson.loads(b'[[%b]]' % bytes(member))


def test_entries_are_added_to_a_list_or_make_one() -> None:
    answer = ModelAnswer()
    answer.add('warnings', ['b'])
    answer.add('warnings', ['a'], first=True)
    answer.add('warnings', ['c'])
    assert bytes(answer.data('warnings')) == b'["a","b","c"]'
