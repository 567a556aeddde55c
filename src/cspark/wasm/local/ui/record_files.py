"""Files of records that are dropped on the page: read, mapped to inputs, executed by `execute_many`, written."""

from __future__ import annotations

import itertools
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

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

LARGEST: Final = 1 << 30
"""The largest file, in bytes."""

MOST: Final = 20
"""How many files are kept; the oldest one goes first."""

SUFFIXES: Final = ('.csv', '.tsv', '.xlsx', '.parquet', '.jsonl', '.ndjson')
FORMATS: Final = ('csv', 'jsonl', 'parquet')


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
    """

    def __init__(self, connect: Callable[[str], Client]) -> None:
        self._connect = connect
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._files: dict[str, Path] = {}
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
            with path.open('wb') as file:
                async for piece in pieces:
                    size += len(piece)
                    if size > LARGEST:
                        raise RefusedError(413, f'the file is larger than {LARGEST:,} bytes')
                    file.write(piece)
            records = list(itertools.islice(_records(path), SHOWN))
        except SparkSdkError as error:
            path.unlink(missing_ok=True)
            raise RefusedError(422, error.message.replace(str(path), name)) from None
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        with self._lock:
            self._files[key] = path
            for old in list(self._files)[:-MOST]:
                self._files.pop(old).unlink(missing_ok=True)
        columns = dict.fromkeys(column for record in records for column in record)
        return {'id': key, 'name': name, 'columns': list(columns), 'records': records}

    def start(self, asked: Mapping[str, Any]) -> Json:
        """Execute the records of a file on a thread.

        Args:
            asked: `file`, `tenant` and `uri`; `columns`, the column for each input; `keep`, the columns beside the
                results; `format` of the results.

        Raises:
            RefusedError: Something is missing or unknown.
        """
        path = self._files.get(str(asked.get('file')))
        if path is None:
            raise RefusedError(404, 'the file is not here any more; drop it again')
        columns, keep = asked.get('columns'), asked.get('keep')
        if not isinstance(columns, dict) or not columns or not isinstance(keep, list):
            raise RefusedError(400, 'columns must map inputs to columns, and keep must be a list of columns')
        form = asked.get('format')
        if form not in FORMATS:
            raise RefusedError(400, f'format must be one of {", ".join(FORMATS)}')
        key, run = new_id(), Run(told={'done': 0, 'total': None, 'failed': 0, 'seconds': 0})
        with self._lock:
            self._runs[key] = run
        target = self._place() / f'{key}.{form}'
        given: Json = {
            'tenant': str(asked.get('tenant')),
            'uri': str(asked.get('uri')),
            'columns': columns,
            'keep': keep,
        }
        threading.Thread(target=self._execute, args=(run, path, target, given), name='page-run', daemon=True).start()
        return {'id': key}

    def _execute(self, run: Run, path: Path, target: Path, asked: Json) -> None:
        def tell(progress: Progress) -> None:
            seconds = round(progress.seconds, 3)
            run.told = {'done': progress.done, 'total': progress.total, 'failed': progress.failed, 'seconds': seconds}

        try:
            with self._connect(asked['tenant']) as client:
                results = client.services.execute_many(
                    asked['uri'],
                    _mapped(_records(path), asked['columns'], asked['keep']),
                    keep=asked['keep'] or None,
                    on_error='collect',
                    progress=tell,
                )
                run.stop = results.close
                results.write(target)
            run.state, run.results = 'done', target
        except SparkError as error:
            run.state = 'stopped' if run.state == 'stopped' else 'failed'
            run.told = {**run.told, 'message': error.message.replace(str(path), 'the file')}

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


def _mapped(records: Iterator[Json], columns: Mapping[str, str], keep: list[str]) -> Iterator[Json]:
    """Records with the names of the inputs, and the columns to keep."""
    for record in records:
        kept = {name: record.get(name) for name in keep}
        yield kept | {name: record[column] for name, column in columns.items() if column in record}
