"""A typed service: an editor completes the names, and a type checker finds a wrong one.

`term_life.py` beside this file was written by `cspark-wasm types samples/packages/term-life.zip -o term_life.py`.
"""

from __future__ import annotations

from pathlib import Path

from term_life import TermLife, TermLifeInputs

import cspark.wasm as Hybrid

PACKAGE = Path(__file__).resolve().parent.parent / 'samples' / 'packages' / 'term-life.zip'


def main() -> None:
    """Price one policy, and the same policy for several terms."""
    policy: TermLifeInputs = {'birth_date': '1988-03-01', 'smoker': 'no', 'sum_assured': 300_000}
    with Hybrid.LocalRunner(PACKAGE, instances=1) as runner, runner.client() as hybrid:
        term_life = TermLife(hybrid)
        premium = term_life.execute({**policy, 'term_years': 20}).output['annual_premium']
        print(f'20 years: {premium:,.2f}')
        terms: list[TermLifeInputs] = [{**policy, 'term_years': years} for years in (5, 10, 30)]
        for years, result in zip(terms, term_life.execute_many(terms), strict=True):
            print(f'{years.get("term_years")} years: {result.outputs["annual_premium"]:,.2f}')


if __name__ == '__main__':
    main()
