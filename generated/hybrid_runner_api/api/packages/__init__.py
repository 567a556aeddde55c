"""packages: a request builder and an answer's parser for each operation, by public names.

`OPERATION_request(...)` returns the keyword arguments of an `httpx.Client.request` call.
`parse_OPERATION_answer(client=..., response=...)` returns the answer as a model.
"""

from .upload_package import _get_kwargs as upload_package_request
from .upload_package import _parse_response as parse_upload_package_answer
from .upload_package_short import _get_kwargs as upload_package_short_request
from .upload_package_short import _parse_response as parse_upload_package_short_answer

__all__ = (
    "upload_package_request",
    "parse_upload_package_answer",
    "upload_package_short_request",
    "parse_upload_package_short_answer",
)
