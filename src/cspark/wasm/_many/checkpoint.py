"""What a run of `execute_many` has done so far, in an SQLite file: a run that was killed goes on where it was."""

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
from ..errors import SparkSdkError
from ..inputs import Known
from ..records import ChunkResults

__all__ = ['Checkpoint']

FORMAT: Final = 1
LARGEST: Final = 1 << 31
TABLES: Final = """
CREATE TABLE IF NOT EXISTS run (format INTEGER NOT NULL, what TEXT NOT NULL, total INTEGER, version TEXT,
    inputs TEXT);
CREATE TABLE IF NOT EXISTS chunk (
    start INTEGER PRIMARY KEY, count INTEGER NOT NULL, inputs BLOB NOT NULL, call_id TEXT, results BLOB NOT NULL);
"""


class Checkpoint:
    """Chunks that were executed, with what tells their inputs from others.

    A chunk is written in one transaction: it is there whole or not at all. One process at a time may have it.

    Args:
        path: The file; it is made if it is not there.
        what: What is executed, and how; a file that was begun for something else is refused.
        total: How many records there are; None where nobody can know yet.
        inputs: What tells them from others as a whole, where they can be read twice; see `identity_of`.

    Raises:
        SparkSdkError: It cannot be used, or it belongs to another run.
    """

    def __init__(
        self, path: str | os.PathLike[str], what: str, total: int | None = None, inputs: str | None = None
    ) -> None:
        self._path = Path(path).absolute()  # else ':memory:' would be none
        try:
            with suppress(OSError):  # records of people stand in it, so it is for its owner alone
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
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
        database.execute('PRAGMA locking_mode = EXCLUSIVE')
        database.execute('PRAGMA journal_mode = WAL')
        database.execute('PRAGMA synchronous = NORMAL')
        database.execute('BEGIN EXCLUSIVE')
        for statement in TABLES.split(';'):
            database.execute(statement)
        self._total: int | None
        self._version: str | None
        columns = 'SELECT format, what, total, version FROM run'
        *found, self._total, self._version = database.execute(columns).fetchone() or (None, None)
        if not found:
            database.execute('INSERT INTO run VALUES (?, ?, NULL, NULL, NULL)', (FORMAT, what))
        database.execute('COMMIT')
        if found and found != [FORMAT, what]:
            raise SparkSdkError(
                f'the checkpoint {str(self._path)!r} was begun for something else: {found[1]}, and not for {what}; '
                'give another file, or delete this one to start anew'
            )

    def _unusable(self, error: Exception) -> SparkSdkError:
        words = 'another run has it' if 'locked' in str(error) else str(error)
        return SparkSdkError(f'the checkpoint {str(self._path)!r} cannot be used: {words}')

    def __len__(self) -> int:
        return sum(self._known.values())

    def span(self, start: int, count: int) -> tuple[int, bool]:
        """How many records to read from a place on, at most `count`, and whether their results are here."""
        while self._starts and self._starts[-1] < start:
            self._starts.pop()
        following = self._starts[-1] if self._starts else None
        if following == start:
            return self._known[start], True
        return (count if following is None else min(count, following - start)), False

    def results(
        self, start: int, rows: Sequence[Any], names: Sequence[str] | None, known: Known | None = None
    ) -> ChunkResults:
        """The results that are here for these records.

        Raises:
            SparkSdkError: They were written for other inputs.
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
                raise ValueError('it has not one result a record')
            return ChunkResults(start, outputs, warnings, errors, call_id)
        except (TypeError, ValueError) as error:
            raise self._unusable(error) from error

    def save(
        self, rows: Sequence[Any], names: Sequence[str] | None, results: ChunkResults, known: Known | None = None
    ) -> None:
        """Keep the results of these records.

        Raises:
            SparkSdkError: They cannot be written, as when the disk is full, or another version computed them.
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
        elif begun != inputs and begun.partition(' ')[0] == inputs.partition(' ')[0]:
            raise SparkSdkError(
                f'the checkpoint {str(self._path)!r} was begun with other inputs: some of them have changed; '
                'give the same inputs, or another file'
            )

    def _check_version(self, version: str | None) -> None:
        """Results of two versions are not results of one run."""
        if version is None or version == self._version:
            return
        if self._version is not None:
            raise SparkSdkError(
                f'the checkpoint {str(self._path)!r} was begun with version {self._version}, and the runner executes '
                f'version {version} now; give another file to compute all of it anew, and name the version, as in '
                "'folder/service[1.2.3]', to be safe from this"
            )
        try:
            self._database.execute('UPDATE run SET version = ?', (version,))
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        self._version = version

    def check_place(self, end: int) -> None:
        """Raise if there are more records than there were.

        Raises:
            SparkSdkError: There are: it was begun with fewer inputs.
        """
        if self._total is not None and end > self._total:
            raise SparkSdkError(
                f'the checkpoint {str(self._path)!r} was begun with fewer inputs: {self._total}, and there are more '
                'now; give the same inputs, or another file'
            )

    def check_end(self, end: int) -> None:
        """Raise if there are not as many records as there were; from now on, so many must be there.

        Raises:
            SparkSdkError: It was begun with more inputs, or with fewer.
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

    def close(self) -> None:
        """Close the file; any number of times."""
        self._database.close()


def _digest(rows: Sequence[Any], names: Sequence[str] | None, known: Known | None) -> bytes:
    return hashlib.blake2b(encode_json([names, rows], (known or Known()).plain), digest_size=16).digest()
