"""Settings that are of no use are refused when a client is made, and not when it connects."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

import cspark.wasm as Hybrid


def config(**options: Any) -> Hybrid.Config:
    """A configuration with an option."""
    return Hybrid.Config(base_url='http://localhost:3000', tenant='my-tenant', token='open', **options)


def name_of_kind(value: object) -> str:
    """An id that is the same in every process."""
    return type(value).__name__


@pytest.mark.parametrize('verify', [1, 0, 1.5, b'ca.pem', ['ca.pem'], object(), ssl.SSLContext], ids=name_of_kind)
def test_what_certificates_are_to_be_trusted_is_one_of_a_few_kinds(verify: Any) -> None:
    with pytest.raises(Hybrid.SparkConfigError, match='verify must be'):
        config(verify=verify)


@pytest.mark.parametrize('verify', [True, False, 'ca.pem', ssl.create_default_context()], ids=name_of_kind)
def test_each_of_these_kinds_is_kept_as_it_is(verify: Any) -> None:
    assert config(verify=verify).verify is verify


def test_certificates_are_checked_unless_the_caller_says_otherwise() -> None:
    assert config().verify is True
    assert config(verify=None).verify is True


@pytest.mark.parametrize('age', [0, -1, float('nan'), True, False, '60', None, [1]], ids=repr)
def test_the_age_of_a_connection_is_a_number_of_seconds_above_0(age: Any) -> None:
    with pytest.raises(Hybrid.SparkConfigError, match='max_connection_age must be'):
        config(max_connection_age=age)


@pytest.mark.parametrize('age', [0.001, 1, float('inf')])
def test_any_such_number_will_do(age: float) -> None:
    assert config(max_connection_age=age).max_connection_age == age
