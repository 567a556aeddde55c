"""Asking a runner how it is: health, version, status."""

from __future__ import annotations

from hybrid_runner_api.api.runner import check_health_request, get_status_request, get_version_request

from ..config import Config
from ..options import CallOptions, check_options
from ..results import Health, HttpResponse, RunnerState, VersionInfo
from .exchange import Call, caller, configured, exchange
from .steps import Flow

__all__ = ['check_health', 'get_status', 'get_version']


def check_health(config: Config, options: CallOptions) -> Flow[HttpResponse[Health]]:
    """`GET /healthcheck`."""
    config = _configured('check_health', config, options)
    return HttpResponse[Health].of(*(yield from exchange(config, Call(check_health_request(**caller(config))))))


def get_version(config: Config, options: CallOptions) -> Flow[HttpResponse[VersionInfo]]:
    """`GET /version`."""
    config = _configured('get_version', config, options)
    return HttpResponse[VersionInfo].of(*(yield from exchange(config, Call(get_version_request(**caller(config))))))


def get_status(config: Config, options: CallOptions) -> Flow[HttpResponse[RunnerState]]:
    """`GET /status`."""
    config = _configured('get_status', config, options)
    return HttpResponse[RunnerState].of(*(yield from exchange(config, Call(get_status_request(**caller(config))))))


def _configured(method: str, config: Config, options: CallOptions) -> Config:
    check_options(method, options, CallOptions)
    return configured(config, options)
