"""The API's document, its schemas and examples, and what a value breaks of a schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, cast
from urllib.parse import quote

import jsonschema
import yaml
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from support.packages import ROOT

Json = dict[str, Any]

PATH: Final = ROOT / 'openapi' / 'runner.yaml'
DOCUMENT: Final[Json] = yaml.load(PATH.read_text(encoding='utf-8'), getattr(yaml, 'CSafeLoader', yaml.SafeLoader))
SCHEMAS: Final[Json] = DOCUMENT['components']['schemas']
METHODS: Final = ('get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace')

_URI: Final = 'urn:runner'
_REGISTRY: Final[Registry[Any]] = Registry[Any]().with_resource(_URI, DRAFT202012.create_resource(DOCUMENT))
_VALUES: Final = ('example', 'examples', 'default', 'enum', 'const')


class Operation(NamedTuple):
    """An operation and the path that it is at."""

    method: str
    path: str
    content: Json

    def __str__(self) -> str:
        return f'{self.method.upper()} {self.path}'

    @property
    def parameters(self) -> list[Json]:
        """Those of the path and those of the operation."""
        path: Json = DOCUMENT['paths'][self.path]
        return [resolve(it) for it in (*path.get('parameters', ()), *self.content.get('parameters', ()))]

    @property
    def request(self) -> Json:
        """What it takes, by media type."""
        body: Json = resolve(self.content.get('requestBody', {})).get('content', {})
        return body

    @property
    def answers(self) -> dict[str, Json]:
        """What it answers, by status and by media type."""
        return {status: resolve(answer).get('content', {}) for status, answer in self.content['responses'].items()}


OPERATIONS: Final = [
    Operation(method, path, content)
    for path, item in DOCUMENT['paths'].items()
    for method, content in item.items()
    if method in METHODS
]


def resolve(value: Json) -> Json:
    """What a `$ref` inside the document stands for; anything else as it is."""
    while '$ref' in value:
        found: Any = DOCUMENT
        for step in value['$ref'].removeprefix('#/').split('/'):
            found = found[step]
        value = found
    return value


def complaints(pointer: str, value: object) -> list[str]:
    """What is wrong with a value, seen by the schema at a JSON pointer."""
    schema = {'$ref': f'{_URI}#{quote(pointer)}'}
    validator: Any = jsonschema.Draft202012Validator(schema, registry=_REGISTRY)
    return [f'{error.json_path}: {error.message}' for error in validator.iter_errors(value)]


def pointer_to(operation: Operation, status: int) -> str:
    """The JSON pointer of the schema of an operation's JSON answer."""
    at = f'/paths/{_escaped(operation.path)}/{operation.method}/responses/{status}'
    reference: str = operation.content['responses'][str(status)].get('$ref', f'#{at}')
    return f'{reference.removeprefix("#")}/content/{_escaped("application/json")}/schema'


def component(name: str) -> str:
    """The JSON pointer of a schema of the components."""
    return f'/components/schemas/{name}'


def schemas() -> Iterator[tuple[str, Json]]:
    """Every schema that stands in the document, at any depth, with its JSON pointer."""
    for name, schema in SCHEMAS.items():
        yield from _schemas_in(component(name), schema)
    for pointer, holder in holders():
        yield from _schemas_in(f'{pointer}/schema', holder['schema'])


def holders() -> Iterator[tuple[str, Json]]:
    """Every parameter and media type, which are what has a schema, with its JSON pointer."""
    for part in ('paths', 'components'):
        yield from _holders_in(f'/{part}', DOCUMENT[part])


def undeclared(schema: Json, value: object, where: str = '$') -> Iterator[str]:
    """The fields of a value, at any depth, that a schema does not name."""
    schema = resolve(schema)
    for option in schema.get('oneOf', ()):
        if resolve(option).get('type') != 'null':
            schema = resolve(option)
    if isinstance(value, list):
        for number, item in enumerate(cast('list[object]', value)):
            yield from undeclared(schema.get('items', {}), item, f'{where}[{number}]')
    elif isinstance(value, dict) and schema.get('type') == 'object':
        for name, item in cast('dict[str, object]', value).items():
            declared = schema.get('properties', {}).get(name, schema.get('additionalProperties'))
            if declared is None:
                yield f'{where}.{name}'
            else:
                yield from undeclared(declared, item, f'{where}.{name}')


def _holders_in(pointer: str, value: object) -> Iterator[tuple[str, Json]]:
    if not isinstance(value, dict):
        return
    found = cast('Json', value)
    if 'schema' in found:
        yield pointer, found
    for key, item in found.items():
        if key not in _VALUES and not (pointer == '/components' and key == 'schemas'):
            yield from _holders_in(f'{pointer}/{_escaped(key)}', item)


def _schemas_in(pointer: str, schema: Json) -> Iterator[tuple[str, Json]]:
    yield pointer, schema
    for key in ('properties', 'patternProperties'):
        for name, item in schema.get(key, {}).items():
            yield from _schemas_in(f'{pointer}/{key}/{_escaped(name)}', item)
    for key in ('items', 'additionalProperties', 'not'):
        if isinstance(schema.get(key), dict):
            yield from _schemas_in(f'{pointer}/{key}', schema[key])
    for key in ('oneOf', 'anyOf', 'allOf', 'prefixItems'):
        for number, item in enumerate(schema.get(key, ())):
            yield from _schemas_in(f'{pointer}/{key}/{number}', item)


def _escaped(key: str) -> str:
    return key.replace('~', '~0').replace('/', '~1')
