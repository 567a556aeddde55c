"""Pass requests on to the runner behind this one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote

from ..._answer import Answer
from ..._codec.json import decode_json, encode_json, is_object
from ...errors import SparkSdkError, SparkTimeoutError
from ...uri import UriParams
from ..errors import RefusedError, ServiceError

__all__ = ['ANSWERED_BY', 'CHAIN', 'TIME_LEFT', 'Passage', 'Upstream', 'address_service', 'without_credentials']

Json = dict[str, Any]

ANSWERED_BY: Final = 'x-answered-by'
"""The header that marks answers of the runner behind this one."""

HOPS: Final = 'x-runner-hops'
"""The header that counts how many runners have passed a request on."""

MOST_HOPS: Final = 8

CHAIN: Final = 'x-runner-chain'
"""The header with the ids of the versions that called each other before a call, with commas between them."""

TIME_LEFT: Final = 'x-runner-time-left'
"""The header that says how long the caller of a call waits for its answer, in milliseconds."""

LOCATORS: Final = ('service_id', 'service_uuid', 'service_uri', 'version', 'version_id', 'version_uuid')
"""What names a service in `request_meta`."""

PASSED_ON: Final = (
    'accept',
    'baggage',
    'content-encoding',
    'content-type',
    'traceparent',
    'tracestate',
    'x-request-id',
    'x-spark-ua',
)
"""The headers that are passed on. Any other may hold a credential, or concerns this connection alone."""

OF_THE_CONNECTION: Final = frozenset(
    {
        *('connection', 'keep-alive', 'trailer', 'transfer-encoding', 'upgrade', 'proxy-connection'),
        *('content-encoding', 'content-length', 'date', 'server', 'set-cookie'),
    }
)
"""The headers of an answer that are not passed back."""

CREDENTIALS: Final = ('authorization', 'x-synthetic-key')

SECRETS_OF_CONTEXT: Final = ('authorization', 'secretkey', 'x-synthetic-key')
"""The credentials that `request_meta._ctx` may hold."""

STATUS_TIMEOUT: Final = 5.0
"""How long the status of the runner behind this one may take, in seconds."""


class Upstream(Protocol):
    """The runner behind this one."""

    caller_credentials: bool
    address: str
    tenant: str

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        content: bytes | None = None,
        *,
        until: float = float('inf'),
        own_credentials: bool = True,
    ) -> Answer:
        """Send a request once, and return the answer."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


