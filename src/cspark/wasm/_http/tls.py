"""The verification of a `https://` runner's certificate."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TypeAlias

import httpx

from ..errors import SparkConfigError

__all__ = ['Verify', 'server_name', 'tls_context', 'trusted']

Verify: TypeAlias = bool | str | ssl.SSLContext


def tls_context(verify: Verify) -> ssl.SSLContext:
    """Build the TLS context for the option `verify`. `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured.

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
        # A `Path`, because an empty string would mean the default; as a path it is a folder, and refused.
        return ssl.create_default_context(cafile=Path(verify))
    except OSError as error:
        raise SparkConfigError(f'verify: {verify!r} cannot be read as a file of certificates: {error}') from None


def trusted(verify: Verify) -> Verify:
    """Read the file of certificates, if `verify` is one, so that an unreadable file is refused when a client is built.

    Raises:
        SparkConfigError: A file of certificates cannot be read.
    """
    return tls_context(verify) if isinstance(verify, str) else verify


def server_name(host: str) -> str:
    """Return the name that the certificate must have: the host without a final dot and without a scope (`%eth0`)."""
    return host.partition('%')[0].rstrip('.')
