"""Results as one types: what changed, tables with charts, warnings, times, and the dress of the page."""

from __future__ import annotations

import re

from support.packages import CYLINDER_140, CYLINDER_150, TERM_LIFE_030
from support.pages import HOSTILE_TENANT, HOSTILE_VERSION, IMAGE, NUMBER, TENANT, Watched, expect, output, text_of


def test_outputs_follow_what_is_typed_and_mark_what_changed(watched: Watched) -> None:
    page = watched.open(TENANT, CYLINDER_150)
    expect(page.locator('.changed')).to_have_count(0)
    before = output(page, 'volume').locator('.value').inner_text()
    text_of(page, 'density').fill('2')
    expect(output(page, 'mass').locator('.changed')).to_be_visible()
    expect(output(page, 'mass')).to_contain_text(f'changed from {before}')
    expect(output(page, 'volume')).not_to_have_attribute('data-changed', 'true')
    expect(output(page, 'volume').locator('.changed')).to_have_count(0)


def test_the_times_of_the_model_and_of_the_call_are_told(watched: Watched) -> None:
    page = watched.open(TENANT, CYLINDER_150)
    told = page.get_by_role('region', name='Results').get_by_role('status')
    expect(told).to_have_text(re.compile(r'^Model \d+ ms, call \d+ ms$'))


def test_what_is_typed_fast_is_one_call(watched: Watched) -> None:
    page = watched.open(TENANT, CYLINDER_150)
    before = sum('/execute' in url for _, url in watched.requests)
    text_of(page, 'height').evaluate("""field => {
        for (const text of ['1', '12', '123']) {
            field.value = text
            field.dispatchEvent(new InputEvent('input', {bubbles: true}))
        }
    }""")
    expect(output(page, 'volume').locator('.changed')).to_be_visible()
    assert sum('/execute' in url for _, url in watched.requests) == before + 1


def test_the_last_value_wins_even_if_it_is_answered_first(watched: Watched) -> None:
    page = watched.open(TENANT, CYLINDER_150)
    for height in range(1, 30):
        text_of(page, 'height').fill(str(height))
    text_of(page, 'height').fill('0.5')
    text_of(page, 'radius').fill('1')
    expect(output(page, 'volume').locator('.value')).to_have_text('1.570796327')
    expect(page.get_by_role('region', name='Results')).to_have_attribute('aria-busy', 'false')
    expect(output(page, 'volume').locator('.value')).to_have_text('1.570796327')


def test_a_table_is_a_table_with_a_chart_of_any_numeric_column(watched: Watched) -> None:
    page = watched.open(TENANT, TERM_LIFE_030)
    table = output(page, 'schedule')
    expect(table.get_by_role('columnheader')).to_have_text(['year', 'date', 'age', 'in_force', 'reserve'])
    expect(table.get_by_role('row')).to_have_count(22)
    choice = page.get_by_label('Chart of schedule')
    assert choice.locator('option').all_inner_texts() == ['none', 'year', 'age', 'in_force', 'reserve']
    choice.select_option('reserve')
    chart = page.get_by_role('img', name='Chart of reserve')
    expect(chart.locator('canvas')).to_be_visible()
    ink = """canvas => {
        const picture = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
        return picture.data.some(one => one > 0)
    }"""
    assert chart.locator('canvas').evaluate(ink)
    choice.select_option('none')
    expect(chart).to_have_count(0)


def test_a_chart_of_a_hostile_column_is_only_a_chart(watched: Watched) -> None:
    page = watched.open(HOSTILE_TENANT, HOSTILE_VERSION)
    page.get_by_label('Chart of rows').select_option('co"l <i>')
    expect(page.get_by_role('img', name='Chart of co"l <i>').locator('canvas')).to_be_visible()
    assert page.locator('main img, main b, main i').count() == 0


def test_a_changed_table_is_marked(watched: Watched) -> None:
    page = watched.open(TENANT, TERM_LIFE_030)
    text_of(page, 'term_years').fill('10')
    expect(output(page, 'schedule').locator('.changed')).to_be_visible()
    expect(output(page, 'schedule').get_by_role('row')).to_have_count(12)
    expect(output(page, 'rider_premiums').locator('.changed')).to_have_count(0)


def test_metadata_dress_the_page_and_only_the_page_of_their_service(watched: Watched) -> None:
    page = watched.open(TENANT, TERM_LIFE_030)
    style = 'getComputedStyle(document.documentElement).getPropertyValue("{}")'
    expect(page.locator('img.logo')).to_have_attribute('src', re.compile('^data:image/png;base64,'))
    page.wait_for_function('document.querySelector("img.logo").naturalWidth > 0')  # an image is decoded on the side
    assert page.evaluate(style.format('--brand')).lower() == '#1f6f5c'
    assert 'Arial' in page.evaluate(style.format('--font'))
    page.get_by_role('link', name='Services').click()
    expect(page.get_by_role('heading', name='Services of this runner')).to_be_visible()
    assert 'Arial' not in page.evaluate(style.format('--font'))


def test_hostile_metadata_dress_nothing(watched: Watched) -> None:
    page = watched.open(HOSTILE_TENANT, HOSTILE_VERSION)
    with page.expect_response('**/v3/metadata'):
        page.reload()
    expect(output(page, f'out {IMAGE}')).to_be_visible()
    expect(page.locator('img.logo')).to_have_count(0)
    assert page.evaluate('document.documentElement.getAttribute("style")') in (None, '')
    assert not any('elsewhere' in url for _, url in watched.requests)


def test_a_warning_stands_beside_its_output_and_an_error_is_not_lost(watched: Watched) -> None:
    page = watched.open(HOSTILE_TENANT, HOSTILE_VERSION)
    expect(output(page, 'said <b>').locator('.entries')).to_have_text(f'warned {IMAGE}')
    text_of(page, NUMBER).fill('13')
    expect(page.get_by_text(f'unlucky {IMAGE}').first).to_be_visible()


def test_each_version_has_its_own_outputs(watched: Watched) -> None:
    page = watched.open(TENANT, CYLINDER_140)
    expect(page.locator('[data-output]')).to_have_count(2)
    expect(page.get_by_role('form', name='Inputs').get_by_role('textbox')).to_have_count(2)
    watched.open(TENANT, CYLINDER_150)
    expect(page.get_by_role('heading', name='cylinder 1.5.0')).to_be_visible()
    expect(page.locator('[data-output]')).to_have_count(3)


def test_an_address_that_leads_nowhere_shows_the_services(watched: Watched) -> None:
    page = watched.page
    for place in ('#/nobody/nothing/try', '#/%', '#///', f'#/{TENANT}/{CYLINDER_150}/no-view'):
        page.goto('about:blank')
        page.goto(f'{watched.url}/ui/{place}')
        expect(page.get_by_role('heading', level=1)).to_be_visible()
