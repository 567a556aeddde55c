"""What newcomers stumbled over: addresses with a tenant, names of the published client, and what a message says."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

import cspark.wasm as Hybrid
from support.packages import ROOT
from support.wire import Recorder, Reply
from support.worlds import World


@pytest.mark.parametrize('ending', ['', '/', '/my-tenant', '/my-tenant/'])
@pytest.mark.parametrize('method', ['health_check', 'get_version', 'get_status'])
def test_a_runner_is_asked_by_an_address_with_its_tenant_or_without(url: str, method: str, ending: str) -> None:
    answer = getattr(Hybrid.Client, method)(f'{url}{ending}')
    assert answer.status == 200


@pytest.mark.anyio
async def test_the_async_client_does_so_too(url: str) -> None:
    answer = await Hybrid.AsyncClient.health_check(f'{url}/my-tenant')
    assert answer.data['msg'] == 'ok'


def test_what_is_no_runner_at_either_address_is_told_by_the_address_without_the_tenant(recorder: Recorder) -> None:
    recorder.reply(Reply(404))
    with pytest.raises(Hybrid.NotFoundError):
        Hybrid.Client.health_check(f'{recorder.url}/my-tenant', max_retries=0)
    assert [one.path for one in recorder.received] == ['/my-tenant/healthcheck', '/healthcheck']


@pytest.mark.parametrize('method', ['validate', 'get_metadata'])
@pytest.mark.parametrize('uri', ['my-folder/my-service', None])
def test_an_id_that_is_missing_is_told_with_where_it_comes_from(
    recorded: Hybrid.Client, recorder: Recorder, method: str, uri: str | None
) -> None:
    with pytest.raises(Hybrid.SparkSdkError, match="execute's answer has both ids"):
        getattr(recorded.services, method)(uri)
    assert recorder.received == []


def test_a_version_behind_an_id_is_not_a_part_of_the_id(recorded: Hybrid.Client, recorder: Recorder) -> None:
    recorded.services.execute('service/5c9a3f0d-2f9b-4b6e-8a55-6d1f0f1b1400[1.0]', inputs={'height': 1})
    assert recorder.last.path.endswith('/service/5c9a3f0d-2f9b-4b6e-8a55-6d1f0f1b1400')
    assert recorder.last.json['request_meta']['version'] == '1.0'


def test_an_argument_that_no_runner_can_serve_says_why(recorded: Hybrid.Client, recorder: Recorder) -> None:
    options: dict[str, Any] = {'downloadable': True}
    with pytest.raises(Hybrid.SparkSdkError, match='a runner has no Excel file'):
        recorded.services.execute('f/s', inputs={}, **options)
    assert recorder.received == []


def test_the_published_names_for_logging_are_there() -> None:
    assert Hybrid.get_logger() is logging.getLogger('cspark.wasm')
    assert Hybrid.get_logger('mine', disabled=True).disabled
    assert logging.Formatter(Hybrid.DEFAULT_LOGGER_FORMAT).format(logging.makeLogRecord({'name': 'n', 'msg': 'm'}))


def test_a_configuration_s_headers_cannot_be_changed_past_their_check() -> None:
    headers = {'X-Team': 'one'}
    config = Hybrid.Config(base_url='http://localhost:1/t', token='open', extra_headers=headers)
    changed: Any = config.extra_headers
    with pytest.raises(TypeError):
        changed['Authorization'] = 'mine'
    headers['X-Team'] = 'another'
    assert config.extra_headers == {'X-Team': 'one'}


@pytest.mark.parametrize(
    ('value', 'change'),
    [(Hybrid.RetryPolicy(), {'interval': -1}), (Hybrid.RetryPolicy(), {'statuses': ['429']})],
    ids=['interval', 'statuses'],
)
def test_values_evolve_and_are_checked_again(value: Any, change: dict[str, Any]) -> None:
    assert attrs.evolve(value, max_retries=7).max_retries == 7
    with pytest.raises(Hybrid.SparkConfigError):
        attrs.evolve(value, **change)


def python(code: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    """Run code with these folders before the others."""
    setup = f'import sys; sys.path[:0] = {[str(path) for path in paths]}\n'
    return subprocess.run(
        [sys.executable, '-c', setup + code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_published_client_beside_this_one_is_told(tmp_path: Path) -> None:
    (tmp_path / 'cspark' / 'sdk').mkdir(parents=True)
    done = python('import cspark.wasm', tmp_path)
    assert done.returncode == 0 and "'cspark' is installed in this environment too" in done.stderr
    assert 'UserWarning' not in python('import cspark.wasm').stderr


def test_an_older_python_is_told_what_is_needed() -> None:
    done = python("sys.version_info = (3, 10, 13); sys.version = '3.10.13'\nimport cspark.wasm")
    assert done.returncode == 1 and 'needs Python 3.11 or later, and this is 3.10.13' in done.stderr


@pytest.mark.parametrize(
    'make',
    [
        lambda: Hybrid.SparkError('x'),
        lambda: Hybrid.SparkInputError('x', path=(1, 'age')),
        lambda: Hybrid.NotFoundError('x'),
        lambda: Hybrid.SparkTimeoutError('x'),
    ],
    ids=['error', 'input', 'api', 'timeout'],
)
def test_every_error_tells_the_same_things_of_its_call(make: Callable[[], Hybrid.SparkError]) -> None:
    assert {'name', 'message', 'cause', 'attempts', 'elapsed', 'request_id'} <= make().to_dict().keys()


def test_an_error_of_an_input_has_its_place_and_its_problem(world: World, recorded: Hybrid.Client) -> None:
    with pytest.raises(Hybrid.SparkInputError) as caught:
        recorded.services.execute('f/s', inputs={'riders': [{'sum': object()}]})
    assert caught.value.path == ('riders', 0, 'sum') and 'type object' in caught.value.problem
    assert str(caught.value) == f'inputs.riders[0].sum: {caught.value.problem}'
