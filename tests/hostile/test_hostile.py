"""Whatever a package does, its records end right or in errors of their own, and nobody else notices."""

from __future__ import annotations

import gc
import re
import secrets
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
from hostile.answers import ANSWERS
from hostile.archives import ARCHIVES
from hostile.calls import CALLS
from hostile.engine import ENGINE
from hostile.files import FILES
from hostile.interface import INTERFACE
from hostile.memory import MEMORY
from hostile.model import Hostile, Rows, record
from hostile.target import Bystander, Target, judge, judge_one, resident_memory
from hostile.time import TIME

from support.calls import Json, message, serving
from support.packages import CYLINDER

LIMIT: Final = 384 << 20
"""Each instance's memory."""

CLIENT: Final = 25
"""How long a client waits for anything, in seconds: longer than three lost instances of the runner take."""

LEFT: Final = 700 << 20
"""How much more than before the runner may hold after all packages: freed memory does not all go back at once."""

TABLE: Final[Rows] = {**ENGINE, **INTERFACE, **TIME, **MEMORY, **ANSWERS, **FILES, **ARCHIVES, **CALLS}


@pytest.fixture(scope='module')
def bystander() -> Iterator[Bystander]:
    """One runner for all packages."""
    with serving(CYLINDER, timeout=2, memory=LIMIT) as api:
        api.execute(record('first'))
        with httpx.Client(base_url=api.url, timeout=CLIENT, trust_env=False) as http:
            yield Bystander(http, api.runner, resident_memory())


def is_allowed(end: str, found: str, *, attacked: bool, errors: Any = None) -> bool:
    """Whether a record may end like this in a package of this kind."""
    if end == 'spoilt':
        return True
    if end == 'useless' or (end == 'fails' and attacked):
        return found == 'error'
    return found == 'right' or (end == 'fails' and 'error.503' in str(errors))


def execute_chunk(target: Target, row: Hostile) -> None:
    """Execute a chunk whose third record attacks: each record must end as the package's kind says."""
    marks = [secrets.token_hex(8) for _ in range(5)]
    records = [
        record(mark, **({'attack': 1, **row.inputs} if number == 2 else {})) for number, mark in enumerate(marks)
    ]
    answer = target.execute_many(records)
    if row.end == 'spoilt' and 400 <= answer.status_code < 500:
        assert message(answer)
        return
    assert answer.status_code == 200, answer.text[:500]
    many: Json = answer.json()
    assert len(many['outputs']) == len(many['errors']) == len(records)
    for number, mark in enumerate(marks):
        errors = many['errors'][number]
        found = judge(many['outputs'][number], errors, mark)
        assert is_allowed(row.end, found, attacked=number == 2, errors=errors), f'record {number}: {found}, {errors}'


def execute_one(target: Target, row: Hostile, **more: Any) -> None:
    """Execute one record on its own."""
    mark = secrets.token_hex(8)
    answer = target.execute(record(mark, **more))
    found = judge_one(answer, mark)
    assert is_allowed(row.end, found, attacked=bool(more)), f'{found}: {answer.text[:500]}'
    if row.words and more and answer.status_code != 200:
        assert re.search(row.words, message(answer)), message(answer)


@pytest.mark.parametrize('row', TABLE.values(), ids=list(TABLE))
def test_a_hostile_package_harms_itself_alone(bystander: Bystander, row: Hostile) -> None:
    try:
        answer = bystander.upload(row.make())
        if answer.status_code == 422:
            assert row.end in ('refused', 'spoilt'), message(answer)
            assert re.search(row.words, message(answer)), message(answer)
            assert not bystander.targets()
        else:
            assert answer.status_code == 200, answer.text[:500]
            assert row.end != 'refused'
        for target in bystander.targets():
            execute_chunk(target, row)
            execute_one(target, row)
            execute_one(target, row, attack=1, **row.inputs)
            execute_one(target, row)
    finally:
        bystander.check()
        bystander.forget()


def test_the_memory_is_back_after_all_of_them(bystander: Bystander) -> None:
    gc.collect()
    assert resident_memory() < bystander.resident + LEFT
