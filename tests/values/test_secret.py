"""A secret shows nowhere, and reaches the request as it was."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

import cspark.wasm as Hybrid
from cspark.wasm._calls.steps import Send
from cspark.wasm._secret import HiddenHeaders, Secret, hide, hide_address, hide_headers
from support.secrets import KEY, PASSWORD, TOKEN, USER, searched_error

ADDRESS = 'http://localhost:3000/t'
DIRECTLY: dict[str, Callable[[], object]] = {
    'a key': lambda: Hybrid.Config(base_url=ADDRESS, api_key=f'{KEY}ä'),
    'a token': lambda: Hybrid.Config(base_url=ADDRESS, token=f'{TOKEN}ä'),
    'a header': lambda: Hybrid.Config(base_url=ADDRESS, token='open', extra_headers={'x-key': f'{KEY}ä'}),
    'a limit beside a key': lambda: Hybrid.Config(base_url=ADDRESS, api_key=KEY, timeout=-1),
    'an address': lambda: Hybrid.Config(base_url=f'http://{USER}:{PASSWORD}@localhost', token=TOKEN),
    'an address by itself': lambda: Hybrid.RunnerUrl(f'http://{USER}:{PASSWORD}@localhost'),
    'an address with a tenant': lambda: Hybrid.RunnerUrl.of(url=f'http://localhost?key={KEY}', tenant='t'),
    'credentials': lambda: Hybrid.Authorization(api_key=f'{KEY}ä'),
    'a copy': lambda: Hybrid.Config(base_url=ADDRESS, token='open').copy_with(token=TOKEN, timeout=-1),
    'a fetched token': lambda: Hybrid.Authorization(token=lambda: '').keep(f'{TOKEN}ä'),
}


@pytest.mark.parametrize('built', DIRECTLY)
def test_what_is_built_without_a_client_shows_no_secret_either(built: str) -> None:
    with pytest.raises(Hybrid.SparkConfigError) as caught:
        DIRECTLY[built]()
    assert searched_error(caught.value) == []


@pytest.mark.parametrize(
    ('text', 'mask'),
    [('s', '****'), ('12345678', '****'), ('123456789', '*****6789'), ('4f1a6b0c-secret', '********cret')],
)
def test_the_mask_shows_four_characters_of_a_long_secret(text: str, mask: str) -> None:
    secret = Secret(text)
    assert (secret.mask, repr(secret), str(secret)) == (mask, f'Secret({mask!r})', f'Secret({mask!r})')
    assert secret.reveal() == text
    assert pickle.loads(pickle.dumps(secret)) == secret


@pytest.mark.parametrize('value', [None, len, Secret('s')])
def test_nothing_else_is_wrapped(value: Any) -> None:
    assert hide(value) is value
    assert hide_address(None) is None
    assert 'a-password' not in repr(hide_address(['http://user:a-password@host']))
    assert hide_headers('x') == 'x'


def test_a_step_shows_its_credentials_masked_and_reveals_them_to_who_writes_it() -> None:
    step = Send('GET', ADDRESS, 0.0, headers={'x': '1'}, credentials={'Authorization': Secret(f'Bearer {TOKEN}')})
    assert TOKEN not in repr(step)
    revealed = step.revealed_headers()
    assert revealed == {'x': '1', 'Authorization': f'Bearer {TOKEN}'}
    assert TOKEN not in repr(revealed)
    assert repr(HiddenHeaders({'b': '1', 'a': '2'})) == "<headers ['a', 'b']>"
