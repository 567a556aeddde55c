"""The containers that people have records in, by name, and what of them arrives at a runner."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import importlib
import itertools
import json
import sqlite3
from collections import OrderedDict, UserDict, deque, namedtuple
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeGuard
from unittest.mock import patch

import attrs
import pytest

import cspark.wasm as Hybrid
from support.many import execute_many
from support.wire import Received, Recorder, Reply, recording
from support.worlds import World, client_in

np: Any = importlib.import_module('numpy')
pa: Any = importlib.import_module('pyarrow')
pd: Any = importlib.import_module('pandas')
pl: Any = importlib.import_module('polars')
pq: Any = importlib.import_module('pyarrow.parquet')

Record = dict[str, Any]
URI: Final = 'books/policies'
WAYS: Final = ('execute', 'execute_many')


@contextmanager
def answering() -> Generator[Recorder]:
    """A recording server that answers a call of many records with as many outputs."""
    with recording() as recorder, patch.object(recorder, 'answer', partial(_answer, recorder)):
        yield recorder


def _answer(recorder: Recorder, received: Received) -> Reply:
    recorder.received.append(received)
    body = received.json
    if 'inputs' not in body:
        return Reply()
    count = len(_records(body['inputs']))
    nothing = [None] * count
    return Reply(body={'outputs': [{'premium': 1.5}] * count, 'warnings': nothing, 'errors': nothing, 'call_id': 'c'})


class Wire:
    """A client and the server that it calls.

    Args:
        recorder: The server.
        client: A client of either kind.
    """

    def __init__(self, recorder: Recorder, client: Hybrid.Client) -> None:
        self.recorder = recorder
        self.client = client

    def one(self, record: Any, **options: Any) -> Any:
        """One record as it arrived through `execute`."""
        (body,) = self._bodies(lambda: self.client.services.execute(URI, inputs=record, **options))
        assert 'inputs' not in body, 'one record arrived as many'
        return body['request_data']['inputs']

    def many(self, inputs: Any, way: str = 'execute_many', **options: Any) -> list[Any]:
        """Many records as they arrived, through either of the methods that take them."""
        bodies = self._bodies(lambda: self._send(inputs, way, options))
        return [record for body in bodies for record in _arrived(body)]

    def refused(self, inputs: Any, way: str = 'execute_many', *, good: int = 0, **options: Any) -> str:
        """What is said of inputs that cannot be sent.

        Nothing was sent then, but for the `good` records before the one that is refused, where they come one by one.
        """
        before = len(self.recorder.received)
        with pytest.raises(Hybrid.SparkSdkError) as told:
            self._send(inputs, way, options)
        assert not isinstance(
            told.value, (Hybrid.SparkConnectionError, Hybrid.SparkTimeoutError, Hybrid.SparkDecodeError)
        )
        sent = [record for received in self.recorder.received[before:] for record in _arrived(received.json)]
        assert len(sent) <= (good if way == 'execute_many' else 0)
        return str(told.value)

    def sent_or_refused(self, inputs: Any, way: str = 'execute_many', **options: Any) -> list[Any] | str:
        """The records as they arrived, or what is said of them."""
        before = len(self.recorder.received)
        try:
            return self.many(inputs, way, **options)
        except Hybrid.SparkSdkError as error:
            assert len(self.recorder.received) == before
            return str(error)

    def _send(self, inputs: Any, way: str, options: Mapping[str, Any]) -> None:
        if way == 'execute':
            self.client.services.execute(URI, inputs=inputs, **options)
            return
        # One call after the other, so that what arrives has the order of the records.
        with execute_many(self.client, URI, inputs, **{'concurrency': 1, **options}) as results:
            indexes = [one.index for one in results]
        assert indexes == list(range(len(indexes)))

    def _bodies(self, send: Callable[[], object]) -> list[Any]:
        before = len(self.recorder.received)
        send()
        return [received.json for received in self.recorder.received[before:]]


@contextmanager
def wired(world: World) -> Generator[Wire]:
    """A client of either kind, and a server that keeps what it sends."""
    with answering() as recorder, client_in(world, base_url=recorder.url, max_retries=0) as client:
        yield Wire(recorder, client)


def _arrived(body: Any) -> list[Any]:
    return _records(body['inputs']) if 'inputs' in body else [body['request_data']['inputs']]


def _records(inputs: list[Any]) -> list[Any]:
    """Columnar lists as records: which of the two forms goes out does not matter. Others are left as they are."""
    names, *rows = inputs or [None]
    if not all(is_array(row) and is_array(names) and len(row) == len(set(map(str, names))) for row in inputs):
        return inputs
    return [dict(zip(names, row, strict=True)) for row in rows]


def is_object(value: object) -> TypeGuard[Record]:
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def exact(value: Any) -> Any:
    """A value of JSON that is equal to others of its type alone: neither 1 and 1.0 nor 1 and True are the same."""
    if is_object(value):
        return {name: exact(item) for name, item in value.items()}
    if is_array(value):
        return [exact(item) for item in value]
    return (type(value).__name__, repr(value))


# Containers that hold values as they are


@dataclasses.dataclass(frozen=True)
class Shape:
    """A container of many records.

    Attributes:
        make: Makes it of records, all with the same names, in a folder where it may write.
        one: Makes the container of one record, where there is such a thing.
        many_only: Whether `execute` does not take it.
        names_are_fields: Whether names must be identifiers.
    """

    make: Callable[[list[Record], Path], Any]
    one: Callable[[Record], Any] | None = None
    many_only: bool = False
    names_are_fields: bool = False


class Plain:
    """An object with a mapping, as rows of SQLAlchemy have it, that is otherwise the tuple of its values."""

    def __init__(self, record: Record) -> None:
        self._mapping = MappingProxyType(record)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._mapping.values())

    def __len__(self) -> int:
        return len(self._mapping)

    def __getitem__(self, index: int) -> Any:
        return list(self._mapping.values())[index]


class Dumped:
    """An object as models of pydantic are: it has `model_dump`, and iterating over it gives pairs."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def model_dump(self, **_: Any) -> Record:
        return dict(self._record)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(self._record.items())


