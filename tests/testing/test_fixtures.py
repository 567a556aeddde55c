"""The fixtures in a project of its own."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
import pytest
from testing.suites import INI, Suite

from support.packages import TERM_LIFE, rename

FIXTURES = (
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
)

CALL = "services.execute('shapes/cylinder', inputs={'height': 10, 'radius': 2})"

TESTS = f"""
    import asyncio
    import json
    import pathlib
    import urllib.request

    import pytest

    def check(answer):
        assert round(answer.output['volume'], 1) == 125.7

    async def call(client):
        check(await client.{CALL})

    def test_packages(cspark_packages):
        assert [pathlib.Path(one).name for one in cspark_packages] == ['cylinder.zip']
        assert all(pathlib.Path(one).is_file() for one in cspark_packages)

    def test_tenant(cspark_tenant):
        assert cspark_tenant == 'my-tenant'

    def test_client(cspark_client):
        check(cspark_client.{CALL})

    def test_runner(cspark_runner):
        with cspark_runner.client() as client:
            check(client.{CALL})

    def test_url(cspark_runner_url):
        with urllib.request.urlopen(f'{{cspark_runner_url}}/healthcheck') as answer:
            assert json.load(answer) == {{'msg': 'ok'}}

    def test_asyncio_run(cspark_async_client):
        asyncio.run(call(cspark_async_client))

    def test_asyncio_run_twice(cspark_async_client):
        for _ in range(2):
            asyncio.run(call(cspark_async_client))

    def test_async_client_that_is_not_called(cspark_async_client):
        pass

    @pytest.mark.anyio
    @pytest.mark.parametrize('anyio_backend', ['asyncio'])
    async def test_anyio(cspark_async_client, anyio_backend):
        await call(cspark_async_client)

    def test_client_factory(cspark_client_factory):
        first, second = cspark_client_factory(timeout=5000), cspark_client_factory(tenant='nobody')
        assert (first.config.timeout, first.config.base_url.tenant) == (5000, 'my-tenant')
        assert second.config.base_url.tenant == 'nobody'
        check(first.{CALL})
        second.health.check()

    def test_runner_factory(cspark_runner_factory, cspark_packages):
        runner = cspark_runner_factory(*cspark_packages, instances=1)
        assert runner is not cspark_runner_factory(*cspark_packages, instances=1)
        with runner.client() as client:
            check(client.{CALL})

    def test_stub(cspark_stub, cspark_stub_runner, cspark_client_factory):
        stub = cspark_stub('shapes/cylinder', lambda inputs: {{'volume': 125.7}})
        client = cspark_client_factory(base_url=cspark_stub_runner.url)
        check(client.{CALL})
        assert stub.records == [{{'height': 10, 'radius': 2}}]
