"""Fixtures of the room: clients of the stubs of a test, and suites of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from testing.suites import Suite

import cspark.wasm as Hybrid
from cspark.wasm.testing import StubRunner
from support.worlds import World, client_in


@pytest.fixture
def stubbed(cspark_stub_runner: StubRunner, world: World) -> Iterator[Hybrid.Client]:
    """Each client, calling the stubs of this test, with two retries that come soon."""
    with client_in(world, base_url=cspark_stub_runner.url, max_retries=2, retry_interval=0.01) as client:
        yield client


@pytest.fixture
def unretried(cspark_stub_runner: StubRunner, world: World) -> Iterator[Hybrid.Client]:
    """Each client, calling the stubs of this test once."""
    with client_in(world, base_url=cspark_stub_runner.url, max_retries=0) as client:
        yield client


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """A project with tests of its own, still without any."""
    folder = tmp_path / 'project'
    folder.mkdir()
    return Suite(folder)
