"""The Python client of Coherent Spark's Hybrid Runner.

>>> import cspark.wasm as Hybrid
>>> hybrid = Hybrid.Client(base_url='http://localhost:3000', tenant='my-tenant', token='open')

`Client` and `AsyncClient` call a runner; `LocalRunner` (the extra `local`) is one, in this process.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any, Final

if sys.version_info < (3, 11):  # noqa: UP036 - before what follows fails with an error that says nothing of it
    raise ImportError(f'cspark.wasm needs Python 3.11 or later, and this is {sys.version.split()[0]}')

from ._about import __title__, __version__, about
from ._compatibility import DEFAULT_LOGGER_FORMAT, get_logger, warn_beside_published

if TYPE_CHECKING:
    from ._async_client import AsyncClient
    from ._client import Client
    from ._many.results import AsyncManyResults, ManyResults
    from ._progress import UploadProgress
    from ._secret import Secret
    from .auth import Authorization, TokenLike
    from .batches import Batches, BatchOptions
    from .config import (
        DEFAULT_MAX_RETRIES,
        DEFAULT_RETRY_INTERVAL,
        DEFAULT_RUNNER_URL,
        DEFAULT_TIMEOUT_IN_MS,
        ENV_VARS,
        SPARK_SDK,
        Config,
        RunnerUrl,
    )
    from .errors import (
        ApiErrorCause,
        BadRequestError,
        ConflictError,
        ErrorRequest,
        ErrorResponse,
        ForbiddenError,
        GatewayTimeoutError,
        InternalServerError,
        NotFoundError,
        RateLimitError,
        RetryTimeoutError,
        ServiceUnavailableError,
        SparkApiError,
        SparkConfigError,
        SparkConnectionError,
        SparkDecodeError,
        SparkError,
        SparkExecutionError,
        SparkInputError,
        SparkSdkError,
        SparkTimeoutError,
        UnauthorizedError,
        UnknownApiError,
        UnprocessableEntityError,
        UnsupportedMediaTypeError,
    )
    from .inputs import FrameLike, Inputs, TableLike
    from .local import LocalRunner, PackageError
    from .logger import LoggerLike, LoggerOptions
    from .options import (
        CallOptions,
        ClientOptions,
        ExecuteOptions,
        ManyOptions,
        MetadataOptions,
        RecordOptions,
        StaticOptions,
        UploadOptions,
        ValidateOptions,
    )
    from .records import Progress, ProgressLike, RecordResult
    from .results import (
        ExecutedData,
        Health,
        HttpResponse,
        RunnerState,
        ServiceAnswer,
        ServiceExecuted,
        Uploaded,
        VersionInfo,
    )
    from .retry_policy import RetryPolicy
    from .uri import Uri, UriLike, UriParams

__all__ = [
    'DEFAULT_LOGGER_FORMAT',
    'DEFAULT_MAX_RETRIES',
    'DEFAULT_RETRY_INTERVAL',
    'DEFAULT_RUNNER_URL',
    'DEFAULT_TIMEOUT_IN_MS',
    'ENV_VARS',
    'SPARK_SDK',
    'ApiErrorCause',
    'AsyncClient',
    'AsyncManyResults',
    'Authorization',
    'BadRequestError',
    'BatchOptions',
    'Batches',
    'CallOptions',
    'Client',
    'ClientOptions',
    'Config',
    'ConflictError',
    'ErrorRequest',
    'ErrorResponse',
    'ExecuteOptions',
    'ExecutedData',
    'ForbiddenError',
    'FrameLike',
    'GatewayTimeoutError',
    'Health',
    'HttpResponse',
    'Inputs',
    'InternalServerError',
    'LocalRunner',
    'LoggerLike',
    'LoggerOptions',
    'ManyOptions',
    'ManyResults',
    'MetadataOptions',
    'NotFoundError',
    'PackageError',
    'Progress',
    'ProgressLike',
    'RateLimitError',
    'RecordOptions',
    'RecordResult',
    'RetryPolicy',
    'RetryTimeoutError',
    'RunnerState',
    'RunnerUrl',
    'Secret',
    'ServiceAnswer',
    'ServiceExecuted',
    'ServiceUnavailableError',
    'SparkApiError',
    'SparkConfigError',
    'SparkConnectionError',
    'SparkDecodeError',
    'SparkError',
    'SparkExecutionError',
    'SparkInputError',
    'SparkSdkError',
    'SparkTimeoutError',
    'StaticOptions',
    'TableLike',
    'TokenLike',
    'UnauthorizedError',
    'UnknownApiError',
    'UnprocessableEntityError',
    'UnsupportedMediaTypeError',
    'UploadOptions',
    'UploadProgress',
    'Uploaded',
    'Uri',
    'UriLike',
    'UriParams',
    'ValidateOptions',
    'VersionInfo',
    '__title__',
    '__version__',
    'about',
    'get_logger',
]

warn_beside_published()


_PLACES: Final = {
    '_async_client': ('AsyncClient',),
    '_client': ('Client',),
    '_many.results': ('AsyncManyResults', 'ManyResults'),
    '_progress': ('UploadProgress',),
    '_secret': ('Secret',),
    'auth': ('Authorization', 'TokenLike'),
    'batches': ('BatchOptions', 'Batches'),
    'config': (
        'Config',
        'DEFAULT_MAX_RETRIES',
        'DEFAULT_RETRY_INTERVAL',
        'DEFAULT_RUNNER_URL',
        'DEFAULT_TIMEOUT_IN_MS',
        'ENV_VARS',
        'RunnerUrl',
        'SPARK_SDK',
    ),
    'errors': (
        'ApiErrorCause',
        'BadRequestError',
        'ConflictError',
        'ErrorRequest',
        'ErrorResponse',
        'ForbiddenError',
        'GatewayTimeoutError',
        'InternalServerError',
        'NotFoundError',
        'RateLimitError',
        'RetryTimeoutError',
        'ServiceUnavailableError',
        'SparkApiError',
        'SparkConfigError',
        'SparkConnectionError',
        'SparkDecodeError',
        'SparkError',
        'SparkExecutionError',
        'SparkInputError',
        'SparkSdkError',
        'SparkTimeoutError',
        'UnauthorizedError',
        'UnknownApiError',
        'UnprocessableEntityError',
        'UnsupportedMediaTypeError',
    ),
    'inputs': ('FrameLike', 'Inputs', 'TableLike'),
    'local': ('LocalRunner', 'PackageError'),
    'logger': ('LoggerLike', 'LoggerOptions'),
    'options': (
        'CallOptions',
        'ClientOptions',
        'ExecuteOptions',
        'ManyOptions',
        'MetadataOptions',
        'RecordOptions',
        'StaticOptions',
        'UploadOptions',
        'ValidateOptions',
    ),
    'records': ('Progress', 'ProgressLike', 'RecordResult'),
    'results': (
        'ExecutedData',
        'Health',
        'HttpResponse',
        'RunnerState',
        'ServiceAnswer',
        'ServiceExecuted',
        'Uploaded',
        'VersionInfo',
    ),
    'retry_policy': ('RetryPolicy',),
    'uri': ('Uri', 'UriLike', 'UriParams'),
}
"""Where each name is. It is imported on first access, so that importing this package costs next to nothing."""

_MODULES: Final = frozenset(name for name in _PLACES if not name.startswith('_') and '.' not in name)
"""Modules that are attributes of the package, as `Hybrid.errors`, without an import of their own."""

_LATER: Final = {name: module for module, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f'.{name}', __name__)
    if name not in _LATER:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    found = getattr(importlib.import_module(f'.{_LATER[name]}', __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
