"""Ten thousand quotes, each of which calls services: all are answered as the vendor's engine does, whatever crashes."""

from __future__ import annotations

from typing import Any, Final

import pytest
from congruence.requests import write_json
from congruence.vendor import running_engine

import cspark.wasm as Hybrid
from support.packages import ALTERNATIVE, QUOTE, QUOTE_100, TERM_LIFE, change_script

Json = dict[str, Any]

pytestmark = pytest.mark.timeout(1800)

RECORDS: Final[list[Json]] = [
    {
        'birth_date': f'{1955 + number % 50}-{1 + number % 12:02}-15',
        'smoker': ('yes', 'no')[number % 2],
        'sum_assured': 50_000 + 13 * number,
        'term_years': 1 + number % 40,
        'premium_limit': 500 + number % 3000,
        'alternatives': [{'term_years': 1 + number % 30}],
        'form': 1 + number % 3,
    }
    for number in range(10_000)
]
"""No two are alike."""

CRASHING: Final = """
;{ const load = Module
  Module = (options) => load(options).then((model) => {
    const compute = (...given) => {
      if (Math.random() < 0.002) throw new Error('crashed at random')
      return model._node_calc_v3(...given)
    }
    return Object.create(model, { _node_calc_v3: { value: compute } })
  }) }
"""
"""What makes one call in five hundred crash the instance."""


def compute_by_vendor() -> list[Json]:
    """The outputs of the vendor's engine."""
    texts = [write_json({'request_data': {'inputs': record}, 'request_meta': {}}) for record in RECORDS]
    with running_engine() as engine:
        engine.prepare([(QUOTE_100, text) for text in texts])
        answers = [engine.execute(QUOTE_100, text)['answer']['response_data'] for text in texts]
    return [answer['outputs'] for answer in answers]


def is_whole(value: object) -> bool:
    """Whether an output does not depend on a call that failed."""
    return '#VALUE!' not in str(value)


def test_ten_thousand_quotes_with_a_service_that_crashes_at_random() -> None:
    crashing = change_script(TERM_LIFE.read_bytes(), lambda script: script + CRASHING)
    with Hybrid.LocalRunner(QUOTE, ALTERNATIVE, crashing, instances=2) as runner, runner.client() as hybrid:
        results = list(hybrid.services.execute_many('insurance/quote', RECORDS))
        models = hybrid.status.get().data['models'][0]['model_stats']
    expected = compute_by_vendor()
    assert [result.index for result in results] == list(range(len(RECORDS)))
    assert all(map(is_whole, expected))
    failed = [result.index for result in results if not is_whole(result.outputs)]
    crashes = {model['service']: model['crash_count'] for model in models}
    assert 0 < len(failed) <= crashes['insurance/term-life[0.3.0]'] < len(RECORDS) / 2
    assert crashes['insurance/quote[1.0.0]'] == crashes['insurance/alternative[1.0.0]'] == 0
    for result, outputs in zip(results, expected, strict=True):
        assert result.outputs.keys() == outputs.keys()
        for name in ('annual_premium', 'alternatives') if result.index in failed else outputs:
            assert not is_whole(result.outputs[name]) or result.outputs[name] == outputs[name]
