"""Files of records on their way in: what is written in them arrives as it was, or is refused with its line."""

from __future__ import annotations

import gzip
import importlib
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

import cspark.wasm as Hybrid
from support.many import execute_many
from support.shapes import URI, Record, Wire, exact, wired, written
from support.worlds import WORLDS, client_in

pa: Any = importlib.import_module('pyarrow')
pq: Any = importlib.import_module('pyarrow.parquet')
CHANGING = 20_000
"""Records of a file that changes while it is read: more than are read ahead."""


@pytest.fixture(scope='module', params=WORLDS)
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    """Each client with a server of its own, for all of this file."""
    with wired(request.param) as started:
        yield started


def same(arrived: Any, expected: Any) -> None:
    assert exact(arrived) == exact(expected)


def says(told: str, *words: str) -> None:
    """Each of these stands in what is said, whatever its case."""
    assert [word for word in words if not re.search(word, told, re.IGNORECASE)] == [], told


# CSV and its relatives

AB: list[Record] = [{'age': 1, 'name': 'x'}, {'age': 2, 'name': 'y'}]
READ: dict[str, tuple[str, str | bytes, list[Record]]] = {
    'commas': ('in.csv', 'age,name\n1,x\n2,y\n', AB),
    'no end of the last line': ('in.csv', 'age,name\n1,x\n2,y', AB),
    'ends of lines as Windows has them': ('in.csv', 'age,name\r\n1,x\r\n2,y\r\n', AB),
    'ends of lines as old Macs had them': ('in.csv', 'age,name\r1,x\r2,y\r', AB),
    'a mark of the byte order': ('in.csv', '\ufeffage,name\n1,x\n2,y\n', AB),
    'semicolons': ('in.csv', 'age;name\n1;x\n2;y\n', AB),
    'semicolons after a mark': ('in.csv', '\ufeffage;name\r\n1;x\r\n2;y\r\n', AB),
    'tabs': ('in.csv', 'age\tname\n1\tx\n2\ty\n', AB),
    'bars': ('in.csv', 'age|name\n1|x\n2|y\n', AB),
    'a line that names the delimiter': ('in.csv', 'sep=;\nage;name\n1;x\n2;y\n', AB),
    'a line that names the comma': ('in.csv', 'sep=,\r\nage,name\r\n1,x\r\n2,y\r\n', AB),
    'a line that names the tab': ('in.csv', 'sep=\t\nage\tname\n1\tx\n2\ty\n', AB),
    'a line that names another': ('in.csv', 'sep=^\nage^name\n1^x\n2^y\n', AB),
    'a line that names the delimiter after a mark': ('in.csv', '\ufeffsep=;\r\nage;name\r\n1;x\r\n2;y\r\n', AB),
    'a line that names the delimiter of one column': ('in.csv', 'sep=;\nage\n1\n2\n', [{'age': 1}, {'age': 2}]),
    'tsv': ('in.tsv', 'age\tname\n1\tx\n2\ty\n', AB),
    'tsv in capitals': ('in.TSV', 'age\tname\n1\tx\n2\ty\n', AB),
    'tsv with a comma in its names': ('in.tsv', 'age,a\tname,b,c\n1\tx\n', [{'age,a': 1, 'name,b,c': 'x'}]),
    'packed': ('in.csv.gz', 'age,name\n1,x\n2,y\n', AB),
    'packed, in capitals': ('in.CSV.GZ', 'age;name\n1;x\n2;y\n', AB),
    'packed tabs': ('in.tsv.gz', 'age\tname\n1\tx\n2\ty\n', AB),
    'a name with semicolons in quotes': ('in.csv', '"age;in;years",name\n1,x\n', [{'age;in;years': 1, 'name': 'x'}]),
    'a name with commas in quotes': ('in.csv', '"age,in,years";name\n1;x\n', [{'age,in,years': 1, 'name': 'x'}]),
    'other delimiters in values': ('in.csv', 'age,name\n1,x;y|z\n', [{'age': 1, 'name': 'x;y|z'}]),
    'commas in text between semicolons': ('in.csv', 'age;name\n1;Smith, John\n', [{'age': 1, 'name': 'Smith, John'}]),
    'quotes': ('in.csv', 'age,name\n1,"x ""y"", z"\n', [{'age': 1, 'name': 'x "y", z'}]),
    'a line within quotes': ('in.csv', 'age,name\n1,"x\ny"\n', [{'age': 1, 'name': 'x\ny'}]),
    'spaces around names': ('in.csv', ' age , name\n1,x\n2,y\n', AB),
    'spaces of other kinds around names': ('in.csv', '\u00a0age\u00a0,\u2003name\n1,x\n2,y\n', AB),
    'spaces around names in quotes': ('in.csv', '" age ","name "\n1,x\n2,y\n', AB),
    'spaces around values': ('in.csv', 'age,name\n 1, x \n', [{'age': ' 1', 'name': ' x '}]),
    'names that end with nothing': ('in.csv', 'age,name,,\n1,x,,\n2,y,,\n', AB),
    'a name that ends with nothing': ('in.csv', 'age;name;\n1;x;\n2;y;\n', AB),
    'names that end with spaces alone': ('in.csv', 'age,name, ,\n1,x,,\n2,y,,\n', AB),
    'one column': ('in.csv', 'age\n1\n2\n', [{'age': 1}, {'age': 2}]),
    'one column with empty lines': (
        'in.csv',
        'age\n1\n\n2\n\n\n3\n',
        [{'age': 1}, {'age': None}, {'age': 2}, {'age': None}, {'age': None}, {'age': 3}],
    ),
    'one column with empty lines of Windows': (
        'in.csv',
        'age\r\n1\r\n\r\n2\r\n',
        [{'age': 1}, {'age': None}, {'age': 2}],
    ),
    'one column with an empty line first': ('in.csv', 'age\n\n1\n', [{'age': None}, {'age': 1}]),
    'one column with an empty line last': ('in.csv', 'age\n1\n\n', [{'age': 1}, {'age': None}]),
    'one column with empty quotes': ('in.csv', 'age\n1\n""\n2\n', [{'age': 1}, {'age': None}, {'age': 2}]),
    'an empty field': ('in.csv', 'age,name\n,x\n1,\n', [{'age': None, 'name': 'x'}, {'age': 1, 'name': None}]),
    'numbers': (
        'in.csv',
        'a,b,c,d,e,f\n0,-5,1.50,-0.25,1e-07,1.5e+300\n',
        [{'a': 0, 'b': -5, 'c': 1.5, 'd': -0.25, 'e': 1e-07, 'f': 1.5e300}],
    ),
    'numbers beyond 64 bits': (
        'in.csv',
        'a,b\n9007199254740993,123456789012345678901234567890\n',
        [{'a': 9007199254740993, 'b': 123456789012345678901234567890}],
    ),
    'text that is nearly a number': (
        'in.csv',
        'a,b,c,d,e,f,g,h\n007,1_000,+1,.5,1.,0x10,--1,1.2.3\n',
        [{'a': '007', 'b': '1_000', 'c': '+1', 'd': '.5', 'e': '1.', 'f': '0x10', 'g': '--1', 'h': '1.2.3'}],
    ),
    'digits of other alphabets': ('in.csv', 'a,b\n\u0661\u0662,x\n', [{'a': '\u0661\u0662', 'b': 'x'}]),
    'booleans': ('in.csv', 'a,b,c\nTrue,False,x\n', [{'a': True, 'b': False, 'c': 'x'}]),
    'text like nothing': ('in.csv', 'a,b,c\nNaN,null,None\n', [{'a': 'NaN', 'b': 'null', 'c': 'None'}]),
    'dates': ('in.csv', 'a,b\n2026-01-31,31.01.2026\n', [{'a': '2026-01-31', 'b': '31.01.2026'}]),
    'text like a delimiter': ('in.csv', 'sep=x,name\n1,x\n', [{'sep=x': 1, 'name': 'x'}]),
    'json lines': ('in.jsonl', '{"age": 1, "name": "x"}\n{"age": 2, "name": "y"}\n', AB),
    'json lines after a mark': ('in.jsonl', '\ufeff{"age": 1, "name": "x"}\r\n\r\n{"age": 2, "name": "y"}', AB),
    'packed json lines': ('in.jsonl.gz', '{"age": 1, "name": "x"}\n{"age": 2, "name": "y"}\n', AB),
    'packed ndjson': ('in.ndjson.gz', '{"age": 1, "name": "x"}\n{"age": 2, "name": "y"}\n', AB),
    'json lines of other names each': ('in.jsonl', '{"a": 1}\n{"b": null}\n{}\n', [{'a': 1}, {'b': None}, {}]),
    'json lines of whole numbers': (
        'in.jsonl',
        '{"a": 123456789012345678901234567890}\n',
        [{'a': 123456789012345678901234567890}],
    ),
}
"""The name and content of a file, and what arrives of it."""


