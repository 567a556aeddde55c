"""A credential that is short is masked too, in whatever a server says, unless it is a part of a longer word."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import cspark.wasm as Hybrid
from support.faulty import Faulty, answers, sends
from support.ways import client_by

SHORT = ('k', 'q7', 'k3y', 'p4ss', 'k-3-y', 'se.ret', 's3cr3t7')
KINDS = ('an API key', 'a token', 'a header')


def options_of(kind: str, secret: str) -> dict[str, Any]:
    """The options of a client that sends the secret."""
    if kind == 'an API key':
        return {'api_key': secret, 'token': None}
    return {'token': secret} if kind == 'a token' else {'extra_headers': {'x-subscription-key': secret}}


def failure(hybrid: Hybrid.Client) -> Hybrid.SparkError:
    """The error of a call."""
    with pytest.raises(Hybrid.SparkError) as caught:
        hybrid.services.execute('f/s', inputs={})
    return caught.value


def shown(error: Hybrid.SparkError) -> str:
    """What an error shows to whoever prints, logs or keeps it."""
    return '\n'.join([str(error), repr(error), error.message, error.details, json.dumps(error.to_dict())])


@pytest.mark.parametrize('secret', SHORT)
@pytest.mark.parametrize('kind', KINDS)
def test_a_short_credential_that_a_server_repeats_is_masked(way: str, faulty: Faulty, kind: str, secret: str) -> None:
    said = f'ZZZ [{secret}] ZZZ'
    told = json.dumps({'error': {'message': said}}).encode()
    with client_by(way, base_url=faulty.url, **options_of(kind, secret)) as hybrid:
        for behaviour in (
            answers(told, '401 Unauthorized'),
            answers(told, '500 Internal Server Error'),
            answers(said.encode(), kind='text/plain'),
            answers(b'{}', '403 Forbidden', f'X-Said: {said}'),
            sends(f'{said}\r\n\r\n'.encode()),
        ):
            faulty.behave([behaviour])
            text = shown(failure(hybrid))
            assert f'[{secret}]' not in text
            assert '[****' in text or 'ZZZ' not in text
    assert all(secret.encode() in request for request in faulty.requests)


@pytest.mark.parametrize(('secret', 'is_hidden'), [('s3cr3t7', False), ('s3cr3t78', True), ('s3cr3t789', True)])
def test_a_short_credential_within_a_word_is_left_and_a_long_one_is_not(
    way: str, faulty: Faulty, secret: str, is_hidden: bool
) -> None:
    faulty.behave([answers(json.dumps({'error': {'message': f'no x{secret}y'}}).encode(), '403 Forbidden')])
    with client_by(way, base_url=faulty.url, token=secret) as hybrid:
        text = shown(failure(hybrid))
    assert (f'x{secret}y' not in text) is is_hidden
    assert bool(re.search(r'no x\*+\w*y', text)) is is_hidden
