"""The values of inputs: as they arrive at a runner, and what is said of those that cannot."""

from __future__ import annotations

import json
import math
import sys
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest

import cspark.wasm as Hybrid
from support.inputs import BIG, Cover, Policy, Risk, Rows, Sent, Smoker, Words, arriving, as_records, pa
from support.wire import Recorder, recording

ID = UUID('3a5f8a8e-6d0e-4f67-9b5e-0c2f3c6b1d10')
NAN, INF = math.nan, math.inf


@pytest.fixture(scope='module')
def recorder() -> Iterator[Recorder]:
    """One server for all of this file."""
    with recording() as started:
        yield started


@pytest.fixture(scope='module')
def send(recorder: Recorder) -> Iterator[Sent]:
    """What arrives of inputs."""
    with arriving(recorder) as sent:
        yield sent


VALUES: list[tuple[Any, Any]] = [
    ('text', 'text'),
    (True, True),
    (None, None),
    (1.5, 1.5),
    (-0.0, 0.0),
    (BIG, BIG),
    (-BIG, -BIG),
    (2**63, 2**63),
    (date(2026, 1, 31), '2026-01-31'),
    (datetime(2026, 1, 31, 12, 30), '2026-01-31T12:30:00'),
    (datetime(2026, 1, 31, 12, 30, tzinfo=UTC), '2026-01-31T12:30:00+00:00'),
    (datetime(2026, 1, 31, tzinfo=timezone(timedelta(hours=2))), '2026-01-31T00:00:00+02:00'),
    (datetime(2026, 1, 31, tzinfo=ZoneInfo('UTC')), '2026-01-31T00:00:00+00:00'),
    (time(12, 30), '12:30:00'),
    (time(12, 30, tzinfo=UTC), '12:30:00+00:00'),
    (Decimal('0.10'), 0.1),
    (Decimal('1E+3'), 1000),
    (ID, str(ID)),
    (Smoker.YES, 'yes'),
    (Smoker.BIG, BIG),
    (Words('text'), 'text'),
    ((1, 2), [1, 2]),
    ({1}, [1]),
    (deque([1, 2]), [1, 2]),
    (range(3), [0, 1, 2]),
    (MappingProxyType({'a': (date(2026, 1, 31),)}), {'a': ['2026-01-31']}),
    (Policy(Decimal('1.5'), [Risk(1)]), {'height': 1.5, 'radius': [{'height': 1, 'radius': 2}]}),
    (Cover(1), {'height': 1, 'radius': 2}),
    (Policy(BIG), {'height': BIG, 'radius': 2}),
    (Risk(BIG), {'height': BIG, 'radius': 2}),
    (Cover(BIG), {'height': BIG, 'radius': 2}),
    (Rows([BIG]), [BIG]),
    ((BIG, {'deep': [BIG]}), [BIG, {'deep': [BIG]}]),
    (np.int8(1), 1),
    (np.uint64(2**63), 2**63),
    (np.float64(0.1), 0.1),
    (np.float32(0.5), 0.5),
    (np.float16(1.5), 1.5),
    (np.bool_(True), True),
    (np.str_('text'), 'text'),
    (np.datetime64('2026-01-31T12:30:00'), '2026-01-31T12:30:00'),
    (np.datetime64('NaT'), None),
    (np.array(5), 5),
    (np.arange(6)[::2], [0, 2, 4]),
    (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    (np.asfortranarray(np.array([[1.5, 2], [3, 4]])), [[1.5, 2], [3, 4]]),
    (np.array(['a', 'b']), ['a', 'b']),
    (np.array([1, 'a', None, date(2026, 1, 31)], dtype=object), [1, 'a', None, '2026-01-31']),
    (pd.Timestamp('2026-01-31T12:30'), '2026-01-31T12:30:00'),
    (pd.NaT, None),
    (pd.NA, None),
    (pd.Series([1, 2]), [1, 2]),
    (pl.Series([1, 2]), [1, 2]),
    (pa.array([1, 2]), [1, 2]),
]


@pytest.mark.parametrize(('value', 'expected'), VALUES, ids=[f'{type(v).__name__} {v!s:.30}' for v, _ in VALUES])
def test_a_value_arrives_as_json(send: Sent, value: Any, expected: Any) -> None:
    assert send({'x': value}) == {'x': expected}
    assert send([{'x': value}, {'x': [value]}]) == [{'x': expected}, {'x': [expected]}]


def test_a_decimal_keeps_its_digits(send: Sent, recorder: Recorder) -> None:
    send({'x': Decimal('0.1234567890123456789012345')})
    assert b'0.1234567890123456789012345' in recorder.last.body


@pytest.mark.parametrize('other', [1, BIG, date(2026, 1, 31), Decimal(1)])
def test_a_generator_among_the_values_arrives_whole(send: Sent, other: Any) -> None:
    assert send({'x': (number for number in (1, 2)), 'other': other})['x'] == [1, 2]
    assert send([{'x': iter([1, 2]), 'other': other}])[0]['x'] == [1, 2]


def test_cells_of_a_frame_are_values_like_any(send: Sent) -> None:
    moment = datetime(2026, 1, 31, 12, 30)
    columns: dict[str, Any] = {
        'day': [date(2026, 1, 31), None],
        'moment': [moment, None],
        'price': [Decimal('1.5'), None],
    }
    columns |= {'ratio': [0.5, None], 'name': ['ä', None], 'list': [[1, 2], None]}
    expected = [
        {'day': '2026-01-31', 'moment': '2026-01-31T12:30:00', 'price': 1.5, 'ratio': 0.5, 'name': 'ä', 'list': [1, 2]},
        dict.fromkeys(columns),
    ]
    for frame in (pd.DataFrame(columns), pl.DataFrame(columns), pa.table(columns)):
        assert as_records(send(frame)) == expected
    typed = pd.DataFrame({'n': pd.array([1, None], 'Int64'), 'c': pd.Categorical(['a', None]), 's': ['b', None]})
    assert as_records(send(typed)) == [{'n': 1, 'c': 'a', 's': 'b'}, {'n': None, 'c': None, 's': None}]


NO_NUMBERS: list[Any] = [
    NAN,
    INF,
    -INF,
    Decimal('NaN'),
    Decimal('Infinity'),
    Decimal('sNaN'),
    np.float64(NAN),
    np.float32(NAN),
    np.float16(INF),
    [NAN],
    (1, NAN),
    deque([NAN]),
    np.array([1, NAN]),
    np.array([NAN], dtype=np.float32),
    np.array([[1, INF]]),
    pd.Series([1, INF]),
    Policy(NAN),
    Risk(NAN),
    Cover(NAN),
    {'deep': [{'deeper': NAN}]},
    pl.Series([NAN]),
]


@pytest.mark.parametrize(
    'value', NO_NUMBERS, ids=[f'{type(v).__name__} {v!s:.30}'.replace('\n', ' ') for v in NO_NUMBERS]
)
def test_what_is_no_number_is_null_or_an_error_that_says_where(send: Sent, value: Any) -> None:
    sent = json.dumps(send({'x': value}))
    assert 'null' in sent
    assert 'NaN' not in sent
    assert send({'x': value}, nan='NULL') == json.loads(sent)
    with pytest.raises(Hybrid.SparkSdkError, match=r'^inputs\.x.*(nan|inf)'):
        send({'x': value}, nan='error')
    with pytest.raises(Hybrid.SparkSdkError, match=r'^inputs\[1\]\.x'):
        send([{'x': 1}, {'x': value}], nan='error')


@pytest.mark.parametrize('make', [pl.DataFrame, pa.table, pd.DataFrame])
def test_an_infinity_in_a_frame_is_null_or_an_error(send: Sent, make: Callable[..., Any]) -> None:
    frame = make({'x': [1.0, INF]})
    assert as_records(send(frame)) == [{'x': 1.0}, {'x': None}]
    with pytest.raises(Hybrid.SparkSdkError, match=r'^inputs\[\d\].*inf'):
        send(frame, nan='error')


def looped() -> dict[str, Any]:
    """A record that holds itself."""
    record: dict[str, Any] = {}
    record['self'] = record
    return record


UNSENDABLE: list[tuple[Any, str]] = [
    ([{}, {}, {}, {'birth_date': b'x'}], r'^inputs\[3\]\.birth_date: .*bytes'),
    ({'x': object()}, r'^inputs\.x: .*object'),
    ({'x': [1, {'y': timedelta(1)}]}, r'^inputs\.x\[1\]\.y: a duration has no form in JSON'),
    ({'a b': {1: 2}}, r"^inputs\['a b'\]: the key 1 is not text"),
    ({'x': Policy(object())}, r'^inputs\.x\.height: .*object'),
    ([Risk(object())], r'^inputs\[0\]\.height: .*object'),
    ({'x': Cover(1, object())}, r'^inputs\.x\.radius: .*object'),
    ({'x': 1j}, r'^inputs\.x: .*complex'),
    ({'x': np.array([object()])}, r'^inputs\.x'),
    ({'x': (value for value in (object(),))}, r'^inputs\.x'),
    ({'x': {1, object()}}, r'^inputs\.x'),
    ({'x': '\ud800'}, r'^inputs\.x: .*surrogate'),
    ({'\ud800': 1}, r'^inputs.*surrogate'),
    ({'x': Policy}, r'^inputs\.x: .*type'),
    ({'y': BIG, 'x': object()}, r'^inputs\.x: .*object'),
    (looped(), r'^inputs.*hold themselves'),
    (5, r'^inputs must be .*not int'),
    (object(), r'^inputs must be .*not object'),
    (Policy, r'^inputs must be .*not type'),
    ('not JSON', r'^inputs are text that is not JSON'),
    (b'\xff', r'^inputs are text that is not JSON'),
    ('5', r'^inputs are JSON text of a int'),
    ('"text"', r'^inputs are JSON text of a str'),
    ([1, 2], r'^inputs\[0\]'),
    (['height', 'radius'], r'^inputs\[0\]'),
    ([pd.DataFrame({'x': [1]})], r'^inputs\[0\]'),
]


@pytest.mark.parametrize(('inputs', 'words'), UNSENDABLE, ids=[words for _, words in UNSENDABLE])
def test_what_cannot_be_sent_is_an_error_that_names_its_place(
    recorder: Recorder, send: Sent, inputs: Any, words: str
) -> None:
    before = len(recorder.received)
    with pytest.raises(Hybrid.SparkSdkError, match=words) as caught:
        send(inputs)
    assert len(caught.value.message) < 300
    assert len(recorder.received) == before


@pytest.mark.parametrize('has_numpy', [True, False], ids=['with numpy', 'without numpy'])
@pytest.mark.parametrize('kind', [bytes, bytearray, memoryview])
def test_bytes_are_refused_and_do_not_become_numbers(
    send: Sent, kind: Callable[[bytes], Any], has_numpy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_numpy:
        monkeypatch.delitem(sys.modules, 'numpy')
    with pytest.raises(Hybrid.SparkInputError, match=rf'^inputs\.x: a value of type {kind.__name__} cannot be written'):
        send({'x': kind(b'ab')})


def test_a_view_of_numbers_is_a_list_of_numbers(send: Sent) -> None:
    assert send({'x': memoryview(array('d', [0.5, 2]))}) == {'x': [0.5, 2]}
