from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.content_encoding import ContentEncoding
from ...models.error_answer import ErrorAnswer
from ...models.execute_answer import ExecuteAnswer
from ...models.execute_request import ExecuteRequest
from ...types import UNSET, Response, Unset


def _get_kwargs(
    tenant: str,
    folder: str,
    service: str,
    *,
    body: ExecuteRequest,
    content_encoding: ContentEncoding | Unset = UNSET,
    x_request_id: str | Unset = UNSET,
    x_tenant_name: str | Unset = UNSET,
    x_spark_ua: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(content_encoding, Unset):
        headers["Content-Encoding"] = str(content_encoding)

    if not isinstance(x_request_id, Unset):
        headers["x-request-id"] = x_request_id

    if not isinstance(x_tenant_name, Unset):
        headers["x-tenant-name"] = x_tenant_name

    if not isinstance(x_spark_ua, Unset):
        headers["x-spark-ua"] = x_spark_ua

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/{tenant}/api/v3/folders/{folder}/services/{service}/execute".format(
            tenant=quote(str(tenant), safe=""),
            folder=quote(str(folder), safe=""),
            service=quote(str(service), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ErrorAnswer | ExecuteAnswer | None:
    if response.status_code == 200:
        response_200 = ExecuteAnswer.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = ErrorAnswer.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = ErrorAnswer.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = ErrorAnswer.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = ErrorAnswer.from_dict(response.json())

        return response_404

    if response.status_code == 413:
        response_413 = ErrorAnswer.from_dict(response.json())

        return response_413

    if response.status_code == 415:
        response_415 = ErrorAnswer.from_dict(response.json())

        return response_415

    if response.status_code == 422:
        response_422 = ErrorAnswer.from_dict(response.json())

        return response_422

    if response.status_code == 429:
        response_429 = ErrorAnswer.from_dict(response.json())

        return response_429

    if response.status_code == 500:
        response_500 = ErrorAnswer.from_dict(response.json())

        return response_500

    if response.status_code == 503:
        response_503 = ErrorAnswer.from_dict(response.json())

        return response_503

    if response.status_code == 504:
        response_504 = ErrorAnswer.from_dict(response.json())

        return response_504

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ErrorAnswer | ExecuteAnswer]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    tenant: str,
    folder: str,
    service: str,
    *,
    client: AuthenticatedClient | Client,
    body: ExecuteRequest,
    content_encoding: ContentEncoding | Unset = UNSET,
    x_request_id: str | Unset = UNSET,
    x_tenant_name: str | Unset = UNSET,
    x_spark_ua: str | Unset = UNSET,
) -> Response[ErrorAnswer | ExecuteAnswer]:
    """Execute a service, named by folder and service, with one record.

     The newest version runs, unless `request_meta` names another by `version`, `version_id` or
    `transaction_date`. A call that runs longer than about 55 seconds is cut off.

    Args:
        tenant (str):
        folder (str):
        service (str):
        content_encoding (ContentEncoding | Unset): `deflate` is zlib-wrapped.
        x_request_id (str | Unset):
        x_tenant_name (str | Unset):
        x_spark_ua (str | Unset):
        body (ExecuteRequest): One record.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorAnswer | ExecuteAnswer]
    """

    kwargs = _get_kwargs(
        tenant=tenant,
        folder=folder,
        service=service,
        body=body,
        content_encoding=content_encoding,
        x_request_id=x_request_id,
        x_tenant_name=x_tenant_name,
        x_spark_ua=x_spark_ua,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    tenant: str,
    folder: str,
    service: str,
    *,
    client: AuthenticatedClient | Client,
    body: ExecuteRequest,
    content_encoding: ContentEncoding | Unset = UNSET,
    x_request_id: str | Unset = UNSET,
    x_tenant_name: str | Unset = UNSET,
    x_spark_ua: str | Unset = UNSET,
) -> ErrorAnswer | ExecuteAnswer | None:
    """Execute a service, named by folder and service, with one record.

     The newest version runs, unless `request_meta` names another by `version`, `version_id` or
    `transaction_date`. A call that runs longer than about 55 seconds is cut off.

    Args:
        tenant (str):
        folder (str):
        service (str):
        content_encoding (ContentEncoding | Unset): `deflate` is zlib-wrapped.
        x_request_id (str | Unset):
        x_tenant_name (str | Unset):
        x_spark_ua (str | Unset):
        body (ExecuteRequest): One record.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorAnswer | ExecuteAnswer
    """

    return sync_detailed(
        tenant=tenant,
        folder=folder,
        service=service,
        client=client,
        body=body,
        content_encoding=content_encoding,
        x_request_id=x_request_id,
        x_tenant_name=x_tenant_name,
        x_spark_ua=x_spark_ua,
    ).parsed


async def asyncio_detailed(
    tenant: str,
    folder: str,
    service: str,
    *,
    client: AuthenticatedClient | Client,
    body: ExecuteRequest,
    content_encoding: ContentEncoding | Unset = UNSET,
    x_request_id: str | Unset = UNSET,
    x_tenant_name: str | Unset = UNSET,
    x_spark_ua: str | Unset = UNSET,
) -> Response[ErrorAnswer | ExecuteAnswer]:
    """Execute a service, named by folder and service, with one record.

     The newest version runs, unless `request_meta` names another by `version`, `version_id` or
    `transaction_date`. A call that runs longer than about 55 seconds is cut off.

    Args:
        tenant (str):
        folder (str):
        service (str):
        content_encoding (ContentEncoding | Unset): `deflate` is zlib-wrapped.
        x_request_id (str | Unset):
        x_tenant_name (str | Unset):
        x_spark_ua (str | Unset):
        body (ExecuteRequest): One record.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorAnswer | ExecuteAnswer]
    """

    kwargs = _get_kwargs(
        tenant=tenant,
        folder=folder,
        service=service,
        body=body,
        content_encoding=content_encoding,
        x_request_id=x_request_id,
        x_tenant_name=x_tenant_name,
        x_spark_ua=x_spark_ua,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    tenant: str,
    folder: str,
    service: str,
    *,
    client: AuthenticatedClient | Client,
    body: ExecuteRequest,
    content_encoding: ContentEncoding | Unset = UNSET,
    x_request_id: str | Unset = UNSET,
    x_tenant_name: str | Unset = UNSET,
    x_spark_ua: str | Unset = UNSET,
) -> ErrorAnswer | ExecuteAnswer | None:
    """Execute a service, named by folder and service, with one record.

     The newest version runs, unless `request_meta` names another by `version`, `version_id` or
    `transaction_date`. A call that runs longer than about 55 seconds is cut off.

    Args:
        tenant (str):
        folder (str):
        service (str):
        content_encoding (ContentEncoding | Unset): `deflate` is zlib-wrapped.
        x_request_id (str | Unset):
        x_tenant_name (str | Unset):
        x_spark_ua (str | Unset):
        body (ExecuteRequest): One record.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorAnswer | ExecuteAnswer
    """

    return (
        await asyncio_detailed(
            tenant=tenant,
            folder=folder,
            service=service,
            client=client,
            body=body,
            content_encoding=content_encoding,
            x_request_id=x_request_id,
            x_tenant_name=x_tenant_name,
            x_spark_ua=x_spark_ua,
        )
    ).parsed
