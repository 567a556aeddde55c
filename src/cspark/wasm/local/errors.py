"""Errors inside the runner, with the HTTP status that each is answered with."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import SparkSdkError

__all__ = ['NotServedError', 'PackageError', 'RefusedError', 'ServiceError']


class RefusedError(Exception):
    """A request that the runner refuses. `status` and `headers` are those of the HTTP answer."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.headers = headers or {}


class NotServedError(RefusedError):
    """A request names what this runner does not serve (404); the runner behind it may."""

    def __init__(self, message: str) -> None:
        super().__init__(404, message)


class ServiceError(RefusedError):
    """A service failed on a valid request: its model aborted (500), took too long (504) or is too busy (503)."""


class PackageError(SparkSdkError):
    """A package that is invalid or cannot be trusted. The message names the file and the problem."""
