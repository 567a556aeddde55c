"""Requests of every kind for the sample models, the same ones in every run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any, Final, NamedTuple

from congruence.samples import SAMPLES, Sample, Table

Json = dict[str, Any]

SEED: Final = 20260
UNKNOWN: Final = ('unknown', 'heigth', '', '7', '__proto__', 'toJSON', 'größe', 'na"me', 'x' * 300)
"""Names that no sample has."""

NUMBERS: Final = (
    *(0, 1, -1, 7, 25569, 2**31, 2**53, 1.0, -3.0, -0.0, 1e16, 1e20, 1e21, 1e308, 1.5e300),
    *(0.1, 1e-5, 1e-6, 1e-7, 5e-324, 45000.75, 1e15 + 0.5),
)
LONG: Final = (2**53 + 1, -(2**53) - 1, 2**63, 2**64 - 1, 12345678901234567890123)
NUMERIC_TEXTS: Final = (
    *('1,000', '10%', '$10', ' 10 ', 'TRUE', 'false', '2020-01-01', '1e3', '-5', '+5', '-$1,234.50', '1,00', '1,0000'),
    *('.5', '5.', '12.5%', '1 000', '$ 10', '10 %', '(10)', '0x10', 'NaN', 'Infinity', '1e999', '007', '٣'),
)
DATES: Final = (
    *('2024-02-29', '2023-02-29', '2024-2-9', '1899-12-31', '9999-12-31', '2024-01-01T00:00:00Z', '01/02/2024'),
    *('2024-01-01 12:00', ' 2024-01-01', '0000-00-00', '45000', '45000.5'),
)
TEXTS: Final = (
    *('', ' ', 'text', 'YES', 'Yes', 'no', '#VALUE!', '=1+1', 'null', '"quoted" \\ /', "o'clock"),
    *('\t\n\r\b\f', '\x00\x01\x1f\x7f', 'ünï "€" 漢字 \U0001f600', 'é', '\u2028\u2029\ufeff', 'x' * 5000, '€' * 2000),
)
NESTED: Final[tuple[Any, ...]] = (
    *({}, [], {'a': [1, {'b': None}]}, {'': {'': []}}),
    *([[1, 2], [3]], [[]], [[[[[[[[1]]]]]]]], [None, True]),
)
PLAIN: Final = (None, True, False)


class Request(NamedTuple):
    """A request for a sample, as JSON in ASCII."""

    sample: Sample
    text: str

    @property
    def content(self) -> Json:
        """The request, read."""
        content: Json = json.loads(self.text)
        return content


def write_json(content: object) -> str:
    """JSON in ASCII, which stays on one line."""
    return json.dumps(content, separators=(',', ':'))


def generate_requests() -> list[Request]:
    """All requests: some that are written down, and some thousand by chance."""
    chance = Random(SEED)
    requests: list[Request] = []
    for sample in SAMPLES:
        texts = dict.fromkeys(_odd_requests(sample))
        while len(texts) < sample.requests:
            texts[write_json(_make_request(chance, sample))] = None
        requests += [Request(sample, text) for text in texts]
    return requests


def _make_request(chance: Random, sample: Sample) -> Json:
    """A request with parts that are missing now and then."""
    data: Json = {'inputs': _make_inputs(chance, sample)}
    if chance.random() < 0.02:
        data = chance.choice([{}, {'inputs': None}, {'inputs': {}}, {**data, 'more': chance.choice(NESTED)}])
    request: Json = {'request_data': data, 'request_meta': _make_meta(chance, sample)}
    if chance.random() < 0.01:
        del request[chance.choice(list(request))]
    elif chance.random() < 0.01:
        request[chance.choice(list(request))] = None
    return request


def _make_inputs(chance: Random, sample: Sample) -> Any:
    """Inputs, which are a record most of the time."""
    record = _make_record(chance, sample)
    if chance.random() < 0.95:
        return record
    odd: list[Any] = [[record], [record, record], [], [1], [[]], [None], 'text', '', 7, True, False, 0]
    return chance.choice(odd)


def _make_record(chance: Random, sample: Sample) -> Json:
    """A record with usual and odd values, and with names that are missing, unknown, or written otherwise."""
    record: Json = {}
    given = chance.choice([0, 0.5, 0.9, 0.9, 1, 1])
    for name, usual in sample.inputs.items():
        if chance.random() >= given:
            continue
        value = usual(chance) if chance.random() < 0.75 else _make_value(chance)
        if isinstance(usual, Table) and isinstance(value, list) and chance.random() < 0.5:
            value = _make_odd_rows(chance, usual)
        record[_respell(chance, name)] = value
        if chance.random() < 0.02:
            record[name.upper()] = _make_value(chance)
    if chance.random() < 0.08:
        record[chance.choice(UNKNOWN)] = _make_value(chance)
    if chance.random() < 0.1:
        record = dict(chance.sample(list(record.items()), len(record)))
    return record


def _respell(chance: Random, name: str) -> str:
    """A name, in capitals now and then."""
    return chance.choice([name] * 12 + [name.upper(), name.title()])


def _make_value(chance: Random) -> Any:
    """A value of any kind."""
    kinds: tuple[tuple[Any, ...], ...] = (NUMBERS, NUMERIC_TEXTS, NUMERIC_TEXTS, DATES, TEXTS, NESTED, PLAIN, LONG)
    return chance.choice(chance.choice(kinds))


def _make_odd_rows(chance: Random, table: Table) -> list[Any]:
    """Rows of a table, one or two of them odd."""
    rows: list[Any] = [table.row(chance) for _ in range(chance.choice([1, 2, 5, 60]))]
    for _ in range(chance.choice([1, 2])):
        row = table.row(chance)
        name = chance.choice(list(row))
        odd: list[Any] = [
            *({**row, name: _make_value(chance)} for _ in range(3)),
            {**row, 'more': _make_value(chance)},
            {column: value for column, value in row.items() if column != name},
            {column.upper(): value for column, value in row.items()},
            list(row.values()),
            _make_value(chance),
        ]
        rows.insert(chance.randint(0, len(rows)), chance.choice(odd))
    return rows


def _make_meta(chance: Random, sample: Sample) -> Json:
    """Some fields of `request_meta`."""
    likelihood = chance.choice([0, 0.05, 0.05, 0.15, 0.3])
    return {
        name: chance.choice(values)
        for name, values in _meta_values(chance, sample).items()
        if chance.random() < likelihood
    }


def _meta_values(chance: Random, sample: Sample) -> dict[str, list[Any]]:
    """What each field of `request_meta` may hold."""
    some = chance.sample(sample.outputs, chance.randint(1, len(sample.outputs)))
    one, category = chance.choice(sample.outputs), chance.choice(sample.subservices)
    return {
        'requested_output': [
            *(some, some, some, [name.upper() for name in some], ','.join(some), f' {one} , ,nothing', one),
            *([], '', ' ', None, 'nothing', ['nothing'], [f' {one}'], [7, None, [one]], [*some, 'nothing']),
        ],
        'requested_output_regex': [
            *(one, one.upper(), one[:3], f'{one[:3]}.*', f'^{one[:3]}', f'({"|".join(some)})', '[a-m].*', '.*', '.'),
            *(r'Metadata\..*', r'\w+', 'ünï', '', None, 7, ['a', 1], True),
        ],
        'service_category': [
            *(category, ','.join(sample.subservices), f' {category.upper()} ,nothing', 'nothing', '', ',', None),
            *('metadata', 'Metadata', 'formspec', f'{category},METADATA', 'metadata,formspec', 'metadata ,x'),
            *([category], list(sample.subservices), ['metadata'], [], ['']),
        ],
        'array_outputs': [one, ','.join(some), one.upper(), f' {one} ,nothing', 'nothing', '', None, some, []],
        'debug_solve': [True, True, False, None, 'true', 1],
        'response_data_inputs': [True, True, True, False, None, 'true', 1, ''],
        'correlation_id': ['my-id', 'ünï "€"', '', None, 7, 1.5, 0, True, [1, None], {'a': 1}, *LONG],
        'allow_range_address': [True, False, None, '', 'no', 0, 1, [], {}, [1]],
        'validation_type': ['dynamic', 'default_values', 'other', '', None, 7],
        '__api_meta': [
            *({'api': 'dynamic_validation'}, {'api': 'dynamic_validation'}, {'api': 'nothing'}, {'api': ''}),
            *({'api': None}, {'api': 7}, {}, None, 'text', []),
        ],
        '_ctx': [{}, {'tenant': 'other', 'callId': 'id', 'sourceSystem': 'tests'}, None, 'text'],
        'call_purpose': ['Single Execution', '', None, 7],
        'source_system': ['tests', None],
        'compiler_type': ['Neuron', 'neuron', None],
        'excel_file': [False, None],
        'version': ['0.1.0', None],
        'version_id': ['other', None],
        'service_uri': ['other/service', None],
        'transaction_date': ['2025-06-01', None],
        'more': list(NESTED),
    }


def _odd_requests(sample: Sample) -> Iterator[str]:
    """What chance makes too often or too rarely: what aborts, what is refused, and every number in every column."""
    for pattern in ('(', '[a'):
        yield _ask({}, {'requested_output_regex': pattern})
    for table, usual in sample.inputs.items():
        if not isinstance(usual, Table):
            continue
        rows = [dict.fromkeys(usual.columns, value) for value in (*NUMBERS, *LONG, *NESTED, *PLAIN)]
        for start in range(0, len(rows), 5):
            yield _ask({table: rows[start : start + 5]}, {})
    if sample is SAMPLES[0]:
        yield from _refused_requests()


def _refused_requests() -> Iterator[str]:
    """What a server refuses, or completes, before any model sees it."""
    yield '{}'
    wrong_parts: tuple[Any, ...] = ('text', '', 7, False, [])
    for wrong in wrong_parts:
        yield write_json({'request_data': wrong, 'request_meta': {}})
        yield write_json({'request_data': {}, 'request_meta': wrong})
    for field, values in WRONG_TYPES.items():
        for value in values:
            yield _ask({}, {field: value})
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    for value in (deep, '\ud800', '\udc00\ud800'):
        yield _ask({'height': value}, {})
    yield _ask({'height': 0}, {}).replace('0', '1e400')


def _ask(inputs: Json, meta: Json) -> str:
    """A request with these inputs and these fields of `request_meta`."""
    return write_json({'request_data': {'inputs': inputs}, 'request_meta': meta})


WRONG_TYPES: Final[dict[str, list[Any]]] = {
    'service_category': [7, True, {}, [1], [None]],
    'array_outputs': [7, True, {}, [1], [None]],
    'requested_output': [7, True, {}],
    'version': [7],
    'version_id': [[]],
    'transaction_date': [{}],
}
"""Values that a runner refuses; the last three fields name what to execute, which is the server's own."""
