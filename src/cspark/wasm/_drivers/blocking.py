"""Performs flows on an `httpx.Client`."""

from __future__ import annotations

import inspect
import time
from contextlib import closing
from typing import Any, TypeVar

import httpx

from .._flows.flow import Compute, Flow, Pause, Send, Step
from ..errors import SparkConfigError
from .wire import build, received, sending, time_left, undelivered

__all__ = ['perform']

Result = TypeVar('Result')


def perform(flow: Flow[Result], http_client: httpx.Client) -> Result:
    """Run a flow to its end: do each step, hand in the result or throw in the error."""
    with closing(flow):
        try:
            step = next(flow)
            while True:
                try:
                    result = _do(step, http_client)
                except Exception as error:  # noqa: BLE001 - it is the flow's to handle
                    step = flow.throw(error)
                else:
                    step = flow.send(result)
        except StopIteration as end:
            final: Result = end.value
            return final


def _do(step: Step, http_client: httpx.Client) -> Any:
    match step:
        case Send():
            return _send(step, http_client)
        case Pause():
            time.sleep(step.seconds)
        case Compute():
            return _finished(step.function())
    return None


def _send(step: Send, http_client: httpx.Client) -> httpx.Response:
    try:
        request = build(step, http_client)
        with closing(http_client.send(request, **sending(step))) as answer:
            parts: list[bytes] = []
            for part in answer.iter_raw():
                parts.append(part)
                time_left(step)
            return received(answer, b''.join(parts))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        failure = undelivered(error)
    raise failure  # here, and not above: what is raised there keeps httpx's frames alive


def _finished(result: Any) -> Any:
    if inspect.iscoroutine(result):
        result.close()
        raise SparkConfigError('the function given as token is async; give a plain one, or use AsyncClient')
    return result
