"""Files of records, the call as text for other programs, and the calls that the page shows."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

import cspark.wasm as Hybrid
from support.packages import CYLINDER_150, TERM_LIFE_030
from support.pages import (
    HOSTILE_TENANT,
    HOSTILE_VERSION,
    IMAGE,
    NUMBER,
    TENANT,
    TEXT,
    Watched,
    expect,
    output,
    text_of,
)  # fmt: skip

RECORDS = [{'Height': height, 'radius': 2, 'note <b>': f'{IMAGE} {height}'} for height in (1, 2.5, 4)]


def written(folder: Path, end: str) -> Path:
    """A file of these records."""
    path = folder / f'rows <b>.{end}'
    if end == 'csv':
        with path.open('w', newline='', encoding='utf-8') as file:
            writer = csv.DictWriter(file, list(RECORDS[0]))
            writer.writeheader()
            writer.writerows(RECORDS)
    elif end == 'parquet':
        arrow: Any = pytest.importorskip('pyarrow')
        parquet: Any = pytest.importorskip('pyarrow.parquet')
        parquet.write_table(arrow.Table.from_pylist(RECORDS), path)
    else:
        openpyxl: Any = pytest.importorskip('openpyxl')
        book = openpyxl.Workbook()
        for row in [list(RECORDS[0]), *(list(one.values()) for one in RECORDS)]:
            book.active.append(row)
        book.save(path)
    return path


@pytest.mark.parametrize('end', ['csv', 'parquet', 'xlsx'])
def test_a_file_of_records_is_executed_as_by_execute_many(
    watched: Watched, shown: Hybrid.LocalRunner, tmp_path: Path, end: str
) -> None:
    page = watched.open(TENANT, CYLINDER_150, 'records')
    page.get_by_label('Drop a CSV').set_input_files(written(tmp_path, end))
    columns = page.get_by_role('region', name='Columns')
    expect(columns.get_by_role('heading', name='rows <b>')).to_be_visible()
    expect(columns.get_by_role('combobox', name='height', exact=True)).to_have_value('Height')
    expect(columns.get_by_role('combobox', name='density', exact=True)).to_have_value('')
    expect(columns.get_by_role('checkbox', name='note <b>', exact=True)).to_be_checked()
    columns.get_by_role('combobox', name='density', exact=True).select_option('radius')
    page.get_by_role('button', name='Execute all records').click()
    told = page.get_by_role('region', name='Progress').get_by_role('status')
    expect(told).to_contain_text('done')
    with page.expect_download() as download:
        page.get_by_role('link', name='Download the results').click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding='utf-8'))))
    with shown.client(tenant=TENANT) as client:
        many = client.services.execute_many(
            f'version/{CYLINDER_150}', [{'height': one['Height'], 'radius': 2, 'density': 2} for one in RECORDS]
        )
        expected = [one.outputs for one in many]
    assert [{name: float(row[name]) for name in ('volume', 'surface', 'mass')} for row in rows] == expected
    assert [row['note <b>'] for row in rows] == [one['note <b>'] for one in RECORDS]
    assert page.locator('main img, main b').count() == 0
    assert '3 records of 3' in told.inner_text()


def test_a_file_that_is_refused_says_why(watched: Watched, tmp_path: Path) -> None:
    watched.refused = {415, 422}
    page = watched.open(TENANT, CYLINDER_150, 'records')
    for name, content in (('rows.exe', b'x'), ('rows.xlsx', b'x')):
        (tmp_path / name).write_bytes(content)
        page.get_by_label('Drop a CSV').set_input_files(tmp_path / name)
        expect(page.get_by_role('alert')).to_contain_text(name)


def test_a_record_with_an_error_is_counted(watched: Watched, tmp_path: Path) -> None:
    (tmp_path / 'rows.jsonl').write_text(''.join(json.dumps({NUMBER: one}) + '\n' for one in (1, 13)))
    page = watched.open(HOSTILE_TENANT, HOSTILE_VERSION, 'records')
    page.get_by_label('Drop a CSV').set_input_files(tmp_path / 'rows.jsonl')
    page.get_by_role('button', name='Execute all records').click()
    expect(page.get_by_role('region', name='Progress')).to_contain_text('1 with errors')


def copied(page: Any, form: str) -> str:
    """The text of the call."""
    if page.locator('details.copy[open]').count() == 0:
        page.locator('details.copy summary').press('Enter')
    page.get_by_label('Form').select_option(form)
    text: str = page.get_by_label(f'The call as {form}').inner_text()
    return text


SERVICES = [
    (TENANT, CYLINDER_150, 'volume'),
    (TENANT, TERM_LIFE_030, 'net_premium'),
    (HOSTILE_TENANT, HOSTILE_VERSION, 'said <b>'),
]


@pytest.mark.parametrize(('tenant', 'version', 'name'), SERVICES)
def test_the_copied_python_and_curl_answer_what_the_page_shows(
    watched: Watched, tenant: str, version: str, name: str
) -> None:
    page = watched.open(tenant, version)
    if tenant == HOSTILE_TENANT:
        text_of(page, TEXT).fill("it's $HOME `id` \\ JSON \" ' %s <b> שלום {0}")
        expect(output(page, name)).to_contain_text('$HOME')
    python, curl, body = (copied(page, form) for form in ('Python', 'curl', 'JSON'))
    shown = json.loads(page.evaluate('JSON.stringify(null)') or 'null')
    assert shown is None
    paths = {'PYTHONPATH': os.pathsep.join(sys.path), 'PATH': os.environ['PATH'], 'PYTHONIOENCODING': 'utf-8'}
    ran = subprocess.run([sys.executable, '-'], input=python, capture_output=True, text=True, env=paths, check=False)
    assert ran.returncode == 0, ran.stderr
    called = subprocess.run(
        ['sh', '-c', curl], capture_output=True, text=True, check=False, env={'PATH': os.environ['PATH']}
    )
    assert called.returncode == 0, called.stderr
    outputs = json.loads(called.stdout)['response_data']['outputs']
    import httpx

    path = curl.split("'")[1]
    asked = httpx.post(path, json=json.loads(body), trust_env=False).json()['response_data']['outputs']
    assert asked == outputs
    assert str(outputs[name]) in ran.stdout or repr(outputs[name]) in ran.stdout
    value = output(page, name).locator('.value').inner_text()
    assert (
        value == outputs[name]
        if isinstance(outputs[name], str)
        else float(value.replace(',', '')) == pytest.approx(outputs[name])
    )


def test_the_clipboard_gets_the_text(watched: Watched) -> None:
    watched.page.context.grant_permissions(['clipboard-read', 'clipboard-write'])
    page = watched.open(TENANT, CYLINDER_150)
    text = copied(page, 'curl')
    page.get_by_role('button', name='Copy', exact=True).click()
    expect(page.get_by_text('Copied.')).to_be_visible()
    assert page.evaluate('navigator.clipboard.readText()').strip() == text.strip()


def test_every_call_is_documented_and_shown(watched: Watched) -> None:
    page = watched.open(TENANT, TERM_LIFE_030)
    page.get_by_role('link', name='What if').click()
    page.get_by_role('button', name='Compute').click()
    expect(page.get_by_role('region', name='Outcome')).to_be_visible()
    page.get_by_role('link', name='Calls').click()
    texts = page.locator('details.call summary').all_inner_texts()
    import httpx

    documented = httpx.get(f'{watched.url}/openapi.json', trust_env=False).json()['paths']
    for method, url in watched.requests:
        path = unquote(urlsplit(url).path)
        if path.startswith('/ui/') or url.startswith('data:'):
            continue
        generic = path.replace(f'/{TENANT}/', '/{tenant}/')
        assert method.lower() in documented[generic]
        if path != '/status':
            assert any(f'{method} {path}' in text for text in texts), path
    page.locator('details.call summary').first.click()
    answer = page.locator('details.call').first.get_by_label('Answer')
    expect(answer).to_contain_text('"outputs"')
    expect(page.locator('details.call').first.get_by_label('Request')).to_contain_text('"inputs"')


def test_the_calls_of_a_hostile_package_are_text(watched: Watched) -> None:
    page = watched.open(HOSTILE_TENANT, HOSTILE_VERSION)
    page.get_by_role('link', name='Calls').click()
    page.locator('details.call summary').first.click()
    expect(page.locator('details.call').first).to_contain_text('<b>')
    assert page.locator('main img, main b, main i').count() == 0
