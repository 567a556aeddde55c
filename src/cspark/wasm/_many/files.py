"""Files of records: which kind a name means, and JSON Lines, Parquet and Excel, read bit by bit."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyarrow and openpyxl are imported when a file needs them; their objects have no types here.
from __future__ import annotations

import gzip
import importlib
import io
import warnings
from codecs import BOM_UTF8
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any

from .._codec.json import decode_json
from .._codec.plain import DURATION
from ..errors import SparkInputError, SparkSdkError
from ..inputs import frame_batches
from ..records import EXCEL_ERRORS
from .csv_file import guess_encoding, read_csv
from .reading import BATCH, CELLS, SUFFIXES, Reading, Rows, rows_within

__all__ = ['files_of', 'open_file']


def open_file(path: Path, reading: Reading) -> tuple[Iterator[Rows], int | None]:
    """The records of a file, a folder or a pattern of Parquet files, and how many there are if the file says so.

    Raises:
        SparkSdkError: There is no such file, or none of this kind can be read.
    """
    files = files_of(path)
    kind = kind_of(files[0])
    total: int | None = None
    if kind == '.parquet':
        blocks, total = _open_parquet(files, reading)
    elif kind == '.xlsx':
        blocks = _read_excel(path, reading)
    elif kind in ('.csv', '.tsv'):
        blocks = read_csv(path, _open_bytes, reading, '\t' if kind == '.tsv' else None)
    else:
        blocks = _read_json_lines(path, reading)
    return _unchanged(files, blocks), total


def files_of(path: Path) -> list[Path]:
    """The files that a path means: itself, or the Parquet files of a folder or a pattern.

    Raises:
        SparkSdkError: There is none.
    """
    if path.is_dir():
        found = sorted(path.glob('*.parquet'))
    elif not path.exists() and any(sign in path.name for sign in '*?['):
        found = sorted(path.parent.glob(path.name))
    else:
        found = [path]
    if not found:
        raise SparkSdkError(f'there is no file like {str(path / "*.parquet" if path.is_dir() else path)!r}')
    if len(found) > 1 and {kind_of(one) for one in found} != {'.parquet'}:
        raise SparkSdkError(f'{str(path)!r} means several files, which must all be .parquet files')
    for one in found:
        kind_of(one)
        if not one.is_file():
            raise SparkSdkError(f'{str(one)!r} is not a file that can be read')
    return found


def kind_of(path: Path) -> str:
    """The kind of a file, by the end of its name.

    Raises:
        SparkSdkError: It is none that can be read.
    """
    name = path.name.lower()
    if not name.endswith(SUFFIXES):
        hint = '; save it as .xlsx' if name.endswith(('.xls', '.xlsb', '.xlsm', '.ods')) else ''
        raise SparkSdkError(f'{str(path)!r} must end with one of {", ".join(SUFFIXES)}{hint}')
    return Path(name.removesuffix('.gz')).suffix


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _unchanged(files: Sequence[Path], blocks: Iterator[Rows]) -> Iterator[Rows]:
    """The records, and an error at their end if a file was changed meanwhile: it would be half the old, half the new.

    Raises:
        SparkSdkError: A file was written while it was read.
    """
    before = [_stamp(path) for path in files]
    yield from blocks
    for path, stamp in zip(files, before, strict=True):
        try:
            now = _stamp(path)
        except OSError:
            now = None
        if now != stamp:
            raise SparkSdkError(
                f'{str(path)!r} changed while it was read, so that records of both versions were read; '
                'read a copy of it, or run again when nobody writes to it'
            )


@contextmanager
def _open_bytes(path: Path) -> Generator[IO[bytes]]:
    """The file's bytes, unpacked if it is packed."""
    with path.open('rb') as file:
        if not path.name.lower().endswith('.gz'):
            yield file
            return
        with gzip.GzipFile(fileobj=file) as unpacked:
            try:
                yield unpacked  # type: ignore[misc]  # it reads like any other file
            except (gzip.BadGzipFile, EOFError) as error:
                raise SparkSdkError(f'{str(path)!r} is not a whole gzip file: {error}') from error


def _read_json_lines(path: Path, reading: Reading) -> Iterator[Rows]:
    for name in ('delimiter', 'columns'):
        if getattr(reading, name):
            raise SparkSdkError(f'{name}= is for CSV files, and {str(path)!r} is none')
    encoding = reading.encoding

    def lines(file: IO[bytes]) -> Iterator[bytes]:
        if encoding is None:
            yield from file
            return
        try:
            with io.TextIOWrapper(file, encoding=encoding) as text:
                yield from (line.encode() for line in text)
        except (LookupError, UnicodeDecodeError) as error:
            raise SparkSdkError(f'{str(path)!r} cannot be read as {encoding!r}: {error}') from error

    def records(file: IO[bytes]) -> Iterator[dict[str, Any]]:
        for number, line in enumerate(lines(file), 1):
            content = line.removeprefix(BOM_UTF8) if number == 1 else line
            if content.strip():
                yield _read_json_line(path, number, content)

    with _open_bytes(path) as file:
        yield from rows_within(records(file))


