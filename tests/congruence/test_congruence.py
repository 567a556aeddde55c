"""The local runner answers what the vendor's engine answers, field by field, but for what docs/congruence.md lists."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx
import pytest
from congruence.comparison import Comparison, Execute, compare_all, read_rows
from congruence.differences import EXPLANATIONS
from congruence.requests import Request, generate_requests
from congruence.translations import TRANSLATIONS
from congruence.vendor import VendorEngine, running_engine

import cspark.wasm as Hybrid
from cspark.wasm.local.http.transport import RunnerTransport
from support.packages import PACKAGES

Json = dict[str, Any]

pytestmark = pytest.mark.timeout(1800)

WAYS: Final = ('in process', 'over HTTP', 'strict')


@pytest.fixture(scope='module')
def engine() -> Iterator[VendorEngine]:
    """The vendor's engine with the samples."""
    with running_engine() as started:
        yield started


@contextmanager
def local_runner(way: str) -> Generator[Execute]:
    """The local runner with the samples, called in this process or over HTTP."""
    packages = sorted(PACKAGES.glob('*.zip'))
    with Hybrid.LocalRunner(*packages, instances=1, timeout=120, strict_vendor=way == 'strict') as runner:
        if way == 'in process':
            with httpx.Client(transport=RunnerTransport(runner.app), base_url='http://local-runner') as client:
                yield sender(client)
        else:
            with runner.serve() as server, httpx.Client(base_url=server.url, trust_env=False) as client:
                yield sender(client)


def sender(client: httpx.Client) -> Execute:
    """Executes a request by the id of its version."""

    def execute(request: Request) -> tuple[int, Json]:
        path = f'/my-tenant/api/v3/version/{request.sample.version_id}'
        headers = {'Content-Type': 'application/json'}
        answer = client.post(path, content=request.text.encode(), headers=headers, timeout=300)
        body: Json = json.loads(answer.content)
        return answer.status_code, body

    return execute


@pytest.fixture(scope='module', params=WAYS)
def comparison(request: pytest.FixtureRequest, engine: VendorEngine) -> Comparison:
    """What came of sending the requests to both sides."""
    way: str = request.param
    strict = way == 'strict'
    allowed = frozenset(row.name for row in read_rows() if not (strict and row.is_lenient))
    # What is strict about a runner is two steps of its own; a third of the requests has them often enough.
    requests = generate_requests()[:: 3 if strict else 1]
    with local_runner(way) as execute:
        return compare_all(requests, execute, engine, allowed)


def test_there_are_thousands_of_requests() -> None:
    assert len({(request.sample.version_id, request.text) for request in generate_requests()}) >= 5000


def test_the_page_lists_only_differences_that_this_test_knows() -> None:
    names = [row.name for row in read_rows()]
    assert len(names) == len(set(names))
    assert set(names) <= EXPLANATIONS.keys() | TRANSLATIONS.keys()


def test_every_field_is_the_same_or_its_difference_is_listed(comparison: Comparison) -> None:
    if comparison.unexplained:
        pytest.fail(comparison.describe())


def test_every_difference_that_is_listed_occurs(comparison: Comparison) -> None:
    assert comparison.occurred == comparison.allowed


def test_a_strict_runner_has_fewer_differences() -> None:
    assert [row.name for row in read_rows() if row.is_lenient] == ['unknown inputs', 'list of one record']
