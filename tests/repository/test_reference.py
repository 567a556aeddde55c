"""The reference builds without a warning, fetches nothing, and has an entry for every public name."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import zlib
from functools import cached_property
from pathlib import Path
from types import FunctionType

import pytest
from sphinx.pycode import ModuleAnalyzer

import cspark.wasm as Hybrid
from support.packages import ROOT

OPTIONS = [name for name in Hybrid.__all__ if name.endswith('Options') and name != 'LoggerOptions']

pytestmark = pytest.mark.thorough  # the reference is built once


@pytest.fixture(scope='module')
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, as `make docs` builds it."""
    folder = tmp_path_factory.mktemp('site')
    rule = re.search(r'^docs:.*\n\t\$\(BIN\)/sphinx-build (.*) -d \S+ docs \S+$', (ROOT / 'Makefile').read_text(), re.M)
    assert rule
    options = [*rule[1].split(), '-d', folder / 'doctrees', 'docs', folder / 'html']
    done = subprocess.run(
        [sys.executable, '-m', 'sphinx', *options], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / 'html'


@pytest.fixture(scope='module')
def entries(site: Path) -> list[str]:
    """What the reference describes, by full names."""
    listed = zlib.decompress((site / 'objects.inv').read_bytes().split(b'\n', 4)[4]).decode()
    return re.findall(r'^(\S+) py:', listed, re.MULTILINE)


def test_every_public_name_has_an_entry(entries: list[str]) -> None:
    described = {entry.rpartition('.')[2] for entry in entries if entry.count('.') < 4}
    assert set(Hybrid.__all__) - described == set()


def test_every_public_name_says_what_it_is(entries: list[str]) -> None:
    assert [name for name in Hybrid.__all__ if not documented(name, entries)] == []


def documented(name: str, entries: list[str]) -> bool:
    """Whether a public name has a docstring of its own; dataclasses without one list their fields."""
    public = getattr(Hybrid, name)
    if isinstance(public, type):
        text = str(vars(public)['__doc__'] or '')
        return bool(text) and not text.startswith(f'{name}(')
    if isinstance(public, FunctionType):
        return bool(public.__doc__)
    (entry,) = (entry for entry in entries if entry.endswith(f'.{name}'))
    return ('', name) in ModuleAnalyzer.for_module(entry.rpartition('.')[0]).find_attr_docs()


@pytest.mark.parametrize('client', [Hybrid.Client, Hybrid.AsyncClient], ids=lambda client: str(client.__name__))
def test_every_verb_of_a_client_has_an_entry(client: type, entries: list[str]) -> None:
    groups = [name for name, value in vars(client).items() if isinstance(value, cached_property) and name != 'raw']
    kinds: list[type] = [getattr(inspect.getmodule(client), f'{group.capitalize()}Resource') for group in groups]
    verbs = [f'{client.__module__}.{kind.__name__}.{verb}' for kind in kinds for verb in vars(kind) if verb[0] != '_']
    assert len(verbs) >= 7
    assert set(verbs) - set(entries) == set()


@pytest.mark.parametrize('name', OPTIONS)
def test_every_option_is_described(name: str, entries: list[str]) -> None:
    described = {entry.rpartition('.')[2] for entry in entries if re.fullmatch(r'cspark\.wasm\.\w+Options\.\w+', entry)}
    assert set(getattr(Hybrid, name).__annotations__) - described == set()


def test_pages_fetch_nothing(site: Path) -> None:
    fetched = re.compile(r'<(?:script|link|img|iframe)\b[^>]*(?:src|href)="(?:https?:)?//[^"]*"|@import|url\("?https?:')
    pages = [*site.rglob('*.html'), *site.rglob('*.css')]
    assert len(pages) > 20
    assert [page.name for page in pages if fetched.search(page.read_text())] == []


def test_every_page_is_part_of_the_site(site: Path) -> None:
    pages = {page.relative_to(ROOT / 'docs').with_suffix('.html') for page in (ROOT / 'docs').rglob('*.md')}
    assert [page for page in pages if not (site / page).exists()] == []
