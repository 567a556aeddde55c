"""Records on their way in: whatever holds them, a value arrives as it was, or is refused with its place."""

from __future__ import annotations

import dataclasses
import enum
import importlib
import math
import re
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import cspark.wasm as Hybrid
from support.shapes import (
    JSON_SHAPES,
    OBJECT_SHAPES,
    ONE_RECORD,
    TABLE_SHAPES,
    WAYS,
    Dumped,
    Plain,
    Record,
    Shape,
    Wire,
    csv_of,
    exact,
    objects,
    parquet_of,
    sqlite_rows,
    wired,
)
from support.worlds import WORLDS

np: Any = importlib.import_module('numpy')
pa: Any = importlib.import_module('pyarrow')
pd: Any = importlib.import_module('pandas')
pl: Any = importlib.import_module('polars')
BIG = 123456789012345678901234567890
NOON = datetime(2026, 1, 31, 12, 30)
DAY = date(2026, 1, 31)
ID = UUID('3a5f8a8e-6d0e-4f67-9b5e-0c2f3c6b1d10')
BERLIN = ZoneInfo('Europe/Berlin')


@pytest.fixture(scope='module', params=WORLDS)
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    """Each client with a server of its own, for all of this file."""
    with wired(request.param) as started:
        yield started


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all files of this file."""
    return tmp_path_factory.mktemp('shapes')


# Values as they are, in every container that holds any object


class Smoker(enum.Enum):
    YES = 'yes'
    BIG = BIG


class Grade(enum.IntEnum):
    HIGH = 3


class Words(str):
    __slots__ = ()


@dataclasses.dataclass
class Rider:
    code: Any
    _rate: Any = None


@dataclasses.dataclass(frozen=True, slots=True)
class Slotted:
    code: Any
    start: Any = DAY


@attrs.frozen
class Risk:
    code: Any
    start: Any = DAY


class Cover(NamedTuple):
    code: Any
    start: Any = DAY


class Typed(TypedDict):
    code: Any
    start: Any


def model_of(**values: Any) -> Any:
    pydantic: Any = importlib.import_module('pydantic')
    fields: dict[str, Any] = dict.fromkeys(values, (Any, ...))
    return pydantic.create_model('Rider', **fields)(**values)


def struct_of(**values: Any) -> Any:
    msgspec: Any = importlib.import_module('msgspec')
    return msgspec.defstruct('Rider', list(values))(**values)


VALUES: dict[str, tuple[Callable[[], Any], Any]] = {
    # JSON as it is
    'text': (lambda: 'text', 'text'),
    'no text': (lambda: '', ''),
    'text with spaces': (lambda: ' a ', ' a '),
    'text like a number': (lambda: '007', '007'),
    'text like nothing': (lambda: 'NaN', 'NaN'),
    'text of any alphabet': (lambda: 'é𝄞\u2028\x00', 'é𝄞\u2028\x00'),
    'text like a file': (lambda: 'in.csv', 'in.csv'),
    'text like JSON': (lambda: '{"a": 1}', '{"a": 1}'),
    'true': (lambda: True, True),
    'false': (lambda: False, False),
    'nothing': (lambda: None, None),
    'zero': (lambda: 0, 0),
    'negative zero': (lambda: -0.0, -0.0),
    'whole number': (lambda: -5, -5),
    'whole float': (lambda: 1.0, 1.0),
    'float': (lambda: 0.1, 0.1),
    'smallest float': (lambda: 5e-324, 5e-324),
    'largest float': (lambda: 1.7976931348623157e308, 1.7976931348623157e308),
    'beyond 2^53': (lambda: 2**53 + 1, 2**53 + 1),
    'beyond 64 bits': (lambda: BIG, BIG),
    'below 64 bits': (lambda: -BIG, -BIG),
    # Missing
    'NaN': (lambda: math.nan, None),
    'NaN of numpy': (lambda: np.float32('nan'), None),
    'NaT of pandas': (lambda: pd.NaT, None),
    'NA of pandas': (lambda: pd.NA, None),
    'NaT without a unit': (lambda: np.datetime64('NaT'), None),
    'NaT of nanoseconds': (lambda: np.datetime64('NaT', 'ns'), None),
    'NaT of days': (lambda: np.datetime64('NaT', 'D'), None),
    # Dates and times
    'date': (lambda: DAY, '2026-01-31'),
    'old date': (lambda: date(1, 1, 1), '0001-01-01'),
    'last date': (lambda: date(9999, 12, 31), '9999-12-31'),
    'datetime': (lambda: NOON, '2026-01-31T12:30:00'),
    'microseconds': (lambda: NOON.replace(microsecond=1), '2026-01-31T12:30:00.000001'),
    'datetime in UTC': (lambda: NOON.replace(tzinfo=UTC), '2026-01-31T12:30:00+00:00'),
    'datetime in a zone': (lambda: NOON.replace(tzinfo=BERLIN), '2026-01-31T12:30:00+01:00'),
    'datetime with an offset': (
        lambda: NOON.replace(tzinfo=timezone(timedelta(hours=-5, minutes=-30))),
        '2026-01-31T12:30:00-05:30',
    ),
    'time': (lambda: time(12, 30), '12:30:00'),
    'time with microseconds': (lambda: time(12, 30, 0, 1), '12:30:00.000001'),
    'Timestamp': (lambda: pd.Timestamp(NOON), '2026-01-31T12:30:00'),
    'Timestamp in a zone': (lambda: pd.Timestamp(NOON, tz='Europe/Berlin'), '2026-01-31T12:30:00+01:00'),
    'Timestamp of nanoseconds': (
        lambda: pd.Timestamp('2026-01-31T12:30:00.000000001'),
        '2026-01-31T12:30:00.000000001',
    ),
    'datetime64 of days': (lambda: np.datetime64('2026-01-31'), '2026-01-31'),
    'datetime64 of seconds': (lambda: np.datetime64(NOON, 's'), '2026-01-31T12:30:00'),
    'datetime64 of microseconds': (lambda: np.datetime64(NOON, 'us'), '2026-01-31T12:30:00'),
    'datetime64 of nanoseconds': (lambda: np.datetime64(NOON, 'ns'), '2026-01-31T12:30:00'),
    'datetime64 of one nanosecond': (
        lambda: np.datetime64('2026-01-31T12:30:00.000000001'),
        '2026-01-31T12:30:00.000000001',
    ),
    'datetime64 before pandas': (lambda: np.datetime64('1066-10-14T09:00:00', 's'), '1066-10-14T09:00:00'),
    # Numbers of others
    'Decimal': (lambda: Decimal('0.10'), 0.1),
    'Decimal beyond 64 bits': (lambda: Decimal(BIG), BIG),
    'int8': (lambda: np.int8(-1), -1),
    'uint64': (lambda: np.uint64(2**64 - 1), 2**64 - 1),
    'bool_': (lambda: np.bool_(True), True),
    'float16': (lambda: np.float16(1.5), 1.5),
    'float32': (lambda: np.float32(0.1), 0.1),
    'float32 of a third': (lambda: np.float32(1) / np.float32(3), 0.33333334),
    'float64': (lambda: np.float64(0.1), 0.1),
    'longdouble that is a double': (lambda: np.longdouble(0.5), 0.5),
    'str_': (lambda: np.str_('text'), 'text'),
    'UUID': (lambda: ID, str(ID)),
    'enum': (lambda: Smoker.YES, 'yes'),
    'enum beyond 64 bits': (lambda: Smoker.BIG, BIG),
    'whole enum': (lambda: Grade.HIGH, 3),
    'kind of text': (lambda: Words('text'), 'text'),
    # Lists
    'list': (lambda: [1, [2.5, None], {'a': []}], [1, [2.5, None], {'a': []}]),
    'tuple': (lambda: (1, (2,)), [1, [2]]),
    'deque': (lambda: deque([1, DAY]), [1, '2026-01-31']),
    'range': (lambda: range(3), [0, 1, 2]),
    'array': (lambda: np.array([1, 2]), [1, 2]),
    'array without dimensions': (lambda: np.array(5), 5),
    'array of two dimensions': (lambda: np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    'array in steps': (lambda: np.arange(6)[::2], [0, 2, 4]),
    'array of bools': (lambda: np.array([True, False]), [True, False]),
    'array of text': (lambda: np.array(['a', 'bc']), ['a', 'bc']),
    'array with NaN': (lambda: np.array([0.5, math.nan]), [0.5, None]),
    'array of float32': (lambda: np.array([0.1, 0.5], 'f4'), [0.1, 0.5]),
    'array of float32 in two dimensions': (lambda: np.array([[0.1], [0.5]], 'f4'), [[0.1], [0.5]]),
    'array of days': (lambda: np.array(['2026-01-31', 'NaT'], 'M8[D]'), ['2026-01-31', None]),
    'array of nanoseconds': (lambda: np.array([NOON, 'NaT'], 'M8[ns]'), ['2026-01-31T12:30:00', None]),
    'array of moments in two dimensions': (
        lambda: np.array([[NOON], ['NaT']], 'M8[ns]'),
        [['2026-01-31T12:30:00'], [None]],
    ),
    'array of a moment': (lambda: np.array(NOON, 'M8[ns]'), '2026-01-31T12:30:00'),
    'array of objects': (lambda: objects([DAY, None, np.float32(0.1), pd.NaT]), ['2026-01-31', None, 0.1, None]),
    'masked array': (lambda: np.ma.array([1, 2], mask=[False, True]), [1, None]),
    'array of other byte order': (lambda: np.array([1, 256], '>i4'), [1, 256]),
    'Series': (lambda: pd.Series([1, 2], index=['a', 'b']), [1, 2]),
    'Series of moments': (lambda: pd.Series([NOON, None], dtype='M8[ns]'), ['2026-01-31T12:30:00', None]),
    'Series of float32': (lambda: pd.Series([0.1, None], dtype='float32'), [0.1, None]),
    'Series with NA': (lambda: pd.Series([1, None], dtype='Int64'), [1, None]),
    'Series of objects': (lambda: pd.Series([DAY, pd.NaT, None], dtype=object), ['2026-01-31', None, None]),
    'Index': (lambda: pd.Index(['a', 'b']), ['a', 'b']),
    'DatetimeIndex': (lambda: pd.DatetimeIndex([NOON, None]), ['2026-01-31T12:30:00', None]),
    'Categorical': (lambda: pd.Categorical(['a', None]), ['a', None]),
    'nullable array': (lambda: pd.array([1, None], dtype='Int64'), [1, None]),
    'polars Series': (lambda: pl.Series([NOON, None]), ['2026-01-31T12:30:00', None]),
    'polars Series of float32': (lambda: pl.Series([0.1, None], dtype=pl.Float32), [0.1, None]),
    'polars Series of structs': (lambda: pl.Series([{'a': DAY}]), [{'a': '2026-01-31'}]),
    'arrow array': (lambda: pa.array([NOON, None]), ['2026-01-31T12:30:00', None]),
    'arrow array of float32': (lambda: pa.array([0.1, None], pa.float32()), [0.1, None]),
    'chunked array': (lambda: pa.chunked_array([[1], [None, 3]]), [1, None, 3]),
    # Records
    'dict': (lambda: {'code': DAY, 'rate': np.float32(0.1)}, {'code': '2026-01-31', 'rate': 0.1}),
    'mapping proxy': (lambda: MappingProxyType({'code': (DAY,)}), {'code': ['2026-01-31']}),
    'dataclass': (lambda: Rider('a', 0.5), {'code': 'a', '_rate': 0.5}),
    'dataclass in a list': (lambda: [Rider('a', 0.5)], [{'code': 'a', '_rate': 0.5}]),
    'dataclass in a dataclass': (
        lambda: Rider(Rider(DAY)),
        {'code': {'code': '2026-01-31', '_rate': None}, '_rate': None},
    ),
    'slotted dataclass': (lambda: Slotted(np.float32(0.1)), {'code': 0.1, 'start': '2026-01-31'}),
    'attrs': (lambda: Risk(Risk(1)), {'code': {'code': 1, 'start': '2026-01-31'}, 'start': '2026-01-31'}),
    'named tuple': (lambda: Cover('a'), {'code': 'a', 'start': '2026-01-31'}),
    'named tuples in a list': (
        lambda: [Cover(1), Cover(BIG)],
        [{'code': 1, 'start': '2026-01-31'}, {'code': BIG, 'start': '2026-01-31'}],
    ),
    'typed dict': (lambda: Typed(code=1, start=DAY), {'code': 1, 'start': '2026-01-31'}),
    'pydantic model': (lambda: model_of(code=1, start=DAY), {'code': 1, 'start': '2026-01-31'}),
    'pydantic models in a list': (lambda: [model_of(code=np.float32(0.1))], [{'code': 0.1}]),
    'pydantic model in a model': (lambda: model_of(rider=model_of(code=BIG)), {'rider': {'code': BIG}}),
    'msgspec struct': (lambda: struct_of(code=1, start=DAY), {'code': 1, 'start': '2026-01-31'}),
    'msgspec struct in a struct': (lambda: [struct_of(rider=struct_of(code=BIG))], [{'rider': {'code': BIG}}]),
    'row with a mapping': (lambda: Plain({'code': 1, 'start': DAY}), {'code': 1, 'start': '2026-01-31'}),
    'rows with a mapping in a list': (lambda: [Plain({'code': 1})], [{'code': 1}]),
    'object with model_dump': (lambda: [Dumped({'code': DAY})], [{'code': '2026-01-31'}]),
    'row of sqlite': (lambda: sqlite_rows([{'code': 'a', 'rate': 0.5}])[0], {'code': 'a', 'rate': 0.5}),
    'rows of sqlite': (lambda: sqlite_rows([{'code': 'a', 'rate': None}]), [{'code': 'a', 'rate': None}]),
    'structured row': (
        lambda: np.array([(1, NOON)], [('a', 'i8'), ('d', 'M8[ns]')])[0],
        {'a': 1, 'd': '2026-01-31T12:30:00'},
    ),
    'structured array': (
        lambda: np.array([(0.1, 'NaT')], [('a', 'f4'), ('d', 'M8[ns]')]),
        [{'a': 0.1, 'd': None}],
    ),
    'record array': (
        lambda: pd.DataFrame({'a': [1, 2], 'd': [NOON, None]}).to_records(index=False),
        [{'a': 1, 'd': '2026-01-31T12:30:00'}, {'a': 2, 'd': None}],
    ),
    'pandas frame': (
        lambda: pd.DataFrame({'a': [1, 2], 'd': [NOON, None]}, index=[5, 5]),
        [{'a': 1, 'd': '2026-01-31T12:30:00'}, {'a': 2, 'd': None}],
    ),
    'pandas frame without rows': (lambda: pd.DataFrame({'a': []}), []),
    'frame in a frame': (
        lambda: pd.DataFrame({'a': objects([pd.DataFrame({'b': [DAY]})])}),
        [{'a': [{'b': '2026-01-31'}]}],
    ),
    'polars frame': (
        lambda: pl.DataFrame({'a': [1, 2], 'd': [DAY, None]}),
        [{'a': 1, 'd': '2026-01-31'}, {'a': 2, 'd': None}],
    ),
    'polars frame, lazy': (lambda: pl.LazyFrame({'a': [1, 2]}), [{'a': 1}, {'a': 2}]),
    'polars frame without rows': (lambda: pl.DataFrame({'a': []}), []),
    'arrow table': (
        lambda: pa.table({'a': [1, 2], 'd': [DAY, None]}),
        [{'a': 1, 'd': '2026-01-31'}, {'a': 2, 'd': None}],
    ),
    'arrow record batch': (lambda: pa.RecordBatch.from_pydict({'a': [1]}), [{'a': 1}]),
    'arrow table without rows': (lambda: pa.table({'a': pa.array([], pa.int64())}), []),
}
"""Each value as people have it, with what arrives of it: in JSON, where 1 is not 1.0."""


MAYBE: dict[str, tuple[Callable[[], Any], Any]] = {
    'masked': (lambda: np.ma.masked, None),
    'arrow scalar': (lambda: pa.scalar(DAY), '2026-01-31'),
    'arrow scalar of float32': (lambda: pa.scalar(0.1, pa.float32()), 0.1),
    'arrow scalar of nothing': (lambda: pa.scalar(None, pa.int64()), None),
}
"""Values that people rarely have: these may be refused as well, but never arrive as anything else."""


def same(arrived: Any, expected: Any) -> None:
    assert exact(arrived) == exact(expected)


def deep(value: Any) -> Record:
    """A record with a value in each place where one may stand."""
    return {'code': value, 'list': [value], 'deep': {'deeper': [{'deepest': value}]}}


@pytest.mark.parametrize('value', VALUES)
def test_a_value_arrives_as_it_was_at_any_depth(wire: Wire, value: str) -> None:
    make, expected = VALUES[value]
    same(wire.one(deep(make())), deep(expected))
    for way in WAYS:
        same(wire.many([deep(make()), {'code': make()}], way), [deep(expected), {'code': expected}])


@pytest.mark.parametrize('value', MAYBE)
def test_a_rare_value_arrives_as_it_was_or_is_refused(wire: Wire, value: str) -> None:
    make, expected = MAYBE[value]
    for way in WAYS:
        arrived = wire.sent_or_refused([deep(make())], way)
        if not isinstance(arrived, str):
            same(arrived, [deep(expected)])


def test_an_iterator_among_the_values_arrives_whole(wire: Wire) -> None:
    for way in WAYS:
        inputs = [{'code': iter([1, DAY])}, {'code': (item for item in [np.float32(0.1)])}]
        same(wire.many(inputs, way), [{'code': [1, '2026-01-31']}, {'code': [0.1]}])


def test_a_decimal_keeps_all_of_its_digits(wire: Wire) -> None:
    for way in WAYS:
        wire.many([{'code': Decimal('0.1234567890123456789012345')}], way)
        assert b'0.1234567890123456789012345' in wire.recorder.last.body


def held() -> Record:
    """All values in one record, each with a name that may be a field's."""
    return {f'in_{index}': make() for index, (make, _) in enumerate(VALUES.values())}


