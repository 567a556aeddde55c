"""What the runner logs: a line a request, uploads, lost instances; as text or as JSON."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final

from ..logger import logger
from .request import HttpRequest

__all__ = ['LOG_FORMATS', 'LOG_LEVELS', 'log_access', 'set_up_logging']

LOG_LEVELS: Final = ('debug', 'info', 'warning', 'error')
LOG_FORMATS: Final = ('text', 'json')
STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {'message', 'asctime', 'taskName'}


def log_access(request: HttpRequest, status: int, size: int, seconds: float) -> None:
    """Log a request that was answered: its path as the template that it fits, which names nobody."""
    if not logger.isEnabledFor(logging.INFO):
        return
    fields: dict[str, Any] = {
        'method': request.method,
        'path': request.template or 'no operation',
        'status': status,
        'milliseconds': round(seconds * 1000, 1),
        'bytes': size,
        'request_id': request.request_id,
        'tenant': request.tenant,
    }
    words = '%(method)s %(path)s %(status)d in %(milliseconds).1f ms, %(bytes)d bytes, request %(request_id)s'
    logger.info(words, {**fields, 'request_id': _printable(request.request_id)}, extra=fields)


def set_up_logging(level: str, form: str) -> None:
    """Write what the runner logs to the standard error.

    Args:
        level: One of `LOG_LEVELS`: `info` has a line a request.
        form: One of `LOG_FORMATS`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _JsonFormatter() if form == 'json' else logging.Formatter('%(asctime)s %(levelname)s %(message)s')
    )
    logger.addHandler(handler)
    logger.setLevel(level.upper())
    logger.propagate = False


class _JsonFormatter(logging.Formatter):
    """A JSON object a line, with the fields of a request beside its message."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        told: dict[str, Any] = {
            'time': datetime.fromtimestamp(record.created, UTC).isoformat(timespec='milliseconds'),
            'level': record.levelname.lower(),
            'message': record.getMessage(),
        }
        told |= {name: value for name, value in record.__dict__.items() if name not in STANDARD}
        if record.exc_info:
            told['exception'] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=True, default=str)


def _printable(text: str) -> str:
    """A caller's text that cannot forge lines of a log."""
    return ''.join(letter if letter.isprintable() else '?' for letter in text)
