"""Where a runner listens: TLS, Unix sockets, and what cannot be had."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

import cspark.wasm as Hybrid
from support.certificates import authority
from support.packages import CYLINDER


def write_certificate(folder: Path) -> tuple[Path, Path, ssl.SSLContext]:
    """A certificate for this machine, its key, and what trusts it."""
    of = authority()
    issued = of.issue_cert('127.0.0.1', 'localhost')
    certificate, key = folder / 'certificate.pem', folder / 'key.pem'
    certificate.write_bytes(b''.join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    context = ssl.create_default_context()
    of.configure_trust(context)  # pyright: ignore[reportUnknownMemberType]
    return certificate, key, context


@pytest.mark.thorough
def test_a_runner_serves_by_tls(tmp_path: Path) -> None:
    certificate, key, trusting = write_certificate(tmp_path)
    with (
        Hybrid.LocalRunner(CYLINDER, instances=1) as runner,
        runner.serve(certificate=certificate, key=key) as server,
        Hybrid.Client(base_url=server.url, tenant='my-tenant', token='open', verify=trusting) as hybrid,
    ):
        assert server.url.startswith('https://127.0.0.1:')
        answer = hybrid.services.execute('shapes/cylinder', inputs={'height': 1, 'radius': 1})
        assert answer.data['outputs'][0]['volume'] == pytest.approx(3.14159265)


@pytest.mark.thorough
def test_the_command_serves_by_tls(tmp_path: Path) -> None:
    certificate, key, trusting = write_certificate(tmp_path)
    command = [sys.executable, '-m', 'cspark.wasm', 'serve', str(CYLINDER), '--port', '0', '--instances', '1']
    command += ['--certificate', str(certificate), '--key', str(key)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r'https://\S+', process.stdout.readline())
        assert found
        answer = httpx.get(f'{found[0]}/healthcheck', verify=trusting, timeout=60, trust_env=False)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (answer.json(), errors) == ({'msg': 'ok'}, '')


@pytest.mark.parametrize(
    ('given', 'words'),
    [
        ({'certificate': 'certificate.pem'}, 'TLS needs a certificate and its key'),
        ({'key': 'key.pem'}, 'TLS needs a certificate and its key'),
        ({'certificate': 'missing.pem', 'key': 'key.pem'}, "the certificate 'missing.pem' and its key cannot be used"),
        ({'certificate': 'key.pem', 'key': 'key.pem'}, "the certificate 'key.pem' and its key cannot be used"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_refused_before_anything_listens(
    tmp_path: Path, given: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_certificate(tmp_path)
    monkeypatch.chdir(tmp_path)
    with Hybrid.LocalRunner() as runner, pytest.raises(Hybrid.SparkSdkError, match=words):
        runner.serve(**given)


@pytest.mark.thorough
@pytest.mark.skipif(not hasattr(socket, 'AF_UNIX'), reason='this system has no Unix sockets')
def test_a_runner_serves_on_a_unix_socket_and_takes_it_away(tmp_path: Path) -> None:
    path = tmp_path / 'runner.sock'
    with Hybrid.LocalRunner(CYLINDER, instances=1) as runner:
        for _ in range(2):
            with runner.serve(uds=path) as server:
                assert server.url == f'unix:{path}'
                transport = httpx.HTTPTransport(uds=os.fspath(path))
                with httpx.Client(transport=transport, base_url='http://runner.internal', timeout=60) as client:
                    assert client.get('/healthcheck').json() == {'msg': 'ok'}
            assert not path.exists()


@pytest.mark.thorough
@pytest.mark.skipif(not hasattr(socket, 'AF_UNIX'), reason='this system has no Unix sockets')
def test_a_unix_socket_that_is_left_is_replaced_and_one_that_is_used_is_not(tmp_path: Path) -> None:
    path = tmp_path / 'runner.sock'
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(os.fspath(path))
    with Hybrid.LocalRunner(CYLINDER, instances=1) as runner, runner.serve(uds=path):
        with pytest.raises(Hybrid.SparkSdkError, match='it is in use'):
            runner.serve(uds=path)
        (tmp_path / 'file').write_text('')
        with pytest.raises(Hybrid.SparkSdkError, match='it is in use'):
            runner.serve(uds=tmp_path / 'file')
        with pytest.raises(Hybrid.SparkSdkError, match='cannot be used'):
            runner.serve(uds=tmp_path / 'missing' / 'runner.sock')
        assert (tmp_path / 'file').read_text() == ''
