"""The calls that ask for a runner's health, version and status."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hybrid_runner_api.api.runner import check_health_request, get_status_request, get_version_request

from ..config import Config
from ..errors import NotFoundError
from ..options import CallOptions, check_options
from ..results import Health, HttpResponse, RunnerState, VersionInfo
from .call import Call, caller
from .exchange import make_call, with_call_options
from .steps import Flow

__all__ = ['ask_runner', 'check_health', 'get_status', 'get_version']


Result = TypeVar('Result')


def check_health(config: Config, options: CallOptions) -> Flow[HttpResponse[Health]]:
    """`GET /healthcheck`."""
    config = _check_call('check_health', config, options)
    call = Call(check_health_request(**caller(config)), verb='check_health')
    return HttpResponse[Health].of(*(yield from make_call(config, call)))


def get_version(config: Config, options: CallOptions) -> Flow[HttpResponse[VersionInfo]]:
    """`GET /version`."""
    config = _check_call('get_version', config, options)
    call = Call(get_version_request(**caller(config)), verb='get_version')
    return HttpResponse[VersionInfo].of(*(yield from make_call(config, call)))


def get_status(config: Config, options: CallOptions) -> Flow[HttpResponse[RunnerState]]:
    """`GET /status`."""
    config = _check_call('get_status', config, options)
    call = Call(get_status_request(**caller(config)), verb='get_status')
    return HttpResponse[RunnerState].of(*(yield from make_call(config, call)))


def ask_runner(config: Config, probe: Callable[[Config, CallOptions], Flow[Result]]) -> Flow[Result]:
    """Ask the runner at an address that may end with a tenant, which these operations do not have in their paths.

    A path may as well be the runner's prefix, so that it is tried as it is first.
    """
    try:
        return (yield from probe(config, {}))
    except NotFoundError:
        shorter = config.base_url.without_last_segment()
        if shorter is None:
            raise
        return (yield from probe(config.copy_with(base_url=shorter), {}))


def _check_call(method: str, config: Config, options: CallOptions) -> Config:
    check_options(method, options, CallOptions)
    return with_call_options(config, options)
