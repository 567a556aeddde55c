"""What this package uses of `orjson`, on the standard library: slower, for where `orjson` has no wheel."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false
# What comes in here may have any type at all.
from __future__ import annotations

import dataclasses
import enum
import json
import math
import uuid
from collections.abc import Callable
from datetime import date, time
from typing import Any, Final, NoReturn

__all__ = ['OPT_SERIALIZE_NUMPY', 'Fragment', 'JSONEncodeError', 'dumps', 'loads']

OPT_SERIALIZE_NUMPY: Final = 0
JSONEncodeError = TypeError


class Fragment:
    """JSON text that is put in as it is."""

    def __init__(self, contents: str | bytes) -> None:
        self.contents = contents.decode() if isinstance(contents, bytes) else contents


def loads(content: bytes) -> Any:
    """Read JSON in UTF-8; NaN and infinities are no JSON."""
    return json.loads(content.decode(), parse_constant=_not_json)


def dumps(value: object, default: Callable[[Any], Any] | None = None, option: int | None = None) -> bytes:
    """Write JSON in UTF-8."""
    del option
    mark = uuid.uuid4().hex
    fragments: list[str] = []

    def plain(one: Any) -> Any:
        if isinstance(one, Fragment):
            fragments.append(one.contents)
            return f'{mark}{len(fragments) - 1}.'
        if isinstance(one, dict):
            return {_key(key): plain(item) for key, item in one.items()}
        if isinstance(one, (list, tuple)) and not hasattr(one, '_asdict'):
            return [plain(item) for item in one]
        if dataclasses.is_dataclass(one) and not isinstance(one, type):
            return {field.name: plain(getattr(one, field.name)) for field in dataclasses.fields(one)}
        scalar = _scalar(one)
        if scalar is not _UNKNOWN:
            return scalar
        if default is None:
            raise JSONEncodeError(f'Type is not JSON serializable: {type(one).__name__}')
        return plain(default(one))

    text = json.dumps(plain(value), ensure_ascii=False, separators=(',', ':'))
    for number, fragment in enumerate(fragments):
        text = text.replace(f'"{mark}{number}."', fragment)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise JSONEncodeError(f'str is not valid UTF-8: {error}') from error


_UNKNOWN: Final = object()


def _scalar(one: Any) -> Any:
    match one:
        case enum.Enum():
            return _scalar(one.value)
        case None | bool() | str() | int():
            return one
        case float():
            return float(one) if math.isfinite(one) else None
        case uuid.UUID():
            return str(one)
        case date() | time() if one == one:  # not so a NaT of pandas
            return one.isoformat()
        case _:
            return _UNKNOWN


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise JSONEncodeError('Dict key must be str')
    return key


def _not_json(word: str) -> NoReturn:
    raise ValueError(f'{word} is no JSON')
