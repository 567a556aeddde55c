"""The results of a run of `execute_many` in an SQLite file, from which a run that was killed can be resumed."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from .._codec.compression import pack, unpack
from .._codec.json import decode_json, encode_json
from .._input_values import Known
from ..errors import SparkSdkError
from ..records import ChunkResults

__all__ = ['Checkpoint']

FORMAT: Final = 1
"""The version of the file format; a file of another version is refused."""

LARGEST: Final = 1 << 31
"""The largest size that the results of a chunk may decompress to, in bytes."""

TABLES: Final = """
CREATE TABLE IF NOT EXISTS run (format INTEGER NOT NULL, what TEXT NOT NULL, total INTEGER, version TEXT,
    inputs TEXT);
CREATE TABLE IF NOT EXISTS chunk (
    start INTEGER PRIMARY KEY, count INTEGER NOT NULL, inputs BLOB NOT NULL, call_id TEXT, results BLOB NOT NULL);
"""


class Checkpoint:
    """The executed chunks of a run, with a digest of their inputs.

    A chunk is written in a single transaction, so it is stored completely or not at all. Only one process at a time can
    open the file.

    Args:
        path: The path of the file, which is created if it does not exist.
        what: A description of what is executed; a file that was started with another one is refused.
        total: The number of records; None if it is not known yet.
        inputs: An identity of all inputs, if they can be read more than once; see `identity_of`.

    Raises:
        SparkSdkError: The file cannot be used, or belongs to another run.
    """

    def __init__(
        self, path: str | os.PathLike[str], what: str, total: int | None = None, inputs: str | None = None
    ) -> None:
        self._path = Path(path).absolute()  # SQLite would take a relative ':memory:' for a database without a file
        try:
            with suppress(OSError):  # created before SQLite does, for its owner only: results may be personal data
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            # No `isolation_level`: sqlite3 begins no transactions of its own. Threads take turns by the run's lock.
            self._database = sqlite3.connect(self._path, timeout=0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        try:
            self._begin(what)
            rows = self._database.execute('SELECT start, count FROM chunk ORDER BY start')
            self._known: dict[int, int] = dict(rows.fetchall())
            if total is not None:
                self.check_end(total)
            if inputs is not None:
                self._check_inputs(inputs)
        except sqlite3.Error as error:
            self.close()
            raise self._unusable(error) from error
        except BaseException:
            self.close()
            raise
        self._starts = sorted(self._known, reverse=True)

    def _begin(self, what: str) -> None:
        database = self._database
        # Exclusive before WAL: then SQLite needs no shared memory, and a second process is refused at once.
        database.execute('PRAGMA locking_mode = EXCLUSIVE')
        database.execute('PRAGMA journal_mode = WAL')
        database.execute('PRAGMA synchronous = NORMAL')
        database.execute('BEGIN EXCLUSIVE')
        for statement in TABLES.split(';'):
            database.execute(statement)
        self._total: int | None
        self._version: str | None
        columns = 'SELECT format, what, total, version FROM run'
        # A new file has no row. Two values are then enough for the two names after the star, and `found` is empty.
        *found, self._total, self._version = database.execute(columns).fetchone() or (None, None)
        if not found:
            database.execute('INSERT INTO run VALUES (?, ?, NULL, NULL, NULL)', (FORMAT, what))
        database.execute('COMMIT')
        if found and found != [FORMAT, what]:
            raise SparkSdkError(
                f'the checkpoint {str(self._path)!r} was begun for something else: {found[1]}, and not for {what}; '
                'give another file, or delete this one to start again'
            )

    def _unusable(self, error: Exception) -> SparkSdkError:
        words = 'another run has it' if 'locked' in str(error) else str(error)
        return SparkSdkError(f'the checkpoint {str(self._path)!r} cannot be used: {words}')

    def __len__(self) -> int:
        return sum(self._known.values())

    def span(self, start: int, count: int) -> tuple[int, bool]:
        """Return how many records to read from `start`, at most `count` unless stored, and whether results are stored.

        A stored chunk is always read as a whole, because its digest covers all of its records.
        """
        while self._starts and self._starts[-1] < start:
            self._starts.pop()
        following = self._starts[-1] if self._starts else None
        if following == start:
            return self._known[start], True
        return (count if following is None else min(count, following - start)), False

    def results(
        self, start: int, rows: Sequence[Any], names: Sequence[str] | None, known: Known | None = None
    ) -> ChunkResults:
        """Read the stored results of these records.

        Raises:
            SparkSdkError: The results were stored for other inputs.
        """
        query = 'SELECT inputs, call_id, results FROM chunk WHERE start = ?'
        try:
            inputs, call_id, content = self._database.execute(query, (start,)).fetchone()
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        if len(rows) != self._known[start] or inputs != _digest(rows, names, known):
            raise SparkSdkError(
                f'the checkpoint {str(self._path)!r} was begun with other inputs: records {start} to '
                f'{start + self._known[start] - 1} are not the same; give the same inputs, or another file'
            )
        try:
            outputs, warnings, errors = decode_json(unpack(content, 'gzip', LARGEST))
            if not len(rows) == len(outputs) == len(warnings) == len(errors):
                raise ValueError('it does not have one result per record')
            return ChunkResults(start, outputs, warnings, errors, call_id)
        except (TypeError, ValueError) as error:
            raise self._unusable(error) from error

    def save(
        self, rows: Sequence[Any], names: Sequence[str] | None, results: ChunkResults, known: Known | None = None
    ) -> None:
        """Store the results of these records.

        Raises:
            SparkSdkError: They cannot be written, for example because the disk is full, or another version of the
                service computed them.
        """
        self._check_version(results.version)
        content = encode_json([results.outputs, results.warnings, results.errors])
        values = (results.start, len(results), _digest(rows, names, known), results.call_id, pack(content, 'gzip'))
        try:
            self._database.execute('INSERT OR REPLACE INTO chunk VALUES (?, ?, ?, ?, ?)', values)
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _check_inputs(self, inputs: str) -> None:
        (begun,) = self._database.execute('SELECT inputs FROM run').fetchone()
        if begun is None:
            self._database.execute('UPDATE run SET inputs = ?', (inputs,))
        # The first word is the kind of input. Different kinds cannot be compared; the digests of the chunks decide.
        elif begun != inputs and begun.partition(' ')[0] == inputs.partition(' ')[0]:
            raise SparkSdkError(
                f'the checkpoint {str(self._path)!r} was begun with other inputs: some of them have changed; '
                'give the same inputs, or another file'
            )

    def _check_version(self, version: str | None) -> None:
        """Refuse results of another version of the service: one run must not mix them."""
        if version is None or version == self._version:
            return
        if self._version is not None:
            raise SparkSdkError(
                f'the checkpoint {str(self._path)!r} was begun with version {self._version}, and the runner executes '
                f'version {version} now; give another file to compute everything again, and name the version, as in '
                "'folder/service[1.2.3]', to prevent this"
            )
        try:
            self._database.execute('UPDATE run SET version = ?', (version,))
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        self._version = version

    def check_place(self, end: int) -> None:
        """Check that there are not more records than in the earlier run.

        Raises:
            SparkSdkError: There are more.
        """
        if self._total is not None and end > self._total:
            raise SparkSdkError(
                f'the checkpoint {str(self._path)!r} was begun with fewer inputs: {self._total}, and there are more '
                'now; give the same inputs, or another file'
            )

    def check_end(self, end: int) -> None:
        """Check that the number of records is that of the earlier run, or store it if none is stored yet.

        Raises:
            SparkSdkError: The earlier run had more or fewer records.
        """
        self.check_place(end)
        last = max((start + count for start, count in self._known.items()), default=0)
        if end < max(last, self._total or 0):
            raise SparkSdkError(
                f'the checkpoint {str(self._path)!r} was begun with more inputs: at least '
                f'{max(last, self._total or 0)}, and there are only {end} now; give the same inputs, or another file'
            )
        if self._total is None:
            self._total = end
            try:
                self._database.execute('UPDATE run SET total = ?', (end,))
            except sqlite3.Error as error:
                raise self._unusable(error) from error

    @property
    def name(self) -> str:
        """The path of the file."""
        return str(self._path)

    def close(self) -> None:
        """Close the file. It can be called more than once."""
        self._database.close()


def _digest(rows: Sequence[Any], names: Sequence[str] | None, known: Known | None) -> bytes:
    return hashlib.blake2b(encode_json([names, rows], (known or Known()).plain), digest_size=16).digest()
