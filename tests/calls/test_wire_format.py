"""What every verb puts on the wire: method, path, headers and JSON, from both clients alike."""

from __future__ import annotations

import email
import io
import re
from email.message import Message
from typing import Any
from uuid import UUID

import pytest

import cspark.wasm as Hybrid
from support.wire import Recorder, Reply

ID = '7b0f4ffb-3f2a-4fd5-a8a4-3f4b5f6f1d52'
FIXED = {'compiler_type': 'Neuron', 'excel_file': False, 'response_data_inputs': False}
DEFAULTS = {'call_purpose': 'Single Execution', 'source_system': 'Spark Python SDK', **FIXED}
MANY = {'call_purpose': 'Sync Batch Execution', 'source_system': 'Spark Python SDK'}


@pytest.mark.parametrize(
    ('verb', 'path'), [('health.check', '/healthcheck'), ('version.get', '/version'), ('status.get', '/status')]
)
def test_probes_have_no_tenant_in_the_path(recorded: Hybrid.Client, recorder: Recorder, verb: str, path: str) -> None:
    resource, _, method = verb.partition('.')
    getattr(getattr(recorded, resource), method)()
    assert (recorder.last.method, recorder.last.path, recorder.last.body) == ('GET', path, b'')
    assert recorder.last.headers['x-tenant-name'] == 'my-tenant'


def test_every_request_says_who_calls(recorded: Hybrid.Client, recorder: Recorder) -> None:
    recorded.services.execute('f/s', inputs={})
    headers = recorder.last.headers
    assert headers['user-agent'] == Hybrid.about
    assert re.fullmatch(r'agent=spark-python-sdk/\S+; env=Python/3\.\S+', headers['x-spark-ua'])
    assert str(UUID(headers['x-request-id'])) == headers['x-request-id']
    assert headers['content-type'] == 'application/json'
    assert 'authorization' not in headers
    assert 'x-synthetic-key' not in headers


V3: list[tuple[Any, str, dict[str, Any]]] = [
    ('f/s', '/folders/f/services/s/execute', {}),
    ('/f//s/', '/folders/f/services/s/execute', {}),
    ('f/s[1.2.3]', '/folders/f/services/s/execute', {'version': '1.2.3'}),
    ('f/s[]', '/folders/f/services/s/execute', {}),
    ('folders/f/services/s', '/folders/f/services/s/execute', {}),
    ('f/a/b', '/folders/f/services/a%2Fb/execute', {}),
    ('my folder/größe #1?', '/folders/my%20folder/services/gr%C3%B6%C3%9Fe%20%231%3F/execute', {}),
    (f'service/{ID}', f'/service/{ID}', {'service_id': ID}),
    (UUID(ID), f'/service/{ID}', {'service_id': ID}),
    (f'version/{ID}', f'/version/{ID}', {'version_id': ID}),
    ('proxy/quotes/motor', '/proxy/quotes/motor', {}),
    ('proxy/a b/c#d', '/proxy/a%20b/c%23d', {}),
    (Hybrid.UriParams('f', 's', public=True), '/public/folders/f/services/s/execute', {}),
    (
        Hybrid.UriParams(service_id=ID, version='1.2', public=True),
        f'/public/service/{ID}',
        {'service_id': ID, 'version': '1.2'},
    ),
    (Hybrid.UriParams('f', 's', version_id=ID, version='9'), f'/version/{ID}', {'version_id': ID}),
    (Hybrid.UriParams(version_id=ID, public=True), f'/public/version/{ID}', {'version_id': ID}),
    (Hybrid.UriParams(proxy='/quotes/motor/', public=True), '/public/proxy/quotes/motor', {}),
]


