"""The page's own paths, without a browser: odd files, odd orders, and requests of other sites."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import cspark.wasm as Hybrid
from support.packages import CYLINDER, CYLINDER_150

ROWS = b'height,radius,note\n1,1,a\n2,1,b\n3,2,c\n'


@pytest.fixture
def api(shown_url: str) -> Iterator[httpx.Client]:
    """A client of the page's paths."""
    with httpx.Client(base_url=shown_url, timeout=30, trust_env=False) as client:
        yield client


NO_FILES = ['', '.csv', 'rows', 'rows.exe', 'a.csv/../../x', '..', '\x00', 'x' * 5000, 'rows.xls']
ODD_NAMES = ['../../etc/rows.csv', '/etc/rows.CSV', 'C:\\rows.csv', '<img src=x>.csv', 'שלום.csv', '\x00.csv']
NOWHERE = [{'tenant': 'nobody'}, {'tenant': '../x'}, {'uri': 'no/service'}, {'uri': ''}, {'uri': '%'}]


def take(api: httpx.Client, name: str, content: bytes) -> httpx.Response:
    """Send a file of records."""
    return api.post('/ui/files', params={'name': name}, content=content)


def order(file: str, /, **changes: Any) -> dict[str, Any]:
    """An order of a run."""
    given: dict[str, Any] = {
        'file': file,
        'tenant': 'my-tenant',
        'uri': f'version/{CYLINDER_150}',
        'keep': [],
        'format': 'csv',
    }
    return {**given, 'columns': {'height': 'height', 'radius': 'radius'}, **changes}


def ended(api: httpx.Client, run: str) -> dict[str, Any]:
    """How a run ended."""
    told: dict[str, Any] = {}
    for _ in range(600):
        told = api.get(f'/ui/runs/{run}/progress').json()
        if told['state'] != 'running':
            return told
        time.sleep(0.1)
    pytest.fail(f'the run does not end: {told}')


def test_a_file_is_taken_and_executed_as_execute_many_does(api: httpx.Client, shown: Hybrid.LocalRunner) -> None:
    taken = take(api, 'rows.csv', ROWS).json()
    assert taken['columns'] == ['height', 'radius', 'note']
    assert len(taken['records']) == 3
    run = api.post('/ui/runs', json=order(taken['id'], keep=['note'], format='jsonl')).json()['id']
    told = ended(api, run)
    assert (told['state'], told['done'], told['failed']) == ('done', 3, 0)
    results = api.get(f'/ui/runs/{run}/results')
    assert 'attachment' in results.headers['content-disposition']
    with shown.client(tenant='my-tenant') as client:
        many = client.services.execute_many(
            f'version/{CYLINDER_150}',
            [{'height': 1, 'radius': 1}, {'height': 2, 'radius': 1}, {'height': 3, 'radius': 2}],
        )
        volumes = [one.outputs['volume'] for one in many]
    import json

    lines = [json.loads(line) for line in results.text.splitlines()]
    assert [line['outputs']['volume'] for line in lines] == volumes
    assert [line['note'] for line in lines] == ['a', 'b', 'c']


