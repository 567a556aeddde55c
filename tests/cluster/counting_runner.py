"""A local runner in a process of its own that writes down which records it has answered.

Run it as `python counting_runner.py PORT FILE PACKAGE ...`. It appends a line of JSON for each call that it has
answered with 200: the `correlation_id`, the ids of the records, and how many calls were under way.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import uvicorn

import cspark.wasm as Hybrid

Message = MutableMapping[str, Any]


class Counting:
    """Passes requests on to a runner, and writes down what was asked.

    Args:
        runner: The runner.
        file: Where to write.
        most: How many calls may be under way; further ones are answered with 503.
    """

    def __init__(self, runner: Hybrid.LocalRunner, file: Path, most: int) -> None:
        self._app = runner.app
        self._file = file.open('a')
        self._most = most
        self._flying = 0

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        if scope['type'] != 'http' or scope['method'] != 'POST':
            await self._app(scope, receive, send)
            return
        body, more = b'', True
        while more:
            message = await receive()
            body, more = body + message.get('body', b''), message.get('more_body', False)
        given = [{'type': 'http.request', 'body': body, 'more_body': False}]
        statuses: list[int] = []

        async def replay() -> Message:
            return given.pop() if given else await receive()

        async def watch(message: Message) -> None:
            if message['type'] == 'http.response.start':
                statuses.append(message['status'])
            elif statuses == [200] and not message.get('more_body'):
                self._write(body, flying)
            await send(message)

        self._flying += 1
        flying = self._flying
        try:
            if flying > self._most:
                await asyncio.sleep(0.005)
                await send({'type': 'http.response.start', 'status': 503, 'headers': [(b'content-length', b'0')]})
                await send({'type': 'http.response.body', 'body': b''})
                self._write(b'', flying)
                return
            await self._app(scope, replay, watch)
        finally:
            self._flying -= 1

    def _write(self, body: bytes, flying: int) -> None:
        asked: dict[str, Any] = json.loads((gzip.decompress(body) if body[:2] == b'\x1f\x8b' else body) or b'{}')
        inputs: list[Any] = asked.get('inputs') or [[]]
        ids: list[Any] = []
        if isinstance(inputs[0], list) and 'policy_id' in inputs[0]:
            at: Any = inputs[0].index('policy_id')  # pyright: ignore[reportUnknownMemberType]
            ids = [row[at] for row in inputs[1:]]
        told: dict[str, Any] = {
            'correlation_id': asked.get('correlation_id'),
            'ids': ids,
            'flying': flying,
            'refused': not body,
        }
        self._file.write(json.dumps(told) + '\n')
        self._file.flush()


def main(port: str, file: str, most: str, *packages: str) -> None:
    """Serve the packages until the process is killed."""
    with Hybrid.LocalRunner(*packages, instances=2) as runner:
        app = Counting(runner, Path(file), int(most))
        config = uvicorn.Config(app, port=int(port), log_level='error', lifespan='off', timeout_keep_alive=60)
        uvicorn.Server(config).run()


if __name__ == '__main__':
    main(*sys.argv[1:])