@pytest.mark.parametrize(('uri', 'path', 'named'), V3, ids=[str(row[0]) for row in V3])
def test_one_record_goes_out_as_v3(
    recorded: Hybrid.Client, recorder: Recorder, uri: Any, path: str, named: dict[str, Any]
) -> None:
    recorded.services.execute(uri, inputs={'height': 10})
    assert (recorder.last.method, recorder.last.path) == ('POST', f'/my-tenant/api/v3{path}')
    assert recorder.last.json == {'request_data': {'inputs': {'height': 10}}, 'request_meta': {**DEFAULTS, **named}}


ARGUMENTS: dict[str, tuple[Any, dict[str, Any], dict[str, Any] | None]] = {
    'active_since': ('2024-01-02', {'transaction_date': '2024-01-02'}, {'version_by_timestamp': '2024-01-02'}),
    'call_purpose': ('Test', {'call_purpose': 'Test'}, {'call_purpose': 'Test'}),
    'source_system': ('Mine', {'source_system': 'Mine'}, {'source_system': 'Mine'}),
    'correlation_id': ('abc', {'correlation_id': 'abc'}, {'correlation_id': 'abc'}),
    'tables_as_array': (['a', 'b'], {'array_outputs': 'a,b'}, None),
    'compiler_type': ('type3', {'compiler_type': 'Type3'}, None),
    'debug_solve': (True, {'debug_solve': True}, None),
    'selected_outputs': (['a', 'b'], {'requested_output': 'a,b'}, {'output': 'a,b'}),
    'outputs_filter': ('^a', {'requested_output_regex': '^a'}, None),
    'echo_inputs': (True, {'response_data_inputs': True}, None),
    'subservices': ('a,b', {'service_category': 'a,b'}, {'subservice': 'a,b'}),
}


@pytest.mark.parametrize('name', ARGUMENTS)
def test_every_argument_has_its_place_in_v3_and_in_v4(recorded: Hybrid.Client, recorder: Recorder, name: str) -> None:
    value, in_v3, in_v4 = ARGUMENTS[name]
    options: Any = {name: value}
    recorded.services.execute('f/s', inputs={}, **options)
    assert recorder.last.json['request_meta'] == {**DEFAULTS, **in_v3}
    sent = len(recorder.received)
    if in_v4 is None:
        with pytest.raises(Hybrid.SparkSdkError, match=f'{name} works for one record only'):
            recorded.services.execute('f/s', inputs=[{}], **options)
        assert len(recorder.received) == sent
    else:
        recorded.services.execute('f/s', inputs=[{}], **options)
        assert recorder.last.json == {'inputs': [{}], 'service': 'f/s', **MANY, **in_v4}


V4: list[tuple[Any, str, dict[str, Any]]] = [
    ('f/s', '', {'service': 'f/s'}),
    ('f/s[1.4]', '', {'service': 'f/s[1.4]'}),
    (f'service/{ID}', '', {'service': ID}),
    (f'version/{ID}', '', {'version_id': ID}),
    (Hybrid.UriParams('f', 's', version='1', public=True), '/public', {'service': 'f/s[1]'}),
]


@pytest.mark.parametrize(('uri', 'public', 'named'), V4, ids=[str(row[0]) for row in V4])
@pytest.mark.parametrize(
    'inputs', [[{'a': 1}], [['a'], [1], [2]], ({'a': 1}, {'a': 2})], ids=['one', 'columnar', 'tuple']
)
def test_many_records_go_out_as_v4(
    recorded: Hybrid.Client, recorder: Recorder, uri: Any, public: str, named: dict[str, Any], inputs: Any
) -> None:
    recorded.services.execute(uri, inputs=inputs)
    assert (recorder.last.method, recorder.last.path) == ('POST', f'/my-tenant/api/v4{public}/execute')
    assert recorder.last.json == {'inputs': list(inputs), **named, **MANY}


