"""Upload a package: `POST /api/v3/upload`."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from hybrid_runner_api.api.packages import upload_package_request
from hybrid_runner_api.models import UploadRequest
from hybrid_runner_api.types import File

from .._progress import Bar, watched
from ..config import Config
from ..errors import SparkError, SparkSdkError
from ..options import UploadLike, UploadOptions, check_options, text
from ..results import HttpResponse, Uploaded
from .call import Call, caller
from .exchange import make_call, with_call_options
from .steps import Flow

__all__ = ['upload']


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
