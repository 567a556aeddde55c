"""Files of records that are dropped on the page: read, mapped to inputs, executed by `execute_many`, written."""

from __future__ import annotations

import itertools
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import anyio.to_thread

from ..._codec.json import is_array, is_object
from ...errors import SparkError, SparkSdkError
from ..errors import RefusedError
from ..ids import new_id

if TYPE_CHECKING:
    from ..._client import Client
    from ...records import Progress

__all__ = ['RecordFiles']

Json = dict[str, Any]
SHOWN: Final = 5
"""How many records of a file the page shows."""

LOOKED_AT: Final = 1000
"""Of how many records the names make the columns of a file without a header."""

READ_TWICE: Final = 50 << 20
"""Files up to this size, in bytes, are read once more to know how many records they have."""

LARGEST: Final = 1 << 30
"""The largest file, in bytes."""

MOST: Final = 20
"""How many files are kept; the oldest one goes first."""

SUFFIXES: Final = ('.csv', '.tsv', '.xlsx', '.parquet', '.jsonl', '.ndjson')
FORMATS: Final = ('csv', 'jsonl', 'parquet')


@dataclass(frozen=True)
class RecordFile:
    """A file that was dropped on the page.

    Attributes:
        path: Where it is stored.
        name: What it is called.
        columns: The names of its columns.
        first: Its first records.
        total: How many records it has, if that is known without reading it.
    """

    path: Path
    name: str
    columns: tuple[str, ...]
    first: tuple[Json, ...]
    total: int | None


@dataclass
class Run:
    """A file that is being executed.

    Attributes:
        state: How it is going.
        told: The progress, as the page shows it.
        results: The file with the results, once it is complete.
    """

    state: Literal['running', 'done', 'failed', 'stopped'] = 'running'
    told: Json = field(default_factory=dict[str, Any])
    results: Path | None = None
    stop: Callable[[], object] | None = None


class RecordFiles:
    """The files and runs of a page. They are in a temporary folder, which is deleted when the runner is closed.

    Args:
        connect: Makes a client of this runner for a tenant.
        inputs_of: Tells the names of the inputs of a service, by tenant and URI.
    """

    def __init__(self, connect: Callable[[str], Client], inputs_of: Callable[[str, str], Iterable[str]]) -> None:
        self._connect = connect
        self._inputs_of = inputs_of
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._files: dict[str, RecordFile] = {}
        self._runs: dict[str, Run] = {}
        self._lock = threading.Lock()

    async def take(self, name: str, pieces: AsyncIterator[bytes]) -> Json:
        """Store a file, and tell its columns and first records.

        Raises:
            RefusedError: It is no file of records, or too large; the message says why.
        """
        suffix = Path(name).suffix.lower()
        if suffix not in SUFFIXES:
            raise RefusedError(415, f'{name!r:.100} is not a file of records; the page takes {", ".join(SUFFIXES)}')
        key = new_id()
        path = self._place() / f'{key}{suffix}'
        size = 0
        try:
            with path.open('wb') as stored:
                async for piece in pieces:
                    size += len(piece)
                    if size > LARGEST:
                        raise RefusedError(413, f'the file is larger than {LARGEST:,} bytes')
                    stored.write(piece)
            # On a thread: a large file takes seconds, in which the runner answers other calls.
            file = await anyio.to_thread.run_sync(_describe, path, name)
        except SparkSdkError as error:
            path.unlink(missing_ok=True)
            raise RefusedError(422, error.message.replace(str(path), name)) from None
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        with self._lock:
            self._files[key] = file
            for old in list(self._files)[:-MOST]:
                self._files.pop(old).path.unlink(missing_ok=True)
        return {'id': key, 'name': name, 'columns': list(file.columns), 'records': list(file.first)}

    def start(self, asked: Mapping[str, Any]) -> Json:
        """Execute the records of a file on a thread.

        Args:
            asked: `file`, `tenant` and `uri`; `columns`, the column for each input; `keep`, the columns beside the
                results; `format` of the results.

        Raises:
            RefusedError: Something is missing or unknown.
        """
        file = self._files.get(str(asked.get('file')))
        if file is None:
            raise RefusedError(404, 'the file is not here any more; drop it again')
        columns, keep = _checked(asked, file)
        form = asked.get('format')
        if form not in FORMATS:
            raise RefusedError(400, f'format must be one of {", ".join(FORMATS)}')
        key, run = new_id(), Run(told={'done': 0, 'total': file.total, 'failed': 0, 'seconds': 0})
        with self._lock:
            self._runs[key] = run
            for old in list(self._runs)[:-MOST]:
                self._forget(old)
        target = self._place() / f'{key}.{form}'
        records = Mapped(file, columns, keep, taken=self._inputs_of(str(asked.get('tenant')), str(asked.get('uri'))))
        where = {name: str(asked.get(name)) for name in ('tenant', 'uri')}
        threading.Thread(target=self._execute, args=(run, records, target, where), name='page-run', daemon=True).start()
        return {'id': key}

    def _execute(self, run: Run, records: Mapped, target: Path, where: Mapping[str, str]) -> None:
        def tell(progress: Progress) -> None:
            seconds = round(progress.seconds, 3)
            run.told = {'done': progress.done, 'total': progress.total, 'failed': progress.failed, 'seconds': seconds}

        try:
            with self._connect(where['tenant']) as client:
                given: Any = records if records.total is not None else iter(records)
                keep = list(records.kept.values()) or None
                many = client.services.execute_many
                with many(where['uri'], given, keep=keep, on_error='collect', progress=tell) as results:
                    run.stop = results.close
                    if run.state == 'running':
                        results.write(target)
            if run.state == 'running':
                run.state, run.results = 'done', target
        except Exception as error:  # noqa: BLE001 - whatever it is, the page must hear that the run has ended
            message = error.message if isinstance(error, SparkError) else f'{type(error).__name__}: {error}'
            run.told = {**run.told, 'message': message.replace(str(records.file.path), records.file.name)}
            run.state = 'stopped' if run.state == 'stopped' else 'failed'

    def progress(self, key: str) -> Json:
        """How a run is going.

        Raises:
            RefusedError: There is no such run.
        """
        run = self._run(key)
        return {'state': run.state, **run.told}

    def results(self, key: str) -> Path:
        """The file with the results of a run.

        Raises:
            RefusedError: There is no such run, or it is not complete.
        """
        found = self._run(key).results
        if found is None:
            raise RefusedError(409, 'the run is not complete')
        return found

    def stop(self, key: str) -> Json:
        """Stop a run.

        Raises:
            RefusedError: There is no such run.
        """
        run = self._run(key)
        if run.state == 'running':
            run.state = 'stopped'
            if run.stop is not None:
                run.stop()
        return {'state': run.state}

    def _forget(self, key: str) -> None:
        """Stop a run and delete its results."""
        self.stop(key)
        results = self._runs.pop(key).results
        if results is not None:
            results.unlink(missing_ok=True)

    def close(self) -> None:
        """Stop all runs and delete all files."""
        for key in list(self._runs):
            self.stop(key)
        if self._folder is not None:
            self._folder.cleanup()

    def _run(self, key: str) -> Run:
        found = self._runs.get(key)
        if found is None:
            raise RefusedError(404, 'there is no such run')
        return found

    def _place(self) -> Path:
        with self._lock:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix='runner-page-', ignore_cleanup_errors=True)
        return Path(self._folder.name)