@pytest.mark.parametrize('case', READ)
def test_what_a_file_holds_arrives(wire: Wire, case: str, tmp_path: Path) -> None:
    name, content, expected = READ[case]
    path = written(tmp_path / name, content)
    same(wire.many(path), expected)
    same(wire.many(str(path)), expected)


@pytest.mark.parametrize(
    'content', ['age,name\n1,x\n,\n2,y\n', 'age,name\n1,x\n\n2,y\n', 'age;name;\n1;x;\n;;\n2;y;\n']
)
def test_a_row_without_any_value_is_skipped_or_refused(wire: Wire, content: str, tmp_path: Path) -> None:
    arrived = wire.sent_or_refused(written(tmp_path / 'in.csv', content))
    if isinstance(arrived, str):
        says(arrived, r'in\.csv', 'line 3')
    else:
        same(arrived, AB)


def test_an_empty_name_above_nothing_is_left_out_or_refused(wire: Wire, tmp_path: Path) -> None:
    arrived = wire.sent_or_refused(written(tmp_path / 'in.csv', 'age,,name\n1,,x\n2,,y\n'))
    if isinstance(arrived, str):
        says(arrived, r'in\.csv', 'name')
    else:
        same(arrived, AB)


@pytest.mark.parametrize('text', ['12E12', '7E590', '007E5', '1E5'])
def test_a_code_that_looks_like_a_number_is_text_or_is_refused_with_its_column(
    wire: Wire, text: str, tmp_path: Path
) -> None:
    path = written(tmp_path / 'in.csv', f'age,policy\n1,A1\n2,{text}\n')
    arrived = wire.sent_or_refused(path)
    if isinstance(arrived, str):
        says(arrived, r'in\.csv', 'line 3', 'policy', re.escape(text), 'columns')
    else:
        same(arrived, [{'age': 1, 'policy': 'A1'}, {'age': 2, 'policy': text}])
    same(wire.many(path, columns={'policy': str}), [{'age': 1, 'policy': 'A1'}, {'age': 2, 'policy': text}])


