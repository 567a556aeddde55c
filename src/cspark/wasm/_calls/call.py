"""A request before it is sent, and the arguments that every generated builder takes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypedDict
from uuid import UUID

from hybrid_runner_api.types import UNSET, Unset

from .._about import SPARK_USER_AGENT
from .._input_values import Known
from ..config import Config
from ..errors import SparkConfigError
from .body import encode_body, is_heavy

__all__ = ['Call', 'call_with_json', 'caller', 'identity', 'new_request_id', 'or_unset', 'require_tenant']


@dataclass(slots=True)
class Call:
    """A request as a generated builder returns it, and how it may be sent.

    Attributes:
        request: `method`, `url`, `headers` and possibly `files`.
        body: A function that encodes the body.
        heavy: Whether encoding the body takes long.
        safe: Whether the call can be repeated without harm.
        once: Whether the body can be read only once, so that the call cannot be repeated at all.
        verb: What the call does, for telemetry.
    """

    request: Mapping[str, Any]
    body: Callable[[], bytes] | None = field(default=None, repr=False)
    heavy: bool = False
    safe: bool = True
    once: bool = False
    verb: str = 'execute'


def call_with_json(
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


def new_request_id() -> str:
    """Make an id for a call. All attempts of the call share it."""
    digits = os.urandom(16).hex()
    # A UUID of version 4, written here because building a `uuid.UUID` first takes three times as long.
    return f'{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}'


class Identity(TypedDict, total=False):
    """The arguments of every generated builder that say who calls, whatever the call.

    An operation of the document without these headers is an error for the type checkers at the line that calls it.
    """

    x_spark_ua: str
    x_tenant_name: str


class Caller(Identity, total=False):
    """The same, with the id of the call."""

    x_request_id: str


def identity(tenant: str) -> Identity:
    """Return the caller's identity as arguments of a generated builder; it is the same for every call."""
    if not tenant:
        return {'x_spark_ua': SPARK_USER_AGENT}
    return {'x_spark_ua': SPARK_USER_AGENT, 'x_tenant_name': tenant}


def caller(config: Config) -> Caller:
    """Return the caller's identity as arguments of a generated builder, with a new request id."""
    return {'x_request_id': new_request_id(), **identity(config.base_url.tenant)}


def require_tenant(config: Config) -> str:
    """Return the tenant.

    Raises:
        SparkConfigError: The client has none.
    """
    if not config.base_url.tenant:
        raise SparkConfigError('tenant is missing; give tenant=..., or a base_url that ends with it')
    return config.base_url.tenant


def or_unset(value: Any) -> Any | Unset:
    """Convert an option for the generated models: None becomes UNSET, which is left out of the request."""
    if isinstance(value, UUID):
        return str(value)
    return UNSET if value is None else value
