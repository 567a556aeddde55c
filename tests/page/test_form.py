"""The form: its fields, what they say of a wrong value, and what arrives of what is typed."""

from __future__ import annotations

import pytest

from support.packages import CYLINDER_150, TERM_LIFE_030
from support.pages import (
    CHOICE,
    CHOICES,
    COLUMN,
    DATE,
    HOSTILE_TENANT,
    HOSTILE_VERSION,
    IMAGE,
    NUMBER,
    RULES,
    TABLE,
    TENANT,
    TEXT,
    WHOLE,
    Watched,
    expect,
    note_of,
    output,
    sent,
    text_of,
)  # fmt: skip


def test_each_input_has_a_field_with_its_default_and_its_limits(watched: Watched) -> None:
    page = watched.open(TENANT, TERM_LIFE_030)
    expect(text_of(page, 'sum_assured')).to_have_value('250000')
    expect(note_of(page, 'sum_assured')).to_contain_text('from 10000 to 2000000')
    expect(note_of(page, 'sum_assured')).to_contain_text('default 250000')
    expect(text_of(page, 'birth_date')).to_have_attribute('type', 'date')
    expect(text_of(page, 'birth_date')).to_have_value('1990-06-15')
    assert text_of(page, 'frequency').locator('option').all_inner_texts() == [
        'annual', 'half-yearly', 'quarterly', 'monthly',
    ]  # fmt: skip
    expect(page.get_by_role('group', name='riders').first).to_be_visible()


def test_hostile_names_choices_and_texts_are_shown_as_they_are(watched: Watched) -> None:
    page = watched.open(HOSTILE_TENANT, HOSTILE_VERSION)
    for name in (NUMBER, CHOICE, DATE, TEXT, WHOLE):
        expect(text_of(page, name)).to_be_visible()
        expect(note_of(page, name)).to_contain_text(f'about {name}')
    assert text_of(page, CHOICE).locator('option').all_inner_texts() == CHOICES
    expect(text_of(page, TEXT)).to_have_value(RULES[TEXT]['default_value'])
    expect(page.get_by_role('heading', level=1)).to_contain_text('ser"vice שלום <b>bold')
    expect(output(page, f'out {IMAGE}')).to_contain_text('20')
    expect(output(page, 'said <b>')).to_contain_text(IMAGE)
    assert page.locator('main img, main b, main i, main script, header b').count() == 0
    assert sent(watched) == {name: rule['default_value'] for name, rule in RULES.items()}


@pytest.mark.parametrize(
    ('typed', 'number'),
    [
        ('12.5', 12.5),
        ('1.05', 1.05),
        ('0.05', 0.05),
        ('-3', -3),
        ('-0.5', -0.5),
        ('1e1', 10),
        ('100', 100),
        ('2.50', 2.5),
    ],
)
def test_a_number_that_is_typed_is_the_number_that_is_sent(watched: Watched, typed: str, number: float) -> None:
    page = watched.open(HOSTILE_TENANT, HOSTILE_VERSION)
    field = text_of(page, NUMBER)
    field.fill('')
    field.press_sequentially(typed)
    expect(output(page, f'out {IMAGE}').locator('.value')).to_have_text(f'{2 * number:g}')
    assert sent(watched)[NUMBER] == number
    expect(field).to_have_value(typed)


@pytest.mark.parametrize(('typed', 'value'), [('12345', 12345), ('0.05', 0.05), ('hospital', 'hospital')])
def test_what_is_typed_in_a_cell_of_a_table_is_what_is_sent(watched: Watched, typed: str, value: object) -> None:
    page = watched.open(HOSTILE_TENANT, HOSTILE_VERSION)
    cell = page.get_by_label(f'{COLUMN}, row 1', exact=True)
    cell.fill('')
    cell.press_sequentially(typed)
    assert sent(watched)[TABLE][0][COLUMN] == value
    expect(cell).to_have_value(typed)


