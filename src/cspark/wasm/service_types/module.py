"""The Python module of a typed service, formatted as formatters do."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from .description import Service
from .expressions import Record, class_name, input_text, input_type, quote, record_of

__all__ = ['write_module']

WIDTH: Final = 88
"""The length of a line, as formatters have it by default."""

HEAD: Final = '''"""{text}

Written by `cspark-wasm types`. Write it again when the service changes; do not edit it.
"""

from __future__ import annotations

{imports}

import cspark.wasm as Hybrid

URI: Final = {uri}
'''

CLASS: Final = '''
class {prefix}{name}:
    """The service `{uri}`, called by {article} `{client}`.

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
        inputs: Iterable[{name}Inputs] | Hybrid.TableLike,
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
    inputs = Record(
        f'{named}Inputs',
        'The inputs. One that is left out has its default.',
        {one.name: (input_type(one), input_text(one)) for one in service.inputs},
        total=False,
    )
    records = [inputs]
    if service.outputs is not None:
        outputs = record_of(f'{named}Outputs', 'The outputs of a record.', service.outputs, whole)
        records += [*_rows(outputs), outputs]
    body = '\n\n'.join(_typed_dict(record) for record in records)
    answered = f'{named}Outputs' if service.outputs is not None else 'dict[str, Any]'
    classes = '\n'.join(_class(service, named, answered, prefix) for prefix in ('', 'Async'))
    text = (service.text or f'The service {service.uri}').strip().rstrip('.').replace('"""', "'''")
    head = HEAD.format(text=f'{text}.', imports='\n'.join(_imports(body)), uri=quote(service.uri))
    return f'{head}\n\n{body}\n{classes}'


def _rows(record: Record) -> Iterator[Record]:
    for row in record.rows:
        yield from _rows(row)
        yield row


def _imports(body: str) -> Iterator[str]:
    """The imports that the types need."""
    yield 'from collections.abc import Iterable'
    if 'date | str' in body:
        yield 'from datetime import date'
    yield 'from typing import Any, Final, Literal, TypedDict, Unpack'


def _class(service: Service, name: str, answered: str, prefix: str) -> str:
    version = f'version_id={quote(service.version_id)}' if service.version_id else 'URI'
    return CLASS.format(
        prefix=prefix,
        name=name,
        uri=service.uri,
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
    yield f'    """{record.text}"""'
    yield ''
    for place, (name, (kind, text)) in enumerate(record.members.items()):
        if place and any(words for _, words in record.members.values()):
            yield ''
        yield from _member(f'    {name}: ', kind, '    ')
        if text:
            yield f'    """{_escape(text)}"""'


def _call_lines(record: Record) -> Iterator[str]:
    yield f'{record.name} = TypedDict('
    yield f'    {quote(record.name)},'
    yield '    {'
    for name, (kind, text) in record.members.items():
        if text:
            yield f'        # {" ".join(text.split())}'
        yield from _member(f'        {quote(name)}: ', kind, '        ', end=',')
    yield '    },'
    if not record.total:
        yield '    total=False,'
    yield ')'
    yield f'"""{record.text}"""'


def _member(start: str, kind: str, indent: str, end: str = '') -> Iterator[str]:
    """A member with its type, one choice a line if they do not fit into one."""
    line = f'{start}{kind}{end}'
    if len(line) <= WIDTH or not kind.startswith('Literal['):
        yield line
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


def _escape(text: str) -> str:
    """A text within a docstring."""
    escaped = text.replace('\\', '\\\\').replace('"""', '\\"\\"\\"')
    return f'{escaped[:-1]}\\"' if escaped.endswith('"') else escaped
