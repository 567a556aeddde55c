"""What if: one input as a chart, two as a heat map; sets of inputs side by side."""

from __future__ import annotations

import math
from typing import Any

from support.packages import CYLINDER_150, TERM_LIFE_030
from support.pages import (
    CHOICE,
    CHOICES,
    HOSTILE_TENANT,
    HOSTILE_VERSION,
    IMAGE,
    NUMBER,
    TENANT,
    Watched,
    expect,
    text_of,
)


def compute(page: Any, *axes: tuple[str, str]) -> None:
    """Vary inputs over values."""
    for index, (name, values) in enumerate(axes):
        page.get_by_label(('Vary', 'and (optional)')[index]).select_option(name)
        page.get_by_label('Values').nth(index).fill(values)
    page.get_by_role('button', name='Compute').click()


def rows_of(page: Any) -> list[list[str]]:
    """The cells of the outcome."""
    outcome = page.get_by_role('region', name='Outcome')
    expect(outcome).to_be_visible()
    return [row.locator('th, td').all_inner_texts() for row in outcome.locator('tbody tr').all()]


def calls_of(watched: Watched) -> int:
    """How many calls with many records were made."""
    return sum('/api/v4/execute' in url for _, url in watched.requests)


def test_one_input_over_a_range_is_one_call_and_a_chart(watched: Watched) -> None:
    page = watched.open(TENANT, CYLINDER_150, 'what-if')
    compute(page, ('height', '1 to 3 by 0.5'))
    rows = rows_of(page)
    assert [float(row[0]) for row in rows] == [1, 1.5, 2, 2.5, 3]
    assert all(math.isclose(float(row[1]), math.pi * 49 * float(row[0]), rel_tol=1e-8) for row in rows)
    expect(page.get_by_role('img', name='Chart of volume by height').locator('canvas')).to_be_visible()
    assert calls_of(watched) == 1
    page.get_by_label('Output').select_option('surface')
    expect(page.get_by_role('img', name='Chart of surface by height')).to_be_visible()


def test_one_input_over_a_list_of_choices(watched: Watched) -> None:
    page = watched.open(TENANT, TERM_LIFE_030, 'what-if')
    page.get_by_label('Vary').select_option('frequency')
    page.get_by_role('button', name='Compute').click()
    assert [row[0] for row in rows_of(page)] == ['annual', 'half-yearly', 'quarterly', 'monthly']


def test_two_inputs_are_a_heat_map_of_one_call(watched: Watched) -> None:
    page = watched.open(TENANT, CYLINDER_150, 'what-if')
    compute(page, ('height', '1, 2'), ('radius', '1, 2, 3'))
    rows = rows_of(page)
    assert [row[0] for row in rows] == ['1', '2', '3']
    assert math.isclose(float(rows[2][2]), math.pi * 9 * 2, rel_tol=1e-8)
    assert calls_of(watched) == 1
    colours = page.locator('.heat td.number').evaluate_all(
        'all => all.map(one => getComputedStyle(one).backgroundColor)'
    )
    assert len(set(colours)) == 6


def test_choices_that_hold_commas_are_varied_as_they_are(watched: Watched) -> None:
    page = watched.open(HOSTILE_TENANT, HOSTILE_VERSION, 'what-if')
    page.get_by_label('Vary').select_option(CHOICE)
    page.get_by_role('button', name='Compute').click()
    assert [row[0] for row in rows_of(page)] == CHOICES
    assert page.locator('main img, main b').count() == 0


def test_an_output_with_a_hostile_name_is_charted(watched: Watched) -> None:
    page = watched.open(HOSTILE_TENANT, HOSTILE_VERSION, 'what-if')
    compute(page, (NUMBER, '1, 2, 13'))
    assert [row[1] for row in rows_of(page)] == ['2', '4', '26']
    expect(page.get_by_role('img', name=f'Chart of out {IMAGE} by {NUMBER}')).to_be_visible()
    assert page.locator('main img, main b').count() == 0


