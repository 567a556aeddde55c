"""Forks while other threads are busy: what they hold at that moment never blocks the child."""

from __future__ import annotations

import json
import os
import socket
import ssl
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.certificates import authority, server_context
from support.faulty import answers, read_request
from support.forking import FORK, program
from support.sockets import listening
from support.wire import SUCCESS

needs_fork = pytest.mark.skipif(not hasattr(os, 'fork'), reason='no fork')


@contextmanager
def echoing(context: ssl.SSLContext | None = None) -> Generator[str]:
    """A server that answers with the inputs; to one who asks for a delay, a moment later."""

    def serve(plain: socket.socket) -> None:
        plain.settimeout(60)
        with context.wrap_socket(plain, server_side=True) if context else plain as connection:
            while request := read_request(connection):
                inputs = json.loads(request.partition(b'\r\n\r\n')[2])['request_data']['inputs']
                time.sleep(inputs.get('delay', 0))
                answers(json.dumps({**SUCCESS, 'response_data': {'outputs': inputs}}).encode())(connection)

    with listening(serve) as listener:
        yield f'{"https" if context else "http"}://127.0.0.1:{listener.port}'


HELD = (
    FORK
    + """
what, url = sys.argv[1:]
parent, inside, release = os.getpid(), threading.Event(), threading.Event()

def slow(function):
    def call(*arguments, **options):
        if os.getpid() == parent and threading.current_thread() is not threading.main_thread():
            inside.set()
            release.wait(100)
        return function(*arguments, **options)
    return call

options = {'base_url': url}
prepare = lambda: None
delay = {}
if what == 'a token function':
    options['token'] = slow(lambda: 'mine')
elif what == 'the httpx client':
    httpx.Client.__init__ = slow(httpx.Client.__init__)
    prepare = lambda: hybrid.http_client
elif what == 'what TLS trusts':
    ssl.create_default_context = slow(ssl.create_default_context)
elif what == 'logging':
    class Handler(logging.Handler):
        emit = slow(lambda self, record: None)
    logging.getLogger('cspark.wasm').addHandler(Handler())
    logging.getLogger('cspark.wasm').setLevel(logging.DEBUG)
elif what == 'a call':
    delay = {'delay': 2}

import cspark.wasm as Hybrid

hybrid = Hybrid.Client(**{'tenant': 't', 'token': 'open', 'timeout': 20_000, 'max_retries': 0, **options})

def call(number, **inputs):
    prepare()
    return hybrid.services.execute('f/s', inputs={'number': number, **inputs}).output['number'] == number

threads = [threading.Thread(target=call, args=(number,), kwargs=delay) for number in range(4)]
for thread in threads:
    thread.start()
reached = inside.wait(10 if what != 'a call' else 0.3)
ends = [0]
while len(ends) < 4 and not any(ends):
    ends.append(ended(fork(lambda: call(10 + len(ends)))))
release.set()
for thread in threads:
    thread.join()
print(json.dumps([reached, ends, call(20)]))
"""
)


@pytest.mark.thorough
@needs_fork
@pytest.mark.parametrize('what', ['a call', 'a token function', 'the httpx client', 'what TLS trusts', 'logging'])
def test_what_another_thread_is_in_the_middle_of_at_the_fork_never_blocks_the_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    ca = authority()
    ca.cert_pem.write_to_path(str(tmp_path / 'ca.pem'))
    monkeypatch.setenv('SSL_CERT_FILE', str(tmp_path / 'ca.pem'))
    tls = what == 'what TLS trusts'
    with echoing(server_context(ca) if tls else None) as url:
        reached, ends, after = program(HELD, tmp_path, what, url)
    assert (ends, after) == ([0, 0, 0, 0], True)
    assert reached or tls or what == 'a call'  # what is trusted may be read when the client is built


BUSY = (
    FORK
    + """
import itertools
import cspark.wasm as Hybrid

class Handler(logging.Handler):  # none that writes to a file: files have locks of their own
    def emit(self, record):
        self.format(record)

logging.getLogger('cspark.wasm').addHandler(Handler())
logging.getLogger('cspark.wasm').setLevel(logging.DEBUG)
options = {'base_url': sys.argv[1], 'tenant': 't', 'timeout': 20_000, 'max_retries': 0}
shared = Hybrid.Client(token='open', **options)
numbers, over = itertools.count(), threading.Event()

def token():
    time.sleep(0.002)
    return 'mine'

def call(hybrid):
    number = next(numbers)
    return hybrid.services.execute('f/s', inputs={'number': number}).output['number'] == number

def fresh():
    global newest
    with Hybrid.Client(token=token, **options) as newest:
        return call(newest)

def keep_calling(do):
    while not over.is_set():
        wrong.extend([] if do() else [do])

def child():
    return call(shared) and fresh() and call(shared)

if sys.argv[2] == 'later':
    assert child()
wrong, newest = [], None
works = [lambda: call(shared)] * 4 + [fresh] * 2
threads = [threading.Thread(target=keep_calling, args=(work,)) for work in works]
for thread in threads:
    thread.start()
ends = [0]
while len(ends) < 16 and not any(ends):
    time.sleep(0.003 * len(ends) % 0.01)
    ends.append(ended(fork(child)))
over.set()
for thread in threads:
    thread.join()
print(json.dumps([ends, len(wrong)]))
"""
)


@pytest.mark.thorough
@needs_fork
@pytest.mark.parametrize('when', ['first', 'later'])
def test_forks_at_any_moment_of_busy_threads_give_children_that_call(tmp_path: Path, when: str) -> None:
    """With `first`, the threads may be importing what a first call needs: a module has a lock as well."""
    with echoing() as url:
        ends, wrong = program(BUSY, tmp_path, url, when)
    assert (ends, wrong) == ([0] * 16, 0)
