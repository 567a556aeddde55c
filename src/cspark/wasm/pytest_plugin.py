"""Fixtures for pytest: a local runner, clients of it, and services without a package.

They are available when the distribution is installed; `docs/testing.md` shows how to use them. Nothing else is imported
until a fixture is used.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ._async_client import AsyncClient
    from ._client import Client
    from .local import LocalRunner
    from .testing import Stub, StubRunner

__all__ = [
    'cspark_async_client',
    'cspark_client',
    'cspark_client_factory',
    'cspark_packages',
    'cspark_runner',
    'cspark_runner_factory',
    'cspark_runner_url',
    'cspark_stub',
    'cspark_stub_runner',
    'cspark_tenant',
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting of the ini file."""
    parser.addini('cspark_packages', 'packages that the fixture cspark_runner serves', type='paths', default=[])


@pytest.fixture(scope='session')
def cspark_packages(pytestconfig: pytest.Config) -> list[Path]:
    """The packages that `cspark_runner` serves: those of `cspark_packages` in the ini file. Override it for others."""
    packages: list[Path] = pytestconfig.getini('cspark_packages')
    return packages


@pytest.fixture(scope='session')
def cspark_runner_factory() -> Generator[Callable[..., LocalRunner]]:
    """A function that makes a `LocalRunner` from its arguments; all of these are closed at the end."""
    from .local import LocalRunner

    with ExitStack() as stack:

        def make(*packages: Any, **settings: Any) -> LocalRunner:
            return stack.enter_context(LocalRunner(*packages, **settings))

        yield make


@pytest.fixture(scope='session')
def cspark_runner(cspark_packages: list[Path], cspark_runner_factory: Callable[..., LocalRunner]) -> LocalRunner:
    """A local runner with the packages of `cspark_packages`, one for the whole session."""
    return cspark_runner_factory(*cspark_packages, instances=1)


@pytest.fixture(scope='session')
def cspark_runner_url(cspark_runner: LocalRunner) -> Generator[str]:
    """The address of `cspark_runner` on this machine, for programs that take one."""
    with cspark_runner.serve(0) as server:
        yield server.url


@pytest.fixture(scope='session')
def cspark_tenant(cspark_runner: LocalRunner) -> str:
    """The first tenant of `cspark_runner`."""
    return next(iter(cspark_runner.tenants), 'my-tenant')


@pytest.fixture
def cspark_client_factory(cspark_runner_url: str, cspark_tenant: str) -> Generator[Callable[..., Client]]:
    """A function that makes a client of `cspark_runner` from its options; all of these are closed at the end."""
    from ._client import Client

    with ExitStack() as stack:

        def make(**options: Any) -> Client:
            given: Any = {'base_url': cspark_runner_url, 'tenant': cspark_tenant, 'token': 'open', **options}
            return stack.enter_context(Client(**given))

        yield make


@pytest.fixture
def cspark_client(cspark_client_factory: Callable[..., Client]) -> Client:
    """A client of `cspark_runner`."""
    return cspark_client_factory()


@pytest.fixture
def cspark_async_client(cspark_runner_url: str, cspark_tenant: str) -> Generator[AsyncClient]:
    """An async client of `cspark_runner`, for any plugin that runs coroutines. With trio, a test closes it itself."""
    from ._async_client import AsyncClient

    client = AsyncClient(base_url=cspark_runner_url, tenant=cspark_tenant, token='open')  # noqa: S106 - the word for none
    yield client
    import asyncio

    with suppress(RuntimeError):  # another kind of event loop, which is over
        asyncio.run(client.close())


@pytest.fixture
def cspark_stub_runner() -> Generator[StubRunner]:
    """A runner of stubs, without any; its `url` is that of all stubs of this test."""
    from .testing import StubRunner

    with StubRunner() as runner:
        yield runner


@pytest.fixture
def cspark_stub(cspark_stub_runner: StubRunner) -> Callable[..., Stub]:
    """A function that makes a service from a name and a Python function; see `cspark.wasm.testing.Stub`."""
    return cspark_stub_runner.add
