"""Open the socket of a server: TCP or Unix, plain or with TLS."""

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
    """The address of a server, and its certificate.

    Args:
        port: The port; 0 picks a free one.
        host: The address; the default is reachable only from this machine.
        uds: The path of a Unix socket, instead of an address and a port.
        certificate: A PEM file with the certificate and its chain, for TLS.
        key: A PEM file with the key of the certificate.

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
                    f'the certificate {os.fspath(self.certificate)!r} and its key cannot be used: {error}'
                ) from error

    @property
    def only_here(self) -> bool:
        """Whether it is a loopback address, which browsers on this machine can reach, but nothing else."""
        if self.uds is not None:
            return False
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == 'localhost'

    def open(self) -> socket.socket:
        """Open a listening socket.

        Raises:
            SparkSdkError: The address cannot be used.
        """
        if self.uds is not None:
            return _open_unix(os.fspath(self.uds))
        try:
            return _open_tcp(self.host, self.port)
        except (OSError, OverflowError) as error:
            reason = 'it is in use' if getattr(error, 'errno', 0) == errno.EADDRINUSE else str(error)
            raise SparkSdkError(f'port {self.port} of {self.host} cannot be used: {reason}') from error


def _open_tcp(host: str, port: int) -> socket.socket:
    # asyncio disables Nagle's algorithm only on sockets whose protocol is given; with it, a call takes 40 ms longer.
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != 'win32':  # on Windows, the option would let two servers share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)
    except BaseException:
        listening.close()
        raise
    return listening


def _open_unix(path: str) -> socket.socket:
    """Listen on a path. A stale socket is replaced; a socket that answers, or another kind of file, is an error."""
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
