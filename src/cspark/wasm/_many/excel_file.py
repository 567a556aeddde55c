"""Excel files, read row by row with openpyxl."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# openpyxl is imported when a file needs it; its objects have no types here.
from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from .._codec.plain import DURATION
from ..errors import SparkSdkError
from ..records import EXCEL_ERRORS
from .reading import Reading, Rows, import_for, rows_within

__all__ = ['read_excel']


def read_excel(path: Path, reading: Reading) -> Iterator[Rows]:
    """Yield the records of a sheet in groups. The first row has the names, every other row is a record."""
    for name in ('delimiter', 'encoding'):
        if getattr(reading, name):
            raise SparkSdkError(f'{name}= is for text files, and {str(path)!r} is none')
    excel = import_for(path, 'openpyxl', 'openpyxl', 'excel')
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # it tells of styles and the like, which hold no values
            workbook = excel.load_workbook(path, read_only=True, data_only=True)
        rows = _choose_sheet(path, workbook, reading).iter_rows()
        header = [cell.value for cell in next(rows, ())]
    except SparkSdkError:
        raise
    except Exception as error:
        raise SparkSdkError(f'{str(path)!r} cannot be read as a workbook: {error}') from error
    try:
        names, used = _sheet_names(path, header)
        reading.check_names(names, repr(str(path)))
        yield from rows_within(_excel_records(path, rows, names, used, reading), tuple(names))
    finally:
        rows.close()  # it holds the file, too
        workbook.close()


def _choose_sheet(path: Path, workbook: Any, reading: Reading) -> Any:
    """The sheet that the caller names, or the only visible one that contains values; if none does, the first sheet.

    Raises:
        SparkSdkError: There is no such sheet, or more than one holds values.
    """
    sheets: dict[str, Any] = {sheet.title: sheet for sheet in workbook.worksheets}
    if reading.sheet is not None:
        if reading.sheet not in sheets:
            raise SparkSdkError(f'{str(path)!r} has no sheet {reading.sheet!r}; it has {", ".join(map(repr, sheets))}')
        return sheets[reading.sheet]
    filled = [
        sheet
        for sheet in sheets.values()
        if sheet.sheet_state == 'visible'
        and any(value is not None for row in sheet.iter_rows(values_only=True) for value in row)
    ]
    if len(filled) > 1:
        names = ', '.join(repr(sheet.title) for sheet in filled)
        raise SparkSdkError(
            f'{str(path)!r} has values in more than one sheet ({names}); give sheet={filled[0].title!r}'
        )
    return filled[0] if filled else workbook.worksheets[0]


def _sheet_names(path: Path, row: Sequence[Any]) -> tuple[list[str], list[int]]:
    """The names of the columns, and the places of those that have one.

    Raises:
        SparkSdkError: Two columns have the same name.
    """
    used = [index for index, name in enumerate(row) if name is not None and str(name).strip()]
    names = [str(row[index]).strip() for index in used]
    if len(set(names)) != len(names):
        raise SparkSdkError(f'{str(path)!r}, row 1: the column {max(names, key=names.count)!r} is named twice')
    return names, used


def _excel_records(
    path: Path, rows: Iterator[Any], names: Sequence[str], used: Sequence[int], reading: Reading
) -> Iterator[list[Any]]:
    blank = 0
    for number, row in enumerate(rows, 2):
        if len(names) > 1 and all(cell.value is None for cell in row):
            blank = blank or number
            continue
        if blank:
            raise SparkSdkError(f'{str(path)!r}, row {blank} is empty, and records follow it; remove it')
        stray = next((index for index, cell in enumerate(row) if cell.value is not None and index not in used), None)
        if stray is not None:
            raise SparkSdkError(f'{str(path)!r}, row {number}: column {stray + 1} has a value and no name in row 1')
        record = list[Any]()
        for name, index in zip(names, used, strict=True):
            try:
                record.append(_excel_value(name, row[index], reading) if index < len(row) else None)
            except ValueError as error:
                raise SparkSdkError(f'{str(path)!r}, row {number}, column {name!r}: {error}') from error
        yield record


def _excel_value(name: str, cell: Any, reading: Reading) -> Any:
    value = cell.value
    if value is None:
        return None
    if isinstance(value, timedelta):
        raise ValueError(DURATION)
    if cell.data_type == 'e' or (isinstance(value, str) and value in EXCEL_ERRORS):
        raise ValueError(f'the cell holds the error {value}')
    if isinstance(value, datetime) and value.time() == time() and 'h' not in str(cell.number_format).lower():
        value = value.date()  # Excel has no separate type for dates without a time
    elif isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        value = int(value)  # a sheet keeps every number as a double
    if name not in reading.columns:
        return value
    kind = reading.columns[name]
    if type(value) is kind:
        return value
    return reading.convert(name, value.isoformat() if isinstance(value, (date, time)) else str(value))
