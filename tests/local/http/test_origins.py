"""A page of another web site is a stranger: it can neither upload a package nor read an answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest

import cspark.wasm as Hybrid
from cspark.wasm.local.errors import RefusedError
from cspark.wasm.local.http.origins import Origins
from support.calls import Api, Json, message, serving
from support.packages import CYLINDER, TERM_LIFE

FOREIGN: Final[list[dict[str, str]]] = [
    {'origin': 'https://evil.example'},
    {'origin': 'null'},
    {'origin': ''},
    {'origin': 'http://127.0.0.1'},
    {'origin': 'http://127.0.0.1:1'},
    {'origin': 'http://localhost.evil.example'},
    {'sec-fetch-site': 'cross-site'},
    {'sec-fetch-site': 'same-site'},
    {'sec-fetch-site': 'cross-site', 'origin': 'http://<own>'},
    {'host': 'evil.example'},
    {'host': 'evil.example:3000'},
    {'host': 'localhost.evil.example'},
    {'host': '127.0.0.1.evil.example'},
    {'host': '192.0.2.1'},
    {'host': 'rebound.example', 'origin': 'http://rebound.example', 'sec-fetch-site': 'same-origin'},
]
OWN: Final[list[dict[str, str]]] = [
    {},
    {'sec-fetch-site': 'none'},
    {'sec-fetch-site': 'same-origin', 'origin': 'http://<own>'},
    {'origin': 'https://<own>'},
    {'host': 'localhost'},
    {'host': 'LOCALHOST.:3000'},
    {'host': 'app.localhost:3000'},
    {'host': '[::1]:3000'},
    {'host': '127.8.9.10'},
]


@pytest.fixture(scope='module')
def api() -> Iterator[Api]:
    """A runner that only this machine can reach."""
    with serving(CYLINDER) as started:
        yield started


def fill(headers: dict[str, str], api: Api) -> dict[str, str]:
    """The headers with the runner's own name in them."""
    return {name: value.replace('<own>', api.url.removeprefix('http://')) for name, value in headers.items()}


@pytest.mark.thorough
@pytest.mark.parametrize('headers', FOREIGN, ids=str)
def test_a_foreign_page_gets_403_for_everything_and_changes_nothing(api: Api, headers: dict[str, str]) -> None:
    sent = fill(headers, api)
    requests: list[tuple[str, str, Json]] = [
        ('GET', 'healthcheck', {}),
        ('GET', 'status', {}),
        ('POST', 'upload', {'files': {'file': ('term-life.zip', TERM_LIFE.read_bytes())}}),
        ('POST', 'my-tenant/api/v3/execute', {'json': {'request_meta': {'service_uri': 'shapes/cylinder'}}}),
        ('GET', 'nothing/here', {}),
    ]
    for method, path, content in requests:
        answer = httpx.request(method, f'{api.url}/{path}', headers=sent, timeout=60, trust_env=False, **content)
        assert answer.status_code == 403, path
        assert 'refused' in message(answer) or 'does not answer to the host' in message(answer)
        assert 'access-control-allow-origin' not in answer.headers
    assert len(api.models()) == 2


@pytest.mark.parametrize('headers', OWN, ids=str)
def test_programs_people_and_the_runners_own_pages_are_served(api: Api, headers: dict[str, str]) -> None:
    answer = httpx.get(f'{api.url}/healthcheck', headers=fill(headers, api), timeout=60, trust_env=False)
    assert answer.json() == {'msg': 'ok'}


@pytest.mark.thorough
def test_a_name_can_be_allowed() -> None:
    with serving(CYLINDER, allowed_hosts=['runner.example', 'Other.Example']) as api:
        for host in ('runner.example', 'other.example:8080'):
            headers = {'host': host, 'origin': f'https://{host}'}
            assert httpx.get(f'{api.url}/healthcheck', headers=headers, timeout=60, trust_env=False).status_code == 200
        refused = httpx.get(f'{api.url}/healthcheck', headers={'host': 'third.example'}, timeout=60, trust_env=False)
        assert "does not answer to the host 'third.example'; start it with --allow-host" in message(refused)


@pytest.mark.parametrize(
    ('kind', 'status'), [(None, 415), ('text/plain', 415), ('application/x-www-form-urlencoded', 415)]
)
def test_what_a_form_can_send_is_no_json_request(api: Api, kind: str | None, status: int) -> None:
    body = b'{"request_meta": {"service_uri": "shapes/cylinder"}}'
    headers = {'content-type': kind} if kind else {}
    answer = api.post('v3/execute', content=body, headers=headers)
    assert answer.status_code == status
    assert 'send application/json' in message(answer)


@pytest.mark.thorough
def test_a_runner_that_others_can_reach_takes_any_name_but_no_foreign_page() -> None:
    with Hybrid.LocalRunner(CYLINDER, instances=1) as runner, runner.serve(host='0.0.0.0') as server:
        url = f'http://127.0.0.1:{server.port}/healthcheck'
        assert httpx.get(url, headers={'host': 'runner.internal'}, timeout=60, trust_env=False).status_code == 200
        foreign = {'host': 'runner.internal', 'origin': 'http://evil.example'}
        assert httpx.get(url, headers=foreign, timeout=60, trust_env=False).status_code == 403


@pytest.mark.parametrize('headers', [{}, {'host': ''}, {'host': '['}, {'host': ']:x'}, {'host': 'a b'}], ids=str)
def test_odd_names_are_no_failure(headers: Any) -> None:
    check = Origins(loopback=True).check
    if headers.get('host'):
        with pytest.raises(RefusedError, match='does not answer to the host'):
            check(headers)
    else:
        check(headers)
