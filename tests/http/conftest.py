"""Fixtures of the HTTP core's tests."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from support.faulty import Faulty
from support.sockets import counted
from support.ways import WAYS


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """Each way that a call can leave."""
    return str(request.param)


@pytest.fixture
def faulty() -> Generator[Faulty]:
    """A server that answers as it is told."""
    with counted() as (server, _):
        yield server
