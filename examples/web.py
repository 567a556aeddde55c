"""A web service that quotes premiums: one client a process, health probes, errors as responses.

Run it as `python examples/web.py`, which asks it some things; or serve `app` by any ASGI server.
"""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypedDict

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import cspark.wasm as Hybrid

PACKAGE = Path(__file__).resolve().parent.parent / 'samples' / 'packages' / 'term-life.zip'


class State(TypedDict):
    """What the service has while it runs."""

    hybrid: Hybrid.AsyncClient


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncGenerator[State]:
    """Build the client when the service starts. Here the runner is within the process; yours has an address."""
    with Hybrid.LocalRunner(PACKAGE, instances=1) as runner:
        async with runner.async_client(timeout=5_000) as hybrid:
            yield {'hybrid': hybrid}


async def quote(request: Request) -> JSONResponse:
    """Quote a premium."""
    hybrid: Hybrid.AsyncClient = request.state.hybrid
    answer = await hybrid.services.execute('insurance/term-life', inputs=await request.json(), strict_inputs=True)
    if answer.errors[0]:
        return JSONResponse({'errors': answer.errors[0]}, status_code=422)
    return JSONResponse({'annual_premium': answer.output['annual_premium']})


async def ready(request: Request) -> JSONResponse:
    """Say whether the runner answers."""
    hybrid: Hybrid.AsyncClient = request.state.hybrid
    answer = await hybrid.health.check(timeout=1_000, max_retries=0)
    return JSONResponse(dict(answer.data))


async def failed(_request: Request, error: Exception) -> JSONResponse:
    """Answer for a failure: the caller's inputs, the time that is over, or the runner."""
    if isinstance(error, (Hybrid.SparkInputError, Hybrid.BadRequestError, Hybrid.UnprocessableEntityError)):
        return JSONResponse({'error': str(error)}, status_code=422)
    return JSONResponse({'error': type(error).__name__}, 504 if isinstance(error, Hybrid.SparkTimeoutError) else 502)


app = Starlette(
    routes=[Route('/quotes', quote, methods=['POST']), Route('/ready', ready)],
    lifespan=lifespan,
    exception_handlers={Hybrid.SparkError: failed},
)


@contextmanager
def served() -> Generator[str]:
    """The service on a free port of this machine; its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level='warning'))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f'http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}'
    server.should_exit = True
    thread.join()


def main() -> None:
    """Ask the service some things."""
    with served() as url, httpx.Client(base_url=url, trust_env=False) as client:
        print(client.get('/ready').json())
        print(client.post('/quotes', json={'smoker': 'no', 'term_years': 20}).json())
        for wrong in ({'term_years': 99}, {'smokr': 'no'}):
            answer = client.post('/quotes', json=wrong)
            print(answer.status_code, answer.json())


if __name__ == '__main__':
    main()