HELD: Record = {f'in_{index}': expected for index, (_, expected) in enumerate(VALUES.values())}


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('shape', OBJECT_SHAPES)
def test_every_container_of_objects_holds_every_value(wire: Wire, shape: str, way: str, folder: Path) -> None:
    chosen = OBJECT_SHAPES[shape]
    if way == 'execute' and chosen.many_only:
        pytest.skip('execute does not take it')
    inputs = chosen.make([{**held(), 'place': 0}, {**held(), 'place': 1}], folder)
    same(wire.many(inputs, way), [{**HELD, 'place': 0}, {**HELD, 'place': 1}])


@pytest.mark.parametrize('shape', ONE_RECORD)
def test_every_container_of_one_record_holds_every_value(wire: Wire, shape: str) -> None:
    same(wire.one(ONE_RECORD[shape](held())), HELD)


# Records of kinds that are mixed, or of which each has its own names


@pytest.mark.parametrize('way', WAYS)
def test_records_of_all_kinds_may_stand_in_one_list(wire: Wire, way: str) -> None:
    makers = list(ONE_RECORD.values())
    records = [make({'code': index, 'start': DAY}) for index, make in enumerate(makers)]
    inputs: list[Any] = [{}, *records, '{"code": -1}', b'{"code": -2}', None]
    expected = [{'code': index, 'start': '2026-01-31'} for index in range(len(makers))]
    same(wire.many(inputs, way), [{}, *expected, {'code': -1}, {'code': -2}, {}])
    same(wire.many(inputs[::-1], way), [{}, {'code': -2}, {'code': -1}, *expected[::-1], {}])


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('shape', ['list of dicts', 'dataclasses', 'pydantic models', 'msgspec structs', 'attrs'])
def test_records_keep_the_names_that_each_of_them_has(wire: Wire, shape: str, way: str) -> None:
    make = ONE_RECORD[shape]
    expected = [{'code': 1}, {'rate': 2}, {'rate': 3, 'code': 4}]
    same(wire.many([make(record) for record in expected], way), expected)