def broken_excel() -> bytes:
    """A zip that is no workbook."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, 'w') as archive:
        archive.writestr('[Content_Types].xml', '<x>')
    return content.getvalue()


@pytest.mark.parametrize(
    ('name', 'content'),
    [
        ('rows.xlsx', b'no workbook'),
        ('rows.xlsx', broken_excel()),
        ('rows.xlsx', b''),
        ('rows.parquet', b'PAR1 no table PAR1'),
        ('rows.parquet', b''),
        ('rows.jsonl', b'{"a": 1}\nno json\n'),
        ('rows.jsonl', b'[1, 2]\n"text"\n'),
        ('rows.csv', b'\xff\xfe\x00\x00\xd8'),
        ('rows.csv', b'\x00\x00\x00'),
        ('rows.csv', b'a,a\n1,2\n'),
        ('rows.csv', b'"never closed\n1,2'),
        ('rows.csv', b'a,b\n1,2,3,4\n'),
    ],
)
def test_a_broken_file_is_refused_with_a_reason(api: httpx.Client, name: str, content: bytes) -> None:
    answer = take(api, name, content)
    assert answer.status_code in (200, 400, 415, 422), answer.text
    if answer.status_code != 200:
        assert len(answer.json()['error']['message']) > 10
        assert '/tmp' not in answer.text
        assert 'Error' not in answer.json()['error']['message'].split(' ')[0]


@pytest.mark.parametrize('name', ['rows.csv', 'rows.jsonl', 'rows.tsv'])
def test_an_empty_file_is_taken_as_no_records_or_refused(api: httpx.Client, name: str) -> None:
    answer = take(api, name, b'')
    assert answer.status_code in (200, 400, 422), answer.text


def test_a_file_with_a_header_alone_is_refused(api: httpx.Client) -> None:
    answer = take(api, 'rows.csv', b'height,radius\n')
    assert (answer.status_code, 'has no records' in answer.text) == (422, True)


def test_columns_of_later_records_can_be_mapped(api: httpx.Client) -> None:
    content = b'{"height": 1}\n' * 6 + b'{"height": 1, "radius": 2}\n'
    assert take(api, 'rows.jsonl', content).json()['columns'] == ['height', 'radius']


@pytest.mark.parametrize('name', NO_FILES)
def test_a_name_without_a_known_end_is_refused(api: httpx.Client, name: str) -> None:
    answer = take(api, name, ROWS)
    assert answer.status_code == 415, answer.text
    assert len(answer.text) < 1000


@pytest.mark.parametrize('name', ODD_NAMES)
def test_paths_in_a_name_lead_nowhere(api: httpx.Client, name: str) -> None:
    answer = take(api, name, ROWS)
    assert answer.status_code == 200, answer.text
    assert answer.json()['name'] == name


def test_a_file_without_a_name_is_refused(api: httpx.Client) -> None:
    assert api.post('/ui/files', content=ROWS).status_code == 415


@pytest.mark.parametrize('key', ['nothing', '..', '%2e%2e%2fx', '', 'a/b', '0', '\U0001f600'])
def test_unknown_runs_are_not_found(api: httpx.Client, key: str) -> None:
    assert api.get(f'/ui/runs/{key}/progress').status_code == 404
    assert api.get(f'/ui/runs/{key}/results').status_code == 404
    assert api.post(f'/ui/runs/{key}/stop').status_code in (404, 405)


WRONG: list[tuple[dict[str, Any], int]] = [
    ({'file': 'unknown'}, 404),
    ({'file': None}, 404),
    ({'file': ['x']}, 404),
    ({'columns': {}}, 400),
    ({'columns': []}, 400),
    ({'columns': None}, 400),
    ({'columns': {'height': 1}}, 400),
    ({'columns': {'height': ['height']}}, 400),
    ({'columns': {'height': {'a': 1}}}, 400),
    ({'columns': {'height': None}}, 400),
    ({'columns': {'height': 'no such column'}}, 400),
    ({'keep': None}, 400),
    ({'keep': 'note'}, 400),
    ({'keep': [1]}, 400),
    ({'keep': [['note']]}, 400),
    ({'keep': [{}]}, 400),
    ({'keep': ['no such column']}, 400),
    ({'format': None}, 400),
    ({'format': '../x'}, 400),
    ({'format': ['csv']}, 400),
    ({'tenant': 5}, 400),
    ({'uri': None}, 400),
]


@pytest.mark.parametrize(('changes', 'status'), WRONG, ids=str)
def test_an_order_that_is_wrong_is_refused_or_its_run_fails(
    api: httpx.Client, changes: dict[str, Any], status: int
) -> None:
    answer = api.post('/ui/runs', json=order(take(api, 'rows.csv', ROWS).json()['id'], **changes))
    if answer.status_code == 200:
        told = ended(api, answer.json()['id'])
        assert told['state'] == 'failed'
        assert told['message']
    else:
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize('body', [b'', b'[]', b'null', b'5', b'{', b'"x"', b'\xff', b'[' * 100_000])
def test_an_order_that_is_no_object_is_refused(api: httpx.Client, body: bytes) -> None:
    answer = api.post('/ui/runs', content=body, headers={'content-type': 'application/json'})
    assert 400 <= answer.status_code < 500, answer.text


@pytest.mark.parametrize('changes', NOWHERE)
def test_a_run_of_a_service_that_is_not_there_fails_with_a_reason(api: httpx.Client, changes: dict[str, Any]) -> None:
    answer = api.post('/ui/runs', json=order(take(api, 'rows.csv', ROWS).json()['id'], **changes))
    if answer.status_code == 200:
        told = ended(api, answer.json()['id'])
        assert told['state'] == 'failed', told
        assert len(told['message']) > 10
        assert api.get(f'/ui/runs/{answer.json()["id"]}/results').status_code == 409


def test_results_of_a_stopped_run_are_not_those_of_a_complete_one(api: httpx.Client) -> None:
    content = b'height,radius\n' + b'1,1\n' * 200_000
    run = api.post('/ui/runs', json=order(take(api, 'rows.csv', content).json()['id'])).json()['id']
    while api.get(f'/ui/runs/{run}/progress').json()['done'] == 0:
        time.sleep(0.01)
    assert api.post(f'/ui/runs/{run}/stop').json()['state'] == 'stopped'
    done = -1
    while (now := api.get(f'/ui/runs/{run}/progress').json())['done'] != done:
        done = now['done']
        time.sleep(0.5)
    assert now['state'] == 'stopped', now
    assert now['done'] < 200_000
    assert api.get(f'/ui/runs/{run}/results').status_code == 409


def test_a_run_that_is_stopped_at_once_stays_stopped(api: httpx.Client) -> None:
    content = b'height,radius\n' + b'1,1\n' * 20_000
    file = take(api, 'rows.csv', content).json()['id']
    for _ in range(5):
        run = api.post('/ui/runs', json=order(file)).json()['id']
        assert api.post(f'/ui/runs/{run}/stop').json()['state'] == 'stopped'
        done = -1
        while (now := api.get(f'/ui/runs/{run}/progress').json())['done'] != done:
            done = now['done']
            time.sleep(0.5)
        assert now['state'] == 'stopped', now


def test_a_column_that_is_kept_keeps_its_own_values(api: httpx.Client) -> None:
    file = take(api, 'rows.csv', b'height,h,radius\nname,3,1\n').json()['id']
    run = api.post('/ui/runs', json=order(file, columns={'height': 'h', 'radius': 'radius'}, keep=['height'])).json()[
        'id'
    ]
    assert ended(api, run)['state'] == 'done'
    assert 'name' in api.get(f'/ui/runs/{run}/results').text


def test_a_column_that_is_only_kept_is_no_input(api: httpx.Client) -> None:
    file = take(api, 'rows.csv', b'height,radius,density\n1,1,5\n').json()['id']
    run = api.post('/ui/runs', json=order(file, keep=['density'], format='jsonl')).json()['id']
    assert ended(api, run)['state'] == 'done'
    line = api.get(f'/ui/runs/{run}/results').json()
    assert line['outputs']['mass'] == line['outputs']['volume']
    assert line['density (file)'] == 5


def test_a_closed_runner_leaves_no_files_behind(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path))
    with (
        Hybrid.LocalRunner(CYLINDER, instances=1) as runner,
        runner.serve() as server,
        httpx.Client(base_url=server.url, trust_env=False) as api,
    ):
        run = api.post('/ui/runs', json=order(take(api, 'rows.csv', ROWS * 2000).json()['id'])).json()['id']
        assert run
    assert not [path for path in tmp_path.iterdir() if path.name.startswith('runner-page-')]
