"""Differences between two answers, and the reasons that docs/congruence.md gives for those that are allowed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeAlias

from congruence.requests import Request

from cspark.wasm._codec.json import is_array, is_object

__all__ = ['EXPLANATIONS', 'Case', 'Difference', 'find_differences']

Json = dict[str, Any]
Path: TypeAlias = tuple[str | int, ...]


class Absent:
    """Stands where an answer has nothing."""

    def __repr__(self) -> str:
        return 'nothing'


ABSENT: Final = Absent()


class Case(NamedTuple):
    """A request and both answers.

    Args:
        request: The request as it was sent.
        content: The request as the model gets it.
        status: The HTTP status of the local runner.
        local: The local runner's body.
        vendor: The engine's answer, `{'answer': ...}` or `{'error': ...}`.
    """

    request: Request
    content: Json
    status: int
    local: Json
    vendor: Json

    @property
    def message(self) -> str:
        """What the local runner says went wrong."""
        error = self.local.get('error')
        return str(error['message']) if is_object(error) else ''


class Difference(NamedTuple):
    """Two values at the same place."""

    path: Path
    local: Any
    vendor: Any


def find_differences(case: Case) -> Iterator[Difference]:
    """What differs, field by field; numbers must be the same to the last bit."""
    if case.status == 200 and 'answer' in case.vendor:
        yield from _compare((), case.local, case.vendor['answer'])
    else:
        vendor = case.vendor.get('error', 'an answer')
        yield Difference(('HTTP status',), f'{case.status} {case.message}'.strip(), vendor)


def _compare(path: Path, local: Any, vendor: Any) -> Iterator[Difference]:
    """Compare the values at a place, and what is in them."""
    if is_object(local) and is_object(vendor):
        for name in {**local, **vendor}:
            yield from _compare((*path, name), local.get(name, ABSENT), vendor.get(name, ABSENT))
    elif is_array(local) and is_array(vendor) and len(local) == len(vendor):
        for index, (ours, theirs) in enumerate(zip(local, vendor, strict=True)):
            yield from _compare((*path, index), ours, theirs)
    elif not _is_same(local, vendor):
        yield Difference(path, local, vendor)


def _is_same(local: Any, vendor: Any) -> bool:
    """Whether two values are equal; `1` and `1.0` are the same number, `True` and `1` are not the same."""
    if type(local) is type(vendor):
        return bool(local == vendor)
    if type(local) in (int, float) and type(vendor) in (int, float):
        return float(local) == float(vendor)
    return False


# What is allowed

UUID: Final = r'"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}"'
ADDED: Final[Mapping[Path, str]] = {
    ('status',): '"Success"',
    ('error',): 'null',
    ('response_meta', 'call_id'): UUID,
    ('response_meta', 'service_id'): UUID,
    ('response_meta', 'version_id'): UUID,
    ('response_meta', 'version'): r'"\d+\.\d+\.\d+"',
    ('response_meta', 'process_time'): r'\d+',
    ('response_meta', 'engine_id'): r'"\w+"',
    ('response_meta', 'correlation_id'): 'null',
    ('response_meta', 'system'): '"SPARK"',
    ('response_meta', 'request_timestamp'): r'"\d{4}-\d\d-\d\dT[\d:.]+Z"',
    ('response_meta', 'source_hash'): 'null',
}
"""The fields of the envelope that a model knows nothing of, and their values as patterns of JSON."""


def is_added(_case: Case, difference: Difference) -> bool:
    """A field that the server adds, with a value that makes sense."""
    pattern = ADDED.get(difference.path)
    if pattern is None or difference.vendor is not ABSENT:
        return False
    return re.fullmatch(pattern, json.dumps(difference.local)) is not None


LISTS: Final = ('warnings', 'errors', 'service_chain')


def is_null_list(_case: Case, difference: Difference) -> bool:
    """Null for a list that the model leaves out."""
    in_data = difference.path[:1] == ('response_data',) and difference.path[1:] in [(name,) for name in LISTS]
    return in_data and difference.local is None and difference.vendor is ABSENT


def is_service_chain(case: Case, difference: Difference) -> bool:
    """The services that were called, each once at least, with what every entry has."""
    entries = difference.local
    if (
        difference.path != ('response_data', 'service_chain')
        or difference.vendor is not ABSENT
        or not is_array(entries)
    ):
        return False
    further = ('insurance/alternative',) if 'alternatives' in case.request.sample.inputs else ()
    called = {'insurance/term-life', *further}
    names = {'service_uri', 'version_id', 'call_id', 'status', 'process_time', 'service_chain'}
    return {entry['service_uri'] for entry in entries} <= called and all(names <= entry.keys() for entry in entries)


def is_unknown_input(case: Case, difference: Difference) -> bool:
    """A warning for each input that the service does not have, behind those of the model."""
    data = case.content.get('request_data')
    inputs = data.get('inputs') if is_object(data) else None
    if difference.path != ('response_data', 'warnings') or not is_array(difference.local) or not is_object(inputs):
        return False
    before = difference.vendor if is_array(difference.vendor) else []
    added = [warning['source_path'] for warning in difference.local[len(before) :]]
    known = {name.lower() for name in case.request.sample.inputs}
    unknown = [name for name in inputs if name.lower() not in known]
    return difference.local[: len(before)] == before and added == unknown


def is_long_number(_case: Case, difference: Difference) -> bool:
    """A whole number beyond 2^53, which JavaScript rounds."""
    local, vendor = difference.local, difference.vendor
    if type(local) is int and type(vendor) in (int, float):
        return abs(local) > 2**53 and float(local) == float(vendor)
    if isinstance(local, str) and isinstance(vendor, str):
        return LONG_DIGITS.sub(lambda found: _spell_as_javascript(found[0]), local) == vendor
    return False


LONG_DIGITS: Final = re.compile(r'(?<![\d.])\d{16,}(?![\d.eE])')


def _spell_as_javascript(digits: str) -> str:
    """A whole number as JavaScript writes it."""
    number = float(digits)
    return repr(number) if number >= 1e21 else format(Decimal(repr(number)), 'f').removesuffix('.0')


def is_abort(case: Case, _difference: Difference) -> bool:
    """The model aborted on both sides."""
    return case.status in (400, 500) and 'the model aborted' in case.message and 'error' in case.vendor


def is_wrong_type(case: Case, _difference: Difference) -> bool:
    """The local runner refuses a value of a type that does not belong there."""
    return case.status == 400 and any(_wrong_types(case.request.content))


def _wrong_types(content: Json) -> Iterator[bool]:
    """For each field whose type a server checks, whether it has a wrong one."""
    for part in ('request_data', 'request_meta'):
        yield not isinstance(content.get(part), (dict, type(None)))
    meta = content.get('request_meta')
    if not is_object(meta):
        return
    yield not isinstance(meta.get('requested_output'), (str, list, type(None)))
    for name in ('service_category', 'array_outputs'):
        names = meta.get(name)
        yield not all(isinstance(part, str) for part in names) if is_array(names) else _is_no_text(names)
    for name in ('version', 'version_id', 'transaction_date'):
        yield _is_no_text(meta.get(name))


def _is_no_text(value: object) -> bool:
    """Neither text nor null."""
    return not isinstance(value, (str, type(None)))


def is_unreadable(case: Case, _difference: Difference) -> bool:
    """The local runner refuses JSON that cannot be read, or written again, without changing it."""
    text = case.request.text
    return case.status == 400 and ('1e400' in text or r'\ud800' in text or '[' * 250 in text)


EXPLANATIONS: Final[Mapping[str, Callable[[Case, Difference], bool]]] = {
    'added fields': is_added,
    'null lists': is_null_list,
    'service chain': is_service_chain,
    'unknown inputs': is_unknown_input,
    'long whole numbers': is_long_number,
    'aborts': is_abort,
    'wrong types': is_wrong_type,
    'unreadable JSON': is_unreadable,
}
"""By the names that the page gives them."""
