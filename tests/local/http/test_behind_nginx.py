"""nginx in front of a runner on a Unix socket, configured as the documentation says."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import cspark.wasm as Hybrid
from support.packages import CYLINDER, ROOT, TERM_LIFE

NGINX = shutil.which('nginx') or shutil.which('nginx', path='/usr/sbin')


def block(language: str) -> str:
    """The block of the page in this language."""
    (found,) = re.findall(rf'```{language}\n(.*?)```', (ROOT / 'docs' / 'local-runner.md').read_text(), re.DOTALL)
    text: str = found
    return text


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def nginx(folder: Path, runner_socket: Path) -> Generator[str]:
    """The address of nginx with the page's configuration, in this folder and at this socket."""
    port = free_port()
    site = block('nginx').replace('/run/cspark-wasm/runner.sock', os.fspath(runner_socket))
    site = site.replace('listen 8080;', f'listen 127.0.0.1:{port};')
    places = ''.join(f'{name}_temp_path {folder / name};\n' for name in ('client_body', 'proxy'))
    for name in ('fastcgi', 'uwsgi', 'scgi'):
        places += f'{name}_temp_path {folder / name};\n'
    owner = 'user root;\n' if os.getuid() == 0 else ''
    (folder / 'nginx.conf').write_text(
        f'{owner}pid {folder / "pid"};\nerror_log {folder / "error.log"};\nevents {{}}\n'
        f'http {{ access_log off;\n{places}{site} }}'
    )
    command = [str(NGINX), '-p', os.fspath(folder), '-c', os.fspath(folder / 'nginx.conf'), '-g', 'daemon off;']
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            until = time.monotonic() + 60
            while time.monotonic() < until and process.poll() is None:
                with socket.socket() as probe:
                    if probe.connect_ex(('127.0.0.1', port)) == 0:
                        break
                time.sleep(0.05)
            assert process.poll() is None, process.communicate()[1]
            yield f'http://127.0.0.1:{port}'
        finally:
            process.terminate()


@pytest.mark.thorough
@pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian's nginx-light)")
def test_every_verb_works_behind_nginx_as_the_page_configures_it(tmp_path: Path) -> None:
    path = tmp_path / 'runner.sock'
    with (
        Hybrid.LocalRunner(CYLINDER, instances=1) as runner,
        runner.serve(uds=path),
        nginx(tmp_path, path) as url,
        Hybrid.Client(base_url=url, tenant='my-tenant', token='open') as hybrid,
    ):
        assert hybrid.health.check().data == {'msg': 'ok'}
        assert hybrid.services.upload(TERM_LIFE.read_bytes()).status == 200
        many = hybrid.services.execute('shapes/cylinder', inputs=[{'height': 1}] * 5000, encoding='gzip')
        assert len(many.data['outputs']) == 5000
        assert hybrid.services.execute('insurance/term-life', inputs={}).data['version'] == '0.3.0'
        foreign = {'origin': 'http://evil.example'}
        assert httpx.get(f'{url}/status', headers=foreign, timeout=60, trust_env=False).status_code == 403
        own = {'origin': url}
        assert httpx.get(f'{url}/status', headers=own, timeout=60, trust_env=False).status_code == 200


@pytest.mark.skipif(shutil.which('systemd-analyze') is None, reason='systemd is not installed')
def test_the_unit_of_the_page_is_one_that_systemd_takes(tmp_path: Path) -> None:
    unit = tmp_path / 'cspark-wasm.service'
    program = tmp_path / 'cspark-wasm'
    program.write_text('#!/bin/sh\n')
    program.chmod(0o755)
    unit.write_text(block('ini').replace('/srv/cspark/venv/bin/cspark-wasm', os.fspath(program)))
    done = subprocess.run(
        ['systemd-analyze', 'verify', '--man=no', os.fspath(unit)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if 'cspark-wasm' in line]) == (0, [])
