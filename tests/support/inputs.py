"""Records of every kind, and what arrives of them at a server."""

from __future__ import annotations

import dataclasses
import enum
import importlib
from collections import namedtuple
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

import attrs

import cspark.wasm as Hybrid
from support.wire import Recorder

pa: Any = importlib.import_module('pyarrow')
"""It has no types."""
BIG = 123456789012345678901234567890
Sent: TypeAlias = Callable[..., Any]
"""Executes a service with inputs and options; the result is the inputs as they arrived."""


@dataclasses.dataclass
class Policy:
    height: Any
    radius: Any = 2


@attrs.frozen
class Risk:
    height: Any
    radius: Any = 2


class Cover(NamedTuple):
    height: Any
    radius: Any = 2


Loose = namedtuple('Loose', ['height', 'radius'])  # noqa: PYI024 # pyright: ignore[reportUntypedNamedTuple]


class Smoker(enum.Enum):
    YES = 'yes'
    BIG = BIG


class Key(enum.StrEnum):
    HEIGHT = 'height'


class Words(str):
    __slots__ = ()


class Rows(list[Any]):
    pass


@contextmanager
def arriving(recorder: Recorder) -> Generator[Sent]:
    """What arrives of inputs at a recording server."""
    with Hybrid.Client(base_url=recorder.url, tenant='t', token='open', max_retries=0) as hybrid:

        def execute(inputs: Any, **options: Any) -> Any:
            before = len(recorder.received)
            hybrid.services.execute('f/s', inputs=inputs, **options)
            assert len(recorder.received) == before + 1
            body = recorder.last.json
            return body['inputs'] if 'inputs' in body else body['request_data']['inputs']

        yield execute


def as_records(sent: list[Any]) -> list[Any]:
    """Columnar lists as records: which of the two forms goes out does not matter."""
    columnar = isinstance(sent[0], list)
    names: list[Any] = sent[0]
    return [dict(zip(names, row, strict=True)) for row in sent[1:]] if columnar else sent
