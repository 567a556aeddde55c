"""mypy and pyright name each mistake in a program that uses a written module, and nothing in one without mistakes."""

from __future__ import annotations

from typing import Any

import pytest
from types_of_services.checking import Reports, check_types
from types_of_services.writing import service

from cspark.wasm.cli.main import main
from cspark.wasm.service_types.module import write_module
from support.packages import TERM_LIFE

pytestmark = pytest.mark.thorough

HEAD = '''"""A program."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas
import polars

import cspark.wasm as Hybrid
from odd_life import TermLife as Odd
from open_life import TermLife as Open
from term_life import AsyncTermLife, TermLife, TermLifeInputs, TermLifeOutputs

hybrid = Hybrid.Client(base_url="http://127.0.0.1:9", tenant="my-tenant", token="open")
waiting = Hybrid.AsyncClient(base_url="http://127.0.0.1:9", tenant="my-tenant", token="open")
term_life, async_life, odd, open_life = TermLife(hybrid), AsyncTermLife(waiting), Odd(hybrid), Open(hybrid)
policy: TermLifeInputs = {"smoker": "no", "birth_date": date(1990, 1, 1)}
frame = pandas.DataFrame({"term_years": [1, 2]})
described: dict[str, Any] = {"term_years": 1}


def generated() -> Iterator[TermLifeInputs]:
    yield policy


async def awaited() -> AsyncIterator[TermLifeInputs]:
    yield policy


async def main() -> None:
'''

MISTAKES = (  # a mistake, and what the message must name
    ('term_life.execute({"smokr": "no"})', 'smokr'),
    ('term_life.execute({"smoker": "maybe"})', 'maybe|smoker'),
    ('term_life.execute({"smoker": True})', 'smoker|bool'),
    ('term_life.execute({"frequency": "weekly"})', 'weekly|frequency'),
    ('term_life.execute({"term_years": "ten"})', 'int'),
    ('term_life.execute({"term_years": 1.5})', 'int'),
    ('term_life.execute({"sum_assured": "much"})', 'float'),
    ('term_life.execute({"birth_date": 1990})', 'date'),
    ('term_life.execute({"riders": {"rider": "accident"}})', 'riders|list'),
    ('term_life.execute({**policy, "smokr": "no"})', 'smokr'),
    ('term_life.execute(["smoker"])', 'TermLifeInputs'),
    ('term_life.execute({}, chunk_size=1)', 'chunk_size'),
    ('print(term_life.execute({}).output["anual_premium"])', 'anual_premium'),
    ('print(term_life.execute({}).outputs[0]["anual_premium"])', 'anual_premium'),
    ('print(term_life.execute({}).output["age"].upper())', 'upper'),
    ('print(term_life.execute({}).output["schedule"][0]["yaer"])', 'yaer'),
    ('print(term_life.execute({}).output["schedule"]["year"])', 'schedule|str|__getitem__'),
    ('print([row["premum"] for row in term_life.execute({}).output["rider_premiums"]])', 'premum'),
    ('term_life.execute_many([{"smokr": "no"}])', 'smokr|TermLifeInputs'),
    ('term_life.execute_many([{"smoker": "maybe"}])', 'maybe|TermLifeInputs'),
    ('term_life.execute_many(policy for policy in [{"smokr": "no"}])', 'smokr|TermLifeInputs'),
    ('term_life.execute_many(5)', '"int"|Literal[5]'),
    ('term_life.execute_many([policy], chunk_sise=1)', 'chunk_sise'),
    ('print([result.outputs["anual_premium"] for result in term_life.execute_many([policy])])', 'anual_premium'),
    ('print([result.outputs["schedule"][0]["yaer"] for result in term_life.execute_many("a.csv")])', 'yaer'),
    ('print([result.output for result in term_life.execute_many([policy])])', 'output'),
    ('term_life.validate({"smokr": "no"})', 'smokr'),
    ('term_life.validate({}, validation_type="loose")', 'loose|validation_type'),
    ('await async_life.execute({"smokr": "no"})', 'smokr'),
    ('print((await async_life.execute({})).output["anual_premium"])', 'anual_premium'),
    ('print([result.outputs["anual_premium"] async for result in async_life.execute_many([policy])])', 'anual_premium'),
    ('await async_life.validate({"smoker": "maybe"})', 'maybe|smoker'),
    ('print(async_life.execute({}).output)', 'output'),
    ('TermLife(waiting)', 'Client'),
    ('AsyncTermLife(hybrid)', 'Client'),
    ('odd.execute({"sum asured": 1})', 'sum asured'),
    ('odd.execute({"class": "3rd"})', '3rd|class'),
    ('print(odd.execute({}).output["the volum"])', 'the volum'),
    ('print(odd.execute({}).output["the rows"][0]["a c"])', 'a c'),
    ('open_life.execute({"smokr": "no"})', 'smokr'),
    ('print(hybrid.services.execute("a/b", inputs={}, outputs=TermLifeOutputs).output["aeg"])', 'aeg'),
    ('print(hybrid.services.execute("a/b", inputs=[{}], outputs=TermLifeOutputs).outputs[0]["aeg"])', 'aeg'),
    (
        'print(hybrid.services.execute("a/b", response_format="original", outputs=TermLifeOutputs).output["aeg"])',
        'aeg',
    ),
    ('print(next(hybrid.services.execute_many("a/b", [], outputs=TermLifeOutputs)).outputs["aeg"])', 'aeg'),
    ('print((await waiting.services.execute("a/b", inputs={}, outputs=TermLifeOutputs)).output["aeg"])', 'aeg'),
    (
        'print([one.outputs["aeg"] async for one in waiting.services.execute_many("a", [], outputs=TermLifeOutputs)])',
        'aeg',
    ),
)

