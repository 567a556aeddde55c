"""Fixtures that several rooms use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import trustme

import cspark.wasm as Hybrid
from support.certificates import authority
from support.many import Squares, squaring
from support.packages import CYLINDER, TERM_LIFE
from support.wire import Recorder, recording
from support.worlds import WORLDS, World, client_in, in_world

LONG = {
    'test_schemathesis.py',
    'test_endurance.py',
    'test_framing.py',
    'test_loops.py',
    'test_command.py',
    'test_ends.py',
    'test_checkpoint.py',
    'test_kill.py',
    'test_leaving.py',
    'test_benchmarks.py',
    'test_without_wheels.py',
}
"""Where the tests take longest; they come first, so that no process is left with one of them in the end."""

WITH_SOCKETS = {'faulty', 'hybrid', 'recorded', 'recorder', 'runner', 'squarer', 'url'}
"""Fixtures that open sockets."""

# How long an example takes depends on what else the machine does.
hypothesis.settings.register_profile('untimed', deadline=None)
hypothesis.settings.load_profile('untimed')


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the choice of tests that need no socket."""
    parser.addoption('--without-sockets', action='store_true', help='leave out tests that open sockets or run programs')


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put what takes longest first, and leave out what `--without-sockets` says."""
    items.sort(key=lambda item: item.path.name not in LONG)
    if config.getoption('without_sockets'):
        chosen = [item for item in items if not needs_sockets(item)]
        config.hook.pytest_deselected(items=[item for item in items if needs_sockets(item)])
        items[:] = chosen


def needs_sockets(item: pytest.Item) -> bool:
    """Whether a test opens sockets or runs programs, as far as its fixtures and the names of its module tell."""
    names: set[str] = {*getattr(item, 'fixturenames', ()), *vars(getattr(item, 'module', item))}
    return bool(names & (WITH_SOCKETS | {'socket', 'subprocess'}))


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine's environment says must not reach a test."""
    names = ('CSPARK_RUNNER_URL', 'CSPARK_API_KEY', 'CSPARK_BEARER_TOKEN')
    for name in (*names, 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope='session')
def runner() -> Iterator[Hybrid.LocalRunner]:
    """A runner with both sample packages, for tests that leave it as it is."""
    with Hybrid.LocalRunner(
        CYLINDER, TERM_LIFE, instances=2, proxies={'quotes/life': 'insurance/term-life'}
    ) as started:
        yield started


@pytest.fixture(scope='session')
def url(runner: Hybrid.LocalRunner) -> Iterator[str]:
    """Where the same runner listens."""
    with runner.serve() as server:
        yield server.url


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest) -> World:
    """The blocking client and the awaited one."""
    chosen: World = request.param
    return chosen


@pytest.fixture(params=['in process', 'over a socket'])
def hybrid(request: pytest.FixtureRequest, world: World) -> Iterator[Hybrid.Client]:
    """Each client, in this process and over a socket: one test body, four ways."""
    runner: Hybrid.LocalRunner = request.getfixturevalue('runner')
    if request.param == 'in process':
        with in_world(world, runner.client() if world == 'sync' else runner.async_client()) as client:
            yield client
    else:
        with client_in(world, base_url=request.getfixturevalue('url')) as client:
            yield client


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A server that keeps what it is sent."""
    with recording() as started:
        yield started


@pytest.fixture
def recorded(recorder: Recorder, world: World) -> Iterator[Hybrid.Client]:
    """Each client, calling the recording server."""
    options: dict[str, Any] = {'base_url': recorder.url, 'max_retries': 0}
    with client_in(world, **options) as client:
        yield client


@pytest.fixture
def anyio_backend() -> str:
    """Tests that are coroutines run on asyncio."""
    return 'asyncio'


@pytest.fixture
def squarer() -> Iterator[Squares]:
    """A runner that squares what it gets."""
    with squaring() as started:
        yield started


@pytest.fixture(scope='module')
def ca() -> trustme.CA:
    """Who issues certificates."""
    return authority()


@pytest.fixture(scope='module')
def pem(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file of who issues them."""
    path = tmp_path_factory.mktemp('ca') / 'ca.pem'
    ca.cert_pem.write_to_path(path)
    return str(path)