def test_a_model_has_its_defaults_its_extras_and_the_names_of_its_fields(wire: Wire) -> None:
    pydantic: Any = pytest.importorskip('pydantic')
    options = pydantic.ConfigDict(extra='allow', populate_by_name=True)
    alias = pydantic.Field(alias='startDate')
    model: Any = pydantic.create_model('Policy', __config__=options, age=(int, 45), start=(date, alias))
    same(wire.one(model(start=DAY, smoker=True)), {'age': 45, 'start': '2026-01-31', 'smoker': True})


def test_a_model_of_a_list_is_a_list_among_the_values(wire: Wire) -> None:
    pydantic: Any = pytest.importorskip('pydantic')
    same(wire.one({'days': pydantic.RootModel[list[date]]([DAY])}), {'days': ['2026-01-31']})


def test_a_secret_of_a_model_is_never_sent_as_stars(wire: Wire) -> None:
    pydantic: Any = pytest.importorskip('pydantic')
    model: Any = pydantic.create_model('Policy', code=(pydantic.SecretStr, ...))
    for inputs in (model(code='a'), {'holder': model(code='a')}):
        assert 'code' in wire.refused(inputs, 'execute')


def test_a_decimal_of_a_model_is_a_number(wire: Wire) -> None:
    pydantic: Any = pytest.importorskip('pydantic')
    model: Any = pydantic.create_model('Policy', rate=(Decimal, ...), ratio=(float, ...))
    same(wire.one(model(rate=Decimal('0.1'), ratio=math.nan)), {'rate': 0.1, 'ratio': None})


@pytest.mark.thorough
def test_a_row_of_sqlalchemy_is_a_record(wire: Wire) -> None:
    sqlalchemy: Any = pytest.importorskip('sqlalchemy')
    with sqlalchemy.create_engine('sqlite://').connect() as connection:
        rows = connection.execute(sqlalchemy.text("SELECT 45 AS age, 'a' AS code")).all()
    for way in WAYS:
        same(wire.many(rows, way), [{'age': 45, 'code': 'a'}])
    same(wire.one({'riders': rows}), {'riders': [{'age': 45, 'code': 'a'}]})


@pytest.mark.parametrize('way', WAYS)
def test_rows_of_sqlite_are_records(wire: Wire, way: str) -> None:
    records: list[Record] = [{'age': 45, 'code': 'a', 'rate': None}, {'age': 46, 'code': 'b', 'rate': 0.1}]
    same(wire.many(sqlite_rows(records), way), records)
    same(wire.many(iter(sqlite_rows(records)), way), records)
    same(wire.one(sqlite_rows(records)[1]), records[1])


@pytest.mark.thorough
@pytest.mark.parametrize('shape', OBJECT_SHAPES)
def test_thousands_of_records_arrive_in_their_order(wire: Wire, shape: str, folder: Path) -> None:
    if shape == 'frames of pandas':
        pytest.skip('thousands of frames are slow to make')
    records: list[Record] = [{'place': index, 'rate': 0.5} for index in range(1200)]
    same(wire.many(OBJECT_SHAPES[shape].make(records, folder)), records)


