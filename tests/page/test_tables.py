"""Tables of inputs: rows that are added, removed and pasted."""

from __future__ import annotations

from typing import Any

from support.packages import TERM_LIFE_030
from support.pages import COLUMN, HOSTILE_TENANT, HOSTILE_VERSION, IMAGE, TABLE, TENANT, Watched, expect, output, sent

PASTE = """(element, text) => {
  const data = new DataTransfer()
  data.setData('text/plain', text)
  element.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}))
}"""


def paste(locator: Any, text: str) -> None:
    """Paste text where the focus would be."""
    locator.focus()
    locator.evaluate(PASTE, text)


def test_rows_pasted_from_excel_are_sent(watched: Watched) -> None:
    page = watched.open(TENANT, TERM_LIFE_030)
    paste(page.get_by_label('New column of riders'), 'rider\tsum_assured\r\naccident\t100000\r\nhospital\t2000\r\n')
    expect(page.get_by_label('rider, row 2', exact=True)).to_have_value('hospital')
    assert sent(watched)['riders'] == [
        {'rider': 'accident', 'sum_assured': 100000}, {'rider': 'hospital', 'sum_assured': 2000},
    ]  # fmt: skip
    expect(output(page, 'rider_premiums').get_by_role('row')).to_have_count(3)
    paste(page.get_by_label('rider, row 1', exact=True), 'disability\t5000\n')
    assert sent(watched)['riders'][-1] == {'rider': 'disability', 'sum_assured': 5000}


def test_numbers_that_excel_shows_with_separators_arrive_as_they_were(watched: Watched) -> None:
    page = watched.open(TENANT, TERM_LIFE_030)
    paste(page.get_by_label('New column of riders'), 'rider\tsum_assured\r\naccident\t100,000.00\r\n')
    assert sent(watched)['riders'] == [{'rider': 'accident', 'sum_assured': '100,000.00'}]


def test_cells_with_quotes_and_line_breaks_are_pasted(watched: Watched) -> None:
    page = watched.open(HOSTILE_TENANT, HOSTILE_VERSION)
    paste(page.get_by_label(f'{COLUMN}, row 1', exact=True), f'5\t"two\nlines ""q"""\n6\t{IMAGE}\n')
    expect(page.get_by_label(f'{COLUMN}, row 3', exact=True)).to_have_value('6')
    assert sent(watched)[TABLE][1:] == [{COLUMN: 5, 'עמודה': 'two\nlines "q"'}, {COLUMN: 6, 'עמודה': IMAGE}]
    assert page.locator('main img').count() == 0


def test_more_cells_than_columns_are_not_lost_in_silence(watched: Watched) -> None:
    page = watched.open(HOSTILE_TENANT, HOSTILE_VERSION)
    paste(page.get_by_label(f'{COLUMN}, row 1', exact=True), '5\tb\tthird\n')
    assert 'third' in page.get_by_role('form', name='Inputs').inner_text() or 'third' in str(sent(watched))


def test_rows_are_added_and_removed(watched: Watched) -> None:
    page = watched.open(TENANT, TERM_LIFE_030)
    for column in ('rider', 'sum_assured'):
        page.get_by_label('New column of riders').fill(column)
        page.get_by_role('button', name='Add column').click()
    for _ in range(2):
        page.get_by_role('button', name='Add row').click()
    page.get_by_label('rider, row 1', exact=True).fill('hospital')
    page.get_by_label('sum_assured, row 1', exact=True).fill('1000')
    page.get_by_role('button', name='Remove row 2').click()
    assert sent(watched)['riders'] == [{'rider': 'hospital', 'sum_assured': 1000}]
    expect(output(page, 'rider_premiums').get_by_role('row')).to_have_count(2)
    page.get_by_role('button', name='Remove row 1').click()
    assert 'riders' not in sent(watched)
    page.get_by_role('button', name='Reset to defaults').click()


def test_a_cell_of_a_large_number_can_be_edited_at_its_end(watched: Watched) -> None:
    page = watched.open(TENANT, TERM_LIFE_030)
    paste(page.get_by_label('New column of riders'), 'rider\tsum_assured\r\naccident\t100000\r\n')
    cell = page.get_by_label('sum_assured, row 1', exact=True)
    cell.focus()
    cell.press('End')
    cell.press_sequentially('0')
    assert sent(watched)['riders'] == [{'rider': 'accident', 'sum_assured': 1000000}]