BAD: dict[str, tuple[str, str | bytes, tuple[str, ...]]] = {
    'a decimal comma': ('in.csv', 'age;rate\n1;1\n2;1,5\n', ('line 3', 'rate', '1,5')),
    'a decimal comma in the first line': ('in.csv', 'age;rate\n1;-0,25\n', ('line 2', 'rate', '-0,25')),
    'a decimal comma after points': ('in.csv', 'age;rate\n1;1.234,50\n', ('line 2', 'rate', r'1\.234,50')),
    'a decimal comma between tabs': ('in.tsv', 'age\trate\n1\t1,5\n', ('line 2', 'rate', '1,5')),
    'a decimal comma between bars': ('in.csv', 'age|rate\n1|1,5\n', ('line 2', 'rate', '1,5')),
    'a decimal comma after a line that names the delimiter': (
        'in.csv',
        'sep=;\nage;rate\n1;1,5\n',
        ('line 3', 'rate', '1,5'),
    ),
    'a value below an empty name': ('in.csv', 'age,,name\n1,2,x\n', ('name', 'line [12]')),
    'a value below an empty name at the end': ('in.csv', 'age,\n1,\n2,x\n', ('name', 'line [13]')),
    'no name at all': ('in.csv', ',,\n1,2,3\n', ('name',)),
    'a name twice': ('in.csv', 'age,name,age\n1,x,2\n', ('age', 'twice|two|again|same')),
    'a name twice but for spaces': ('in.csv', 'age, age\n1,2\n', ('age', 'twice|two|again|same')),
    'a short row': ('in.csv', 'age,name\n1,x\n2\n', ('line 3',)),
    'a long row': ('in.csv', 'age,name\n1,x\n2,y,z\n', ('line 3',)),
    'a long row of semicolons': ('in.csv', 'age;name\n1;x\n2;y;z\n', ('line 3',)),
    'a quote that stays open': ('in.csv', 'age,name\n1,"x\n', ('line 2',)),
    'a number beyond a double in JSON': ('in.jsonl', '{"age": 1}\n{"age": 7E590}\n', ('line 2',)),
    'no number in JSON': ('in.jsonl', '{"age": NaN}\n', ('line 1',)),
    'no object in JSON': ('in.jsonl', '{"age": 1}\n[1]\n', ('line 2', 'object')),
    'JSON that is cut': ('in.jsonl', '{"age": 1}\n{"age": \n', ('line 2',)),
    'packed JSON that is cut': ('in.jsonl.gz', '{"age": 1}\n{"age": \n', ('line 2',)),
    'cp1252': (
        'in.csv',
        'age,name\n1,x\n2,caf\u00e9\n'.encode('cp1252'),
        ('line 3', 'cp1252|windows-1252', 'encoding='),
    ),
    'cp1252 with its own signs': (
        'in.csv',
        'age,name\n1,\u20ac\u201c\u201d\n'.encode('cp1252'),
        ('line 2', 'cp1252|windows-1252', 'encoding='),
    ),
    'cp1252 in the names': (
        'in.csv',
        '\u00e2ge,name\n1,x\n'.encode('cp1252'),
        ('line 1', 'cp1252|windows-1252', 'encoding='),
    ),
    'cp1252 in JSON': (
        'in.jsonl',
        '{"name": "x"}\n{"name": "caf\u00e9"}\n'.encode('cp1252'),
        ('line 2', 'cp1252|windows-1252', 'encoding='),
    ),
    'cp1252 far below': (
        'in.csv',
        b'age,name\n' + b'1,x\n' * 5 + b'2,\xe9\n' + b'1,x\n' * 5,
        ('line 7', 'cp1252|windows-1252'),
    ),
    'packed cp1252': ('in.csv.gz', 'age,name\n1,caf\u00e9\n'.encode('cp1252'), ('line 2', 'cp1252|windows-1252')),
    'UTF-16': ('in.csv', 'age,name\n1,x\n'.encode('utf-16'), ('utf-?16', 'encoding=')),
    'UTF-16 of the other order': ('in.csv', b'\xfe\xff' + 'age,name\n1,x\n'.encode('utf-16-be'), ('utf-?16',)),
    'UTF-16 without a mark': ('in.csv', 'age,name\n1,x\n'.encode('utf-16-le'), ('utf-?16',)),
    'UTF-16 in JSON': ('in.jsonl', '{"age": 1}\n'.encode('utf-16'), ('utf-?16',)),
    'a spreadsheet that is called CSV': (
        'in.csv',
        b'PK\x03\x04\x14\x00\x06\x00\xff\xfe\x00',
        ('xlsx|excel|zip|utf|decode',),
    ),
    'Parquet that is none': ('in.parquet', b'PAR1 no', ('cannot be read',)),
    'an Excel file that is none': ('in.xlsx', b'PK no', ()),
}
"""The name and content of a file, and what is said of it."""


@pytest.mark.parametrize('case', BAD)
def test_what_cannot_be_read_is_told_with_its_file_and_line(wire: Wire, case: str, tmp_path: Path) -> None:
    name, content, words = BAD[case]
    says(wire.refused(written(tmp_path / name, content)), re.escape(name), *words)


@pytest.mark.parametrize('bad', ['2,caf\u00e9'.encode('cp1252'), b'2,x,y', b'7,"x'])
def test_the_line_is_right_thousands_of_lines_below(wire: Wire, bad: bytes, tmp_path: Path) -> None:
    content = b'age,name\n' + b'1,"x\ny"\n' * 3000 + bad + b'\n'
    with pytest.raises(Hybrid.SparkSdkError, match=r'line 6002\b'):
        wire.many(written(tmp_path / 'in.csv', content))