@pytest.mark.parametrize('encoding', ['gzip', 'deflate', 'GZIP'])
@pytest.mark.parametrize('inputs', [{'a': 'ä' * 100}, [{'a': 'ä' * 100}]])
def test_a_compressed_body_is_compressed_and_says_so(
    recorded: Hybrid.Client, recorder: Recorder, encoding: Any, inputs: Any
) -> None:
    recorded.services.execute('f/s', inputs=inputs, encoding=encoding)
    assert recorder.last.headers['content-encoding'] == encoding.lower()
    assert recorder.last.body[0] == (0x1F if encoding.lower() == 'gzip' else 0x78)
    sent = recorder.last.json
    assert (sent['inputs'] if isinstance(inputs, list) else sent['request_data']['inputs']) == inputs


def test_whole_numbers_of_any_size_arrive_as_they_are(recorded: Hybrid.Client, recorder: Recorder) -> None:
    recorded.services.execute('f/s', inputs='{"policy": 123456789012345678901234567890}')
    assert recorder.last.json['request_data']['inputs'] == {'policy': 123456789012345678901234567890}


@pytest.mark.parametrize(
    ('kind', 'sent'), [('static', 'default_values'), (None, 'default_values'), ('dynamic', 'dynamic')]
)
def test_validate_sends_explicit_nulls(recorded: Hybrid.Client, recorder: Recorder, kind: Any, sent: str) -> None:
    recorded.services.validate(version_id=ID, validation_type=kind, metadata={'correlation_id': 'x'})
    assert recorder.last.path == '/my-tenant/api/v3/validation'
    meta = {'correlation_id': 'x', 'service_id': None, 'version_id': ID, 'version': None, 'validation_type': sent}
    assert recorder.last.json == {'request_data': {'inputs': None}, 'request_meta': meta}
    assert list(recorder.last.json['request_meta']) == list(meta)


@pytest.mark.parametrize(
    ('arguments', 'options'),
    [
        ((), {'version_id': ID}),
        ((), {'version_id': UUID(ID)}),
        ((None,), {'version_id': ID}),
        (('',), {'version_id': ID}),
        ((f'version/{ID}',), {}),
        ((Hybrid.UriParams(version_id=ID),), {}),
    ],
)
def test_get_metadata_takes_an_id_in_every_way(
    recorded: Hybrid.Client, recorder: Recorder, arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    recorded.services.get_metadata(*arguments, **options, inputs={'a': 1})
    assert recorder.last.path == '/my-tenant/api/v3/metadata'
    meta = {'service_id': None, 'version_id': ID}
    assert recorder.last.json == {'request_data': {'inputs': {'a': 1}}, 'request_meta': meta}


@pytest.mark.parametrize('name', [None, 'mine.zip'])
def test_upload_is_a_form_with_one_file(recorded: Hybrid.Client, recorder: Recorder, name: str | None) -> None:
    content = b'PK\r\n--+++\r\nContent-Disposition: form-data; name="evil"\r\n\r\n1'
    recorded.services.upload(io.BytesIO(content), name)
    assert (recorder.last.method, recorder.last.path) == ('POST', '/api/v3/upload')
    (part,) = _parts(recorder)
    assert part.get_content_type() == 'application/zip'
    assert part.get_filename() == (name or 'package.zip')
    assert part.get_param('name', header='content-disposition') == 'file'
    assert part.get_payload(decode=True) == content


def _parts(recorder: Recorder) -> list[Message]:
    """The parts of a form, as an independent reader sees them."""
    head = f'Content-Type: {recorder.last.headers["content-type"]}\r\n\r\n'.encode()
    parts: Any = email.message_from_bytes(head + recorder.last.body).get_payload()
    return list(parts)


def test_an_error_under_status_200_is_raised_with_the_runners_words(
    recorded: Hybrid.Client, recorder: Recorder
) -> None:
    recorder.reply(Reply(body={'status': 'Error', 'error': {'message': 'the workbook is locked'}}))
    with pytest.raises(Hybrid.SparkApiError, match='the workbook is locked') as caught:
        recorded.services.execute('f/s', inputs={})
    assert caught.value.status == 200
