"""What a run of `execute_many` has done so far, in an SQLite file: a run that was killed goes on where it was."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from ._compression import pack, unpack
from ._json import decode_json, encode_json
from .errors import SparkSdkError
from .inputs import plain
from .records import RecordResult

__all__ = ['Checkpoint']

FORMAT: Final = 1
LARGEST: Final = 1 << 31
TABLES: Final = """
CREATE TABLE IF NOT EXISTS run (format INTEGER NOT NULL, what TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS chunk (
    start INTEGER PRIMARY KEY, count INTEGER NOT NULL, inputs BLOB NOT NULL, call_id TEXT, results BLOB NOT NULL);
"""


class Checkpoint:
    """Chunks that were executed, with what tells their inputs from others.

    A chunk is written in one transaction: it is there whole or not at all. One process at a time may have it.

    Args:
        path: The file; it is made if it is not there.
        what: What is executed, and how; a file that was begun for something else is refused.

    Raises:
        SparkSdkError: It cannot be used, or it belongs to another run.
    """

    def __init__(self, path: str | os.PathLike[str], what: str) -> None:
        self._path = Path(path)
        try:
            self._database = sqlite3.connect(self._path, timeout=0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        try:
            self._begin(what)
        except sqlite3.Error as error:
            self.close()
            raise self._unusable(error) from error
        except BaseException:
            self.close()
            raise
        rows = self._database.execute('SELECT start, count FROM chunk ORDER BY start')
        self._known: dict[int, int] = dict(rows.fetchall())
        self._starts = sorted(self._known, reverse=True)

    def _begin(self, what: str) -> None:
        database = self._database
        database.execute('PRAGMA locking_mode = EXCLUSIVE')
        database.execute('PRAGMA journal_mode = WAL')
        database.execute('PRAGMA synchronous = NORMAL')
        database.execute('BEGIN EXCLUSIVE')
        for statement in TABLES.split(';'):
            database.execute(statement)
        found = database.execute('SELECT format, what FROM run').fetchone()
        if found is None:
            database.execute('INSERT INTO run VALUES (?, ?)', (FORMAT, what))
        database.execute('COMMIT')
        if found is not None and found != (FORMAT, what):
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

    def results(self, start: int, rows: Sequence[Any], names: Sequence[str] | None) -> list[RecordResult]:
        """The results that are here for these records.

        Raises:
            SparkSdkError: They were written for other inputs.
        """
        query = 'SELECT inputs, call_id, results FROM chunk WHERE start = ?'
        inputs, call_id, content = self._database.execute(query, (start,)).fetchone()
        if len(rows) != self._known[start] or inputs != _digest(rows, names):
            raise SparkSdkError(
                f'the checkpoint {str(self._path)!r} was begun with other inputs: records {start} to '
                f'{start + self._known[start] - 1} are not the same; give the same inputs, or another file'
            )
        stored = decode_json(unpack(content, 'gzip', LARGEST))
        return [
            RecordResult(start + index, outputs, warnings, errors, call_id)
            for index, (outputs, warnings, errors) in enumerate(stored)
        ]

    def save(
        self, start: int, rows: Sequence[Any], names: Sequence[str] | None, results: Iterable[RecordResult]
    ) -> None:
        """Keep the results of a chunk.

        Raises:
            SparkSdkError: They cannot be written, as when the disk is full.
        """
        kept = list(results)
        content = encode_json([[one.outputs, one.warnings, one.errors] for one in kept])
        values = (start, len(kept), _digest(rows, names), kept[0].call_id if kept else None, pack(content, 'gzip'))
        try:
            self._database.execute('INSERT OR REPLACE INTO chunk VALUES (?, ?, ?, ?, ?)', values)
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def check_end(self, end: int) -> None:
        """Raise if there are results for records behind the last one.

        Raises:
            SparkSdkError: There are: it was begun with more inputs.
        """
        if beyond := [start for start in self._known if start >= end]:
            raise SparkSdkError(
                f'the checkpoint {str(self._path)!r} was begun with more inputs: it has record {beyond[0]}, and there '
                f'are only {end} now'
            )

    def close(self) -> None:
        """Close the file; any number of times."""
        self._database.close()


def _digest(rows: Sequence[Any], names: Sequence[str] | None) -> bytes:
    return hashlib.blake2b(encode_json([names, rows], plain), digest_size=16).digest()
