"""Calls as users write them: read by the type checkers, never run. A type that changes for users fails here."""

from __future__ import annotations

from typing import Any, assert_type
from uuid import UUID

import cspark.wasm as Hybrid
from hybrid_runner_api import Client as GeneratedClient


def blocking(hybrid: Hybrid.Client) -> None:
    """What the blocking client's calls are to a type checker."""
    assert_type(hybrid.health.check(), Hybrid.HttpResponse[Hybrid.Health])
    assert_type(hybrid.version.get().data, Hybrid.VersionInfo)
    assert_type(hybrid.status.get().data['models'], list[dict[str, Any]])
    assert_type(hybrid.services.upload(b'zip').data, Hybrid.Uploaded)
    assert_type(hybrid.services.execute('f/s', inputs={'height': 1}), Hybrid.ServiceExecuted[Hybrid.ExecutedData])
    assert_type(hybrid.services.execute('f/s', inputs=[{'height': 1}]).data['outputs'], list[Any])
    assert_type(hybrid.services.execute('f/s', response_format='original').data, Any)
    assert_type(hybrid.services.execute(UUID(int=1), inputs='{}', encoding='gzip').status, int)
    assert_type(hybrid.services.validate(version_id='id', validation_type='dynamic').data, Hybrid.ServiceAnswer)
    assert_type(hybrid.services.get_metadata('version/id').data['response_data'], dict[str, Any])
    assert_type(hybrid.raw, GeneratedClient)
    assert_type(Hybrid.Client.health_check('http://localhost:3000', timeout=500).data, Hybrid.Health)


async def awaited(hybrid: Hybrid.AsyncClient) -> None:
    """What the awaited client's calls are to a type checker."""
    assert_type(await hybrid.health.check(), Hybrid.HttpResponse[Hybrid.Health])
    answer = await hybrid.services.execute(
        Hybrid.UriParams('f', 's'), inputs=[['height'], [1]], selected_outputs=['volume']
    )
    assert_type(answer.data, Hybrid.ExecutedData)
    async with hybrid as entered:
        assert_type(entered, Hybrid.AsyncClient)


def refused(hybrid: Hybrid.Client) -> None:
    """What the type checkers must refuse: an ignore that is not needed fails."""
    hybrid.services.execute('f/s', encoding='zip')  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    hybrid.services.execute('f/s', inpts={})  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    hybrid.services.validate(version_id='id', validation_type='both')  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Hybrid.Client(timeout='60')  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
