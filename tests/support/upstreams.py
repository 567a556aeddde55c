"""Runners in front of others, and servers that stand where a runner would."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx

import cspark.wasm as Hybrid
from cspark.wasm._codec.json import is_array, is_object
from support.calls import PLAIN, Api, Json, serving
from support.packages import CYLINDER
from support.wire import Recorder, recording

NESTED: Json = {'request_data': {'inputs': {}}, 'request_meta': {}}
"""The body of a request that says nothing."""

ELSEWHERE = 'v3/folders/insurance/services/term-life/execute'
"""A service that the runner in front does not have, and the path of its execution."""

OF_THE_MOMENT = frozenset({'call_id', 'process_time', 'correlation_id', 'request_timestamp', 'execution_time'})


@contextmanager
def in_front(upstream: Any, *packages: Any, **settings: Any) -> Generator[Api]:
    """A runner with these packages, or with the cylinder, in front of another."""
    with serving(*(packages or (CYLINDER,)), upstream=upstream, **settings) as api:
        yield api


@contextmanager
def recorded(*packages: Any, config: Json | None = None, **settings: Any) -> Generator[tuple[Api, Recorder]]:
    """A runner in front of a server that keeps what it is sent, and that server."""
    with recording() as recorder, in_front(config_of(recorder.url, **(config or {})), *packages, **settings) as api:
        yield api, recorder


def config_of(url: str, tenant: str | None = None, **options: Any) -> Hybrid.Config:
    """The configuration of a runner behind another; a tenant is not needed."""
    if not any(options.get(name) for name in ('token', 'api_key', 'auth')):
        options['token'] = 'open'
    return Hybrid.Config(base_url=Hybrid.RunnerUrl(url, tenant), **options)


def still_serves(api: Api) -> bool:
    """Whether a runner computes what it has itself."""
    return api.send({'height': 2}).status_code == 200 and api.get('healthcheck') == {'msg': 'ok'}


def steady(answer: httpx.Response) -> tuple[int, Any]:
    """The status and the content of an answer without ids and times."""
    return answer.status_code, _without_times(answer.json())


def _without_times(value: Any) -> Any:
    if is_array(value):
        return [_without_times(one) for one in value]
    if is_object(value):
        return {name: _without_times(one) for name, one in value.items() if name not in OF_THE_MOMENT}
    return value


def raw_post(url: str, path: str, **options: Any) -> httpx.Response:
    """The answer to a POST, by its whole path."""
    return httpx.post(f'{url}/{path}', **{**PLAIN, **options})
