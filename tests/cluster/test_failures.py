"""Workers that are killed, runners that restart, records that cannot be executed."""

from __future__ import annotations

import importlib
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from cluster.books import SOME, book, service
from cluster.conftest import CountingRunner
from cluster.functions import DiesOnce
from cluster.test_same_results import assert_same

import cspark.wasm as Hybrid
from support.packages import TERM_LIFE

pa: Any = importlib.import_module('pyarrow')

pytestmark = pytest.mark.timeout(300)


def test_a_worker_that_is_killed_is_replaced_and_its_batch_computed_again(
    engine: Any, counting: CountingRunner, some: Any, expected: Any, tmp_path: Path
) -> None:
    flag = tmp_path / 'died'
    with service(base_url=counting.url, tenant='my-tenant', token='open') as price:
        assert_same(engine.compute(some, DiesOnce(price, flag), price), expected.slice(0, SOME))
    assert flag.exists()
    assert len(counting.answered) == SOME
    repeated = {one for one, times in counting.answered.items() if times > 1}
    assert 'P-0022222' in repeated
    chunks = {call['correlation_id'] for call in counting.calls if repeated & {*call['ids']}}
    assert all(
        {*call['ids']} <= repeated for call in counting.calls if call['correlation_id'] in chunks
    )  # repeats are whole chunks, and have the id of the first time


def test_a_runner_that_restarts_loses_and_doubles_nothing(
    engine: Any, counting: CountingRunner, some: Any, expected: Any
) -> None:
    def restart() -> None:
        counting.wait_for(8)
        counting.kill()
        time.sleep(1)
        counting.start()

    restarting = threading.Thread(target=restart)
    restarting.start()
    with service(base_url=counting.url, tenant='my-tenant', token='open') as price:
        computed = engine.compute(some, price, price)
    restarting.join()
    assert_same(computed, expected.slice(0, SOME))
    assert len(counting.answered) == SOME


def with_a_bad_record() -> Any:
    """A book with a policy whose term is text that is no number."""
    records = book(SOME // 10).to_pylist()
    return pa.table(
        {
            name: [record[name] for record in records]
            if name != 'term_years'
            else [str(record['term_years']) if record['policy_id'] != 'P-0002345' else 'ten' for record in records]
            for name in records[0]
        }
    )


def test_a_record_of_the_wrong_type_is_told_with_the_record(engine: Any) -> None:
    with service(package=TERM_LIFE, outputs={'risk_class': 'double'}) as price, pytest.raises(Exception) as caught:
        engine.compute(book(100), price, price)
    told = text_of(caught.value)
    assert "(policy_id='P-00000" in told
    assert "the output 'risk_class' is " in told
    assert "declare it as 'string'" in told


def test_records_that_fail_are_collected(engine: Any) -> None:
    with service(package=TERM_LIFE, on_error='collect') as price:
        computed = engine.compute(with_a_bad_record(), price, price)
    failed = [row for row in computed.to_pylist() if row['errors']]
    assert 'P-0002345' in {row['policy_id'] for row in failed}
    assert all(json.loads(row['errors'])[0]['message'] for row in failed)
    assert computed.num_rows == SOME // 10


def test_a_refused_call_ends_the_job_with_its_text(engine: Any, counting: CountingRunner) -> None:
    options: Any = {'base_url': counting.url, 'tenant': 'my-tenant', 'token': 'open'}
    price = Hybrid.Batches('insurance/no-such', keep=['policy_id'], outputs={'annual_premium': 'double'}, **options)
    with price, pytest.raises(Exception) as caught:
        engine.compute(book(100), price, price)
    assert 'insurance/no-such' in text_of(caught.value)
    assert 'NotFoundError' in text_of(caught.value)


def text_of(error: BaseException | None) -> str:
    """The text of an error and of all that it came from."""
    return '' if error is None else f'{type(error).__name__} {error} {text_of(error.__cause__)}'
