"""Both clients with one face, so that one test body holds for the two of them."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Literal, cast

import cspark.wasm as Hybrid

World = Literal['sync', 'async']
WORLDS: tuple[World, ...] = ('sync', 'async')


class Awaited:
    """An object whose coroutine methods are run to their end, on an event loop that stays the same."""

    def __init__(self, target: object, loop: asyncio.Runner) -> None:
        self._target = target
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if inspect.iscoroutinefunction(value):

            def finished(*arguments: Any, **options: Any) -> Any:
                return self._loop.get_loop().run_until_complete(value(*arguments, **options))

            return finished
        return Awaited(value, self._loop) if type(value).__name__.endswith('Resource') else value


@contextmanager
def in_world(world: World, client: Hybrid.Client | Hybrid.AsyncClient) -> Generator[Hybrid.Client]:
    """A client of either kind, used as if it were the blocking one, and closed at the end."""
    if isinstance(client, Hybrid.Client):
        with client:
            yield client
        return
    assert world == 'async'
    with asyncio.Runner() as loop:
        try:
            yield cast(Hybrid.Client, Awaited(client, loop))
        finally:
            loop.run(client.close())


@contextmanager
def client_in(world: World, **options: Any) -> Generator[Hybrid.Client]:
    """A new client of either kind."""
    options = {'tenant': 'my-tenant', 'token': 'open', **options}
    made = Hybrid.Client(**options) if world == 'sync' else Hybrid.AsyncClient(**options)
    with in_world(world, made) as client:
        yield client
