"""The local runner answers as the API's document says, whatever it is sent.

Requests are made from the document: its examples, every field's limits, and random ones that fit or break a schema.
"""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final, cast

import pytest
import requests
import schemathesis
from contract.document import OPERATIONS, PATH, Json, Operation
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest import _test_builder as builder

import cspark.wasm as Hybrid
from support.packages import CYLINDER, TERM_LIFE, TERM_LIFE_030, only, rename

pytestmark = pytest.mark.thorough

SERVICE_ID: Final = '7b0f4ffb-3f2a-4fd5-a8a4-3f4b5f6f1d52'
VERSION_ID: Final = '0d8a5a54-6ad1-4b75-9c35-8f8d1b3c3b43'
NAMES: Final = {
    'tenant': 'my-tenant',
    'folder': 'my-folder',
    'service': 'my-service',
    'service_id': SERVICE_ID,
    'version_id': VERSION_ID,
    'endpoint': 'quotes/motor',
}
"""The names in the document's examples: the runner has a service of these names."""

PACKAGE: Final = only(CYLINDER.read_bytes(), '1.5.0')
"""What uploads hold: one version, for each that is loaded is compiled."""

PACKERS: Final[dict[str, Callable[[bytes], bytes]]] = {'gzip': gzip.compress, 'deflate': zlib.compress}
NAMING: Final = ('version', 'version_id', 'service_id', 'service', 'transaction_date', 'version_by_timestamp')

CHECKS: Final = (
    'not_a_server_error',
    'status_code_conformance',
    'content_type_conformance',
    'response_schema_conformance',
    'response_headers_conformance',
)
CONFIG: Final = {
    'seed': 1,
    'suppress-health-check': ['all'],
    'generation': {'max-examples': 25, 'deterministic': True, 'database': 'none'},
    'checks': {'enabled': False} | {name: {'enabled': True} for name in CHECKS},
}

for_every_operation = pytest.mark.parametrize('operation', OPERATIONS, ids=str)


@pytest.fixture(scope='module')
def schema() -> Any:
    """The document, as schemathesis reads it."""
    openapi: Any = schemathesis.openapi
    config: Any = SchemathesisConfig
    load_all_checks()
    return openapi.from_path(PATH, config=config.from_dict(CONFIG))


class Requests:
    """All requests that are made for an operation, for one test after the other.

    This is what `schema.parametrize()` does. There, they are made at the collection: in each worker, for each test.

    Args:
        document: The document.
    """

    def __init__(self, document: Any) -> None:
        self._document = document
        self._made: dict[str, Callable[[], None]] = {}
        self._test: Callable[[Any], None]

    def each(self, operation: Operation, test: Callable[[Any], None]) -> None:
        """Run a test with each of them."""
        self._test = test
        name = str(operation)
        if name not in self._made:
            self._made[name] = self._make(operation)
        self._made[name]()

    def _make(self, operation: Operation) -> Callable[[], None]:
        def run(case: Any) -> None:
            self._test(case)

        build: Any = builder
        options: Json = {'config': self._document.config, 'given_kwargs': {}, 'feedback': FeedbackSources()}
        described = self._document[operation.path][operation.method.upper()]
        made: Callable[[], None] = build.build_operation_test(operation=described, test_func=run, **options)
        return made


@pytest.fixture(scope='module')
def made(schema: Any) -> Requests:
    """The requests of every operation."""
    return Requests(schema)


@pytest.fixture(scope='module')
def address() -> Iterator[str]:
    """A runner of its own, for uploads change what it has."""
    names = {'folder': NAMES['folder'], 'service': NAMES['service'], 'version': '1.2.3'}
    example = rename(only(CYLINDER.read_bytes(), '1.5.0'), service_id=SERVICE_ID, version_id=VERSION_ID, **names)
    proxies = {NAMES['endpoint']: f'{NAMES["folder"]}/{NAMES["service"]}'}
    with (
        Hybrid.LocalRunner(CYLINDER, TERM_LIFE, example, instances=1, proxies=proxies) as runner,
        runner.serve() as server,
    ):
        yield server.url


@pytest.fixture(scope='module')
def session() -> Iterator[requests.Session]:
    """A connection on which bodies are packed as their headers say."""
    with requests.Session() as started:
        started.trust_env = False
        started.auth = pack
        yield started


@pytest.fixture
def statuses() -> Iterator[Counter[int]]:
    """The answers' statuses; in the end, 200 must be among them."""
    counted: Counter[int] = Counter()
    yield counted
    assert counted[200] > 0, f'no request succeeded: {counted}'


def pack(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Make a body what its Content-Encoding says."""
    packer = PACKERS.get(str(request.headers.get('Content-Encoding')))
    body = cast('str | bytes | None', request.body)
    if packer and body is not None:
        request.body = packer(body.encode() if isinstance(body, str) else body)
    return request


def aim(case: Any) -> None:
    """Let a request mean a service that exists; the rest of it stays as it was made."""
    case.path_parameters = {name: NAMES[name] for name in case.path_parameters}
    if not isinstance(case.body, dict):
        return
    body = cast('Json', case.body)
    if 'file' in body:
        case.body = body | {'file': PACKAGE}
    elif '/api/v4/' in case.path:
        case.body = named(case, body)
    elif isinstance(body.get('request_meta', {}), dict):
        case.body = body | {'request_meta': named(case, body.get('request_meta', {}))}


def named(case: Any, holder: Json) -> Json:
    """The part of a body that may name a service, naming one that exists; what is no text stays wrong."""
    in_body = case.path.rpartition('{')[2].startswith('tenant}')
    version_id = TERM_LIFE_030 if case.path.endswith(('/validation', '/metadata')) else VERSION_ID
    kept = {name: value for name, value in holder.items() if name not in NAMING or not isinstance(value, str)}
    return ({'version_id': version_id} if in_body else {}) | kept


@for_every_operation
def test_every_answer_to_any_request_is_one_that_the_document_describes(
    made: Requests, operation: Operation, address: str
) -> None:
    def answered(case: Any) -> None:
        case.call_and_validate(base_url=address)

    made.each(operation, answered)


@for_every_operation
def test_every_answer_of_a_service_that_exists_is_described_and_some_requests_succeed(
    made: Requests, operation: Operation, address: str, session: requests.Session, statuses: Counter[int]
) -> None:
    def described(case: Any) -> None:
        aim(case)
        response = case.call(base_url=address, session=session)
        statuses[response.status_code] += 1
        case.validate_response(response)

    made.each(operation, described)


def test_every_operation_of_the_document_is_called(schema: Any) -> None:
    called = {result.ok().label for result in schema.get_all_operations()}
    assert called == {str(operation) for operation in OPERATIONS}