@pytest.mark.parametrize('cut', [8, -12, -1])
@pytest.mark.parametrize('name', ['in.csv.gz', 'in.jsonl.gz'])
def test_a_packed_file_that_is_damaged_is_told(wire: Wire, name: str, cut: int, tmp_path: Path) -> None:
    line = '{"age": 1}\n' if 'json' in name else 'age\n'
    path = tmp_path / name
    path.write_bytes(gzip.compress(line.encode() * 3)[:cut])
    says(wire.refused(path), re.escape(name))
    path.write_bytes(line.encode() * 3)
    says(wire.refused(path), re.escape(name), 'gzip|gz')


def test_a_packed_file_of_several_parts_is_read_to_its_end(wire: Wire, tmp_path: Path) -> None:
    path = tmp_path / 'in.csv.gz'
    path.write_bytes(gzip.compress(b'age,name\n1,x\n') + gzip.compress(b'2,y\n'))
    same(wire.many(path), AB)


# What the caller says of a file

TOLD: dict[str, tuple[bytes, dict[str, Any], list[Record]]] = {
    'a delimiter': (b'age^name\n1^x\n2^y\n', {'delimiter': '^'}, AB),
    'a delimiter beside others': (b'a;b,c\n1;2,3\n', {'delimiter': ','}, [{'a;b': '1;2', 'c': 3}]),
    'the other delimiter': (b'a;b,c\n1;2 3\n', {'delimiter': ';'}, [{'a': 1, 'b,c': '2 3'}]),
    'the tab': (b'age\tname\n1\tx\n2\ty\n', {'delimiter': '\t'}, AB),
    'a text': (b'age,policy\n1,42\n', {'columns': {'policy': str}}, [{'age': 1, 'policy': '42'}]),
    'a text of zeros': (b'age,policy\n1,007\n', {'columns': {'policy': str}}, [{'age': 1, 'policy': '007'}]),
    'a text like a boolean': (b'age,policy\n1,True\n', {'columns': {'policy': str}}, [{'age': 1, 'policy': 'True'}]),
    'a text of spaces': (b'age,policy\n1, 7 \n', {'columns': {'policy': str}}, [{'age': 1, 'policy': ' 7 '}]),
    'a text that is missing': (b'age,policy\n1,\n', {'columns': {'policy': str}}, [{'age': 1, 'policy': None}]),
    'a text with a decimal comma': (b'age;rate\n1;1,5\n', {'columns': {'rate': str}}, [{'age': 1, 'rate': '1,5'}]),
    'a whole number': (b'age,n\n1,42\n', {'columns': {'n': int}}, [{'age': 1, 'n': 42}]),
    'a long whole number': (
        b'age,n\n1,123456789012345678901234567890\n',
        {'columns': {'n': int}},
        [{'age': 1, 'n': 123456789012345678901234567890}],
    ),
    'a whole number that is missing': (b'age,n\n1,\n', {'columns': {'n': int}}, [{'age': 1, 'n': None}]),
    'a float': (b'age,n\n1,1.5\n', {'columns': {'n': float}}, [{'age': 1, 'n': 1.5}]),
    'a float in powers of ten': (b'age,n\n1,12E12\n', {'columns': {'n': float}}, [{'age': 1, 'n': 12e12}]),
    'a date': (b'age,day\n1,2026-01-31\n', {'columns': {'day': date}}, [{'age': 1, 'day': '2026-01-31'}]),
    'a date that is missing': (b'age,day\n1,\n', {'columns': {'day': date}}, [{'age': 1, 'day': None}]),
    'a moment': (
        b'age,day\n1,2026-01-31T12:30:00\n',
        {'columns': {'day': datetime}},
        [{'age': 1, 'day': '2026-01-31T12:30:00'}],
    ),
    'a boolean': (
        b'age,b\nx,True\ny,False\n',
        {'columns': {'b': bool}},
        [{'age': 'x', 'b': True}, {'age': 'y', 'b': False}],
    ),
    'a boolean in small letters': (
        b'age,b\nx,true\ny,false\n',
        {'columns': {'b': bool}},
        [{'age': 'x', 'b': True}, {'age': 'y', 'b': False}],
    ),
    'a column with spaces at its ends': (
        b' policy ,age\n42,1\n',
        {'columns': {'policy': str}},
        [{'policy': '42', 'age': 1}],
    ),
    'what is missing': (b'age,name\n1,\n', {'missing': 'default'}, [{'age': 1}]),
    'a kind and what is missing': (
        b'age,policy\n,7\n1,\n',
        {'columns': {'policy': str}, 'missing': {'policy': 'default'}},
        [{'age': None, 'policy': '7'}, {'age': 1}],
    ),
    'cp1252': (
        'age,name\n1,caf\u00e9\u20ac\n'.encode('cp1252'),
        {'encoding': 'cp1252'},
        [{'age': 1, 'name': 'caf\u00e9\u20ac'}],
    ),
    'latin-1': (
        'age,name\n1,caf\u00e9\n'.encode('latin-1'),
        {'encoding': 'latin-1'},
        [{'age': 1, 'name': 'caf\u00e9'}],
    ),
    'UTF-16': ('age;name\n1;\u00e9\n'.encode('utf-16'), {'encoding': 'utf-16'}, [{'age': 1, 'name': '\u00e9'}]),
    'UTF-16 after a line that names the delimiter': (
        'sep=;\nage;name\n1;\u00e9\n'.encode('utf-16'),
        {'encoding': 'utf-16'},
        [{'age': 1, 'name': '\u00e9'}],
    ),
    'UTF-8': ('\ufeffage,name\n1,\u00e9\n'.encode(), {'encoding': 'utf-8'}, [{'age': 1, 'name': '\u00e9'}]),
}
"""The content of a CSV file, what the caller says of it, and what arrives."""