def _records(path: Path) -> Iterator[Json]:
    """The records of a file, read as `execute_many` reads it."""
    from ..._many.sources import open_source

    source = open_source(path)
    try:
        while (rows := source.take(1000)) is not None:
            yield from rows.records()
    finally:
        source.close()


def _describe(path: Path, name: str) -> RecordFile:
    """The columns of a file, by its header or its first records; these, and the number of all.

    Raises:
        SparkSdkError: It cannot be read, or has no records.
    """
    from ..._many.sources import open_source

    source = open_source(path)
    try:
        rows = source.take(LOOKED_AT)
    finally:
        source.close()
    if rows is None or not rows.rows:
        raise SparkSdkError(f'{name!r:.100} has no records')
    named = rows.names if rows.names is not None else (column for record in rows.records() for column in record)
    total = source.total if source.total is not None else _count(path)
    first = tuple(itertools.islice(rows.records(), SHOWN))
    return RecordFile(path, name, tuple(dict.fromkeys(named)), first, total)


def _count(path: Path) -> int | None:
    """How many records a file has, if it is so small that reading it twice does not matter."""
    if path.stat().st_size > READ_TWICE:
        return None
    return sum(1 for _ in _records(path))


def _checked(asked: Mapping[str, Any], file: RecordFile) -> tuple[dict[str, str], list[str]]:
    """The column for each input, and the columns to keep.

    Raises:
        RefusedError: They are something else, or the file does not have such a column; the message names it.
    """
    columns, keep = asked.get('columns'), asked.get('keep')
    if not is_object(columns) or not columns or not is_array(keep):
        raise RefusedError(400, 'columns must map inputs to columns of the file, and keep must be a list of columns')
    for column in (*columns.values(), *keep):
        if not isinstance(column, str) or column not in file.columns:
            raise RefusedError(400, f'the file has no column {column!r:.100}; it has {", ".join(file.columns)}')
    return columns, keep


class Mapped:
    """The records of a file with the names of the inputs, and with the columns to keep.

    Args:
        file: The file.
        columns: The column for each input.
        keep: The columns to keep.
        taken: The names of the inputs. A kept column gets another name than these: it would be sent as an input.

    Attributes:
        kept: The names of the kept columns in the results.
    """

    def __init__(self, file: RecordFile, columns: Mapping[str, str], keep: Iterable[str], taken: Iterable[str]) -> None:
        self.file = file
        self.total = file.total
        self._columns = columns
        used = {name.lower() for name in (*taken, *columns)} | {'index', 'warnings', 'errors'}
        self.kept: dict[str, str] = {}
        for column in dict.fromkeys(keep):
            name = column
            while name.lower() in used:
                name += ' (file)'
            used.add(name.lower())
            self.kept[column] = name

    def __len__(self) -> int:
        return self.total or 0

    def __iter__(self) -> Iterator[Json]:
        for record in _records(self.file.path):
            kept = {name: record.get(column) for column, name in self.kept.items()}
            yield kept | {name: record[column] for name, column in self._columns.items() if column in record}