VALID = (
    'term_life.execute({})',
    'term_life.execute(policy, timeout=1000, missing="default")',
    'term_life.execute({**policy, "term_years": 20, "sum_assured": 100000, "interest_rate": 0})',
    'term_life.execute({"birth_date": "1990-01-01", "start_date": date(2026, 1, 1), "frequency": "half-yearly"})',
    'term_life.execute({"riders": [{"rider": "accident", "sum_assured": 100_000}]})',
    'age: float = term_life.execute({}).output["age"]; print(age + 1)',
    'print([row["year"] + row["reserve"] for row in term_life.execute({}).output["schedule"]])',
    'rows = term_life.execute({}).output["rider_premiums"]; print(rows[0]["rider"].upper())',
    'term_life.execute_many([policy, {"smoker": "yes"}, {}], chunk_size=10, keep="smoker").to_pandas()',
    'term_life.execute_many([{"term_years": years} for years in range(3)])',
    'term_life.execute_many(generated())',
    'term_life.execute_many("policies.csv", delimiter=";")',
    'term_life.execute_many(Path("policies.parquet"), on_error="collect")',
    'term_life.execute_many(frame)',
    'term_life.execute_many(polars.DataFrame({"term_years": [1, 2]}))',
    'print(sum(result.outputs["net_premium"] for result in term_life.execute_many([policy])))',
    'results: Hybrid.ManyResults[TermLifeOutputs] = term_life.execute_many([policy]); print(results)',
    'print(term_life.validate(policy).data, term_life.validate({}, "dynamic"))',
    'print(term_life.validate({}, validation_type="static").data)',
    'print((await async_life.execute(policy)).output["end_date"].upper())',
    'print([result.outputs["schedule"][0]["year"] async for result in async_life.execute_many("policies.csv")])',
    'async_life.execute_many(awaited())',
    'print((await async_life.validate(policy)).data)',
    'odd.execute({"sum assured": 1, "class": "1st", "größe": 2})',
    'volume: float = odd.execute({}).output["the volume"]; print(volume, odd.execute({}).output["the rows"][0]["a b"])',
    'print(open_life.execute({"smoker": "no"}).output["anything"]["at"]["all"])',
    'print([result.outputs["anything"] for result in open_life.execute_many([{"smoker": "no"}])])',
    'print(hybrid.services.execute("a/b", inputs=described).output["anything"].upper())',
    'print(hybrid.services.execute("a/b", inputs=[described]).outputs[0]["anything"][0])',
    'everything: list[Any] = hybrid.services.execute("a/b", inputs=described).outputs; print(everything)',
    'loose: Hybrid.ServiceExecuted[Any] = hybrid.services.execute("a/b", inputs={}); print(loose.output["x"].y)',
    'data: Hybrid.ExecutedData = hybrid.services.execute("a/b", inputs={}).data; print(data)',
    'print([result.outputs["anything"] for result in hybrid.services.execute_many("a/b", frame)])',
    'many: Hybrid.ManyResults = hybrid.services.execute_many("a/b", []); print(many)',
    'print((await waiting.services.execute("a/b", inputs={})).output["anything"])',
    'print(hybrid.services.execute("a/b", inputs={}, outputs=TermLifeOutputs).output["age"] + 1)',
    'record: Hybrid.RecordResult = Hybrid.RecordResult(0, {"a": 1}); print(record.outputs["b"])',
)

