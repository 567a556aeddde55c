"""Requests and packages that random ones hardly ever come upon get answers that the API's document describes, too."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final, cast

import httpx
import pytest
from contract.document import OPERATIONS, Json, complaints, pointer_to

import cspark.wasm as Hybrid
from support.packages import CYLINDER, CYLINDER_150, TERM_LIFE, TERM_LIFE_030, Files, change, only

BY_FOLDER: Final = '/{tenant}/api/v3/folders/{folder}/services/{service}/execute'
BY_BODY: Final = '/{tenant}/api/v3/execute'
MANY: Final = '/{tenant}/api/v4/execute'
VALIDATION: Final = '/{tenant}/api/v3/validation'
METADATA: Final = '/{tenant}/api/v3/metadata'
HEADERS: Final = {'content-type': 'application/json'}
NAMES: Final = {'tenant': 'my-tenant', 'folder': 'shapes', 'service': 'cylinder'}

DEEP: Final = '[' * 900 + ']' * 900
LONG: Final = '9' * 5000
NUMBER: Final = '9' * 25
"""Longer than 64 bits, so that the standard library reads and writes the body."""


def with_meta(**meta: Any) -> str:
    """A body of v3 that has this `request_meta`."""
    return json.dumps({'request_meta': meta})


def with_inputs(inputs: str, meta: str = '{}') -> str:
    """A body of v3 that has these inputs, as JSON text."""
    return f'{{"request_data":{{"inputs":{inputs}}},"request_meta":{meta}}}'


def many(inputs: Any, **rest: Any) -> str:
    """A body of v4."""
    return json.dumps({'version_id': CYLINDER_150, 'inputs': inputs} | rest)


REQUESTS: Final[dict[str, tuple[str, str | bytes]]] = {
    'version of very many digits': (BY_FOLDER, with_meta(version=LONG)),
    'version of dots': (BY_FOLDER, with_meta(version='1..4.')),
    'version in other digits': (BY_FOLDER, with_meta(version='\u0661.\u0664')),
    'version of very many digits in a service': (MANY, many([{}], version_id=None, service=f'shapes/cylinder[{LONG}]')),
    'service that is a bracket': (MANY, many([{}], version_id=None, service='[')),
    'service without a folder': (MANY, many([{}], version_id=None, service='//')),
    'moment after the last': (BY_FOLDER, with_meta(transaction_date='9999-12-31T24:00')),
    'moment after the last, for many': (
        MANY,
        many([{}], version_id=None, service='shapes/cylinder', version_by_timestamp='9999-12-31T24:00'),
    ),
    'moment before the first': (BY_FOLDER, with_meta(transaction_date='0001-01-01T00:00:00+23:59')),
    'moment with a null byte': (BY_FOLDER, with_meta(transaction_date='2020\0')),
    'inputs of great depth': (BY_FOLDER, with_inputs(f'{{"height":{DEEP}}}')),
    'inputs of great depth with a long number': (BY_FOLDER, with_inputs(f'{{"height":{DEEP},"radius":{NUMBER}}}')),
    'meta of great depth': (BY_FOLDER, with_inputs('{}', f'{{"other":{DEEP}}}')),
    'many inputs of great depth': (MANY, f'{{"version_id":"{CYLINDER_150}","inputs":[{{"height":{DEEP}}}]}}'),
    'inputs deeper than any': (BY_FOLDER, with_inputs('[' * 100_000)),
    'long number': (BY_FOLDER, with_inputs(f'{{"height":{NUMBER}}}', '{"response_data_inputs":true}')),
    'number that is too long': (BY_FOLDER, with_inputs(f'{{"height":{LONG}}}')),
    'number that is too large': (BY_FOLDER, with_inputs('{"height":1e999}')),
    'half a character': (BY_FOLDER, with_inputs('{}', '{"correlation_id":"\\ud800"}')),
    'half a character with a long number': (
        BY_FOLDER,
        with_inputs(f'{{"height":{NUMBER}}}', '{"correlation_id":"\\ud800"}'),
    ),
    'half a character in many': (
        MANY,
        f'{{"version_id":"{CYLINDER_150}","inputs":[{{"\\udfff":{NUMBER}}}]}}',
    ),
    'not a number with a long number': (BY_FOLDER, with_inputs(f'{{"height":NaN,"radius":{NUMBER}}}')),
    'text that is not UTF-8': (BY_FOLDER, b'{"request_meta":{"version":"\xff"}}'),
    'null byte in a name': (BY_FOLDER, json.dumps({'request_data': {'inputs': {'\0': '\0'}}})),
    'outputs by a broken expression': (BY_FOLDER, with_meta(requested_output_regex='(')),
    'outputs by a slow expression': (BY_FOLDER, with_meta(requested_output_regex='(v*)*$')),
    'outputs by an object': (
        BY_FOLDER,
        with_meta(requested_output={'volume': 1}, array_outputs=5, service_category=True),
    ),
    'outputs by a list of anything': (BY_FOLDER, with_meta(requested_output=[{}, 1, None, []])),
    'service named by nothing': (BY_BODY, '{}'),
    'records of every kind': (MANY, many([{}, 1, None, [], 'text'])),
    'columns without names': (MANY, many([[], [], [1]])),
    'columns of one name': (MANY, many([['height', 'height'], [1, 2]])),
    'no records': (MANY, many([])),
    'outputs by an object, for many': (MANY, many([{}], output={'volume': 1}, subservice=[[1]])),
    'unknown validation': (VALIDATION, with_meta(version_id=TERM_LIFE_030, validation_type='static')),
    'dynamic validation of a service without it': (
        VALIDATION,
        with_meta(version_id=CYLINDER_150, validation_type='dynamic'),
    ),
    'metadata of a service without any': (METADATA, with_meta(version_id=CYLINDER_150)),
    'metadata by an expression': (METADATA, with_meta(version_id=TERM_LIFE_030, requested_output_regex='(')),
}


def part(name: str, value: Any) -> Callable[[Json], Json]:
    """A change of a version's description."""
    return lambda description: description | {name: value}


