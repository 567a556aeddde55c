"""The answers of the operations health, version and status."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

import psutil

from hybrid_runner_api.models import (
    HealthStatus,
    ModelStatus,
    RunnerStatus,
    RunnerVersion,
    TenantStatus,
    ThreadStatus,
    ThreadStatuses,
)

from ..engine.pool import Slot
from ..engine.statistics import timestamp
from .catalog import Catalog, Served

__all__ = ['health', 'status', 'version']

COMPATIBLE_VERSION: Final = '1.46.0'
"""The vendor's first release that has every operation of this runner."""

STARTED: Final = timestamp(datetime.now(UTC))


def health() -> dict[str, Any]:
    """Report that the runner is up."""
    return HealthStatus(msg='ok').to_dict()


def version() -> dict[str, Any]:
    """Report the compatible version of the vendor's runner, the start time, and a hash of the code that runs models."""
    return RunnerVersion(last_pull_date=STARTED, filehash=_engine_hash(), version=COMPATIBLE_VERSION).to_dict()


@cache
def _engine_hash() -> str:
    names = ('engine.js', 'worker.py')
    return hashlib.sha256(
        b''.join(files('cspark.wasm.local.engine').joinpath(name).read_bytes() for name in names)
    ).hexdigest()


def status(catalog: Catalog) -> dict[str, Any]:
    """Report every loaded model by tenant, with its instances, counts and times."""
    tenants = [
        TenantStatus(
            tenant=tenant,
            model_stats=[_model_status(served) for served in services],
            total_model=len(services),
            total_instances=sum(len(served.pool.all_slots) for served in services),
        )
        for tenant, services in catalog.tenants.items()
    ]
    return RunnerStatus(
        models=tenants,
        memory_usage_mb=_megabytes(psutil.Process().memory_info().rss),
        memory_limit_mb=_megabytes(psutil.virtual_memory().total),
    ).to_dict()


def _model_status(served: Served) -> ModelStatus:
    pool, statistics = served.pool, served.pool.statistics
    threads = ThreadStatuses()
    for slot in pool.all_slots:
        threads[str(slot.number)] = _thread_status(slot)
    found = ModelStatus(
        thread_stats=threads,
        memory_usage_mb=round(
            sum(thread.current_memory_mb or 0 for thread in threads.additional_properties.values()), 2
        ),
        uptime_ms=round((time.monotonic() - pool.started) * 1000),
        min_time_ms=_rounded(statistics.min_time_ms),
        mean_time_ms=_rounded(statistics.mean_time_ms),
        p95_time_ms=_rounded(statistics.percentile(0.95)),
        p99_time_ms=_rounded(statistics.percentile(0.99)),
        max_time_ms=_rounded(statistics.max_time_ms),
        busy=sum(slot.busy for slot in pool.all_slots),
        size=len(pool.all_slots),
        id=served.version.version_id,
        last_use=timestamp(statistics.last_use) if statistics.last_use else None,
        completed_count=statistics.completed_count,
        running_count=statistics.running_count,
        crash_count=statistics.crash_count,
        timeout_count=statistics.timeout_count,
    )
    if not served.strict_vendor:
        found['service'] = served.version.uri  # the vendor's runner tells the id alone
    return found


def _thread_status(slot: Slot) -> ThreadStatus:
    instance = slot.instance
    if instance is None:
        return ThreadStatus(None, None, None, None, None, 0.0)
    return ThreadStatus(
        init_time_ms=round(instance.init_time_ms, 3),
        init_memory_mb=_megabytes(instance.init_memory_bytes),
        uptime_ms=round((time.monotonic() - instance.started) * 1000),
        peak_memory_mb=_megabytes(instance.peak_memory_bytes),
        last_execute_consume_memory_mb=_megabytes(slot.last_growth),
        current_memory_mb=_megabytes(instance.memory_bytes),
    )


def _megabytes(size: float) -> float:
    return round(size / 1024 / 1024, 2)


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 3)
