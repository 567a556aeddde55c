"""Forks over a warm client: parent and child never share a connection; and pools of processes."""

from __future__ import annotations

import json
import os
import socket
import ssl
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from support.certificates import authority, server_context
from support.faulty import answers, read_request
from support.forking import FORK, program
from support.sockets import listening
from support.wire import SUCCESS

needs_fork = pytest.mark.skipif(not hasattr(os, 'fork'), reason='no fork')


class Echoing:
    """A server that answers with the inputs, and keeps who came over each connection."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.context = context
        self.seen: dict[int, list[Any]] = defaultdict(list)
        self._counting = threading.Lock()
        self._count = 0

    def serve(self, plain: socket.socket) -> None:
        """Answer the requests of a connection; one that asks for a delay a moment later."""
        with self._counting:
            self._count += 1
            own = self._count
        plain.settimeout(60)
        with self.context.wrap_socket(plain, server_side=True) if self.context else plain as connection:
            while request := read_request(connection):
                inputs = json.loads(request.partition(b'\r\n\r\n')[2])['request_data']['inputs']
                self.seen[own].append(inputs.get('who'))
                time.sleep(inputs.get('delay', 0))
                answers(json.dumps({**SUCCESS, 'response_data': {'outputs': inputs}}).encode())(connection)


WARM = (
    FORK
    + """
import cspark.wasm as Hybrid

world, through, url, verify = sys.argv[1:]
options = {'base_url': url, 'tenant': 't', 'token': 'open', 'timeout': 20_000, 'max_retries': 0}
options['verify'] = verify or True
hybrid = (Hybrid.Client if world == 'sync' else Hybrid.AsyncClient)(**options)
if through == 'httpx':
    hybrid.http_client

def calls(who):
    def one(number):
        return hybrid.services.execute('f/s', inputs={'who': who, 'number': number})
    async def all_of_them():
        return await asyncio.gather(*map(one, range(5)))
    answers = [one(number) for number in range(5)] if world == 'sync' else asyncio.run(all_of_them())
    return [answer.output for answer in answers] == [{'who': who, 'number': number} for number in range(5)]

def child(who):
    good = calls(who) and calls(who)
    hybrid.close() if world == 'sync' else asyncio.run(hybrid.close())
    return good

good = [calls('parent')]
children = [fork(lambda: child(f'child {number}')) for number in range(3)]
good.append(calls('parent'))
ends = [ended(child) for child in children]
good.append(calls('parent'))
hybrid.close() if world == 'sync' else asyncio.run(hybrid.close())
print(json.dumps([good, ends]))
"""
)


@pytest.mark.thorough
@needs_fork
@pytest.mark.parametrize('scheme', ['http', 'https'])
@pytest.mark.parametrize('through', ['its own connections', 'httpx'])
def test_parent_and_children_never_share_a_connection(tmp_path: Path, world: str, through: str, scheme: str) -> None:
    ca, pem = authority(), ''
    if scheme == 'https':
        ca.cert_pem.write_to_path(pem := str(tmp_path / 'ca.pem'))
    echoing = Echoing(server_context(ca) if pem else None)
    with listening(echoing.serve) as listener:
        url = f'{scheme}://127.0.0.1:{listener.port}'
        good, ends = program(WARM, tmp_path, world, through, url, pem)
    assert (good, ends) == ([True] * 3, [0] * 3)
    seen = [set(callers) for callers in echoing.seen.values()]
    assert all(len(callers) == 1 for callers in seen)
    assert set().union(*seen) == {'parent', 'child 0', 'child 1', 'child 2'}
    if world == 'sync':  # what a child closes is its own
        assert seen.count({'parent'}) == 1


POOL = """
import json, multiprocessing, sys
import cspark.wasm as Hybrid

client = None

def start(config):
    global client
    client = client or Hybrid.Client.use(config)

def call(number):
    return client.services.execute('f/s', inputs={'number': number}).output['number']

if __name__ == '__main__':
    config = Hybrid.Config(base_url=sys.argv[2], tenant='t', token='open', timeout=20_000, max_retries=0)
    with Hybrid.Client.use(config) as client:
        outputs = [call(-1)]
        with multiprocessing.get_context(sys.argv[1]).Pool(3, start, (config,)) as pool:
            waiting = pool.map_async(call, range(30), chunksize=1)
            outputs += [call(number) for number in range(100, 110)] + waiting.get(90)
            pool.close()
            pool.join()
    print(json.dumps(outputs))
"""


@pytest.mark.thorough
@pytest.mark.parametrize('method', ['fork', 'spawn'])
def test_a_pool_of_processes_gets_its_own_answers(tmp_path: Path, method: str) -> None:
    if method == 'fork' and not hasattr(os, 'fork'):
        pytest.skip('no fork')
    with listening(Echoing().serve) as listener:
        outputs = program(POOL, tmp_path, method, f'http://127.0.0.1:{listener.port}')
    assert outputs == [-1, *range(100, 110), *range(30)]