@pytest.mark.parametrize('suffix', ['csv', 'csv.gz'])
@pytest.mark.parametrize('case', TOLD)
def test_what_the_caller_says_of_a_file_decides(wire: Wire, case: str, suffix: str, tmp_path: Path) -> None:
    content, options, expected = TOLD[case]
    same(wire.many(written(tmp_path / f'in.{suffix}', content), **options), expected)


@pytest.mark.parametrize(
    ('content', 'kind', 'text'),
    [
        ('1.5', int, '1\\.5'),
        ('x', int, 'x'),
        ('1_000', int, '1_000'),
        ('x', float, 'x'),
        ('1_0.5', float, '1_0\\.5'),
        ('nan', float, 'nan'),
        ('7E590', float, '7E590'),
        ('"1,5"', float, '1,5'),
        ('31.01.2026', date, '31\\.01\\.2026'),
        ('2026-02-30', date, '2026-02-30'),
        ('2026-01-31T12:30', date, '2026-01-31T12:30'),
        ('soon', datetime, 'soon'),
        ('maybe', bool, 'maybe'),
        ('2', bool, '2'),
    ],
)
def test_a_value_of_another_kind_than_the_caller_says_is_refused_with_its_place(
    wire: Wire, content: str, kind: type, text: str, tmp_path: Path
) -> None:
    path = written(tmp_path / 'in.csv', f'age,start\n1,\n2,{content}\n')
    says(wire.refused(path, columns={'start': kind}), r'in\.csv', 'line 3', 'start', text)


@pytest.mark.parametrize(
    ('options', 'word'),
    [
        ({'columns': {'agee': str}}, 'agee'),
        ({'columns': {'age': list}}, 'age'),
        ({'columns': ['age']}, 'columns'),
        ({'delimiter': ''}, 'delimiter'),
        ({'delimiter': ';;'}, 'delimiter'),
        ({'delimiter': '\n'}, 'delimiter'),
        ({'encoding': 'klingon'}, 'klingon'),
    ],
    ids=str,
)
def test_what_cannot_be_said_of_a_file_is_refused(
    wire: Wire, options: dict[str, Any], word: str, tmp_path: Path
) -> None:
    says(wire.refused(written(tmp_path / 'in.csv', 'age,name\n1,x\n'), **options), word)


def test_json_lines_in_another_encoding_can_be_opened(wire: Wire, tmp_path: Path) -> None:
    for encoding in ('cp1252', 'utf-16'):
        path = written(tmp_path / f'{encoding}.jsonl', '{"age": 1}\n{"name": "\u00e9"}\n'.encode(encoding))
        same(wire.many(path, encoding=encoding), [{'age': 1}, {'name': '\u00e9'}])


def test_the_encoding_of_a_body_is_still_told_apart(wire: Wire, tmp_path: Path) -> None:
    path = written(tmp_path / 'in.csv', 'age,name\n1,x\n2,y\n')
    same(wire.many(path, encoding='gzip'), AB)
    assert wire.recorder.last.headers['content-encoding'] == 'gzip'


# Which file

NOT_FOUND: list[tuple[str, tuple[str, ...]]] = [
    ('none.csv', (r'none\.csv', 'no file|not a file|not found|no such|does not exist')),
    ('none.parquet', (r'none\.parquet', 'no file|not a file|not found|no such|does not exist')),
    ('folder/none.csv.gz', (r'none\.csv\.gz', 'no file|not a file|not found|no such|does not exist')),
    ('[{"age": 1}].csv', ('no file|not a file|not found|no such|does not exist',)),
    ('{"age": 1}.jsonl', ('no file|not a file|not found|no such|does not exist',)),
    ('none-*.parquet', (r'none-\*\.parquet', 'no file|not a file|match|not found')),
    ('book.txt', (r'book\.txt', r'\.csv')),
    ('folder/book.dat', (r'book\.dat', r'\.csv')),
    ('book.xls', (r'book\.xls', 'xlsx')),
    ('https://example.com/book.csv', ('https://example.com/book.csv', 'download|read_csv|fetch|open')),
    ('http://example.com/book.parquet', ('http://example.com/book.parquet', 'download|read_parquet|fetch|open')),
    ('https://example.com/book.csv?token=a', ('https://example.com/book.csv', 'download|read_|fetch|open')),
    ('s3://bucket/book.parquet', ('s3://bucket/book.parquet', 'download|dataset|read_|fetch|open')),
    ('gs://bucket/book.csv', ('gs://bucket/book.csv', 'download|read_|fetch|open')),
    ('az://container/book.csv', ('az://container/book.csv', 'download|read_|fetch|open')),
]


