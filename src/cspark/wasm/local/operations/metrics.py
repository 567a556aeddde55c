"""The counts and times of the models in the text format of Prometheus.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from .catalog import Catalog, Served

__all__ = ['metrics']

PREFIX: Final = 'cspark_runner'
FAMILIES: Final[dict[str, tuple[str, str, Callable[[Served], float | None]]]] = {
    'records_total': ('counter', 'Records that were computed.', lambda one: one.pool.statistics.completed_count),
    'crashes_total': ('counter', 'Instances that crashed.', lambda one: one.pool.statistics.crash_count),
    'timeouts_total': ('counter', 'Instances that took too long.', lambda one: one.pool.statistics.timeout_count),
    'records_running': ('gauge', 'Records under way.', lambda one: one.pool.statistics.running_count),
    'instances': ('gauge', 'Instances of the model.', lambda one: len(one.pool.all_slots)),
    'instances_busy': ('gauge', 'Instances that compute.', lambda one: sum(slot.busy for slot in one.pool.all_slots)),
    'record_p95_seconds': (
        'gauge',
        'The time that 95 % of the latest records did not exceed.',
        lambda one: _seconds(one.pool.statistics.percentile(0.95)),
    ),
}


def metrics(catalog: Catalog) -> str:
    """The metrics of all models, labelled by tenant, service and version."""
    served = [(tenant, one) for tenant, services in catalog.tenants.items() for one in services]
    return '\n'.join(_lines(served)) + '\n'


def _lines(served: list[tuple[str, Served]]) -> Iterator[str]:
    for name, (kind, text, read) in FAMILIES.items():
        yield f'# HELP {PREFIX}_{name} {text}'
        yield f'# TYPE {PREFIX}_{name} {kind}'
        for tenant, one in served:
            value = read(one)
            if value is not None:
                labels = {
                    'tenant': tenant,
                    'service': f'{one.version.folder}/{one.version.names.service}',
                    'version': one.version.version,
                }
                written = ','.join(f'{label}="{_escape(text)}"' for label, text in labels.items())
                number = str(int(value)) if value == int(value) else f'{value:g}'  # `g` rounds large counts
                yield f'{PREFIX}_{name}{{{written}}} {number}'


def _escape(label: str) -> str:
    return label.replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\n')


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
