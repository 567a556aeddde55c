"""Packages whose JSON files and names are not what they should be."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from hostile.model import End, Hostile, Rows, marked, script

from support.packages import Files, change, change_models, described, insert, rename, replace

DEPTHS: Final = (254, 300, 900, 1023, 100_000)
WRONG: Final[dict[str, Any]] = {
    'null': None,
    'a number': 7,
    'a list': [[]],
    'a long number': int('9' * 400),
    'an object': {'outputs': [7], 'Outputs': {'a': [None]}, 'ImageOutputs': []},
}
MARKED: Final = marked()
OUTER: Final = ('ModelMetaData.json', 'manifest.json', 'DefaultValidations.json')
INNER: Final = ('_static.json', '_jsonformspec.json', '_CompilerLog.json')
TEXT: Final = {
    'a slash': 'a/b',
    'dots': '../../etc/passwd',
    'a dot': '.',
    'quotes': '\'"`',
    'HTML': '<script>alert(1)</script>',
    'control characters': 'a\r\nSet-Cookie: b=c\x1b[2J',
    'a null byte': 'a\0b',
    'brackets': 'a[1.0]',
    'percent signs': '%2e%2e%2f%00',
    'another direction': 'a\u202eb\u200b',
    'ten thousand characters': 'x' * 10_000,
    'a space': ' ',
    'a reserved word': '__proto__',
    'a route': 'execute',
}


def deep(depth: int) -> bytes:
    """JSON that is nested as deep as this."""
    return b'{"outputs":' * depth + b'1' + b'}' * depth


def written(name: str, content: bytes) -> bytes:
    """The package with this in the file whose name ends like this, which it then has."""
    if name in INNER:
        plain = change_models(MARKED, replace(name, None))
        return change_models(plain, insert(f'cylinder{name}', content))
    return change(MARKED, replace(name, content))


def file(name: str, content: bytes, end: End = 'spoilt') -> Hostile:
    """A row with this in one of its files."""
    return Hostile(partial(written, name, content), end)


def named(**names: str) -> Hostile:
    """A row with other names; its folders in the zip stay as they are."""
    return Hostile(partial(described, MARKED, **names), 'spoilt')


def with_inputs(names: Callable[[], list[Any]], **inputs: Any) -> Hostile:
    """A row with these names of inputs, and inputs of the attacked record."""
    return Hostile(
        lambda: described(MARKED, XInputTable=[{'Input Name': name} for name in names()]), 'harmless', inputs=inputs
    )


def digits(count: int) -> bytes:
    """A version of so many digits, which do not pack well."""
    version = ''.join(random.Random(7).choices('123456789', k=count))
    return change_models(MARKED, replace('_CompilerLog.json', json.dumps({'CompilerVersion': version}).encode()))


def many_versions(count: int, last: bytes) -> bytes:
    """A package of so many versions of which the last one does not load."""

    def edit(files: Files) -> None:
        (model,) = [name for name in files if name.endswith('.zip')]
        content = files.pop(model)
        files.clear()
        for number in range(count):
            files[f'my-tenant/hostile/many/{number:03d}/{number:08d}-0000-4000-8000-000000000000.zip'] = content
        files['my-tenant/hostile/many/999/99999999-0000-4000-8000-000000000000.zip'] = change(
            content, lambda inner: inner.update({'_cylinder.js': last, 'checksums.md5': b''})
        )

    return change(MARKED, edit)


def moved(**names: str) -> Hostile:
    """A row whose folders in the zip have other names too."""
    return Hostile(partial(rename, MARKED, **names), 'spoilt')


def built() -> bytes:
    """The package that loads for some seconds only."""
    now = int(datetime.now(UTC).timestamp() * 1000)
    return script('spoilt', before=f'if (Date.now() > {now + 1500}) for (;;) {{}}').make()


FILES: Final[Rows] = {
    **{f'has a {name} {depth:,} levels deep': file(name, deep(depth)) for name in OUTER for depth in DEPTHS},
    **{f'has a {name} {depth:,} levels deep': file(name, deep(depth)) for name in INNER for depth in (300, 900)},
    **{
        f'has {kind} for its {name}': file(name, json.dumps(value).encode())
        for name in (*OUTER, *INNER)
        for kind, value in WRONG.items()
    },
    **{
        f'has {kind} for its {part}': Hostile(partial(described, MARKED, **{part: value}), 'spoilt')
        for part in ('EngineInformation', 'XInputTable', 'VersionId', 'EffectiveStartDate')
        for kind, value in WRONG.items()
    },
    **{
        f'has {kind} for its compiler': file('_CompilerLog.json', json.dumps({'CompilerVersion': value}).encode())
        for kind, value in WRONG.items()
    },
    **{
        f'has {kind} for its {part}': file('_static.json', json.dumps({part: value}).encode())
        for part in ('Outputs', 'ImageOutputs')
        for kind, value in WRONG.items()
    },
    'has a compiler of 5,000 digits': Hostile(
        lambda: change_models(MARKED, replace('_CompilerLog.json', b'{"CompilerVersion": "%s.1"}' % (b'9' * 5000))),
        'harmless',
    ),
    'has a compiler of 50,000 digits': Hostile(partial(digits, 50_000), 'harmless'),
    'has 20,000 names that are alike': with_inputs(
        lambda: ['a' * 95 + f'{number:05d}' for number in range(20_000)], **{'a' * 100: 1}
    ),
    'has names that are no text': with_inputs(lambda: [None, 7, ['x'], {'a': 1}, '', 'x' * 100_000]),
    'has many versions of which one does not load': Hostile(
        partial(many_versions, 12, b'throw new Error("the last one")'), 'refused', 'the last one'
    ),
    'starts before time': Hostile(
        partial(described, MARKED, EffectiveStartDate='0001-01-01T00:00:00+23:59'), 'harmless'
    ),
    'ends after time': Hostile(partial(described, MARKED, EffectiveEndDate='9999-12-31T23:59:59-23:59'), 'harmless'),
    'loads for some seconds only': Hostile(built, 'spoilt'),
    **{f'has {kind} in its service': named(ServiceName=text) for kind, text in TEXT.items()},
    **{f'has {kind} in its ids': named(ServiceGuid=text, VersionId=text) for kind, text in TEXT.items()},
    **{f'is of the tenant {name}': moved(tenant=name) for name in ('api', 'public', 'status', '%2e%2e', '<b>', ' ')},
    'is of a tenant with a slash': moved(tenant='a/b'),
    'is of a tenant without a name': moved(tenant=''),
}
