"""Make calls of the published client `cspark`, in an environment that has it: a call a line in, an answer a line out.

conftest.py starts it with the name of a client's class. A line names a method, its arguments and the options of the
client to call it on; the answer is what the method returned, or the error that it raised.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import sys
from collections.abc import Awaitable
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

# Where this runs, `cspark.wasm` is the published package. Where its types are checked, it is this project, whose
# signatures differ. So the modules are looked up by name, and what they hold is `Any`.
wasm: Any = importlib.import_module('cspark.wasm')
sdk: Any = importlib.import_module('cspark.sdk')


class Caller:
    """Calls methods of clients, each of which is built once.

    Args:
        kind: The class of the clients, `Client` or `AsyncClient`.
        loop: Runs what the methods of an `AsyncClient` return.
    """

    def __init__(self, kind: str, loop: asyncio.Runner) -> None:
        self._kind = getattr(wasm, kind)
        self._loop = loop
        self._clients: dict[str, Any] = {}

    def answer(self, call: dict[str, Any]) -> dict[str, Any]:
        """Make a call, and describe what came of it."""
        with ExitStack() as files:
            arguments = [_read(value, files) for value in call['arguments']]
            options = {name: _read(value, files) for name, value in call['options'].items()}
            try:
                method = self._client(call['client'])
                for name in call['method'].split('.'):
                    method = getattr(method, name)
                response = self._finish(method(*arguments, **options))
            except Exception as error:  # noqa: BLE001 - whatever it is, the test is told
                return {'error': f'{type(error).__name__}: {error}'}
        request = response.raw_request
        return {
            'status': response.status,
            'data': response.data,
            'path': request.url.path,
            'sent': dict(request.headers),
            'received': dict(response.headers),
        }

    def close(self) -> None:
        """Close every client."""
        for client in self._clients.values():
            self._finish(client.close())

    def _client(self, options: dict[str, Any]) -> Any:
        key = json.dumps(options)
        if key not in self._clients:
            self._clients[key] = self._kind(**options, logger=False)
        return self._clients[key]

    def _finish(self, result: Any) -> Any:
        if not inspect.isawaitable(result):
            return result

        async def wait(awaitable: Awaitable[Any]) -> Any:
            return await awaitable

        return self._loop.run(wait(result))


def _read(value: Any, files: ExitStack) -> Any:
    """A value as the method takes it: JSON has neither `UriParams` nor files."""
    match value:
        case {'UriParams': parts}:
            return sdk.UriParams(**parts)
        case {'file': path}:
            return files.enter_context(Path(path).open('rb'))
        case _:
            return value


def main() -> None:
    """Say which client this is, and answer every line of the standard input."""
    print(json.dumps({'version': version('cspark'), 'module': wasm.__file__}), flush=True)
    with asyncio.Runner() as loop:
        caller = Caller(sys.argv[1], loop)
        for line in sys.stdin:
            print(json.dumps(caller.answer(json.loads(line))), flush=True)
        caller.close()


if __name__ == '__main__':
    main()
