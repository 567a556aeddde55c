"""runner: a request builder and an answer's parser for each operation, by public names.

`OPERATION_request(...)` returns the keyword arguments of an `httpx.Client.request` call.
`parse_OPERATION_answer(client=..., response=...)` returns the answer as a model.
"""

from .check_health import _get_kwargs as check_health_request
from .check_health import _parse_response as parse_check_health_answer
from .get_status import _get_kwargs as get_status_request
from .get_status import _parse_response as parse_get_status_answer
from .get_version import _get_kwargs as get_version_request
from .get_version import _parse_response as parse_get_version_answer

__all__ = (
    "check_health_request",
    "parse_check_health_answer",
    "get_version_request",
    "parse_get_version_answer",
    "get_status_request",
    "parse_get_status_answer",
)
