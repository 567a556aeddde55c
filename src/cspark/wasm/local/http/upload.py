"""Read an uploaded package from a form."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from ..errors import RefusedError
from ..packages.archive import Limits
from .request import GoneError, HttpRequest, Receive

__all__ = ['read_upload']


async def read_upload(request: HttpRequest) -> tuple[bytes, str]:
    """Return the package in a form, and the name of its file.

    Raises:
        RefusedError: 415 if the body is not a form, 400 if the form has no file, 413 if the package is too large.
        GoneError: The caller disconnected.
    """
    # Only uploads need Starlette, so it is imported here.
    from starlette.datastructures import UploadFile
    from starlette.formparsers import MultiPartException
    from starlette.requests import ClientDisconnect, Request

    media_type = request.headers.get('content-type', '').partition(';')[0].strip().lower()
    if media_type != 'multipart/form-data':
        raise RefusedError(
            415, f'content type {media_type!r} is not supported; send multipart/form-data with a part named "file"'
        )
    largest = Limits().total
    if int(request.headers.get('content-length', '0')) > largest:
        raise _too_large(largest)
    form_of = Request(request.scope, _counted(request.receive, largest))
    try:
        async with form_of.form(max_files=1, max_fields=10) as form:
            file = form.get('file')
            if not isinstance(file, UploadFile):
                raise RefusedError(400, 'the form has no file named "file"')
            return await file.read(), Path(file.filename or 'package.zip').name
    except MultiPartException as error:
        raise RefusedError(400, f'the form cannot be read: {error.message}') from None
    except ClientDisconnect:
        raise GoneError from None


def _too_large(limit: int) -> RefusedError:
    return RefusedError(413, f'the package is larger than {limit:,} bytes')


def _counted(receive: Receive, limit: int) -> Receive:
    """Wrap an ASGI channel to limit its bytes, because a chunked upload does not declare its size."""
    count = 0

    async def counting() -> MutableMapping[str, Any]:
        nonlocal count
        message = await receive()
        count += len(message.get('body', b''))
        if count > limit:
            raise _too_large(limit)
        return message

    return counting