def engine(name: str, value: Any) -> Callable[[Json], Json]:
    """A change of what the description says of the engine."""
    return lambda description: description | {'EngineInformation': description['EngineInformation'] | {name: value}}


DESCRIPTIONS: Final[dict[str, Callable[[Json], Json]]] = {
    'an engine that is null': part('EngineInformation', None),
    'an engine that is a list': part('EngineInformation', [1]),
    'inputs that are null': part('XInputTable', None),
    'inputs that are text': part('XInputTable', 'height'),
    'inputs that are numbers': part('XInputTable', [1, None]),
    'outputs that are an object': part('XOutputTable', {'volume': 1}),
    'outputs that are a list of lists': part('XOutputTable', [[]]),
    'a start that is a number': part('EffectiveStartDate', 5),
    'an end after the last moment': part('EffectiveEndDate', '9999-12-31T24:00'),
    'a version id that is a number': part('VersionId', 7),
    'a version that is a number': engine('Revision', 7),
    'a version of very many digits': engine('Revision', LONG),
    'an author that is a number': engine('Author', 5),
    'a compiler that is a list': engine('CompilerVersion', [1]),
}


@pytest.fixture(scope='module')
def address() -> Iterator[str]:
    """Where a runner with both samples listens."""
    with Hybrid.LocalRunner(CYLINDER, TERM_LIFE, instances=1) as runner, runner.serve() as server:
        yield server.url


@pytest.fixture
def empty() -> Iterator[str]:
    """Where a runner without packages listens."""
    with Hybrid.LocalRunner(instances=1) as runner, runner.serve() as server:
        yield server.url


def post(url: str, **content: Any) -> httpx.Response:
    """The answer to a request on a connection of its own."""
    return httpx.post(url, timeout=60, trust_env=False, verify=False, **content)


def check(path: str, answer: httpx.Response) -> None:
    """Hold an answer of a POST against the document."""
    (operation,) = [it for it in OPERATIONS if (it.path, it.method) == (path, 'post')]
    assert answer.status_code < 500, answer.text
    assert str(answer.status_code) in operation.answers
    assert answer.headers['content-type'] == 'application/json'
    assert complaints(pointer_to(operation, answer.status_code), answer.json()) == []


@pytest.mark.parametrize(('path', 'content'), REQUESTS.values(), ids=list(REQUESTS))
def test_an_odd_request_gets_an_answer_that_is_described(address: str, path: str, content: str | bytes) -> None:
    answer = post(address + path.format(**NAMES), content=content, headers=HEADERS)
    check(path, answer)


@pytest.mark.parametrize('text', ['{"height":NaN}', '{"height":-Infinity}', '{"height":"\\ud800"}', '\ufeff{}', '{,}'])
@pytest.mark.parametrize('number', ['1', NUMBER], ids=['short number', 'long number'])
def test_what_is_not_json_is_refused_whatever_else_the_body_holds(address: str, text: str, number: str) -> None:
    start, end = ('\ufeff', '{}') if text.startswith('\ufeff') else ('', text)
    content = f'{start}{{"request_meta":{{"other":{number}}},"request_data":{{"inputs":{end}}}}}'
    assert post(address + BY_FOLDER.format(**NAMES), content=content.encode(), headers=HEADERS).status_code == 400


@pytest.mark.parametrize('edit', DESCRIPTIONS.values(), ids=list(DESCRIPTIONS))
def test_an_oddly_described_package_gets_an_answer_that_is_described(empty: str, edit: Callable[[Json], Json]) -> None:
    def edit_files(files: Files) -> None:
        (name,) = [name for name in files if name.endswith('ModelMetaData.json')]
        files[name] = json.dumps(edit(cast('Json', json.loads(files[name])))).encode()

    package = change(only(CYLINDER.read_bytes(), '1.5.0'), edit_files)
    check('/upload', post(f'{empty}/upload', files={'file': ('package.zip', package, 'application/zip')}))
