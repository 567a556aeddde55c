"""Services that say what no identifier, docstring or `Literal` can take as it is."""

from __future__ import annotations

from typing import Any, Final

from types_of_services.writing import service

from cspark.wasm.service_types.description import Service

NAMES: Final = (
    'sum assured',
    'class',
    'None',
    'match',
    '1st_year',
    'a.b',
    'größe',
    '保険料',
    'ﬁle',
    '__secret',
    '_private',
    "it's",
    'say "x"',
    'both \' and "',
    'back\\slash',
    'ends with \\',
    '\\n',
    '"""',
    "'''",
    '{curly}',
    '%s {0}',
    '#hash',
    'two\nlines',
    'tab\there',
    'nul\x00',
    'line\u2028separator',
    'a, b] | int',
    '🙂',
    ' ',
)

BUILT_IN: Final = (
    'date',
    'str',
    'int',
    'float',
    'bool',
    'list',
    'dict',
    'Any',
    'Literal',
    'TypedDict',
    'self',
    'inputs',
)

SERVICES: Final = (
    'term-life',
    'Hybrid',
    'hybrid',
    'any',
    'final',
    'literal',
    'iterable',
    'typed-dict',
    'unpack',
    'URI',
    'date',
    'str',
    'class',
    'None',
    'async',
    '2nd pillar',
    'größe',
    'ﬁt',
    '保険',
    '---',
    '🙂',
    'a "b" \\ c',
)

TEXTS: Final = (
    'plain',
    'ends with a quote"',
    '"starts with one',
    'three """ of them',
    'ends with three """',
    'back\\slash \\N{no such} \\x \\u12',
    'ends with \\',
    'two\nlines',
    'carriage\rreturn',
    'nul\x00',
    'form\x0cfeed',
    '{curly} %s',
    'of type date | str, dict[str, Any] and Literal[1]',
    'long ' * 60,
    'longwithoutaspace' * 12,
    'tab\tand  two spaces  ',
    '.',
    ' ',
)

KINDS: Final[tuple[dict[str, Any], ...]] = (
    {'validation_type': 'decimal', 'default_value': 1.5, 'min': 0},
    {'validation_type': 'whole_number', 'default_value': 1, 'min': 0, 'max': 10},
    {'validation_type': 'date', 'default_value': '2026-01-01'},
    {'validation_type': 'list', 'default_value': 'no', 'options': ['yes', 'no']},
    {'validation_type': 'text_length', 'default_value': 'x', 'max': 3},
    {},
)

OPTIONS: Final[tuple[list[Any], ...]] = (
    ['yes', 'no'],
    ["it's", 'say "x"', 'both \' and "'],
    ['a, b', '[c]', 'd] | int', '(e', '#f', '{g}'],
    ['', ' ', '\\', '\n', '"""', "'''"],
    [1, 2],
    [1, '1', True],
    [True, False],
    [-1, 0],
    [10**30, 1],
    [0.5, 1.5],
    [1, 2.5],
    [],
    [None, 'a'],
    ['a', 'a', 'b'],
    [['nested'], {'of': 'things'}],
    ['a choice that is longer than most', 'another, with a comma', 'a third [bracketed] one', "it's the fourth"],
    ['a choice so long that nobody would put it into one line, and yet somebody did so', 'b'],
)

TABLES: Final[dict[str, Any]] = {
    'rider premiums': [{'rider name': 'a', 'sum assured': 1}],
    'rider_premiums': [{'premium': 1.5}],
    'rider-premiums': [{'loading': True}],
    'class': [{'class': 1, 'a.b': None, '"""': 'x', 'back\\': 'y', 'two\nlines': 1}],
    'schedule': [{'year': 0, 'note': None}, {'year': 1, 'note': 'a note', 'date': '2026-01-01'}],
    'inputs': {'nested': {'deeper': [{'x': 1}], '1': 2}, 'class': 1},
    'outputs': [{'y': 1}],
    'empty': [],
    'nothing': None,
    'rows of no name': [{}],
    'empty object': {},
    'numbers': [1, 2.5],
    'mixed': [1, 'a', None],
    'matrix': [['a', 'b'], [1, 2]],
    'flags': [True, False],
}


def odd_services() -> dict[str, Service]:
    """Services by a name for their module."""
    rules = {name: KINDS[place % len(KINDS)] for place, name in enumerate(NAMES)}
    plain = {f'input_{place}': KINDS[place % len(KINDS)] for place in range(len(TEXTS))}
    texts = dict(zip(plain, TEXTS, strict=True))
    found = {
        'names': service(rules, dict.fromkeys(NAMES, 1.5)),
        'names_of_rows': service(None, {'table': [dict.fromkeys(NAMES, 1)]}),
        'nothing': service({}, {}),
        'choices': service({f'c{place}': choice(options) for place, options in enumerate(OPTIONS)}),
        'odd_choices': service({f'c {place}': choice(options) for place, options in enumerate(OPTIONS)}),
        'texts': service(plain, texts=texts),
        'odd_texts': service(
            {f'{name} ': rule for name, rule in plain.items()}, texts={f'{a} ': b for a, b in texts.items()}
        ),
        'tables': service({'riders': {}, 'more riders': {}}, TABLES, tables=('riders', 'more riders')),
        'longest': service(
            {'a_name_' * 11: choice(['a', 'b']), 'b_name_' * 10: choice(list('abcdefgh'))}, {'a_name_' * 11: 1}
        ),
        'long_service': service(name='a-service-with-a-name-' * 2, outputs={'a_table': [{'a': 1}]}),
    }
    found |= {
        f'name_{place}': service({name: KINDS[place % 6]}, {name: [{name: 1}]}) for place, name in enumerate(NAMES)
    }
    for name in BUILT_IN:
        found[f'builtin_{name}'] = service(
            {name: KINDS[2], 'other': KINDS[0], 'third': KINDS[3], 'fourth': KINDS[1], 'fifth': KINDS[4], 'sixth': {}},
            {name: 'x', 'number': 1, 'table': [{name: 1, 'text': ''}], 'open': None, 'flag': True},
        )
    found |= {f'service_{place}': service(name=name, text=name) for place, name in enumerate(SERVICES)}
    return found | {f'text_{place}': service(text=text) for place, text in enumerate(TEXTS)}


def choice(options: list[Any]) -> dict[str, Any]:
    """The rule of a list."""
    return {'validation_type': 'list', 'default_value': options[0] if options else None, 'options': options}