# Typed columns, as each library has them


@dataclasses.dataclass(frozen=True)
class Column:
    """A column by the library that makes it, and what arrives of its values."""

    expected: list[Any]
    pandas: Callable[[], Any] | None = None
    polars: Callable[[], Any] | None = None
    arrow: Callable[[], Any] | None = None
    numpy: Callable[[], Any] | None = None


ISO = '2026-01-31T12:30:00'
NANO = f'{ISO}.000000001'
THIRD = 1 / 3
COLUMNS: dict[str, Column] = {
    'whole numbers': Column(
        [1, -2, 2**53 + 1],
        lambda: pd.Series([1, -2, 2**53 + 1]),
        lambda: pl.Series([1, -2, 2**53 + 1]),
        lambda: pa.array([1, -2, 2**53 + 1]),
        lambda: np.array([1, -2, 2**53 + 1]),
    ),
    'whole numbers beside missing ones': Column(
        [1, None, 2**53 + 1],
        lambda: pd.Series([1, None, 2**53 + 1], dtype='Int64'),
        lambda: pl.Series([1, None, 2**53 + 1]),
        lambda: pa.array([1, None, 2**53 + 1]),
    ),
    'unsigned': Column(
        [0, 2**64 - 1],
        lambda: pd.Series([0, 2**64 - 1], dtype='uint64'),
        lambda: pl.Series([0, 2**64 - 1], dtype=pl.UInt64),
        lambda: pa.array([0, 2**64 - 1], pa.uint64()),
        lambda: np.array([0, 2**64 - 1], 'u8'),
    ),
    'beyond 64 bits': Column(
        [2**100, None],
        lambda: pd.Series([2**100, None], dtype=object),
        lambda: pl.Series([2**100, None], dtype=pl.Int128),
        lambda: pa.array([Decimal(2**100), None], pa.decimal128(38, 0)),
        lambda: objects([2**100, None]),
    ),
    'floats': Column(
        [0.1, 1e300, None],
        lambda: pd.Series([0.1, 1e300, math.nan]),
        lambda: pl.Series([0.1, 1e300, math.nan]),
        lambda: pa.array([0.1, 1e300, math.nan]),
        lambda: np.array([0.1, 1e300, math.nan]),
    ),
    'floats beside missing ones': Column(
        [0.1, None],
        lambda: pd.Series([0.1, None], dtype='Float64'),
        lambda: pl.Series([0.1, None]),
        lambda: pa.array([0.1, None]),
        lambda: objects([0.1, None]),
    ),
    'float32': Column(
        [0.1, 0.33333334, 16777216.0, None],
        lambda: pd.Series([0.1, THIRD, 2**24, math.nan], dtype='float32'),
        lambda: pl.Series([0.1, THIRD, 2**24, None], dtype=pl.Float32),
        lambda: pa.array([0.1, THIRD, 2**24, None], pa.float32()),
        lambda: np.array([0.1, THIRD, 2**24, math.nan], 'f4'),
    ),
    'float16': Column(
        [1.5, -0.25],
        lambda: pd.Series([1.5, -0.25], dtype='float16'),
        None,
        lambda: pa.array(np.array([1.5, -0.25], 'f2')),
        lambda: np.array([1.5, -0.25], 'f2'),
    ),
    'booleans': Column(
        [True, False],
        lambda: pd.Series([True, False]),
        lambda: pl.Series([True, False]),
        lambda: pa.array([True, False]),
        lambda: np.array([True, False]),
    ),
    'booleans beside missing ones': Column(
        [True, None],
        lambda: pd.Series([True, None], dtype='boolean'),
        lambda: pl.Series([True, None]),
        lambda: pa.array([True, None]),
    ),
    'text': Column(
        ['007', 'é', ''],
        lambda: pd.Series(['007', 'é', '']),
        lambda: pl.Series(['007', 'é', '']),
        lambda: pa.array(['007', 'é', '']),
        lambda: np.array(['007', 'é', '']),
    ),
    'text beside missing ones': Column(
        ['a', None],
        lambda: pd.Series(['a', None], dtype='string'),
        lambda: pl.Series(['a', None]),
        lambda: pa.array(['a', None], pa.large_string()),
        lambda: objects(['a', None]),
    ),
    'categories': Column(
        ['a', None, 'a'],
        lambda: pd.Series(pd.Categorical(['a', None, 'a'])),
        lambda: pl.Series(['a', None, 'a'], dtype=pl.Categorical),
        lambda: pa.array(['a', None, 'a']).dictionary_encode(),
    ),
    'enums': Column(['a', None], None, lambda: pl.Series(['a', None], dtype=pl.Enum(['a', 'b']))),
    'dates': Column(
        ['2026-01-31', None, '0001-01-01'],
        lambda: pd.Series([DAY, None, date.min], dtype=object),
        lambda: pl.Series([DAY, None, date.min]),
        lambda: pa.array([DAY, None, date.min]),
        lambda: np.array([DAY, 'NaT', date.min], 'M8[D]'),
    ),
    'moments': Column(
        [f'{ISO}.000001', None],
        lambda: pd.Series([NOON.replace(microsecond=1), None], dtype='M8[us]'),
        lambda: pl.Series([NOON.replace(microsecond=1), None]),
        lambda: pa.array([NOON.replace(microsecond=1), None]),
        lambda: np.array([NOON.replace(microsecond=1), 'NaT'], 'M8[us]'),
    ),
    'moments of whole seconds': Column(
        [ISO, None],
        lambda: pd.Series([NOON, None], dtype='M8[ns]'),
        lambda: pl.Series([NOON, None], dtype=pl.Datetime('ns')),
        lambda: pa.array([NOON, None], pa.timestamp('ns')),
        lambda: np.array([NOON, 'NaT'], 'M8[ns]'),
    ),
    'moments of nanoseconds': Column(
        [NANO, None],
        lambda: pd.Series(np.array([NANO, 'NaT'], 'M8[ns]')),
        lambda: pl.Series(np.array([NANO, 'NaT'], 'M8[ns]')),
        lambda: pa.array(np.array([NANO, 'NaT'], 'M8[ns]')),
        lambda: np.array([NANO, 'NaT'], 'M8[ns]'),
    ),
    'moments long ago and far ahead': Column(
        ['1066-10-14T09:00:00', '9999-12-31T23:59:59'],
        lambda: pd.Series(np.array(['1066-10-14T09:00:00', '9999-12-31T23:59:59'], 'M8[s]')),
        lambda: pl.Series([datetime(1066, 10, 14, 9), datetime(9999, 12, 31, 23, 59, 59)]),
        lambda: pa.array(np.array(['1066-10-14T09:00:00', '9999-12-31T23:59:59'], 'M8[s]')),
        lambda: np.array(['1066-10-14T09:00:00', '9999-12-31T23:59:59'], 'M8[s]'),
    ),
    'moments in a zone': Column(
        [f'{ISO}+01:00', None],
        lambda: pd.Series([pd.Timestamp(NOON, tz='Europe/Berlin'), None]),
        lambda: pl.Series([NOON, None]).dt.replace_time_zone('Europe/Berlin'),
        lambda: pa.array([NOON.replace(tzinfo=BERLIN), None], pa.timestamp('us', 'Europe/Berlin')),
        lambda: objects([NOON.replace(tzinfo=BERLIN), pd.NaT]),
    ),
    'times': Column(
        ['12:30:00', None],
        lambda: pd.Series([time(12, 30), None], dtype=object),
        lambda: pl.Series([time(12, 30), None]),
        lambda: pa.array([time(12, 30), None]),
        lambda: objects([time(12, 30), None]),
    ),
    'times of nanoseconds': Column(
        ['00:00:00.000000001', None],
        None,
        lambda: pl.Series([1, None], dtype=pl.Int64).cast(pl.Time),
        lambda: pa.array([1, None], pa.int64()).cast(pa.time64('ns')),
    ),
    'decimals': Column(
        [1.25, None, 0.1],
        lambda: pd.Series([Decimal('1.25'), None, Decimal('0.10')], dtype=object),
        lambda: pl.Series([Decimal('1.25'), None, Decimal('0.10')]),
        lambda: pa.array([Decimal('1.25'), None, Decimal('0.10')]),
        lambda: objects([Decimal('1.25'), None, Decimal('0.10')]),
    ),
    'lists': Column(
        [[1, 2], [], None],
        lambda: pd.Series([[1, 2], [], None]),
        lambda: pl.Series([[1, 2], [], None]),
        lambda: pa.array([[1, 2], [], None]),
        lambda: objects([[1, 2], [], None]),
    ),
    'lists of float32': Column(
        [[0.1, None], None],
        lambda: pd.Series([np.array([0.1, math.nan], 'f4'), None]),
        lambda: pl.Series([[0.1, None], None], dtype=pl.List(pl.Float32)),
        lambda: pa.array([[0.1, None], None], pa.list_(pa.float32())),
        lambda: objects([np.array([0.1, math.nan], 'f4'), None]),
    ),
    'arrays of a fixed size': Column(
        [[0.1, 0.5], [0.25, 2.0]],
        None,
        lambda: pl.Series([[0.1, 0.5], [0.25, 2]], dtype=pl.Array(pl.Float32, 2)),
        lambda: pa.array([[0.1, 0.5], [0.25, 2]], pa.list_(pa.float32(), 2)),
        lambda: np.array([(([0.1, 0.5]),), ([0.25, 2],)], [('x', 'f4', (2,))])['x'],
    ),
    'lists of moments': Column(
        [[ISO, None], [ISO, ISO]],
        lambda: pd.Series([np.array([NOON, 'NaT'], 'M8[ns]'), np.array([NOON, NOON], 'M8[ns]')]),
        lambda: pl.Series([[NOON, None], [NOON, NOON]], dtype=pl.List(pl.Datetime('ns'))),
        lambda: pa.array([[NOON, None], [NOON, NOON]], pa.list_(pa.timestamp('ns'))),
        lambda: np.array([([NOON, 'NaT'],), ([NOON, NOON],)], [('x', 'M8[ns]', (2,))])['x'],
    ),
    'lists of moments of nanoseconds': Column(
        [[NANO]],
        lambda: pd.Series([[pd.Timestamp(NANO)]]),
        lambda: pl.Series(np.array([NANO], 'M8[ns]')).implode(),
        lambda: pa.ListArray.from_arrays([0, 1], pa.array(np.array([NANO], 'M8[ns]'))),
        lambda: np.array([([NANO],)], [('x', 'M8[ns]', (1,))])['x'],
    ),
    'structs': Column(
        [{'a': 0.1, 'd': '2026-01-31'}, {'a': 0.5, 'd': None}],
        lambda: pd.Series([{'a': np.float32(0.1), 'd': DAY}, {'a': np.float32(0.5), 'd': pd.NaT}]),
        lambda: pl.Series(
            [{'a': 0.1, 'd': DAY}, {'a': 0.5, 'd': None}], dtype=pl.Struct({'a': pl.Float32, 'd': pl.Date})
        ),
        lambda: pa.array(
            [{'a': 0.1, 'd': DAY}, {'a': 0.5, 'd': None}], pa.struct({'a': pa.float32(), 'd': pa.date32()})
        ),
        lambda: np.array([((0.1, DAY),), ((0.5, 'NaT'),)], [('x', [('a', 'f4'), ('d', 'M8[D]')])])['x'],
    ),
    'missing structs': Column(
        [{'a': 1}, None],
        lambda: pd.Series([{'a': 1}, None]),
        lambda: pl.Series([{'a': 1}, None]),
        lambda: pa.array([{'a': 1}, None]),
    ),
    'lists of structs': Column(
        [[{'d': ISO}], [], None],
        lambda: pd.Series([[{'d': pd.Timestamp(NOON)}], [], None]),
        lambda: pl.Series([[{'d': NOON}], [], None]),
        lambda: pa.array([[{'d': NOON}], [], None]),
        lambda: objects([[{'d': np.datetime64(NOON, 'ns')}], [], None]),
    ),
    'nothing at all': Column(
        [None, None],
        lambda: pd.Series([None, pd.NA], dtype=object),
        lambda: pl.Series([None, None]),
        lambda: pa.nulls(2),
        lambda: objects([None, math.nan]),
    ),
    'identifiers': Column(
        [str(ID), None],
        lambda: pd.Series([ID, None]),
        None,
        lambda: pa.array([ID.bytes, None], pa.uuid()),
        lambda: objects([ID, None]),
    ),
    'sparse': Column([0, 5], lambda: pd.Series(pd.arrays.SparseArray([0, 5]))),
    'maps': Column([{'k': 1}, None], None, None, lambda: pa.array([{'k': 1}, None], pa.map_(pa.string(), pa.int64()))),
    'run ends': Column([1, 1, 2], None, None, lambda: pa.RunEndEncodedArray.from_arrays([2, 3], [1, 2])),
    'views of text': Column(['a', None], None, None, lambda: pa.array(['a', None], pa.string_view())),
    'dates of 64 bits': Column(['2026-01-31', None], None, None, lambda: pa.array([DAY, None], pa.date64())),
    'arrow moments in pandas': Column(
        [ISO, None], lambda: pd.Series([NOON, None], dtype=pd.ArrowDtype(pa.timestamp('us')))
    ),
    'arrow dates in pandas': Column(
        ['2026-01-31', None], lambda: pd.Series([DAY, None], dtype=pd.ArrowDtype(pa.date32()))
    ),
    'arrow float32 in pandas': Column([0.1, None], lambda: pd.Series([0.1, None], dtype='float[pyarrow]')),
    'arrow structs in pandas': Column(
        [{'a': 0.1}], lambda: pd.Series([{'a': 0.1}], dtype=pd.ArrowDtype(pa.struct({'a': pa.float32()})))
    ),
    'arrow decimals in pandas': Column(
        [0.1, None], lambda: pd.Series([Decimal('0.1'), None], dtype=pd.ArrowDtype(pa.decimal128(5, 2)))
    ),
    'other byte order': Column([1, 256], numpy=lambda: np.array([1, 256], '>i4')),
}


