"""The list of services, and packages that are dropped on it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

import cspark.wasm as Hybrid
from support.packages import CYLINDER, CYLINDER_150, TERM_LIFE, only, rename
from support.pages import HOSTILE_FOLDER, HOSTILE_SERVICE, HOSTILE_TENANT, IMAGE, TENANT, Watched, expect

DROP = """(place, [name, base64]) => {
  const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))
  const transfer = new DataTransfer()
  transfer.items.add(new File([bytes], name))
  const event = new DragEvent('drop', {dataTransfer: transfer, bubbles: true, cancelable: true})
  place.dispatchEvent(event)
}"""


def drop(page: Any, name: str, content: bytes) -> None:
    """Drop a file on the page."""
    import base64

    # By its locator, which waits until the page has made the element.
    page.locator('.drop').evaluate(DROP, [name, base64.b64encode(content).decode()])


def row_of(place: Any, version: str) -> Any:
    """The row of a version."""
    return place.locator(f'tr:has(bdi:text-is("{version}"))')


def test_all_services_are_listed_by_tenant_folder_and_version(watched: Watched) -> None:
    page = watched.page
    page.goto(f'{watched.url}/ui/')
    mine = page.get_by_role('region', name=TENANT, exact=True)
    rows = mine.get_by_role('row')
    expect(rows).to_have_count(4)
    expect(row_of(mine, '1.5.0')).to_contain_text("A cylinder's volume and surface")
    expect(row_of(mine, '1.5.0')).to_contain_text('2025-01-01 to 2044-01-01')
    expect(row_of(mine, '1.4.0')).to_contain_text('shapes / cylinder')
    expect(row_of(mine, '0.3.0')).to_contain_text('insurance / term-life')
    theirs = page.get_by_role('region', name=HOSTILE_TENANT, exact=True)
    expect(theirs).to_contain_text(HOSTILE_FOLDER)
    expect(theirs).to_contain_text(HOSTILE_SERVICE)
    expect(theirs).to_contain_text(IMAGE)
    expect(page.locator('main img, main b')).to_have_count(0)


def test_counts_and_times_follow_the_calls(watched: Watched, shown: Hybrid.LocalRunner) -> None:
    page = watched.page
    page.goto(f'{watched.url}/ui/')
    cells = row_of(page, '1.5.0').get_by_role('cell')
    expect(cells.nth(3)).to_have_text(re.compile(r'^\d+$'))
    before = int(cells.nth(3).inner_text())
    with shown.client(tenant=TENANT) as client:
        client.services.execute('shapes/cylinder', inputs={'height': 2})
    expect(cells.nth(3)).to_have_text(str(before + 1))
    expect(cells.nth(5)).to_have_text(re.compile(r'^[\d.]+ ms$'))


@pytest.mark.parametrize('way', ['dropped', 'chosen'])
def test_a_package_is_uploaded(opened: Callable[..., Watched], way: str) -> None:
    with Hybrid.LocalRunner(instances=1) as runner, runner.serve() as server:
        watched = opened(server.url)
        page = watched.page
        page.goto(f'{server.url}/ui/')
        expect(page.get_by_text('No service is loaded yet.')).to_be_visible()
        if way == 'dropped':
            drop(page, 'cylinder.zip', CYLINDER.read_bytes())
        else:
            page.get_by_label('Drop a package').set_input_files(CYLINDER)
        expect(page.get_by_text('cylinder.zip is loaded.')).to_be_visible()
        expect(row_of(page, '1.5.0')).to_be_visible()
        assert page.get_by_role('progressbar').count() == 0
        row_of(page, '1.5.0').get_by_role('link').click()
        expect(page.get_by_role('heading', name='cylinder 1.5.0')).to_be_visible()
        watched.check()
        page.goto('about:blank')


def test_a_refusal_says_why(opened: Callable[..., Watched]) -> None:
    with Hybrid.LocalRunner(instances=1) as runner, runner.serve() as server:
        watched = opened(server.url)
        watched.refused = {422, 400, 415}
        page = watched.page
        page.goto(f'{server.url}/ui/')
        drop(page, f'{IMAGE.replace("/", "")}.zip', b'no zip at all')
        expect(page.get_by_role('alert')).to_contain_text('was refused: ')
        expect(page.get_by_role('alert')).to_contain_text('zip')
        expect(page.locator('main img')).to_have_count(0)
        page.goto('about:blank')


def test_without_uploads_there_is_no_place_to_drop_a_package(opened: Callable[..., Watched]) -> None:
    with Hybrid.LocalRunner(CYLINDER, uploads=False, instances=1) as runner, runner.serve() as server:
        watched = opened(server.url)
        watched.page.goto(f'{server.url}/ui/')
        expect(watched.page.get_by_role('row')).to_have_count(3)
        expect(watched.page.get_by_label('Drop a package')).to_have_count(0)
        watched.page.goto('about:blank')


def test_a_service_that_is_loaded_later_appears(opened: Callable[..., Watched]) -> None:
    with Hybrid.LocalRunner(CYLINDER, instances=1) as runner, runner.serve() as server:
        watched = opened(server.url)
        watched.page.goto(f'{server.url}/ui/')
        expect(watched.page.get_by_role('row')).to_have_count(3)
        with TERM_LIFE.open('rb') as file:
            import httpx

            assert httpx.post(f'{server.url}/api/v3/upload', files={'file': file}).status_code < 300
        expect(watched.page.get_by_role('row').filter(has_text='term-life')).to_be_visible()
        watched.page.goto('about:blank')


def test_several_tenants_have_their_own_services(opened: Callable[..., Watched]) -> None:
    other = rename(only(CYLINDER.read_bytes(), '1.5.0'), tenant='other', version='9.0.0')
    with Hybrid.LocalRunner(CYLINDER, other, instances=1) as runner, runner.serve() as server:
        watched = opened(server.url)
        watched.open('other', CYLINDER_150)
        expect(watched.page.get_by_role('heading', name='cylinder 9.0.0')).to_be_visible()
        assert any('/other/api/v3/execute' in url for _, url in watched.requests)
        assert not any('/my-tenant/' in url for _, url in watched.requests)
        watched.page.goto('about:blank')


def test_several_files_that_are_dropped_each_tell_how_they_went(opened: Callable[..., Watched]) -> None:
    with Hybrid.LocalRunner(instances=1) as runner, runner.serve() as server:
        watched = opened(server.url)
        watched.refused = {422, 400, 415}
        page = watched.page
        page.goto(f'{server.url}/ui/')
        script = DROP.replace(
            'transfer.items.add(', "transfer.items.add(new File(['x'], 'broken.zip')); transfer.items.add("
        )
        import base64

        page.locator('.drop').evaluate(script, ['good.zip', base64.b64encode(CYLINDER.read_bytes()).decode()])
        expect(page.get_by_text('good.zip is loaded.')).to_be_visible()
        expect(page.get_by_text('broken.zip was refused')).to_be_visible()
        page.goto('about:blank')
