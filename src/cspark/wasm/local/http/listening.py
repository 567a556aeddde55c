"""Where a server listens: an address or a Unix socket, plain or by TLS."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path

from ...errors import SparkSdkError

__all__ = ['Listening']


@dataclass(frozen=True)
class Listening:
    """Where a server listens, and how.

    Args:
        port: The port; 0 for any that is free.
        host: The address; by default it is reached from this machine alone.
        uds: The path of a Unix socket, instead of both.
        certificate: A file with the certificate and its chain, PEM, for TLS.
        key: A file with the certificate's key, PEM.

    Raises:
        SparkSdkError: The certificate comes without its key or cannot be read.
    """

    port: int = 0
    host: str = '127.0.0.1'
    uds: str | os.PathLike[str] | None = None
    certificate: str | os.PathLike[str] | None = None
    key: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise SparkSdkError('TLS needs a certificate and its key; only one of them is given')
        if self.certificate is not None and self.key is not None:
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key)
            except OSError as error:
                raise SparkSdkError(
                    f'{os.fspath(self.certificate)!r} is no certificate for its key: {error}'
                ) from error

    @property
    def only_here(self) -> bool:
        """Whether nobody but this machine can reach it, and browsers can."""
        if self.uds is not None:
            return False
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == 'localhost'

    def open(self) -> socket.socket:
        """A socket that listens there.

        Raises:
            SparkSdkError: It cannot be had.
        """
        if self.uds is not None:
            return _open_unix(os.fspath(self.uds))
        try:
            return _open_tcp(self.host, self.port)
        except (OSError, OverflowError) as error:
            reason = 'it is in use' if getattr(error, 'errno', 0) == errno.EADDRINUSE else str(error)
            raise SparkSdkError(f'port {self.port} of {self.host} cannot be used: {reason}') from error


def _open_tcp(host: str, port: int) -> socket.socket:
    # The protocol is named because asyncio switches Nagle's algorithm off only where it is: 40 ms a call otherwise.
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != 'win32':
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)
    except BaseException:
        listening.close()
        raise
    return listening


def _open_unix(path: str) -> socket.socket:
    """Listen on a path. A socket that a process left behind is replaced; one that answers, or a file, is not."""
    if sys.platform == 'win32':
        raise SparkSdkError('uds needs a system with Unix sockets')
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if Path(path).exists():
            if not Path(path).is_socket() or _is_answered(path):
                raise OSError(errno.EADDRINUSE, 'it is in use')
            Path(path).unlink()
        listening.bind(path)
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise SparkSdkError(f'the socket {path!r} cannot be used: {error.strerror or error}') from error
    return listening


def _is_answered(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(path) == 0
