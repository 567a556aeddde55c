"""A module from a runner: this package's, or any that answers what the vendor's answers; and what it is bound to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from command.running import Run
from types_of_services.writing import load, read, vendor

import cspark.wasm as Hybrid
from support.packages import (
    CYLINDER,
    CYLINDER_140,
    CYLINDER_150,
    CYLINDER_ID,
    TERM_LIFE,
    TERM_LIFE_030,
    TERM_LIFE_ID,
    only,
)
from support.wire import Reply, recording

NAMED = {
    'name': 'insurance/term-life',
    'version': 'insurance/term-life[0.3.0]',
    'partial version': 'insurance/term-life[0.3]',
    'version id': f'version/{TERM_LIFE_030}',
    'service id': f'service/{TERM_LIFE_ID}',
}
RULES = {
    'smoker': {'validation_type': 'list', 'default_value': 'no', 'options': ['yes', 'no']},
    'term_years': {'validation_type': 'whole_number', 'default_value': 20, 'min': 1, 'max': 40},
    'start': {'validation_type': 'date', 'default_value': '2026-01-01'},
}
DEFAULTED = [
    {'source_path': 'Default Values', 'message': "Input parameter missing for 'riders'. The default value is used."}
]


@pytest.mark.thorough
@pytest.mark.parametrize('named', NAMED)
@pytest.mark.parametrize('options', [[], ['--no-probe']], ids=['probed', 'open'])
def test_a_served_package_tells_what_the_package_tells(
    run: Run, url: str, tmp_path: Path, named: str, options: list[str]
) -> None:
    path = tmp_path / 'term_life.py'
    done = run('types', NAMED[named], '--url', f'{url}/my-tenant', '-o', path, *options)
    assert done.code == 0, done.err
    found, expected = read(path), load(run('types', TERM_LIFE, *options).out)
    assert found.blocking.__name__ == 'TermLife'
    assert {name: hint for name, hint in found.inputs.items() if name != 'riders'} == {
        name: hint for name, hint in expected.inputs.items() if name != 'riders'
    }
    if options:
        assert found.outputs == dict[str, Any]
    else:
        assert list(found.outputs_by_name) == list(expected.outputs_by_name)
        assert found.outputs_by_name['annual_premium'] is float


def test_a_served_package_tells_the_names_of_its_tables(run: Run, url: str) -> None:
    assert 'riders' in load(run('types', NAMED['name'], '--url', f'{url}/my-tenant').out).inputs


@pytest.mark.parametrize('named', NAMED)
def test_check_holds_for_a_runner(run: Run, url: str, tmp_path: Path, named: str) -> None:
    arguments = ('types', NAMED[named], '--url', f'{url}/my-tenant', '-o', tmp_path / 'term_life.py')
    assert [run(*arguments).code, run(*arguments, '--check').code] == [0, 0]


@pytest.fixture(scope='module')
def older() -> Iterator[str]:
    """A runner from the time before version 1.5.0."""
    with Hybrid.LocalRunner(only(CYLINDER.read_bytes(), '1.4.0'), instances=1) as runner, runner.serve() as server:
        yield f'{server.url}/my-tenant'


@pytest.mark.parametrize(
    'uri',
    [
        'shapes/cylinder',
        'shapes/cylinder[1.4]',
        'shapes/cylinder[1.4.0]',
        f'version/{CYLINDER_140}',
        f'service/{CYLINDER_ID}',
    ],
)
def test_it_stays_with_the_version_that_it_was_made_from(
    run: Run, older: str, runner: Hybrid.LocalRunner, uri: str, tmp_path: Path
) -> None:
    assert run('types', uri, '--url', older, '-o', tmp_path / 'cylinder.py').code == 0
    module = read(tmp_path / 'cylinder.py')
    with runner.client() as hybrid:
        bound = module.blocking(hybrid)
        answer = bound.execute({'height': 1, 'radius': 1})
        assert (answer.data['version_id'], sorted(answer.output)) == (CYLINDER_140, ['surface', 'volume'])
        assert [sorted(result.outputs) for result in bound.execute_many([{'height': 1}])] == [['surface', 'volume']]
        validated = bound.validate({'height': 1}).data
        assert validated['response_meta']['version_id'] == CYLINDER_140
        assert hybrid.services.execute('shapes/cylinder', inputs={}).data['version_id'] == CYLINDER_150


@pytest.mark.parametrize('named', NAMED)
def test_a_vendors_runner_tells_enough(run: Run, tmp_path: Path, named: str) -> None:
    path = tmp_path / 'term_life.py'
    with vendor(RULES, {'premium': 12, 'class': 'a', 'rows': [{'a b': 1}]}, DEFAULTED) as recorder:
        done = run('types', NAMED[named], '--url', f'{recorder.url}/my-tenant', '-o', path)
    assert done.code == 0, done.err
    module = read(path)
    assert {name: module.inputs[name] for name in ('smoker', 'term_years')} == {
        'smoker': Literal['yes', 'no'],
        'term_years': int,
    }
    assert set(module.inputs) == {*RULES, 'riders'}
    assert list(module.outputs_by_name) == ['premium', 'class', 'rows']
    paths = {received.path.partition('/api/')[2].partition('/')[2].partition('/')[0] for received in recorder.received}
    assert paths <= {'folders', 'version', 'service', 'validation'}


def test_a_vendors_runner_is_asked_no_more_than_needed_without_a_probe(run: Run) -> None:
    with vendor(RULES, {'premium': 12}) as recorder:
        assert run('types', NAMED['version id'], '--url', f'{recorder.url}/my-tenant', '--no-probe').code == 0
    assert [received.path for received in recorder.received] == ['/my-tenant/api/v3/validation']


def test_a_runner_that_tells_nothing_is_no_crash(run: Run) -> None:
    with recording() as recorder:
        recorder.reply(Reply(200, {}))
        done = run('types', NAMED['version id'], '--url', f'{recorder.url}/my-tenant')
    assert done.code == 0 or done.said


@pytest.mark.parametrize('outputs', [None, {}], ids=repr)
@pytest.mark.parametrize('rules', [None, {}, {'height': None}], ids=repr)
def test_a_runner_that_tells_little_is_no_crash(run: Run, rules: Any, outputs: Any) -> None:
    with vendor(rules, outputs) as recorder:
        done = run('types', NAMED['name'], '--url', f'{recorder.url}/my-tenant')
    assert done.code == 0 or done.said
    if done.code == 0:
        load(done.out)


FAILED = {'status': 'Error', 'error': {'message': 'no such\nservice'}, 'response_data': None, 'response_meta': {}}


@pytest.mark.parametrize(
    'reply',
    [Reply(200, FAILED), Reply(404, FAILED), Reply(200, b'not JSON'), Reply(200, b'[]'), Reply(401, b'')],
    ids=lambda reply: f'{reply.status} {str(reply.body)[:20]}',
)
@pytest.mark.parametrize('options', [[], ['--no-probe']], ids=['probed', 'open'])
def test_a_runner_that_fails_is_an_error_in_a_line(run: Run, tmp_path: Path, reply: Reply, options: list[str]) -> None:
    with recording() as recorder:
        recorder.reply(reply)
        url = f'{recorder.url}/my-tenant'
        done = run('types', NAMED['version id'], '--url', url, '--retries', '0', '-o', tmp_path / 'x.py', *options)
    assert (done.code, done.out) == (1, '')
    assert done.said
    assert not (tmp_path / 'x.py').exists()


def test_a_probe_that_the_model_refuses_is_an_error_in_a_line(run: Run) -> None:
    errors = [{'source_path': 'x', 'error_category': 'y', 'error_type': 'z', 'message': 'no such mortality table'}]
    with recording() as recorder:
        data = {'outputs': None, 'warnings': None, 'errors': errors, 'service_chain': None}
        meta = {'version_id': TERM_LIFE_030, 'version': '0.3.0'}
        recorder.reply(Reply(200, {'status': 'Success', 'error': None, 'response_data': data, 'response_meta': meta}))
        done = run('types', NAMED['name'], '--url', f'{recorder.url}/my-tenant')
    assert (done.code, done.out) == (1, '')
    assert 'no such mortality table' in done.said
