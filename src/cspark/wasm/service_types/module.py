"""The Python module of a typed service, formatted as formatters do."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterator
from typing import Final

from .description import Service
from .expressions import Names, Record, class_name, input_text, input_type, quote, record_of

__all__ = ['write_module']

WIDTH: Final = 88
"""The length of a line, as formatters have it by default."""

RESERVED: Final = (
    *('Any', 'AsyncIterable', 'Final', 'Hybrid', 'Iterable', 'Literal', 'TypedDict', 'URI', 'Unpack'),
    'date',
)
"""Names that the module uses; a service of such a name gets another one."""

HEAD: Final = """{text}

from __future__ import annotations

{imports}

import cspark.wasm as Hybrid

URI: Final = {uri}
"""

WRITTEN: Final = 'Written by `cspark-wasm types`. Write it again when the service changes; do not edit it.'

CLASS: Final = '''
class {prefix}{name}:
    """{text}, called by {article} `{client}`.

    Args:
        client: The client.
    """

    def __init__(self, client: Hybrid.{client}) -> None:
        self._services = client.services

    {define} execute(
        self,
        inputs: {name}Inputs,
        **options: Unpack[Hybrid.RecordOptions],
    ) -> {executed}:
        """Execute one record. An input that is left out has its default."""
        return {wait}self._services.execute(
            URI,
            inputs=inputs,
            outputs={outputs},
            **options,
        )

    def execute_many(
        self,
        inputs: {iterable}[{name}Inputs] | Hybrid.TableLike,
        **options: Unpack[Hybrid.ManyOptions],
    ) -> Hybrid.{prefix}ManyResults[{outputs}]:
        """Execute many records: an iterable, a data frame, or the path of a file."""
        return self._services.execute_many(
            URI,
            inputs,
            outputs={outputs},
            **options,
        )

    {define} validate(
        self,
        inputs: {name}Inputs,
        validation_type: Literal["static", "dynamic"] | None = None,
        **options: Unpack[Hybrid.CallOptions],
    ) -> Hybrid.HttpResponse[Hybrid.ServiceAnswer]:
        """Check inputs by the rules of the service."""
        return {wait}self._services.validate(
            {version},
            inputs=inputs,
            validation_type=validation_type,
            **options,
        )
'''


def write_module(service: Service, name: str = '', whole: Collection[str] = ()) -> str:
    """Write the module of a service: the same service gives the same text.

    Args:
        service: The service.
        name: A name for it, if the service has none.
        whole: The names of outputs that are whole numbers; others are float.
    """
    named = class_name(service.name or name or 'service')
    named = f'{named}Service' if named in RESERVED else named
    names = Names({*RESERVED, named, f'Async{named}', f'{named}Inputs', f'{named}Outputs'})
    inputs = Record(
        f'{named}Inputs',
        'The inputs. One that is left out has its default.',
        {one.name: (input_type(one), input_text(one)) for one in service.inputs if one.name},
        total=False,
    )
    records = [inputs]
    if service.outputs is not None:
        outputs = record_of(names, f'{named}Outputs', 'The outputs of a record.', service.outputs, whole)
        records += [*_rows(outputs), outputs]
    body = '\n\n'.join(_typed_dict(record) for record in records)
    answered = f'{named}Outputs' if service.outputs is not None else 'dict[str, Any]'
    classes = '\n'.join(_class(service, named, answered, prefix) for prefix in ('', 'Async'))
    kinds = {answered, *(kind for record in records for kind, _ in record.members.values())}
    text = f'{service.text or f"The service {service.uri}"}'.strip().rstrip('.')
    head = HEAD.format(
        text='\n'.join(_docstring(f'{text}.', '', WRITTEN)),
        imports='\n'.join(_imports(' '.join(kinds))),
        uri=quote(service.uri),
    )
    return f'{head}\n\n{body}\n{classes}'


def _rows(record: Record) -> Iterator[Record]:
    for row in record.rows:
        yield from _rows(row)
        yield row


def _imports(kinds: str) -> Iterator[str]:
    """The imports that these types, and the classes, need."""
    yield 'from collections.abc import AsyncIterable, Iterable'
    if 'date | str' in kinds:
        yield 'from datetime import date'
    any_ = 'Any, ' if re.search(r'\bAny\b', kinds) else ''
    yield f'from typing import {any_}Final, Literal, TypedDict, Unpack'


def _class(service: Service, name: str, answered: str, prefix: str) -> str:
    version = f'version_id={quote(service.version_id)}' if service.version_id else 'URI'
    return CLASS.format(
        prefix=prefix,
        name=name,
        text=_plain(f'The service `{service.uri}`'),
        iterable='AsyncIterable' if prefix else 'Iterable',
        client=f'{prefix}Client',
        article='an' if prefix else 'a',
        define='async def' if prefix else 'def',
        wait='await ' if prefix else '',
        outputs=answered,
        executed=_executed(answered),
        version=version,
    )


def _executed(outputs: str) -> str:
    """The type of an answer."""
    line = f'Hybrid.ServiceExecuted[Hybrid.ExecutedData, {outputs}]'
    if len(f'    ) -> {line}:') <= WIDTH:
        return line
    return f'Hybrid.ServiceExecuted[\n        Hybrid.ExecutedData, {outputs}\n    ]'


def _typed_dict(record: Record) -> str:
    """A `TypedDict`: a class, or a call where a name is no identifier."""
    if record.is_plain:
        return '\n'.join(_class_lines(record)) + '\n'
    return '\n'.join(_call_lines(record)) + '\n'


def _class_lines(record: Record) -> Iterator[str]:
    yield f'class {record.name}(TypedDict{"" if record.total else ", total=False"}):'
    yield from _docstring(record.text, '    ')
    for place, (name, (kind, text)) in enumerate(record.members.items()):
        if not place or any(words for _, words in record.members.values()):
            yield ''
        yield from _member(f'    {name}: ', kind, '    ')
        if text:
            yield from _docstring(text, '    ')


def _call_lines(record: Record) -> Iterator[str]:
    yield f'{record.name} = TypedDict('
    yield f'    {quote(record.name)},'
    yield '    {'
    for name, (kind, text) in record.members.items():
        if text:
            yield from (f'        # {line}' for line in _wrap(_printable(text), WIDTH - 10))
        yield from _member(f'        {quote(name)}: ', kind, '        ', end=',')
    yield '    },'
    if not record.total:
        yield '    total=False,'
    yield ')'
    yield from _docstring(record.text, '')


def _docstring(text: str, indent: str, *further: str) -> Iterator[str]:
    """A docstring: in a line if it fits into one."""
    lines = _wrap(_plain(text), WIDTH - len(indent) - 6)
    paragraphs = [lines, *(_wrap(one, WIDTH) for one in further)]
    if len(lines) == 1 and not further:
        yield f'{indent}"""{lines[0]}"""'
        return
    written = [line for paragraph in paragraphs for line in ['', *paragraph]][1:]
    yield f'{indent}"""{written[0]}'
    yield from (f'{indent}{line}' if line else '' for line in written[1:])
    yield f'{indent}"""'


