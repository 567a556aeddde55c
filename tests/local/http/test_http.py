"""The runner's manners on the wire: encodings, limits, statuses, uploads, addresses, and what its status tells."""

from __future__ import annotations

import gzip
import json
import os
import re
import socket
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpx
import pytest

from cspark.wasm.local.http import upload
from cspark.wasm.local.packages.archive import Limits
from support.calls import Api, Json, message, serving
from support.models import HANG, SCRIPTED_ID, THROW, record, scripted
from support.packages import CYLINDER, CYLINDER_140, CYLINDER_150, TERM_LIFE

PATH: Final = f'v3/version/{CYLINDER_150}'
BODY: Final = json.dumps({'request_data': {'inputs': {'height': 1, 'radius': 1, 'density': 1}}}).encode()
JSON: Final = {'content-type': 'application/json'}
LIMIT: Final = 100_000
GZIPPED: Final = gzip.compress(BODY, mtime=0)
"""A body that is the same in every worker, which names a test after it."""


@pytest.fixture(scope='module')
def api() -> Iterator[Api]:
    """A runner with both samples that takes bodies of 100,000 bytes."""
    with serving(CYLINDER, TERM_LIFE, body_limit=LIMIT) as started:
        yield started


def deflated(content: bytes) -> bytes:
    """Deflate without zlib's head, which HTTP does not have."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize(
    ('encoding', 'content', 'status', 'words'),
    [
        ('gzip', GZIPPED, 200, ''),
        ('GZIP', GZIPPED, 200, ''),
        ('deflate', zlib.compress(BODY), 200, ''),
        ('identity', BODY, 200, ''),
        ('', BODY, 200, ''),
        ('br', BODY, 415, "content encoding 'br' is not supported; send gzip, deflate or none"),
        ('gzip, gzip', gzip.compress(gzip.compress(BODY)), 415, 'is not supported'),
        ('gzip', BODY, 400, 'the body is not gzip'),
        ('gzip', GZIPPED[:-9], 400, 'the body is not gzip: it is cut off'),
        ('gzip', b'', 400, 'the body is not gzip: it is cut off'),
        ('deflate', deflated(BODY), 400, 'the body is not deflate'),
        ('gzip', gzip.compress(b'[]', mtime=0), 400, 'the body must be a JSON object, not an array'),
        ('gzip', gzip.compress(bytes(LIMIT + 1)), 413, 'the body is larger than 100,000 bytes'),
        ('deflate', zlib.compress(bytes(50_000_000)), 413, 'the body is larger than 100,000 bytes'),
        ('identity', BODY.ljust(LIMIT), 200, ''),
        ('gzip', gzip.compress(BODY.ljust(LIMIT)), 200, ''),
        ('identity', BODY.ljust(LIMIT + 1), 413, 'the body is larger than 100,000 bytes'),
        ('gzip', gzip.compress(os.urandom(LIMIT)), 413, 'the body is larger than 100,000 bytes'),
    ],
)
def test_a_body_is_taken_in_every_encoding_up_to_the_limit(
    api: Api, encoding: str, content: bytes, status: int, words: str
) -> None:
    headers = JSON | ({'content-encoding': encoding} if encoding else {})
    answer = api.post(PATH, content=content, headers=headers)
    assert answer.status_code == status
    if status == 200:
        assert answer.json()['response_data']['outputs']['volume'] == pytest.approx(3.14159265)
    else:
        assert words in message(answer)


def test_a_body_that_does_not_say_how_long_it_is_has_the_same_limit(api: Api) -> None:
    def parts(count: int) -> Iterator[bytes]:
        yield BODY
        for _ in range(count):
            yield b' ' * 1000

    assert api.post(PATH, content=parts(50), headers=JSON).status_code == 200
    assert api.post(PATH, content=parts(101), headers=JSON).status_code == 413


@pytest.mark.thorough
def test_the_limit_is_30_mb_where_none_is_given() -> None:
    largest = 30 * 1024 * 1024
    with serving(CYLINDER) as api:
        assert api.post(PATH, content=BODY.ljust(largest), headers=JSON).status_code == 200
        answer = api.post(PATH, content=BODY.ljust(largest + 1), headers=JSON)
    assert (answer.status_code, message(answer)) == (413, 'the body is larger than 31,457,280 bytes')


@pytest.mark.parametrize(
    ('content', 'words'),
    [
        (b'', 'the body is not JSON'),
        (b'{', 'the body is not JSON'),
        (b'{"a": NaN}', 'the body is not JSON'),
        (b'\xff', 'the body is not JSON'),
        (b'null', 'not null'),
        (b'"text"', 'not a string'),
        (b'7', 'not a number'),
        (b'true', 'not a boolean'),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(api: Api, content: bytes, words: str) -> None:
    answer = api.post(PATH, content=content, headers=JSON)
    assert answer.status_code == 400
    assert words in message(answer)


@pytest.mark.parametrize(
    ('kind', 'status'),
    [('application/json; charset=utf-8', 200), (None, 415), ('text/plain', 415), ('application/x-ndjson', 415)],
)
def test_another_content_type_than_json_is_not_supported(api: Api, kind: str | None, status: int) -> None:
    assert api.post(PATH, content=BODY, headers={'content-type': kind} if kind else {}).status_code == status


@pytest.mark.parametrize(
    ('accepted', 'encoding'),
    [
        ('gzip', 'gzip'),
        ('deflate', 'deflate'),
        ('deflate, gzip;q=0.5', 'gzip'),
        ('gzip;q=0, deflate', 'deflate'),
        ('gzip; q=0.0', None),
        ('br', None),
        ('', None),
    ],
)
def test_a_large_answer_comes_in_an_encoding_that_the_caller_accepts(
    api: Api, accepted: str, encoding: str | None
) -> None:
    answer = api.post(
        'v4/execute', {'inputs': [{}] * 50, 'service': 'shapes/cylinder'}, headers={'accept-encoding': accepted}
    )
    assert answer.headers.get('content-encoding') == encoding
    assert answer.headers.get('vary') == ('accept-encoding' if encoding else None)
    assert len(answer.json()['outputs']) == 50


def test_a_small_answer_is_not_compressed_and_a_request_id_comes_back(api: Api) -> None:
    answer = api.post(PATH, content=BODY, headers=JSON | {'accept-encoding': 'gzip', 'x-request-id': 'my-request'})
    assert 'content-encoding' not in answer.headers
    assert answer.headers['x-request-id'] == 'my-request'
    assert answer.headers['content-type'] == 'application/json'


@pytest.mark.parametrize(
    ('method', 'path', 'status', 'words', 'allowed'),
    [
        ('GET', f'my-tenant/api/{PATH}', 405, 'GET is not allowed at ', 'POST'),
        ('DELETE', f'my-tenant/api/{PATH}', 405, 'DELETE is not allowed at ', 'POST'),
        ('POST', 'healthcheck', 405, 'POST is not allowed at /healthcheck', 'GET'),
        ('GET', 'upload', 405, 'GET is not allowed at /upload', 'POST'),
        ('GET', '', 404, 'no operation at /', None),
        ('GET', 'healthcheck/', 404, 'no operation at /healthcheck/', None),
        ('POST', 'my-tenant/api/v5/execute', 404, 'no operation at /my-tenant/api/v5/execute', None),
        ('POST', 'my-tenant/api/v3/folders/shapes/execute', 404, 'no operation at ', None),
    ],
)
def test_what_is_no_operation_is_refused_in_the_envelope_of_an_error(
    api: Api, method: str, path: str, status: int, words: str, allowed: str | None
) -> None:
    answer = httpx.request(method, f'{api.url}/{path}', timeout=10, trust_env=False)
    assert answer.status_code == status
    assert words in message(answer)
    assert allowed is None or allowed in answer.headers['allow']


@pytest.mark.thorough
def test_all_paths_have_the_prefix_and_none_is_found_without_it() -> None:
    with serving(CYLINDER, prefix='/mypath/torun/') as api:
        assert api.url.endswith('/mypath/torun')
        assert api.outputs({'height': 1, 'radius': 1})['volume'] == pytest.approx(3.14159265)
        assert api.upload(CYLINDER.read_bytes()).status_code == 200
        root = api.url.removesuffix('/mypath/torun')
        for path in ('/healthcheck', '/mypath/torunhealthcheck', '/mypath/healthcheck', '/my-tenant/api/v3/execute'):
            assert httpx.get(root + path, timeout=10, trust_env=False).status_code == 404


def test_uploads_that_are_switched_off_are_refused_with_the_way_to_switch_them_on() -> None:
    with serving(uploads=False) as api:
        answer = api.upload(CYLINDER.read_bytes())
        assert answer.status_code == 403
        assert 'UPLOAD_ENABLE' in message(answer)
        assert api.models() == {}


@pytest.mark.thorough
def test_an_upload_is_answered_with_what_the_package_says_of_itself() -> None:
    with serving() as api:
        answer = api.upload(CYLINDER.read_bytes(), '../ünï.zip')
        (tenant,) = answer.json()['response_data']
        assert tenant['tenant'] == 'my-tenant'
        assert [service['VersionId'] for service in tenant['services']] == [CYLINDER_140, CYLINDER_150]
        engine = tenant['services'][1]['EngineInformation']
        assert (engine['ProductName'], engine['ServiceName'], engine['Revision']) == ('shapes', 'cylinder', '1.5.0')
        assert tenant['services'][0]['XInputTable'][0] == {'Input Name': 'height', 'Description': None, 'Address': 'C3'}
        files = {'file': ('again.zip', CYLINDER.read_bytes())}
        assert httpx.post(f'{api.url}/upload', files=files, timeout=10, trust_env=False).status_code == 200
        assert set(api.models()) == {CYLINDER_140, CYLINDER_150}


@pytest.mark.parametrize(
    ('content', 'status', 'words'),
    [
        ({'content': b'PK', 'headers': {'content-type': 'application/zip'}}, 415, "content type 'application/zip'"),
        ({'content': b'PK'}, 415, 'send multipart/form-data with a part named "file"'),
        ({'files': {'package': ('package.zip', b'PK')}}, 400, 'the form has no file named "file"'),
        ({'files': {'other': ('x', b'')}, 'data': {'file': 'text'}}, 400, 'the form has no file named "file"'),
        ({'content': b'x', 'headers': {'content-type': 'multipart/form-data'}}, 400, 'Missing boundary'),
        ({'files': [('file', ('a', b'')), ('file', ('b', b''))]}, 400, 'Maximum number of files is 1'),
    ],
)
def test_an_upload_that_is_no_form_with_a_file_is_refused(api: Api, content: Json, status: int, words: str) -> None:
    answer = httpx.post(f'{api.url}/api/v3/upload', **content, timeout=10, trust_env=False)
    assert answer.status_code == status
    assert words in message(answer)


def test_an_upload_that_says_it_is_very_large_is_refused_before_it_is_sent(api: Api) -> None:
    host, port = api.url.removeprefix('http://').split(':')
    head = f'POST /upload HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data; boundary=x\r\n'
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f'{head}Content-Length: 600000000\r\n\r\n'.encode())
        assert connection.recv(100).startswith(b'HTTP/1.1 413 ')


def test_an_upload_in_pieces_has_the_same_limit(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, 'Limits', lambda: Limits(total=200_000))
    where = httpx.URL(api.url)
    with socket.create_connection((where.host, where.port or 80)) as connection:
        connection.settimeout(60)
        head = 'POST /api/v3/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n'
        part = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\n'
        connection.sendall(f'{head}Transfer-Encoding: chunked\r\n\r\n{len(part):x}\r\n{part}\r\n'.encode())
        # Just over the limit, and no more: what is sent on while the runner answers and closes would be reset.
        for _ in range(20):
            connection.sendall(b'2710\r\n' + b'x' * 10_000 + b'\r\n')
        answer = ''
        while 'larger than' not in answer and (received := connection.recv(65536)):
            answer += received.decode()
    assert answer.startswith('HTTP/1.1 413') and 'larger than 200,000 bytes' in answer


def test_a_caller_who_leaves_is_no_failure_of_the_runner(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    where = httpx.URL(api.url)
    for kind in ('multipart/form-data; boundary=b', 'application/json'):
        path = '/api/v3/upload' if 'form' in kind else f'/my-tenant/api/{PATH}'
        with socket.create_connection((where.host, where.port or 80)) as connection:
            head = f'POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: 5000\r\n\r\n'
            connection.sendall(head.encode() + b'--b\r\n')
            time.sleep(0.1)
    assert api.get('version')
    time.sleep(0.1)
    assert [one.getMessage() for one in caplog.records if one.levelname == 'ERROR'] == []


def test_the_version_says_what_the_runner_is_compatible_with(api: Api) -> None:
    version = api.get('version')
    assert version.keys() == {'lastPullDate', 'filehash', 'version'}
    assert version['version'] == '1.46.0'
    assert re.fullmatch(r'[0-9a-f]{64}', version['filehash'])
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z', version['lastPullDate'])


@pytest.mark.thorough
def test_the_status_has_the_figures_of_the_calls_that_were_made() -> None:
    with serving(scripted(), instances=2, timeout=5) as api:
        fresh = api.models()[SCRIPTED_ID]
        assert (fresh['completed_count'], fresh['last_use'], fresh['size'], fresh['busy']) == (0, None, 2, 0)
        times = [fresh[f'{name}_time_ms'] for name in ('min', 'mean', 'p95', 'p99', 'max')]
        assert times == [None] * 5
        for _ in range(30):
            api.send(record(), 'shapes/scripted')
        api.send(record('const end = Date.now() + 250; while (Date.now() < end);'), 'shapes/scripted')
        api.many([record()] * 200, 'shapes/scripted')
        used = api.models()[SCRIPTED_ID]
    assert used['completed_count'] == 231
    assert (used['running_count'], used['crash_count'], used['timeout_count']) == (0, 0, 0)
    times = [used[f'{name}_time_ms'] for name in ('min', 'p95', 'p99', 'max')]
    assert times == sorted(times)
    assert 0 < used['min_time_ms'] <= used['mean_time_ms'] <= used['max_time_ms']
    assert used['max_time_ms'] >= 250
    assert used['mean_time_ms'] * 231 >= 250 + 230 * used['min_time_ms'] - 1
    assert used['uptime_ms'] >= fresh['uptime_ms']
    assert used['last_use'].endswith('Z')


@pytest.mark.thorough
def test_the_status_has_the_failures_the_memory_and_the_tenants() -> None:
    with serving(scripted(), TERM_LIFE, instances=2, timeout=0.5) as api:
        for script in (THROW, THROW, HANG):
            api.send(record(script), 'shapes/scripted')
        api.send(record(), 'shapes/scripted')
        status: Any = api.get('status')
        (tenant,) = status['models']
        model = api.models()[SCRIPTED_ID]
    assert (model['crash_count'], model['timeout_count'], model['running_count']) == (2, 1, 0)
    assert (tenant['tenant'], tenant['total_model'], tenant['total_instances']) == ('my-tenant', 2, 4)
    assert set(model['thread_stats']) == {'1', '2'}
    used = [thread for thread in model['thread_stats'].values() if thread['init_time_ms'] is not None]
    assert model['memory_usage_mb'] == pytest.approx(sum(thread['current_memory_mb'] for thread in used), abs=0.1)
    for thread in used:
        assert 16 <= thread['init_memory_mb'] <= thread['current_memory_mb'] <= thread['peak_memory_mb']
    assert 16 < status['memory_usage_mb'] < status['memory_limit_mb']


@pytest.mark.thorough
def test_calls_at_the_same_time_are_all_counted(api: Api) -> None:
    before = api.models()[CYLINDER_150]['completed_count']
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(api.outputs, ({'height': height, 'radius': 1} for height in range(100))))
    assert [round(answer['volume'] / 3.14159265) for answer in answers] == list(range(100))
    assert api.models()[CYLINDER_150]['completed_count'] == before + 100