def numpy_frame(column: Any) -> Any:
    """A structured array of one column."""
    array = np.empty(len(column), [('code', column.dtype, column.shape[1:])])
    array['code'] = column
    return array


FRAMES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    'pandas frame': ('pandas', lambda column: pd.DataFrame({'code': column})),
    'pandas to_records': ('pandas', lambda column: pd.DataFrame({'code': column}).to_records(index=False)),
    'polars frame': ('polars', lambda column: pl.DataFrame({'code': column})),
    'polars frame, lazy': ('polars', lambda column: pl.LazyFrame({'code': column})),
    'arrow table': ('arrow', lambda column: pa.table({'code': column})),
    'arrow batch': ('arrow', lambda column: pa.record_batch({'code': column})),
    'structured array': ('numpy', numpy_frame),
    'record array': ('numpy', lambda column: numpy_frame(column).view(np.recarray)),
}
"""What holds a typed column, by the library that makes the column."""

# pandas itself makes doubles of the 32 bits there, so that nobody could know what they were.
LOST = {('arrow structs in pandas', 'pandas to_records'), ('whole numbers beside missing ones', 'pandas to_records')}
TYPED = [
    (name, frame)
    for name, column in COLUMNS.items()
    for frame in FRAMES
    if getattr(column, FRAMES[frame][0]) and (name, frame) not in LOST
]


