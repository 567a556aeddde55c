"""Answers of the local runner beside those of the vendor's engine: what differs, and which row of the page says so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from congruence.differences import EXPLANATIONS, Case, Difference, find_differences
from congruence.requests import Request, write_json
from congruence.translations import TRANSLATIONS
from congruence.vendor import VendorEngine

from support.packages import ROOT

__all__ = ['Comparison', 'Execute', 'compare_all', 'read_rows']

Json = dict[str, Any]

PAGE: Final = ROOT / 'docs' / 'congruence.md'
SHOWN: Final = 12
"""How many differences a failure shows."""

AT_ONCE: Final = 2
"""How many requests the local runner gets at the same time."""

HELD: Final = 100
"""How many of its answers are held at the same time."""

Execute: TypeAlias = Callable[[Request], tuple[int, Json]]
"""Sends a request to the local runner; the result is the HTTP status and the body."""


class Row(NamedTuple):
    """A row of the page: a difference that is allowed, and whether `strict_vendor` switches it off."""

    name: str
    is_lenient: bool


def read_rows() -> list[Row]:
    """The differences that the page lists: what stands in backticks in a row's first column."""
    lines = PAGE.read_text(encoding='utf-8').splitlines()
    found = [(line, re.match(r'\| `([^`]+)` \|', line)) for line in lines]
    return [Row(name[1], 'strict_vendor' in line) for line, name in found if name]


class Unexplained(NamedTuple):
    """A difference that no row of the page explains."""

    request: Request
    difference: Difference

    @property
    def place(self) -> str:
        """Where in the answer it is, whatever the row of a table."""
        return '.'.join('*' if isinstance(part, int) else part for part in self.difference.path)

    def __str__(self) -> str:
        path = '.'.join(map(str, self.difference.path))
        return (
            f'{self.request.sample.version_id} {self.request.text[:1000]}\n'
            f'  at {path}\n'
            f'  local runner:    {self.difference.local!r:.300}\n'
            f"  vendor's engine: {self.difference.vendor!r:.300}"
        )


@dataclass
class Comparison:
    """What came of comparing.

    Args:
        allowed: The names of the differences that may occur.
    """

    allowed: frozenset[str]
    occurred: set[str] = field(default_factory=lambda: set[str]())
    unexplained: list[Unexplained] = field(default_factory=lambda: list[Unexplained]())
    count: int = 0

    def compare(self, request: Request, status: int, local: Json, engine: VendorEngine) -> None:
        """Compare the local runner's answer to a request with the engine's."""
        self.count += 1
        content, answer = self._ask_engine(request, status, engine)
        case = Case(request, content, status, local, answer)
        for difference in find_differences(case):
            name = next((name for name in sorted(self.allowed) if _explains(name, case, difference)), None)
            if name is None:
                self.unexplained.append(Unexplained(request, difference))
            else:
                self.occurred.add(name)

    def _ask_engine(self, request: Request, status: int, engine: VendorEngine) -> tuple[Json, Json]:
        """The request as the allowed translations leave it, and the engine's answer to that.

        A translation occurs where the engine answers otherwise without it.
        """
        model = request.sample.version_id
        text = request.text if status == 400 else self.translate(request)
        answer = engine.execute(model, text)
        if text != request.text:
            for name in TRANSLATIONS.keys() & self.allowed - self.occurred:
                without = self.translate(request, name)
                if without != text and engine.execute(model, without) != answer:
                    self.occurred.add(name)
        return json.loads(text), answer

    def translate(self, request: Request, left_out: str = '') -> str:
        """A request as the allowed translations leave it."""
        content = before = request.content
        for name, step in TRANSLATIONS.items():
            if name in self.allowed and name != left_out:
                content = step(content)
        return request.text if content is before else write_json(content)

    def describe(self) -> str:
        """What nothing explains: for each place in the answers, the shortest request that shows it."""
        places: dict[str, list[Unexplained]] = {}
        for found in self.unexplained:
            places.setdefault(found.place, []).append(found)
        shortest = [
            f'{len(group)} times: {min(group, key=lambda found: len(found.request.text))}' for group in places.values()
        ]
        head = f'{len(self.unexplained)} differences in {self.count} requests that docs/congruence.md does not list'
        return '\n\n'.join([f'{head}, at {len(places)} places:', *shortest[:SHOWN]])


def _explains(name: str, case: Case, difference: Difference) -> bool:
    """Whether the row of this name is about this difference."""
    return name in EXPLANATIONS and EXPLANATIONS[name](case, difference)


def compare_all(
    requests: Sequence[Request], execute: Execute, engine: VendorEngine, allowed: frozenset[str]
) -> Comparison:
    """Send all requests to both sides, some to the local runner at the same time, and compare the answers."""
    comparison = Comparison(allowed)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for start in range(0, len(requests), HELD):
            some = requests[start : start + HELD]
            answers = threads.map(execute, some)
            engine.prepare((request.sample.version_id, comparison.translate(request)) for request in some)
            for request, (status, local) in zip(some, answers, strict=True):
                comparison.compare(request, status, local, engine)
    return comparison