"""
COUNT = TESTS.count('def test_')


@pytest.fixture
def project(suite: Suite) -> Suite:
    """A project that names its packages in its ini file."""
    suite.write('pytest.ini', INI)
    suite.package()
    suite.write('test_each.py', TESTS)
    return suite


@pytest.mark.thorough
def test_each_fixture_works_and_leaves_nothing_open(project: Suite) -> None:
    project.passes(COUNT)


@pytest.mark.thorough
@pytest.mark.parametrize('backend', ['asyncio', 'trio'])
def test_the_async_client_works_on_each_backend_of_anyio(suite: Suite, backend: str) -> None:
    suite.write('pytest.ini', INI)
    suite.package()
    suite.write(
        'test_anyio.py',
        f"""
        import pytest

        @pytest.fixture
        def anyio_backend():
            return '{backend}'

        @pytest.mark.anyio
        async def test_anyio(cspark_async_client):
            for _ in range(2):
                await cspark_async_client.{CALL}
            await cspark_async_client.close()
        """,
    )
    suite.passes(1)


@pytest.mark.thorough
def test_each_fixture_works_in_several_processes(project: Suite) -> None:
    project.passes(COUNT, '-p', 'xdist', '-n', '2')


@pytest.mark.thorough
def test_packages_are_relative_to_the_folder_of_the_ini_file(project: Suite, tmp_path: Path) -> None:
    elsewhere = tmp_path / 'elsewhere'
    elsewhere.mkdir()
    project.passes(2, str(project.folder), '-k', 'test_packages or test_client and not factory', cwd=elsewhere)


@pytest.mark.thorough
def test_packages_may_stand_in_pyproject(project: Suite) -> None:
    (project.folder / 'pytest.ini').unlink()
    project.write('pyproject.toml', '[tool.pytest.ini_options]\ncspark_packages = ["packages/cylinder.zip"]\n')
    project.passes(2, '-k', 'test_packages or test_client and not factory')


@pytest.mark.thorough
def test_a_conftest_overrides_the_packages(suite: Suite) -> None:
    suite.package('acme.zip', rename(TERM_LIFE.read_bytes(), tenant='acme'))
    suite.write(
        'conftest.py',
        """
        import pathlib
        import pytest

        @pytest.fixture(scope='session')
        def cspark_packages():
            return [pathlib.Path(__file__).parent / 'acme.zip']
        """,
    )
    suite.write(
        'test_acme.py',
        """
        def test_acme(cspark_client, cspark_tenant):
            assert cspark_tenant == 'acme'
            answer = cspark_client.services.execute('insurance/term-life', inputs={'sum_assured': 100_000})
            assert answer.raise_for_errors().output
        """,
    )
    suite.write('pytest.ini', '[pytest]\ncspark_packages = there-is-no-such.zip\n')
    suite.passes(1)


@pytest.mark.thorough
def test_a_session_has_one_runner_at_one_address(suite: Suite) -> None:
    suite.write('pytest.ini', INI)
    suite.package()
    body = """
        import pathlib

        def note(*values):
            with pathlib.Path('notes.txt').open('a') as file:
                file.write(repr(values) + chr(10))

        def test_one(cspark_runner, cspark_runner_url, cspark_client):
            note(id(cspark_runner), cspark_runner_url)

        class TestTwo:
            def test_two(self, cspark_runner, cspark_runner_url, cspark_async_client):
                note(id(cspark_runner), cspark_runner_url)
    """
    for name in ('test_first.py', 'below/test_second.py'):
        suite.write(name, body)
    suite.passes(4)
    notes = (suite.folder / 'notes.txt').read_text(encoding='utf-8').splitlines()
    assert len(notes) == 4
    assert len(set(notes)) == 1


@pytest.mark.thorough
def test_clients_and_runners_are_closed_at_their_end(suite: Suite) -> None:
    suite.write('pytest.ini', INI)
    suite.package()
    suite.write(
        'conftest.py',
        """
        import urllib.error
        import urllib.request

        kept = {}

        def pytest_sessionfinish(session):
            session.config.add_cleanup(check)

        def check():
            try:
                urllib.request.urlopen(kept['url'] + '/healthcheck')
            except urllib.error.URLError:
                print('the server is gone')
        """,
    )
    suite.write(
        'test_ends.py',
        """
        from conftest import kept

        def test_use(cspark_client, cspark_client_factory, cspark_runner_url):
            kept.update(url=cspark_runner_url, clients=[cspark_client, cspark_client_factory()])
            for client in kept['clients']:
                client.health.check()
                assert not client.http_client.is_closed

        def test_closed():
            assert [client.http_client.is_closed for client in kept['clients']] == [True, True]
        """,
    )
    assert 'the server is gone' in suite.passes(2, '-s')


@pytest.mark.thorough
def test_processes_end_with_the_session(suite: Suite) -> None:
    suite.write('pytest.ini', INI)
    suite.package()
    suite.write(
        'test_processes.py',
        f"""
        import json
        import pathlib
        import psutil

        def test_processes(cspark_client):
            cspark_client.{CALL}
            found = [psutil.Process(), *psutil.Process().children(recursive=True)]
            pathlib.Path('pids.json').write_text(json.dumps([[one.pid, one.create_time()] for one in found]))
        """,
    )
    suite.passes(1)
    for pid, since in json.loads((suite.folder / 'pids.json').read_text(encoding='utf-8')):
        assert not psutil.pid_exists(pid) or psutil.Process(pid).create_time() != since


@pytest.mark.thorough
@pytest.mark.parametrize('name', FIXTURES)
def test_a_fixture_is_listed_with_its_docstring(listed: str, name: str) -> None:
    lines = listed.splitlines()
    place = next(number for number, line in enumerate(lines) if line.split(' ')[0] == name)
    assert lines[place + 1].startswith('    ')
    assert 'no docstring' not in lines[place + 1]
    assert lines[place + 1].strip()


@pytest.fixture(scope='module')
def listed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest lists in an empty project."""
    done = Suite(tmp_path_factory.mktemp('empty')).run('--fixtures')
    return done.stdout
