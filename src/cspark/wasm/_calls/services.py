"""The calls for services: upload a package, execute, validate, get metadata.

They follow the platform's Execute, Validation and Metadata APIs (https://docs.coherent.global/spark-apis).
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

from hybrid_runner_api.api import execute as api
from hybrid_runner_api.api.packages import upload_package_request
from hybrid_runner_api.api.services import get_metadata_request, validate_inputs_request
from hybrid_runner_api.models import (
    ExecuteManyRequest,
    ExecuteRequest,
    MetadataMeta,
    MetadataRequest,
    RequestData,
    RequestMeta,
    UploadRequest,
    ValidationMeta,
    ValidationRequest,
)
from hybrid_runner_api.types import UNSET, File, Unset

from .._codec.compression import ENCODINGS
from .._codec.json import is_array, is_object
from .._progress import Bar, watched
from ..config import SPARK_SDK, Config
from ..errors import SparkConfigError, SparkError, SparkInputError, SparkSdkError
from ..inputs import Known, Missing, apply_missing, check_missing, columnar, read_inputs
from ..options import (
    COMPILERS,
    LAYOUTS,
    ExecuteOptions,
    MetadataOptions,
    UploadLike,
    UploadOptions,
    ValidateOptions,
    check_options,
    joined,
    one_of,
    text,
)
from ..results import HttpResponse, ServiceAnswer, ServiceExecuted, Uploaded, alike, nothing_executed
from ..uri import Uri, UriLike, UriParams
from .body import MANY, encode_body, is_heavy
from .exchange import Call, caller, identity, make_call, new_request_id, not_sent, with_call_options
from .steps import Flow, compute

__all__ = ['check_many_options', 'execute', 'get_metadata', 'upload', 'validate']

FORMATS: Final = ('alike', 'original')
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

WHERE_IDS_ARE: Final = (
    "execute's answer has both ids (.data['version_id'], .data['service_id']), and so has upload's "
    "(.data['response_data'][0]['services'][0])"
)
ONE_RECORD_ONLY: Final = ('compiler_type', 'debug_solve', 'echo_inputs', 'tables_as_array', 'outputs_filter')


def upload(
    config: Config, file: UploadLike, file_name: str | None, options: UploadOptions
) -> Flow[HttpResponse[Uploaded]]:
    """`POST /api/v3/upload`. A file that cannot be rewound is sent only once."""
    check_options('services.upload', options, UploadOptions)
    config = with_call_options(config, options)
    if isinstance(file, (str, os.PathLike)):
        path = Path(file)
        try:
            with path.open('rb') as opened:
                return (yield from upload(config, opened, file_name or path.name, options))
        except OSError as error:
            if isinstance(error, SparkError):  # some of them are: a lost connection, a timeout
                raise
            raise SparkSdkError(f'the package {str(path)!r} cannot be read: {error.strerror}', error) from error
    if isinstance(file, (bytes, bytearray)):
        file = io.BytesIO(file)
    if not hasattr(file, 'read') or isinstance(cast(object, file), io.TextIOBase):
        raise SparkSdkError(
            f'file must be a path, bytes or a file opened in binary mode ("rb"), not {type(file).__name__}'
        )
    once = not (hasattr(file, 'seekable') and file.seekable())
    if once:
        config = config.copy_with(max_retries=0)
    progress: Any = options.get('progress')
    bar = Bar('B') if progress is True else None
    told: Any = bar or progress
    if told:
        file = watched(file, told)
    if once:
        file = cast('BinaryIO', _Stream(file.read))
    content = File(payload=file, file_name=text('file_name', file_name) or 'package.zip', mime_type='application/zip')
    request = upload_package_request(body=UploadRequest(file=content), **caller(config))
    # The generator fixes the boundary of the form, so that a package could hold it; httpx chooses a random one.
    headers = {name: value for name, value in request['headers'].items() if name != 'Content-Type'}
    call = Call({**request, 'headers': headers}, safe=config.retry.uploads, once=once, verb='upload')
    try:
        return HttpResponse[Uploaded].of(*(yield from make_call(config, call)))
    finally:
        if bar is not None:
            bar.close()


@dataclass(frozen=True)
class _Stream:
    """A file that cannot be rewound, such as a pipe.

    It has no method but `read`: httpx would ask the system for the size of a pipe, which is reported as 0.
    """

    read: Callable[[int], bytes]


def execute(
    config: Config,
    uri: UriLike,
    response_format: str | None,
    options: ExecuteOptions,
    known: Known | None = None,
) -> Flow[ServiceExecuted[Any]]:
    """Execute one record by the v3 API or many by the v4 API. Without records, nothing is sent.

    `known` holds the values already read from iterators in the inputs, if the same inputs may be sent more than once.
    """
    config, named, wanted = check_execute_options(config, uri, response_format, options)
    given: Any = options.get('inputs')
    inputs: dict[str, Any] | list[Any]
    if is_object(given):
        inputs = given
    else:  # only sized inputs go to a thread: an iterator runs the caller's code, which may be bound to its own
        inputs = yield from compute(lambda: read_inputs(given), heavy=hasattr(given, '__len__') and len(given) > MANY)
    prepare = _call_for_many if is_array(inputs) else _call_for_one
    rules = check_missing(options.get('missing'))
    if rules is not None:
        inputs = _without_missing(inputs, rules)
    if options.get('strict_inputs'):
        from .input_names import check_input_names, input_names  # here: it makes calls of its own

        accepted = yield from input_names(config, uri)
        check_input_names(inputs if is_array(inputs) else [inputs], accepted)
    layout = one_of('layout', options.get('layout'), LAYOUTS)
    if layout == 'columnar' and is_array(inputs):
        records = inputs
        inputs = yield from compute(lambda: columnar(records), heavy=len(records) > MANY)
    call = prepare(config, named, inputs, options, known)
    executed: type[ServiceExecuted[Any]] = ServiceExecuted
    if is_array(inputs) and _is_empty(inputs):
        return executed.of(not_sent(config, call), nothing_executed())
    answer, data = yield from make_call(config, call)
    return executed.of(answer, alike(data) if wanted == 'alike' and isinstance(inputs, dict) else data)


def _without_missing(
    inputs: dict[str, Any] | list[Any], rules: Mapping[str | None, Missing]
) -> dict[str, Any] | list[Any]:
    """Inputs without the missing values that mean the default of their input.

    Raises:
        SparkInputError: A value is missing where none may be.
    """
    if isinstance(inputs, dict):
        try:
            records, _ = apply_missing([inputs], None, dict(rules))
        except SparkInputError as error:
            raise SparkInputError(error.problem, error.cause, error.path[1:]) from None
        return dict(records[0])
    if not inputs or not _is_row(inputs[0]):
        return apply_missing(inputs, None, dict(rules))[0]
    rows, names = apply_missing(inputs[1:], tuple(inputs[0]), dict(rules))
    return rows if names is None else [list(names), *rows]


def check_execute_options(
    config: Config, uri: UriLike, response_format: str | None, options: ExecuteOptions
) -> tuple[Config, UriParams, str]:
    """The configuration of a call, the service that it names, and the format of its answer. Nothing is sent.

    Raises:
        SparkSdkError: An argument is wrong, whatever the inputs are.
    """
    check_options('services.execute', options, ExecuteOptions)
    config = with_call_options(config, options)
    wanted = one_of('response_format', response_format, FORMATS) or 'alike'
    named = _name_by_text(uri) if isinstance(uri, str) else Uri.validate(uri)
    one_of('layout', options.get('layout'), LAYOUTS)
    return config, named, wanted


def check_many_options(config: Config, uri: UriLike, options: ExecuteOptions) -> None:
    """Check the arguments of a call with many records, whatever the inputs are. Nothing is sent.

    Raises:
        SparkSdkError: An argument is wrong.
    """
    config, named, _ = check_execute_options(config, uri, 'alike', options)
    _call_for_many(config, named, [], options, None)


@lru_cache(1024)
def _name_by_text(uri: str) -> UriParams:
    """Parse and check a service's name. Cached: most programs call a few services again and again."""
    return Uri.validate(uri)


