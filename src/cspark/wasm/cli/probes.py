"""`cspark-wasm health`, `version`, `status` and `services`."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# A runner may answer anything.
from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from .._codec.json import is_array, is_object
from .connection import ask_runner
from .printing import console, print_json, print_table, render_table, wants_json

if TYPE_CHECKING:
    from .._client import Client

__all__ = ['run_health', 'run_services', 'run_status', 'run_version']

STATUS: Final = ('tenant', 'service', 'instances', 'busy', 'calls', 'calls/s', 'p95 ms', 'MB', 'failures')


def run_health(options: argparse.Namespace) -> int:
    """Print `ok` if the runner is healthy."""
    data = ask_runner(options, lambda hybrid: hybrid.health.check().data)
    if options.json:
        print_json(data)
    else:
        print(data.get('msg', ''))
    return 0 if data.get('msg') == 'ok' else 1


def run_version(options: argparse.Namespace) -> int:
    """Print the versions that the runner reports."""
    data = ask_runner(options, lambda hybrid: hybrid.version.get().data)
    if wants_json(options):
        print_json(data)
    else:
        print_table('', ['name', 'value'], list(data.items()))
    return 0


def run_services(options: argparse.Namespace) -> int:
    """List the services of the runner. A runner reports their version ids; the local runner reports their names too."""
    models = ask_runner(options, lambda hybrid: list(_models(hybrid)))
    if wants_json(options):
        print_json([{'tenant': one.tenant, 'service': one.service, 'version_id': one.version_id} for one in models])
    else:
        rows = [[one.tenant, one.service, one.version_id] for one in models]
        print_table('', ['tenant', 'service', 'version_id'], rows)
    return 0


def run_status(options: argparse.Namespace) -> int:
    """Print the state of the runner's models, once or again and again."""
    if options.watch is not None:
        with suppress(KeyboardInterrupt):  # this is how a watch ends
            ask_runner(options, lambda hybrid: _watch(hybrid, options))
    elif wants_json(options):
        print_json(ask_runner(options, lambda hybrid: hybrid.status.get().data))
    else:
        print_table('', STATUS, ask_runner(options, _Rates().rows))
    return 0


def _watch(hybrid: Client, options: argparse.Namespace) -> None:
    rates = _Rates()
    if options.json or not sys.stdout.isatty() or not importlib.util.find_spec('rich'):
        while True:
            if options.json:
                print_json(hybrid.status.get().data)
            else:
                print_table(time.strftime('%H:%M:%S'), STATUS, rates.rows(hybrid))
            sys.stdout.flush()
            time.sleep(options.watch)
    import rich.live

    with rich.live.Live(console=console(), auto_refresh=False) as live:
        while True:
            live.update(render_table(f'{hybrid.config.base_url.value}', STATUS, rates.rows(hybrid)), refresh=True)
            time.sleep(options.watch)


@dataclass
class _Model:
    """A model of the runner's status."""

    tenant: str
    version_id: str
    service: str | None
    state: dict[str, Any]


def _models(hybrid: Client) -> Iterator[_Model]:
    tenants: Any = hybrid.status.get().data.get('models')
    for tenant in _objects(tenants):
        for model in _objects(tenant.get('model_stats')):
            yield _Model(str(tenant.get('tenant', '')), str(model.get('id', '')), model.get('service'), model)


def _objects(values: Any) -> Iterator[dict[str, Any]]:
    return (value for value in (values if is_array(values) else ()) if is_object(value))


@dataclass
class _Rates:
    """How fast the counts of calls grow from one look to the next."""

    _before: dict[tuple[str, str], tuple[float, int]] = field(default_factory=dict[tuple[str, str], tuple[float, int]])

    def rows(self, hybrid: Client) -> list[list[Any]]:
        """The rows of the table of models."""
        return [self._row(model) for model in _models(hybrid)]

    def _row(self, model: _Model) -> list[Any]:
        state, now = model.state, time.monotonic()
        count = _count(state, 'completed_count')
        key = (model.tenant, model.version_id)
        then, before = self._before.get(key, (now, count))
        self._before[key] = (now, count)
        rate = round((count - before) / (now - then), 1) if now > then else None
        failures = _count(state, 'crash_count') + _count(state, 'timeout_count')
        p95, memory = (state.get(name) for name in ('p95_time_ms', 'memory_usage_mb'))
        service = model.service or model.version_id
        return [model.tenant, service, state.get('size'), state.get('busy'), count, rate, p95, memory, failures]


def _count(state: dict[str, Any], name: str) -> int:
    found = state.get(name)
    return found if isinstance(found, int) else 0
