"""Read the requests by which a model calls services, and write the answers in the form that the model asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..._codec.json import decode_json, encode_json, is_object
from ...uri import Uri, UriParams
from ..errors import RefusedError

__all__ = ['ServiceRequest', 'read_service_request', 'write_answer']

Json = dict[str, Any]

KINDS: Final = ('SparkService', 'ExternalApi')

FORMS: Final = {'2': 2, '2.0': 2, '3': 3, '3.0': 3}
"""The forms of an answer other than the first, by what a request says, as a number or as text."""

ACCEPTED: Final = 202
"""The status of every answer that is not an error: the vendor's engine gives no other."""

_BEYOND_ASCII: Final = re.compile(r'[^\x00-\x7f]+')
_BODY: Final = ('request_data', 'request_meta')


@dataclass(frozen=True)
class ServiceRequest:
    """A model's request.

    Attributes:
        kind: The kind of the call; 0 is a service, 1 an external API.
        form: The form of the answer: 1, 2 or 3.
        content: The whole request.
    """

    kind: int
    form: int
    content: Json

    @property
    def named(self) -> UriParams:
        """The service, by its URI or by its folder and name; nothing if the body names it."""
        uri = self._text('service_uri')
        _, found, rest = uri.partition('/api/v3/')
        folder, service = self._text('folder_name'), self._text('service_name')
        if uri:
            return Uri.decode(rest if found else uri)
        return UriParams(folder=folder or None, service=service or None)

    @property
    def name(self) -> str:
        """The service as the answer repeats it."""
        uri = self._text('service_uri')
        return uri or f'folders/{self._text("folder_name")}/services/{self._text("service_name")}'

    @property
    def tenant(self) -> str:
        """The tenant of the service, if the request names one."""
        before, found, _ = self._text('service_uri').partition('/api/v3/')
        if found:
            return before.rpartition('/')[2]
        return self._text('tenant') or self._text('tenant_name')

    def body(self, passed_on: Mapping[str, Any]) -> Json:
        """Return the request for the service, with what is passed on to it where it says nothing else.

        Raises:
            RefusedError: 400 if it is not an object.
        """
        given = self.content.get('request_body')
        if isinstance(given, str):
            given = _read(given.encode('utf-8', 'surrogatepass'), 'request_body')
        if given is None:
            given = {name: self.content[name] for name in _BODY if name in self.content}
        if not is_object(given):
            raise RefusedError(400, f'request_body must be an object, not {type(given).__name__}')
        stated = given.get('request_meta')
        if stated is not None and not is_object(stated):
            raise RefusedError(400, f'request_meta must be an object, not {type(stated).__name__}')
        meta = {name: value for name, value in (stated or {}).items() if value is not None}
        further = dict(passed_on)
        if self.named.version or any(meta.get(name) for name in ('version', 'version_id', 'version_uuid')):
            further.pop('transaction_date', None)  # a version that is named needs not be in effect
        return {**given, 'request_meta': {**further, **meta}}

    def _text(self, name: str) -> str:
        value = self.content.get(name)
        return value if isinstance(value, str) else ''


def read_service_request(kind: int, content: bytes) -> ServiceRequest:
    """Read a model's request.

    Raises:
        RefusedError: 400 if it is not a JSON object.
    """
    request = _read(content, 'the request')
    if not is_object(request):
        raise RefusedError(400, f'the request of a call must be an object, not {type(request).__name__}')
    form = FORMS.get(str(request.get('xcall_version')), 1)
    return ServiceRequest(kind, form, request)


def _read(content: bytes, name: str) -> Any:
    try:
        return decode_json(content)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, f'{name} of a call is not JSON: {error}') from None


def write_answer(
    request: ServiceRequest, answer: Mapping[str, Any], milliseconds: int, error: RefusedError | None = None
) -> bytes:
    """Write an answer as ASCII JSON, in the form that the request asks for.

    Args:
        request: The request.
        answer: The members of the answer.
        milliseconds: How long the call took.
        error: Why the call failed.

    Raises:
        TypeError: The answer has a value that JSON has not.
    """
    status = error.status if error else ACCEPTED
    if request.form == 1:
        meta = {
            'calltype': KINDS[request.kind == 1],
            'name': request.name,
            'status': status,
            'error_code': f'error.{status}' if error else '',
            'response_time': milliseconds,
        }
        written = encode_json({'metadata': meta, 'data': answer})
    else:
        details = error.message if error else ''
        meta = {'http_status_code': status, 'http_response_time': milliseconds, 'error_details': details}
        written = encode_json({**answer, 'xcall_meta': meta})
    return written if written.isascii() else _in_ascii(written)


def _in_ascii(written: bytes) -> bytes:
    return _BEYOND_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], written.decode()).encode()
