"""Execute a service with one record or with many.

It follows the platform's Execute API (https://docs.coherent.global/spark-apis/execute-api).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from .._codec.json import is_array, is_object
from .._input_values import Known
from .._missing_values import Missing, apply_missing, check_missing
from ..config import Config
from ..errors import SparkInputError
from ..inputs import columnar, read_inputs
from ..options import LAYOUTS, ExecuteOptions, check_options, one_of
from ..results import ServiceExecuted, alike, nothing_executed
from ..uri import Uri, UriLike, UriParams
from .body import MANY
from .exchange import make_call, not_sent, with_call_options
from .execute_requests import call_for_many, call_for_one
from .steps import Flow, compute

__all__ = ['check_many_options', 'execute']

FORMATS: Final = ('alike', 'original')


def execute(
    config: Config,
    uri: UriLike,
    response_format: str | None,
    options: ExecuteOptions,
    known: Known | None = None,
) -> Flow[ServiceExecuted[Any]]:
    """Execute one record by the v3 API or many by the v4 API. Without records, nothing is sent.

    `known` holds the values already read from iterators in the inputs, if the same inputs may be sent more than once.
    """
    config, named, wanted = _check_execute_options(config, uri, response_format, options)
    given: Any = options.get('inputs')
    inputs: dict[str, Any] | list[Any]
    if is_object(given):
        inputs = given
    else:  # only sized inputs go to a thread: an iterator runs the caller's code, which may be bound to its own
        inputs = yield from compute(lambda: read_inputs(given), heavy=hasattr(given, '__len__') and len(given) > MANY)
    prepare = call_for_many if is_array(inputs) else call_for_one
    rules = check_missing(options.get('missing'))
    if rules is not None:
        inputs = _without_missing(inputs, rules)
    if options.get('strict_inputs'):
        from .input_names import check_input_names, input_names  # here: it makes calls of its own

        accepted = yield from input_names(config, uri)
        check_input_names(inputs if is_array(inputs) else [inputs], accepted)
    layout = one_of('layout', options.get('layout'), LAYOUTS)
    if layout == 'columnar' and is_array(inputs):
        records = inputs
        inputs = yield from compute(lambda: columnar(records), heavy=len(records) > MANY)
    call = prepare(config, named, inputs, options, known)
    executed: type[ServiceExecuted[Any]] = ServiceExecuted
    if is_array(inputs) and _is_empty(inputs):
        return executed.of(not_sent(config, call), nothing_executed())
    answer, data = yield from make_call(config, call)
    return executed.of(answer, alike(data) if wanted == 'alike' and isinstance(inputs, dict) else data)


def _without_missing(
    inputs: dict[str, Any] | list[Any], rules: Mapping[str | None, Missing]
) -> dict[str, Any] | list[Any]:
    """Inputs without the missing values that mean the default of their input.

    Raises:
        SparkInputError: A value is missing where none may be.
    """
    if isinstance(inputs, dict):
        try:
            records, _ = apply_missing([inputs], None, dict(rules))
        except SparkInputError as error:
            raise SparkInputError(error.problem, error.cause, error.path[1:]) from None
        return dict(records[0])
    if not inputs or not _is_row(inputs[0]):
        return apply_missing(inputs, None, dict(rules))[0]
    rows, names = apply_missing(inputs[1:], tuple(inputs[0]), dict(rules))
    return rows if names is None else [list(names), *rows]


def _check_execute_options(
    config: Config, uri: UriLike, response_format: str | None, options: ExecuteOptions
) -> tuple[Config, UriParams, str]:
    """The configuration of a call, the service that it names, and the format of its answer. Nothing is sent.

    Raises:
        SparkSdkError: An argument is wrong, whatever the inputs are.
    """
    check_options('services.execute', options, ExecuteOptions)
    config = with_call_options(config, options)
    wanted = one_of('response_format', response_format, FORMATS) or 'alike'
    named = _name_by_text(uri) if isinstance(uri, str) else Uri.validate(uri)
    one_of('layout', options.get('layout'), LAYOUTS)
    return config, named, wanted


def check_many_options(config: Config, uri: UriLike, options: ExecuteOptions) -> None:
    """Check the arguments of a call with many records, whatever the inputs are. Nothing is sent.

    Raises:
        SparkSdkError: An argument is wrong.
    """
    config, named, _ = _check_execute_options(config, uri, 'alike', options)
    call_for_many(config, named, [], options, None)


@lru_cache(1024)
def _name_by_text(uri: str) -> UriParams:
    """Parse and check a service's name. Cached: most programs call a few services again and again."""
    return Uri.validate(uri)


def _is_empty(inputs: list[Any]) -> bool:
    """Whether there are no records: an empty list, or columnar inputs with only the row of names."""
    return not inputs or (len(inputs) == 1 and _is_row(inputs[0]))


def _is_row(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and not hasattr(value, '_asdict')  # pyright: ignore[reportUnknownArgumentType]