@pytest.mark.parametrize(('name', 'frame'), TYPED)
def test_a_typed_column_arrives_as_its_values(wire: Wire, name: str, frame: str) -> None:
    library, make = FRAMES[frame]
    column: Any = getattr(COLUMNS[name], library)
    expected = [{'code': value} for value in COLUMNS[name].expected]
    same(wire.many(make(column())), expected)
    same(wire.many(make(column()), 'execute'), expected)
    inside = {'riders': make(column()), 'deep': [{'codes': column()}]}
    same(wire.one(inside), {'riders': expected, 'deep': [{'codes': COLUMNS[name].expected}]})


@pytest.mark.parametrize('name', [name for name, column in COLUMNS.items() if column.arrow])
def test_a_column_arrives_as_its_values_from_a_reader_and_a_dataset(wire: Wire, name: str) -> None:
    dataset: Any = importlib.import_module('pyarrow.dataset')
    table = pa.table({'code': (COLUMNS[name].arrow or pa.nulls)()})
    expected = [{'code': value} for value in COLUMNS[name].expected]
    same(wire.many(table.to_reader(max_chunksize=1)), expected)
    same(wire.many(dataset.dataset(table)), expected)


def test_a_map_of_arrow_with_a_name_twice_or_a_name_that_is_no_text_is_refused(wire: Wire) -> None:
    twice = pa.array([[('k', 1), ('k', 2)]], pa.map_(pa.string(), pa.int64()))
    numbered = pa.array([[(1, 1)]], pa.map_(pa.int64(), pa.int64()))
    for column in (twice, numbered):
        assert 'code' in wire.refused(pa.table({'code': column}))


# What is refused


class Loose:
    """An object with values that nobody can know for a record."""

    def __init__(self) -> None:
        self.code = 1


class Paired:
    """An object with values, of which iterating gives pairs, as older models are."""

    def __init__(self) -> None:
        self.code = 'a'
        self.rate = 0.5

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(vars(self).items())


def class_of_model() -> Any:
    model: Any = model_of(code=1)
    return model.__class__


REFUSED: dict[str, Callable[[], Any]] = {
    'duration': lambda: timedelta(days=1),
    'no duration': lambda: timedelta(0),
    'timedelta64': lambda: np.timedelta64(1, 'D'),
    'timedelta64 of nanoseconds': lambda: np.timedelta64(1, 'ns'),
    'Timedelta': lambda: pd.Timedelta(days=1),
    'array of durations': lambda: np.array([1], 'm8[s]'),
    'array of a duration': lambda: np.array(1, 'm8[s]'),
    'array of objects with a duration': lambda: objects([timedelta(1)]),
    'Series of durations': lambda: pd.Series([timedelta(1)]),
    'TimedeltaIndex': lambda: pd.TimedeltaIndex([timedelta(1)]),
    'polars Series of durations': lambda: pl.Series([timedelta(1)]),
    'arrow array of durations': lambda: pa.array([timedelta(1)]),
    'arrow duration': lambda: pa.scalar(timedelta(1)),
    'frame with durations': lambda: pd.DataFrame({'wait': [timedelta(1)]}),
    'polars frame with durations': lambda: pl.DataFrame({'wait': [timedelta(1)]}),
    'arrow table with durations': lambda: pa.table({'wait': [timedelta(1)]}),
    'structured array with durations': lambda: np.array([(1,)], [('wait', 'm8[D]')]),
    'model with a duration': lambda: model_of(wait=timedelta(1)),
    'struct with a duration': lambda: struct_of(wait=timedelta(1)),
    'dataclass with a duration': lambda: Rider(timedelta(1)),
    'named tuple with a duration': lambda: Cover(timedelta(1)),
    'longdouble that is no double': lambda: np.longdouble(1) / np.longdouble(3),
    'array of longdoubles': lambda: np.array([1], np.longdouble) / 3,
    'complex': lambda: 1j,
    'complex64': lambda: np.complex64(1j),
    'array of complex': lambda: np.array([1j]),
    'bytes': lambda: b'text',
    'bytearray': lambda: bytearray(b'text'),
    'bytes_': lambda: np.bytes_(b'text'),
    'array of bytes': lambda: np.array([b'text']),
    'void': lambda: np.void(b'text'),
    'arrow bytes': lambda: pa.scalar(b'text'),
    'object': object,
    'object with values': Loose,
    'class': lambda: Rider,
    'class of a model': class_of_model,
    'function': lambda: len,
    'error': lambda: ValueError('text'),
    'half a surrogate pair': lambda: '\ud83d',
    'key that is a number': lambda: {1: 'a'},
    'key that is nothing': lambda: {None: 'a'},
    'frame with two columns of one name': lambda: pd.DataFrame([[1, 2]], columns=['a', 'a']),
    'frame with columns of two levels': lambda: pd.DataFrame({('a', 'b'): [1]}),
    'table with two columns of one name': lambda: pa.Table.from_arrays([pa.array([1])] * 2, ['a', 'a']),
    'Period': lambda: pd.Period('2026-01', 'M'),
    'Interval': lambda: pd.Interval(0, 1),
    'moment beyond a year of four digits': lambda: np.datetime64('12000-01-01', 's'),
}


@pytest.mark.parametrize('value', REFUSED)
def test_what_cannot_arrive_as_it_was_is_refused_with_its_place(wire: Wire, value: str) -> None:
    make = REFUSED[value]
    assert 'waiting' in wire.refused({'waiting': make()}, 'execute')
    assert 'waiting' in wire.refused({'waiting': [{'deeper': (make(),)}]}, 'execute')
    for way in WAYS:
        told = wire.refused([{'waiting': 1}, {'waiting': make()}], way, good=1)
        assert 'waiting' in told and ('[1]' in told or 'record 1' in told)


@pytest.mark.parametrize('shape', OBJECT_SHAPES)
def test_a_duration_is_refused_in_every_container(wire: Wire, shape: str, folder: Path) -> None:
    chosen = OBJECT_SHAPES[shape]
    # The row of names is the first of columnar lists.
    places = ['[1]', 'record 1', *(['[2]'] if 'columnar' in shape else [])]
    for duration in (timedelta(days=1), np.timedelta64(1, 'ns')):
        records: list[Record] = [{'waiting': 1}, {'waiting': {'deeper': [duration]}}]
        for way in WAYS if not chosen.many_only else WAYS[1:]:
            told = wire.refused(chosen.make(records, folder), way, good=1)
            assert 'waiting' in told and any(place in told for place in places)