def _read_json_line(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = decode_json(line)
    except ValueError as error:
        hint = guess_encoding(line)
        raise SparkSdkError(f'{str(path)!r}, line {number}: not JSON: {error}{hint}') from error
    if not isinstance(record, dict):
        raise SparkSdkError(f'{str(path)!r}, line {number}: a record must be a JSON object')
    return record


def _library(path: Path, module: str, package: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise SparkSdkError(
            f'{str(path)!r} needs {package}, which is not installed: pip install "cspark-wasm[{extra}]"'
        ) from error


def _open_parquet(files: Sequence[Path], reading: Reading) -> tuple[Iterator[Rows], int]:
    _refuse_text_options(files[0], reading)
    parquet = _library(files[0], 'pyarrow.parquet', 'pyarrow', 'arrow')
    opened = list[Any]()
    try:
        for path in files:
            opened.append(_open_one(parquet, path))
            names = opened[-1].schema_arrow.names
            reading.check_names(names, repr(str(path)))
            if names != opened[0].schema_arrow.names:
                raise SparkSdkError(f'{str(path)!r} has other columns than {str(files[0])!r}')
    except BaseException:
        for one in opened:
            one.close()
        raise

    def blocks() -> Iterator[Rows]:
        for path, file in zip(files, opened, strict=True):
            with file:
                yield from _read_parquet(path, file)

    return blocks(), sum(file.metadata.num_rows for file in opened)


def _open_one(parquet: Any, path: Path) -> Any:
    try:
        return parquet.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise SparkSdkError(f'{str(path)!r} cannot be read: {error}') from error


def _read_parquet(path: Path, file: Any) -> Iterator[Rows]:
    width = max(1, file.metadata.num_columns)
    batches, position = iter(file.iter_batches(batch_size=max(1, min(BATCH, CELLS // width)))), 0
    while True:
        try:
            batch = next(batches, None)
        except Exception as error:
            raise SparkSdkError(f'{str(path)!r}, {_damaged(file, position)}: cannot be read: {error}') from error
        if batch is None:
            return
        found = frame_batches(batch)
        try:
            for names, rows in found[1] if found else ():
                yield Rows(rows, names)
        except SparkInputError as error:
            row, *rest = error.path or (0,)
            column = f', column {rest[0]!r}' if rest else ''
            place = f'{str(path)!r}, row {position + int(row) + 1}{column}'
            raise SparkSdkError(f'{place}: {error.problem}', error) from error
        position += batch.num_rows


def _damaged(file: Any, position: int) -> str:
    """The rows and the column of the row group that cannot be read."""
    start = 0
    for group in range(file.metadata.num_row_groups):
        count = file.metadata.row_group(group).num_rows
        if start + count > position:
            for name in file.schema_arrow.names:
                try:
                    file.read_row_group(group, columns=[name])
                except Exception:  # noqa: BLE001 - this is the one
                    return f'rows {start + 1} to {start + count}, column {name!r}'
        start += count
    return f'after row {position}'


def _refuse_text_options(path: Path, reading: Reading) -> None:
    for name in ('delimiter', 'encoding'):
        if getattr(reading, name):
            raise SparkSdkError(f'{name}= is for text files, and {str(path)!r} is none')
    if reading.columns:
        raise SparkSdkError(f'columns= is for CSV files; {str(path)!r} has types of its own')


def _read_excel(path: Path, reading: Reading) -> Iterator[Rows]:
    """The first sheet of a workbook: a row of names, then a record a row, read bit by bit."""
    for name in ('delimiter', 'encoding'):
        if getattr(reading, name):
            raise SparkSdkError(f'{name}= is for text files, and {str(path)!r} is none')
    excel = _library(path, 'openpyxl', 'openpyxl', 'excel')
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # it tells of styles and the like, which hold no values
            workbook = excel.load_workbook(path, read_only=True, data_only=True)
        rows = workbook.worksheets[0].iter_rows()
        header = [cell.value for cell in next(rows, ())]
    except Exception as error:
        raise SparkSdkError(f'{str(path)!r} cannot be read as a workbook: {error}') from error
    try:
        names, used = _sheet_names(path, header)
        reading.check_names(names, repr(str(path)))
        yield from rows_within(_excel_records(path, rows, names, used, reading), tuple(names))
    finally:
        rows.close()  # it holds the file, too
        workbook.close()


def _sheet_names(path: Path, row: Sequence[Any]) -> tuple[list[str], list[int]]:
    """The names of the columns, and the places of those that have one.

    Raises:
        SparkSdkError: A name stands there twice.
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
        value = value.date()  # a day has no time of its own in a sheet
    elif isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        value = int(value)  # a sheet keeps every number as a double
    if name not in reading.columns:
        return value
    kind = reading.columns[name]
    if type(value) is kind:
        return value
    return reading.convert(name, value.isoformat() if isinstance(value, (date, time)) else str(value))
