"""A job of a million records takes no more memory than one of a tenth."""

from __future__ import annotations

from typing import Any

import pytest
from cluster.engines import ENGINES
from cluster.functions import Watched

import cspark.wasm as Hybrid
from support.packages import CYLINDER

COUNT = 1_000_000


@pytest.mark.timeout(400)
def test_a_million_records_take_flat_memory() -> None:
    spark = ENGINES['spark']()
    try:
        session: Any = spark._spark
        frame = session.range(COUNT, numPartitions=2).selectExpr('id as policy_id', 'id % 97 + 1 as height')
        options: Any = {'package': CYLINDER, 'keep': ['policy_id'], 'outputs': {'volume': 'double'}}
        with Hybrid.Batches('shapes/cylinder', **options) as volumes:
            schema = volumes.schema(frame).add('megabytes', 'double')
            computed = frame.mapInArrow(Watched(volumes), schema).select('policy_id', 'volume', 'megabytes')
            table: Any = computed.toArrow()
    finally:
        spark.close()
    assert sorted(table['policy_id'].to_pylist()) == list(range(COUNT))
    assert table['volume'].null_count == 0
    memory = table['megabytes'].to_pylist()
    half = COUNT // 2  # of the first partition, from its first tenth to its end
    assert max(memory[:half]) < 1.3 * max(memory[: half // 10])
