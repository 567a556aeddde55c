"""Performs flows on an `httpx.AsyncClient`."""

from __future__ import annotations

import inspect
from contextlib import aclosing, closing
from typing import Any, TypeVar

import anyio
import anyio.to_thread
import httpx

from .._flows.flow import Compute, Flow, Pause, Send, Step
from .wire import build, received, sending, time_left, undelivered

__all__ = ['perform']

Result = TypeVar('Result')


async def perform(flow: Flow[Result], http_client: httpx.AsyncClient) -> Result:
    """Run a flow to its end: do each step, hand in the result or throw in the error."""
    with closing(flow):
        try:
            step = next(flow)
            while True:
                try:
                    result = await _do(step, http_client)
                except Exception as error:  # noqa: BLE001 - it is the flow's to handle
                    step = flow.throw(error)
                else:
                    step = flow.send(result)
        except StopIteration as end:
            final: Result = end.value
            return final


async def _do(step: Step, http_client: httpx.AsyncClient) -> Any:
    match step:
        case Send():
            return await _send(step, http_client)
        case Pause():
            await anyio.sleep(step.seconds)
        case Compute():
            result = await anyio.to_thread.run_sync(step.function) if step.heavy else step.function()
            return await result if inspect.isawaitable(result) else result
    return None


async def _send(step: Send, http_client: httpx.AsyncClient) -> httpx.Response:
    try:
        request = build(step, http_client)
        with anyio.fail_after(time_left(step)):
            answer = await http_client.send(request, **sending(step))
            async with aclosing(answer):
                parts = [part async for part in answer.aiter_raw()]
            return received(answer, b''.join(parts))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        failure = undelivered(error)
    except TimeoutError:
        failure = undelivered(httpx.ReadTimeout('the time is over'))
    raise failure  # here, and not above: what is raised there keeps httpx's frames alive
