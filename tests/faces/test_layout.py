"""Records can go out as columns; the answer reads the same."""

from __future__ import annotations

from typing import Any

import pytest

import cspark.wasm as Hybrid
from support.wire import Recorder

RECORDS = [{'height': 1, 'radius': 2}, {'radius': 4, 'height': 3}]


def test_columnar_sends_the_names_once(recorded: Hybrid.Client, recorder: Recorder) -> None:
    recorded.services.execute('f/s', inputs=RECORDS, layout='columnar')
    assert recorder.last.json['inputs'] == [['height', 'radius'], [1, 2], [3, 4]]
    recorded.services.execute('f/s', inputs=RECORDS, layout='rows')
    assert recorder.last.json['inputs'] == RECORDS


def test_both_layouts_compute_the_same(hybrid: Hybrid.Client) -> None:
    rows = hybrid.services.execute('shapes/cylinder', inputs=RECORDS)
    assert hybrid.services.execute('shapes/cylinder', inputs=RECORDS, layout='columnar').outputs == rows.outputs


def test_records_with_other_names_are_refused_as_columns(recorded: Hybrid.Client, recorder: Recorder) -> None:
    with pytest.raises(Hybrid.SparkSdkError, match=r"inputs\[1\] has other names than inputs\[0\].*layout='rows'"):
        recorded.services.execute('f/s', inputs=[{'height': 1}, {}], layout='columnar')
    misspelt: Any = 'columns'
    with pytest.raises(Hybrid.SparkSdkError, match="layout must be one of 'rows', 'columnar'"):
        recorded.services.execute('f/s', inputs=RECORDS, layout=misspelt)
    assert not recorder.received
