"""The page of a runner with another one behind it."""

from __future__ import annotations

from collections.abc import Callable

import cspark.wasm as Hybrid
from support.packages import ALTERNATIVE, CYLINDER, QUOTE, QUOTE_100, TERM_LIFE, TERM_LIFE_030
from support.pages import TENANT, Watched, expect, output


def test_services_of_the_runner_behind_are_listed_and_work(opened: Callable[..., Watched]) -> None:
    with (
        Hybrid.LocalRunner(TERM_LIFE, CYLINDER, instances=1) as behind,
        behind.serve() as there,
        Hybrid.LocalRunner(QUOTE, ALTERNATIVE, instances=1, upstream=there.url) as runner,
        runner.serve() as here,
    ):
        watched = opened(here.url)
        page = watched.page
        page.goto(f'{watched.url}/ui/')
        services = page.get_by_role('region', name=TENANT, exact=True)
        expect(services.get_by_role('row')).to_have_count(6)
        expect(services).to_contain_text(f'on {there.url}')
        watched.open(TENANT, TERM_LIFE_030)
        expect(output(page, 'annual_premium')).to_contain_text('1487.7')
        page.get_by_label('term_years').fill('10')
        expect(output(page, 'annual_premium')).to_contain_text('1132.2')
        watched.open(TENANT, QUOTE_100)
        expect(output(page, 'annual_premium')).to_contain_text('1487.7')


def test_a_runner_behind_that_is_away_leaves_the_page_as_it_is(opened: Callable[..., Watched]) -> None:
    with Hybrid.LocalRunner(CYLINDER) as behind, behind.serve() as there:
        address = there.url
    with Hybrid.LocalRunner(QUOTE, ALTERNATIVE, instances=1, upstream=address) as runner, runner.serve() as here:
        watched = opened(here.url)
        watched.page.goto(f'{watched.url}/ui/')
        expect(watched.page.get_by_role('region', name=TENANT, exact=True).get_by_role('row')).to_have_count(3)
