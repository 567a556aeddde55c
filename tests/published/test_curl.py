"""What operators type: the runner answers curl, with the service named in the body and with what curl adds of its own.

Where curl is not installed, httpx sends the same.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import httpx
import pytest

from published.expected import ALIKE, META, OTHER, POLICY, RECORD, Json, cylinder, cylinder_in, policy
from support.packages import (
    CYLINDER,
    CYLINDER_140,
    CYLINDER_150,
    CYLINDER_ID,
    TERM_LIFE,
    TERM_LIFE_030,
    TERM_LIFE_ID,
    only,
    rename,
)

CURL: Final = shutil.which('curl')
CYLINDER_PATH: Final = 'folders/shapes/services/cylinder'
LIFE_PATH: Final = 'folders/insurance/services/term-life'

Answer: TypeAlias = tuple[int, Any]
Post: TypeAlias = Callable[..., Answer]


def run_curl(*arguments: str, content: bytes | None = None) -> Answer:
    """The status and the JSON that curl prints."""
    assert CURL is not None
    command = [CURL, '--disable', '--silent', '--show-error', '--noproxy', '*', '--max-time', '60', '--compressed']
    command += ['--write-out', '\n%{http_code}', *arguments]
    done = subprocess.run(command, input=content, capture_output=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition(b'\n')
    return int(status), json.loads(body)


@pytest.fixture
def post(runner_url: str) -> Post:
    """A function that posts JSON below the tenant; content that is packed already comes as bytes, with its encoding."""

    def send(path: str, body: Any, encoding: str | None = None) -> Answer:
        url = f'{runner_url}/my-tenant/api/{path}'
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {'Content-Type': 'application/json'} | ({'Content-Encoding': encoding} if encoding else {})
        if CURL is None:
            answer = httpx.post(url, content=content, headers=headers, timeout=60, trust_env=False)
            return answer.status_code, answer.json()
        lines = [part for name, value in headers.items() for part in ('--header', f'{name}: {value}')]
        return run_curl('--request', 'POST', *lines, '--data-binary', '@-', url, content=content)

    return send


def get(url: str) -> Answer:
    """The status and the JSON at an address."""
    if CURL is None:
        answer = httpx.get(url, trust_env=False)
        return answer.status_code, answer.json()
    return run_curl(url)


def upload(url: str, package: Path) -> Answer:
    """The answer to a file that is uploaded."""
    if CURL is None:
        files = {'file': (package.name, package.read_bytes())}
        answer = httpx.post(url, files=files, timeout=60, trust_env=False)
        return answer.status_code, answer.json()
    return run_curl('--form', f'file=@{package}', url)


def test_the_runner_tells_its_state(runner_url: str) -> None:
    assert get(f'{runner_url}/healthcheck') == (200, {'msg': 'ok'})
    status, version = get(f'{runner_url}/version')
    assert (status, set(version)) == (200, {'lastPullDate', 'filehash', 'version'})
    status, answer = get(f'{runner_url}/status')
    (tenant,) = answer['models']
    ids = {model['id'] for model in tenant['model_stats']}
    assert (status, tenant['tenant']) == (200, 'my-tenant')
    assert {CYLINDER_140, CYLINDER_150, TERM_LIFE_030} <= ids


@pytest.mark.parametrize(
    ('located', 'version'),
    [
        ({'service_uri': CYLINDER_PATH, 'version': '1.4.0'}, '1.4.0'),
        ({'service_uri': CYLINDER_PATH, 'version': '1.5.0'}, '1.5.0'),
        ({'service_uri': CYLINDER_PATH}, '1.5.0'),
        ({'service_uri': f'{CYLINDER_PATH}[1.4.0]'}, '1.4.0'),
        ({'service_uri': 'shapes/cylinder', 'version': '1.4.0'}, '1.4.0'),
        ({'service_uuid': CYLINDER_ID}, '1.5.0'),
        ({'service_uuid': CYLINDER_ID, 'version': '1.4.0'}, '1.4.0'),
        ({'service_id': CYLINDER_ID}, '1.5.0'),
        ({'version_uuid': CYLINDER_140}, '1.4.0'),
        ({'version_uuid': CYLINDER_150}, '1.5.0'),
        ({'version_id': CYLINDER_140}, '1.4.0'),
        ({'service_uuid': CYLINDER_ID, 'version_uuid': CYLINDER_140}, '1.4.0'),
        ({'service_uri': CYLINDER_PATH, 'transaction_date': '2024-06-01'}, '1.4.0'),
    ],
    ids=str,
)
@pytest.mark.parametrize('path', ['v3/execute', 'v3'])
def test_the_body_alone_names_the_service(post: Post, located: Json, version: str, path: str) -> None:
    status, answer = post(path, {'request_data': {'inputs': RECORD}, 'request_meta': located})
    assert (status, answer['status'], answer['error']) == (200, 'Success', None)
    assert answer['response_data']['outputs'] == cylinder_in(version, **RECORD)
    assert set(answer['response_meta']) >= META
    about = answer['response_meta']
    ids = {'1.4.0': CYLINDER_140, '1.5.0': CYLINDER_150}
    assert (about['service_id'], about['version'], about['version_id']) == (CYLINDER_ID, version, ids[version])


@pytest.mark.parametrize(
    'located',
    [{'service_uri': LIFE_PATH, 'version': '0.3.0'}, {'service_uuid': TERM_LIFE_ID}, {'version_uuid': TERM_LIFE_030}],
    ids=str,
)
def test_a_policy_is_computed_with_every_field_that_an_operator_may_add(post: Post, located: Json) -> None:
    meta = {**located, 'call_purpose': 'Smoke test', 'source_system': 'curl', 'correlation_id': 'my-id'}
    meta |= {'requested_output': None, 'service_category': '', 'array_outputs': [], 'response_data_inputs': True}
    status, answer = post('v3/execute', {'request_data': {'inputs': POLICY}, 'request_meta': meta})
    assert (status, answer['response_meta']['correlation_id']) == (200, 'my-id')
    assert answer['response_data']['outputs'] == policy()
    assert answer['response_data']['inputs'] == POLICY


def test_what_is_not_there_is_said(post: Post) -> None:
    for meta, words in (
        ({'service_uri': 'folders/shapes/services/sphere'}, "no service 'shapes/sphere'"),
        ({'service_uri': CYLINDER_PATH, 'version': '9.0.0'}, "no version '9.0.0' of 'shapes/cylinder'"),
        ({'service_uuid': TERM_LIFE_030}, 'no service'),
        ({'version_uuid': TERM_LIFE_ID}, 'no service'),
    ):
        status, answer = post('v3/execute', {'request_data': {'inputs': {}}, 'request_meta': meta})
        assert (status, answer['status'], answer['response_data']) == (404, 'Error', None)
        assert words in answer['error']['message']
    status, answer = post('v3/execute', {'request_data': {'inputs': {}}})
    assert (status, 'no service is named' in answer['error']['message']) == (400, True)


@pytest.mark.parametrize(
    'located',
    [
        {'service': 'shapes/cylinder[1.5.0]'},
        {'service_uri': CYLINDER_PATH, 'version': '1.5.0'},
        {'service_uuid': CYLINDER_ID},
        {'version_uuid': CYLINDER_150},
    ],
    ids=str,
)
def test_many_records_are_one_call(post: Post, located: Json) -> None:
    status, answer = post('v4/execute', {'inputs': [RECORD, OTHER], **located})
    assert (status, list(answer), answer['version_id']) == (200, ALIKE, CYLINDER_150)
    assert answer['outputs'] == [cylinder(**RECORD), cylinder(**OTHER)]


def test_a_body_of_megabytes_is_taken_after_curl_has_asked_for_leave(post: Post) -> None:
    # Above a megabyte curl sends `Expect: 100-continue` and waits.
    inputs = [{**RECORD, 'note': 'x' * 600_000}, {**OTHER, 'note': 'x' * 600_000}]
    status, answer = post('v4/execute', {'inputs': inputs, 'service': 'shapes/cylinder'})
    assert (status, answer['outputs']) == (200, [cylinder(**RECORD), cylinder(**OTHER)])


def test_a_packed_body_is_read(post: Post) -> None:
    records = [{**RECORD, 'height': height} for height in range(200)]
    content = gzip.compress(json.dumps({'inputs': records, 'service': 'shapes/cylinder'}).encode())
    status, answer = post('v4/execute', content, 'gzip')
    assert (status, answer['outputs']) == (200, [cylinder(**record) for record in records])


@pytest.mark.parametrize('path', ['upload', 'api/v3/upload'])
def test_a_package_is_uploaded_and_executed(runner_url: str, post: Post, tmp_path: Path, path: str) -> None:
    service = f'curl-{path.count("/")}'
    ids = {'service_id': f'{service}-id', 'version_id': f'{service}-version-id'}
    package = tmp_path / 'package.zip'
    package.write_bytes(rename(only(CYLINDER.read_bytes(), '1.5.0'), folder='tried', service=service, **ids))
    status, answer = upload(f'{runner_url}/{path}', package)
    (tenant,) = answer['response_data']
    assert (status, [one['VersionId'] for one in tenant['services']]) == (200, [f'{service}-version-id'])
    meta = {'service_uri': f'folders/tried/services/{service}', 'version': '1.5.0'}
    status, answer = post('v3/execute', {'request_data': {'inputs': RECORD}, 'request_meta': meta})
    assert (status, answer['response_data']['outputs']) == (200, cylinder(**RECORD))


def test_an_upload_that_is_no_package_is_refused_with_the_reason(runner_url: str, tmp_path: Path) -> None:
    (tmp_path / 'cut.zip').write_bytes(TERM_LIFE.read_bytes()[:1000])
    status, answer = upload(f'{runner_url}/api/v3/upload', tmp_path / 'cut.zip')
    assert (status, answer['status']) == (422, 'Error')
    assert 'cut.zip' in answer['error']['message']
