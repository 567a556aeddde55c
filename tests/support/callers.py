"""Clients that send through an httpx client of the caller's own."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx

import cspark.wasm as Hybrid
from support.worlds import World, client_in


@contextmanager
def sending_through(world: World, http: dict[str, Any], **options: Any) -> Generator[tuple[Hybrid.Client, Any]]:
    """A client of either kind and the httpx client beneath, which is made of `http` and closed at the end."""
    beneath: Any = httpx.Client(**http) if world == 'sync' else httpx.AsyncClient(**http)
    with client_in(world, http_client=beneath, **options) as hybrid:
        try:
            yield hybrid, beneath
        finally:
            if world == 'sync':
                beneath.close()
            else:
                awaited: Any = hybrid
                awaited._loop.run(beneath.aclose())