FIRST = HEAD.count('\n') + 1


def program(lines: list[str]) -> str:
    """A program of these statements, one a line."""
    return HEAD + ''.join(f'    {line}\n' for line in lines)


@pytest.fixture(scope='module')
def reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """What both checkers say of a program with mistakes, of one without, and of the modules."""
    folder = tmp_path_factory.mktemp('checked')
    assert main(['types', str(TERM_LIFE), '-o', str(folder / 'term_life.py'), '--quiet']) == 0
    assert main(['types', str(TERM_LIFE), '-o', str(folder / 'open_life.py'), '--quiet', '--no-probe']) == 0
    rules: dict[str, dict[str, Any]] = {
        'sum assured': {'validation_type': 'decimal', 'default_value': 1},
        'class': {'validation_type': 'list', 'options': ['1st', '2nd'], 'default_value': '1st'},
        'größe': {'validation_type': 'decimal', 'default_value': 1},
    }
    odd = service(rules, {'the volume': 1, 'the rows': [{'a b': 1}]})
    (folder / 'odd_life.py').write_text(write_module(odd), encoding='utf-8')
    (folder / 'mistakes.py').write_text(program([line for line, _ in MISTAKES]), encoding='utf-8')
    (folder / 'valid.py').write_text(program(list(VALID)), encoding='utf-8')
    return check_types(folder)


@pytest.mark.parametrize('tool', ['mypy', 'pyright'])
@pytest.mark.parametrize(('place', 'named'), [(place, named) for place, (_, named) in enumerate(MISTAKES)])
def test_a_mistake_is_named(reports: Reports, tool: str, place: int, named: str) -> None:
    said = reports.get((tool, 'mistakes.py'), {}).get(FIRST + place, '')
    assert any(word in said for word in named.split('|')), f'{MISTAKES[place][0]}: {said or "nothing"}'


@pytest.mark.parametrize('tool', ['mypy', 'pyright'])
def test_what_is_before_the_mistakes_is_none(reports: Reports, tool: str) -> None:
    said = reports.get((tool, 'mistakes.py'), {})
    unused = {line: text for line, text in said.items() if line < FIRST and 'not accessed' not in text}
    assert unused == {}


@pytest.mark.parametrize('tool', ['mypy', 'pyright'])
@pytest.mark.parametrize('place', range(len(VALID)), ids=VALID.__getitem__)
def test_a_valid_statement_is_clean(reports: Reports, tool: str, place: int) -> None:
    assert reports.get((tool, 'valid.py'), {}).get(FIRST + place, '') == ''


@pytest.mark.parametrize('tool', ['mypy', 'pyright'])
@pytest.mark.parametrize('file', ['term_life.py', 'open_life.py', 'odd_life.py'])
def test_the_modules_are_clean(reports: Reports, tool: str, file: str) -> None:
    assert reports.get((tool, file), {}) == {}
