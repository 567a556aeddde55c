"""What a client trusts of a `https://` runner."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TypeAlias

import httpx

from ..errors import SparkConfigError

__all__ = ['Verify', 'server_name', 'tls_context', 'trusted']

Verify: TypeAlias = bool | str | ssl.SSLContext


def tls_context(verify: Verify) -> ssl.SSLContext:
    """What a client of a `https://` runner trusts. `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured.

    Raises:
        SparkConfigError: A file of certificates cannot be read.
    """
    if isinstance(verify, ssl.SSLContext):
        return verify
    if isinstance(verify, bool):
        try:
            return httpx.create_ssl_context(verify=verify)
        except OSError as error:
            raise SparkConfigError(f'SSL_CERT_FILE or SSL_CERT_DIR cannot be read: {error}') from None
    try:
        return ssl.create_default_context(cafile=Path(verify))  # an empty text is a folder then, and not the default
    except OSError as error:
        raise SparkConfigError(f'verify: {verify!r} cannot be read as a file of certificates: {error}') from None


def trusted(verify: Verify) -> Verify:
    """The same with a file of certificates read, so that one that cannot be read is refused at once.

    Raises:
        SparkConfigError: A file of certificates cannot be read.
    """
    return tls_context(verify) if isinstance(verify, str) else verify


def server_name(host: str) -> str:
    """The name that a certificate must have: without the dot that may end a name, and without an interface."""
    return host.partition('%')[0].rstrip('.')
