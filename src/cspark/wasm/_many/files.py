"""Files of records: which kind a name means, and JSON Lines and Parquet, read bit by bit."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyarrow is imported when a file needs it; its objects have no types here.
from __future__ import annotations

import gzip
import io
from codecs import BOM_UTF8
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from .._codec.json import decode_json
from ..errors import SparkInputError, SparkSdkError
from ..inputs import frame_batches
from .csv_file import guess_encoding, read_csv
from .excel_file import read_excel
from .reading import BATCH, CELLS, SUFFIXES, Reading, Rows, import_for, rows_within

__all__ = ['files_of', 'open_file']


def open_file(path: Path, reading: Reading) -> tuple[Iterator[Rows], int | None]:
    """The records of a file, a folder or a pattern of Parquet files, and how many there are if the file says so.

    Raises:
        SparkSdkError: There is no such file, or none of this kind can be read.
    """
    files = files_of(path)
    kind = kind_of(files[0])
    if reading.sheet and kind != '.xlsx':
        raise SparkSdkError(f'sheet= is for Excel files, and {str(path)!r} is none')
    total: int | None = None
    if kind == '.parquet':
        blocks, total = _open_parquet(files, reading)
    elif kind == '.xlsx':
        blocks = read_excel(path, reading)
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


def _open_parquet(files: Sequence[Path], reading: Reading) -> tuple[Iterator[Rows], int]:
    _refuse_text_options(files[0], reading)
    parquet = import_for(files[0], 'pyarrow.parquet', 'pyarrow', 'arrow')
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
