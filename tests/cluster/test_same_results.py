"""Every engine computes the same book, to the last digit, over HTTP and on the workers themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cluster.books import COUNT, OUTPUTS, service
from cluster.conftest import CountingRunner
from cluster.engines import plain

from support.packages import TERM_LIFE

pytestmark = pytest.mark.timeout(300)
NAMES = ['policy_id', *OUTPUTS]


def read(text: str | None) -> Any:
    """What JSON text stands for."""
    return None if text is None else json.loads(text)


def assert_same(computed: Any, expected: Any) -> None:
    """Whether a result has the values of a plain loop; dates and JSON text as what they stand for."""
    assert computed.num_rows == expected.num_rows
    assert [read(text) for text in computed['errors'].to_pylist()] == [
        read(one) for one in expected['errors'].to_pylist()
    ]
    for name in ('policy_id', 'annual_premium', 'instalment', 'risk_class'):
        assert computed[name].to_pylist() == expected[name].to_pylist()
    dates = [str(row['end_date']) for row in plain(computed.select(['end_date']))]
    assert dates == [text[:10] for text in expected['end_date'].to_pylist()]


def test_over_http(engine: Any, counting: CountingRunner, policies: Any, expected: Any) -> None:
    with service(base_url=counting.url, tenant='my-tenant', token='open') as price:
        assert_same(engine.compute(policies, price, price), expected)
    assert set(counting.answered.values()) == {1}
    assert len(counting.answered) == COUNT
    assert max(call['flying'] for call in counting.calls) <= 2 * 2  # workers times concurrency


def test_on_the_workers(engine: Any, policies: Any, expected: Any) -> None:
    with service(package=TERM_LIFE) as price:
        assert_same(engine.compute(policies, price, price), expected)
