"""services: a request builder and an answer's parser for each operation, by public names.

`OPERATION_request(...)` returns the keyword arguments of an `httpx.Client.request` call.
`parse_OPERATION_answer(client=..., response=...)` returns the answer as a model.
"""

from .get_metadata import _get_kwargs as get_metadata_request
from .get_metadata import _parse_response as parse_get_metadata_answer
from .validate_inputs import _get_kwargs as validate_inputs_request
from .validate_inputs import _parse_response as parse_validate_inputs_answer

__all__ = (
    "validate_inputs_request",
    "parse_validate_inputs_answer",
    "get_metadata_request",
    "parse_get_metadata_answer",
)