REFUSED_COLUMNS: dict[str, tuple[str, Callable[[], Any]]] = {
    'durations of pandas': ('pandas', lambda: pd.Series([timedelta(1), None])),
    'objects of pandas': ('pandas', lambda: pd.Series([timedelta(1), 1], dtype=object)),
    'arrow durations of pandas': ('pandas', lambda: pd.Series([timedelta(1)], dtype='duration[us][pyarrow]')),
    'complex numbers of pandas': ('pandas', lambda: pd.Series([1j])),
    'bytes of pandas': ('pandas', lambda: pd.Series([b'a'])),
    'periods of pandas': ('pandas', lambda: pd.Series([pd.Period('2026-01', 'M')])),
    'moments of pandas after 9999': ('pandas', lambda: pd.Series(np.array(['12000-01-01'], 'M8[s]'))),
    'durations of polars': ('polars', lambda: pl.Series([timedelta(1), None])),
    'lists of durations of polars': ('polars', lambda: pl.Series([[timedelta(1)]])),
    'structs of durations of polars': ('polars', lambda: pl.Series([{'a': timedelta(1)}])),
    'bytes of polars': ('polars', lambda: pl.Series([b'a'])),
    'dates of polars after 9999': ('polars', lambda: pl.Series([4_000_000]).cast(pl.Date)),
    'durations of arrow': ('arrow', lambda: pa.array([timedelta(1), None])),
    'durations of nanoseconds of arrow': ('arrow', lambda: pa.array([1], pa.duration('ns'))),
    'lists of durations of arrow': ('arrow', lambda: pa.array([[timedelta(1)]])),
    'intervals of arrow': ('arrow', lambda: pa.array([(1, 2, 3)], pa.month_day_nano_interval())),
    'bytes of arrow': ('arrow', lambda: pa.array([b'a'])),
    'bytes of a fixed size of arrow': ('arrow', lambda: pa.array([b'a'], pa.binary(1))),
    'dates of arrow after 9999': ('arrow', lambda: pa.array([4_000_000], pa.int32()).cast(pa.date32())),
    'moments of arrow after 9999': ('arrow', lambda: pa.array([10**12], pa.timestamp('s'))),
    'durations of numpy': ('numpy', lambda: np.array([1, 'NaT'], 'm8[ns]')),
    'durations of numpy in two dimensions': ('numpy', lambda: np.array([[1, 2]], 'm8[D]')),
    'nested durations of numpy': ('numpy', lambda: np.array([((1,),)], [('x', [('a', 'm8[s]')])])['x']),
    'longdoubles of numpy': ('numpy', lambda: np.array([1], np.longdouble) / 3),
    'complex numbers of numpy': ('numpy', lambda: np.array([1j])),
    'bytes of numpy': ('numpy', lambda: np.array([b'a'])),
    'moments of numpy after 9999': ('numpy', lambda: np.array(['12000-01-01'], 'M8[s]')),
}


@pytest.mark.parametrize('column', REFUSED_COLUMNS)
def test_a_column_that_cannot_arrive_as_it_was_is_refused_with_its_name(wire: Wire, column: str) -> None:
    library, make = REFUSED_COLUMNS[column]
    for of, frame in FRAMES.values():
        if of == library:
            assert 'code' in wire.refused(frame(make()), good=1)
            assert 'code' in wire.refused(frame(make()), 'execute')
            assert 'riders' in wire.refused({'riders': frame(make())}, 'execute')
            assert 'riders' in wire.refused([{'riders': [make()]}])


def test_an_object_with_pairs_is_a_record_or_refused_but_never_columns(wire: Wire) -> None:
    for inputs in ([Paired()], [Paired(), Paired()]):
        arrived = wire.sent_or_refused(inputs)
        assert isinstance(arrived, str) or arrived == [{'code': 'a', 'rate': 0.5}] * len(inputs)
    before = len(wire.recorder.received)
    try:
        arrived_alone = wire.one(Paired())
    except Hybrid.SparkSdkError:
        assert len(wire.recorder.received) == before
    else:
        assert arrived_alone == {'code': 'a', 'rate': 0.5}


NO_RECORDS: dict[str, tuple[Callable[[], Any], str]] = {
    'array of numbers': (lambda: np.array([1, 2]), r'(?i)array|record'),
    'array of two dimensions': (lambda: np.array([[1, 2], [3, 4]]), r'(?i)dimension|2-D'),
    'array of two dimensions with names': (lambda: np.array([['age', 'rate'], ['1', '2']]), r'(?i)dimension|2-D'),
    'array of two dimensions of objects': (lambda: np.array([['age'], [1]], dtype=object), r'(?i)dimension|2-D'),
    'structured array of two dimensions': (lambda: np.zeros((2, 2), [('a', 'i8')]), r'(?i)dimension|2-D'),
    'list of arrays': (lambda: [np.array([1, 2])], r'\[0\]|record 0'),
    'list of numbers': (lambda: [1, 2], r'\[0\]|record 0'),
    'list of text': (lambda: ['age', 'rate'], r'\[0\]|record 0'),
    'set of text': (lambda: {'age'}, r'\[0\]|record 0'),
    'number in the middle': (lambda: [{'age': 1}, 5], r'\[1\]|record 1'),
    'row in the middle': (lambda: [{'age': 1}, [1]], r'\[1\]|record 1'),
    'frame in the middle': (lambda: [{'age': 1}, pd.DataFrame({'age': [1]})], r'\[1\]|record 1'),
    'object in the middle': (lambda: [{'age': 1}, Loose()], r'\[1\]|record 1'),
    'JSON text of a list in the middle': (lambda: [{'age': 1}, '[1]'], r'\[1\]|record 1'),
    'text in the middle': (lambda: [{'age': 1}, 'age'], r'\[1\]|record 1'),
    'JSON text that is damaged': (lambda: ['{"age": 1}', '{"age": }'], r'\[1\]|record 1'),
    'objects': (lambda: [Loose()], r'\[0\]|record 0'),
    'class in the middle': (lambda: [{'age': 1}, Rider], r'\[1\]|record 1'),
    'short row': (lambda: [['age', 'rate'], [1, 2], [3]], r'\[[12]\]|record 1|row [12]'),
    'long row': (lambda: [['age'], [1], [3, 4]], r'\[[12]\]|record 1|row [12]'),
    'text for a row': (lambda: [['age', 'rate'], [1, 2], 'ab'], r'\[[12]\]|record 1|row [12]'),
    'record among rows': (lambda: [['age'], [1], {'age': 2}], r'\[[12]\]|record 1|row [12]'),
    'set for a row': (lambda: [['age', 'rate'], [1, 2], {3, 4}], r'\[[12]\]|record 1|row [12]'),
    'a name twice': (lambda: [['age', 'age'], [1, 2]], r'age|twice'),
    'a name that is no text': (lambda: [['age', None], [1, 2]], r'(?i)names?'),
    'rows without names': (lambda: [[1, 2], [3, 4]], r'(?i)names?'),
    'frame with two columns of one name': (lambda: pd.DataFrame([[1, 2]], columns=['age', 'age']), 'age'),
    'frame with columns of two levels': (lambda: pd.DataFrame({('a', 'b'): [1]}), r'(?i)level|column|name'),
    'polars Series of numbers': (lambda: pl.Series([1, 2]), r'(?i)series|record'),
    'pandas Index': (lambda: pd.Index(['age']), r'(?i)index|record'),
    'arrow array of numbers': (lambda: pa.array([1, 2]), r'(?i)array|record'),
}


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('inputs', NO_RECORDS)
def test_what_is_no_list_of_records_is_refused_with_its_place(wire: Wire, inputs: str, way: str) -> None:
    make, words = NO_RECORDS[inputs]
    told = wire.refused(make(), way, good=1)
    assert re.search(words, told), told


@pytest.mark.parametrize('inputs', [lambda: pd.Series([1, 2]), Loose, object, lambda: 5, lambda: Rider, lambda: DAY])
def test_what_is_no_record_is_refused(wire: Wire, inputs: Callable[[], Any]) -> None:
    wire.refused(inputs(), 'execute')
    wire.refused([inputs()], 'execute')
    wire.refused([inputs()])


# What a missing value means