def _member(start: str, kind: str, indent: str, end: str = '') -> Iterator[str]:
    """A member with its type; its choices are put on separate lines if they do not fit on one."""
    line = f'{start}{kind}{end}'
    if len(line) <= WIDTH or not kind.startswith('Literal['):
        yield line
        return
    if len(f'{start}Literal[') > WIDTH and len(f'{indent}    {kind}') <= WIDTH:
        yield from (f'{start}(', f'{indent}    {kind}', f'{indent}){end}')
        return
    choices = kind.removeprefix('Literal[').removesuffix(']')
    yield f'{start}Literal['
    if len(f'{indent}    {choices}') <= WIDTH:
        yield f'{indent}    {choices}'
    else:
        yield from (f'{indent}    {choice},' for choice in _split(choices))
    yield f'{indent}]{end}'


def _split(choices: str) -> list[str]:
    """The choices of a `Literal`, which may hold commas themselves."""
    import ast

    parsed = ast.parse(f'({choices},)', mode='eval').body
    assert isinstance(parsed, ast.Tuple)  # noqa: S101 - it was written here
    values = [ast.literal_eval(one) for one in parsed.elts]
    return [quote(one) if isinstance(one, str) else repr(one) for one in values]


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False, break_long_words=False) or ['']


def _printable(text: str) -> str:
    """A text in one line, without characters that a source file cannot have."""
    return ''.join(one for one in ' '.join(text.split()) if one.isprintable())


def _plain(text: str) -> str:
    """A text within a docstring, which shows it as it is."""
    escaped = _printable(text).replace('\\', '\\\\').replace('"""', '\\"\\"\\"')
    escaped = f'\\{escaped}' if escaped.startswith('"') else escaped
    if escaped.endswith('"') and not escaped.endswith('\\"'):
        return f'{escaped[:-1]}\\"'
    return escaped
