"""Log requests, and format the runner's log as text or as JSON."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from ..logger import logger
from .request import HttpRequest

__all__ = ['LOG_FORMATS', 'LOG_LEVELS', 'log_access', 'logging_to_stderr']

LOG_LEVELS: Final = ('debug', 'info', 'warning', 'error')
LOG_FORMATS: Final = ('text', 'json')
STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {'message', 'asctime', 'taskName'}


def log_access(request: HttpRequest, status: int, size: int, seconds: float) -> None:
    """Log an answered request. Its path is logged as the matching template, so that no names get into the log."""
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
    if request.correlation_id:
        fields['correlation_id'] = request.correlation_id
        words += ', correlation %(correlation_id)s'
    if request.answered_by:
        fields['answered_by'] = request.answered_by
        words += ', answered by the %(answered_by)s runner'
    if request.caller is not None and (chains := request.caller.called.chains()):
        fields['call_id'] = request.caller.call_id
        fields['services_called'] = sum(chain.calls for chain in chains.values())
        fields['chains'] = list(chains)  # by the ids of versions
        words += ', call %(call_id)s with %(services_called)d calls of services: %(chains)s'
    shown = dict(fields)
    for name in fields.keys() & {'request_id', 'correlation_id'}:
        shown[name] = _printable(fields[name])
    logger.info(words, shown, extra=fields)


@contextmanager
def logging_to_stderr(level: str, form: str) -> Generator[None]:
    """Write the runner's log to standard error for the time of a `with` statement.

    Args:
        level: One of `LOG_LEVELS`; `info` logs a line per request.
        form: One of `LOG_FORMATS`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _JsonFormatter() if form == 'json' else logging.Formatter('%(asctime)s %(levelname)s %(message)s')
    )
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(level.upper())
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]


class _JsonFormatter(logging.Formatter):
    """Formats each log record as a JSON object on one line, with the fields of a request and its message."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a log record."""
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
    """Replace unprintable characters of a caller's text, so that it cannot forge lines of the log."""
    return ''.join(letter if letter.isprintable() else '?' for letter in text)