def _tenant(config: Config) -> str:
    if not config.base_url.tenant:
        raise SparkConfigError('tenant is missing; give tenant=..., or a base_url that ends with it')
    return config.base_url.tenant


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
    request = validate_inputs_request(_tenant(config), body=body, **caller(config))
    return HttpResponse[ServiceAnswer].of(
        *(yield from make_call(config, _with_json(request, request['json'], inputs, verb='validate')))
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
    request = get_metadata_request(_tenant(config), body=body, **caller(config))
    return HttpResponse[ServiceAnswer].of(
        *(yield from make_call(config, _with_json(request, request['json'], inputs, verb='get_metadata')))
    )


def _with_json(
    request: dict[str, Any],
    body: dict[str, Any],
    inputs: Any,
    encoding: Any = None,
    nan: Any = None,
    known: Known | None = None,
    verb: str = 'execute',
) -> Call:
    """Make a call whose body is encoded here, when it is sent, and not by httpx."""
    encode = partial(encode_body, body, inputs, encoding, nan or 'null', known)
    return Call(request, encode, heavy=is_heavy(inputs), verb=verb)


def _encodings(options: ExecuteOptions) -> tuple[Any, Any]:
    return one_of('encoding', options.get('encoding'), ENCODINGS), one_of('nan', options.get('nan'), ('null', 'error'))


def _call_for_one(config: Config, named: UriParams, inputs: Any, options: ExecuteOptions, known: Known | None) -> Call:
    encoding, nan = _encodings(options)
    chosen = map(options.get, OF_ONE_RECORD)
    arguments = _tenant(config), config.base_url.tenant, named, encoding, *chosen
    try:
        prepared = _prepare_request(*arguments)
    except TypeError:  # a list of names cannot be hashed, so it cannot be a key of the cache
        prepared = _prepare_request.__wrapped__(*arguments)
    headers = {**prepared['headers'], 'x-request-id': new_request_id()}
    body = {**prepared['json'], 'request_data': RequestData(inputs=inputs).to_dict()}
    return _with_json({**prepared, 'headers': headers}, body, inputs, encoding, nan, known)


@lru_cache(256, typed=True)
def _prepare_request(tenant: str, x_tenant_name: str, named: UriParams, encoding: Any, *chosen: Any) -> dict[str, Any]:
    """Build the request for one record, without its id and inputs. Cached: most programs repeat the same request."""
    options = dict(zip(OF_ONE_RECORD, chosen, strict=True))
    named = _most_specific_name(named)
    meta = RequestMeta(
        version=_or_unset(named.version),
        transaction_date=_or_unset(text('active_since', options['active_since'])),
        call_purpose=text('call_purpose', options['call_purpose']) or 'Single Execution',
        source_system=text('source_system', options['source_system']) or SPARK_SDK,
        correlation_id=_or_unset(text('correlation_id', options['correlation_id'])),
        array_outputs=_or_unset(joined('tables_as_array', options['tables_as_array'])),
        compiler_type=one_of('compiler_type', options['compiler_type'], COMPILERS) or 'Neuron',
        debug_solve=_or_unset(options['debug_solve']),
        requested_output=_or_unset(joined('selected_outputs', options['selected_outputs'])),
        requested_output_regex=_or_unset(text('outputs_filter', options['outputs_filter'])),
        response_data_inputs=bool(options['echo_inputs']),
        service_category=_or_unset(joined('subservices', options['subservices'])),
        excel_file=False,
        service_id=_or_unset(named.service_id),
        version_id=_or_unset(named.version_id),
    )
    body = ExecuteRequest(request_data=RequestData(inputs={}), request_meta=meta)
    who = identity(x_tenant_name)
    return _request_for_one(tenant, named, {'body': body, 'content_encoding': encoding or UNSET, **who})


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


def _call_for_many(config: Config, named: UriParams, inputs: Any, options: ExecuteOptions, known: Known | None) -> Call:
    for name in ONE_RECORD_ONLY:
        if options.get(name):
            raise SparkSdkError(f'{name} works for one record only (a mapping as inputs), not for a list of records')
    named = _most_specific_name(named)
    body = ExecuteManyRequest(
        inputs=inputs,
        service=_or_unset(_service_for_many(named)),
        version_id=_or_unset(named.version_id),
        version_by_timestamp=_or_unset(text('active_since', options.get('active_since'))),
        subservice=_or_unset(joined('subservices', options.get('subservices'))),
        output=_or_unset(joined('selected_outputs', options.get('selected_outputs'))),
        call_purpose=text('call_purpose', options.get('call_purpose')) or 'Sync Batch Execution',
        source_system=text('source_system', options.get('source_system')) or SPARK_SDK,
        correlation_id=_or_unset(text('correlation_id', options.get('correlation_id'))),
    )
    encoding, nan = _encodings(options)
    build = api.execute_public_many_request if named.public else api.execute_many_request
    request = build(_tenant(config), body=body, content_encoding=encoding or UNSET, **caller(config))
    return _with_json(request, request['json'], inputs, encoding, nan, known)


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


def _is_empty(inputs: list[Any]) -> bool:
    """Whether there are no records: an empty list, or columnar inputs with only the row of names."""
    return not inputs or (len(inputs) == 1 and _is_row(inputs[0]))


def _is_row(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and not hasattr(value, '_asdict')  # pyright: ignore[reportUnknownArgumentType]


def _one_record(options: MetadataOptions) -> Any:
    given = options.get('inputs')
    inputs = read_inputs(given)
    if not isinstance(inputs, dict):
        raise SparkSdkError(f'inputs must be one record (a mapping) or None, not {type(given).__name__}')
    return inputs if inputs or given is not None else None


def _or_unset(value: Any) -> Any | Unset:
    """Convert an option for the generated models: None becomes UNSET, which is left out of the request."""
    if isinstance(value, UUID):
        return str(value)
    return UNSET if value is None else value
