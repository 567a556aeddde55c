"""Where the page is, its headers, and whom it answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

import cspark.wasm as Hybrid
from support.packages import CYLINDER, CYLINDER_150
from support.pages import TENANT, Watched, expect, output, text_of

IN_A_BROWSER = {'accept': 'text/html,application/xhtml+xml'}
OTHER_SITE = {'origin': 'https://elsewhere.invalid', 'sec-fetch-site': 'cross-site'}


def test_a_browser_is_led_to_the_page(shown_url: str) -> None:
    for path in ('/', '/ui', '/ui/'):
        answer = httpx.get(shown_url + path, headers=IN_A_BROWSER, follow_redirects=True, trust_env=False)
        assert answer.status_code == 200
        assert answer.url.path == '/ui/'
        assert answer.headers['content-type'].startswith('text/html')
    assert httpx.get(f'{shown_url}/', trust_env=False).status_code == 404


def test_everything_of_the_page_has_a_strict_policy(shown_url: str) -> None:
    html = httpx.get(f'{shown_url}/ui/', trust_env=False)
    names = re.findall(r'(?:src|href)="([^"]+)"', html.text)
    assert names
    for name in ('', *names):
        answer = httpx.get(f'{shown_url}/ui/{name}', trust_env=False)
        assert answer.status_code == 200, name
        policy = answer.headers['content-security-policy']
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert 'unsafe' not in policy
        assert answer.headers['x-content-type-options'] == 'nosniff'
    assert not re.search(r'<script(?![^>]*\bsrc=)|\son\w+=|<style', html.text)


@pytest.mark.parametrize('form', ['json', 'yaml'])
def test_the_document_of_the_api_is_served(shown_url: str, form: str) -> None:
    answer = httpx.get(f'{shown_url}/openapi.{form}', trust_env=False)
    assert answer.status_code == 200
    assert form in answer.headers['content-type']
    if form == 'json':
        document = json.loads(answer.text)
        assert document['openapi'].startswith('3.')
        assert '/{tenant}/api/v4/execute' in document['paths']
    else:
        source = Path(__file__).parents[2] / 'openapi' / 'runner.yaml'
        assert answer.text == source.read_text(encoding='utf-8')


@pytest.mark.parametrize(
    'path',
    ['page.py', '../page.py', '%2e%2e/page.py', '..%2fpage.py', 'static/main.js', 'main.js/', '//main.js', 'vendor',
     'vendor/../../files.py', 'MAIN.JS', 'main.js%00', 'vendor/uplot.d.ts'],
)  # fmt: skip
def test_nothing_but_the_files_of_the_page_is_served(shown_url: str, path: str) -> None:
    import http.client
    from urllib.parse import urlsplit

    place = urlsplit(shown_url)
    assert place.hostname
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    connection.request('GET', f'/ui/{path}')
    assert connection.getresponse().status == 404
    connection.close()


@pytest.mark.parametrize('method', ['GET', 'POST'])
@pytest.mark.parametrize('path', ['/ui/', '/ui/services', '/ui/files?name=a.csv', '/ui/runs', '/openapi.json', '/'])
def test_pages_of_other_sites_are_refused(shown_url: str, method: str, path: str) -> None:
    answer = httpx.request(method, shown_url + path, headers=OTHER_SITE, trust_env=False)
    assert answer.status_code == 403
    other_host = httpx.request(method, shown_url + path, headers={'host': 'rebound.invalid'}, trust_env=False)
    assert other_host.status_code == 403


def test_without_a_page_there_is_none(shown_url: str) -> None:
    with Hybrid.LocalRunner(CYLINDER, page=False, instances=1) as runner, runner.serve() as server:
        for path in ('/', '/ui', '/ui/', '/ui/main.js', '/ui/services', '/ui/runs/x/progress'):
            assert httpx.get(server.url + path, headers=IN_A_BROWSER, trust_env=False).status_code == 404, path
        assert httpx.post(f'{server.url}/ui/files?name=a.csv', content=b'a\n1\n', trust_env=False).status_code == 404
        assert httpx.get(f'{server.url}/healthcheck', trust_env=False).status_code == 200


def test_the_page_works_behind_a_prefix(opened: Callable[..., Watched], tmp_path: Path) -> None:
    with Hybrid.LocalRunner(CYLINDER, prefix='/my/prefix', instances=1) as runner, runner.serve() as server:
        root = server.url.split('/my/prefix')[0]
        for path in ('/my/prefix', '/my/prefix/', '/my/prefix/ui'):
            answer = httpx.get(root + path, headers=IN_A_BROWSER, follow_redirects=True, trust_env=False)
            assert (answer.status_code, answer.url.path) == (200, '/my/prefix/ui/')
        for path in ('/', '/ui', '/ui/', '/my/prefixed/ui/'):
            assert httpx.get(root + path, headers=IN_A_BROWSER, trust_env=False).status_code == 404
        watched = opened(f'{root}/my/prefix')
        page = watched.open(TENANT, CYLINDER_150)
        text_of(page, 'height').fill('1')
        expect(output(page, 'volume').locator('.changed')).to_be_visible()
        page.get_by_role('link', name='File of records').click()
        rows = tmp_path / 'rows.csv'
        rows.write_text('height,radius\n1,1\n')
        page.get_by_label('Drop a CSV').set_input_files(rows)
        page.get_by_role('button', name='Execute all records').click()
        with page.expect_download() as download:
            page.get_by_role('link', name='Download the results').click()
        assert '3.14159' in Path(download.value.path()).read_text()
        assert all('/my/prefix/' in url for _, url in watched.requests)
        page.goto('about:blank')


def test_the_page_is_seen_in_the_type_of_its_parts(shown_url: str) -> None:
    answer = httpx.head(f'{shown_url}/ui/', trust_env=False)
    assert answer.status_code in (200, 405)
