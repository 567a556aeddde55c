"""CSV files with a header, as programs and as Excel write them in any country; nothing in them is guessed."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# Values may have any type at all.
from __future__ import annotations

import csv
import io
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, lookup
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, Final

from ..errors import SparkSdkError
from .reading import Reading, Rows, rows_within

__all__ = ['guess_encoding', 'read_csv', 'read_field']

DELIMITERS: Final = (',', ';', '\t', '|')
LARGEST_FIELD: Final = 1 << 30
"""The `csv` module refuses fields of more than 128 KB, which a table within a record can have."""

_NUMBER: Final = re.compile(r'-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?')
_CODE: Final = re.compile(r'-?\d+E\d+')
"""What may be a number, and as well be a code such as 12E12: nobody writes a number so."""

_DECIMAL_COMMA: Final = re.compile(r'[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+')
_SEPARATOR_LINE: Final = re.compile(r'"?sep=([^\w"])"?', re.IGNORECASE)
"""The line by which Excel is told what separates fields, and tells it."""

_STARTS_OF_NUMBERS: Final = frozenset('-0123456789')
_BOOLEANS: Final = {'True': True, 'False': False}
"""As Python writes them, and the files of `results.write`."""


def read_csv(
    path: Path,
    open_bytes: Callable[[Path], AbstractContextManager[IO[bytes]]],
    reading: Reading,
    delimiter: str | None = None,
) -> Iterator[Rows]:
    """The records of a CSV file.

    Args:
        path: The file.
        open_bytes: What opens it.
        reading: How it is written, and what its columns hold.
        delimiter: What separates its fields, unless `reading` says otherwise; None detects it by the header.

    Raises:
        SparkSdkError: The file is not CSV, or a field cannot be read without a guess; it names file, line and column.
    """
    with open_bytes(path) as raw:
        encoding = _encoding(path, reading.encoding)
        peeked: Any = _Peeked(path, raw, reading.encoding)
        text = io.TextIOWrapper(peeked, encoding=encoding, newline='')
        lines = _Lines(text)
        csv.field_size_limit(LARGEST_FIELD)
        try:
            delimiter = reading.delimiter or delimiter or _detect_delimiter(path, lines)
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            names = _names(path, next(reader, []))
            reading.check_names(names, repr(str(path)))
            yield from rows_within(_records(path, reader, lines, names, reading, delimiter), tuple(names))
        except UnicodeDecodeError as error:
            raise SparkSdkError(_undecodable(path, open_bytes, encoding)) from error
        except csv.Error as error:
            raise SparkSdkError(f'{str(path)!r}, line {lines.number}: {error}') from error
        finally:
            text.detach()


class _Peeked(io.RawIOBase):
    """The bytes of a file, whose start tells whether they are UTF-16."""

    def __init__(self, path: Path, raw: IO[bytes], encoding: str | None) -> None:
        self._start = raw.read(4096)
        self._raw = raw
        if encoding is None and (self._start.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or b'\x00' in self._start):
            raise SparkSdkError(f"{str(path)!r}, line 1: the file seems to be UTF-16; give encoding='utf-16'")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._start or self._raw.read(len(buffer))
        self._start = content[len(buffer) :]
        content = content[: len(buffer)]
        buffer[: len(content)] = content
        return len(content)


def _encoding(path: Path, encoding: str | None) -> str:
    if encoding is None:
        return 'utf-8-sig'
    try:
        name = lookup(encoding).name
    except LookupError:
        raise SparkSdkError(f'{str(path)!r}: {encoding!r} is not an encoding that Python knows') from None
    return 'utf-8-sig' if name == 'utf-8' else encoding


class _Lines:
    """The lines of a file, and the number of the last one that was read."""

    def __init__(self, text: Iterator[str]) -> None:
        self._text = text
        self._waiting: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.pop() if self._waiting else next(self._text)
        self.number += 1
        return line

    def peek(self) -> str:
        """The next line, which stays where it is."""
        if not self._waiting:
            line = next(self._text, None)
            if line is None:
                return ''
            self._waiting.append(line)
        return self._waiting[-1]


def _detect_delimiter(path: Path, lines: _Lines) -> str:
    """What separates the fields, by a `sep=` line or by the header: what makes most fields of it."""
    first = lines.peek()
    if separator := _SEPARATOR_LINE.fullmatch(first.rstrip('\r\n')):
        next(lines)
        return separator[1]
    header = first.rstrip('\r\n')
    found = {one: _count_fields(header, one) for one in DELIMITERS}
    most = max(found.values())
    chosen = [one for one, count in found.items() if count == most and count > 1]
    if len(chosen) > 1:
        shown = ' and '.join(map(repr, chosen))
        raise SparkSdkError(f'{str(path)!r}, line 1: {shown} may both separate the names; give delimiter=...')
    return chosen[0] if chosen else ','


def _count_fields(header: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([header], delimiter=delimiter), []))
    except csv.Error:
        return 0


def _names(path: Path, row: list[str]) -> list[str]:
    names = [name.strip() for name in row]
    while names and not names[-1]:
        names.pop()
    if '' in names:
        raise SparkSdkError(f'{str(path)!r}, line 1: column {names.index("") + 1} has no name')
    if len(set(names)) != len(names):
        raise SparkSdkError(f'{str(path)!r}, line 1: the column {max(names, key=names.count)!r} is named twice')
    return names


def _records(
    path: Path, reader: Iterator[list[str]], lines: _Lines, names: list[str], reading: Reading, delimiter: str
) -> Iterator[list[Any]]:
    width, blank = len(names), 0
    is_plain = delimiter == ',' and not reading.columns
    while True:
        line = lines.number + 1
        row = next(reader, None)
        if row is None:
            return
        if width == 1 and row in ([], ['']):
            row = ['']
        elif not any(field.strip() for field in row):
            blank = blank or (line if row else 0)
            continue
        if blank:
            raise SparkSdkError(
                f'{str(path)!r}, line {blank}: the line has separators and nothing between them, and records follow; '
                'remove it, or write a value'
            )
        while len(row) > width and not row[-1].strip():
            row.pop()
        if len(row) != width:
            raise SparkSdkError(f'{str(path)!r}, line {line}: {len(row)} fields, and {width} names in line 1')
        try:
            record = [read_field(field) for field in row] if is_plain else None
        except ValueError:
            record = None  # read again, field by field, to say which one it is
        yield record if record is not None else _read_row(path, line, names, row, reading, delimiter)


def _read_row(path: Path, line: int, names: list[str], row: list[str], reading: Reading, delimiter: str) -> list[Any]:
    record = list[Any]()
    for name, field in zip(names, row, strict=True):
        try:
            record.append(_read_typed(name, field, reading, delimiter))
        except ValueError as error:
            raise SparkSdkError(f'{str(path)!r}, line {line}, column {name!r}: {error}') from error
    return record


def _read_typed(name: str, field: str, reading: Reading, delimiter: str) -> Any:
    if name in reading.columns:
        return reading.convert(name, field) if field else None
    if delimiter != ',' and _DECIMAL_COMMA.fullmatch(field.strip()):
        raise ValueError(
            f'{field!r} has a decimal comma; write a point, or give columns={{{name!r}: str}} to send it as text'
        )
    try:
        return read_field(field)
    except ValueError as error:
        raise ValueError(f'{error}; give columns={{{name!r}: str}} to send it as text, or float for a number') from None


def read_field(field: str) -> Any:
    """A field as a value: an empty one is null, what is written as a number in JSON is one (`007` is not).

    Raises:
        ValueError: It may be a number, and as well be a code.

    >>> [read_field(field) for field in ('', '7', '007', 'True')]
    [None, 7, '007', True]
    """
    if not field:
        return None
    if field[0] not in _STARTS_OF_NUMBERS:
        return _BOOLEANS.get(field, field)
    if 'E' in field and _CODE.fullmatch(field):
        raise ValueError(f'{field!r} may be a number or a code')
    found = _NUMBER.fullmatch(field)
    if found is None:
        return field
    if found[2] is None and found[3] is None:
        return int(field)
    value = float(field)
    if value - value != 0:
        raise ValueError(f'{field!r} is beyond the numbers that JSON can hold')
    return value


def guess_encoding(line: bytes) -> str:
    r"""What an error says of the encoding that a line seems to have; empty where it is UTF-8.

    >>> guess_encoding(b'M\xfcller')
    "; it seems to be cp1252 (Windows): give encoding='cp1252'"
    """
    if line.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or b'\x00' in line:
        return "; it seems to be UTF-16: give encoding='utf-16'"
    try:
        line.decode()
    except UnicodeDecodeError:
        try:
            line.decode('cp1252')
        except UnicodeDecodeError:
            return '; give its encoding=...'
        return "; it seems to be cp1252 (Windows): give encoding='cp1252'"
    return ''


def _undecodable(path: Path, open_bytes: Callable[[Path], AbstractContextManager[IO[bytes]]], encoding: str) -> str:
    """What an error says of a file that is not in its encoding: the line, and what the file seems to be."""
    asked = encoding.removesuffix('-sig')
    with open_bytes(path) as raw:
        for number, line in enumerate(raw, 1):
            try:
                line.removeprefix(BOM_UTF8).decode(asked)
            except UnicodeDecodeError:
                return f'{str(path)!r}, line {number}: the line is not {asked.upper()}{guess_encoding(line)}'
    return f'{str(path)!r}: the file is not {asked.upper()}; give its encoding=...'