@lru_cache
def class_of(kind: str, names: tuple[str, ...]) -> Any:
    """A class with these fields, made with one of the tools there are for it."""
    match kind:
        case 'dataclass':
            return dataclasses.make_dataclass('Policy', names)
        case 'slotted':
            return dataclasses.make_dataclass('Policy', names, slots=True, frozen=True)
        case 'attrs':
            return attrs.make_class('Policy', names)
        case 'pydantic':
            pydantic: Any = pytest.importorskip('pydantic')
            fields: dict[str, Any] = dict.fromkeys(names, (Any, ...))
            return pydantic.create_model('Policy', **fields)
        case 'msgspec':
            return pytest.importorskip('msgspec').defstruct('Policy', names)
        case _:
            return namedtuple('Policy', names)  # noqa: PYI024 # pyright: ignore[reportUntypedNamedTuple]


def made(kind: str) -> Callable[[Record], Any]:
    """Makes an object of a record, of such a class."""
    return lambda record: class_of(kind, tuple(record))(**record)


def each(make: Callable[[Record], Any]) -> Callable[[list[Record], Path], Any]:
    """A list of what is made of each record."""
    return lambda records, _: [make(record) for record in records]


def objects(items: Iterable[Any]) -> Any:
    """A one-dimensional numpy array of any objects."""
    given = list(items)
    array: Any = np.empty(len(given), dtype=object)
    for index, item in enumerate(given):
        array[index] = item
    return array


def pandas_of(records: list[Record]) -> Any:
    return pd.DataFrame(
        {name: pd.Series(objects(record[name] for record in records), dtype=object) for name in records[0]}
    )


def structured_of(records: list[Record]) -> Any:
    names = list(records[0])
    return np.array([tuple(record.values()) for record in records], dtype=[(name, object) for name in names])


def columnar_of(records: list[Record]) -> list[Any]:
    return [list(records[0]), *(list(record.values()) for record in records)]


def of_one(name: str, make: Callable[[Record], Any], *, fields: bool = False) -> dict[str, Shape]:
    """The shapes that a kind of record makes: a list of them."""
    return {name: Shape(each(make), make, names_are_fields=fields)}


OBJECT_SHAPES: Final[dict[str, Shape]] = {
    **of_one('list of dicts', dict),
    **of_one('ordered dicts', OrderedDict),
    **of_one('user dicts', UserDict),
    **of_one('mapping proxies', MappingProxyType),
    **of_one('dataclasses', made('dataclass'), fields=True),
    **of_one('slotted dataclasses', made('slotted'), fields=True),
    **of_one('attrs', made('attrs'), fields=True),
    **of_one('named tuples', made('named tuple'), fields=True),
    **of_one('pydantic models', made('pydantic'), fields=True),
    **of_one('msgspec structs', made('msgspec'), fields=True),
    **of_one('rows with a mapping', Plain),
    **of_one('objects with model_dump', Dumped),
    'tuple': Shape(lambda records, _: tuple(records)),
    'deque': Shape(lambda records, _: deque(records)),
    'generator': Shape(lambda records, _: (record for record in records)),
    'generator of models': Shape(lambda records, _: map(made('pydantic'), records), names_are_fields=True),
    'columnar lists': Shape(lambda records, _: columnar_of(records)),
    'columnar tuples': Shape(lambda records, _: tuple(tuple[Any, ...](row) for row in columnar_of(records))),
    'columnar iterator': Shape(lambda records, _: iter(columnar_of(records)), many_only=True),
    'pandas': Shape(lambda records, _: pandas_of(records)),
    'pandas with an index': Shape(lambda records, _: pandas_of(records).set_index(pd.Index([7] * len(records)))),
    'pandas rows': Shape(lambda records, _: [row for _, row in pandas_of(records).iterrows()]),
    'frames of pandas': Shape(lambda records, _: (pandas_of([record]) for record in records), many_only=True),
    'structured array': Shape(lambda records, _: structured_of(records)),
    'record array': Shape(lambda records, _: structured_of(records).view(np.recarray)),
    'structured rows': Shape(lambda records, _: list(structured_of(records))),
}
"""Containers that hold any object in the place of a value."""