@dataclass(frozen=True)
class Passage:
    """The way on for one request, and for the calls of services on its behalf.

    Args:
        upstream: The runner behind this one.
        headers: The headers of the request, with names in lower case.
    """

    upstream: Upstream
    headers: Mapping[str, str]

    def send(
        self,
        method: str,
        path: str,
        content: bytes | None,
        until: float = float('inf'),
        further: Mapping[str, str] | None = None,
    ) -> Answer:
        """Pass a request on, with further headers.

        Raises:
            RefusedError: 508 if too many runners have passed it on; 502 or 504 if there is no answer.
        """
        upstream, hops = self.upstream, self._hops()
        if hops >= MOST_HOPS:
            raise RefusedError(
                508, f'{hops} runners have passed this request on: they form a loop; the next one is {upstream.address}'
            )
        passed = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
        theirs = {name: self.headers[name] for name in CREDENTIALS if name in self.headers}
        if not upstream.caller_credentials:
            theirs = {}
        sent = {**passed, **theirs, **(further or {}), HOPS: str(hops + 1)}
        try:
            return upstream.send(method, path, sent, content, until=until, own_credentials=not theirs)
        except SparkSdkError as error:
            failure = error
        status = 504 if isinstance(failure, SparkTimeoutError) else 502
        raise ServiceError(status, f'this runner is up, but the one behind it does not answer: {failure.message}')

    def execute(self, tenant: str, named: UriParams, body: Json, until: float, chain: Sequence[str] = ()) -> Json:
        """Let the runner behind this one execute a service for another one, and return its envelope.

        Args:
            tenant: The tenant.
            named: The service.
            body: The request.
            until: When the answer must be there, by `time.monotonic()`.
            chain: The ids of the versions that called each other before.

        Raises:
            RefusedError: It refused the request, or did not answer.
        """
        body = body if self.upstream.caller_credentials else without_credentials(body) or body
        meta = body.get('request_meta')
        content = encode_json({**body, 'request_meta': _located(meta if is_object(meta) else {}, named)})
        path = f'/{quote(self.tenant(tenant), safe="")}/api/v3/execute'
        headers = {
            **{name: value for name, value in self.headers.items() if name != 'content-encoding'},
            'content-type': 'application/json',
            'accept': 'application/json',
        }
        milliseconds = max(1, round((until - time.monotonic()) * 1000))
        further = {CHAIN: ','.join(chain), TIME_LEFT: str(milliseconds)}
        answer = Passage(self.upstream, headers).send('POST', path, content, until, further)
        envelope = _envelope_of(answer)
        if answer.status < 400 and envelope is not None and _is_whole(envelope):
            return envelope
        status = 502
        if answer.status >= 400:
            status = answer.status
        elif envelope is not None and envelope.get('status') == 'Error':
            status = 500
        raise RefusedError(status, _message_of(answer, envelope))

    def path(self, path: str, tenant: str) -> str:
        """Return the path of a request at the runner behind this one, whose tenant may have another name."""
        ours, theirs = quote(tenant, safe=''), quote(self.tenant(tenant), safe='')
        _, _, rest = path.removeprefix('/').partition('/')
        return f'/{theirs}/{rest}' if ours != theirs else path

    def headers_of(self, answer: Answer) -> dict[str, str]:
        """Return the headers of an answer that go back to the caller, without those of the connection."""
        named = ((name.lower(), value) for name, value in answer.header_list)
        return {name: value for name, value in named if name not in OF_THE_CONNECTION}

    def tenant(self, tenant: str) -> str:
        """Return the tenant at the runner behind this one."""
        return self.upstream.tenant or tenant

    def status(self) -> Json:
        """Return the address of the runner behind this one, and its status, or why there is none."""
        told: Json = {'url': self.upstream.address}
        try:
            answer = self.send('GET', '/status', None, time.monotonic() + STATUS_TIMEOUT)
            status = _envelope_of(answer)
        except RefusedError as error:
            return told | {'error': error.message}
        if answer.status >= 400:
            return told | {'error': f'it answers {answer.status}'}
        if status is None:
            return told | {'error': 'its answer is not the status of a runner'}
        return told | {'status': status}

    def without_encoding(self) -> Passage:
        """Return a passage for a body that is not compressed."""
        headers = {name: value for name, value in self.headers.items() if name != 'content-encoding'}
        return Passage(self.upstream, headers)

    def _hops(self) -> int:
        told = self.headers.get(HOPS, '0')
        return int(told) if told.isdecimal() and len(told) < 4 else MOST_HOPS


def without_credentials(body: Json) -> Json | None:
    """Return a body without the credentials in its `request_meta._ctx`; None if it has none there."""
    meta = body.get('request_meta')
    context = meta.get('_ctx') if is_object(meta) else None
    if not is_object(meta) or not is_object(context):
        return None
    kept = {name: value for name, value in context.items() if name.lower() not in SECRETS_OF_CONTEXT}
    if len(kept) < len(context):
        return {**body, 'request_meta': {**meta, '_ctx': kept}}
    return None


def address_service(path: str, named: UriParams, body: Json) -> tuple[str, Json | None]:
    """Address a service in place of the endpoint in a path.

    Returns:
        The path; and the body that names the version, if there is one, which no path does.
    """
    before, _, _ = path.partition('/proxy/')
    resource = quote(named.omit('version').encode(), safe='/')
    execute = '/execute' if named.folder else ''
    meta = body.get('request_meta')
    renamed = {**body, 'request_meta': {**(meta if is_object(meta) else {}), 'version': named.version}}
    return f'{before}/{resource}{execute}', renamed if named.version else None


def _located(meta: Json, named: UriParams) -> Json:
    """Name the service of a call in its meta alone, as it would be found here."""
    version_id = named.version_id or meta.get('version_id') or meta.get('version_uuid')
    rest = {name: value for name, value in meta.items() if name not in LOCATORS}
    version = {'version': meta.get('version') or named.version}
    if version_id:
        return {**rest, 'version_id': version_id}
    if named.service_id:
        return {**rest, **version, 'service_id': named.service_id}
    if named.service_uri:
        return {**rest, **version, 'service_uri': named.omit('version').service_uri}
    return meta


def _envelope_of(answer: Answer) -> Json | None:
    try:
        envelope = decode_json(answer.content)
    except (ValueError, RecursionError):
        return None
    return envelope if is_object(envelope) else None


def _is_whole(envelope: Json) -> bool:
    return is_object(envelope.get('response_meta')) and is_object(envelope.get('response_data'))


def _message_of(answer: Answer, envelope: Json | None) -> str:
    error = (envelope or {}).get('error')
    told = error.get('message') if is_object(error) else None
    if isinstance(told, str):
        return told
    return f'the runner behind this one answers {answer.status}, but not as a runner'
