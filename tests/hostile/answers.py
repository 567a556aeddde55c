"""Packages whose models answer with what is no answer."""

from __future__ import annotations

import json
from typing import Any, Final

from hostile.model import Rows, answering, answering_with

NOT_JSON: Final = 'answered with something that is not JSON'
NO_DATA: Final = 'answered without response_data'
DEEP: Final = 'nested too deeply|not JSON'

OUTPUTS: Final = '{"response_data": {"outputs": %s}, "response_meta": {}}'
META: Final = '{"response_data": {"outputs": {}, "errors": ["x"]}, "response_meta": %s}'
NESTED: Final = (254, 300, 500, 900, 1000, 1020, 1024, 100_000)
WRONG: Final[dict[str, Any]] = {
    'null': None,
    'a number': 7,
    'text': 'x',
    'a list': [1],
    'true': True,
    'nothing': {},
    'a long number': int('9' * 400),
}


def nested(depth: int, around: str = OUTPUTS) -> str:
    """JavaScript for an answer that is nested as deep as this."""
    start, end = around.split('%s')
    return f'{json.dumps(start)} + "[".repeat({depth}) + "]".repeat({depth}) + {json.dumps(end)}'


def nested_with_digits(depth: int) -> str:
    """The same with a number that only the standard library reads."""
    return f'{json.dumps(OUTPUTS[:31])} + "[".repeat({depth}) + "1".repeat(25) + "]".repeat({depth}) + "}}}}"'


ANSWERS: Final[Rows] = {
    **{f'answers {depth:,} levels deep': answering_with('fails', nested(depth), DEEP) for depth in NESTED},
    **{
        f'answers {depth:,} levels deep with a long number': answering_with('fails', nested_with_digits(depth), DEEP)
        for depth in (300, 900, 1000)
    },
    **{
        f'says {name} {depth} levels deep': answering_with('spoilt', nested(depth, around))
        for name, around in {
            'its compiler': META.replace('%s', '{"compiler_version": %s}'),
            'its kind': META.replace('%s', '{"compiler_type": %s}'),
            'something': META.replace('%s', '{"something": %s}'),
            'a status': '{"response_data": {"outputs": {}, "errors": ["x"]}, "status": %s}',
            'an error': '{"response_data": {"outputs": {}, "errors": ["x"]}, "error": %s}',
            'warnings': '{"response_data": {"outputs": {}, "errors": ["x"], "warnings": %s}}',
        }.items()
        for depth in (300, 900)
    },
    **{
        f'has {name} for data': answering(
            'fails', json.dumps({'response_data': value, 'response_meta': {}}), f'{NO_DATA}|{NOT_JSON}'
        )
        for name, value in WRONG.items()
        if value != {}
    },
    **{
        f'has {name} for a status': answering(
            'spoilt', json.dumps({'response_data': {'outputs': {'mark': 'x'}, 'errors': ['x']}, 'status': value})
        )
        for name, value in WRONG.items()
    },
    **{
        f'has {name} for an error': answering(
            'spoilt', json.dumps({'response_data': {'outputs': {}, 'errors': ['x']}, 'error': value})
        )
        for name, value in WRONG.items()
    },
    **{
        f'has {name} for metadata': answering(
            'spoilt', json.dumps({'response_data': {'outputs': {}, 'errors': ['x']}, 'response_meta': value})
        )
        for name, value in WRONG.items()
    },
    **{
        f'has {name} for warnings': answering(
            'spoilt', json.dumps({'response_data': {'outputs': {}, 'warnings': value, 'errors': ['x']}})
        )
        for name, value in WRONG.items()
    },
    'answers with nothing': answering('fails', '', NOT_JSON),
    'answers with a space': answering('fails', ' ', NOT_JSON),
    'answers with a null byte': answering('fails', '\0', NOT_JSON),
    'answers with a mark of order': answering('fails', b'\xef\xbb\xbf{"response_data": {}}', NOT_JSON),
    'answers in another encoding': answering('fails', b'\xff\xfe{\0}\0', NOT_JSON),
    'answers with half a character': answering('fails', OUTPUTS % '{"a": "\\ud800"}', NOT_JSON),
    'answers with a surrogate in bytes': answering('fails', b'{"response_data": {"a": "\xed\xa0\x80"}}', NOT_JSON),
    'answers with NaN': answering('fails', OUTPUTS % 'NaN', NOT_JSON),
    'answers with infinity': answering('fails', OUTPUTS % '-Infinity', NOT_JSON),
    'answers with text behind': answering('fails', OUTPUTS % '{}' + 'x', NOT_JSON),
    'answers with two answers': answering('fails', f'{OUTPUTS % "{}"},{OUTPUTS % "{}"}', NOT_JSON),
    'answers with a comma': answering('fails', f'{OUTPUTS % "{}"},', NOT_JSON),
    'answers with the end of a list': answering('fails', f'{OUTPUTS % "{}"}],[{OUTPUTS % "{}"}', NOT_JSON),
    'answers with a comment': answering('fails', f'{OUTPUTS % "{}"}/**/', NOT_JSON),
    'answers with a number of 5,000 digits': answering('fails', OUTPUTS % ('9' * 5000), ''),
    'answers with numbers of 400 digits': answering('spoilt', OUTPUTS % f'{{"volume": {"9" * 400}, "mark": 1e400}}'),
    'answers with a name twice': answering('fails', '{"response_data": {}, "response_data": 7}', NO_DATA),
    'answers with text': answering('fails', '"response_data"', NO_DATA),
    'answers with an outer list': answering('fails', f'[{OUTPUTS % "{}"}]', NO_DATA),
    'says that it failed': answering('fails', '{"status": "Error", "error": {"message": "no table"}}', ''),
    'says that it failed in a list': answering('fails', '{"status": "Error", "error": [[]]}', ''),
}
