"""What the guide shows of the page. `make test-page ARGUMENTS=--pictures` writes the pictures into docs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.packages import ROOT, TERM_LIFE_030
from support.pages import TENANT, Watched, expect, text_of


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where pictures go."""
    return ROOT / 'docs' if request.config.getoption('pictures') else tmp_path


def test_an_input_changes_and_the_outputs_with_it(opened: Callable[..., Watched], shown_url: str, folder: Path) -> None:
    page = opened(shown_url, viewport={'width': 1100, 'height': 860}).open(TENANT, TERM_LIFE_030)
    text_of(page, 'sum_assured').fill('500000')
    expect(page.locator('.changed').first).to_be_visible()
    page.get_by_label('Chart of schedule').select_option('reserve')
    expect(page.locator('.chart canvas')).to_be_visible()
    page.screenshot(path=folder / 'page-try.png')


def test_two_inputs_as_a_heat_map(opened: Callable[..., Watched], shown_url: str, folder: Path) -> None:
    page = opened(shown_url, viewport={'width': 1100, 'height': 620}).open(TENANT, TERM_LIFE_030)
    page.get_by_role('navigation').get_by_text('What if').click()
    page.get_by_label('Vary').select_option('interest_rate')
    page.get_by_label('Values').first.fill('0 to 0.05 by 0.01')
    page.get_by_label('and (optional)').select_option('term_years')
    page.get_by_label('Values').nth(1).fill('5 to 40 by 5')
    page.get_by_role('button', name='Compute').click()
    page.get_by_label('Output', exact=True).select_option('annual_premium')
    expect(page.locator('table.heat')).to_be_visible()
    page.screenshot(path=folder / 'page-what-if.png')
