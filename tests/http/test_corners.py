"""Corners of the core and its two shells that a caller seldom meets, and that must not cost him anything."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import cspark.wasm as Hybrid
from cspark.wasm._calls.steps import Send, Undelivered
from cspark.wasm._http import awaiting
from cspark.wasm._http.echoes import Echoes
from support.certificates import authority, server_context
from support.faulty import BODY, answers, head, says_nothing, sends
from support.many import Squares
from support.secrets import KEY, searched_error
from support.sockets import counted, secured
from support.ways import NAME
from support.worlds import World, client_in


def volume(hybrid: Any) -> Any:
    return hybrid.services.execute('f/s', inputs={'height': 1}).output['volume']


@pytest.mark.thorough
def test_calls_that_come_too_late_take_no_place_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awaiting, 'MOST_CONNECTIONS', 2)

    async def main(url: str) -> None:
        connections = awaiting.AwaitedConnections(True, Echoes())
        under_way = [
            asyncio.ensure_future(connections.send(Send('GET', url, time.monotonic() + 0.5))) for _ in range(2)
        ]
        await asyncio.sleep(0)
        for _ in range(10):
            with pytest.raises(Undelivered):
                await connections.send(Send('GET', url, time.monotonic() - 1))
        await asyncio.gather(*under_way, return_exceptions=True)
        answer = await connections.send(Send('GET', url, time.monotonic() + 60))
        assert answer.status == 200
        await connections.close()

    with counted(says_nothing, says_nothing, answers()) as (faulty, _):
        asyncio.run(main(faulty.url))


@pytest.mark.parametrize('place', [0, 1])
def test_an_address_of_a_family_that_the_machine_lacks_is_passed_over(
    world: World, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    original: Any = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        if host not in (NAME, NAME.encode()):
            return original(host, port, *arguments, **options)
        found: list[Any] = [(socket.AF_INET, socket.SOCK_STREAM, 6, '', ('127.0.0.1', port))]
        found.insert(place, (4711, socket.SOCK_STREAM, 6, '', ('::1', port, 0, 0)))
        return found

    monkeypatch.setattr(socket, 'getaddrinfo', getaddrinfo)
    with counted() as (_, listener), client_in(world, base_url=f'http://{NAME}:{listener.port}') as hybrid:
        assert volume(hybrid) == 1.5


def test_many_records_go_as_the_client_was_built(
    squarer: Squares, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca = authority()
    pem = tmp_path / 'ca.pem'
    ca.cert_pem.write_to_path(pem)
    with client_in('sync', base_url=squarer.url, verify=str(pem)) as hybrid:
        pem.unlink()
        monkeypatch.setenv('HTTP_PROXY', 'http://127.0.0.1:1')
        monkeypatch.setenv('CSPARK_TRANSPORT', 'no such one')
        results = hybrid.services.execute_many('math/square', [{'side': 2}, {'side': 3}])
        assert sum(1 for _ in results) == 2


@pytest.mark.thorough
def test_a_call_that_is_cancelled_shows_no_credentials() -> None:
    async def main(url: str, large: bool) -> list[str]:
        async with Hybrid.AsyncClient(base_url=url, tenant='t', api_key=KEY, max_retries=0) as hybrid:
            inputs = {'text': 'x' * (3_000_000 if large else 1)}
            with pytest.raises(TimeoutError) as caught:
                async with asyncio.timeout(0.3):
                    await hybrid.services.execute('f/s', inputs=inputs)
            return searched_error(caught.value)

    def deaf(connection: socket.socket) -> bool:
        return says_nothing(connection)

    with counted(deaf) as (faulty, _):
        assert asyncio.run(main(faulty.url, large=False)) == []
        assert asyncio.run(main(faulty.url, large=True)) == []


def test_an_informational_answer_says_nothing_of_the_one_that_follows(world: World) -> None:
    for before in (
        b'HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n',
        b'HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
    ):
        with (
            counted(sends(before + head(None) + BODY)) as (faulty, _),
            client_in(world, base_url=faulty.url, max_retries=0) as hybrid,
        ):
            assert volume(hybrid) == 1.5


def test_a_limit_of_a_month_is_one(world: World) -> None:
    with counted() as (faulty, _), client_in(world, base_url=faulty.url, timeout=3e9) as hybrid:
        assert hybrid.services.execute('f/s', inputs={'text': 'x' * 300_000}).status == 200


def test_calls_of_threads_over_tls_can_be_ended_while_they_send(tmp_path: Path) -> None:
    ca = authority()
    ca.cert_pem.write_to_path(tmp_path / 'ca.pem')
    with secured(server_context(ca)) as (faulty, _):
        faulty.behave([says_nothing])
        with client_in('sync', base_url=faulty.url, verify=str(tmp_path / 'ca.pem'), max_retries=0) as hybrid:
            connections: Any = vars(hybrid)['_connections']

            def call() -> None:
                with pytest.raises(Hybrid.SparkError):
                    hybrid.services.execute('f/s', inputs={'text': 'x' * 9_000_000})

            threads = [threading.Thread(target=call) for _ in range(3)]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                connections.abort()
                time.sleep(0.01)
