"""The page for everyone: screen readers, keyboards, phones, dark rooms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.packages import CYLINDER_150, TERM_LIFE_030
from support.pages import (
    AXE,
    CHOICE,
    HOSTILE_TENANT,
    HOSTILE_VERSION,
    NUMBER,
    TENANT,
    Watched,
    axe,
    expect,
    text_of,
    wide,
)

VIEWS = ['services', 'try', 'what-if', 'heat', 'compare', 'records', 'calls']
SERVICES = [(TENANT, CYLINDER_150, 'height', 'radius'), (TENANT, TERM_LIFE_030, 'sum_assured', 'term_years'),
            (HOSTILE_TENANT, HOSTILE_VERSION, NUMBER, CHOICE)]  # fmt: skip


def fill_view(  # noqa: C901 - a view after the other
    watched: Watched, tenant: str, version: str, view: str, names: tuple[str, str], folder: Path
) -> Any:
    """Open a view and put into it whatever it can show."""
    page = watched.page
    if view == 'services':
        page.goto(f'{watched.url}/ui/')
        expect(page.get_by_role('region').first).to_be_visible()
        return page
    watched.open(tenant, version)
    if view in ('try', 'compare'):
        text_of(page, names[0]).fill('-1000000')
        expect(page.locator('[aria-invalid]').first).to_be_visible()
        expect(page.locator('.changed').first).to_be_visible()
    if view == 'try':
        page.locator('details.copy summary').press('Enter')
        for choice in page.locator('select[aria-label^="Chart of"]').all():
            choice.select_option(index=1)
        return page
    page.get_by_role('navigation').locator(f'a[href$="/{"what-if" if view == "heat" else view}"]').click()
    if view in ('what-if', 'heat'):
        page.get_by_label('Vary').select_option(names[0])
        if view == 'heat':
            page.get_by_label('and (optional)').select_option(names[1])
        page.get_by_role('button', name='Compute').click()
        expect(page.get_by_role('region', name='Outcome')).to_be_visible()
    elif view == 'compare':
        page.get_by_role('button', name='Save', exact=True).click()
        expect(page.get_by_role('group', name='Side by side').locator('td').first).to_be_visible()
    elif view == 'records':
        rows = folder / 'a-rather-long-name-of-a-file-of-records-without-any-space-in-it-anywhere.csv'
        rows.write_text(f'"{names[0].replace(chr(34), chr(34) * 2)}",note\n1,x\n2,y\n')
        page.get_by_label('Drop a CSV').set_input_files(rows)
        page.get_by_role('button', name='Execute all records').click()
        expect(page.get_by_role('link', name='Download the results')).to_be_visible()
    elif view == 'calls':
        for summary in page.locator('details.call summary').all()[:2]:
            summary.click()
    return page


@pytest.mark.parametrize('view', VIEWS)
@pytest.mark.parametrize(
    ('service', 'width', 'scheme'),
    [(SERVICES[1], 1200, 'light'), (SERVICES[2], 390, 'dark')],
    ids=['term-life in light', 'hostile names on a phone in the dark'],
)
def test_axe_finds_nothing_and_nothing_is_too_wide(
    opened: Callable[..., Watched], shown_url: str, service: tuple[str, str, str, str], view: str, width: int,
    scheme: str, tmp_path: Path,
) -> None:  # fmt: skip
    if not AXE.exists():
        pytest.skip('axe-core is not installed; make check installs it')
    watched = opened(shown_url, viewport={'width': width, 'height': 800}, color_scheme=scheme)
    page = fill_view(watched, service[0], service[1], view, service[2:], tmp_path)
    assert wide(page) == []
    assert axe(page) == []


def test_every_control_is_reached_by_the_tab_key_and_shows_its_focus(watched: Watched) -> None:
    page = watched.open(TENANT, TERM_LIFE_030)
    page.locator('details.copy summary').press('Enter')
    seen: set[str] = set()
    for _ in range(60):
        page.keyboard.press('Tab')
        told = page.evaluate("""() => {
            const one = document.activeElement
            const name = one.id || one.getAttribute('aria-label') || one.textContent.trim()
            return [name, getComputedStyle(one).outlineStyle]
        }""")
        if told[0] in seen and told[0].startswith('Services'):
            break
        if one_is_no_body := page.evaluate('document.activeElement !== document.body'):
            assert one_is_no_body
            seen.add(told[0])
            assert told[1] != 'none', told
    for name in (
        'Services',
        'Try',
        'What if',
        'Reset to defaults',
        'input-0',
        'input-6',
        'Add column',
        'Chart of schedule',
        'Copy',
    ):
        assert name in seen, (name, sorted(seen))


def test_the_focus_stays_where_one_types(watched: Watched) -> None:
    page = watched.open(TENANT, TERM_LIFE_030)
    text_of(page, 'term_years').fill('10')
    expect(page.locator('.changed').first).to_be_visible()
    assert page.evaluate('document.activeElement.id') == text_of(page, 'term_years').get_attribute('id')


def test_a_table_is_entered_by_keyboard_alone(watched: Watched) -> None:
    page = watched.open(TENANT, TERM_LIFE_030)
    page.get_by_label('New column of riders').focus()
    page.keyboard.type('rider')
    page.keyboard.press('Enter')
    expect(page.get_by_role('columnheader', name='rider', exact=True).first).to_be_visible()


def test_each_view_has_its_own_title(watched: Watched) -> None:
    page = watched.open(TENANT, TERM_LIFE_030)
    titles: list[str] = [page.title()]
    for name in ('What if', 'Compare', 'File of records', 'Calls'):
        page.get_by_role('link', name=name, exact=True).click()
        expect(page.locator('nav a[aria-current]')).to_have_text(name)
        titles.append(page.title())
    page.get_by_role('link', name='Services').click()
    expect(page).to_have_title('Services of this runner')
    assert titles[0].startswith('term-life 0.3.0')


def test_problems_and_notes_are_told_with_their_field(watched: Watched) -> None:
    page = watched.open(TENANT, TERM_LIFE_030)
    text_of(page, 'sum_assured').fill('5')
    expect(text_of(page, 'sum_assured')).to_have_accessible_description(
        'from 10000 to 2000000 · default 250000 The sum is from 10,000 to 2,000,000.'
    )
