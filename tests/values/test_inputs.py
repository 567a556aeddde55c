"""Inputs in all the forms that people have them, as they arrive at a runner."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import OrderedDict, UserDict, deque
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import cspark.wasm as Hybrid
from support.inputs import Cover, Key, Loose, Policy, Risk, Rows, Sent, Words, arriving, as_records, pa
from support.packages import ROOT
from support.wire import Recorder, recording


class Frame(pd.DataFrame):
    pass


class Table(pl.DataFrame):
    pass


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


ONE = {'height': 1, 'radius': 2}
RECORDS: dict[str, Any] = {
    'a dictionary': ONE,
    'an ordered dictionary': OrderedDict(ONE),
    'a mapping that is no dictionary': MappingProxyType(ONE),
    'a user dictionary': UserDict(ONE),
    'a dataclass': Policy(1),
    'an attrs instance': Risk(1),
    'a NamedTuple': Cover(1),
    'a namedtuple': Loose(1, 2),
    'JSON text': '{"height": 1, "radius": 2}',
    'JSON text with space around it': ' \n{"height": 1, "radius": 2}\n',
    'JSON bytes': b'{"height": 1, "radius": 2}',
    'a bytearray of JSON': bytearray(b'{"height": 1, "radius": 2}'),
    'a view of JSON': memoryview(b'{"height": 1, "radius": 2}'),
    'keys of an enum': {Key.HEIGHT: 1, 'radius': 2},
    'keys of another kind of text': {Words('height'): 1, np.str_('radius'): 2},
}


@pytest.mark.parametrize('form', RECORDS)
def test_one_record_may_be(send: Sent, form: str) -> None:
    assert send(RECORDS[form]) == ONE


@pytest.mark.parametrize('form', [form for form in RECORDS if 'JSON' not in form])
def test_a_list_of_one_may_hold(send: Sent, form: str) -> None:
    assert send([RECORDS[form]]) == [ONE]


MANY = [{'height': 1, 'radius': 2}, {'height': 3, 'radius': 4}]
COLUMNAR: list[list[Any]] = [['height', 'radius'], [1, 2], [3, 4]]
LISTS: dict[str, tuple[Callable[[], Any], Any]] = {
    'a list': (lambda: MANY, MANY),
    'a tuple': (lambda: tuple(MANY), MANY),
    'a deque': (lambda: deque(MANY), MANY),
    'a generator': (lambda: (record for record in MANY), MANY),
    'an iterator': (lambda: map(dict, MANY), MANY),
    'the values of a dictionary': (lambda: dict(enumerate(MANY)).values(), MANY),
    'a list of a subclass': (lambda: Rows(MANY), MANY),
    'a list of many kinds of records': (lambda: [Policy(1), Loose(3, 4)], MANY),
    'a list of attrs instances': (lambda: [Risk(1), Risk(3, 4)], MANY),
    'JSON text': (lambda: json.dumps(MANY), MANY),
    'JSON bytes': (lambda: json.dumps(MANY).encode(), MANY),
    'columnar lists': (lambda: COLUMNAR, COLUMNAR),
    'columnar tuples': (lambda: tuple(tuple(row) for row in COLUMNAR), COLUMNAR),
    'columnar JSON text': (lambda: json.dumps(COLUMNAR), COLUMNAR),
    'a structured numpy array': (lambda: np.array([(1, 2), (3, 4)], [('height', int), ('radius', int)]), COLUMNAR),
    'a pandas frame': (lambda: pd.DataFrame(MANY), COLUMNAR),
    'a pandas frame with an index': (lambda: pd.DataFrame(MANY, index=['x', 'y']), COLUMNAR),
    'a subclass of a pandas frame': (lambda: Frame(MANY), COLUMNAR),
    'a polars frame': (lambda: pl.DataFrame(MANY), COLUMNAR),
    'a lazy polars frame': (lambda: pl.LazyFrame(MANY), COLUMNAR),
    'a subclass of a polars frame': (lambda: Table(MANY), COLUMNAR),
    'a pyarrow table': (lambda: pa.Table.from_pylist(MANY), COLUMNAR),
    'a pyarrow record batch': (lambda: pa.RecordBatch.from_pylist(MANY), COLUMNAR),
    'rows of a pandas frame': (lambda: [row for _, row in pd.DataFrame(MANY).iterrows()], MANY),
    'rows of a polars frame': (lambda: pl.DataFrame(MANY).iter_rows(named=True), MANY),
}


@pytest.mark.parametrize('form', LISTS)
def test_many_records_may_be(send: Sent, form: str) -> None:
    make, expected = LISTS[form]
    assert as_records(send(make())) == as_records(expected)


DEFAULTS: list[Any] = [None, {}, 'null', '{}', b'{}', '', MappingProxyType({})]


@pytest.mark.parametrize('inputs', DEFAULTS, ids=repr)
def test_nothing_and_an_empty_record_are_alike(send: Sent, inputs: Any) -> None:
    assert send(inputs) == {}


@pytest.mark.parametrize('inputs', DEFAULTS, ids=repr)
def test_both_run_the_defaults_of_the_workbook(hybrid: Hybrid.Client, inputs: Any) -> None:
    expected = hybrid.services.execute('shapes/cylinder').output
    assert expected
    assert hybrid.services.execute('shapes/cylinder', inputs=inputs).output == expected
    if not isinstance(inputs, (str, bytes)):
        assert hybrid.services.execute('shapes/cylinder', inputs=[inputs, {}]).outputs == [expected, expected]


EMPTY: dict[str, Callable[[], Any]] = {
    'a list': list,
    'a tuple': tuple,
    'a generator': lambda: (record for record in list[Any]()),
    'JSON text': lambda: '[]',
    'JSON bytes': lambda: b' [] ',
    'columnar lists without rows': lambda: [['height', 'radius']],
    'columnar tuples without rows': lambda: (('height', 'radius'),),
    'a pandas frame': pd.DataFrame,
    'a pandas frame with columns': lambda: pd.DataFrame({'height': []}),
    'a polars frame': lambda: pl.DataFrame({'height': []}),
    'a pyarrow table': lambda: pa.table({'height': []}),
    'a numpy array': lambda: np.array([]),
}


@pytest.mark.parametrize('form', EMPTY)
def test_no_records_have_an_empty_answer_without_a_call(recorder: Recorder, send: Sent, form: str) -> None:
    before = len(recorder.received)
    with Hybrid.Client(base_url=recorder.url, tenant='t', token='open') as hybrid:
        execute: Any = hybrid.services.execute
        for response_format in ('alike', 'original', None):
            answer = execute('f/s', inputs=EMPTY[form](), response_format=response_format)
            assert answer.outputs == answer.errors == answer.warnings == answer.data['process_time'] == []
            assert answer.raise_for_errors() is answer
            assert len(answer.to_pandas()) == 0
    assert len(recorder.received) == before


def test_a_wrong_argument_is_an_error_even_without_records(recorder: Recorder) -> None:
    with Hybrid.Client(base_url=recorder.url, tenant='t', token='open') as hybrid:
        execute: Any = hybrid.services.execute
        for name, value in {'nan': 'zero', 'encoding': 'brotli', 'debug_solve': True, 'response_format': 'v4'}.items():
            with pytest.raises(Hybrid.SparkSdkError, match=name):
                execute('f/s', inputs=[], **{name: value})


ALONE = """
import sys
import cspark.wasm as Hybrid
from support.wire import recording

with recording() as recorder, Hybrid.Client(base_url=recorder.url, tenant='t', token='open') as hybrid:
    hybrid.services.execute('f/s', inputs=[{'x': 1}, {'x': (1, 2)}])
    hybrid.services.execute('f/s', inputs={'x': iter([1])})
    try:
        hybrid.services.execute('f/s', inputs={'x': object()})
    except Hybrid.SparkSdkError:
        pass
print(sorted({'pandas', 'polars', 'pyarrow', 'numpy'} & set(sys.modules)))
"""


@pytest.mark.thorough
def test_no_library_of_data_frames_is_imported_on_its_own() -> None:
    command = [sys.executable, '-c', f'import sys; sys.path[:0] = {[str(ROOT / "tests")]}\n{ALONE}']
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == '[]\n'
