"""Build the request of an execution, for one record (v3) or for many (v4)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from hybrid_runner_api.api import execute as api
from hybrid_runner_api.models import ExecuteManyRequest, ExecuteRequest, RequestData, RequestMeta
from hybrid_runner_api.types import UNSET

from .._codec.compression import ENCODINGS
from .._input_values import Known
from ..config import SPARK_SDK, Config
from ..errors import SparkSdkError
from ..options import COMPILERS, ExecuteOptions, joined, one_of, text
from ..uri import UriParams
from .call import Call, call_with_json, caller, identity, new_request_id, or_unset, require_tenant

__all__ = ['call_for_many', 'call_for_one']

OF_ONE_RECORD: Final = (
    'active_since',
    'call_purpose',
    'source_system',
    'correlation_id',
    'tables_as_array',
    'compiler_type',
    'debug_solve',
    'selected_outputs',
    'outputs_filter',
    'echo_inputs',
    'subservices',
)
"""The options that go into the request for one record; together they are the key of its cache."""

ONE_RECORD_ONLY: Final = ('compiler_type', 'debug_solve', 'echo_inputs', 'tables_as_array', 'outputs_filter')


def call_for_one(config: Config, named: UriParams, inputs: Any, options: ExecuteOptions, known: Known | None) -> Call:
    """Build the call for one record (v3).

    Raises:
        SparkSdkError: An option is not valid.
    """
    encoding, nan = _encodings(options)
    chosen = map(options.get, OF_ONE_RECORD)
    arguments = require_tenant(config), config.base_url.tenant, named, encoding, *chosen
    try:
        request, body = _prepare_request(*arguments)
    except TypeError:  # a list of names cannot be hashed, so it cannot be a key of the cache
        request, body = _prepare_request.__wrapped__(*arguments)
    request = {**request, 'headers': {**request['headers'], 'x-request-id': new_request_id()}}
    body = {**body, 'request_data': RequestData(inputs=inputs).to_dict()}
    return call_with_json(request, body, inputs, encoding, nan, known)


@lru_cache(256, typed=True)
def _prepare_request(
    tenant: str, x_tenant_name: str, named: UriParams, encoding: Any, *chosen: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Build the request for one record, and its body, without id and inputs. Cached: most programs repeat the same."""
    options = dict(zip(OF_ONE_RECORD, chosen, strict=True))
    named = _most_specific_name(named)
    meta = RequestMeta(
        version=or_unset(named.version),
        transaction_date=or_unset(text('active_since', options['active_since'])),
        call_purpose=text('call_purpose', options['call_purpose']) or 'Single Execution',
        source_system=text('source_system', options['source_system']) or SPARK_SDK,
        correlation_id=or_unset(text('correlation_id', options['correlation_id'])),
        array_outputs=or_unset(joined('tables_as_array', options['tables_as_array'])),
        compiler_type=one_of('compiler_type', options['compiler_type'], COMPILERS) or 'Neuron',
        debug_solve=or_unset(options['debug_solve']),
        requested_output=or_unset(joined('selected_outputs', options['selected_outputs'])),
        requested_output_regex=or_unset(text('outputs_filter', options['outputs_filter'])),
        response_data_inputs=bool(options['echo_inputs']),
        service_category=or_unset(joined('subservices', options['subservices'])),
        excel_file=False,
        service_id=or_unset(named.service_id),
        version_id=or_unset(named.version_id),
    )
    body = ExecuteRequest(request_data=RequestData(inputs={}), request_meta=meta)
    who = identity(x_tenant_name)
    request = _request_for_one(tenant, named, {'body': body, 'content_encoding': encoding or UNSET, **who})
    return request, request.pop('json')


def _request_for_one(tenant: str, named: UriParams, arguments: Mapping[str, Any]) -> dict[str, Any]:
    public = bool(named.public)
    if named.version_id:
        build = api.execute_public_by_version_id_request if public else api.execute_by_version_id_request
        return build(tenant, named.version_id, **arguments)
    if named.service_id:
        by_id = api.execute_public_by_service_id_request if public else api.execute_by_service_id_request
        return by_id(tenant, named.service_id, **arguments)
    if named.folder and named.service:
        by_folder = api.execute_public_by_folder_request if public else api.execute_by_folder_request
        return by_folder(tenant, named.folder, named.service, **arguments)
    by_proxy = api.execute_public_by_proxy_request if public else api.execute_by_proxy_request
    endpoint = (named.proxy or '').strip('/')
    request = by_proxy(tenant, endpoint, **arguments)
    # The generator encodes slashes, and OpenAPI cannot say that those of an endpoint are part of the path.
    head, _, tail = request['url'].rpartition('/')
    return {**request, 'url': f'{head}/{tail.replace("%2F", "/")}'}


def call_for_many(config: Config, named: UriParams, inputs: Any, options: ExecuteOptions, known: Known | None) -> Call:
    """Build the call for many records (v4).

    Raises:
        SparkSdkError: An option is not valid, or is one for one record only.
    """
    for name in ONE_RECORD_ONLY:
        if options.get(name):
            raise SparkSdkError(f'{name} works for one record only (a mapping as inputs), not for a list of records')
    named = _most_specific_name(named)
    body = ExecuteManyRequest(
        inputs=inputs,
        service=or_unset(_service_for_many(named)),
        version_id=or_unset(named.version_id),
        version_by_timestamp=or_unset(text('active_since', options.get('active_since'))),
        subservice=or_unset(joined('subservices', options.get('subservices'))),
        output=or_unset(joined('selected_outputs', options.get('selected_outputs'))),
        call_purpose=text('call_purpose', options.get('call_purpose')) or 'Sync Batch Execution',
        source_system=text('source_system', options.get('source_system')) or SPARK_SDK,
        correlation_id=or_unset(text('correlation_id', options.get('correlation_id'))),
    )
    encoding, nan = _encodings(options)
    build = api.execute_public_many_request if named.public else api.execute_many_request
    request = build(require_tenant(config), body=body, content_encoding=encoding or UNSET, **caller(config))
    return call_with_json(request, request.pop('json'), inputs, encoding, nan, known)


def _service_for_many(named: UriParams) -> str | None:
    """The service's name as text, which is the only form that the v4 API takes."""
    if named.version_id:
        return None
    if named.service_id:
        if named.version:
            raise SparkSdkError(
                f'a version ({named.version!r}) beside a service_id cannot be sent with a list of records; '
                'give version_id, or folder and service with the version'
            )
        return named.service_id
    if named.folder and named.service:
        if '/' in named.folder:
            hint = 'give version_id or service_id'
            raise SparkSdkError(
                f'folder {named.folder!r} has a slash and cannot be named with a list of records; {hint}'
            )
        return named.service_uri
    raise SparkSdkError(f'a proxy endpoint ({named.proxy!r}) takes one record, not a list; name the service instead')


def _most_specific_name(named: UriParams) -> UriParams:
    """Keep the most specific of several names: version_id, else service_id, else folder and service, else proxy."""
    if named.version_id:
        return UriParams(version_id=named.version_id, public=named.public)
    if named.service_id:
        return UriParams(service_id=named.service_id, version=named.version, public=named.public)
    return named


def _encodings(options: ExecuteOptions) -> tuple[Any, Any]:
    return one_of('encoding', options.get('encoding'), ENCODINGS), one_of('nan', options.get('nan'), ('null', 'error'))
