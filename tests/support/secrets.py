"""Secrets to plant, and a search for them in everything that a program may show, keep or send of an object."""

from __future__ import annotations

import base64
import logging
import pickle
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from support.packages import ROOT

KEY = 'key-S3CRET-4f1a6b0c'
TOKEN = 'token-S3CRET-eyJhbGciOi'
FETCHED = 'fetched-S3CRET-dGVzdA'
USER, PASSWORD = 'user-S3CRET-name', 'pass-S3CRET-word'
EXTRA = 'extra-S3CRET-subscription'
SECRETS = ('S3CRET', base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode().rstrip('='))
DEPTH = 6


def leaks(shown: object) -> list[str]:
    """The secrets that a text or bytes hold."""
    text = shown.decode('latin-1') if isinstance(shown, bytes) else str(shown)
    return [secret for secret in SECRETS if secret in text]


def searched(thing: object) -> list[str]:
    """Where secrets show in an object: its repr and text, and those of all that its `vars` lead to."""
    return list(_searched(thing, type(thing).__name__, {}, DEPTH))


def _searched(thing: object, path: str, seen: dict[int, object], depth: int) -> Iterator[str]:
    if id(thing) in seen or depth == 0:
        return
    seen[id(thing)] = thing  # kept, so that no other object gets its id
    for shown in (repr(thing), str(thing)):
        if leaks(shown):
            yield f'{path}: {shown}'[:300]
            return
    members: Mapping[Any, Any] = cast('Any', thing) if isinstance(thing, Mapping) else getattr(thing, '__dict__', {})
    for name, value in list(members.items()):
        if not callable(value) and not isinstance(value, type):
            yield from _searched(value, f'{path}.{name}', seen, depth - 1)
    if isinstance(thing, (list, tuple, set)):
        for index, value in enumerate(cast('list[Any]', thing)):
            yield from _searched(value, f'{path}[{index}]', seen, depth - 1)


def searched_error(error: BaseException) -> list[str]:
    """Where secrets show in an error: in itself, what stands behind it, its pickle, and the locals of its traceback.

    The frames of tests are left out: there the secrets are planted.
    """
    found: list[str] = []
    for one in chain(error):
        found += searched(one)
        found += [f'{type(one).__name__}.args: {leaks(repr(one.args))}'] if leaks(repr(one.args)) else []
        for frame, line in traceback.walk_tb(one.__traceback__):
            if not Path(frame.f_code.co_filename).is_relative_to(ROOT / 'tests'):
                where = f'{frame.f_code.co_filename}:{line}'
                found += [
                    f'{where} {name}{problem}' for name, value in frame.f_locals.items() for problem in _shown(value)
                ]
        for method in ('to_dict', '__str__', '__repr__'):
            text = str(getattr(one, method)()) if hasattr(one, method) else ''
            found += [f'{method}: {text}'[:300]] if leaks(text) else []
    return found


def _shown(local: object) -> list[str]:
    """What is wrong with a local variable, as tools show it that keep tracebacks."""
    try:
        text = repr(local)
    except Exception as error:  # noqa: BLE001 - such a tool fails with it
        return [f': its repr raises {error!r}']
    return [f' = {text}'[:300]] if leaks(text) else []


def chain(error: BaseException) -> list[BaseException]:
    """An error and all that led to it, shown or suppressed."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__]
    return found


def searched_pickle(thing: object) -> list[str]:
    """Where secrets show in the pickle of an answer or an error."""
    content = pickle.dumps(thing)
    return [f'the pickle of {type(thing).__name__}: {leaks(content)}'] if leaks(content) else []


def searched_records(records: list[logging.LogRecord]) -> list[str]:
    """Where secrets show in log records, their `extra` included."""
    return [f'{one.name}: {one.getMessage()}'[:300] for one in records if leaks(one.getMessage()) or searched(one)]
