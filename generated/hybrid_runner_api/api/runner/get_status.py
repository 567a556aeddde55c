from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.error_answer import ErrorAnswer
from ...models.runner_status import RunnerStatus
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    x_request_id: str | Unset = UNSET,
    x_tenant_name: str | Unset = UNSET,
    x_spark_ua: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_request_id, Unset):
        headers["x-request-id"] = x_request_id

    if not isinstance(x_tenant_name, Unset):
        headers["x-tenant-name"] = x_tenant_name

    if not isinstance(x_spark_ua, Unset):
        headers["x-spark-ua"] = x_spark_ua

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/status",
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ErrorAnswer | RunnerStatus | None:
    if response.status_code == 200:
        response_200 = RunnerStatus.from_dict(response.json())

        return response_200

    if response.status_code == 401:
        response_401 = ErrorAnswer.from_dict(response.json())

        return response_401

    if response.status_code == 404:
        response_404 = ErrorAnswer.from_dict(response.json())

        return response_404

    if response.status_code == 429:
        response_429 = ErrorAnswer.from_dict(response.json())

        return response_429

    if response.status_code == 500:
        response_500 = ErrorAnswer.from_dict(response.json())

        return response_500

    if response.status_code == 503:
        response_503 = ErrorAnswer.from_dict(response.json())

        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ErrorAnswer | RunnerStatus]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    x_request_id: str | Unset = UNSET,
    x_tenant_name: str | Unset = UNSET,
    x_spark_ua: str | Unset = UNSET,
) -> Response[ErrorAnswer | RunnerStatus]:
    """Tell what the runner has loaded, how busy it is and how long calls take.

     From runner 1.46.0 on; an older one answers 404.

    Args:
        x_request_id (str | Unset):
        x_tenant_name (str | Unset):
        x_spark_ua (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorAnswer | RunnerStatus]
    """

    kwargs = _get_kwargs(
        x_request_id=x_request_id,
        x_tenant_name=x_tenant_name,
        x_spark_ua=x_spark_ua,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    x_request_id: str | Unset = UNSET,
    x_tenant_name: str | Unset = UNSET,
    x_spark_ua: str | Unset = UNSET,
) -> ErrorAnswer | RunnerStatus | None:
    """Tell what the runner has loaded, how busy it is and how long calls take.

     From runner 1.46.0 on; an older one answers 404.

    Args:
        x_request_id (str | Unset):
        x_tenant_name (str | Unset):
        x_spark_ua (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorAnswer | RunnerStatus
    """

    return sync_detailed(
        client=client,
        x_request_id=x_request_id,
        x_tenant_name=x_tenant_name,
        x_spark_ua=x_spark_ua,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    x_request_id: str | Unset = UNSET,
    x_tenant_name: str | Unset = UNSET,
    x_spark_ua: str | Unset = UNSET,
) -> Response[ErrorAnswer | RunnerStatus]:
    """Tell what the runner has loaded, how busy it is and how long calls take.

     From runner 1.46.0 on; an older one answers 404.

    Args:
        x_request_id (str | Unset):
        x_tenant_name (str | Unset):
        x_spark_ua (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorAnswer | RunnerStatus]
    """

    kwargs = _get_kwargs(
        x_request_id=x_request_id,
        x_tenant_name=x_tenant_name,
        x_spark_ua=x_spark_ua,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    x_request_id: str | Unset = UNSET,
    x_tenant_name: str | Unset = UNSET,
    x_spark_ua: str | Unset = UNSET,
) -> ErrorAnswer | RunnerStatus | None:
    """Tell what the runner has loaded, how busy it is and how long calls take.

     From runner 1.46.0 on; an older one answers 404.

    Args:
        x_request_id (str | Unset):
        x_tenant_name (str | Unset):
        x_spark_ua (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorAnswer | RunnerStatus
    """

    return (
        await asyncio_detailed(
            client=client,
            x_request_id=x_request_id,
            x_tenant_name=x_tenant_name,
            x_spark_ua=x_spark_ua,
        )
    ).parsed
