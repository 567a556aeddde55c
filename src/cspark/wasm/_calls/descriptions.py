"""Get what a service says of its inputs (`validate`) and of itself (`get_metadata`).

They follow the platform's Validation and Metadata APIs (https://docs.coherent.global/spark-apis).
"""

from __future__ import annotations

from typing import Any, Final

from hybrid_runner_api.api.services import get_metadata_request, validate_inputs_request
from hybrid_runner_api.models import MetadataMeta, MetadataRequest, RequestData, ValidationMeta, ValidationRequest

from ..config import Config
from ..errors import SparkSdkError
from ..inputs import read_inputs
from ..options import MetadataOptions, ValidateOptions, check_options, one_of
from ..results import HttpResponse, ServiceAnswer
from ..uri import Uri, UriLike, UriParams
from .call import call_with_json, caller, require_tenant
from .exchange import make_call, with_call_options
from .steps import Flow

__all__ = ['get_metadata', 'validate']

WHERE_IDS_ARE: Final = (
    "execute's answer has both ids (.data['version_id'], .data['service_id']), and so has upload's "
    "(.data['response_data'][0]['services'][0])"
)


def validate(config: Config, uri: UriLike | None, options: ValidateOptions) -> Flow[HttpResponse[ServiceAnswer]]:
    """`POST /{tenant}/api/v3/validation`."""
    check_options('services.validate', options, ValidateOptions)
    config = with_call_options(config, options)
    named = _by_id('services.validate', uri, options)
    kind = one_of('validation_type', options.get('validation_type'), ('static', 'dynamic'))
    meta = ValidationMeta(
        service_id=named.service_id,
        version_id=named.version_id,
        version=named.version,
        validation_type='dynamic' if kind == 'dynamic' else 'default_values',
    )
    meta.additional_properties.update(options.get('metadata') or {})
    inputs = _one_record(options)
    body = ValidationRequest(request_data=RequestData(inputs=inputs), request_meta=meta)
    request = validate_inputs_request(require_tenant(config), body=body, **caller(config))
    return HttpResponse[ServiceAnswer].of(
        *(yield from make_call(config, call_with_json(request, request.pop('json'), inputs, verb='validate')))
    )


def get_metadata(config: Config, uri: UriLike | None, options: MetadataOptions) -> Flow[HttpResponse[ServiceAnswer]]:
    """`POST /{tenant}/api/v3/metadata`."""
    check_options('services.get_metadata', options, MetadataOptions)
    config = with_call_options(config, options)
    named = _by_id('services.get_metadata', uri, options)
    if named.version and not named.version_id:
        given = f'a version ({named.version!r}) beside a service_id'
        raise SparkSdkError(f'{given} cannot be sent for metadata; give its version_id')
    meta = MetadataMeta(service_id=named.service_id, version_id=named.version_id)
    meta.additional_properties.update(options.get('metadata') or {})
    inputs = _one_record(options)
    body = MetadataRequest(request_data=RequestData(inputs=inputs), request_meta=meta)
    request = get_metadata_request(require_tenant(config), body=body, **caller(config))
    return HttpResponse[ServiceAnswer].of(
        *(yield from make_call(config, call_with_json(request, request.pop('json'), inputs, verb='get_metadata')))
    )


def _by_id(method: str, uri: UriLike | None, options: MetadataOptions) -> UriParams:
    named = Uri.to_params(uri) if uri else UriParams()
    if uri and not named.service_uri:
        Uri.validate(uri)
    service_id, version_id = (str(options.get(name) or '') or None for name in ('service_id', 'version_id'))
    if not named.service_uri and not (service_id or version_id):
        raise SparkSdkError(f'{method} needs version_id=... or service_id=...; {WHERE_IDS_ARE}')
    service_id, version_id = service_id or named.service_id, version_id or named.version_id
    if not (service_id or version_id):
        raise SparkSdkError(
            f'{method} takes a version_id or a service_id, not the name {named.service_uri!r}; {WHERE_IDS_ARE}'
        )
    return Uri.validate(UriParams(service_id=service_id, version_id=version_id, version=named.version))


def _one_record(options: MetadataOptions) -> Any:
    given = options.get('inputs')
    inputs = read_inputs(given)
    if not isinstance(inputs, dict):
        raise SparkSdkError(f'inputs must be one record (a mapping) or None, not {type(given).__name__}')
    return inputs if inputs or given is not None else None