MISSING: dict[str, tuple[Callable[[Path], Any], bool]] = {
    'dicts': (lambda _: [{'age': 1, 'rate': 2.5}, {'age': None, 'rate': math.nan}], False),
    'generator': (lambda _: iter([{'age': 1, 'rate': 2.5}, {'age': None, 'rate': math.nan}]), False),
    'dataclasses': (lambda _: [Pair(1, 2.5), Pair(None, math.nan)], False),
    'models': (lambda _: [model_of(age=1, rate=2.5), model_of(age=None, rate=math.nan)], False),
    'structs': (lambda _: [struct_of(age=1, rate=2.5), struct_of(age=None, rate=math.nan)], False),
    'rows of sqlite': (lambda _: sqlite_rows([{'age': 1, 'rate': 2.5}, {'age': None, 'rate': None}]), False),
    'columnar': (lambda _: [['age', 'rate'], [1, 2.5], [None, math.nan]], False),
    'JSON text': (lambda _: '[{"age": 1, "rate": 2.5}, {"age": null, "rate": null}]', False),
    'JSON texts': (lambda _: ['{"age": 1, "rate": 2.5}', '{"age": null, "rate": null}'], False),
    'pandas': (lambda _: pd.DataFrame({'age': pd.array([1, None], 'Int64'), 'rate': [2.5, math.nan]}), False),
    'structured array': (
        lambda _: np.array([(1, 2.5), (None, math.nan)], [('age', object), ('rate', 'f8')]),
        False,
    ),
    'polars': (lambda _: pl.DataFrame({'age': [1, None], 'rate': [2.5, math.nan]}), False),
    'polars, lazy': (lambda _: pl.LazyFrame({'age': [1, None], 'rate': [2.5, None]}), False),
    'arrow': (lambda _: pa.table({'age': [1, None], 'rate': [2.5, math.nan]}), False),
    'arrow reader': (lambda _: pa.table({'age': [1, None], 'rate': [2.5, None]}).to_reader(), False),
    'parquet': (lambda folder: parquet_of([{'age': 1, 'rate': 2.5}, {'age': None, 'rate': None}], folder), True),
    'jsonl': (
        lambda folder: JSON_SHAPES['jsonl'].make([{'age': 1, 'rate': 2.5}, {'age': None, 'rate': None}], folder),
        True,
    ),
}


@dataclasses.dataclass
class Pair:
    age: Any
    rate: Any


FIRST: Record = {'age': 1, 'rate': 2.5}
ALL_MISSING: Record = {'age': None, 'rate': None}


@pytest.mark.parametrize('source', MISSING)
def test_a_missing_value_is_what_the_caller_says_from_every_source(wire: Wire, source: str, folder: Path) -> None:
    make, _ = MISSING[source]
    expected: list[tuple[Record, Record]] = [
        ({}, ALL_MISSING),
        ({'missing': 'null'}, ALL_MISSING),
        ({'missing': 'default'}, {}),
        ({'missing': {'age': 'default'}}, {'rate': None}),
        ({'missing': {'rate': 'default', 'age': 'null'}}, {'age': None}),
    ]
    for options, last in expected:
        same(wire.many(make(folder), **options), [FIRST, last])


@pytest.mark.parametrize('source', MISSING)
@pytest.mark.parametrize(('missing', 'name'), [('error', 'age'), ({'age': 'default', 'rate': 'error'}, 'rate')])
def test_a_missing_value_is_an_error_where_the_caller_says_so(
    wire: Wire, source: str, missing: Any, name: str, folder: Path
) -> None:
    make, is_file = MISSING[source]
    told = wire.refused(make(folder), missing=missing, good=1)
    assert name in told
    # A header makes the second record the third line of a CSV file, and there is none in JSON lines.
    assert any(place in told for place in ('[1]', 'record 1', 'row 1', 'row 2', *(('line 2', 'line 3') * is_file)))


@pytest.mark.parametrize('delimiter', [',', ';', '\t'])
def test_an_empty_cell_is_what_the_caller_says(wire: Wire, delimiter: str, folder: Path) -> None:
    records: list[Record] = [{'age': 1, 'rate': 2.5}, {'age': None, 'rate': 3.5}]
    last: Record
    for missing, last in (('null', records[1]), ('default', {'rate': 3.5}), ({'age': 'default'}, {'rate': 3.5})):
        same(wire.many(csv_of(records, folder, delimiter=delimiter), missing=missing), [FIRST, last])
    told = wire.refused(csv_of(records, folder, delimiter=delimiter), missing='error', good=1)
    assert 'age' in told and '[1]' in told


def test_only_what_is_missing_is_missing(wire: Wire) -> None:
    record: Record = {'text': '', 'zero': 0, 'false': False, 'list': [], 'deep': {}, 'name': 'NaN', 'null': 'null'}
    for missing in ('null', 'default', 'error'):
        same(wire.many([record], missing=missing), [record])


def test_what_is_missing_in_a_list_keeps_its_place(wire: Wire) -> None:
    same(wire.many([{'table': [1, None, math.nan]}], missing='default'), [{'table': [1, None, None]}])


@pytest.mark.parametrize('missing', ['zero', '', 0, {'age': 'zero'}, ['age']])
def test_a_meaning_that_there_is_not_is_refused(wire: Wire, missing: Any) -> None:
    assert 'missing' in wire.refused([{'age': 1}], missing=missing)


# Any record of JSON values

TEXT = st.text(st.characters(exclude_categories=['Cs']), max_size=8)
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.from_regex(r'in_[a-z0-9]{1,4}', fullmatch=True)
NAMES = st.text(st.characters(exclude_categories=['Cs', 'Cc']), min_size=1, max_size=5)
QUICK = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)


@st.composite
def any_records(draw: st.DrawFn, names: st.SearchStrategy[str], values: st.SearchStrategy[Any]) -> list[Record]:
    """A few records with the same names."""
    header = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    return [{name: draw(values) for name in header} for _ in range(draw(st.integers(1, 3)))]


WHOLE = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS: list[st.SearchStrategy[Any]] = [st.booleans(), WHOLE, FLOATS, NAMES]
KINDS = [
    *SCALARS,
    *(st.lists(kind, max_size=3) for kind in SCALARS),
    *(st.fixed_dictionaries({'a': kind, 'b': kind}) for kind in SCALARS),
]


@st.composite
def typed_records(draw: st.DrawFn, names: st.SearchStrategy[str]) -> list[Record]:
    """A few records whose values have a kind by their name, or are missing."""
    header = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    kinds = {name: draw(st.sampled_from(KINDS)) for name in header}
    count = draw(st.integers(1, 4))
    return [{name: draw(st.none() | kind) for name, kind in kinds.items()} for _ in range(count)]


EVERY_JSON: dict[str, Shape] = {**OBJECT_SHAPES, **JSON_SHAPES}


@pytest.mark.thorough
@pytest.mark.parametrize('shape', EVERY_JSON)
@given(data=st.data())
@QUICK
def test_any_record_of_json_values_arrives_equal(wire: Wire, shape: str, data: st.DataObject, folder: Path) -> None:
    chosen = EVERY_JSON[shape]
    records = data.draw(any_records(FIELDS if chosen.names_are_fields else NAMES, JSON))
    same(wire.many(chosen.make(records, folder)), records)
    if not chosen.many_only:
        same(wire.many(chosen.make(records, folder), 'execute'), records)
    if shape in ONE_RECORD:
        same(wire.one(ONE_RECORD[shape](records[0])), records[0])


@pytest.mark.thorough
@pytest.mark.parametrize('shape', TABLE_SHAPES)
@given(data=st.data())
@QUICK
def test_any_record_that_a_table_holds_arrives_equal(wire: Wire, shape: str, data: st.DataObject, folder: Path) -> None:
    chosen, back = TABLE_SHAPES[shape]
    records = data.draw(typed_records(NAMES))
    assume(exact(back(records)) == exact(records))
    same(wire.many(chosen.make(records, folder)), records)
    if not chosen.many_only:
        same(wire.many(chosen.make(records, folder), 'execute'), records)


@pytest.mark.thorough
@pytest.mark.parametrize('delimiter', [',', ';', '\t', '|'])
@given(
    records=any_records(FIELDS, st.none() | WHOLE | FLOATS.filter(lambda one: one % 1 != 0) | NAMES.map('x{}'.format))
)
@QUICK
def test_any_record_that_csv_holds_arrives_equal(
    wire: Wire, delimiter: str, records: list[Record], folder: Path
) -> None:
    assume(all(any(value is not None for value in record.values()) for record in records))
    same(wire.many(csv_of(records, folder, delimiter=delimiter)), records)
