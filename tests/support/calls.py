"""A runner on a socket, called without a client of ours."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

import cspark.wasm as Hybrid

Json = dict[str, Any]
PLAIN: Json = {'timeout': 60, 'trust_env': False, 'verify': False}
"""How runners are asked without TLS; to read the certificates of all authorities takes httpx 40 ms a call."""


@dataclass(frozen=True)
class Api:
    """Where a runner listens, and what to call there."""

    url: str
    runner: Hybrid.LocalRunner
    tenant: str = 'my-tenant'

    def get(self, path: str) -> Any:
        """The answer to a GET, as JSON."""
        return httpx.get(f'{self.url}/{path}', **PLAIN).raise_for_status().json()

    def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """The answer to a POST below the tenant."""
        content = options if body is None else {'json': body, **options}
        return httpx.post(f'{self.url}/{self.tenant}/api/{path}', **PLAIN, **content)

    def send(self, inputs: Any = None, service: str = 'shapes/cylinder', **meta: Any) -> httpx.Response:
        """The answer to one record, by folder and service."""
        folder, name = service.split('/')
        body: Json = {'request_data': {'inputs': inputs or {}}, 'request_meta': meta}
        return self.post(f'v3/folders/{folder}/services/{name}/execute', body)

    def execute(self, inputs: Any = None, service: str = 'shapes/cylinder', **meta: Any) -> Json:
        """The envelope of one record that was computed."""
        answer: Json = self.send(inputs, service, **meta).raise_for_status().json()
        return answer

    def outputs(self, inputs: Any = None, service: str = 'shapes/cylinder', **meta: Any) -> Any:
        """The outputs of one record."""
        return self.execute(inputs, service, **meta)['response_data']['outputs']

    def many(self, inputs: Any, service: str = 'shapes/cylinder', **rest: Any) -> Json:
        """The answer to many records."""
        answer: Json = self.post('v4/execute', {'inputs': inputs, 'service': service, **rest}).raise_for_status().json()
        return answer

    def upload(self, package: bytes, name: str = 'package.zip') -> httpx.Response:
        """The answer to an upload."""
        files = {'file': (name, package, 'application/zip')}
        return httpx.post(f'{self.url}/api/v3/upload', files=files, **PLAIN)

    def models(self) -> dict[str, Json]:
        """What the status says of each version, by its id."""
        tenants = self.get('status')['models']
        return {model['id']: model for tenant in tenants for model in tenant['model_stats']}


def message(answer: httpx.Response) -> str:
    """The runner's words in the envelope of an error."""
    envelope: Mapping[str, Any] = answer.json()
    assert (envelope['status'], envelope['response_data']) == ('Error', None)
    text: str = envelope['error']['message']
    return text


@contextmanager
def serving(*packages: Any, **settings: Any) -> Generator[Api]:
    """A runner with these packages and settings."""
    options: Json = {'instances': 1, **settings}
    with Hybrid.LocalRunner(*packages, **options) as runner, runner.serve() as server:
        yield Api(server.url, runner)
