"""Every code block that a reader may paste runs, against a runner at a free port in place of the page's."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from check_docs import broken_links, pages
from support.packages import ROOT
from support.programs import blocks, run

PORT = '3000'
"""The port that the pages name."""

SERVE = re.compile(r'^cspark-wasm (serve \S+)', re.MULTILINE)


@pytest.fixture(scope='module')
def port() -> Iterator[str]:
    """The port of the runner that the README says to start, by the README's own command but for its port."""
    found = SERVE.search((ROOT / 'README.md').read_text())
    assert found
    command = [sys.executable, '-m', 'cspark.wasm', *shlex.split(found[1]), '--port', '0']
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        started = re.fullmatch(r'runner at http://127\.0\.0\.1:(\d+)\n', process.stdout.readline())
        assert started
        yield started[1]
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.mark.thorough
@pytest.mark.parametrize('code', blocks(*pages()))
def test_every_block_of_the_pages_runs(code: str, port: str) -> None:
    assert run(code.replace(f'localhost:{PORT}', f'localhost:{port}'), ROOT)


def test_links_between_pages_lead_somewhere() -> None:
    assert [link for page in pages() for link in broken_links(page)] == []


PROGRAMS = sorted(path for path in (ROOT / 'examples').glob('*.py') if '__main__' in path.read_text())
"""The examples that are programs; others are modules that they import."""


@pytest.mark.thorough
@pytest.mark.parametrize('example', PROGRAMS, ids=lambda path: str(path.name))
def test_every_example_runs(example: Path) -> None:
    assert run(example.read_text().replace('__file__', repr(str(example))), ROOT, PYTHONPATH=str(example.parent))


def test_make_help_lists_every_command() -> None:
    rules = re.findall(r'^([a-z-]+):', (ROOT / 'Makefile').read_text(), re.MULTILINE)
    listed = subprocess.run(
        ['make', '--no-print-directory', 'help'], cwd=ROOT, capture_output=True, text=True, check=True, timeout=20
    ).stdout
    assert [line.split()[0] for line in listed.splitlines()] == rules


def test_no_line_of_code_is_cut_at_the_edge_of_the_page() -> None:
    """At 1,300 pixels a page of the site shows 88 characters of code."""
    cut = [
        f'{page.relative_to(ROOT)}:{number}'
        for page in [ROOT / 'README.md', *(ROOT / 'docs').rglob('*.md')]
        for number, line in code_lines(page.read_text())
        if len(line) > 88
    ]
    assert cut == []


def code_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of code of a page, with their numbers; what a program printed may be longer."""
    kind: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith('```'):
            kind = line[3:] if kind is None else None
        elif kind is not None and not kind.startswith(('{raw}', 'text', '{eval')):
            yield number, line