def test_a_list_that_is_not_in_order_is_charted_in_order(watched: Watched) -> None:
    page = watched.open(TENANT, CYLINDER_150, 'what-if')
    compute(page, ('height', '40, 10, 20'))
    assert sorted(float(row[0]) for row in rows_of(page)) == [10, 20, 40]
    # The axis of the chart must reach from the least to the largest value: it is at its left end and its right end.
    drawn = page.evaluate("""() => {
        const made = []
        const Real = uPlot
        window.uPlot = function (options, data, holder) { made.push(data[0]); return new Real(options, data, holder) }
        window.madeCharts = made
    }""")
    assert drawn is None
    compute(page, ('height', '50, 10, 20'))
    expect(page.get_by_role('region', name='Outcome')).to_contain_text('50')
    while not page.evaluate('window.madeCharts.length'):
        page.wait_for_timeout(50)
    assert page.evaluate('window.madeCharts.at(-1)') == [10, 20, 50]


def test_wrong_ranges_say_why(watched: Watched) -> None:
    page = watched.open(TENANT, CYLINDER_150, 'what-if')
    for text in ('1 to 5 by 0', '', '0 to 1000000 by 1', '5 to 1 by 1'):
        compute(page, ('height', text))
        expect(page.get_by_role('alert')).to_be_visible()
        compute(page, ('height', '1, 2'))
        expect(page.get_by_role('alert')).to_have_count(0)


def test_the_other_inputs_are_those_of_try(watched: Watched) -> None:
    page = watched.open(TENANT, CYLINDER_150)
    text_of(page, 'radius').fill('1')
    page.get_by_role('link', name='What if').click()
    compute(page, ('height', '1, 2'))
    assert math.isclose(float(rows_of(page)[0][1]), math.pi, rel_tol=1e-8)


def save(page: Any, name: str) -> None:
    """Save the inputs of Try."""
    page.get_by_label('Save the inputs of Try as').fill(name)
    page.get_by_role('button', name='Save', exact=True).click()


def test_two_sets_of_inputs_stand_side_by_side(watched: Watched) -> None:
    page = watched.open(TENANT, CYLINDER_150)
    text_of(page, 'height').fill('8')
    page.get_by_role('link', name='Compare').click()
    save(page, f'high {IMAGE}')
    page.get_by_role('link', name='Try').click()
    text_of(page, 'height').fill('2')
    page.get_by_role('link', name='Compare').click()
    table = page.get_by_role('group', name='Side by side')
    row = table.locator('tr', has_text='height')
    expect(row.locator('td')).to_have_text(['2', '8'])
    expect(row).to_contain_text('differs')
    expect(table.locator('tr', has_text='radius')).not_to_contain_text('differs')
    expect(table.locator('tr', has_text='volume').locator('td').first).to_contain_text('307.87')
    assert page.locator('main img').count() == 0
    page.reload()
    expect(page.locator('.saved')).to_contain_text(f'high {IMAGE}')
    page.get_by_role('button', name='Use in Try').click()
    page.get_by_role('link', name='Try').click()
    expect(text_of(page, 'height')).to_have_value('8')
    page.get_by_role('link', name='Compare').click()
    page.get_by_role('button', name='Forget high').click()
    expect(page.locator('.saved')).to_have_count(0)


def test_a_set_named_like_the_inputs_of_try_can_be_compared(watched: Watched) -> None:
    page = watched.open(TENANT, CYLINDER_150, 'compare')
    save(page, 'the inputs of Try')
    page.get_by_role('link', name='Try').click()
    text_of(page, 'height').fill('2')
    page.get_by_role('link', name='Compare').click()
    expect(page.get_by_role('group', name='Side by side').locator('tr', has_text='height').locator('td')).to_have_text(
        ['2', '4']
    )


def test_errors_of_a_set_are_told(watched: Watched) -> None:
    page = watched.open(HOSTILE_TENANT, HOSTILE_VERSION)
    text_of(page, NUMBER).fill('13')
    page.get_by_role('link', name='Compare').click()
    save(page, 'unlucky set')
    expect(page.get_by_role('group', name='Side by side')).to_contain_text(f'out {IMAGE}')
    expect(page.get_by_text(f'unlucky {IMAGE}').first).to_be_visible()