def series_of(record: Record) -> Any:
    return pd.Series(objects(record.values()), index=list(record), dtype=object)


def structured_row_of(record: Record) -> Any:
    return structured_of([record])[0]


ONE_RECORD: Final[dict[str, Callable[[Record], Any]]] = {
    **{name: shape.one for name, shape in OBJECT_SHAPES.items() if shape.one},
    'pandas row': series_of,
    'structured row': structured_row_of,
}
"""Containers of one record that hold any object in the place of a value."""


# Containers of JSON values


def sqlite_rows(records: list[Record]) -> list[Any]:
    """Rows as the standard library reads them from a database; they hold text, numbers of 64 bits and nothing."""
    connection = sqlite3.connect(':memory:')
    try:
        connection.row_factory = sqlite3.Row
        names = ', '.join('"' + name.replace('"', '""') + '"' for name in records[0])
        connection.execute(f'CREATE TABLE policies ({names})')
        marks = ', '.join('?' * len(records[0]))
        connection.executemany(f'INSERT INTO policies VALUES ({marks})', [tuple(one.values()) for one in records])
        return connection.execute('SELECT * FROM policies').fetchall()
    finally:
        connection.close()


def lines(records: list[Record]) -> str:
    return ''.join(f'{json.dumps(record, ensure_ascii=False)}\n' for record in records)


def written(path: Path, content: str | bytes) -> Path:
    """A file with this content."""
    content = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(content) if path.suffix.lower() == '.gz' else content)
    return path


_NUMBERS: Final = itertools.count()


def fresh(folder: Path, suffix: str) -> Path:
    """A name that no other file has."""
    return folder / f'in-{next(_NUMBERS)}{suffix}'


def parquet_of(records: list[Record], folder: Path) -> Path:
    path = fresh(folder, '.parquet')
    pq.write_table(pa.Table.from_pylist(records), path)
    return path


def csv_of(records: list[Record], folder: Path, suffix: str = '.csv', delimiter: str = ',') -> Path:
    path = fresh(folder, '.csv')
    with path.open('w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, list(records[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(records)
    return written(fresh(folder, suffix), path.read_bytes())


JSON_SHAPES: Final[dict[str, Shape]] = {
    'JSON text': Shape(lambda records, _: json.dumps(records)),
    'JSON bytes': Shape(lambda records, _: json.dumps(records, ensure_ascii=False).encode()),
    'columnar JSON text': Shape(lambda records, _: json.dumps(columnar_of(records))),
    'list of JSON texts': Shape(lambda records, _: [json.dumps(record) for record in records]),
    'generator of JSON bytes': Shape(lambda records, _: (json.dumps(record).encode() for record in records)),
    'jsonl': Shape(lambda records, folder: written(fresh(folder, '.jsonl'), lines(records)), many_only=True),
    'ndjson': Shape(lambda records, folder: written(fresh(folder, '.ndjson'), lines(records)), many_only=True),
    'jsonl.gz': Shape(lambda records, folder: written(fresh(folder, '.jsonl.gz'), lines(records)), many_only=True),
    'path of jsonl as text': Shape(
        lambda records, folder: str(written(fresh(folder, '.JSONL'), lines(records))), many_only=True
    ),
}
"""Containers that hold any value of JSON."""

TABLE_SHAPES: Final[dict[str, tuple[Shape, Callable[[list[Record]], list[Record]]]]] = {
    'polars': (Shape(lambda records, _: polars_of(records)), lambda records: polars_of(records).to_dicts()),
    'polars, lazy': (
        Shape(lambda records, _: polars_of(records).lazy()),
        lambda records: polars_of(records).to_dicts(),
    ),
    'rows of polars': (
        Shape(lambda records, _: polars_of(records).iter_rows(named=True)),
        lambda records: polars_of(records).to_dicts(),
    ),
    'arrow table': (Shape(lambda records, _: arrow_of(records)), lambda records: arrow_of(records).to_pylist()),
    'arrow batch': (
        Shape(lambda records, _: arrow_of(records).combine_chunks().to_batches()[0]),
        lambda records: arrow_of(records).to_pylist(),
    ),
    'arrow batches': (
        Shape(lambda records, _: arrow_of(records).to_batches(max_chunksize=2), many_only=True),
        lambda records: arrow_of(records).to_pylist(),
    ),
    'arrow reader': (
        Shape(lambda records, _: arrow_of(records).to_reader(max_chunksize=2), many_only=True),
        lambda records: arrow_of(records).to_pylist(),
    ),
    'parquet': (Shape(parquet_of, many_only=True), lambda records: arrow_of(records).to_pylist()),
}
"""Containers of typed columns, each with what its own library reads of it."""


def polars_of(records: list[Record]) -> Any:
    return pl.DataFrame(records, infer_schema_length=None)


def arrow_of(records: list[Record]) -> Any:
    return pa.Table.from_pylist(records)
