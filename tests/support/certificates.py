"""Certificates for tests, made when they are needed."""

from __future__ import annotations

import ssl

import trustme


def authority() -> trustme.CA:
    """A certificate authority that nobody trusts but who is told to."""
    return trustme.CA()


def server_context(of: trustme.CA, *names: str) -> ssl.SSLContext:
    """What a TLS server needs, with a certificate for these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    of.issue_cert(*(names or ('127.0.0.1',))).configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    return context
