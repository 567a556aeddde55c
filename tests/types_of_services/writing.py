"""Modules of typed services for these tests: written, imported and looked into."""

from __future__ import annotations

import itertools
import json
import sys
import types
import typing
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cspark.wasm.service_types.description import Input, Service
from cspark.wasm.service_types.module import write_module
from support.packages import TERM_LIFE_030, TERM_LIFE_ID, pack, unzip
from support.wire import Received, Recorder, Reply, recording

NUMBERS = itertools.count()


@dataclass(frozen=True)
class Module:
    """A written module, imported."""

    text: str
    module: Any
    blocking: Any
    awaited: Any
    inputs: dict[str, Any]
    outputs: Any

    @property
    def outputs_by_name(self) -> dict[str, Any]:
        """The types of the outputs."""
        return typing.get_type_hints(self.outputs)

    @property
    def uri(self) -> str:
        """The URI that it is bound to."""
        found: str = self.module.URI
        return found


def load(text: str) -> Module:
    """Import a module from its text; the types of what its classes take and answer."""
    name = f'written_{next(NUMBERS)}'
    module = types.ModuleType(name)
    sys.modules[name] = module  # where `get_type_hints` looks names up
    exec(compile(text, f'{name}.py', 'exec'), vars(module))
    classes = [one for one in vars(module).values() if isinstance(one, type) and 'execute' in vars(one)]
    blocking, awaited = classes
    told = typing.get_type_hints(vars(blocking)['execute'])
    inputs = typing.get_type_hints(told['inputs'])
    return Module(text, module, blocking, awaited, inputs, typing.get_args(told['return'])[-1])


def read(path: Path) -> Module:
    """Import a module from its file."""
    return load(path.read_text(encoding='utf-8'))


def service(
    rules: Mapping[str, Mapping[str, Any]] | None = None,
    outputs: Mapping[str, Any] | None = None,
    *,
    name: str = 'term-life',
    text: str = '',
    texts: Mapping[str, str] | None = None,
    tables: Sequence[str] = (),
) -> Service:
    """A service that takes and answers these."""
    rules = {'height': {'validation_type': 'decimal', 'default_value': 4}} if rules is None else rules
    found = [Input(one, rule, (texts or {}).get(one, ''), one in tables) for one, rule in rules.items()]
    answered = {'volume': 1.5} if outputs is None else outputs
    return Service(f'insurance/{name}[1.2.3]', TERM_LIFE_030, name, text, tuple(found), answered)


def written(described: Service, whole: Sequence[str] = ()) -> Module:
    """The module of a service, imported."""
    return load(write_module(described, '', whole))


def keys_of(value: Any) -> Any:
    """The names in outputs, at each depth, as far as types tell them."""
    if isinstance(value, dict):
        return {name: keys_of(inner) for name, inner in as_any(value).items()}
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in as_any(value)):
        return {name: None for item in as_any(value) for name in item}
    return None


def keys_in(hint: Any, value: Any) -> Any:
    """The same as a type has it."""
    if isinstance(value, list):
        return dict.fromkeys(typing.get_type_hints(typing.get_args(hint)[0])) if keys_of(value) is not None else None
    if not isinstance(value, dict):
        return None
    hints = typing.get_type_hints(hint)
    return {name: keys_in(hints[name], as_any(value).get(name)) for name in hints}


def as_any(value: Any) -> Any:
    """The value, of which nothing is known."""
    return value


@contextmanager
def vendor(
    rules: Mapping[str, Any],
    outputs: Mapping[str, Any],
    warnings: Sequence[Mapping[str, Any]] | None = None,
    **meta: Any,
) -> Generator[Recorder]:
    """A server with no more than the execution and the validation of a vendor's runner."""
    named = {'service_id': TERM_LIFE_ID, 'version_id': TERM_LIFE_030, 'version': '0.3.0'} | meta

    def answer(received: Received) -> Reply:
        recorder.received.append(received)
        validated = received.path.endswith('/validation')
        if not validated and not any(part in received.path for part in ('/execute', '/version/', '/service/')):
            return Reply(404, {'status': 'Error', 'error': {'message': 'not found'}})
        found = rules if validated else outputs
        data = {'outputs': found, 'warnings': None if validated else warnings, 'errors': None, 'service_chain': None}
        about = {**named, 'process_time': 1, 'call_id': 'a call', 'compiler_type': 'Neuron', 'system': 'SPARK'}
        return Reply(200, {'status': 'Success', 'error': None, 'response_data': data, 'response_meta': about})

    with recording() as recorder:
        told: Callable[[Received], Reply] = answer
        vars(recorder)['answer'] = told
        yield recorder


def joined(*packages: bytes) -> bytes:
    """The versions of several packages in one."""
    files: dict[str, bytes] = {}
    versions: list[Any] = []
    for package in packages:
        found = unzip(package)
        versions += json.loads(found['my-tenant/manifest.json'])['outputs']['service_versions']
        files |= found
    files['my-tenant/manifest.json'] = json.dumps({'outputs': {'service_versions': versions}}).encode()
    return pack(files)
