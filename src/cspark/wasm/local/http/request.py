"""An HTTP request and its answer, based on ASGI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final, TypeAlias

from ..ids import new_id
from ..operations.caller import Caller

__all__ = ['LONGEST_ID', 'GoneError', 'HttpAnswer', 'HttpRequest', 'Receive', 'Scope', 'Send']

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LONGEST_ID: Final = 200
"""The rest of a longer request id is neither sent back nor logged."""


class GoneError(Exception):
    """The caller disconnected before the request was complete."""


class HttpRequest:
    """A request: its head, and its body as a stream.

    Args:
        scope: The ASGI scope.
        receive: The ASGI channel of the body.
        path: The path as sent, still encoded, without the runner's prefix: an encoded slash stays part of its name.
    """

    def __init__(self, scope: Scope, receive: Receive, path: str) -> None:
        self.scope = scope
        self.receive = receive
        self.path = path
        self.method: str = scope['method']
        self.headers: Mapping[str, str] = {
            name.decode('latin-1'): value.decode('latin-1') for name, value in scope['headers']
        }
        self.request_id = self.headers.get('x-request-id', '')[:LONGEST_ID] or new_id()
        self.tenant = ''
        self.template = ''
        self.correlation_id = ''
        self.trace: Any = None
        self.caller: Caller | None = None
        self.answered_by = ''

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the body in pieces.

        Raises:
            GoneError: The caller disconnected.
        """
        more = True
        while more:
            message = await self.receive()
            if message['type'] == 'http.disconnect':
                raise GoneError
            more = message.get('more_body', False)
            yield message.get('body', b'')


class HttpAnswer:
    """A JSON answer with its status and headers."""

    def __init__(self, content: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.content = content
        self.status = status
        self.headers = {'content-type': 'application/json', 'content-length': str(len(content)), **(headers or {})}

    async def send(self, send: Send) -> None:
        """Send the answer through ASGI."""
        headers = [(name.encode('latin-1'), value.encode('latin-1')) for name, value in self.headers.items()]
        await send({'type': 'http.response.start', 'status': self.status, 'headers': headers})
        await send({'type': 'http.response.body', 'body': self.content})
