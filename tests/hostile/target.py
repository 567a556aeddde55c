"""A runner that serves hostile packages, called over one connection, and what may come of their records."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import httpx
import psutil
import pytest
from hostile.model import record

import cspark.wasm as Hybrid
from cspark.wasm._codec.json import is_object
from support.calls import Json, message

PI: Final = 3.141592653589793
GOOD: Final = 'cylinder'
"""The service that no package may harm."""


@dataclass(frozen=True)
class Target:
    """The service of a hostile package, called by the id of its version."""

    http: httpx.Client
    tenant: str
    version_id: str

    def execute_many(self, records: list[Json]) -> httpx.Response:
        """The answer to a chunk of records."""
        return self._post('v4/execute', {'inputs': records, 'version_id': self.version_id})

    def execute(self, inputs: Json) -> httpx.Response:
        """The answer to one record."""
        meta = {'version_id': self.version_id, 'response_data_inputs': True}
        return self._post('v3/execute', {'request_data': {'inputs': inputs}, 'request_meta': meta})

    def _post(self, path: str, body: Json) -> httpx.Response:
        return self.http.post(f'/{quote(self.tenant, safe="")}/api/{path}', json=body)


@dataclass(frozen=True)
class Bystander:
    """A runner with a good service; `resident` is the memory that it began with, in bytes."""

    http: httpx.Client
    runner: Hybrid.LocalRunner
    resident: int

    def upload(self, package: bytes) -> httpx.Response:
        """The answer to an upload."""
        return self.http.post('/api/v3/upload', files={'file': ('package.zip', package, 'application/zip')})

    def targets(self) -> list[Target]:
        """What is served beside the good service."""
        tenants = self.runner.app.catalog.tenants.items()
        versions = [(tenant, one.version) for tenant, services in tenants for one in services]
        return [Target(self.http, tenant, one.version_id) for tenant, one in versions if one.service != GOOD]

    def check(self) -> None:
        """Everything is as it should be for those who have nothing to do with a package."""
        assert self.http.get('/healthcheck').json() == {'msg': 'ok'}
        assert self.http.get('/status').status_code == 200
        mark = secrets.token_hex(8)
        body = {
            'request_data': {'inputs': {**record(mark), 'height': 2}},
            'request_meta': {'response_data_inputs': True},
        }
        answer = self.http.post(f'/my-tenant/api/v3/folders/shapes/services/{GOOD}/execute', json=body).json()
        assert answer['response_data']['outputs']['volume'] == pytest.approx(2 * PI)
        assert answer['response_data']['inputs']['mark'] == mark

    def forget(self) -> None:
        """Serve the good service alone, by no more workers than it has instances."""
        catalog = self.runner.app.catalog
        for services in catalog.tenants.values():
            catalog.remove(served for served in services if served.version.service != GOOD)
        self._wait_for_workers()

    def _wait_for_workers(self) -> None:
        until = time.monotonic() + 20
        while True:
            served = [one for services in self.runner.app.catalog.tenants.values() for one in services]
            instances = [slot.instance for one in served for slot in one.pool.all_slots if slot.instance is not None]
            wanted = {instance.process_id for instance in instances}
            found = {child.pid for child in psutil.Process().children(recursive=True)}
            if found == wanted:
                return
            assert time.monotonic() < until, f'workers {found - wanted} are left over, {wanted - found} are gone'
            time.sleep(0.05)


def resident_memory() -> int:
    """What this process and all its children hold, in bytes."""
    this = psutil.Process()
    return this.memory_info().rss + sum(worker.memory_info().rss for worker in this.children(recursive=True))


def judge(outputs: Any, errors: Any, mark: str) -> str:
    """`right` or `error`, of one record; anything else is a breach."""
    assert 'the runner failed' not in str(errors), errors
    if outputs is None:
        assert isinstance(errors, list)
        assert errors
        return 'error'
    if errors:
        return 'error'
    assert is_object(outputs), f'{str(outputs)[:300]} for outputs'
    assert 'witness' not in outputs, f'the package got hold of {outputs["witness"]}'
    assert outputs.get('mark') == mark, f'the answer to another record: {str(outputs)[:300]}'
    assert outputs.get('volume') == pytest.approx(PI)
    return 'right'


def judge_one(answer: httpx.Response, mark: str) -> str:
    """The same of a v3 answer."""
    if answer.status_code != 200:
        assert message(answer)
        assert 'the runner failed' not in message(answer), message(answer)
        return 'error'
    envelope: Json = answer.json()
    assert isinstance(envelope['status'], str), f'{str(envelope["status"])[:300]} for a status'
    if envelope['status'] != 'Success':
        return 'error'
    return judge(envelope['response_data']['outputs'], envelope['response_data']['errors'], mark)
