"""Fixtures of the tests of the page: a browser, and pages of it that fail a test if their console says anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import cspark.wasm as Hybrid
from support.packages import CYLINDER, TERM_LIFE
from support.pages import CHROMIUM, Watched, expect, hostile, playwright

ARGUMENTS = (
    '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking '
    '--disable-component-update --disable-sync'
)
HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the choice of writing the pictures of the guide."""
    parser.addoption('--pictures', action='store_true', help='write the pictures of the page into docs')


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave these tests out where there is no browser to drive."""
    if playwright is not None and CHROMIUM.exists():
        return
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.skip(reason='playwright or /usr/bin/chromium is not installed'))


@pytest.fixture(scope='package')
def browser() -> Iterator[Any]:
    """A browser. It ends with this folder, because an event loop runs on this thread as long as it lives."""
    expect.set_options(timeout=8_000)
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS.split())
        yield started
        started.close()


@pytest.fixture(scope='package')
def shown() -> Iterator[Hybrid.LocalRunner]:
    """A runner with the samples and the hostile package, for tests that leave it as it is."""
    with Hybrid.LocalRunner(CYLINDER, TERM_LIFE, hostile(), instances=2) as started:
        yield started


@pytest.fixture(scope='package')
def shown_url(shown: Hybrid.LocalRunner) -> Iterator[str]:
    """Where it listens."""
    with shown.serve() as server:
        yield server.url


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Watched]]:
    """Opens pages of the browser, which are looked through in the end."""
    all_opened: list[tuple[Any, Watched]] = []

    def open_one(url: str, **options: Any) -> Watched:
        context = browser.new_context(**{'viewport': {'width': 1200, 'height': 900}, 'locale': 'en-US', **options})
        context.set_default_timeout(8_000)
        watched = Watched(context.new_page(), url)
        watched.watch()
        all_opened.append((context, watched))
        return watched

    yield open_one
    try:
        for _, watched in all_opened:
            watched.check()
    finally:
        for context, _ in all_opened:
            context.close()


@pytest.fixture
def watched(opened: Callable[..., Watched], shown_url: str) -> Watched:
    """A page of a browser, on the runner with the samples and the hostile package."""
    return opened(shown_url)