def test_text_that_looks_like_a_number_stays_text(watched: Watched) -> None:
    page = watched.open(HOSTILE_TENANT, HOSTILE_VERSION)
    text_of(page, TEXT).fill('90210')
    expect(output(page, 'said <b>')).to_contain_text('90210')
    assert sent(watched)[TEXT] == '90210'


@pytest.mark.parametrize(
    ('name', 'value', 'message'),
    [
        ('sum_assured', '5', 'The sum is from 10,000 to 2,000,000.'),
        ('term_years', '41', 'The term is from 1 to 40 years.'),
        ('term_years', '1.5', 'The term is from 1 to 40 years.'),
        ('interest_rate', '0.2', '0.1'),
        ('interest_rate', 'much', 'number'),
        ('birth_date', '1899-12-31', '1900-01-01'),
    ],
)
def test_what_is_outside_its_limits_says_so_beside_the_field(
    watched: Watched, name: str, value: str, message: str
) -> None:
    page = watched.open(TENANT, TERM_LIFE_030)
    text_of(page, name).fill(value)
    expect(note_of(page, name).locator('.problem')).to_contain_text(message)
    expect(text_of(page, name)).to_have_attribute('aria-invalid', 'true')
    page.get_by_role('button', name='Reset to defaults').click()
    expect(note_of(page, name).locator('.problem')).to_have_count(0)


def test_a_limit_that_excludes_its_end_says_so_at_its_end(watched: Watched) -> None:
    page = watched.open(TENANT, CYLINDER_150)
    text_of(page, 'height').fill('0')
    expect(output(page, 'volume').locator('.value')).to_have_text('0')
    expect(note_of(page, 'height').locator('.problem')).not_to_have_text('')


def test_limits_that_depend_on_other_inputs_are_kept(watched: Watched) -> None:
    page = watched.open(HOSTILE_TENANT, HOSTILE_VERSION)
    expect(note_of(page, WHOLE)).to_contain_text('from 1 to 10')
    text_of(page, NUMBER).fill('2')
    expect(note_of(page, WHOLE).locator('.problem')).to_contain_text('2')
    expect(text_of(page, WHOLE)).to_have_attribute('aria-invalid', 'true')
    text_of(page, WHOLE).fill('1')
    expect(note_of(page, WHOLE).locator('.problem')).to_have_count(0)


def test_a_message_of_the_package_is_shown_as_it_is(watched: Watched) -> None:
    page = watched.open(HOSTILE_TENANT, HOSTILE_VERSION)
    text_of(page, DATE).fill('2019-01-01')
    expect(note_of(page, DATE).locator('.problem')).to_have_text(f'Not that day {IMAGE}')


def test_an_error_of_the_model_stands_beside_its_field(watched: Watched) -> None:
    page = watched.open(HOSTILE_TENANT, HOSTILE_VERSION)
    text_of(page, NUMBER).fill('13')
    expect(note_of(page, NUMBER).locator('.problem')).to_have_text(f'unlucky {IMAGE}')
    expect(output(page, 'said <b>')).to_contain_text(f'warned {IMAGE}')


def test_every_input_is_reset(watched: Watched) -> None:
    page = watched.open(HOSTILE_TENANT, HOSTILE_VERSION)
    text_of(page, NUMBER).fill('7')
    text_of(page, CHOICE).select_option(label='a "quoted" one')
    text_of(page, DATE).fill('2027-01-01')
    page.get_by_label(f'{COLUMN}, row 1', exact=True).fill('9')
    assert sent(watched)[CHOICE] == 'a "quoted" one'
    page.get_by_role('button', name='Reset to defaults').click()
    expect(text_of(page, NUMBER)).to_have_value('10')
    assert sent(watched) == {name: rule['default_value'] for name, rule in RULES.items()}


def test_an_emptied_field_is_the_default_of_the_model(watched: Watched) -> None:
    page = watched.open(TENANT, CYLINDER_150)
    text_of(page, 'density').fill('3')
    expect(output(page, 'mass').locator('.changed')).to_be_visible()
    text_of(page, 'density').fill('')
    expect(output(page, 'mass').locator('.value')).to_have_text(output(page, 'volume').locator('.value').inner_text())
    assert 'density' not in sent(watched)
