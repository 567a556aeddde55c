"""execute: a request builder and an answer's parser for each operation, by public names.

`OPERATION_request(...)` returns the keyword arguments of an `httpx.Client.request` call.
`parse_OPERATION_answer(client=..., response=...)` returns the answer as a model.
"""

from .execute_by_body import _get_kwargs as execute_by_body_request
from .execute_by_body import _parse_response as parse_execute_by_body_answer
from .execute_by_body_short import _get_kwargs as execute_by_body_short_request
from .execute_by_body_short import _parse_response as parse_execute_by_body_short_answer
from .execute_by_folder import _get_kwargs as execute_by_folder_request
from .execute_by_folder import _parse_response as parse_execute_by_folder_answer
from .execute_by_proxy import _get_kwargs as execute_by_proxy_request
from .execute_by_proxy import _parse_response as parse_execute_by_proxy_answer
from .execute_by_service_id import _get_kwargs as execute_by_service_id_request
from .execute_by_service_id import _parse_response as parse_execute_by_service_id_answer
from .execute_by_version_id import _get_kwargs as execute_by_version_id_request
from .execute_by_version_id import _parse_response as parse_execute_by_version_id_answer
from .execute_many import _get_kwargs as execute_many_request
from .execute_many import _parse_response as parse_execute_many_answer
from .execute_public_by_body import _get_kwargs as execute_public_by_body_request
from .execute_public_by_body import _parse_response as parse_execute_public_by_body_answer
from .execute_public_by_body_short import _get_kwargs as execute_public_by_body_short_request
from .execute_public_by_body_short import _parse_response as parse_execute_public_by_body_short_answer
from .execute_public_by_folder import _get_kwargs as execute_public_by_folder_request
from .execute_public_by_folder import _parse_response as parse_execute_public_by_folder_answer
from .execute_public_by_proxy import _get_kwargs as execute_public_by_proxy_request
from .execute_public_by_proxy import _parse_response as parse_execute_public_by_proxy_answer
from .execute_public_by_service_id import _get_kwargs as execute_public_by_service_id_request
from .execute_public_by_service_id import _parse_response as parse_execute_public_by_service_id_answer
from .execute_public_by_version_id import _get_kwargs as execute_public_by_version_id_request
from .execute_public_by_version_id import _parse_response as parse_execute_public_by_version_id_answer
from .execute_public_many import _get_kwargs as execute_public_many_request
from .execute_public_many import _parse_response as parse_execute_public_many_answer

__all__ = (
    "execute_by_folder_request",
    "parse_execute_by_folder_answer",
    "execute_public_by_folder_request",
    "parse_execute_public_by_folder_answer",
    "execute_by_service_id_request",
    "parse_execute_by_service_id_answer",
    "execute_public_by_service_id_request",
    "parse_execute_public_by_service_id_answer",
    "execute_by_version_id_request",
    "parse_execute_by_version_id_answer",
    "execute_public_by_version_id_request",
    "parse_execute_public_by_version_id_answer",
    "execute_by_proxy_request",
    "parse_execute_by_proxy_answer",
    "execute_public_by_proxy_request",
    "parse_execute_public_by_proxy_answer",
    "execute_by_body_request",
    "parse_execute_by_body_answer",
    "execute_public_by_body_request",
    "parse_execute_public_by_body_answer",
    "execute_by_body_short_request",
    "parse_execute_by_body_short_answer",
    "execute_public_by_body_short_request",
    "parse_execute_public_by_body_short_answer",
    "execute_many_request",
    "parse_execute_many_answer",
    "execute_public_many_request",
    "parse_execute_public_many_answer",
)