@pytest.mark.parametrize(('text', 'words'), NOT_FOUND, ids=[text for text, _ in NOT_FOUND])
def test_a_path_is_told_for_what_it_is_and_never_taken_for_json(
    wire: Wire, text: str, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = wire.refused(text)
    says(told, *words)
    assert 'not JSON' not in told


@pytest.mark.parametrize('name', ['[1].csv', '{"age": 1}.csv', ' in.csv', 'in [2026].csv', 'null.csv', 'é.csv'])
def test_a_file_may_have_any_name(wire: Wire, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / name, 'age,name\n1,x\n2,y\n')
    same(wire.many(name), AB)
    same(wire.many(Path(name)), AB)


# Parquet


def parts(folder: Path, *tables: Any) -> Path:
    folder.mkdir()
    for index, table in enumerate(tables):
        pq.write_table(table, folder / f'part-{index:02}.parquet')
    return folder


@pytest.mark.thorough
def test_a_folder_of_parquet_is_read_in_the_order_of_its_names(wire: Wire, tmp_path: Path) -> None:
    tables = [pa.table({'age': [2 * index, 2 * index + 1]}) for index in range(12)]
    folder = parts(tmp_path / 'book', *tables)
    (folder / '_SUCCESS').write_text('')
    (folder / '.part-00.parquet.crc').write_bytes(b'crc')
    expected = [{'age': age} for age in range(24)]
    for inputs in (folder, str(folder), str(folder / '*.parquet'), folder / 'part-*.parquet'):
        same(wire.many(inputs), expected)
    same(wire.many(folder / 'part-0[13].parquet'), [{'age': age} for age in (2, 3, 6, 7)])


def test_a_folder_called_like_a_file_is_a_folder(wire: Wire, tmp_path: Path) -> None:
    folder = parts(tmp_path / 'book.parquet', pa.table({'age': [1]}), pa.table({'age': [2]}))
    same(wire.many(str(folder)), [{'age': 1}, {'age': 2}])


def test_files_of_other_names_keep_them_or_are_refused(wire: Wire, tmp_path: Path) -> None:
    folder = parts(tmp_path / 'book', pa.table({'age': [1], 'rate': [0.5]}), pa.table({'age': [2]}))
    try:
        arrived = wire.many(folder)
    except Hybrid.SparkSdkError as error:
        says(str(error), r'part-01\.parquet')
    else:
        same(arrived, [{'age': 1, 'rate': 0.5}, {'age': 2}])


def test_a_folder_without_parquet_is_refused(wire: Wire, tmp_path: Path) -> None:
    (tmp_path / 'book').mkdir()
    written(tmp_path / 'book' / 'in.txt', 'age')
    says(wire.refused(tmp_path / 'book'), 'book', 'parquet')


def test_a_folder_that_holds_a_damaged_file_names_it(wire: Wire, tmp_path: Path) -> None:
    folder = parts(tmp_path / 'book', pa.table({'age': [1]}), pa.table({'age': [2]}))
    (folder / 'part-01.parquet').write_bytes(b'PAR1 no')
    with pytest.raises(Hybrid.SparkSdkError, match=r'part-01\.parquet'):
        wire.many(folder)


def damaged(path: Path) -> Path:
    """A Parquet file with a bad page in the middle of its second column, in the second group of rows."""
    table = pa.table({'age': list(range(20_000)), 'rate': [index / 7 for index in range(20_000)]})
    pq.write_table(table, path, row_group_size=10_000, use_dictionary=False, compression='snappy')
    column = pq.ParquetFile(path).metadata.row_group(1).column(1)
    content = bytearray(path.read_bytes())
    content[column.data_page_offset : column.data_page_offset + 64] = b'\xff' * 64
    path.write_bytes(content)
    return path


@pytest.mark.thorough
def test_a_bad_page_in_the_middle_is_told_with_its_file_column_and_row(wire: Wire, tmp_path: Path) -> None:
    with pytest.raises(Hybrid.SparkSdkError) as told:
        wire.many(damaged(tmp_path / 'in.parquet'))
    says(str(told.value), r'in\.parquet', 'rate', r'row|record')


@pytest.mark.parametrize(
    'column',
    [
        lambda: pa.array([0, 4_000_000], pa.int32()).cast(pa.date32()),
        lambda: pa.array([0, 10**15], pa.int64()).cast(pa.date64()),
        lambda: pa.array([0, 10**15], pa.timestamp('ms')),
        lambda: pa.array([0, -(10**15)], pa.timestamp('ms')),
        lambda: pa.array([0, 10**15], pa.timestamp('ms', 'UTC')),
        lambda: pa.array([0, 1], pa.duration('ms')),
        lambda: pa.array([None, b'a']),
        lambda: pa.array([[None], [10**15]], pa.list_(pa.timestamp('ms'))),
    ],
    ids=['date32', 'date64', 'after', 'before', 'UTC', 'duration', 'bytes', 'list'],
)
def test_what_parquet_holds_and_nobody_can_read_is_told_with_its_place(
    wire: Wire, column: Callable[[], Any], tmp_path: Path
) -> None:
    path = tmp_path / 'in.parquet'
    pq.write_table(pa.table({'age': [1, 2], 'start': column()}), path)
    says(wire.refused(path, good=1), r'in\.parquet', 'start', r'row|record')


@pytest.mark.thorough
def test_a_row_far_below_is_told_by_its_number(wire: Wire, tmp_path: Path) -> None:
    path = tmp_path / 'in.parquet'
    days = pa.array([0] * 9000 + [4_000_000], pa.int32()).cast(pa.date32())
    pq.write_table(pa.table({'start': days}), path)
    with pytest.raises(Hybrid.SparkSdkError) as told:
        wire.many(path)
    says(str(told.value), r'in\.parquet', 'start', r'\b900[01]\b')


# Files that change


@pytest.mark.thorough
@pytest.mark.parametrize('change', ['appended', 'rewritten', 'cut', 'touched'])
@pytest.mark.parametrize('name', ['in.csv', 'in.csv.gz', 'in.jsonl'])
def test_a_file_that_changes_while_it_is_read_fails_the_run(wire: Wire, name: str, change: str, tmp_path: Path) -> None:
    if change == 'cut' and name.endswith('.gz'):
        pytest.skip('it is damaged then')
    path = written(tmp_path / name, lines(name, '1', CHANGING))
    results = execute_many(wire.client, URI, path, chunk_size=500, concurrency=1)
    with pytest.raises(Hybrid.SparkSdkError, match=rf'(?s){re.escape(name)}.*chang'):
        read_through(results, path, change)


def lines(name: str, age: str, count: int) -> str:
    """The content of a file with so many records."""
    return f'{{"age": {age}}}\n' * count if 'json' in name else 'age,name\n' + f'{age},x\n' * count


def read_through(results: Hybrid.ManyResults, path: Path, change: str) -> None:
    """Reads all results, of a file that changes after the first of them."""
    with results:
        assert next(results).index == 0
        before = path.stat()
        match change:
            case 'appended':
                added = lines(path.name, '2', 1).removeprefix('age,name\n').encode()
                with path.open('ab') as file:
                    file.write(gzip.compress(added) if path.suffix == '.gz' else added)
            case 'rewritten':
                content = lines(path.name, '2', CHANGING).encode()
                with path.open('r+b') as file:
                    file.write(gzip.compress(content) if path.suffix == '.gz' else content)
            case 'cut':
                os.truncate(path, len(lines(path.name, '1', CHANGING // 2)))
            case _:
                pass
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 5_000_000_000))
        list(results)


@pytest.mark.thorough
def test_a_file_that_stays_as_it_is_can_be_read_twice(wire: Wire, tmp_path: Path) -> None:
    path = written(tmp_path / 'in.csv', b'age,name\n' + b'1,x\n' * 2000)
    for _ in range(2):
        same(wire.many(path), [{'age': 1, 'name': 'x'}] * 2000)


# Excel

SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
OFFICE = 'http://schemas.openxmlformats.org'
PACKAGE: dict[str, str] = {
    '[Content_Types].xml': f'<Types xmlns="{OFFICE}/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    '<Override PartName="/xl/styles.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>',
    '_rels/.rels': f'<Relationships xmlns="{OFFICE}/package/2006/relationships"><Relationship Id="rId1" '
    f'Type="{OFFICE}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    'xl/workbook.xml': f'<workbook xmlns="{OFFICE}/spreadsheetml/2006/main" '
    f'xmlns:r="{OFFICE}/officeDocument/2006/relationships">'
    '<sheets><sheet name="Book" sheetId="1" r:id="rId1"/></sheets></workbook>',
    'xl/_rels/workbook.xml.rels': f'<Relationships xmlns="{OFFICE}/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument/2006/relationships/worksheet" '
    f'Target="worksheets/sheet1.xml"/><Relationship Id="rId2" '
    f'Type="{OFFICE}/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>',
    'xl/styles.xml': f'<styleSheet xmlns="{OFFICE}/spreadsheetml/2006/main">'
    '<numFmts count="1"><numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<cellXfs count="4"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/>'
    '<xf numFmtId="165" applyNumberFormat="1"/><xf numFmtId="46" applyNumberFormat="1"/></cellXfs></styleSheet>',
}
DAY_46053 = 's="1"><v>46053</v>'
"""The cell of 31 January 2026."""


def workbook(path: Path, *rows: list[Any]) -> Path:
    """A workbook with a sheet; a cell is text, a number, a boolean, nothing, or XML in a tuple."""
    lines = list[str]()
    for number, row in enumerate(rows, 1):
        cells = ''.join(_cell(f'{chr(65 + index)}{number}', value) for index, value in enumerate(row))
        lines.append(f'<row r="{number}">{cells}</row>')
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in {**PACKAGE, 'xl/worksheets/sheet1.xml': SHEET.format(''.join(lines))}.items():
            archive.writestr(name, XML + content)
    return path


def _cell(place: str, value: Any) -> str:
    if value is None:
        return ''
    if isinstance(value, tuple):
        return f'<c r="{place}" {value[0]}</c>'
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


SHEETS: dict[str, tuple[list[list[Any]], list[Record]]] = {
    'numbers and text': ([['age', 'name'], [1, 'x'], [2, 'y']], AB),
    'a float': ([['rate', 'age'], [0.1, 1]], [{'rate': 0.1, 'age': 1}]),
    'text like numbers': (
        [['policy', 'age'], ['007', 1], ['12E12', 2], ['42', 3]],
        [{'policy': '007', 'age': 1}, {'policy': '12E12', 'age': 2}, {'policy': '42', 'age': 3}],
    ),
    'booleans': ([['a', 'b'], [True, False]], [{'a': True, 'b': False}]),
    'an empty cell': (
        [['age', 'name'], [None, 'x'], [1, None]],
        [{'age': None, 'name': 'x'}, {'age': 1, 'name': None}],
    ),
    'names with spaces': ([[' age ', 'name '], [1, 'x'], [2, 'y']], AB),
    'names that end with nothing': ([['age', 'name', None, None], [1, 'x'], [2, 'y']], AB),
    'a date': ([['start', 'age'], [(DAY_46053,), 1]], [{'start': '2026-01-31', 'age': 1}]),
    'a moment': (
        [['start', 'age'], [('s="2"><v>46053.520833333336</v>',), 1]],
        [{'start': '2026-01-31T12:30:00', 'age': 1}],
    ),
    'one column with an empty cell': ([['age'], [1], [None], [2]], [{'age': 1}, {'age': None}, {'age': 2}]),
}


@pytest.mark.parametrize('case', SHEETS)
def test_what_a_sheet_holds_arrives(wire: Wire, case: str, tmp_path: Path) -> None:
    pytest.importorskip('openpyxl')
    rows, expected = SHEETS[case]
    arrived = wire.many(workbook(tmp_path / 'in.xlsx', *rows))
    # A spreadsheet has doubles alone, so that 1 may arrive as 1.0.
    assert arrived == expected
    assert json.dumps(arrived).replace('.0', '') == json.dumps(expected)


BAD_SHEETS: dict[str, tuple[list[list[Any]], tuple[str, ...]]] = {
    'an error': ([['age', 'rate'], [1, 0.5], [2, ('t="e"><v>#N/A</v>',)]], ('rate', r'(row|line) 3|B3', '#N/A')),
    'a duration': ([['age', 'wait'], [1, ('s="3"><v>1.5</v>',)]], ('wait', r'(row|line) 2|B2', 'duration')),
    'a value below an empty name': ([['age', None, 'name'], [1, 2, 'x']], ('name',)),
    'a name twice': ([['age', 'age'], [1, 2]], ('age', 'twice|two|again|same')),
}


@pytest.mark.parametrize('case', BAD_SHEETS)
def test_what_a_sheet_holds_and_cannot_be_sent_is_told_with_its_place(wire: Wire, case: str, tmp_path: Path) -> None:
    pytest.importorskip('openpyxl')
    rows, words = BAD_SHEETS[case]
    says(wire.refused(workbook(tmp_path / 'in.xlsx', *rows)), r'in\.xlsx', *words)


def test_what_the_caller_says_of_a_sheet_decides(wire: Wire, tmp_path: Path) -> None:
    pytest.importorskip('openpyxl')
    path = workbook(tmp_path / 'in.xlsx', ['policy', 'age'], [42, 1], [43, None])
    arrived = wire.many(path, columns={'policy': str}, missing='default')
    assert arrived == [{'policy': '42', 'age': 1}, {'policy': '43'}]


def sheets(path: Path, *hidden: str, **sheets: list[list[Any]]) -> Path:
    """A workbook with these sheets."""
    excel: Any = pytest.importorskip('openpyxl')
    book = excel.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = 'hidden' if name in hidden else 'visible'
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


MEN: list[list[Any]] = [['age'], [1]]
WOMEN: list[list[Any]] = [['age'], [2]]


def test_the_sheet_with_values_is_read(wire: Wire, tmp_path: Path) -> None:
    assert wire.many(sheets(tmp_path / 'in.xlsx', Notes=[], Men=MEN, Charts=[])) == [{'age': 1}]
    assert wire.many(sheets(tmp_path / 'in.xlsx', 'Lists', Lists=WOMEN, Men=MEN)) == [{'age': 1}]


def test_one_of_several_sheets_is_named(wire: Wire, tmp_path: Path) -> None:
    path = sheets(tmp_path / 'in.xlsx', 'Lists', Men=MEN, Women=WOMEN, Lists=[['age'], [3]])
    says(wire.refused(path), r'in\.xlsx', "'Men', 'Women'", "sheet='Men'")
    for name, age in (('Men', 1), ('Women', 2), ('Lists', 3)):
        assert wire.many(path, sheet=name) == [{'age': age}]
    says(wire.refused(path, sheet='women'), r'in\.xlsx', "no sheet 'women'", "'Men', 'Women', 'Lists'")


def test_a_sheet_is_for_workbooks(wire: Wire, tmp_path: Path) -> None:
    for name in ('in.csv', 'in.jsonl'):
        says(wire.refused(written(tmp_path / name, lines(name, '1', 2)), sheet='Men'), 'sheet=', 'Excel')
    pq.write_table(pa.table({'age': [1]}), tmp_path / 'in.parquet')
    says(wire.refused(tmp_path / 'in.parquet', sheet='Men'), 'sheet=', 'Excel')
    says(wire.refused([{'age': 1}], sheet='Men'), 'sheet=')
    says(wire.refused(tmp_path / 'in.parquet', sheet=1), 'sheet', 'name of a sheet')


@pytest.mark.skipif(find_spec('openpyxl') is not None, reason='the extra is installed')
def test_a_workbook_without_the_extra_says_what_to_install(wire: Wire, tmp_path: Path) -> None:
    path = workbook(tmp_path / 'in.xlsx', ['age'], [1])
    says(wire.refused(path), r'in\.xlsx', r'cspark-wasm\[excel\]')


# Names that the service does not have


@pytest.mark.parametrize('world', WORLDS)
@pytest.mark.parametrize('form', ['dicts', 'columnar', 'csv', 'parquet'])
def test_strict_inputs_refuses_other_names_and_says_which_may_be_meant(
    url: str, world: Any, form: str, tmp_path: Path
) -> None:
    good: Record = {'height': 1, 'radius': 2}
    records = [good, {'heigth': 1, 'radius': 2}] if form == 'dicts' else [{'heigth': 1, 'radius': 2}] * 2
    inputs: Any = {
        'dicts': records,
        'columnar': [list(records[1]), *(list(one.values()) for one in records)],
        'csv': written(tmp_path / 'in.csv', 'heigth,radius\n1,2\n1,2\n'),
        'parquet': tmp_path / 'in.parquet',
    }[form]
    pq.write_table(pa.Table.from_pylist([{'heigth': 1, 'radius': 2}]), tmp_path / 'in.parquet')
    with client_in(world, base_url=url) as client:
        with pytest.raises(Hybrid.SparkSdkError) as told:
            list(execute_many(client, 'shapes/cylinder', inputs, strict_inputs=True))
        says(str(told.value), 'heigth', 'height', *([r'\[1\]|record 1'] if form == 'dicts' else []))
        assert len(list(execute_many(client, 'shapes/cylinder', [good, {}], strict_inputs=True))) == 2
