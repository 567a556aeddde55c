"""Where a client logs: quietly, and without touching what is another's."""

from __future__ import annotations

import logging
import pickle
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

import cspark.wasm as Hybrid
from cspark.wasm import LoggerOptions
from cspark.wasm.logger import logger_for

NAMES: list[tuple[Any, str]] = [
    (True, 'cspark.wasm'),
    ({}, 'cspark.wasm'),
    ({'level': logging.ERROR, 'colorful': False, 'timestamp': False, 'datefmt': '%H'}, 'cspark.wasm'),
    ({'context': 'mine'}, 'mine'),
    (LoggerOptions(), 'cspark.wasm'),
    (LoggerOptions(context='mine', disabled=False), 'mine'),
]


@pytest.mark.parametrize(('given', 'name'), NAMES)
def test_options_choose_the_logger_by_its_name(given: Any, name: str) -> None:
    assert logger_for(given) is logging.getLogger(name)


def test_a_logger_of_the_callers_own_is_used_as_it_is() -> None:
    mine = logging.Logger('not registered')
    assert logger_for(mine) is mine


@pytest.mark.parametrize('given', [False, {'disabled': True}, LoggerOptions(disabled=True, context='cspark.wasm')])
def test_a_silent_client_silences_itself_alone(given: Any, caplog: pytest.LogCaptureFixture) -> None:
    silent = logger_for(given)
    with caplog.at_level(logging.DEBUG, 'cspark.wasm'):
        silent.critical('nobody sees this')
        logger_for(True).info('everybody sees this')
    assert caplog.messages == ['everybody sees this']
    assert silent is not logging.getLogger('cspark.wasm')


@pytest.mark.parametrize('given', [True, False, {'level': 10}, LoggerOptions(level=10, colorful=True)])
def test_no_handler_and_no_level_of_anyone_is_touched(given: Any) -> None:
    def state() -> list[tuple[Any, ...]]:
        found = [logging.getLogger(name) for name in ('', 'httpx', 'httpcore', 'cspark', 'cspark.wasm')]
        return [(one.level, one.disabled, one.propagate, list(one.handlers), list(one.filters)) for one in found]

    before = state()
    with Hybrid.Client(base_url='http://h/t', token='open', logger=given) as hybrid:
        assert isinstance(hybrid.config.logger, logging.Logger)
    assert state() == before


def test_options_are_those_of_today_and_frozen() -> None:
    names = ['context', 'disabled', 'level', 'datefmt', 'colorful', 'timestamp']
    assert [field.name for field in fields(LoggerOptions)] == names
    assert LoggerOptions.when(True) == LoggerOptions.when({}) == LoggerOptions(disabled=False)
    assert LoggerOptions.when(False) == LoggerOptions(disabled=True)
    options = LoggerOptions(level=10)
    assert LoggerOptions.when(options) is options
    assert LoggerOptions.when({'level': 10}) == options
    with pytest.raises(FrozenInstanceError):
        options.level = 5  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ('given', 'words'),
    [
        ({'levl': 10}, r"unknown options \['levl'\]; it takes \['context', .*'timestamp'\]"),
        (None, 'logger must be a logger, a boolean or a mapping, not NoneType'),
        ('debug', 'not str'),
        (10, 'not int'),
    ],
)
def test_what_is_no_logger_is_refused(given: Any, words: str) -> None:
    with pytest.raises(Hybrid.SparkConfigError, match=words):
        LoggerOptions.when(given)
    with pytest.raises(Hybrid.SparkConfigError, match=words):
        Hybrid.Config(base_url='http://h/t', token='open', logger=given)


def test_a_configuration_that_logs_nowhere_pickles() -> None:
    made = Hybrid.Config(base_url='http://localhost:3000', tenant='t', token='open', logger=False)
    copy = pickle.loads(pickle.dumps(made))
    assert copy.logger.disabled and copy.logger.name == 'cspark.wasm'
