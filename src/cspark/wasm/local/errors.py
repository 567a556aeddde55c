"""What goes wrong inside the runner, each with the HTTP status that it becomes."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import SparkSdkError

__all__ = ['PackageError', 'RefusedError', 'ServiceError']


class RefusedError(Exception):
    """A request that is not carried out. `status` is the HTTP status of the answer, `headers` belong to it."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.headers = headers or {}


class ServiceError(RefusedError):
    """The service failed on a valid request: its model aborted (500), took too long (504) or is too busy (503)."""


class PackageError(SparkSdkError):
    """A package that is not one, or that cannot be trusted. The text says what is wrong with which file."""
